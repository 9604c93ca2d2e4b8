//! What comes over the network. Nothing of it is believed here: [`crate::follow`] authenticates it.

use std::collections::BTreeSet;

use futures::future::try_join_all;
use sijill_log::tile::{FULL_TILE_BYTES, tiles_for_consistency, tiles_for_root};
use sijill_log::tree::{consistency_proof, root_at};
use sijill_log::{Hash, LogError, Tile, TileSet, bundle};
use tokio::task::JoinSet;

use crate::error::MirrorError;
use crate::mirror::Mirror;
use crate::step::BUNDLE;

const MAX_BUNDLE: usize = 256 * (2 + u16::MAX as usize);
/// Bundles in one step: judged together, and then stored.
const STEP: u64 = 64;
/// Bytes of entries after which a step ends sooner: what a ledger of largest entries may take of this machine's memory.
const STEP_BYTES: usize = 64 << 20;
/// Requests under way at once.
const TOGETHER: usize = 8;

/// Some entries, as they came.
pub(crate) struct Fetched {
    pub(crate) entries: Vec<Vec<u8>>,
    /// The bundles that lay here already.
    pub(crate) from_here: Vec<Tile>,
}

/// A log's hash tiles as it serves them for one size, fetched when they are needed.
pub(crate) struct RemoteTiles {
    size: u64,
    set: TileSet,
}

impl RemoteTiles {
    pub(crate) fn of(size: u64) -> Self {
        Self { size, set: TileSet::new() }
    }
}

/// The next step's entries, on their way.
pub(crate) struct Fetching {
    mirror: Mirror,
    size: u64,
    /// One at most; it ends when this is dropped.
    coming: JoinSet<(u64, Result<Fetched, MirrorError>)>,
}

impl Fetching {
    pub(crate) fn new(mirror: Mirror, size: u64) -> Self {
        Self { mirror, size, coming: JoinSet::new() }
    }

    /// Sets out for the entries from `from` on, if there are any.
    pub(crate) fn begin(&mut self, from: u64) {
        let (mirror, size) = (self.mirror.clone(), self.size);
        if from < size {
            self.coming.spawn(async move { (from, mirror.fetch_entries(from, size, true).await) });
        }
    }

    /// The entries from `from` on.
    pub(crate) async fn next(&mut self, from: u64) -> Result<Fetched, MirrorError> {
        match self.coming.join_next().await {
            Some(Ok((begun, fetched))) if begun == from => fetched,
            Some(Err(error)) => Err(MirrorError::Task(error.to_string())),
            _ => self.mirror.fetch_entries(from, self.size, true).await,
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Hashes,
    Entries,
}

impl Kind {
    fn path(self, tile: Tile) -> String {
        match self {
            Self::Hashes => tile.path(),
            Self::Entries => tile.entries_path(),
        }
    }

    fn limit(self) -> usize {
        match self {
            Self::Hashes => FULL_TILE_BYTES,
            Self::Entries => MAX_BUNDLE,
        }
    }
}

impl Mirror {
    /// Consistency proof from `old` to the tiles' size, as the log's tiles have it.
    pub(crate) async fn remote_proof(
        &self,
        old: u64,
        tiles: &mut RemoteTiles,
    ) -> Result<Vec<Hash>, MirrorError> {
        self.fetch_tiles(tiles_for_consistency(old, tiles.size).map_err(odd)?, tiles).await?;
        consistency_proof(old, tiles.size, &tiles.set)
            .map_err(|error| MirrorError::garbage("hash tiles", error))
    }

    /// The root at `old`, as the log's tiles have it.
    pub(crate) async fn remote_root(&self, old: u64, tiles: &mut RemoteTiles) -> Result<Hash, MirrorError> {
        self.fetch_tiles(tiles_for_root(old).map_err(odd)?, tiles).await?;
        root_at(old, &tiles.set).map_err(|error| MirrorError::garbage("hash tiles", error))
    }

    async fn fetch_tiles(&self, wanted: Vec<Tile>, tiles: &mut RemoteTiles) -> Result<(), MirrorError> {
        let wanted: BTreeSet<Tile> = wanted
            .into_iter()
            .filter_map(|tile| Tile::in_tree(tile.level, tile.index, tiles.size))
            .filter(|tile| !tiles.set.contains(tile))
            .collect();
        let wanted: Vec<Tile> = wanted.into_iter().collect();
        for together in wanted.chunks(TOGETHER) {
            let mut asked = Vec::with_capacity(together.len());
            for tile in together {
                asked.push(self.fetch(*tile, Kind::Hashes));
            }
            for (tile, bytes) in together.iter().zip(try_join_all(asked).await?) {
                // In place of a partial tile the full one may have come, of which it is the beginning.
                let bytes = bytes.get(..tile.byte_len()).unwrap_or_default();
                tiles.set.insert(*tile, bytes).map_err(|error| MirrorError::garbage(tile.path(), error))?;
            }
        }
        Ok(())
    }

    /// A tile or bundle. A log may have dropped a partial one once the full one is there (C2SP tlog-tiles).
    async fn fetch(&self, tile: Tile, kind: Kind) -> Result<Vec<u8>, MirrorError> {
        let upstream = &self.shared.upstream;
        if let Some(bytes) = upstream.get(&kind.path(tile), kind.limit()).await? {
            return Ok(bytes);
        }
        let full = kind.path(Tile { width: 256, ..tile });
        let bytes = if tile.is_full() { None } else { upstream.get(&full, kind.limit()).await? };
        bytes.ok_or_else(|| MirrorError::garbage(full, "it is not there"))
    }

    /// Entries from `from` on, at most a step, up to `size`. `here`: full bundles that lie here already need not come.
    pub(crate) async fn fetch_entries(
        &self,
        from: u64,
        size: u64,
        here: bool,
    ) -> Result<Fetched, MirrorError> {
        let first = from / BUNDLE;
        let last = size.div_ceil(BUNDLE).min(first + STEP);
        let wanted: Vec<Tile> = (first..last).filter_map(|number| Tile::in_tree(0, number, size)).collect();
        let mut fetched = Fetched { entries: Vec::new(), from_here: Vec::new() };
        let mut skip = usize::try_from(from % BUNDLE).unwrap_or_default();
        let mut bytes = 0;
        for together in wanted.chunks(TOGETHER) {
            let mut asked = Vec::with_capacity(together.len());
            for tile in together {
                asked.push(self.fetch_bundle(*tile, here));
            }
            for (tile, (entries, was_here)) in together.iter().zip(try_join_all(asked).await?) {
                fetched.from_here.extend(was_here.then_some(*tile));
                bytes += entries.iter().map(Vec::len).sum::<usize>();
                fetched.entries.extend(entries.into_iter().skip(std::mem::take(&mut skip)));
            }
            if bytes > STEP_BYTES {
                break;
            }
        }
        Ok(fetched)
    }

    async fn fetch_bundle(&self, tile: Tile, here: bool) -> Result<(Vec<Vec<u8>>, bool), MirrorError> {
        let path = tile.entries_path();
        let known = if here && tile.is_full() { self.shared.files.read(&path)? } else { None };
        let was_here = known.is_some();
        let bytes = match known {
            Some(bytes) => bytes,
            None => self.fetch(tile, Kind::Entries).await?,
        };
        // In place of a partial bundle the full one may have come.
        let entries = bundle::decode(&bytes, tile.width).or_else(|_| bundle::decode(&bytes, 256));
        match entries {
            Ok(entries) => {
                let entries = entries.into_iter().take(tile.width.into()).map(<[u8]>::to_vec).collect();
                Ok((entries, was_here))
            }
            // Left over from a disk that failed: it will not be authenticated, and then it comes.
            Err(_) if was_here => Ok((Vec::new(), true)),
            Err(error) => Err(MirrorError::garbage(path, error)),
        }
    }
}

/// A size that no tree has; a checkpoint that was parsed has one.
fn odd(error: LogError) -> MirrorError {
    MirrorError::garbage("checkpoint", error)
}
