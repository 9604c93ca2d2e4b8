//! The contents of one tile together with the nodes above them, so that each node is hashed once and read for free.

use crate::{Hash, hash::HASH_BYTES, node_hash};

/// Complete subtrees inside a tile: heights 0 (its own hashes) to 7, each height after the one below it.
#[derive(Clone)]
pub(super) struct Nodes {
    width: usize,
    hashes: Box<[Hash; 510]>,
}

/// Where a height begins: 0, 256, 384, …
fn offset(height: u8) -> usize {
    512 - (512 >> height)
}

impl Nodes {
    pub(super) fn new() -> Self {
        Self { width: 0, hashes: Box::new([Hash([0; HASH_BYTES]); 510]) }
    }

    /// Appends a hash; when it is the 256th, returns the root of the tile. The tile must not be full.
    pub(super) fn push(&mut self, hash: Hash) -> Option<Hash> {
        let (mut position, mut height, mut node) = (self.width, 0, hash);
        self.hashes[position] = node;
        self.width += 1;
        while position & 1 == 1 {
            node = node_hash(&self.hashes[offset(height) + position - 1], &node);
            position >>= 1;
            height += 1;
            if height == 8 {
                return Some(node);
            }
            self.hashes[offset(height) + position] = node;
        }
        None
    }

    /// The subtree of 2^`height` of the tile's hashes at `position`, if they are all there. `height` is at most 7.
    pub(super) fn get(&self, height: u8, position: usize) -> Option<Hash> {
        let complete = (position + 1) << height <= self.width;
        complete.then(|| self.hashes[offset(height) + position])
    }

    /// Root of a full tile.
    pub(super) fn root(&self) -> Option<Hash> {
        Some(node_hash(&self.get(7, 0)?, &self.get(7, 1)?))
    }

    /// Roots of the complete subtrees its hashes make up, largest first.
    pub(super) fn peaks(&self) -> impl Iterator<Item = Hash> {
        let heights = (0..8u8).rev().filter(|height| self.width >> height & 1 == 1);
        heights.map(|height| self.hashes[offset(height) + (self.width >> height) - 1])
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The first `width` hashes as tile bytes.
    pub(super) fn bytes(&self, width: usize) -> Vec<u8> {
        let hashes = &self.hashes[..width.min(self.width)];
        let mut bytes = Vec::with_capacity(hashes.len() * HASH_BYTES);
        for hash in hashes {
            bytes.extend_from_slice(&hash.0);
        }
        bytes
    }

    pub(super) fn clear(&mut self) {
        self.width = 0;
    }
}

impl std::fmt::Debug for Nodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Nodes({} hashes)", self.width)
    }
}
