//! The growing edge of the log: takes leaf hashes, gives each tile when it is complete.

use super::{Place, TILE_WIDTH, Tile, TileSet, nodes::Nodes};
use crate::{Frontier, Hash, HashReader, LogError, tree};

/// A completed tile, to be stored before the size that completed it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullTile {
    /// Its place; always full.
    pub tile: Tile,
    /// Its 8,192 bytes.
    pub bytes: Vec<u8>,
}

/// An append-only tree that keeps only its partial tiles, one per level: about 16 KiB each. Appending hashes every
/// node of the tree once and allocates only for completed tiles.
///
/// To append a batch that may have to be undone, work on a clone.
#[derive(Clone, Debug, Default)]
pub struct TileBuilder {
    size: u64,
    edges: Vec<Nodes>,
}

impl TileBuilder {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The full tiles [`TileBuilder::resume`] needs for a tree of `size` leaves: under each partial tile, the tiles whose
    /// roots it lists. At most 255 per level.
    pub fn tiles_to_resume(size: u64) -> Vec<Tile> {
        resume_levels(size)
            .flat_map(|(level, first, end)| (first..end).map(move |index| Tile::full(level, index)))
            .collect()
    }

    /// Rebuilds the edge of a tree of `size` leaves from stored full tiles and `tail`, the leaf hashes after the last
    /// full level-0 tile (`size` mod 256 of them). Compare [`TileBuilder::root`] with a checkpoint before going on.
    pub fn resume(size: u64, stored: &TileSet, tail: &[Hash]) -> Result<Self, LogError> {
        tree::check_size(size)?;
        let expected = size % u64::from(TILE_WIDTH);
        if u64::try_from(tail.len()) != Ok(expected) {
            return Err(LogError::TileTail { expected, found: tail.len() });
        }
        let mut leaves = Nodes::new();
        for leaf in tail {
            leaves.push(*leaf);
        }
        let mut edges = vec![leaves];
        for (level, first, end) in resume_levels(size) {
            let mut edge = Nodes::new();
            for index in first..end {
                edge.push(stored.full_root(level, index)?);
            }
            edges.push(edge);
        }
        Ok(Self { size, edges })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf hash and returns the tiles it completed, lowest level first: usually none.
    #[must_use = "a completed tile is forgotten here and must be stored"]
    pub fn push(&mut self, leaf: Hash) -> Vec<FullTile> {
        let mut completed = Vec::new();
        let (mut level, mut carry, mut index) = (0u8, leaf, self.size);
        self.size += 1;
        loop {
            index >>= 8;
            let at = usize::from(level);
            if at == self.edges.len() {
                self.edges.push(Nodes::new());
            }
            let edge = &mut self.edges[at];
            let Some(root) = edge.push(carry) else { return completed };
            completed.push(FullTile { tile: Tile::full(level, index), bytes: edge.bytes(TILE_WIDTH.into()) });
            edge.clear();
            (carry, level) = (root, level + 1);
        }
    }

    /// Appends leaf hashes and returns all tiles they completed.
    #[must_use = "a completed tile is forgotten here and must be stored"]
    pub fn extend(&mut self, leaves: impl IntoIterator<Item = Hash>) -> Vec<FullTile> {
        leaves.into_iter().flat_map(|leaf| self.push(leaf)).collect()
    }

    /// Root hash of the tree.
    pub fn root(&self) -> Hash {
        self.frontier().root()
    }

    /// The same tree without its tiles. Every peak of a tree lies in one of its partial tiles.
    pub fn frontier(&self) -> Frontier {
        let peaks = self.edges.iter().rev().flat_map(Nodes::peaks).collect();
        Frontier::from_peaks(self.size, peaks)
    }

    /// The partial tiles of the tree at its present size, lowest level first.
    pub fn partial_tiles(&self) -> Vec<(Tile, Vec<u8>)> {
        let levels = (0..).zip(&self.edges).filter(|(_, edge)| edge.width() > 0);
        levels
            .filter_map(|(level, edge)| {
                let tile = Tile::in_tree(level, self.edge_index(level), self.size)?;
                Some((tile, edge.bytes(edge.width())))
            })
            .collect()
    }

    /// The bytes of a partial tile of this tree or of an earlier size, or `None` if that tile is not, or no longer, on the
    /// edge: then it is a prefix of a stored full tile.
    pub fn partial_tile(&self, tile: &Tile) -> Option<Vec<u8>> {
        let edge = self.edges.get(usize::from(tile.level))?;
        let width = usize::from(tile.width);
        let held = tile.is_possible() && tile.index == self.edge_index(tile.level) && width <= edge.width();
        held.then(|| edge.bytes(width))
    }

    /// Index of the partial tile of a level.
    fn edge_index(&self, level: u8) -> u64 {
        self.size.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0)
    }
}

/// Reads subtrees on the edge; anything left of it is [`LogError::TileMissing`].
impl HashReader for TileBuilder {
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, LogError> {
        let place = Place::of(level, index)?;
        let edge =
            self.edges.get(usize::from(place.level)).filter(|_| place.index == self.edge_index(place.level));
        edge.and_then(|edge| edge.get(place.height, place.position)).ok_or_else(|| place.missing())
    }
}

/// For each level above 0 of a tree: the level below it and the range of full tiles there that the partial tile lists.
fn resume_levels(size: u64) -> impl Iterator<Item = (u8, u64, u64)> {
    (0..7u8)
        .map(move |level| (level, size >> (8 * (level + 1))))
        .take_while(|(_, tiles)| *tiles > 0)
        .map(|(level, tiles)| (level, tiles - tiles % u64::from(TILE_WIDTH), tiles))
}
