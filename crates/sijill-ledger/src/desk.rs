//! Reading cases: their state, the queues they stand in, and the values that a release opens.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use sijill_casework::case::{CaseFile, Released, World};
use sijill_casework::catalogue::{CaseEvent, Facts};
use sijill_event::{Class, Digest, Entry, Json};
use sijill_store::{DeskCount, DeskEntry, StreamHead};

use crate::casework::{CaseReader, File, digests, streams_of};
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::state::{missing, parse};

/// Cases kept for readers.
const KEPT: usize = 5_000;

/// A case as it was folded, and the ends its streams had then.
type Kept = (Vec<(String, u64)>, usize, Arc<CaseFile>);

/// Cases for readers: folded once, and again when one of their streams has moved.
pub(crate) struct CaseDesk {
    reader: CaseReader,
    kept: Mutex<HashMap<String, Kept>>,
}

impl CaseDesk {
    pub(crate) fn new(reader: CaseReader) -> Self {
        Self { reader, kept: Mutex::default() }
    }

    async fn case(
        &self,
        world: &World,
        id: &str,
        ends: Vec<(String, u64)>,
        size: u64,
    ) -> Result<Option<Arc<CaseFile>>, LedgerError> {
        if ends.is_empty() {
            return Ok(None);
        }
        if let Some((at, calendars, file)) = self.lock().get(id)
            && *at == ends
            && *calendars == world.calendars()
        {
            return Ok(Some(Arc::clone(file)));
        }
        let File::Ruled(file) = self.reader.load(world, id, size).await? else { return Ok(None) };
        let mut kept = self.lock();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(id.to_owned(), (ends, world.calendars(), Arc::clone(&file)));
        Ok(Some(file))
    }

    /// What reads cases from the store.
    pub(crate) fn reader(&self) -> CaseReader {
        self.reader.clone()
    }

    /// Keeps nothing of a case any more, but what a reader has in hand.
    pub(crate) fn forget(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One line of a case's history.
#[derive(Debug, Clone)]
pub struct Line {
    /// The entry's index.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// Its routing and casework fields; `None` if they are not held any more.
    pub read: Option<CaseEvent>,
}

impl Ledger {
    /// Registry and documents as published.
    pub fn world(&self) -> Arc<World> {
        Arc::clone(&self.published().world)
    }

    /// Holds a public document until it is published; answers its hash. What no proposal names is swept after a day.
    pub async fn put_document(&self, bytes: &[u8]) -> Result<Digest, LedgerError> {
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        let now = i64::try_from(self.now_ms() / 1_000).unwrap_or(i64::MAX);
        self.store().put_document(hash, bytes, now).await?;
        Ok(Digest(hash))
    }

    /// The bytes of a document.
    pub async fn document(&self, hash: &Digest) -> Result<Option<Vec<u8>>, LedgerError> {
        Ok(self.store().document(hash.0).await?)
    }

    /// A case or contact as published; `None` if there is none, or none under rule-set 2.
    pub async fn case(&self, id: &str) -> Result<Option<Arc<CaseFile>>, LedgerError> {
        Ok(self.case_files(&[id.to_owned()]).await?.remove(id))
    }

    /// Several of them; those that are not there are left out.
    pub async fn case_files(&self, ids: &[String]) -> Result<BTreeMap<String, Arc<CaseFile>>, LedgerError> {
        let published = self.published();
        let names: Vec<String> =
            ids.iter().flat_map(|id| streams_of(id)).map(|stream| stream.to_string()).collect();
        let heads = self.store().stream_heads(&names).await?;
        let mut files = BTreeMap::new();
        for id in ids {
            let ends = ends(id, &heads);
            let file = self.cases().case(&published.world, id, ends, published.checkpoint.size).await?;
            if let Some(file) = file {
                files.insert(id.clone(), file);
            }
        }
        Ok(files)
    }

    /// The history of a case or contact in log order, with what it says openly and of class casework.
    pub async fn history(&self, id: &str) -> Result<Vec<Line>, LedgerError> {
        let size = self.published().checkpoint.size;
        let mut lines = BTreeMap::new();
        for stream in streams_of(id) {
            let mut from = 0;
            loop {
                let page = self.store().stream_entries(stream.as_str(), from, 1_000).await?;
                if page.is_empty() {
                    break;
                }
                from += page.len() as u64;
                for (index, text) in page.into_iter().filter(|(index, _)| *index < size) {
                    let entry = parse(index, &text)?;
                    let wanted = digests(&entry, Class::Casework);
                    let values = self.cases().reader.open(index, &entry, &wanted).await?;
                    let facts = if values.len() == wanted.len() {
                        Facts::Known(values.into_values().map(|d| (d.name, d.value)).collect())
                    } else {
                        Facts::Withheld
                    };
                    let read = CaseEvent::read(&entry.event, &facts).ok();
                    lines.insert(index, Line { index, entry, read });
                }
            }
        }
        Ok(lines.into_values().collect())
    }

    /// The values that a release opens, by event and field path. Erased ones are left out. The caller answers for the
    /// release being on the ledger.
    pub async fn open_released(
        &self,
        file: &CaseFile,
        released: &Released,
    ) -> Result<BTreeMap<Digest, BTreeMap<String, Json>>, LedgerError> {
        let mut opened = BTreeMap::new();
        for (hash, fields) in released {
            let Some(noted) = file.events.get(hash) else { continue };
            let page = self.store().entries(noted.index, 1).await?;
            let (_, text) = page.first().ok_or_else(|| missing(noted.index))?;
            let entry = parse(noted.index, text)?;
            let mut values = BTreeMap::new();
            for (class, _) in &entry.event.digests {
                let wanted: BTreeSet<Digest> = digests(&entry, *class);
                for disclosure in self.cases().reader.open(noted.index, &entry, &wanted).await?.into_values()
                {
                    let path = format!("{}.{}", class.as_str(), disclosure.name);
                    if fields.contains(&path) {
                        values.insert(path, disclosure.value);
                    }
                }
            }
            opened.insert(*hash, values);
        }
        Ok(opened)
    }

    /// A unit's queue: urgent first, then by what is due, a page at a time.
    pub async fn desk(
        &self,
        agency: &str,
        unit: &str,
        after: Option<&DeskEntry>,
        limit: u32,
    ) -> Result<Vec<DeskEntry>, LedgerError> {
        Ok(self.store().desk(agency, unit, after, limit).await?)
    }

    /// How much lies in a unit's queue, and how much of it is overdue now.
    pub async fn desk_counts(&self, agency: &str, unit: &str) -> Result<Vec<DeskCount>, LedgerError> {
        Ok(self.store().desk_counts(agency, unit, self.now_ms()).await?)
    }
}

fn ends(id: &str, heads: &[StreamHead]) -> Vec<(String, u64)> {
    let names: BTreeSet<String> = streams_of(id).map(|stream| stream.to_string()).collect();
    let mut ends: Vec<(String, u64)> = heads
        .iter()
        .filter(|head| names.contains(&head.stream))
        .map(|head| (head.stream.clone(), head.seq))
        .collect();
    ends.sort_unstable();
    ends
}
