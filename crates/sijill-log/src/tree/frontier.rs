//! The right edge of a growing tree: all that is needed to append leaves and to know the root.

use super::{HashReader, check_size};
use crate::{EMPTY_ROOT, Hash, LogError, node_hash};

/// An append-only tree reduced to the roots of its complete subtrees, largest (leftmost) first: one per 1-bit of its
/// size. Appending costs one node hash on average and no allocation, the root at most 62 node hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

impl Frontier {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self { size: 0, peaks: Vec::with_capacity(64) }
    }

    /// Restores what [`Frontier::parts`] gave. The hashes are trusted: compare [`Frontier::root`] with a checkpoint.
    pub fn from_parts(size: u64, peaks: Vec<Hash>) -> Result<Self, LogError> {
        check_size(size)?;
        if u32::try_from(peaks.len()) != Ok(size.count_ones()) {
            return Err(LogError::FrontierParts { size, peaks: peaks.len() });
        }
        Ok(Self { size, peaks })
    }

    pub(crate) fn from_peaks(size: u64, peaks: Vec<Hash>) -> Self {
        Self { size, peaks }
    }

    /// Reads the frontier of the first `size` leaves from a tree that has at least as many.
    pub fn read(size: u64, reader: &impl HashReader) -> Result<Self, LogError> {
        check_size(size)?;
        let mut frontier = Self { size, ..Self::new() };
        for level in (0..63u8).rev().filter(|level| size >> level & 1 == 1) {
            frontier.peaks.push(reader.subtree(level, (size >> level) - 1)?);
        }
        Ok(frontier)
    }

    /// Size and peaks, for [`Frontier::from_parts`].
    pub fn parts(&self) -> (u64, &[Hash]) {
        (self.size, &self.peaks)
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        // Adding 1 to the size carries over its trailing 1-bits: each carry joins two subtrees of equal height.
        let carries = self.size.trailing_ones() as usize;
        let joined = self.peaks.drain(self.peaks.len() - carries..).rev();
        let peak = joined.fold(leaf, |right, left| node_hash(&left, &right));
        self.peaks.push(peak);
        self.size += 1;
    }

    /// Appends a complete subtree of 2^`level` leaves by its root, of which nothing below is known. Refused: `frontier-step` if
    /// the size so far is no multiple of its width, or the tree would have more leaves than there can be.
    pub fn push_subtree(&mut self, level: u8, root: Hash) -> Result<(), LogError> {
        let step = LogError::FrontierStep { size: self.size, level };
        let width = 1u64.checked_shl(level.into()).filter(|width| self.size.is_multiple_of(*width));
        let size =
            width.and_then(|width| self.size.checked_add(width)).filter(|size| check_size(*size).is_ok());
        let Some(size) = size else { return Err(step) };
        // Carries as in `push`, from this level upwards.
        let carries = (self.size >> level).trailing_ones() as usize;
        let joined = self.peaks.drain(self.peaks.len() - carries..).rev();
        let peak = joined.fold(root, |right, left| node_hash(&left, &right));
        self.peaks.push(peak);
        self.size = size;
        Ok(())
    }

    /// Root hash of the tree; [`EMPTY_ROOT`] without leaves.
    pub fn root(&self) -> Hash {
        let joined = self.peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        joined.unwrap_or(EMPTY_ROOT)
    }
}
