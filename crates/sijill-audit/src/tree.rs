//! The Merkle tree over the entries that are there, rebuilt from nothing but them.

use sijill_log::{Hash, HashReader, LogError, Tile, node_hash, tree};

/// Consecutive leaves, and every complete subtree over them: 64 bytes a leaf. Kept whole, because events cite roots of
/// any size in the past.
struct Run {
    start: u64,
    /// By height: the subtrees of 2^height leaves, the first of them number ⌈start / 2^height⌉.
    heights: Vec<Vec<Hash>>,
}

impl Run {
    fn new(start: u64) -> Self {
        Self { start, heights: vec![Vec::new()] }
    }

    fn end(&self) -> u64 {
        self.start + self.heights[0].len() as u64
    }

    /// Number of the first subtree of this height that lies in the run.
    fn first(&self, height: usize) -> u64 {
        let leaves = 1u64 << height;
        self.start.div_ceil(leaves)
    }

    fn push(&mut self, leaf: Hash) {
        let (mut number, mut node, mut height) = (self.end(), leaf, 0);
        self.heights[0].push(leaf);
        // An odd subtree completes the one above, if its left sibling is in the run too.
        while number & 1 == 1 && number > self.first(height) {
            let left = self.heights[height][self.heights[height].len() - 2];
            node = node_hash(&left, &node);
            (number, height) = (number >> 1, height + 1);
            if height == self.heights.len() {
                self.heights.push(Vec::new());
            }
            self.heights[height].push(node);
        }
    }

    /// `width` neighbouring subtrees of this height, if all lie in the run.
    fn nodes(&self, height: usize, number: u64, width: usize) -> Option<&[Hash]> {
        let offset = usize::try_from(number.checked_sub(self.first(height))?).ok()?;
        self.heights.get(height)?.get(offset..offset.checked_add(width)?)
    }
}

impl HashReader for Run {
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, LogError> {
        let node = self.nodes(level.into(), index, 1).and_then(|nodes| nodes.first());
        node.copied().ok_or(LogError::TileMissing { level: level / 8, index: index >> (8 - level % 8) })
    }
}

/// The entries' tree, with holes where entries are missing: the first run starts at 0, even if it is empty.
pub(crate) struct Tree(Vec<Run>);

/// What a tile of a source turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TileVerdict {
    /// It is what the entries give, or stands above a missing entry.
    Good,
    /// It is not there.
    Missing,
    /// It is something else.
    Wrong,
}

impl Tree {
    pub(crate) fn new() -> Self {
        Self(vec![Run::new(0)])
    }

    /// Index behind the last entry so far.
    pub(crate) fn end(&self) -> u64 {
        self.0.last().map_or(0, Run::end)
    }

    /// Adds the leaf of an entry behind all earlier ones.
    pub(crate) fn push(&mut self, index: u64, leaf: Hash) {
        if index != self.end() {
            self.0.push(Run::new(index));
        }
        if let Some(run) = self.0.last_mut() {
            run.push(leaf);
        }
    }

    /// Root of the first `size` entries; `None` if one of them is missing.
    pub(crate) fn root(&self, size: u64) -> Option<Hash> {
        self.0.first().filter(|run| size <= run.end()).and_then(|run| tree::root_at(size, run).ok())
    }

    /// Proof that an entry is in the tree of the first `size`; `None` if one of them is missing, or there is no such entry.
    pub(crate) fn prove(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        tree::inclusion_proof(index, size, self.reader(size)?).ok()
    }

    /// Reads the complete subtrees of the first `size` entries; `None` if one of them is missing.
    pub(crate) fn reader(&self, size: u64) -> Option<&impl HashReader> {
        self.0.first().filter(|run| size <= run.end())
    }

    /// Proof that the tree of the first `old` entries is the beginning of that of the first `new`; `None` if one of them is
    /// missing.
    pub(crate) fn consistency(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        let run = self.0.first().filter(|run| new <= run.end())?;
        tree::consistency_proof(old, new, run).ok()
    }

    /// Judges a tile.
    pub(crate) fn judge(&self, tile: Tile, bytes: Option<&[u8]>) -> TileVerdict {
        let first = tile.index.saturating_mul(256);
        let hashes = self
            .run_at(first_leaf(tile))
            .and_then(|run| run.nodes(usize::from(tile.level) * 8, first, tile.width.into()));
        match (hashes, bytes) {
            (None, _) => TileVerdict::Good,
            (Some(_), None) => TileVerdict::Missing,
            (Some(hashes), Some(bytes)) => {
                let same = bytes.len() == tile.byte_len()
                    && bytes.chunks_exact(32).zip(hashes).all(|(found, hash)| found == hash.0);
                if same { TileVerdict::Good } else { TileVerdict::Wrong }
            }
        }
    }

    /// The run in which an entry lies, or the one before it.
    fn run_at(&self, index: u64) -> Option<&Run> {
        self.0.get(self.0.partition_point(|run| run.start <= index).checked_sub(1)?)
    }
}

/// The partial tiles of a tree of `size` leaves.
pub(crate) fn partial_tiles(size: u64) -> impl Iterator<Item = Tile> {
    let last = move |level: u8| size.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0);
    (0..8).filter_map(move |level| Tile::in_tree(level, last(level), size)).filter(|tile| !tile.is_full())
}

/// Index of the first entry below a tile.
pub(crate) fn first_leaf(tile: Tile) -> u64 {
    tile.index.checked_shl(8 * (u32::from(tile.level) + 1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sijill_log::{Frontier, TileBuilder, leaf_hash};

    use super::*;

    fn leaf(i: u64) -> Hash {
        leaf_hash(&i.to_be_bytes())
    }

    #[test]
    fn every_root_is_that_of_the_log_crate() {
        let (mut tree, mut frontier) = (Tree::new(), Frontier::new());
        for i in 0..600 {
            assert_eq!(tree.root(i), Some(frontier.root()));
            tree.push(i, leaf(i));
            frontier.push(leaf(i));
        }
        for size in 0..600 {
            let mut early = Frontier::new();
            (0..size).for_each(|i| early.push(leaf(i)));
            assert_eq!(tree.root(size), Some(early.root()));
        }
        assert_eq!(tree.root(601), None);
    }

    #[test]
    fn tiles_are_judged_unless_they_stand_above_a_hole() {
        let mut builder = TileBuilder::new();
        let tiles = builder.extend((0..1100).map(leaf));
        let mut tree = Tree::new();
        for i in (0..1100).filter(|i| !(300..=400).contains(i)) {
            tree.push(i, leaf(i));
            for full in tiles
                .iter()
                .filter(|full| full.tile.level == 0 && full.tile.index == i >> 8 && i % 256 == 255)
            {
                let above_hole = full.tile.index == 1;
                let otherwise = |verdict| if above_hole { TileVerdict::Good } else { verdict };
                assert_eq!(tree.judge(full.tile, Some(&full.bytes)), TileVerdict::Good);
                assert_eq!(tree.judge(full.tile, None), otherwise(TileVerdict::Missing));
                assert_eq!(tree.judge(full.tile, Some(&full.bytes[32..])), otherwise(TileVerdict::Wrong));
                assert_eq!(tree.judge(full.tile, Some(&[7; 8192])), otherwise(TileVerdict::Wrong));
            }
        }
        for (tile, bytes) in builder.partial_tiles() {
            let above_hole = tile.level == 1;
            assert_eq!(tree.judge(tile, Some(&bytes)), TileVerdict::Good);
            assert_eq!(
                tree.judge(tile, None),
                if above_hole { TileVerdict::Good } else { TileVerdict::Missing }
            );
            assert_eq!(tree.judge(Tile { width: 1, ..tile }, Some(&[7; 32])), TileVerdict::Wrong);
        }
        assert!(tree.root(300).is_some() && tree.root(301).is_none());
    }

    proptest! {
        #[test]
        fn a_run_that_starts_anywhere_holds_the_subtrees_of_the_whole(start in 1u64..700, length in 1u64..700) {
            let mut whole = Run::new(0);
            (0..start + length).for_each(|i| whole.push(leaf(i)));
            let mut part = Run::new(start);
            (start..start + length).for_each(|i| part.push(leaf(i)));
            for height in 0..10 {
                for number in 0..(start + length) >> height {
                    let complete = number << height >= start;
                    let expected = complete.then(|| whole.nodes(height, number, 1)).flatten();
                    prop_assert_eq!(part.nodes(height, number, 1), expected);
                }
            }
        }
    }
}
