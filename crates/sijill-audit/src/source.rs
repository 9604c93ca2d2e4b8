//! Where a ledger is read from.

use std::ops::Range;

use sijill_domain::Parties;
use sijill_event::{Class, Digest, Stream, Uuid};
use sijill_log::{Hash, Tile};

use crate::figures::ModelClaim;
use crate::{HeldCheckpoint, Unreadable};

/// A ledger to audit: an export, a tile log, an evidence file, a data directory. It hands out what is there, tampered or
/// not, and judges nothing. Methods are called from several threads.
pub trait Source: Send + Sync {
    /// The signed checkpoint; `None` if there is none.
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Unreadable>;

    /// What a ledger's own database is at fault for when it has no checkpoint; `None` if there is nothing to audit.
    fn unsealed(&self) -> Result<Option<Discrepancy>, Unreadable> {
        Ok(None)
    }

    /// Up to `limit` entries with an index from `from` on, ascending, leaving out what is missing. Fewer than `limit` may
    /// come before the end; none mean that none is left.
    fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Unreadable>;

    /// A hash tile, of exactly this width; `None` if it is not there.
    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Unreadable>;

    /// The disclosures of the entries in `range`, of a ledger of `size` entries. Ranges are asked for in order and without
    /// gaps, from 0 to `size`, and after that once the empty range at `size`: a source that reads a file from front to
    /// back needs no more.
    fn disclosures(&self, range: Range<u64>, size: u64) -> Result<Disclosures, Unreadable>;

    /// A document published on the ledger, by its hash; `None` if it is not held.
    fn document(&self, hash: &Digest) -> Result<Option<Vec<u8>>, Unreadable> {
        let _ = hash;
        Ok(None)
    }

    /// The hashes of all documents held, ascending.
    fn documents(&self) -> Result<Vec<Digest>, Unreadable> {
        Ok(Vec::new())
    }

    /// Where besides the checkpoint the source states its origin, and its size.
    fn stated(&self) -> Stated {
        Stated::default()
    }

    /// Whether it has to hold the partial tiles of the checkpoint's size, as exports and tile logs do.
    fn partial_tiles(&self) -> bool {
        true
    }

    /// Root of the first `size` entries, of a source that holds *some* entries of a log, and hashes in place of the others;
    /// `None` if they do not tell. Asked at the checkpoint's size too: what is told has to lead to the checkpoint's root.
    fn root(&self, size: u64) -> Option<Hash> {
        let _ = size;
        None
    }

    /// Checkpoints that witnesses cosigned, besides its own and those that entries hold.
    fn witnessed(&self) -> &[HeldCheckpoint] {
        &[]
    }

    /// Whether the source is to hold every entry. One that is not answers [`Source::root`].
    fn is_whole(&self) -> bool {
        true
    }

    /// Compares what a ledger's own database keeps beside these entries. The facts are what the entries themselves say;
    /// malformed entries are left out. Called in ascending order.
    fn check_rows(&self, facts: &[Facts<'_>]) -> Result<Vec<Discrepancy>, Unreadable> {
        let _ = facts;
        Ok(Vec::new())
    }

    /// What a ledger's own database keeps of read models, of a ledger of `size` entries.
    fn models(&self, size: u64) -> Result<Vec<ModelClaim>, Unreadable> {
        let _ = size;
        Ok(Vec::new())
    }

    /// Compares the rest of what a ledger's own database keeps, once all entries were read.
    fn check_end(&self, end: &LedgerEnd<'_>) -> Result<Vec<Discrepancy>, Unreadable> {
        let _ = end;
        Ok(Vec::new())
    }
}

/// What a source states beside its checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stated {
    /// The ledger's origin.
    pub origin: Option<String>,
    /// The number of its entries.
    pub size: Option<u64>,
}

/// Disclosures delivered with some entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disclosures {
    /// The disclosures, in any order.
    pub rows: Vec<DisclosureRow>,
    /// Whether these are said to be all there are; otherwise those that are not here are *withheld*.
    pub all: bool,
}

/// One disclosure, or something in its place.
#[derive(Clone, PartialEq, Eq)]
pub struct DisclosureRow {
    /// The entry it is said to belong to, if anything is said.
    pub index: Option<u64>,
    /// The disclosure's base64url form, or why there is none to be read: a fault, and nothing is delivered.
    pub disclosure: Result<String, String>,
}

impl std::fmt::Debug for DisclosureRow {
    /// Without the value: a log must not hold what can be erased elsewhere.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let length = self.disclosure.as_ref().map(String::len);
        f.debug_struct("DisclosureRow").field("index", &self.index).field("length", &length).finish()
    }
}

/// What an entry says about itself, for [`Source::check_rows`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Position in the log.
    pub index: u64,
    /// The stream of its event.
    pub stream: &'a Stream,
    /// The event's position there.
    pub seq: u64,
    /// The event's idempotency key.
    pub jti: Uuid,
    /// When it was sequenced, Unix milliseconds.
    pub received: u64,
    /// The digests of its disclosures, class by class.
    pub digests: &'a [(Class, Vec<Digest>)],
}

/// Where the entries end, for [`Source::check_end`].
pub struct LedgerEnd<'a> {
    /// Number of entries the checkpoint claims.
    pub size: u64,
    /// Root of all entries; `None` if one is missing.
    pub root: Option<Hash>,
    /// The latest `received` of all entries, Unix milliseconds; `None` if the last one cannot be read.
    pub received: Option<u64>,
    /// Number of streams.
    pub streams: usize,
    /// Looks a stream's last event up.
    pub stream: &'a dyn Fn(&str) -> Option<StreamEnd>,
}

/// The last event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEnd {
    /// Its `seq`.
    pub seq: u64,
    /// Its hash.
    pub last: Digest,
    /// The parties kept with the stream, as far as events were accepted: see [`sijill_domain::party_streams`].
    pub parties: Parties,
}

/// What a ledger's own database keeps otherwise than its entries say: the fault `store`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discrepancy {
    /// The entry it is about, if it is about one.
    pub index: Option<u64>,
    /// A sentence for people.
    pub message: String,
}
