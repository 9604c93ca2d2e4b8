//! A data directory as something to audit: what its database says is held against its entries, and its disclosures
//! are opened where this machine holds the keys.
//!
//! It is read beside a running server. What the server has committed behind the seal is not published yet and is left
//! out; everything below the seal's size has to be right.

mod compare;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use sijill_audit::{DisclosureRow, Disclosures, Discrepancy, Facts, LedgerEnd, Source, Stated, Unreadable};
use sijill_event::{Digest, Disclosure, Entry, Event, Json};
use sijill_ledger::Vault;
use sijill_log::{Checkpoint, Note, Tile};
use sijill_store::{Hash, KeyId, KeyStore, MAX_PAGE, Store, StoreError, StoredDisclosure};
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
        let disclosure = opened.map_err(|error| format!("its ciphertext: {error}")).and_then(|text| {
            // By its digest a row is served and erased: with another's text it would be the other's value.
            if Digest::of(&text) == digest {
                Ok(text)
            } else {
                Err("its text has another digest".to_string())
            }
        });
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
        self.compare_rows(facts)
    }

    fn check_end(&self, end: &LedgerEnd<'_>) -> Result<Vec<Discrepancy>, Unreadable> {
        self.compare_end(end)
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

fn unreadable(error: &StoreError) -> Unreadable {
    Unreadable::Source(error.to_string())
}
