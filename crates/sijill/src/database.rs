//! A data directory as something to audit: what its database says is held against its entries, and its disclosures
//! are opened where this machine holds the keys.
//!
//! It is read beside a running server. What the server has committed beyond the seal is not published yet: it is held
//! against the database's head alone; everything below the seal's size has to be right.

mod archive;
mod beyond;
mod compare;
mod held;
mod models;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sijill_audit::{Disclosures, Discrepancy, Facts, LedgerEnd, ModelClaim, Source, Stated, Unreadable};
use sijill_event::Digest;
use sijill_ledger::Vault;
use sijill_log::{Checkpoint, Note, Tile};
use sijill_projections::engine::Base;
use sijill_store::{DisclosureKey, Hash, KeyStore, MAX_PAGE, Store, StoreError};
use tokio::runtime::Handle;

use crate::data_dir::{DataDir, MASTER_KEY};
use crate::error::{Error, Result};
use crate::running::{existing_key_store, store_to_read};

/// A ledger's own database, read only.
pub struct Database {
    store: Arc<dyn Store>,
    keys: Option<Keys>,
    seal: Option<Vec<u8>>,
    seal_path: PathBuf,
    /// The newest checkpoint that witnesses cosigned, as this server kept it.
    witnessed: Option<String>,
    read_models: Option<Arc<dyn Base>>,
    /// Entries below the sealed size are published.
    size: u64,
    origin: String,
    /// Attachments that disclosures cite.
    attachments: Mutex<BTreeMap<Hash, Cited>>,
    /// Disclosures the vault holds, erased ones too, of entries that are not compared yet.
    held: Mutex<Vec<DisclosureKey>>,
    /// What was found while reading.
    noted: Mutex<Vec<Discrepancy>>,
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
        let seal_path = dir.seal().path().to_path_buf();
        let seal = match std::fs::read(&seal_path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            seal => Some(seal.map_err(Error::unreadable(&seal_path))?),
        };
        let size = sealed(seal.as_deref()).map_or(0, |checkpoint| checkpoint.size);
        let store = store_to_read(dir).await?;
        let (keys, disclosed) = match open_keys(dir).await {
            Ok(keys) => (Some(keys), Disclosed::All),
            Err(error) => (None, Disclosed::Withheld(error.to_string())),
        };
        let (origin, runtime) = (dir.config.origin.clone(), Handle::current());
        let (attachments, held, mut noted) = (Mutex::default(), Mutex::default(), Vec::new());
        for gone in dir.keys_gone() {
            let message = format!(
                "{} is missing: by its settings this directory keeps it here (a master key may instead stand in {MASTER_KEY}), \
                 and without it no disclosure can be read",
                gone.display()
            );
            noted.push(Discrepancy { index: None, message });
        }
        let noted = Mutex::new(noted);
        let read_models = models::kept(dir).await?;
        // Whatever keeps it from being read, the seal stands by itself.
        let witnessed = dir.witnessed().read().ok().flatten();
        let database = Self {
            store,
            keys,
            seal,
            seal_path,
            witnessed,
            read_models,
            size,
            origin,
            attachments,
            held,
            noted,
            runtime,
        };
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

    /// What the store answers; `None`, and a note of it, if what it holds is nothing a ledger writes: a table that is gone, a
    /// hash of another length. The rest can be audited all the same.
    fn sound<T>(
        &self,
        what: impl Display,
        answer: impl Future<Output = sijill_store::Result<T>>,
    ) -> Result<Option<T>, Unreadable> {
        match self.runtime.block_on(answer) {
            Ok(answer) => Ok(Some(answer)),
            Err(error @ StoreError::Corrupt { .. }) => {
                self.note(None, format!("{what} cannot be read: {}", told(&error)));
                Ok(None)
            }
            Err(error) => Err(unreadable(&error)),
        }
    }

    fn note(&self, index: Option<u64>, message: String) {
        let (mut noted, found) = (locked(&self.noted), Discrepancy { index, message });
        // A table that is gone is gone for each of its readers.
        if index.is_some() || !noted.contains(&found) {
            noted.push(found);
        }
    }

    /// What was noted of entries; with `whole`, of the ledger too.
    fn take_notes(&self, whole: bool) -> Vec<Discrepancy> {
        locked(&self.noted).extract_if(.., |noted| whole || noted.index.is_some()).collect()
    }
}

impl Source for Database {
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(self.seal.clone())
    }

    fn unsealed(&self) -> Result<Option<Discrepancy>, Unreadable> {
        let head = self.sound("the head", self.store.head())?;
        let entries = self.sound("the entries", self.store.index_rows(0, 1))?;
        let seal = self.seal_path.display();
        let found = match (head, entries) {
            (Some(head), Some(entries)) if head.size == 0 && entries.is_empty() => return Ok(None),
            (Some(head), _) if head.size > 0 => format!("{} entries", head.size),
            _ => "something no ledger wrote".to_string(),
        };
        let message = format!(
            "the seal {seal} is missing, and the database holds {found}: a ledger that published them has sealed them. Nothing \
             else was checked; put the seal back, or the newest checkpoint that a receipt, a witness or a mirror holds"
        );
        Ok(Some(Discrepancy { index: None, message }))
    }

    fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Unreadable> {
        let mut all = Vec::new();
        let mut next = from;
        while all.len() < limit && next < self.size {
            let left = u32::try_from(limit - all.len()).unwrap_or(MAX_PAGE).min(MAX_PAGE);
            // What is not there, or is no text, the audit finds to be missing.
            let page = self.page(next, left, self.size)?;
            let Some((last, _)) = page.last() else { break };
            next = last + 1;
            all.extend(page.into_iter().map(|(index, text)| (index, text.into_bytes())));
        }
        Ok(all)
    }

    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Unreadable> {
        let found = self.sound("the tiles", self.store.tile(tile.level, tile.index))?;
        Ok(found.flatten())
    }

    fn disclosures(&self, range: Range<u64>, _size: u64) -> Result<Disclosures, Unreadable> {
        self.read_disclosures(range)
    }

    fn document(&self, hash: &Digest) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(self.sound("the documents", self.store.document(hash.0))?.flatten())
    }

    fn documents(&self) -> Result<Vec<Digest>, Unreadable> {
        let held = self.sound("the documents", self.store.documents())?.unwrap_or_default();
        Ok(held.into_iter().map(Digest).collect())
    }

    fn stated(&self) -> Stated {
        Stated { origin: Some(self.origin.clone()), size: None }
    }

    /// A database stores full tiles alone; partial ones are computed for any size.
    fn partial_tiles(&self) -> bool {
        false
    }

    fn check_rows(&self, facts: &[Facts<'_>]) -> Result<Vec<Discrepancy>, Unreadable> {
        self.compare_rows(facts)?;
        self.compare_held(facts);
        Ok(self.take_notes(false))
    }

    fn models(&self, size: u64) -> Result<Vec<ModelClaim>, Unreadable> {
        let Some(base) = &self.read_models else { return Ok(Vec::new()) };
        let claims = self.runtime.block_on(models::claims(&**base, size));
        claims.map_err(|error| Unreadable::Source(error.to_string()))
    }

    fn check_end(&self, end: &LedgerEnd<'_>) -> Result<Vec<Discrepancy>, Unreadable> {
        self.compare_end(end)?;
        self.compare_attachments(end.size)?;
        self.check_whole()?;
        Ok(self.take_notes(true))
    }
}

impl Database {
    /// Entries from `from` on and before `to`, ascending, leaving out what is missing or is no text.
    fn page(&self, from: u64, limit: u32, to: u64) -> Result<Vec<(u64, String)>, Unreadable> {
        match self.runtime.block_on(self.store.entries(from, limit)) {
            Err(StoreError::Corrupt { .. }) => {
                self.around_hole(from..to.min(from.saturating_add(limit.into())))
            }
            page => {
                let page = page.map_err(|error| unreadable(&error))?;
                Ok(page.into_iter().filter(|(index, _)| *index < to).collect())
            }
        }
    }

    /// The store refuses a page with a gap, as it should. An audit wants what is there nevertheless: one by one.
    fn around_hole(&self, range: Range<u64>) -> Result<Vec<(u64, String)>, Unreadable> {
        let mut found = Vec::new();
        for index in range {
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

/// What is sealed; `None` if there is no seal, or none that can be read.
fn sealed(seal: Option<&[u8]>) -> Option<Checkpoint> {
    Checkpoint::parse(Note::parse(seal?).ok()?.text()).ok()
}

fn unreadable(error: &StoreError) -> Unreadable {
    Unreadable::Source(error.to_string())
}

/// What a store found, with what its engine said.
fn told(error: &StoreError) -> String {
    match error {
        StoreError::Corrupt { what, cause: Some(cause) } => format!("{what} ({cause})"),
        StoreError::Corrupt { what, cause: None } => what.clone(),
        other => other.to_string(),
    }
}

/// What a thread that panicked left is no worse than what the others see.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
