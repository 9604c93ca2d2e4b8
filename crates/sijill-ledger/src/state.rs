//! What the sequencer knows: the log's right edge, the registry, and the stream heads it has met.

use std::collections::HashMap;
use std::sync::Arc;

use sijill_domain::{Parties, Position, Registry};
use sijill_event::{Digest, Entry, Stream};
use sijill_log::tile::TILE_WIDTH;
use sijill_log::{Hash, LogError, TileBuilder, TileSet, leaf_hash};
use sijill_store::{Head, Store, StreamHead};

use crate::error::{LedgerError, OpenError};

/// Stream heads remembered; beyond that all are forgotten and read again as needed.
const HEADS: usize = 200_000;
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
    ends: HashMap<String, Option<StreamEnd>>,
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
        let mut registry = Registry::new();
        let mut from = 0;
        loop {
            let page = store.registry_entries(from, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            from = last + 1;
            for (index, text) in page {
                replay(&mut registry, index, &text)?;
            }
        }
        let mut state = Self { head, edge, registry: Arc::new(registry), ends: HashMap::new() };
        state.advance();
        Ok(state)
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
            registry: Arc::clone(&self.registry),
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
                let entry = parse(index, &text)?;
                if is_registry(&entry.event.stream) {
                    replay(registry, index, &text)?;
                }
            }
        }
        if next.edge.root() != Hash(head.root) {
            return Err(LedgerError::Corrupt {
                index: head.size,
                why: "the head does not match the entries".into(),
            });
        }
        next.advance();
        *self = next;
        Ok(())
    }

    /// Enacts what came into force with the last entry.
    fn advance(&mut self) {
        let at = Position { index: self.head.size.saturating_sub(1), received: self.head.received };
        if self.registry.is_due(at.received) {
            Arc::make_mut(&mut self.registry).advance(at);
        }
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

    /// Takes over what a committed batch changed.
    pub(crate) fn adopt(
        &mut self,
        head: Head,
        edge: TileBuilder,
        registry: Arc<Registry>,
        streams: HashMap<String, StreamEnd>,
    ) {
        (self.head, self.edge, self.registry) = (head, edge, registry);
        self.ends.extend(streams.into_iter().map(|(stream, end)| (stream, Some(end))));
    }
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

fn replay(registry: &mut Registry, index: u64, text: &str) -> Result<(), LedgerError> {
    let entry = parse(index, text)?;
    registry
        .apply(Position { index, received: entry.received }, &entry.event, &Parties::default())
        .map(|_| ())
        .map_err(|e| LedgerError::Corrupt { index, why: e.to_string() })
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
