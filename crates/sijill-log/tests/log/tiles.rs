//! Tiles, the builder that makes them, and bundles.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sijill_log::{
    Frontier, FullTile, Hash, HashReader, LogError, Tile, TileBuilder, TileSet, bundle,
    tile::{new_full_tiles, tiles_for_consistency, tiles_for_inclusion, tiles_for_root, tiles_for_size},
    tree::{consistency_proof, inclusion_proof, root_at},
};

use crate::{
    code,
    naive::{self, Leaves, Uniform, leaves, mth},
};

/// A tile's bytes by the definition: `MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l])`.
fn defined(tile: &Tile, reader: &impl HashReader) -> Result<Vec<u8>, LogError> {
    let first = tile.index * 256;
    let hashes = (first..first + u64::from(tile.width)).map(|i| Ok(reader.subtree(8 * tile.level, i)?.0));
    Ok(hashes.collect::<Result<Vec<_>, LogError>>()?.concat())
}

fn set_of(tiles: &[Tile], reader: &impl HashReader) -> Result<TileSet, LogError> {
    let mut set = TileSet::new();
    tiles.iter().try_for_each(|tile| set.insert(*tile, &defined(tile, reader)?))?;
    Ok(set)
}

/// The example of the specification.
#[test]
fn seventy_thousand_leaves() {
    let tiles: Vec<Tile> = tiles_for_size(70_000).collect();
    let full = |level| tiles.iter().filter(|tile| tile.level == level && tile.is_full()).count();
    assert_eq!((full(0), full(1), full(2)), (273, 1, 0));
    let partial: Vec<String> = tiles.iter().filter(|tile| !tile.is_full()).map(Tile::path).collect();
    assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    let paths: Vec<String> = tiles_for_size(256).map(|tile| tile.path()).collect();
    assert_eq!(paths, ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(tiles_for_size(0).count(), 0);
}

/// A tree that reaches tile level 2, grown leaf by leaf.
#[test]
fn three_levels() -> Result<(), LogError> {
    let size = 70_000;
    let mut builder = TileBuilder::new();
    let mut frontier = Frontier::new();
    let mut full = BTreeMap::new();
    for index in 0..size {
        frontier.push(naive::leaf(index));
        for FullTile { tile, bytes } in builder.push(naive::leaf(index)) {
            assert_eq!(full.insert(tile, bytes), None);
        }
    }
    assert_eq!(builder.frontier(), frontier);
    let mut tiles = full.clone();
    tiles.extend(builder.partial_tiles());
    assert!(tiles.keys().copied().eq(tiles_for_size(size)));
    let mut set = TileSet::new();
    tiles.iter().try_for_each(|(tile, bytes)| set.insert(*tile, bytes))?;
    for (tile, bytes) in &tiles {
        assert_eq!(*bytes, defined(tile, &set)?);
    }
    assert_eq!(root_at(size, &set)?, mth(&leaves(size)));

    let needed = TileBuilder::tiles_to_resume(size);
    let mut stored = TileSet::new();
    needed.iter().try_for_each(|tile| stored.insert(*tile, &full[tile]))?;
    let tail: Vec<Hash> = (size - size % 256..size).map(naive::leaf).collect();
    let resumed = TileBuilder::resume(size, &stored, &tail)?;
    assert_eq!(resumed.root(), builder.root());
    assert_eq!(resumed.partial_tiles(), builder.partial_tiles());
    assert_eq!(code(TileBuilder::resume(size, &TileSet::new(), &tail)), "tile-missing");
    assert_eq!(code(TileBuilder::resume(size, &stored, &tail[1..])), "tile-tail");
    Ok(())
}

/// Edge and store as one reader, and who knows what.
#[test]
fn edge_beside_stored_tiles() -> Result<(), LogError> {
    let tree = Leaves(leaves(600));
    let mut builder = TileBuilder::new();
    let mut stored = TileSet::new();
    for FullTile { tile, bytes } in builder.extend(tree.0.iter().copied()) {
        stored.insert(tile, &bytes)?;
    }
    assert_eq!(inclusion_proof(3, 600, &(&builder, &stored))?, naive::path(3, &tree.0));
    assert_eq!(inclusion_proof(599, 600, &(&builder, &stored))?, naive::path(599, &tree.0));
    assert_eq!(inclusion_proof(3, 600, &builder), Err(LogError::TileMissing { level: 0, index: 0 }));
    assert_eq!(inclusion_proof(3, 600, &stored), Err(LogError::TileMissing { level: 0, index: 2 }));
    assert_eq!(root_at(512, &stored), Err(LogError::TileMissing { level: 1, index: 0 }));

    let past = Tile { level: 0, index: 2, width: 7 };
    assert_eq!(builder.partial_tile(&past), Some(defined(&past, &tree)?));
    assert_eq!(builder.partial_tile(&Tile { width: 89, ..past }), None, "wider than the tree");
    assert_eq!(builder.partial_tile(&Tile { index: 1, ..past }), None, "no longer on the edge");
    assert_eq!(builder.partial_tile(&Tile { level: 9, ..past }), None);

    let full = Tile::full(0, 1);
    assert!(stored.contains(&full) && stored.contains(&Tile { width: 5, ..full }) && !stored.contains(&past));
    let narrower = defined(&Tile { width: 5, ..full }, &tree)?;
    stored.insert(Tile { width: 5, ..full }, &narrower)?;
    assert!(stored.contains(&full), "the wider tile stays");
    for (tile, bytes) in [
        (past, vec![0; 6 * 32]),
        (past, vec![0; 7 * 32 + 1]),
        (Tile { width: 0, ..past }, vec![]),
        (Tile { width: 257, ..past }, vec![0; 257 * 32]),
        (Tile { level: 8, ..past }, vec![0; 7 * 32]),
        (Tile { index: u64::MAX, ..past }, vec![0; 7 * 32]),
    ] {
        assert_eq!(code(stored.insert(tile, &bytes)), "tile-bytes");
    }
    for (level, index) in [(63, 0), (255, 0), (0, u64::MAX), (8, 1 << 55)] {
        assert_eq!(stored.subtree(level, index), Err(LogError::TreeSize));
    }
    Ok(())
}

/// The needed tiles give the expected hashes; without any one of them, nothing.
fn enough_and_no_more(
    tree: &Uniform,
    needed: &[Tile],
    expected: &[Hash],
    read: impl Fn(&TileSet) -> Result<Vec<Hash>, LogError>,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(read(&set_of(needed, tree)?)?, expected);
    for left_out in needed {
        let others: Vec<Tile> = needed.iter().filter(|tile| *tile != left_out).copied().collect();
        prop_assert_eq!(code(read(&set_of(&others, tree)?)), "tile-missing");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Batches of any size, a restart after each: the same tiles, edge and root as written in one go.
    #[test]
    fn builder_resumes_anywhere(batches in prop::collection::vec(0..400u64, 1..6)) {
        let mut stored = BTreeMap::<Tile, Vec<u8>>::new();
        let mut size = 0;
        for batch in batches {
            let mut held = TileSet::new();
            for tile in TileBuilder::tiles_to_resume(size) {
                held.insert(tile, &stored[&tile])?;
            }
            let tail: Vec<Hash> = (size - size % 256..size).map(naive::leaf).collect();
            let mut builder = TileBuilder::resume(size, &held, &tail)?;
            let completed = builder.extend((size..size + batch).map(naive::leaf));
            let mut named: Vec<Tile> = completed.iter().map(|full| full.tile).collect();
            named.sort_unstable();
            prop_assert!(named.into_iter().eq(new_full_tiles(size, size + batch)));
            stored.extend(completed.into_iter().map(|full| (full.tile, full.bytes)));
            size += batch;

            let tree = Leaves(leaves(size));
            prop_assert_eq!(builder.size(), size);
            prop_assert_eq!(builder.root(), mth(&tree.0));
            prop_assert_eq!(builder.frontier(), Frontier::read(size, &tree)?);
            let partial = tiles_for_size(size).filter(|tile| !tile.is_full());
            let partial: Result<Vec<_>, LogError> = partial.map(|tile| Ok((tile, defined(&tile, &tree)?))).collect();
            prop_assert_eq!(builder.partial_tiles(), partial?);
        }
        let tree = Leaves(leaves(size));
        for (tile, bytes) in &stored {
            prop_assert_eq!(bytes, &defined(tile, &tree)?);
        }
    }

    /// A reader that fetches the tiles it is told to has enough, and none too many.
    #[test]
    fn needed_tiles_are_enough_and_no_more(new in 1..=sijill_log::MAX_SIZE, shift in 0..63u32, cut in any::<u64>()) {
        let tree = Uniform::new();
        let size = (new >> shift).max(1);
        let (index, old) = (cut % size, cut % size + 1);
        let inclusion = inclusion_proof(index, size, &tree)?;
        let consistency = consistency_proof(old, size, &tree)?;
        enough_and_no_more(&tree, &tiles_for_root(size)?, &[tree.mth(size)], |set| Ok(vec![root_at(size, set)?]))?;
        enough_and_no_more(&tree, &tiles_for_inclusion(index, size)?, &inclusion, |set| inclusion_proof(index, size, set))?;
        enough_and_no_more(&tree, &tiles_for_consistency(old, size)?, &consistency, |set| consistency_proof(old, size, set))?;
    }

    #[test]
    fn paths_round_trip(level in 0..8u8, index in any::<u64>(), shift in 0..64u32, width in 1..=256u16) {
        let tile = Tile { level, index: index >> shift, width };
        let read = Tile::from_path(&tile.path());
        if tile.is_possible() {
            prop_assert_eq!(read, Ok(tile));
            prop_assert_eq!(Tile::from_entries_path(&tile.entries_path()), Ok(Tile { level: 0, ..tile }));
        } else {
            prop_assert_eq!(read, Err(LogError::TilePath));
        }
    }

    #[test]
    fn strange_paths_are_refused_or_canonical(path in "tile/(entries|[0-9x]{1,3})/[x0-9/.p+-]{0,12}") {
        if let Ok(tile) = Tile::from_path(&path) {
            prop_assert_eq!(tile.path(), path.clone());
        }
        if let Ok(tile) = Tile::from_entries_path(&path) {
            prop_assert_eq!(tile.entries_path(), path);
        }
    }

    #[test]
    fn bundles_round_trip(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..=256)) {
        let width = u16::try_from(entries.len())?;
        let bytes = bundle::encode(&entries)?;
        prop_assert_eq!(bundle::decode(&bytes, width)?, entries);
        prop_assert_eq!(code(bundle::decode(&bytes, width - 1)), if width > 1 { "bundle-trailing" } else { "bundle-width" });
        prop_assert_eq!(code(bundle::decode(&bytes[..bytes.len() - 1], width)), "bundle-truncated");
    }

    #[test]
    fn any_bytes_as_bundle(bytes in prop::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..200), width in any::<u16>()) {
        if let Ok(entries) = bundle::decode(&bytes, width) {
            prop_assert_eq!(bundle::encode(&entries)?, bytes);
        }
    }
}
