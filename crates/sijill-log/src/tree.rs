//! The Merkle tree of RFC 6962 §2.1: roots and proofs, read from wherever the hashes are kept.
//!
//! A tree of any size is a row of complete subtrees, one for each 1-bit of its size, largest first. Everything here
//! asks a [`HashReader`] for complete subtrees only, so tiles, an in-memory edge or a test double all serve.

mod cover;
mod frontier;
mod proof;

pub use cover::cover;
pub use frontier::Frontier;
pub use proof::{consistency_proof, inclusion_proof, verify_consistency, verify_inclusion};

use crate::{EMPTY_ROOT, Hash, LogError, MAX_SIZE, node_hash};

/// Where the hashes of a tree are read from.
pub trait HashReader {
    /// Root of the complete subtree of 2^`level` leaves that starts at leaf `index`·2^`level`.
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, LogError>;
}

/// Two readers as one: the second is asked for what the first does not hold.
impl<A: HashReader, B: HashReader> HashReader for (&A, &B) {
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, LogError> {
        match self.0.subtree(level, index) {
            Err(LogError::TileMissing { .. }) => self.1.subtree(level, index),
            answer => answer,
        }
    }
}

/// Root of the tree of the first `size` leaves; [`EMPTY_ROOT`] for none.
pub fn root_at(size: u64, reader: &impl HashReader) -> Result<Hash, LogError> {
    check_size(size)?;
    if size == 0 { Ok(EMPTY_ROOT) } else { range_root(0, size, reader) }
}

pub(crate) fn check_size(size: u64) -> Result<(), LogError> {
    if size <= MAX_SIZE { Ok(()) } else { Err(LogError::TreeSize) }
}

/// `MTH(D[start:end])` for a range that RFC 6962's recursion can reach: not empty, `start` a multiple of the largest
/// power of two in its length. Joins its complete subtrees from the right, smallest first.
fn range_root(start: u64, mut end: u64, reader: &impl HashReader) -> Result<Hash, LogError> {
    let mut root: Option<Hash> = None;
    while end > start {
        let level = (end - start).trailing_zeros();
        let subtree = reader.subtree(small(level), (end >> level) - 1)?;
        root = Some(root.map_or(subtree, |right| node_hash(&subtree, &right)));
        end -= 1 << level;
    }
    Ok(root.unwrap_or(EMPTY_ROOT))
}

/// The largest power of two smaller than `length`: where RFC 6962 splits a range of at least two leaves.
fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

/// A level: there are 64, so the conversion never saturates.
fn small(level: u32) -> u8 {
    u8::try_from(level).unwrap_or(u8::MAX)
}
