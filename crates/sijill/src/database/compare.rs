//! What the database keeps beside the entries, held against them: index columns, head, stream heads, attachments.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use sijill_audit::{Discrepancy, Facts, LedgerEnd, StreamEnd, Unreadable};
use sijill_event::{Digest, Entry, StreamKind};
use sijill_ledger::VaultError;
use sijill_store::{IndexRow, MAX_PAGE, StoreError, StreamHead};

use super::{Cited, Database, unreadable};

impl Database {
    /// Compares the columns entries are found by with what the entries say.
    pub(super) fn compare_rows(&self, facts: &[Facts<'_>]) -> Result<Vec<Discrepancy>, Unreadable> {
        let (Some(first), Some(last)) = (facts.first(), facts.last()) else { return Ok(Vec::new()) };
        let mut rows = BTreeMap::new();
        let mut next = first.index;
        let mut found = Vec::new();
        while next <= last.index {
            let page = match self.runtime.block_on(self.store.index_rows(next, MAX_PAGE)) {
                Err(StoreError::Corrupt { .. }) => self.rows_around_hole(facts, next, &mut found)?,
                page => page.map_err(|error| unreadable(&error))?,
            };
            let Some(end) = page.last() else { break };
            next = end.index + 1;
            rows.extend(page.into_iter().map(|row| (row.index, row)));
        }
        let wrong = facts.iter().filter_map(|fact| {
            let row = rows.get(&fact.index)?;
            let registry = matches!(fact.stream.kind(), StreamKind::Ledger | StreamKind::Agency);
            let same = row.stream == fact.stream.as_str()
                && row.seq == fact.seq
                && row.jti == fact.jti
                && row.registry == registry;
            let what =
                "the columns the database finds it by (stream, seq, jti, registry) are not what it says";
            (!same).then(|| about(Some(fact.index), what.to_string()))
        });
        found.extend(wrong);
        Ok(found)
    }

    /// The rows that can be read, one by one, and a discrepancy for each that is there and cannot.
    fn rows_around_hole(
        &self,
        facts: &[Facts<'_>],
        from: u64,
        found: &mut Vec<Discrepancy>,
    ) -> Result<Vec<IndexRow>, Unreadable> {
        let mut rows = Vec::new();
        for index in facts.iter().map(|fact| fact.index).filter(|index| *index >= from) {
            match self.runtime.block_on(self.store.index_rows(index, 1)) {
                Ok(page) => rows.extend(page.into_iter().filter(|row| row.index == index)),
                Err(error @ StoreError::Corrupt { .. }) => found.push(about(Some(index), error.to_string())),
                Err(error) => return Err(unreadable(&error)),
            }
        }
        Ok(rows)
    }

    /// Compares head, stream heads and attachments, once all entries were read.
    pub(super) fn compare_end(&self, end: &LedgerEnd<'_>) -> Result<Vec<Discrepancy>, Unreadable> {
        let mut found = Vec::new();
        self.check_head(end, &mut found)?;
        self.check_beyond(&mut found)?;
        self.check_streams(end, &mut found)?;
        self.check_attachments(&mut found)?;
        Ok(found)
    }

    fn check_head(&self, end: &LedgerEnd<'_>, found: &mut Vec<Discrepancy>) -> Result<(), Unreadable> {
        let head = self.wait(self.store.head())?;
        if head.size < end.size {
            found.push(about(
                None,
                format!("the database's head says {} entries, the seal {}", head.size, end.size),
            ));
        } else if head.size == end.size {
            if end.root.is_some_and(|root| root.0 != head.root) {
                found.push(about(
                    None,
                    "the root in the database's head is not the root of its entries".to_string(),
                ));
            }
            if head.received != end.received {
                found.push(about(
                    None,
                    "`received` in the database's head is not that of the last entry".to_string(),
                ));
            }
        } else if !self.holds(head.size - 1)? {
            // Entries behind the seal are not published yet; but they are there.
            found.push(about(
                None,
                format!("the database's head says {} entries, and the last is missing", head.size),
            ));
        }
        Ok(())
    }

    /// Rows beyond the head were planted: they would stand in the way of what comes next.
    fn check_beyond(&self, found: &mut Vec<Discrepancy>) -> Result<(), Unreadable> {
        let before = self.wait(self.store.head())?.size;
        let entry = match self.runtime.block_on(self.store.index_rows(before, 1)) {
            Err(StoreError::Corrupt { .. }) => Some(u64::MAX),
            page => page.map_err(|error| unreadable(&error))?.first().map(|row| row.index),
        };
        let disclosure = self.wait(self.store.disclosures(before..u64::MAX >> 1, None, 1))?;
        let disclosure = disclosure.first().map(|row| row.index);
        // A server may be appending meanwhile: what its head has come to cover was not planted.
        let after = self.wait(self.store.head())?.size;
        for (what, index) in [("an entry", entry), ("a disclosure", disclosure)] {
            if index.is_some_and(|index| index >= after) {
                found.push(about(
                    None,
                    format!("the database holds {what} beyond its head of {after} entries"),
                ));
            }
        }
        for level in 0..7 {
            let next = after >> (8 * (u32::from(level) + 1));
            let planted = self.wait(self.store.tile(level, next))?.is_some();
            let grown = self.wait(self.store.head())?.size >> (8 * (u32::from(level) + 1)) > next;
            if planted && !grown {
                found.push(about(
                    None,
                    format!("the database holds tile {next} of level {level}, which is not full yet"),
                ));
            }
        }
        Ok(())
    }

    fn holds(&self, index: u64) -> Result<bool, Unreadable> {
        match self.runtime.block_on(self.store.entries(index, 1)) {
            Err(StoreError::Corrupt { .. }) => Ok(false),
            page => Ok(page.map_err(|error| unreadable(&error))?.first().is_some_and(|(at, _)| *at == index)),
        }
    }

    fn check_streams(&self, end: &LedgerEnd<'_>, found: &mut Vec<Discrepancy>) -> Result<(), Unreadable> {
        let (mut after, mut known) = (String::new(), 0);
        loop {
            let page = match self.runtime.block_on(self.store.stream_head_rows(&after, MAX_PAGE)) {
                Err(error @ StoreError::Corrupt { .. }) => {
                    found.push(about(None, format!("the stream heads cannot be read: {error}")));
                    return Ok(());
                }
                page => page.map_err(|error| unreadable(&error))?,
            };
            let Some(last) = page.last() else { break };
            after.clone_from(&last.stream);
            for row in page {
                match (end.stream)(&row.stream) {
                    Some(stream) => {
                        known += 1;
                        self.check_stream(&row, &stream, end.size, found)?;
                    }
                    // A stream that began behind the seal.
                    None if self.continues(&row, 0, end.size)? => {}
                    None => {
                        found.push(about(None, format!("stream {} has a head and no entries", row.stream)));
                    }
                }
            }
        }
        if known < end.streams {
            found.push(about(None, format!("{} streams have entries and no head", end.streams - known)));
        }
        Ok(())
    }

    fn check_stream(
        &self,
        row: &StreamHead,
        stream: &StreamEnd,
        size: u64,
        found: &mut Vec<Discrepancy>,
    ) -> Result<(), Unreadable> {
        let same = (row.seq, row.last) == (stream.seq, stream.last.0);
        let moved_on = !same && row.seq > stream.seq && self.continues(row, stream.seq + 1, size)?;
        if !same && !moved_on {
            found.push(about(None, format!("the head of stream {} is not its last entry", row.stream)));
        } else if same && row.parties != stream.parties.to_string() {
            found.push(about(
                None,
                format!("the parties of stream {} are not those its entries give", row.stream),
            ));
        }
        Ok(())
    }

    /// Whether the stream goes on from `seq` to this head with entries behind the seal alone.
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

    fn check_attachments(&self, found: &mut Vec<Discrepancy>) -> Result<(), Unreadable> {
        let cited = std::mem::take(&mut *self.attachments.lock().unwrap_or_else(PoisonError::into_inner));
        for (digest, Cited { index, size }) in cited {
            let wrong = match self.wait(self.store.attachment(digest))? {
                None => "it cites an attachment the vault does not hold".to_string(),
                Some(held) if held.key_id.is_none() => {
                    "it cites an attachment that was erased, and no entry ordered that".to_string()
                }
                Some(held) if size.is_some_and(|size| size != held.size) => {
                    format!("it cites an attachment of {} bytes as one of {size:?}", held.size)
                }
                Some(_) => match self.open_attachment(Digest(digest))? {
                    Ok(()) => continue,
                    Err(error) => format!("an attachment it cites: {error}"),
                },
            };
            found.push(about(Some(index), wrong));
        }
        Ok(())
    }

    /// Reads the whole file. Attachments are known by what was disclosed, so the keys are here.
    fn open_attachment(&self, digest: Digest) -> Result<Result<(), VaultError>, Unreadable> {
        let Some(keys) = &self.keys else { return Ok(Ok(())) };
        let checked = self.runtime.block_on(keys.vault.check_attachment(&*self.store, &*keys.store, digest));
        checked.map_err(|error| Unreadable::Source(error.to_string()))
    }
}

fn about(index: Option<u64>, message: String) -> Discrepancy {
    Discrepancy { index, message }
}
