//! What the database keeps beside the entries, held against them: index columns, head, tiles, stream heads; and documents,
//! held against their hashes.
//!
//! Case rows and match keys are not compared: they are read models, which prove nothing and can be derived anew.

use std::collections::BTreeMap;

use sijill_audit::{Facts, LedgerEnd, Source as _, StreamEnd, Unreadable};
use sijill_event::{Digest, Entry, StreamKind};
use sijill_store::{IndexRow, MAX_PAGE, StoreError, StreamHead};

use super::{Database, told, unreadable};

/// How the sentence of a table, index, trigger or view begins that is not the migrations'.
const FORM: &str = "the form of the database is not what its migrations make: ";

impl Database {
    /// Compares the columns entries are found by with what the entries say.
    pub(super) fn compare_rows(&self, facts: &[Facts<'_>]) -> Result<(), Unreadable> {
        let (Some(first), Some(last)) = (facts.first(), facts.last()) else { return Ok(()) };
        let mut rows = BTreeMap::new();
        let mut next = first.index;
        while next <= last.index {
            let page = match self.runtime.block_on(self.store.index_rows(next, MAX_PAGE)) {
                Err(StoreError::Corrupt { .. }) => self.rows_around_hole(facts, next)?,
                page => page.map_err(|error| unreadable(&error))?,
            };
            let Some(end) = page.last() else { break };
            next = end.index + 1;
            rows.extend(page.into_iter().map(|row| (row.index, row)));
        }
        for fact in facts {
            let Some(row) = rows.get(&fact.index) else { continue };
            let registry = matches!(fact.stream.kind(), StreamKind::Ledger | StreamKind::Agency);
            let same = row.stream == fact.stream.as_str()
                && row.seq == fact.seq
                && row.jti == fact.jti
                && row.registry == registry;
            if !same {
                let what =
                    "the columns the database finds it by (stream, seq, jti, registry) are not what it says";
                self.note(Some(fact.index), what.to_string());
            }
        }
        Ok(())
    }

    /// The rows that can be read, one by one, and a discrepancy for each that is there and cannot.
    fn rows_around_hole(&self, facts: &[Facts<'_>], from: u64) -> Result<Vec<IndexRow>, Unreadable> {
        let mut rows = Vec::new();
        for index in facts.iter().map(|fact| fact.index).filter(|index| *index >= from) {
            match self.runtime.block_on(self.store.index_rows(index, 1)) {
                Ok(page) => rows.extend(page.into_iter().filter(|row| row.index == index)),
                Err(error @ StoreError::Corrupt { .. }) => {
                    self.note(Some(index), format!("the columns it is found by: {}", told(&error)));
                }
                Err(error) => return Err(unreadable(&error)),
            }
        }
        Ok(rows)
    }

    /// Compares head, tiles and stream heads, once all entries were read.
    pub(super) fn compare_end(&self, end: &LedgerEnd<'_>) -> Result<(), Unreadable> {
        let sound = self.check_head(end)?;
        // Rows that the head does not cover were planted: they would stand in the way of what comes next.
        let strays = self.sound("what lies beyond the head", self.store.strays())?;
        for stray in strays.unwrap_or_default() {
            self.note(None, format!("the database holds {stray}"));
        }
        self.check_streams(end, sound)
    }

    /// What no single row tells: rows nobody reads, damage, a schema no migration makes; and what no entry tells: documents.
    pub(super) fn check_whole(&self) -> Result<(), Unreadable> {
        for hash in self.documents()? {
            if self.document(&hash)?.is_some_and(|bytes| Digest::of(&bytes) != hash) {
                self.note(None, format!("the bytes of document {hash} are not its hash"));
            }
        }
        let found = self.sound("the database as a whole", self.store.irregularities())?;
        // However many tables and indexes it is, it is one finding: the others must not be lost behind it.
        let mut form = Vec::new();
        for irregular in found.unwrap_or_default() {
            let told = irregular.to_string();
            match told.strip_prefix(FORM) {
                Some(what) => form.push(what.to_owned()),
                None => self.note(None, told),
            }
        }
        if !form.is_empty() {
            self.note(None, format!("{FORM}{}", form.join(", ")));
        }
        Ok(())
    }

    /// Answers whether the entries beyond the seal are sound, as far as there are any.
    fn check_head(&self, end: &LedgerEnd<'_>) -> Result<bool, Unreadable> {
        let Some(head) = self.sound("the head", self.store.head())? else { return Ok(true) };
        if head.size > end.size {
            return self.check_beyond(&head, end);
        }
        if head.size < end.size {
            self.note(None, format!("the database's head says {} entries, the seal {}", head.size, end.size));
            return Ok(true);
        }
        if end.root.is_some_and(|root| root.0 != head.root) {
            let message = "the root in the database's head is not the root of its entries";
            self.note(None, message.to_string());
        }
        if end.received.is_some_and(|received| received != head.received) {
            let message = "`received` in the database's head is not that of the last entry";
            self.note(None, message.to_string());
        }
        Ok(true)
    }

    /// `sound`: as [`check_head`](Self::check_head) answers. Otherwise a stream that goes on beyond the seal is not judged: which
    /// entry is gone has been said, and that its stream's head cannot be derived follows.
    fn check_streams(&self, end: &LedgerEnd<'_>, sound: bool) -> Result<(), Unreadable> {
        let (mut after, mut known) = (String::new(), 0);
        loop {
            let page = self.sound("the stream heads", self.store.stream_head_rows(&after, MAX_PAGE))?;
            let Some(page) = page else { return Ok(()) };
            let Some(last) = page.last() else { break };
            after.clone_from(&last.stream);
            for row in page {
                match (end.stream)(&row.stream) {
                    Some(stream) => {
                        known += 1;
                        self.check_stream(&row, &stream, end.size, sound)?;
                    }
                    // A stream that began beyond the seal.
                    None if !sound || self.continues(&row, 0, end.size)? => {}
                    None => self.note(None, format!("stream {} has a head and no entries", row.stream)),
                }
            }
        }
        if known < end.streams {
            self.note(None, format!("{} streams have entries and no head", end.streams - known));
        }
        Ok(())
    }

    fn check_stream(
        &self,
        row: &StreamHead,
        stream: &StreamEnd,
        size: u64,
        sound: bool,
    ) -> Result<(), Unreadable> {
        let same = (row.seq, row.last) == (stream.seq, stream.last.0);
        let moved_on =
            !same && row.seq > stream.seq && (!sound || self.continues(row, stream.seq + 1, size)?);
        if !same && !moved_on {
            self.note(None, format!("the head of stream {} is not its last entry", row.stream));
        } else if same && row.parties != stream.parties.to_string() {
            self.note(None, format!("the parties of stream {} are not those its entries give", row.stream));
        }
        Ok(())
    }

    /// Whether the stream goes on from `seq` to this head with entries beyond the seal alone.
    fn continues(&self, row: &StreamHead, seq: u64, size: u64) -> Result<bool, Unreadable> {
        let mut next = seq;
        loop {
            let page = match self.runtime.block_on(self.store.stream_entries(&row.stream, next, MAX_PAGE)) {
                Err(StoreError::Corrupt { .. }) => return Ok(false),
                page => page.map_err(|error| unreadable(&error))?,
            };
            if page.is_empty() || page.iter().any(|(index, _)| *index < size) {
                return Ok(false);
            }
            for (_, text) in &page {
                let Ok(entry) = Entry::parse(text.as_bytes()) else { return Ok(false) };
                if entry.event.seq == row.seq {
                    return Ok(entry.event.hash().0 == row.last);
                }
                next = entry.event.seq + 1;
            }
        }
    }
}
