//! Tiles in memory, read as a tree.

use std::collections::BTreeMap;

use super::{FULL_TILE_BYTES, Place, Tile, nodes::Nodes};
use crate::{Hash, HashReader, LogError, hash::HASH_BYTES};

/// A set of tiles. Of two tiles at one place the wider is kept: one is a prefix of the other.
///
/// The hashes are **not** authenticated. A root or proof read from a set means something only once it has been checked
/// against a signed root ([`crate::tree::verify_inclusion`], [`crate::tree::verify_consistency`]).
#[derive(Clone, Debug, Default)]
pub struct TileSet {
    tiles: BTreeMap<(u8, u64), Nodes>,
}

impl TileSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tile; its bytes must be exactly as long as its width says. Hashes its inner nodes, 255 for a full tile.
    pub fn insert(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), LogError> {
        if !tile.is_possible() || bytes.len() != tile.byte_len() || bytes.len() > FULL_TILE_BYTES {
            return Err(LogError::TileBytes { level: tile.level, index: tile.index });
        }
        if self.contains(&tile) {
            return Ok(());
        }
        let mut nodes = Nodes::new();
        for hash in bytes.chunks_exact(HASH_BYTES) {
            nodes.push(Hash::try_from(hash)?);
        }
        self.tiles.insert((tile.level, tile.index), nodes);
        Ok(())
    }

    /// Whether the set holds this tile, or a wider one at its place.
    pub fn contains(&self, tile: &Tile) -> bool {
        let held = self.tiles.get(&(tile.level, tile.index));
        held.is_some_and(|nodes| nodes.width() >= usize::from(tile.width))
    }

    /// Root of a full tile, which the tile above it lists.
    pub(super) fn full_root(&self, level: u8, index: u64) -> Result<Hash, LogError> {
        let root = self.tiles.get(&(level, index)).and_then(Nodes::root);
        root.ok_or(LogError::TileMissing { level, index })
    }
}

impl HashReader for TileSet {
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, LogError> {
        let place = Place::of(level, index)?;
        let tile = self.tiles.get(&(place.level, place.index));
        tile.and_then(|tile| tile.get(place.height, place.position)).ok_or_else(|| place.missing())
    }
}
