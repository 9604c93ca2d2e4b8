//! Inclusion proofs (RFC 6962 §2.1.1) and consistency proofs (§2.1.2).
//!
//! Making a proof follows the RFC's recursion, unrolled from the root down. Checking one climbs instead: along the
//! path from a leaf to the root, the `inner` lowest steps may turn either way (they follow the bits of the index),
//! above them the path runs along the tree's right edge and every sibling is on the left.

use super::{HashReader, check_size, range_root, split};
use crate::{EMPTY_ROOT, Hash, LogError, node_hash};

/// Proof that leaf `index` is in the tree of `size` leaves: siblings from the leaf up.
pub fn inclusion_proof(index: u64, size: u64, reader: &impl HashReader) -> Result<Vec<Hash>, LogError> {
    check_index(index, size)?;
    let (mut start, mut end, mut proof) = (0, size, Vec::new());
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            proof.push(range_root(middle, end, reader)?);
            end = middle;
        } else {
            proof.push(range_root(start, middle, reader)?);
            start = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Proof that the tree of `new` leaves begins with the tree of `old` leaves. Empty when `old` is 0 or equals `new`.
pub fn consistency_proof(old: u64, new: u64, reader: &impl HashReader) -> Result<Vec<Hash>, LogError> {
    check_growth(old, new)?;
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut start, mut end, mut proof) = (0, new, Vec::new());
    while old < end {
        let middle = start + split(end - start);
        if old <= middle {
            proof.push(range_root(middle, end, reader)?);
            end = middle;
        } else {
            proof.push(range_root(start, middle, reader)?);
            start = middle;
        }
    }
    // A verifier that holds the old root already knows this subtree when it is the whole old tree.
    if start > 0 {
        proof.push(range_root(start, end, reader)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that `leaf` is leaf `index` of the tree of `size` leaves with this root.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), LogError> {
    check_index(index, size)?;
    let path = Path::of(index, size);
    let (inner, border) = path.divide(proof)?;
    let top = climb_border(climb_inner(*leaf, index, inner), border);
    if top == *root { Ok(()) } else { Err(LogError::InclusionRoot) }
}

/// Checks that the tree of `new` leaves begins with the tree of `old` leaves. Size 0 says nothing about the newer
/// tree, so it needs an empty proof and [`EMPTY_ROOT`] (as C2SP tlog-witness asks).
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), LogError> {
    check_growth(old, new)?;
    if (old == 0 && *old_root != EMPTY_ROOT) || (new == 0 && *new_root != EMPTY_ROOT) {
        return Err(LogError::EmptyRoot);
    }
    if old == 0 || old == new {
        if !proof.is_empty() {
            return Err(LogError::ProofLength { expected: 0, found: proof.len() });
        }
        return if old == 0 || old_root == new_root { Ok(()) } else { Err(LogError::ConsistencyRoot) };
    }

    // The climb starts at the last complete subtree of the old tree, `height` above its last leaf. The proof's first
    // hash is that subtree, unless it is the whole old tree and thus its root.
    let height = old.trailing_zeros();
    let whole = old.is_power_of_two();
    let (seed, rest) = match proof.split_first() {
        _ if whole => (*old_root, proof),
        Some((seed, rest)) => (*seed, rest),
        None => return Err(LogError::ProofLength { expected: 1, found: 0 }),
    };
    let index = (old - 1) >> height;
    let path = Path::of(old - 1, new).above(height);
    let (inner, border) = path.divide(rest)?;

    // The old tree knows only the siblings on the left of the path.
    let left = inner.iter().enumerate().filter(|(step, _)| index >> step & 1 == 1).map(|(_, hash)| *hash);
    let old_top = climb_border(left.fold(seed, |right, left| node_hash(&left, &right)), border);
    let new_top = climb_border(climb_inner(seed, index, inner), border);
    if old_top == *old_root && new_top == *new_root { Ok(()) } else { Err(LogError::ConsistencyRoot) }
}

fn check_index(index: u64, size: u64) -> Result<(), LogError> {
    check_size(size)?;
    if index < size { Ok(()) } else { Err(LogError::LeafIndex { index, size }) }
}

fn check_growth(old: u64, new: u64) -> Result<(), LogError> {
    check_size(new)?;
    if old <= new { Ok(()) } else { Err(LogError::SizeOrder { old, new }) }
}

/// How many siblings the path from a leaf to the root has: below, and on, the tree's right edge.
struct Path {
    inner: usize,
    border: usize,
}

impl Path {
    fn of(index: u64, size: u64) -> Self {
        let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
        Self { inner: inner as usize, border: (index >> inner).count_ones() as usize }
    }

    /// The same path begun `height` levels up. `height` never exceeds `inner` for the last leaf of an older tree.
    fn above(self, height: u32) -> Self {
        Self { inner: self.inner - height as usize, ..self }
    }

    fn divide<'p>(&self, proof: &'p [Hash]) -> Result<(&'p [Hash], &'p [Hash]), LogError> {
        let expected = self.inner + self.border;
        if proof.len() != expected {
            return Err(LogError::ProofLength { expected, found: proof.len() });
        }
        Ok(proof.split_at(self.inner))
    }
}

fn climb_inner(seed: Hash, index: u64, siblings: &[Hash]) -> Hash {
    siblings.iter().enumerate().fold(seed, |node, (step, sibling)| {
        if index >> step & 1 == 0 { node_hash(&node, sibling) } else { node_hash(sibling, &node) }
    })
}

fn climb_border(seed: Hash, siblings: &[Hash]) -> Hash {
    siblings.iter().fold(seed, |right, left| node_hash(left, &right))
}
