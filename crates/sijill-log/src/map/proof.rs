//! Proofs of what a map holds for a key, or that it holds nothing.

use super::{EMPTY_MAP, bit, branch_hash, leaf_hash};
use crate::{Hash, LogError};

/// A key has so many bits, and two keys differ in one of them.
pub const MAX_SIBLINGS: usize = 256;

/// The way from a map's root to where a key's subtree has at most one leaf. Says nothing by itself: see
/// [`verify`](Self::verify).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapProof {
    /// The hashes beside the way, the root's child first.
    pub siblings: Vec<Hash>,
    /// Key and value of the leaf of another key, if that is what is there.
    pub leaf: Option<(Hash, Hash)>,
}

impl MapProof {
    /// Whether the map with this root holds `value` for `key`, or with `None` nothing.
    ///
    /// # Errors
    /// `map-proof-length`, `map-proof-leaf`, `map-root`.
    pub fn verify(&self, key: &Hash, value: Option<&Hash>, root: &Hash) -> Result<(), LogError> {
        let depth = self.siblings.len();
        if depth > MAX_SIBLINGS {
            return Err(LogError::MapProofLength { found: depth });
        }
        let end = match (value, &self.leaf) {
            (Some(value), None) => leaf_hash(key, value),
            (None, None) => EMPTY_MAP,
            (None, Some((other, value))) if other != key && begin_alike(key, other, depth) => {
                leaf_hash(other, value)
            }
            _ => return Err(LogError::MapProofLeaf),
        };
        let up = |below: Hash, (depth, sibling): (usize, &Hash)| {
            if bit(key, depth) { branch_hash(sibling, &below) } else { branch_hash(&below, sibling) }
        };
        let found = self.siblings.iter().enumerate().rfold(end, up);
        if found == *root { Ok(()) } else { Err(LogError::MapRoot) }
    }
}

/// Whether two keys have the first `bits` in common.
fn begin_alike(one: &Hash, other: &Hash, bits: usize) -> bool {
    (0..bits).all(|depth| bit(one, depth) == bit(other, depth))
}
