//! Tiles (C2SP tlog-tiles v0.1.0): the tree cut into blocks of eight levels, 256 hashes each.
//!
//! Tile `index` at tile level `level` lists the roots of consecutive complete subtrees of 256^`level` leaves. Only full
//! tiles are stored here; a partial tile is a prefix of the tile that later completes it, so it can be cut at any
//! published size.

mod builder;
mod needed;
mod nodes;
mod path;
mod set;

pub use builder::{FullTile, TileBuilder};
pub use needed::{
    new_full_tiles, tiles_for_consistency, tiles_for_inclusion, tiles_for_root, tiles_for_size,
    tiles_for_subtrees,
};
pub use set::TileSet;

use crate::{LogError, MAX_SIZE, hash::HASH_BYTES};

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;
/// Bytes of a full tile.
pub const FULL_TILE_BYTES: usize = TILE_WIDTH as usize * HASH_BYTES;
/// log2 of [`TILE_WIDTH`]: tree levels per tile level.
const TILE_HEIGHT: u8 = 8;
/// Level 7 spans 2^56 leaves per hash; no tree of at most [`MAX_SIZE`] leaves has a hash above it.
const TOP_LEVEL: u8 = 7;

/// Names a tile, or at level 0 the entry bundle with the same index and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Tile level, 0 (leaf hashes) to 7.
    pub level: u8,
    /// Position in its level.
    pub index: u64,
    /// Number of hashes, 1 to 256.
    pub width: u16,
}

impl Tile {
    /// The full tile at this place.
    pub fn full(level: u8, index: u64) -> Self {
        Self { level, index, width: TILE_WIDTH }
    }

    /// Whether it has all 256 hashes.
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Length of its contents in bytes.
    pub fn byte_len(&self) -> usize {
        usize::from(self.width) * HASH_BYTES
    }

    /// Whether a tree of at most [`MAX_SIZE`] leaves can have this tile.
    pub fn is_possible(&self) -> bool {
        (1..=TILE_WIDTH).contains(&self.width) && self.level <= TOP_LEVEL && {
            let last = self.index.saturating_mul(TILE_WIDTH.into()).saturating_add(u64::from(self.width) - 1);
            last < MAX_SIZE >> (TILE_HEIGHT * self.level)
        }
    }

    /// The tile, as wide as a tree of `size` leaves has it, at this place; `None` if that tree has no hash there.
    pub fn in_tree(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = if level <= TOP_LEVEL { size >> (TILE_HEIGHT * level) } else { 0 };
        let width = hashes.saturating_sub(index.saturating_mul(TILE_WIDTH.into())).min(TILE_WIDTH.into());
        u16::try_from(width).ok().filter(|&width| width > 0).map(|width| Self { level, index, width })
    }
}

/// Where the root of the complete subtree (`level`, `index`) of the tree lies: tile level and index, and height and
/// position above the tile's own hashes.
struct Place {
    level: u8,
    index: u64,
    height: u8,
    position: usize,
}

impl Place {
    fn of(level: u8, index: u64) -> Result<Self, LogError> {
        if level > 62 || index >= MAX_SIZE >> level {
            return Err(LogError::TreeSize);
        }
        let height = level % TILE_HEIGHT;
        let in_tile = TILE_HEIGHT - height;
        let position = index & ((1 << in_tile) - 1);
        Ok(Self {
            level: level / TILE_HEIGHT,
            index: index >> in_tile,
            height,
            position: usize::try_from(position).map_err(|_| LogError::TreeSize)?,
        })
    }

    fn missing(&self) -> LogError {
        LogError::TileMissing { level: self.level, index: self.index }
    }
}
