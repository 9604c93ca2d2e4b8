//! What the sequencer knows: the log's right edge, the registry, and the stream heads it has met.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sijill_casework::case::{Documents, World};
use sijill_domain::event::{Action, DocumentKind};
use sijill_domain::{Parties, Position, Registry, Status};
use sijill_event::{Digest, Entry, Stream};
use sijill_log::tile::TILE_WIDTH;
use sijill_log::{Hash, LogError, TileBuilder, TileSet, leaf_hash};
use sijill_store::{Head, Store, StreamHead};

use crate::casework::{CaseReader, File, streams_of};
use crate::error::{LedgerError, OpenError};

/// Stream heads remembered; beyond that all are forgotten and read again as needed.
const HEADS: usize = 200_000;
/// Files of cases and contacts remembered; likewise.
const FILES: usize = 20_000;
/// Entries read at a time.
const PAGE: u32 = 2_000;

/// The end of a stream.
#[derive(Debug, Clone)]
pub(crate) struct StreamEnd {
    pub(crate) seq: u64,
    pub(crate) last: Digest,
    pub(crate) parties: Parties,
}

/// All entries up to `head`, folded.
pub(crate) struct State {
    pub(crate) head: Head,
    pub(crate) edge: TileBuilder,
    pub(crate) registry: Arc<Registry>,
    /// Registry and documents, as cases are judged by them.
    pub(crate) world: Arc<World>,
    /// Every document that was published or proposed, as far as it is held.
    pub(crate) documents: Arc<Documents>,
    /// When the next case wakes, or earlier.
    pub(crate) wake: Option<u64>,
    ends: HashMap<String, Option<StreamEnd>>,
    files: HashMap<String, File>,
}

impl State {
    /// Rebuilds the state from the store: the tree's edge from the full tiles and the entries after the last of
    /// them, the registry from its own streams.
    ///
    /// # Errors
    /// [`OpenError::HeadMismatch`] if tiles and entries do not give the head's root.
    pub(crate) async fn load(store: &dyn Store) -> Result<Self, OpenError> {
        let head = store.head().await?;
        let edge = load_edge(store, &head).await?;
        if edge.size() != head.size || edge.root() != Hash(head.root) {
            return Err(OpenError::HeadMismatch { size: head.size });
        }
        let registry = registry_after(store, head.size).await?;
        let registry = Arc::new(registry);
        let documents = Arc::new(published(store, &registry, Documents::new()).await?);
        let world = Arc::new(World::new(Arc::clone(&registry), Arc::clone(&documents)));
        let wake = store.next_wake().await?;
        let (ends, files) = (HashMap::new(), HashMap::new());
        Ok(Self { head, edge, registry, world, documents, wake, ends, files })
    }

    /// Folds the entries another server has added since.
    pub(crate) async fn catch_up(&mut self, store: &dyn Store) -> Result<(), LedgerError> {
        let head = store.head().await?;
        if head.size < self.head.size || (head.size == self.head.size && head.root != self.head.root) {
            return Err(LedgerError::Corrupt {
                index: head.size,
                why: "the database went back behind what this ledger has seen in it".into(),
            });
        }
        let mut next = Self {
            ends: HashMap::new(),
            files: HashMap::new(),
            registry: Arc::clone(&self.registry),
            world: Arc::clone(&self.world),
            documents: Arc::clone(&self.documents),
            wake: None,
            edge: self.edge.clone(),
            head,
        };
        while next.edge.size() < head.size {
            let page = store.entries(next.edge.size(), PAGE).await?;
            if page.is_empty() {
                return Err(missing(next.edge.size()));
            }
            let registry = Arc::make_mut(&mut next.registry);
            for (index, text) in page.into_iter().take_while(|(i, _)| *i < head.size) {
                // Its tiles are stored already, by the server that committed it.
                let _ = next.edge.push(leaf_hash(text.as_bytes()));
                follow(registry, index, &parse(index, &text)?)?;
            }
        }
        if next.edge.root() != Hash(head.root) {
            return Err(LedgerError::Corrupt {
                index: head.size,
                why: "the head does not match the entries".into(),
            });
        }
        next.documents = Arc::new(published(store, &next.registry, (*next.documents).clone()).await?);
        next.world = Arc::new(World::new(Arc::clone(&next.registry), Arc::clone(&next.documents)));
        next.wake = store.next_wake().await?;
        *self = next;
        Ok(())
    }

    /// Makes sure the ends of these streams are known.
    pub(crate) async fn fetch_ends(
        &mut self,
        store: &dyn Store,
        streams: &[String],
    ) -> Result<(), LedgerError> {
        if self.ends.len() > HEADS {
            self.ends.clear();
        }
        let wanted: Vec<String> = streams.iter().filter(|s| !self.ends.contains_key(*s)).cloned().collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let found = store.stream_heads(&wanted).await?;
        for stream in wanted {
            self.ends.insert(stream, None);
        }
        for StreamHead { stream, seq, last, parties } in found {
            let parties = parties.parse().map_err(|_| LedgerError::Corrupt {
                index: self.head.size,
                why: format!("the parties of stream {stream} cannot be read"),
            })?;
            self.ends.insert(stream, Some(StreamEnd { seq, last: Digest(last), parties }));
        }
        Ok(())
    }

    /// The end of a stream fetched before; `None` if the stream is empty.
    pub(crate) fn end(&self, stream: &str) -> Option<&StreamEnd> {
        self.ends.get(stream).and_then(Option::as_ref)
    }

    /// The file of a case or contact kept before.
    pub(crate) fn file(&self, id: &str) -> Option<&File> {
        self.files.get(id)
    }

    /// Makes sure that the files of these cases and contacts are here. Their streams' ends are fetched already.
    pub(crate) async fn fetch_files(
        &mut self,
        reader: &CaseReader,
        ids: &[String],
    ) -> Result<(), LedgerError> {
        if self.files.len() > FILES {
            self.files.clear();
        }
        let missing = ids.iter().filter(|id| !self.files.contains_key(*id)).cloned();
        let (begun, fresh): (Vec<String>, Vec<String>) =
            missing.partition(|id| streams_of(id).any(|stream| self.end(stream.as_str()).is_some()));
        if !begun.is_empty() {
            self.files.extend(reader.load_all(&self.world, &begun, self.head.size).await?);
        }
        for id in fresh {
            let file = File::new(&id);
            self.files.insert(id, file);
        }
        Ok(())
    }

    /// Takes over what a committed batch changed.
    pub(crate) fn adopt(&mut self, head: Head, adopted: Adopted) {
        (self.head, self.edge, self.registry) = (head, adopted.edge, adopted.registry);
        self.world = adopted.world;
        let woken = adopted.files.values().filter_map(|file| match file {
            File::Ruled(file) => file.wakes_at(),
            File::Free => None,
        });
        self.wake = self.wake.into_iter().chain(woken).min();
        self.ends.extend(adopted.streams.into_iter().map(|(stream, end)| (stream, Some(end))));
        self.files.extend(adopted.files);
    }
}

/// What a committed batch leaves.
pub(crate) struct Adopted {
    pub(crate) edge: TileBuilder,
    pub(crate) registry: Arc<Registry>,
    pub(crate) world: Arc<World>,
    pub(crate) streams: HashMap<String, StreamEnd>,
    pub(crate) files: BTreeMap<String, File>,
}

/// The documents that were published, added to those held, and those that a proposal may publish with the next entry. One
/// that is missing or unsound is left out: what rests on it is then not judged ([`World::is_complete`]).
async fn published(
    store: &dyn Store,
    registry: &Registry,
    mut documents: Documents,
) -> Result<Documents, LedgerError> {
    let enacted = registry
        .documents()
        .flat_map(|(kind, _, versions)| versions.iter().map(move |version| (kind, version.hash)));
    let proposed =
        registry.proposals().values().filter_map(|proposal| match (&proposal.action, &proposal.status) {
            (Action::DocumentPublish(publish), Status::Open | Status::Scheduled(_)) => {
                Some((publish.kind, publish.hash))
            }
            _ => None,
        });
    let wanted: Vec<(DocumentKind, Digest)> =
        enacted.chain(proposed).filter(|(kind, hash)| !documents.holds(*kind, hash)).collect();
    for (kind, hash) in wanted {
        if let Some(bytes) = store.document(hash.0).await?
            && let Err(error) = documents.insert(kind, &bytes)
        {
            tracing::error!(%error, %hash, "a document that is published or proposed cannot be read");
        }
    }
    Ok(documents)
}

/// Whether a stream belongs to the registry of authority.
pub(crate) fn is_registry(stream: &Stream) -> bool {
    let name = stream.as_str();
    name == "ledger" || name.starts_with("agency/")
}

pub(crate) fn parse(index: u64, text: &str) -> Result<Entry, LedgerError> {
    Entry::parse(text.as_bytes()).map_err(|e| LedgerError::Corrupt { index, why: e.to_string() })
}

pub(crate) fn missing(index: u64) -> LedgerError {
    LedgerError::Corrupt { index, why: "the entry is missing from the database".into() }
}

/// Takes the next entry: what is due with it comes into force, and an entry of the registry is followed.
pub(crate) fn follow(registry: &mut Registry, index: u64, entry: &Entry) -> Result<(), LedgerError> {
    let at = Position { index, received: entry.received };
    if is_registry(&entry.event.stream) {
        let taken = registry.apply(at, &entry.event, &Parties::default());
        taken.map_err(|e| LedgerError::Corrupt { index, why: e.to_string() })?;
    } else {
        registry.advance(at);
    }
    Ok(())
}

/// The registry after the log's first `size` entries, from its own streams and the few entries that something scheduled came
/// into force with.
pub(crate) async fn registry_after(store: &dyn Store, size: u64) -> Result<Registry, LedgerError> {
    let mut registry = Registry::new();
    let mut from = 0;
    loop {
        let mut page = store.registry_entries(from, PAGE).await?;
        page.retain(|(index, _)| *index < size);
        let Some((last, _)) = page.last() else { break };
        from = last + 1;
        for (index, text) in page {
            let entry = parse(index, &text)?;
            catch_up_to(&mut registry, store, Position { index, received: entry.received }).await?;
            follow(&mut registry, index, &entry)?;
        }
    }
    if registry.next_due().is_some() {
        let index = size.saturating_sub(1);
        let received = received_at(store, index).await?;
        catch_up_to(&mut registry, store, Position { index, received }).await?;
    }
    Ok(registry)
}

/// Enacts what was scheduled and came into force up to the entry at `to`, each with the entry that it did so with.
async fn catch_up_to(registry: &mut Registry, store: &dyn Store, to: Position) -> Result<(), LedgerError> {
    while let Some(due) = registry.next_due().filter(|due| *due <= to.received) {
        // `received` never decreases along the log.
        let (mut low, mut high) = (0, to.index);
        while low < high {
            let middle = low + (high - low) / 2;
            if received_at(store, middle).await? < due {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        registry.advance(Position { index: low, received: received_at(store, low).await? });
    }
    Ok(())
}

async fn received_at(store: &dyn Store, index: u64) -> Result<u64, LedgerError> {
    let page = store.entries(index, 1).await?;
    let (_, text) = page.first().ok_or_else(|| missing(index))?;
    Ok(parse(index, text)?.received)
}

/// The tree's right edge: from the full tiles that still wait for a full tile above, and the last entries.
async fn load_edge(store: &dyn Store, head: &Head) -> Result<TileBuilder, LedgerError> {
    let mut stored = TileSet::new();
    for tile in TileBuilder::tiles_to_resume(head.size) {
        let missing = LogError::TileMissing { level: tile.level, index: tile.index };
        stored.insert(tile, &store.tile(tile.level, tile.index).await?.ok_or(missing)?)?;
    }
    let first = head.size - head.size % u64::from(TILE_WIDTH);
    let tail = store.entries(first, TILE_WIDTH.into()).await?;
    let tail: Vec<Hash> =
        tail.iter().filter(|(i, _)| *i < head.size).map(|(_, text)| leaf_hash(text.as_bytes())).collect();
    if first + tail.len() as u64 != head.size {
        return Err(missing(first + tail.len() as u64));
    }
    Ok(TileBuilder::resume(head.size, &stored, &tail)?)
}
