//! The transparency log as pure functions: bytes in, structs out, no I/O and no clock.
//!
//! One file per format, each named after its specification:
//!
//! | module | specification |
//! |---|---|
//! | [`hash`], [`tree`] | RFC 6962 §2: leaf and node hashes, roots, inclusion and consistency proofs |
//! | [`tile`], [`bundle`] | C2SP tlog-tiles v0.1.0 |
//! | [`note`] | C2SP signed-note v1.0.0 |
//! | [`checkpoint`] | C2SP tlog-checkpoint v1.0.0 |
//! | [`cosignature`] | C2SP tlog-cosignature v1.0.1, type 0x04 |
//! | [`tlog_witness`] | C2SP tlog-witness v1.0.0 |
//! | [`tlog_proof`], [`policy`] | C2SP tlog-proof and tlog-policy (drafts) |
//! | [`map`] | `docs/ledger-format.md`, Annex E: sparse Merkle maps |
//!
//! Every parser is strict: what it accepts, the matching `Display` prints back byte for byte (a policy, which may
//! hold comments, prints its canonical form). Signatures are checked with Ed25519 `verify_strict` only, so that no
//! other library's auditor can disagree about one that was accepted here.

pub mod bundle;
pub mod checkpoint;
pub mod cosignature;
mod error;
pub mod hash;
pub mod map;
pub mod note;
pub mod policy;
pub mod tile;
pub mod tlog_proof;
pub mod tlog_witness;
pub mod tree;

pub use checkpoint::Checkpoint;
pub use cosignature::CosignatureSigner;
pub use error::LogError;
pub use hash::{EMPTY_ROOT, Hash, leaf_hash, node_hash};
pub use map::{EMPTY_MAP, MapProof, SparseMap};
pub use note::{KeyKind, KeyName, Note, NoteSignature, NoteSigner, NoteVerifier};
pub use policy::{Policy, QuorumTime, Witnessed};
pub use tile::{FullTile, Tile, TileBuilder, TileSet};
pub use tlog_proof::TlogProof;
pub use tlog_witness::AddCheckpoint;
pub use tree::{Frontier, HashReader};

/// The largest tree: sizes and timestamps of the C2SP formats fit a signed 64-bit integer.
pub const MAX_SIZE: u64 = u64::MAX >> 1;

/// Decimal digits without sign or leading zero, at most [`MAX_SIZE`]: the only spelling the C2SP formats allow.
fn parse_decimal(digits: &str) -> Option<u64> {
    let canonical = digits == "0" || (!digits.starts_with('0') && !digits.starts_with('+'));
    digits.parse().ok().filter(|&number| canonical && number <= MAX_SIZE)
}
