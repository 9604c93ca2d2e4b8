//! A data directory as something to audit: what its database says is held against its entries, and its disclosures
//! are opened where this machine holds the keys.
//!
//! It is read beside a running server. What the server has committed behind the seal is not published yet and is left
//! out; everything below the seal's size has to be right.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use sijill_audit::{
    DisclosureRow, Disclosures, Discrepancy, Facts, LedgerEnd, Source, Stated, StreamEnd, Unreadable,
};
use sijill_event::{Digest, Disclosure, Entry, Event, Json};
use sijill_ledger::Vault;
use sijill_log::{Checkpoint, Note, Tile};
use sijill_store::{
    Hash, IndexRow, KeyId, KeyStore, MAX_PAGE, Store, StoreError, StoredDisclosure, StreamHead,
};
use tokio::runtime::Handle;

use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::running::{existing_key_store, store_to_read};

/// A ledger's own database, read only.
pub struct Database {
    store: Arc<dyn Store>,
    keys: Option<Keys>,
    seal: Option<String>,
    /// Entries below the sealed size are published.
    size: u64,
    origin: String,
    /// Attachments that disclosures cite.
    attachments: Mutex<BTreeMap<Hash, Cited>>,
    runtime: Handle,
}

/// Where an attachment was cited first, and of what size.
struct Cited {
    index: u64,
    size: Option<u64>,
}

struct Keys {
    store: Arc<dyn KeyStore>,
    vault: Vault,
}

/// Which disclosures an audit of a data directory can see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disclosed {
    /// All: key store and master key are here.
    All,
    /// None, and why.
    Withheld(String),
}

impl Database {
    /// Opens a data directory to read it. Without key store or master key its disclosures count as withheld.
    pub async fn open(dir: &DataDir) -> Result<(Self, Disclosed)> {
        let seal = dir.seal();
        let seal = seal.read().map_err(|error| Error::Source(error.to_string()))?;
        let size = seal.as_deref().and_then(sealed_size).unwrap_or(0);
        let store = store_to_read(dir).await?;
        let (keys, disclosed) = match open_keys(dir).await {
            Ok(keys) => (Some(keys), Disclosed::All),
            Err(error) => (None, Disclosed::Withheld(error.to_string())),
        };
        let (origin, runtime) = (dir.config.origin.clone(), Handle::current());
        let database = Self { store, keys, seal, size, origin, attachments: Mutex::default(), runtime };
        Ok((database, disclosed))
    }

    /// The store behind it.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Number of published entries.
    pub fn size(&self) -> u64 {
        self.size
    }

    fn wait<T>(&self, answer: impl Future<Output = sijill_store::Result<T>>) -> Result<T, Unreadable> {
        self.runtime.block_on(answer).map_err(|error| unreadable(&error))
    }

    fn stored(&self, range: Range<u64>) -> Result<Vec<StoredDisclosure>, Unreadable> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.wait(self.store.disclosures(range.clone(), after, MAX_PAGE))?;
            let Some(last) = page.last() else { return Ok(all) };
            after = Some((last.index, last.digest));
            all.extend(page);
        }
    }

    /// The events these disclosures belong to; malformed entries have none.
    fn events(&self, stored: &[StoredDisclosure]) -> Result<BTreeMap<u64, Event>, Unreadable> {
        let wanted: BTreeSet<u64> = stored.iter().map(|row| row.index).collect();
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else { return Ok(BTreeMap::new()) };
        let entries = self.entries(*first, usize::try_from(last - first + 1).unwrap_or(usize::MAX))?;
        let entries = entries.into_iter().filter(|(index, _)| wanted.contains(index));
        Ok(entries.filter_map(|(index, bytes)| Some((index, Entry::parse(&bytes).ok()?.event))).collect())
    }

    fn open_disclosure(
        &self,
        keys: &Keys,
        row: &StoredDisclosure,
        wrapped: &BTreeMap<KeyId, Vec<u8>>,
        events: &BTreeMap<u64, Event>,
    ) -> Option<DisclosureRow> {
        // Erased, or its key is gone: it is simply not there.
        let sealed = row.sealed.as_ref()?;
        let wrapped = wrapped.get(&sealed.key_id)?;
        let event = events.get(&row.index)?;
        let digest = Digest(row.digest);
        let opened = keys.vault.open(event, &digest, &sealed.key_id, wrapped, &sealed.ciphertext);
        let disclosure = opened.map_err(|error| format!("its ciphertext: {error}"));
        if let Ok(text) = &disclosure {
            self.note_attachment(row.index, text);
        }
        Some(DisclosureRow { index: Some(row.index), disclosure })
    }

    fn note_attachment(&self, index: u64, disclosure: &str) {
        let Ok(disclosure) = Disclosure::parse(disclosure) else { return };
        let Some(digest) = attachment_of(&disclosure.value) else { return };
        let size = disclosure.value.get("size").and_then(Json::as_u64);
        let mut attachments = self.attachments.lock().unwrap_or_else(PoisonError::into_inner);
        attachments.entry(digest).or_insert(Cited { index, size });
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
        }
        Ok(())
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
            match self.wait(self.store.attachment(digest))? {
                None => found
                    .push(about(Some(index), "it cites an attachment the vault does not hold".to_string())),
                Some(held) if held.chunks > 0 && size.is_some_and(|size| size != held.size) => {
                    let what = format!("it cites an attachment of {} bytes as one of {size:?}", held.size);
                    found.push(about(Some(index), what));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

impl Source for Database {
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(self.seal.clone().map(String::into_bytes))
    }

    fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Unreadable> {
        let mut all = Vec::new();
        let mut next = from;
        while all.len() < limit && next < self.size {
            let left = u32::try_from(limit - all.len()).unwrap_or(MAX_PAGE).min(MAX_PAGE);
            let page = match self.runtime.block_on(self.store.entries(next, left)) {
                Err(StoreError::Corrupt { .. }) => self.around_hole(next, left)?,
                page => page.map_err(|error| unreadable(&error))?,
            };
            let Some((last, _)) = page.last() else { break };
            next = last + 1;
            all.extend(
                page.into_iter()
                    .filter(|(index, _)| *index < self.size)
                    .map(|(i, text)| (i, text.into_bytes())),
            );
        }
        Ok(all)
    }

    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Unreadable> {
        self.wait(self.store.tile(tile.level, tile.index))
    }

    fn disclosures(&self, range: Range<u64>, _size: u64) -> Result<Disclosures, Unreadable> {
        let Some(keys) = &self.keys else { return Ok(Disclosures::default()) };
        if range.is_empty() {
            return Ok(Disclosures { rows: Vec::new(), all: true });
        }
        let stored = self.stored(range)?;
        let ids: BTreeSet<KeyId> =
            stored.iter().filter_map(|row| Some(row.sealed.as_ref()?.key_id)).collect();
        let ids: Vec<KeyId> = ids.into_iter().collect();
        let wrapped: BTreeMap<KeyId, Vec<u8>> = self.wait(keys.store.get(&ids))?.into_iter().collect();
        let events = self.events(&stored)?;
        let rows =
            stored.iter().filter_map(|row| self.open_disclosure(keys, row, &wrapped, &events)).collect();
        Ok(Disclosures { rows, all: true })
    }

    fn stated(&self) -> Stated {
        Stated { origin: Some(self.origin.clone()), size: None }
    }

    /// A database stores full tiles alone; partial ones are computed for any size.
    fn partial_tiles(&self) -> bool {
        false
    }

    fn check_rows(&self, facts: &[Facts<'_>]) -> Result<Vec<Discrepancy>, Unreadable> {
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
            let registry = matches!(
                fact.stream.kind(),
                sijill_event::StreamKind::Ledger | sijill_event::StreamKind::Agency
            );
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

    fn check_end(&self, end: &LedgerEnd<'_>) -> Result<Vec<Discrepancy>, Unreadable> {
        let mut found = Vec::new();
        self.check_head(end, &mut found)?;
        self.check_streams(end, &mut found)?;
        self.check_attachments(&mut found)?;
        Ok(found)
    }
}

impl Database {
    /// The store refuses a page with a gap, as it should. An audit wants what is there nevertheless: one by one.
    fn around_hole(&self, from: u64, limit: u32) -> Result<Vec<(u64, String)>, Unreadable> {
        let to = from.saturating_add(limit.into()).min(self.size);
        let mut found = Vec::new();
        for index in from..to {
            match self.runtime.block_on(self.store.entries(index, 1)) {
                Ok(page) => found.extend(page.into_iter().filter(|(at, _)| *at == index)),
                Err(StoreError::Corrupt { .. }) => {}
                Err(error) => return Err(unreadable(&error)),
            }
        }
        Ok(found)
    }
}

impl Database {
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
}

async fn open_keys(dir: &DataDir) -> Result<Keys> {
    let vault = Vault::new(dir.master_key()?, &dir.config.origin);
    Ok(Keys { store: existing_key_store(dir).await?, vault })
}

fn sealed_size(note: &str) -> Option<u64> {
    let note = Note::parse(note.as_bytes()).ok()?;
    Some(Checkpoint::parse(note.text()).ok()?.size)
}

/// The digest of `{"attachment": digest, …}`.
fn attachment_of(value: &Json) -> Option<Hash> {
    Digest::parse(value.get("attachment")?.as_str()?).ok().map(|digest| digest.0)
}

fn about(index: Option<u64>, message: String) -> Discrepancy {
    Discrepancy { index, message }
}

fn unreadable(error: &StoreError) -> Unreadable {
    Unreadable::Source(error.to_string())
}
