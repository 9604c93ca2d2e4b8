//! Publication: a checkpoint for the committed size, sealed before anything leaves, and the proofs that rest on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sijill_casework::case::World;
use sijill_domain::Registry;
use sijill_log::tile::{tiles_for_consistency, tiles_for_inclusion, tiles_for_root, tiles_for_subtrees};
use sijill_log::tree::{consistency_proof, inclusion_proof, root_at};
use sijill_log::{
    Checkpoint, FullTile, Hash, HashReader, LogError, Note, NoteSigner, Tile, TileBuilder, TileSet, TlogProof,
};
use sijill_store::Store;

use crate::error::LedgerError;
use crate::seal::Seal;
use crate::sequence::Memo;
use crate::state::State;

/// Full tiles kept in memory (8 kB each).
const TILES: usize = 2_048;
/// Past roots kept in memory.
const ROOTS: usize = 100_000;

/// The log as published: its checkpoint, the registry at that size, and the tree's right edge.
#[derive(Clone)]
pub struct Published {
    /// Origin, size and root.
    pub checkpoint: Checkpoint,
    /// The signed note.
    pub note: Note,
    /// The registry of authority after the last published entry.
    pub registry: Arc<Registry>,
    /// The same with the documents published so far: what cases are judged by.
    pub world: Arc<World>,
    pub(crate) edge: TileBuilder,
}

impl std::fmt::Debug for Published {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Published").field("checkpoint", &self.checkpoint).finish_non_exhaustive()
    }
}

/// A committed state, as far as it is published.
pub(crate) struct Snapshot {
    size: u64,
    root: Hash,
    registry: Arc<Registry>,
    world: Arc<World>,
    edge: TileBuilder,
}

impl Snapshot {
    pub(crate) fn of(state: &State) -> Self {
        Self {
            size: state.head.size,
            root: Hash(state.head.root),
            registry: Arc::clone(&state.registry),
            world: Arc::clone(&state.world),
            edge: state.edge.clone(),
        }
    }

    /// Number of entries.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

/// Signs and seals what has been committed.
pub(crate) struct Publisher {
    pub(crate) log_key: NoteSigner,
    pub(crate) seal: Seal,
}

impl Publisher {
    /// Signs a checkpoint and seals it. The danger is the order: a checkpoint that left before it was sealed could be
    /// contradicted after a restore.
    pub(crate) async fn publish(&self, snapshot: &Snapshot) -> Result<Published, LedgerError> {
        let published = self.sign(snapshot)?;
        let (seal, note) = (self.seal.clone(), published.note.to_string());
        tokio::task::spawn_blocking(move || seal.write(&note))
            .await
            .map_err(|e| LedgerError::OutOfRange(format!("the seal was not written: {e}")))??;
        Ok(published)
    }

    /// Signs without sealing: only for a size and root that are sealed already.
    pub(crate) fn sign(&self, snapshot: &Snapshot) -> Result<Published, LedgerError> {
        let Snapshot { size, root, registry, world, edge } = snapshot;
        let checkpoint = Checkpoint { origin: self.log_key.name().clone(), size: *size, root: *root };
        let note = checkpoint.sign(&self.log_key)?;
        let (registry, world) = (Arc::clone(registry), Arc::clone(world));
        Ok(Published { checkpoint, note, registry, world, edge: edge.clone() })
    }
}

/// The receipts' proofs for entries of the batch that `published` has just covered; `tiles` are those it completed.
pub(crate) fn batch_proofs(
    published: &Published,
    tiles: &[FullTile],
    indexes: &[u64],
) -> Result<Vec<String>, LedgerError> {
    let mut completed = TileSet::new();
    for tile in tiles {
        completed.insert(tile.tile, &tile.bytes)?;
    }
    let both = (&published.edge, &completed);
    let memo = Memo::over(&both);
    indexes
        .iter()
        .map(|&index| {
            Ok(tlog_proof(&published.note, index, inclusion_proof(index, published.checkpoint.size, &memo)?))
        })
        .collect()
}

/// A C2SP tlog-proof of entry `index` against a checkpoint.
pub(crate) fn tlog_proof(checkpoint: &Note, index: u64, hashes: Vec<Hash>) -> String {
    TlogProof { extra: Vec::new(), index, hashes, checkpoint: checkpoint.clone() }.to_string()
}

/// Full tiles by level and index.
type Kept = HashMap<(u8, u64), Arc<[u8]>>;

/// Reads hashes of the committed log: full tiles from the store (and memory), the rest from the edge.
#[derive(Clone)]
pub(crate) struct Tiles {
    store: Arc<dyn Store>,
    kept: Arc<Mutex<Kept>>,
}

impl Tiles {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, kept: Arc::default() }
    }

    /// The tile's hashes at its width; `None` if `edge`'s tree does not reach that far.
    pub(crate) async fn read(&self, tile: Tile, edge: &TileBuilder) -> Result<Option<Vec<u8>>, LedgerError> {
        let Some(held) = Tile::in_tree(tile.level, tile.index, edge.size()).filter(|h| h.width >= tile.width)
        else {
            return Ok(None);
        };
        let mut bytes = if held.is_full() {
            self.full(tile.level, tile.index).await?.to_vec()
        } else {
            edge.partial_tile(&held).ok_or(LogError::TileMissing { level: tile.level, index: tile.index })?
        };
        bytes.truncate(tile.byte_len());
        Ok(Some(bytes))
    }

    async fn full(&self, level: u8, index: u64) -> Result<Arc<[u8]>, LedgerError> {
        if let Some(bytes) = self.lock().get(&(level, index)) {
            return Ok(Arc::clone(bytes));
        }
        let bytes: Arc<[u8]> =
            self.store.tile(level, index).await?.ok_or(LogError::TileMissing { level, index })?.into();
        let mut kept = self.lock();
        if kept.len() >= TILES {
            kept.clear();
        }
        kept.insert((level, index), Arc::clone(&bytes));
        Ok(bytes)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn set(&self, tiles: Vec<Tile>, edge: &TileBuilder) -> Result<TileSet, LedgerError> {
        let mut set = TileSet::new();
        for tile in tiles {
            let bytes = self.read(tile, edge).await?;
            set.insert(tile, &bytes.ok_or(LogError::TileMissing { level: tile.level, index: tile.index })?)?;
        }
        Ok(set)
    }

    /// Inclusion of `index` in the tree of `size`.
    pub(crate) async fn inclusion(
        &self,
        index: u64,
        size: u64,
        edge: &TileBuilder,
    ) -> Result<Vec<Hash>, LedgerError> {
        within(size, edge)?;
        if index >= size {
            return Err(LedgerError::OutOfRange(format!("entry {index} is not in a tree of size {size}")));
        }
        Ok(inclusion_proof(index, size, &self.set(tiles_for_inclusion(index, size)?, edge).await?)?)
    }

    /// Consistency between the trees of `old` and `new` entries.
    pub(crate) async fn consistency(
        &self,
        old: u64,
        new: u64,
        edge: &TileBuilder,
    ) -> Result<Vec<Hash>, LedgerError> {
        within(new, edge)?;
        if old > new {
            return Err(LedgerError::OutOfRange(format!("size {old} is above size {new}")));
        }
        Ok(consistency_proof(old, new, &self.set(tiles_for_consistency(old, new)?, edge).await?)?)
    }

    /// The roots of complete subtrees, as level and number, of a log of `size` entries.
    pub(crate) async fn subtrees(
        &self,
        size: u64,
        subtrees: &[(u8, u64)],
        edge: &TileBuilder,
    ) -> Result<Vec<Hash>, LedgerError> {
        within(size, edge)?;
        let tiles = self.set(tiles_for_subtrees(size, subtrees.iter().copied())?, edge).await?;
        subtrees.iter().map(|(level, number)| Ok(tiles.subtree(*level, *number)?)).collect()
    }

    /// The root at `size`.
    pub(crate) async fn root(&self, size: u64, edge: &TileBuilder) -> Result<Hash, LedgerError> {
        within(size, edge)?;
        Ok(root_at(size, &self.set(tiles_for_root(size)?, edge).await?)?)
    }
}

fn within(size: u64, edge: &TileBuilder) -> Result<(), LedgerError> {
    if size > edge.size() {
        return Err(LedgerError::OutOfRange(format!(
            "size {size} is beyond the log of {} entries",
            edge.size()
        )));
    }
    Ok(())
}

/// Roots of past sizes, for `seen`.
pub(crate) struct PastRoots {
    pub(crate) tiles: Tiles,
    pub(crate) kept: HashMap<u64, Hash>,
}

impl PastRoots {
    /// The root at `size`, at most the edge's.
    pub(crate) async fn root(&mut self, size: u64, edge: &TileBuilder) -> Result<Option<Hash>, LedgerError> {
        if let Some(root) = self.kept.get(&size) {
            return Ok(Some(*root));
        }
        let root = if size == edge.size() { edge.root() } else { self.tiles.root(size, edge).await? };
        self.keep(size, root);
        Ok(Some(root))
    }

    /// The root of a committed state, which events will have seen once it is published.
    pub(crate) fn remember(&mut self, snapshot: &Snapshot) {
        self.keep(snapshot.size, snapshot.root);
    }

    fn keep(&mut self, size: u64, root: Hash) {
        if self.kept.len() >= ROOTS {
            self.kept.clear();
        }
        self.kept.insert(size, root);
    }
}
