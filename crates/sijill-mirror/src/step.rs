//! What the auditor reads: entries that are authenticated and not stored yet, or everything that is stored.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use sijill_audit::{Disclosures, ExportDirectory, Source, Unreadable};
use sijill_event::Digest;
use sijill_log::{FullTile, Tile, bundle};
use tokio::runtime::Handle;

use crate::error::MirrorError;
use crate::files::LogFiles;
use crate::upstream::Upstream;

/// Entries in a full bundle.
pub(crate) const BUNDLE: u64 = 256;
/// Largest document, bytes (`docs/ledger-format.md`, Annex C).
const MAX_DOCUMENT: usize = 1 << 20;
/// Times a document is asked for before the rules that need it count as unchecked.
const ATTEMPTS: u32 = 3;

/// The documents published on the ledger: held, or fetched when the auditor first asks for them.
#[derive(Clone)]
pub(crate) struct Documents {
    pub(crate) files: Arc<LogFiles>,
    pub(crate) upstream: Arc<dyn Upstream>,
    pub(crate) runtime: Handle,
}

impl Documents {
    /// Blocks: the auditor runs beside the asynchronous tasks.
    fn get(&self, hash: &Digest) -> Result<Option<Vec<u8>>, Unreadable> {
        let path = format!("documents/{hash}");
        let is = |bytes: &Vec<u8>| Digest::of(bytes) == *hash;
        if let Some(held) = self.files.read(&path).map_err(unreadable)?.filter(is) {
            return Ok(Some(held));
        }
        for _ in 0..ATTEMPTS {
            match self.runtime.block_on(self.upstream.get(&path, MAX_DOCUMENT)) {
                Ok(Some(bytes)) if is(&bytes) => {
                    self.files.put(&path, &bytes).map_err(unreadable)?;
                    return Ok(Some(bytes));
                }
                Ok(_) => return Ok(None),
                Err(error) => tracing::warn!(%hash, %error, "a published document was not got"),
            }
        }
        Ok(None)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape map_err wants")]
fn unreadable(error: MirrorError) -> Unreadable {
    Unreadable::Source(error.to_string())
}

/// The entries of one step, behind those that are held.
pub(crate) struct Step<'a> {
    documents: &'a Documents,
    /// Index of the first.
    first: u64,
    entries: &'a [Vec<u8>],
    /// The tiles they complete, made from them.
    tiles: BTreeMap<Tile, &'a [u8]>,
}

impl<'a> Step<'a> {
    pub(crate) fn new(
        documents: &'a Documents,
        first: u64,
        entries: &'a [Vec<u8>],
        tiles: &'a [FullTile],
    ) -> Self {
        let tiles = tiles.iter().map(|full| (full.tile, full.bytes.as_slice())).collect();
        Self { documents, first, entries, tiles }
    }

    /// One of the entries held: what a rule looks back at.
    fn held(&self, index: u64) -> Result<Vec<(u64, Vec<u8>)>, Unreadable> {
        // Of the last bundle, only partial widths may be held.
        for width in (1..=256).rev() {
            let tile = Tile { width, ..Tile::full(0, index / BUNDLE) };
            let Some(bytes) = self.documents.files.read(&tile.entries_path()).map_err(unreadable)? else {
                continue;
            };
            let entries =
                bundle::decode(&bytes, width).map_err(|error| Unreadable::Source(error.to_string()))?;
            let at = usize::try_from(index % BUNDLE).unwrap_or(usize::MAX);
            return Ok(entries.get(at).map(|entry| (index, entry.to_vec())).into_iter().collect());
        }
        Ok(Vec::new())
    }
}

impl Source for Step<'_> {
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(None)
    }

    fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Unreadable> {
        let Some(skipped) = from.checked_sub(self.first) else { return self.held(from) };
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let here = self.entries.get(skipped..).unwrap_or_default();
        Ok((from..).zip(here.iter().take(limit).cloned()).collect())
    }

    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(self.tiles.get(&tile).map(|bytes| bytes.to_vec()))
    }

    fn disclosures(&self, _: Range<u64>, _: u64) -> Result<Disclosures, Unreadable> {
        Ok(Disclosures::default())
    }

    fn document(&self, hash: &Digest) -> Result<Option<Vec<u8>>, Unreadable> {
        self.documents.get(hash)
    }

    fn partial_tiles(&self) -> bool {
        false
    }
}

/// Everything that is stored, as it is judged at each start: partial tiles too, for they are served.
pub(crate) struct Stored<'a> {
    pub(crate) directory: ExportDirectory,
    pub(crate) documents: &'a Documents,
}

impl Source for Stored<'_> {
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Unreadable> {
        self.directory.checkpoint()
    }

    fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Unreadable> {
        self.directory.entries(from, limit)
    }

    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Unreadable> {
        self.directory.tile(tile)
    }

    fn disclosures(&self, _: Range<u64>, _: u64) -> Result<Disclosures, Unreadable> {
        Ok(Disclosures::default())
    }

    fn document(&self, hash: &Digest) -> Result<Option<Vec<u8>>, Unreadable> {
        self.documents.get(hash)
    }
}
