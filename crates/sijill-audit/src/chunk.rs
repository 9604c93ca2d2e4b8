//! Reading a source from front to back, in pieces.

use std::ops::Range;

use sijill_log::{Tile, tile};

use crate::source::{Disclosures, Source};
use crate::{Unreadable, tree};

/// Entries read at a time: enough that signatures of one key lie together, few enough that several chunks fit in memory.
pub(crate) const CHUNK: usize = 2048;

/// A tile and its bytes, if it is there.
pub(crate) type ReadTile = (Tile, Option<Vec<u8>>);

/// Some entries, and what belongs to them.
pub(crate) struct Chunk {
    /// The indexes it answers for; where no entry is given, none is there.
    pub(crate) range: Range<u64>,
    pub(crate) entries: Vec<(u64, Vec<u8>)>,
    /// The tiles that these entries complete.
    pub(crate) tiles: Vec<ReadTile>,
    pub(crate) disclosures: Disclosures,
}

/// Reads chunk after chunk of a ledger that claims `size` entries. The last one holds no entries, but what follows them.
pub(crate) struct Chunks<'a> {
    source: &'a dyn Source,
    size: u64,
    next: u64,
    /// Whether no entries are left.
    exhausted: bool,
    /// Whether everything was read.
    done: bool,
}

impl<'a> Chunks<'a> {
    pub(crate) fn new(source: &'a dyn Source, size: u64) -> Self {
        Self::behind(source, 0, size)
    }

    /// Of a source whose entries below `next` were read before.
    pub(crate) fn behind(source: &'a dyn Source, next: u64, size: u64) -> Self {
        Self { source, size, next, exhausted: false, done: false }
    }

    fn read(&mut self) -> Result<Chunk, Unreadable> {
        let (from, is_whole) = (self.next, self.source.is_whole());
        if self.exhausted || (is_whole && from == self.size) {
            self.done = true;
            let disclosures = self.source.disclosures(from..from, self.size)?;
            return Ok(Chunk {
                range: from..from,
                entries: Vec::new(),
                tiles: self.last_tiles()?,
                disclosures,
            });
        }
        let mut entries = self.source.entries(from, CHUNK)?;
        let ascending = entries.is_sorted_by(|(a, _), (b, _)| a < b);
        if !ascending || entries.len() > CHUNK || entries.first().is_some_and(|(index, _)| *index < from) {
            return Err(Unreadable::Source("entries came in the wrong order".to_owned()));
        }
        if is_whole {
            // A database may be ahead of the checkpoint. In evidence, whatever is there is to be proved.
            entries.retain(|(index, _)| *index < self.size);
        }
        self.exhausted = entries.is_empty();
        self.next = entries.last().map_or(self.size.max(from), |(index, _)| index.saturating_add(1));
        let tiles = self.tiles(&entries)?;
        let disclosures = self.source.disclosures(from..self.next, self.size)?;
        Ok(Chunk { range: from..self.next, entries, tiles, disclosures })
    }

    /// The full tiles whose last leaf is among these entries. A tile that ends in a hole is not judged anyway, and a hole
    /// may be as long as a checkpoint can claim: nothing here loops over one.
    fn tiles(&self, entries: &[(u64, Vec<u8>)]) -> Result<Vec<ReadTile>, Unreadable> {
        let mut tiles = Vec::new();
        if !self.source.is_whole() {
            return Ok(tiles);
        }
        for run in entries.chunk_by(|(a, _), (b, _)| a + 1 == *b) {
            let (Some((first, _)), Some((last, _))) = (run.first(), run.last()) else { continue };
            for tile in tile::new_full_tiles(*first, last + 1) {
                tiles.push((tile, self.source.tile(tile)?));
            }
        }
        Ok(tiles)
    }

    fn last_tiles(&self) -> Result<Vec<ReadTile>, Unreadable> {
        let mut tiles = Vec::new();
        if self.source.is_whole() && self.source.partial_tiles() {
            for tile in tree::partial_tiles(self.size) {
                tiles.push((tile, self.source.tile(tile)?));
            }
        }
        Ok(tiles)
    }
}

impl Iterator for Chunks<'_> {
    type Item = Result<Chunk, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let chunk = self.read();
        self.done |= chunk.is_err();
        Some(chunk)
    }
}
