//! Which tiles a tree has, and which of them a reader needs.

use std::{cell::RefCell, collections::BTreeSet};

use super::{Place, TILE_HEIGHT, TILE_WIDTH, TOP_LEVEL, Tile};
use crate::{EMPTY_ROOT, Hash, HashReader, LogError, tree};

/// All tiles of a tree of `size` leaves, partial ones included, level by level.
pub fn tiles_for_size(size: u64) -> impl Iterator<Item = Tile> {
    (0..=TOP_LEVEL).flat_map(move |level| {
        let hashes = size >> (TILE_HEIGHT * level);
        (0..hashes.div_ceil(TILE_WIDTH.into())).filter_map(move |index| Tile::in_tree(level, index, size))
    })
}

/// The full tiles that a tree of `new` leaves has and one of `old` leaves has not, level by level.
pub fn new_full_tiles(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    (0..TOP_LEVEL).flat_map(move |level| {
        let leaves_log2 = TILE_HEIGHT * (level + 1);
        (old >> leaves_log2..new >> leaves_log2).map(move |index| Tile::full(level, index))
    })
}

/// The tiles from which [`tree::root_at`] reads the root of `size` leaves.
pub fn tiles_for_root(size: u64) -> Result<Vec<Tile>, LogError> {
    tiles_read(size, |reader| tree::root_at(size, reader).map(drop))
}

/// The tiles from which [`tree::inclusion_proof`] makes its proof.
pub fn tiles_for_inclusion(index: u64, size: u64) -> Result<Vec<Tile>, LogError> {
    tiles_read(size, |reader| tree::inclusion_proof(index, size, reader).map(drop))
}

/// The tiles, as the tree of `new` leaves has them, from which [`tree::consistency_proof`] makes its proof.
pub fn tiles_for_consistency(old: u64, new: u64) -> Result<Vec<Tile>, LogError> {
    tiles_read(new, |reader| tree::consistency_proof(old, new, reader).map(drop))
}

/// The tiles, as the tree of `size` leaves has them, that hold these complete subtrees ([`tree::cover`]).
pub fn tiles_for_subtrees(
    size: u64,
    subtrees: impl IntoIterator<Item = (u8, u64)>,
) -> Result<Vec<Tile>, LogError> {
    tiles_read(size, |reader| {
        subtrees.into_iter().try_for_each(|(level, index)| reader.subtree(level, index).map(drop))
    })
}

/// Runs a computation on made-up hashes to learn what it reads: what is fetched can never differ from what is needed.
fn tiles_read(
    size: u64,
    read: impl FnOnce(&Recorder) -> Result<(), LogError>,
) -> Result<Vec<Tile>, LogError> {
    let recorder = Recorder { size, tiles: RefCell::default() };
    read(&recorder)?;
    Ok(recorder.tiles.into_inner().into_iter().collect())
}

struct Recorder {
    size: u64,
    tiles: RefCell<BTreeSet<Tile>>,
}

impl HashReader for Recorder {
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, LogError> {
        let place = Place::of(level, index)?;
        let tile = Tile::in_tree(place.level, place.index, self.size).ok_or_else(|| place.missing())?;
        self.tiles.borrow_mut().insert(tile);
        Ok(EMPTY_ROOT)
    }
}
