//! Everything this crate can refuse.

/// Why bytes, a proof or a signature were refused. [`LogError::code`] is stable and shared with verifiers in other
/// languages; the sentence is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant's sentence says what it means")]
pub enum LogError {
    #[error("a hash is 32 bytes, written in padded standard base64")]
    HashEncoding,

    #[error("a tree has at most 2^63-1 leaves")]
    TreeSize,
    #[error("there is no leaf {index} in a tree of {size}")]
    LeafIndex { index: u64, size: u64 },
    #[error("a tree of {old} leaves cannot have grown to {new}")]
    SizeOrder { old: u64, new: u64 },
    #[error("a frontier of {size} leaves does not have {peaks} peaks")]
    FrontierParts { size: u64, peaks: usize },
    #[error("a subtree of 2^{level} leaves cannot stand behind {size} leaves")]
    FrontierStep { size: u64, level: u8 },
    #[error("the proof needs {expected} hashes and has {found}")]
    ProofLength { expected: usize, found: usize },
    #[error("the inclusion proof does not lead to the root")]
    InclusionRoot,
    #[error("the consistency proof does not join the two roots")]
    ConsistencyRoot,
    #[error("the tree of size 0 has the root SHA-256(\"\")")]
    EmptyRoot,

    #[error("a proof in a map has at most 256 siblings, not {found}")]
    MapProofLength { found: usize },
    #[error(
        "the leaf in the proof is that of the key itself, does not lie where the key would, or stands beside a value"
    )]
    MapProofLeaf,
    #[error("the proof does not lead to the root of the map")]
    MapRoot,

    #[error("tile {index} at level {level} is needed and not at hand")]
    TileMissing { level: u8, index: u64 },
    #[error("the bytes of tile {index} at level {level} are not 32 for each hash of a possible tile")]
    TileBytes { level: u8, index: u64 },
    #[error("not the path of a tile or entry bundle")]
    TilePath,
    #[error("{expected} leaf hashes follow the last full tile, not {found}")]
    TileTail { expected: u64, found: usize },

    #[error("a bundle holds 1 to 256 entries, not {found}")]
    BundleWidth { found: usize },
    #[error("an entry has at most 65,535 bytes, not {found}")]
    EntryLength { found: usize },
    #[error("the bundle ends inside an entry")]
    BundleTruncated,
    #[error("bytes follow the last entry of the bundle")]
    BundleTrailing,

    #[error("a key name is 1 to 255 bytes without spaces, control characters or '+'")]
    KeyName,
    #[error("a verifier key is <name>+<8 hex digits>+<base64>")]
    VerifierKey,
    #[error("the key id is not the one its name and key have")]
    KeyId,
    #[error("a signature of type {found:#04x} cannot serve here")]
    KeyType { found: u8 },
    #[error("not a canonical Ed25519 public key, or one of small order")]
    PublicKey,

    #[error("a note has at most 1,000,000 bytes")]
    NoteSize,
    #[error("a note is UTF-8 without control characters other than newline")]
    NoteEncoding,
    #[error("a note is a text ending in a newline, a blank line and lines of signatures")]
    NoteShape,
    #[error("a signature line is '— <name> <base64>'")]
    NoteSignatureLine,
    #[error("a note has 1 to 64 signatures")]
    NoteSignatureCount,
    #[error("{name} signed the note twice")]
    NoteSignatureTwice { name: String },
    #[error("the signature of {name} is wrong")]
    NoteSignature { name: String },
    #[error("no known key signed the note")]
    NoteUnsigned,

    #[error("a checkpoint is the three lines origin, size and root")]
    CheckpointShape,
    #[error("a checkpoint of this log has no extension lines")]
    CheckpointExtension,
    #[error("a tree size is a decimal number of at most 2^63-1, without leading zeros")]
    CheckpointSize,
    #[error("the checkpoint is of {found}, not of {expected}")]
    CheckpointOrigin { expected: String, found: String },
    #[error("a cosignature's time is at most 2^63-1")]
    CosignatureTime,

    #[error("a proof file has at most 1,000,000 bytes of text")]
    ProofSize,
    #[error("a proof begins with the line c2sp.org/tlog-proof@v1")]
    ProofHeader,
    #[error("after an optional 'extra <base64>' a proof has the line 'index <number>'")]
    ProofIndex,
    #[error("a proof's hashes are at most 63 lines of base64, followed by a blank line and a checkpoint")]
    ProofShape,

    #[error("a request to a witness begins with the line 'old <size>'")]
    WitnessRequestOld,
    #[error(
        "a request to a witness is an 'old' line, at most 63 lines of base64, a blank line and a checkpoint"
    )]
    WitnessRequestShape,

    #[error(
        "a policy is lines of UTF-8 without control characters other than tab, of at most 1,000,000 bytes"
    )]
    PolicyEncoding,
    #[error("line {line} of the policy: {problem}")]
    PolicyLine { line: usize, problem: &'static str },
    #[error("line {line} of the policy names '{name}', which is not defined above it")]
    PolicyNameUnknown { line: usize, name: String },
    #[error("line {line} of the policy uses the name '{name}' a second time")]
    PolicyNameTwice { line: usize, name: String },
    #[error("line {line} of the policy repeats a public key")]
    PolicyKeyTwice { line: usize },
    #[error("line {line} of the policy: a group needs a threshold from 1 to its number of members")]
    PolicyThreshold { line: usize },
    #[error("a policy has exactly one quorum line")]
    PolicyQuorumLine,
    #[error("a policy has at most 256 logs, 256 witnesses and 256 groups")]
    PolicyLimit,
    #[error("the policy lists no log named {origin}")]
    PolicyLogUnknown { origin: String },
    #[error("the witnesses that cosigned are no quorum")]
    Quorum,
}

impl LogError {
    /// The stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::HashEncoding => "hash-encoding",
            Self::TreeSize => "tree-size",
            Self::LeafIndex { .. } => "leaf-index",
            Self::SizeOrder { .. } => "size-order",
            Self::FrontierParts { .. } => "frontier-parts",
            Self::FrontierStep { .. } => "frontier-step",
            Self::ProofLength { .. } => "proof-length",
            Self::InclusionRoot => "inclusion-root",
            Self::ConsistencyRoot => "consistency-root",
            Self::EmptyRoot => "empty-root",
            Self::MapProofLength { .. } => "map-proof-length",
            Self::MapProofLeaf => "map-proof-leaf",
            Self::MapRoot => "map-root",
            Self::TileMissing { .. } => "tile-missing",
            Self::TileBytes { .. } => "tile-bytes",
            Self::TilePath => "tile-path",
            Self::TileTail { .. } => "tile-tail",
            Self::BundleWidth { .. } => "bundle-width",
            Self::EntryLength { .. } => "entry-length",
            Self::BundleTruncated => "bundle-truncated",
            Self::BundleTrailing => "bundle-trailing",
            Self::KeyName => "key-name",
            Self::VerifierKey => "verifier-key",
            Self::KeyId => "key-id",
            Self::KeyType { .. } => "key-type",
            Self::PublicKey => "public-key",
            Self::NoteSize => "note-size",
            Self::NoteEncoding => "note-encoding",
            Self::NoteShape => "note-shape",
            Self::NoteSignatureLine => "note-signature-line",
            Self::NoteSignatureCount => "note-signature-count",
            Self::NoteSignatureTwice { .. } => "note-signature-twice",
            Self::NoteSignature { .. } => "note-signature",
            Self::NoteUnsigned => "note-unsigned",
            Self::CheckpointShape => "checkpoint-shape",
            Self::CheckpointExtension => "checkpoint-extension",
            Self::CheckpointSize => "checkpoint-size",
            Self::CheckpointOrigin { .. } => "checkpoint-origin",
            Self::CosignatureTime => "cosignature-time",
            Self::ProofSize => "proof-size",
            Self::ProofHeader => "proof-header",
            Self::ProofIndex => "proof-index",
            Self::ProofShape => "proof-shape",
            Self::WitnessRequestOld => "witness-request-old",
            Self::WitnessRequestShape => "witness-request-shape",
            Self::PolicyEncoding => "policy-encoding",
            Self::PolicyLine { .. } => "policy-line",
            Self::PolicyNameUnknown { .. } => "policy-name-unknown",
            Self::PolicyNameTwice { .. } => "policy-name-twice",
            Self::PolicyKeyTwice { .. } => "policy-key-twice",
            Self::PolicyThreshold { .. } => "policy-threshold",
            Self::PolicyQuorumLine => "policy-quorum-line",
            Self::PolicyLimit => "policy-limit",
            Self::PolicyLogUnknown { .. } => "policy-log-unknown",
            Self::Quorum => "quorum",
        }
    }
}
