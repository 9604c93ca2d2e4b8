//! Which `log.witnessed` bound an entry: found in stream `log` without reading all of it.

use std::collections::BTreeMap;

use sijill_domain::event::LogWitnessed;
use sijill_event::Entry;

use super::gather::Archive;
use crate::{HeldCheckpoint, Unreadable};

/// Entries of the stream read at a time: neighbours are asked for next.
const PAGE: u32 = 8;

/// Stream `log` as far as it was looked at.
pub(super) struct Records<'a> {
    archive: &'a dyn Archive,
    /// Events of the stream, as far as the checkpoint covers them or a little more.
    length: u64,
    size: u64,
    /// By position in the stream: index and entry.
    read: BTreeMap<u64, (u64, String)>,
    /// Positions of the stream where no record is: below the first, and from the second on.
    barren: (u64, u64),
}

impl<'a> Records<'a> {
    pub(super) fn new(archive: &'a dyn Archive, size: u64) -> Result<Self, Unreadable> {
        let length = archive.log_length()?;
        Ok(Self { archive, length, size, read: BTreeMap::new(), barren: (0, length) })
    }

    /// The last record with an index below `seen`: what an author who saw that many entries cannot have signed before.
    pub(super) fn before(&mut self, seen: u64) -> Result<Option<(u64, String)>, Unreadable> {
        let from = self.first_from(seen)?;
        for seq in (self.barren.0..from).rev() {
            if let Some((index, entry)) = self.at(seq)?.filter(|(_, entry)| recorded(entry).is_some()) {
                return Ok(Some((index, entry)));
            }
        }
        self.barren.0 = self.barren.0.max(from);
        Ok(None)
    }

    /// The first record whose checkpoint covers an entry.
    pub(super) fn covering(&mut self, entry: u64) -> Result<Option<(u64, String)>, Unreadable> {
        let from = self.first_from(entry)?;
        let mut any = false;
        for seq in from..self.barren.1 {
            let Some((index, text)) = self.at(seq)?.filter(|(index, _)| *index < self.size) else { break };
            let held = recorded(&text);
            if held.as_ref().is_some_and(|held| held.checkpoint.size > entry) {
                return Ok(Some((index, text)));
            }
            any |= held.is_some();
        }
        if !any {
            self.barren.1 = self.barren.1.min(from);
        }
        Ok(None)
    }

    /// Position of the stream's first event with at least this index: by halves, since positions and indexes ascend together.
    fn first_from(&mut self, index: u64) -> Result<u64, Unreadable> {
        // What was looked at before narrows it down.
        let low = self.read.iter().rev().find(|(_, (at, _))| *at < index).map_or(0, |(seq, _)| seq + 1);
        let high = self.read.iter().find(|(_, (at, _))| *at >= index).map_or(self.length, |(seq, _)| *seq);
        let (mut low, mut high) = (low, high);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.at(middle)? {
                Some((at, _)) if at < index => low = middle + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }

    fn at(&mut self, seq: u64) -> Result<Option<(u64, String)>, Unreadable> {
        if !self.read.contains_key(&seq) && seq < self.length {
            self.read.extend((seq..).zip(self.archive.log_entries(seq, PAGE)?));
        }
        Ok(self.read.get(&seq).cloned())
    }
}

/// The checkpoint that an entry records, if it is such a record.
pub(super) fn recorded(entry: &str) -> Option<HeldCheckpoint> {
    let event = Entry::parse(entry.as_bytes()).ok()?.event;
    if event.event_type != LogWitnessed::TYPE {
        return None;
    }
    let said = LogWitnessed::parse(&event.data).ok()?;
    HeldCheckpoint::parse(said.checkpoint.to_string().as_bytes()).ok()
}
