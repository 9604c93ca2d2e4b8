//! A batch, and the rules it keeps whatever the engine.

use std::collections::{HashMap, HashSet};

use crate::case::{CaseRow, MatchKey, check_cases, is_name};
use crate::types::{DisclosureKey, FullTile, Hash, Head, NewEntry, SealedDisclosure, StreamHead};

/// Size of a full tile: 256 hashes of 32 bytes (C2SP tlog-tiles).
pub const TILE_BYTES: usize = 256 * 32;

/// Longest stream name: longer ones do not fit a database index everywhere.
pub const MAX_STREAM_BYTES: usize = 255;

/// Both engines hold numbers as signed 64-bit integers.
pub(crate) const MAX_NUMBER: u64 = i64::MAX.unsigned_abs();

/// Everything one commit writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The head this batch was decided upon; its size and root must still be the database's.
    pub expected: Head,
    /// The head afterwards.
    pub head: Head,
    /// At least one entry, contiguous from `expected.size` to `head.size`.
    pub entries: Vec<NewEntry>,
    /// New or moved stream heads: at least one per stream that has an entry here.
    pub streams: Vec<StreamHead>,
    /// Tiles these entries have filled.
    pub tiles: Vec<FullTile>,
    /// The disclosures of these entries.
    pub disclosures: Vec<SealedDisclosure>,
    /// Attachments these entries name, each with the entry's index: held already, and from now on kept from the sweep.
    pub attached: Vec<DisclosureKey>,
    /// Disclosures, of these or earlier entries, whose ciphertext is destroyed.
    pub erased: Vec<DisclosureKey>,
    /// Survivors of an erasure, sealed anew under another key.
    pub resealed: Vec<SealedDisclosure>,
    /// Attachments whose ciphertext is destroyed.
    pub erased_attachments: Vec<Hash>,
    /// If set, every case that would wake later wakes at this time, Unix milliseconds, before `cases` are replaced: these
    /// entries may have moved what falls due in any of them.
    pub wake_all: Option<u64>,
    /// Cases these entries have touched: their rows replace all that was kept of them.
    pub cases: Vec<CaseRow>,
    /// Match keys to add, each with its case; one that is there already is no error.
    pub match_keys: Vec<(MatchKey, String)>,
}

/// Why a batch is refused before the database is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchFault {
    /// No entries.
    #[error("it has no entries")]
    Empty,
    /// The head does not follow from the expected head and the entries.
    #[error(
        "its head is not the expected head moved on by its entries (size is the sum, received never decreases)"
    )]
    Head,
    /// The entries' indexes are not contiguous.
    #[error("entry {0} is not where the batch has reached: indexes run from the expected size without a gap")]
    Index(u64),
    /// The stream heads do not follow from the entries.
    #[error(
        "entry {0} does not agree with its stream's head: one head per stream, at its last event, 1 to 255 bytes long"
    )]
    Stream(u64),
    /// An idempotency key occurs twice.
    #[error("the jti of entry {0} occurs earlier in the batch")]
    Jti(u64),
    /// A tile is not full.
    #[error("a tile is not exactly 256 hashes, or is given twice")]
    Tile,
    /// A disclosure or attachment of another entry, or the same one twice.
    #[error("a disclosure or attachment belongs to no entry of the batch, or is given twice")]
    Disclosure,
    /// An erasure names one thing twice, or reseals what it erases.
    #[error("something is erased twice, or erased and sealed anew")]
    Erasure,
    /// A case's rows are not what the database can hold.
    #[error(
        "a case is given twice, or has two desk rows of one unit and kind, or a name in its rows or beside a match key is \
         not 1 to 255 bytes long or holds the character U+0000"
    )]
    Case,
    /// A text holds U+0000, which `PostgreSQL` cannot keep.
    #[error("entry {0}, its stream or its parties hold the character U+0000")]
    Nul(u64),
    /// A number too large for the database.
    #[error("a number exceeds 2^63-1")]
    Number,
}

impl BatchFault {
    /// A stable name, in kebab case.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "batch-empty",
            Self::Head => "batch-head",
            Self::Index(_) => "batch-index",
            Self::Stream(_) => "batch-stream",
            Self::Jti(_) => "batch-jti",
            Self::Tile => "batch-tile",
            Self::Disclosure => "batch-disclosure",
            Self::Erasure => "batch-erasure",
            Self::Case => "batch-case",
            Self::Nul(_) => "batch-nul",
            Self::Number => "batch-number",
        }
    }
}

impl Batch {
    /// A batch that so far only appends `entries` to `expected`: the common case, to be filled in.
    pub fn new(expected: Head, head: Head, entries: Vec<NewEntry>) -> Self {
        Self {
            expected,
            head,
            entries,
            streams: Vec::new(),
            tiles: Vec::new(),
            disclosures: Vec::new(),
            attached: Vec::new(),
            erased: Vec::new(),
            resealed: Vec::new(),
            erased_attachments: Vec::new(),
            wake_all: None,
            cases: Vec::new(),
            match_keys: Vec::new(),
        }
    }

    /// Checks what can be checked without the database. Every engine calls it first, so that a fault of the caller
    /// is never mistaken for one of the database.
    pub fn check(&self) -> Result<(), BatchFault> {
        self.check_head()?;
        self.check_entries()?;
        self.check_streams()?;
        self.check_tiles()?;
        self.check_disclosures()?;
        self.check_erasures()?;
        self.check_case_rows()
    }

    fn check_head(&self) -> Result<(), BatchFault> {
        if self.entries.is_empty() {
            return Err(BatchFault::Empty);
        }
        if self.head.size > MAX_NUMBER || self.head.received > MAX_NUMBER {
            return Err(BatchFault::Number);
        }
        let grown = self.head.size.checked_sub(self.expected.size);
        let follows =
            grown == u64::try_from(self.entries.len()).ok() && self.head.received >= self.expected.received;
        if follows { Ok(()) } else { Err(BatchFault::Head) }
    }

    fn check_entries(&self) -> Result<(), BatchFault> {
        let mut seen = HashSet::with_capacity(self.entries.len());
        for (index, entry) in (self.expected.size..).zip(&self.entries) {
            if entry.index != index {
                return Err(BatchFault::Index(entry.index));
            }
            if entry.seq > MAX_NUMBER {
                return Err(BatchFault::Number);
            }
            if entry.entry.contains('\0') || entry.stream.contains('\0') {
                return Err(BatchFault::Nul(index));
            }
            if !seen.insert(entry.jti) {
                return Err(BatchFault::Jti(index));
            }
        }
        Ok(())
    }

    /// A head may move without an entry (another stream's event changed its parties); an entry never without its head.
    fn check_streams(&self) -> Result<(), BatchFault> {
        let first = self.expected.size;
        let mut heads = HashMap::with_capacity(self.streams.len());
        for head in &self.streams {
            if head.parties.contains('\0') || head.stream.contains('\0') {
                return Err(BatchFault::Nul(first));
            }
            if head.seq > MAX_NUMBER {
                return Err(BatchFault::Number);
            }
            let length_fits = (1..=MAX_STREAM_BYTES).contains(&head.stream.len());
            if !length_fits || heads.insert(head.stream.as_str(), head.seq).is_some() {
                return Err(BatchFault::Stream(first));
            }
        }
        // Backwards: a stream's last entry here is its head, and each earlier one stands right before the next.
        for entry in self.entries.iter().rev() {
            match heads.get_mut(entry.stream.as_str()) {
                Some(expected) if *expected == entry.seq => *expected = entry.seq.wrapping_sub(1),
                _ => return Err(BatchFault::Stream(entry.index)),
            }
        }
        Ok(())
    }

    fn check_tiles(&self) -> Result<(), BatchFault> {
        let mut seen = HashSet::with_capacity(self.tiles.len());
        for tile in &self.tiles {
            if tile.index > MAX_NUMBER {
                return Err(BatchFault::Number);
            }
            if tile.hashes.len() != TILE_BYTES || !seen.insert((tile.level, tile.index)) {
                return Err(BatchFault::Tile);
            }
        }
        Ok(())
    }

    fn check_disclosures(&self) -> Result<(), BatchFault> {
        let batch = self.expected.size..self.head.size;
        // A digest names one disclosure in the whole log, so it is unique here whatever its entry.
        let disclosed = self.disclosures.iter().map(|d| (d.index, d.digest));
        let mut digests = HashSet::with_capacity(self.disclosures.len());
        for (index, digest) in disclosed {
            if !batch.contains(&index) || !digests.insert(digest) {
                return Err(BatchFault::Disclosure);
            }
        }
        let mut attached = HashSet::with_capacity(self.attached.len());
        for (index, digest) in &self.attached {
            if !batch.contains(index) || !attached.insert(digest) {
                return Err(BatchFault::Disclosure);
            }
        }
        Ok(())
    }

    fn check_erasures(&self) -> Result<(), BatchFault> {
        let resealed = self.resealed.iter().map(|d| (d.index, d.digest));
        let mut touched = HashSet::new();
        for key in self.erased.iter().copied().chain(resealed) {
            if key.0 > MAX_NUMBER {
                return Err(BatchFault::Number);
            }
            if !touched.insert(key) {
                return Err(BatchFault::Erasure);
            }
        }
        let mut attachments = HashSet::new();
        let once = self.erased_attachments.iter().all(|digest| attachments.insert(digest));
        if once { Ok(()) } else { Err(BatchFault::Erasure) }
    }

    fn check_case_rows(&self) -> Result<(), BatchFault> {
        if self.wake_all.is_some_and(|at| at > MAX_NUMBER) {
            return Err(BatchFault::Number);
        }
        check_cases(&self.cases)?;
        let named = self.match_keys.iter().all(|(_, case)| is_name(case));
        if named { Ok(()) } else { Err(BatchFault::Case) }
    }
}
