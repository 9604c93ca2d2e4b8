//! The plain values that pass between the ledger and its store.

use uuid::Uuid;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The name of a data key in the [`KeyStore`](crate::KeyStore): 128 random bits, chosen by the caller.
pub type KeyId = [u8; 16];

/// Where the ledger ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of entries; the next entry's index.
    pub size: u64,
    /// Root of the Merkle tree over all entries (RFC 6962 §2.1).
    pub root: Hash,
    /// `received` of the last entry, Unix milliseconds; 0 when the ledger is empty.
    pub received: u64,
}

impl Head {
    /// The head of a ledger without entries: its root is SHA-256 of nothing (RFC 6962 §2.1).
    pub const EMPTY: Head = Head {
        size: 0,
        root: [
            0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
            0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
        ],
        received: 0,
    };
}

/// An entry to append, with what the store indexes it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// Position in the log, from 0.
    pub index: u64,
    /// The entry's bytes, `<received> SP <JWT>`: stored as they are, never parsed here.
    pub entry: String,
    /// The stream the event belongs to.
    pub stream: String,
    /// Position in the stream, from 0.
    pub seq: u64,
    /// The event's idempotency key.
    pub jti: Uuid,
    /// Whether the entry belongs to the registry of authority (streams `ledger` and `agency/*`), which a server reads
    /// back whole when it starts.
    pub registry: bool,
}

/// The last event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamHead {
    /// The stream.
    pub stream: String,
    /// `seq` of its last event.
    pub seq: u64,
    /// SHA-256 of its last JWT.
    pub last: Hash,
    /// Agencies that are party to the stream, comma separated; opaque to the store.
    pub parties: String,
}

/// Names a disclosure: the entry it belongs to and its digest. Never the digest alone.
pub type DisclosureKey = (u64, Hash);

/// A disclosure's ciphertext, to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedDisclosure {
    /// The entry whose event carries the digest.
    pub index: u64,
    /// The digest, as the event carries it.
    pub digest: Hash,
    /// The data key it is sealed with.
    pub key_id: KeyId,
    /// The sealed disclosure.
    pub ciphertext: Vec<u8>,
}

/// A disclosure as the store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDisclosure {
    /// The entry whose event carries the digest.
    pub index: u64,
    /// The digest. It outlives erasure: the event carries it for ever, and it may never occur again.
    pub digest: Hash,
    /// Ciphertext and key name; `None` once erased.
    pub sealed: Option<Sealed>,
}

/// Ciphertext and the name of the key that opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The data key it is sealed with.
    pub key_id: KeyId,
    /// The sealed bytes.
    pub ciphertext: Vec<u8>,
}

/// A full tile of the Merkle tree (C2SP tlog-tiles): 256 hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullTile {
    /// Tile level, 0 for the leaves.
    pub level: u8,
    /// Tile index within the level.
    pub index: u64,
    /// The hashes, concatenated: exactly [`TILE_BYTES`](crate::TILE_BYTES) bytes.
    pub hashes: Vec<u8>,
}

/// How a commit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum CommitOutcome {
    /// The batch is durable.
    Committed,
    /// The head was not the expected one: another server won the swap. Nothing was written; reload and decide anew.
    HeadMoved,
}

/// What the store keeps beside an entry's bytes, so that an audit can compare the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// Position in the log.
    pub index: u64,
    /// The stream the row claims for the entry.
    pub stream: String,
    /// The position in the stream the row claims.
    pub seq: u64,
    /// The idempotency key the row claims.
    pub jti: Uuid,
    /// Whether the row counts the entry to the registry of authority.
    pub registry: bool,
}

/// A file in the vault, sealed in chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The digest an event names it by.
    pub digest: Hash,
    /// Size of the plaintext, bytes.
    pub size: u64,
    /// Number of sealed chunks, numbered from 0; 0 once erased.
    pub chunks: u32,
    /// The data key the chunks are sealed with; `None` once erased.
    pub key_id: Option<KeyId>,
}

/// An upload as the store keeps it, finished or not: for an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentRow {
    /// The upload's name.
    pub upload: Uuid,
    /// When it was begun, Unix seconds.
    pub begun: i64,
    /// The digest an event names it by; `None` while it is in progress.
    pub digest: Option<Hash>,
    /// The first entry that names it, as the row claims.
    pub entry: Option<u64>,
    /// Whether the row says that it was erased.
    pub erased: bool,
}

/// A row where a ledger has none: no commit wrote it, and it would stand in the way of one to come. Positions are as the
/// database has them, negative ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stray {
    /// An entry beyond the head.
    Entry(i64),
    /// A disclosure of an entry beyond the head.
    Disclosure(i64),
    /// A tile that is not full yet.
    Tile {
        /// Its level.
        level: i64,
        /// Its index within the level.
        index: i64,
    },
}

impl std::fmt::Display for Stray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Entry(index) => write!(f, "an entry at position {index}, which its head does not cover"),
            Self::Disclosure(index) => {
                write!(f, "a disclosure of position {index}, which its head does not cover")
            }
            Self::Tile { level, index } => {
                write!(f, "tile {index} of level {level}, which its head does not fill")
            }
        }
    }
}

/// What is wrong with a database as a whole, whatever its rows say: for an audit. It displays as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Irregularity {
    /// More rows than there are keys, or places for them: in a table without its constraints nobody reads the second.
    Rows {
        /// The table.
        table: &'static str,
        /// How many rows it holds.
        held: i64,
        /// How many of them have a place.
        placed: i64,
    },
    /// The engine finds its own pages or indexes damaged; in its words.
    Damage(String),
    /// The migrations make it, and it is gone or altered.
    Missing(String),
    /// No migration makes it: a table, column, constraint, index, view or trigger.
    Foreign(String),
}

impl std::fmt::Display for Irregularity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rows { table, held, placed } => {
                write!(f, "the table {table} holds {held} rows, and only {placed} have a place in the ledger")
            }
            Self::Damage(found) => write!(f, "the database is damaged: {found}"),
            Self::Missing(what) => {
                write!(f, "the form of the database is not what its migrations make: it lacks {what}")
            }
            Self::Foreign(what) => {
                write!(f, "the form of the database is not what its migrations make: it has {what}")
            }
        }
    }
}

/// How an upload ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Finished {
    /// The attachment is held.
    Stored,
    /// An attachment with this digest was held before: it stays, this upload is dropped, and its key can be destroyed.
    AlreadyHeld,
    /// An attachment with this digest was erased. Erasure is final: this upload is dropped.
    Erased,
}
