//! A tile or bundle path that parses prints back to the path it came from.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sijill_log::Tile;

fuzz_target!(|path: &str| {
    if let Ok(tile) = Tile::from_path(path) {
        assert_eq!(tile.path(), path);
    }
    if let Ok(tile) = Tile::from_entries_path(path) {
        assert_eq!(tile.entries_path(), path);
    }
});
