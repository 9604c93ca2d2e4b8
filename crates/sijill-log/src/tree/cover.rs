//! Ranges of leaves as rows of complete subtrees.

use crate::MAX_SIZE;

/// The fewest complete subtrees that lie side by side from leaf `start` up to `end`, from left to right, each as level and
/// number ([`crate::HashReader::subtree`]): at most 126. A range that is empty, or ends behind [`MAX_SIZE`], has none.
pub fn cover(mut start: u64, end: u64) -> impl Iterator<Item = (u8, u64)> {
    let end = if end <= MAX_SIZE { end } else { start };
    std::iter::from_fn(move || {
        let left = end.checked_sub(start).filter(|left| *left > 0)?;
        // Aligned at its place (0 is at every height), and no wider than what is left.
        let level = start.trailing_zeros().min(left.ilog2());
        let subtree = (u8::try_from(level).unwrap_or(u8::MAX), start >> level);
        start += 1 << level;
        Some(subtree)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Frontier, Hash, HashReader, TileBuilder, TileSet, leaf_hash};

    fn leaf(i: u64) -> Hash {
        leaf_hash(&i.to_be_bytes())
    }

    proptest! {
        /// A tree put together of leaves and of subtrees between them has the roots of the whole, at every seam.
        #[test]
        fn pieces_give_the_roots_of_the_whole(size in 1u64..1200, held in prop::collection::btree_set(0u64..1200, 0..20)) {
            let (mut builder, mut tiles) = (TileBuilder::new(), TileSet::new());
            for full in builder.extend((0..size).map(leaf)) {
                tiles.insert(full.tile, &full.bytes).expect("a tile");
            }
            let reader = (&builder, &tiles);
            let (mut pieced, mut whole) = (Frontier::new(), Frontier::new());
            for stop in held.into_iter().filter(|index| *index < size).chain([size]) {
                let at = pieced.size();
                prop_assert!(cover(at, stop).count() <= 126);
                for (level, index) in cover(at, stop) {
                    pieced.push_subtree(level, reader.subtree(level, index).expect("held")).expect("it fits");
                }
                (whole.size()..stop).for_each(|i| whole.push(leaf(i)));
                prop_assert_eq!(&pieced, &whole);
                if stop < size {
                    pieced.push(leaf(stop));
                }
            }
        }
    }

    #[test]
    fn a_subtree_lies_only_at_a_multiple_of_its_width() {
        let mut frontier = Frontier::new();
        frontier.push(leaf(0));
        for level in [1, 62, 63, 64, 255] {
            let refused = frontier.clone().push_subtree(level, leaf(1)).map_err(|error| error.code());
            assert_eq!(refused, Err("frontier-step"), "{level}");
        }
        assert_eq!(frontier.push_subtree(0, leaf(1)), Ok(()));
        assert_eq!(frontier.push_subtree(1, leaf(2)), Ok(()));
        assert_eq!(frontier.size(), 4);
        let mut full = Frontier::from_parts(1 << 62, vec![leaf(0)]).expect("a frontier");
        assert_eq!(full.push_subtree(62, leaf(1)).map_err(|error| error.code()), Err("frontier-step"));
        assert_eq!(cover(5, 5).count() + cover(6, 5).count() + cover(0, u64::MAX).count(), 0);
    }
}
