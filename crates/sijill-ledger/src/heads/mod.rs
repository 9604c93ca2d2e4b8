//! Heads: where every stream ends and what every key is, as two maps that `heads.committed` commits the ledger to
//! (`docs/ledger-format.md`, Annex E).
//!
//! ```text
//! stream heads, entries → Heads::at ──forward──▶ Heads ──record──▶ heads.committed ──▶ Recorded → proofs
//! ```
//!
//! The maps are in memory and in no table, some 250 bytes a stream. They are built when they are first asked for, beside
//! everything else, and grow from record to record by what changed; sequencing does not wait for a hash.

mod record;
mod recorded;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sijill_domain::Registry;
use sijill_domain::event::HeadsCommitted;
use sijill_domain::heads::{Head, KeyStatus};
use sijill_event::{Digest, Event};
use sijill_log::{Hash, SparseMap};
use sijill_store::Store;

use crate::error::LedgerError;
use crate::state::{follow, missing, parse, registry_after};

pub use record::record_heads;
pub(crate) use recorded::Kept;
pub use recorded::Recorded;

/// Rows and entries read at a time.
const PAGE: u32 = 2_000;

/// Both maps after the log's first entries. Clones share them.
#[derive(Debug, Clone)]
pub struct Heads {
    size: u64,
    streams: SparseMap,
    keys: SparseMap,
    registry: Arc<Registry>,
}

impl Heads {
    /// The maps after the first `size` entries of a log that may have more and goes on meanwhile. Reads all stream heads, and
    /// all entries from `size` on.
    ///
    /// # Errors
    /// `Corrupt`, where the database does not hold what a ledger wrote.
    pub async fn at(store: &dyn Store, size: u64) -> Result<Self, LedgerError> {
        let mut heads: HashMap<Hash, Head> = HashMap::new();
        let mut after = String::new();
        loop {
            let page = store.stream_head_rows(&after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.stream);
            let rows = page.iter().map(|row| {
                let head = Head { seq: row.seq, last: Digest(row.last) };
                (Head::key(&row.stream), head)
            });
            heads.extend(rows);
        }
        take_back(store, size, &mut heads).await?;
        let registry = Arc::new(registry_after(store, size).await?);
        let statuses: Vec<(Hash, KeyStatus)> = registry
            .keys()
            .iter()
            .filter_map(|(kid, key)| Some((KeyStatus::key(kid), KeyStatus::of(key)?)))
            .collect();
        Self { size, streams: SparseMap::new(), keys: SparseMap::new(), registry }.with(heads, statuses).await
    }

    /// The maps some entries later, up to `size`: costs what those entries changed.
    ///
    /// # Errors
    /// As [`at`](Self::at), and if the log has not as many entries.
    pub async fn forward(&self, store: &dyn Store, size: u64) -> Result<Self, LedgerError> {
        let (mut heads, mut next) = (HashMap::new(), self.clone());
        while next.size < size {
            let limit = u32::try_from(size - next.size).unwrap_or(PAGE).min(PAGE);
            let page = store.entries(next.size, limit).await?;
            if page.is_empty() {
                return Err(missing(next.size));
            }
            let registry = Arc::make_mut(&mut next.registry);
            for (index, text) in page {
                let entry = parse(index, &text)?;
                follow(registry, index, &entry)?;
                heads.insert(Head::key(entry.event.stream.as_str()), head_of(&entry.event));
                next.size = index + 1;
            }
        }
        let touched = next.registry.touched().iter().skip(self.registry.touched().len());
        let statuses = touched
            .filter_map(|kid| Some((KeyStatus::key(kid), KeyStatus::of(next.registry.key(kid)?)?)))
            .collect();
        next.with(heads, statuses).await
    }

    /// Hashing of a million streams takes a second: not where others wait.
    async fn with(
        self,
        heads: HashMap<Hash, Head>,
        statuses: Vec<(Hash, KeyStatus)>,
    ) -> Result<Self, LedgerError> {
        let hashing = tokio::task::spawn_blocking(move || Self {
            streams: self.streams.with(heads.into_iter().map(|(key, head)| (key, head.value()))),
            keys: self.keys.with(statuses.into_iter().map(|(key, status)| (key, status.value()))),
            ..self
        });
        hashing.await.map_err(|e| LedgerError::OutOfRange(format!("the heads were not hashed: {e}")))
    }

    /// How many entries they are about.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What an event says that commits to them.
    pub fn said(&self) -> HeadsCommitted {
        let root = |map: &SparseMap| Digest(map.root().0);
        HeadsCommitted { size: self.size, streams: root(&self.streams), keys: root(&self.keys) }
    }
}

/// Takes back what the entries from `size` on did to stream heads that were read after they came: the first event of a stream
/// among them names the one before it.
async fn take_back(store: &dyn Store, size: u64, heads: &mut HashMap<Hash, Head>) -> Result<(), LedgerError> {
    let (mut next, end) = (size, store.head().await?.size);
    if size > end {
        return Err(missing(end));
    }
    let mut met = HashSet::new();
    while next < end {
        let page = store.entries(next, PAGE).await?;
        if page.is_empty() {
            return Err(missing(next));
        }
        for (index, text) in page {
            next = index + 1;
            let event = parse(index, &text)?.event;
            let key = Head::key(event.stream.as_str());
            if !met.insert(key) {
                continue;
            }
            match (event.seq.checked_sub(1), event.prev) {
                (Some(seq), Some(last)) => heads.insert(key, Head { seq, last }),
                _ => heads.remove(&key),
            };
        }
    }
    Ok(())
}

fn head_of(event: &Event) -> Head {
    Head { seq: event.seq, last: event.hash() }
}
