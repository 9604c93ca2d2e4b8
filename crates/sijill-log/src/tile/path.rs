//! Resource paths: `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]`, where `<N>` is written in groups of three
//! digits, all but the last marked with an `x`: 1234067 is `x001/x234/067`.

use std::fmt::Write;

use super::{TILE_WIDTH, Tile};
use crate::{LogError, parse_decimal};

impl Tile {
    /// Where the tile is served, relative to the log's prefix.
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, self.place())
    }

    /// Where the entry bundle with the tile's index and width is served.
    pub fn entries_path(&self) -> String {
        format!("tile/entries/{}", self.place())
    }

    /// Reads [`Tile::path`]'s spelling and no other.
    pub fn from_path(path: &str) -> Result<Self, LogError> {
        let parts = path.strip_prefix("tile/").and_then(|rest| rest.split_once('/'));
        let (level, place) = parts.ok_or(LogError::TilePath)?;
        let level =
            parse_decimal(level).and_then(|level| u8::try_from(level).ok()).ok_or(LogError::TilePath)?;
        let tile = Self::from_place(level, place).ok_or(LogError::TilePath)?;
        if tile.path() == path { Ok(tile) } else { Err(LogError::TilePath) }
    }

    /// Reads [`Tile::entries_path`]'s spelling and no other, as the level-0 tile of the same entries.
    pub fn from_entries_path(path: &str) -> Result<Self, LogError> {
        let place = path.strip_prefix("tile/entries/").ok_or(LogError::TilePath)?;
        let tile = Self::from_place(0, place).ok_or(LogError::TilePath)?;
        if tile.entries_path() == path { Ok(tile) } else { Err(LogError::TilePath) }
    }

    fn place(&self) -> String {
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        let mut place = String::new();
        for (left, group) in (0..groups.len()).rev().zip(groups.iter().rev()) {
            // Writing to a String cannot fail.
            let _ = if left > 0 { write!(place, "x{group:03}/") } else { write!(place, "{group:03}") };
        }
        if !self.is_full() {
            let _ = write!(place, ".p/{}", self.width);
        }
        place
    }

    /// Reads `<N>[.p/<W>]` loosely; the callers compare with the one correct spelling.
    fn from_place(level: u8, place: &str) -> Option<Self> {
        let (groups, width) = match place.split_once(".p/") {
            Some((groups, width)) => (groups, u16::try_from(parse_decimal(width)?).ok()?),
            None => (place, TILE_WIDTH),
        };
        let mut index = 0u64;
        for group in groups.split('/') {
            let digits: u64 = group.strip_prefix('x').unwrap_or(group).parse().ok()?;
            index = index.checked_mul(1000)?.checked_add(digits)?;
        }
        let tile = Self { level, index, width };
        tile.is_possible().then_some(tile)
    }
}
