//! Entries beyond the seal: committed, and not published from this directory. A crash leaves some, and so does stopping first
//! among servers that share a database. No signed root vouches for them yet; until one does, the database's head has to.

use sijill_audit::{Facts, LedgerEnd, Source as _, Unreadable};
use sijill_event::Entry;
use sijill_log::tile::TILE_WIDTH;
use sijill_log::{Hash, TileBuilder, TileSet, leaf_hash};
use sijill_store::{Head, MAX_PAGE};

use super::{Database, sealed};

/// The entries beyond the seal, as far as they were read.
struct Walk {
    /// Index of the next entry.
    next: u64,
    /// Whether each so far is there and can be read.
    whole: bool,
    /// The tree up to `next`; `None` if something in it is missing.
    edge: Option<TileBuilder>,
    /// `received` of the last.
    received: Option<u64>,
}

impl Database {
    /// How many entries lie beyond the seal, by the word of the database's head; 0 if one of the two cannot be read.
    pub async fn beyond(&self) -> u64 {
        match (sealed(self.seal.as_deref()), self.store.head().await) {
            (Some(sealed), Ok(head)) => head.size.saturating_sub(sealed.size),
            _ => 0,
        }
    }

    /// Reads them, continues the sealed tree over them, and compares that with the head. Answers whether they are sound.
    pub(super) fn check_beyond(&self, head: &Head, end: &LedgerEnd<'_>) -> Result<bool, Unreadable> {
        let mut walk =
            Walk { next: end.size, whole: true, edge: self.sealed_edge(end.size)?, received: None };
        while walk.next < head.size {
            let page = self.page(walk.next, MAX_PAGE, head.size)?;
            if page.is_empty() {
                break;
            }
            self.walk_over(&mut walk, &page)?;
        }
        self.walk_to(&mut walk, head.size);
        let Walk { whole, edge, received, .. } = walk;
        if !whole {
            return Ok(false);
        }
        // Where the tree below the seal is not what was sealed, the audit has said so, and this one cannot be continued.
        if edge.is_some_and(|edge| edge.root() != Hash(head.root)) {
            let message = format!(
                "the entries from {} to {}, which lie beyond the seal, do not give the root in the database's head: one of \
                 them, or the head, was altered",
                end.size,
                head.size - 1
            );
            self.note(None, message);
            return Ok(false);
        }
        if received.is_some_and(|received| received != head.received) {
            let message =
                "`received` in the database's head is not that of the last entry, which lies beyond the seal";
            self.note(None, message.to_string());
        }
        Ok(true)
    }

    fn walk_over(&self, walk: &mut Walk, page: &[(u64, String)]) -> Result<(), Unreadable> {
        let mut entries = Vec::with_capacity(page.len());
        for (index, text) in page {
            self.walk_to(walk, *index);
            walk.next = index + 1;
            let completed = walk.edge.as_mut().map(|edge| edge.push(leaf_hash(text.as_bytes())));
            for full in completed.into_iter().flatten() {
                if self.tile(full.tile)?.is_none_or(|bytes| bytes != full.bytes) {
                    let place = full.tile.path();
                    self.note(None, format!("the hash tile {place} is not what its entries give"));
                }
            }
            match Entry::parse(text.as_bytes()) {
                Ok(entry) => {
                    walk.received = Some(entry.received);
                    entries.push((*index, entry));
                }
                Err(error) => {
                    walk.whole = false;
                    self.note(
                        Some(*index),
                        format!("entry {index}, which lies beyond the seal, is malformed: {error}"),
                    );
                }
            }
        }
        let facts = entries.iter().map(|(index, Entry { received, event })| Facts {
            index: *index,
            stream: &event.stream,
            seq: event.seq,
            jti: event.jti,
            received: *received,
            digests: &event.digests,
        });
        self.compare_rows(&facts.collect::<Vec<_>>())
    }

    /// Whatever is left out between the walk and `index` is missing.
    fn walk_to(&self, walk: &mut Walk, index: u64) {
        let (first, length) = (walk.next, index.saturating_sub(walk.next));
        let message = match length {
            0 => return,
            1 => format!("entry {first}, which lies beyond the seal, is missing or no text"),
            _ => {
                format!("{length} entries from {first} on, which lie beyond the seal, are missing or no text")
            }
        };
        self.note(Some(first), message);
        (walk.next, walk.whole, walk.edge) = (index, false, None);
    }

    /// The edge of the tree that was sealed; `None` if what the database holds of it does not give the sealed root.
    fn sealed_edge(&self, size: u64) -> Result<Option<TileBuilder>, Unreadable> {
        let mut stored = TileSet::new();
        for tile in TileBuilder::tiles_to_resume(size) {
            let Some(bytes) = self.tile(tile)? else { return Ok(None) };
            if stored.insert(tile, &bytes).is_err() {
                return Ok(None);
            }
        }
        let tail = self.entries(size - size % u64::from(TILE_WIDTH), TILE_WIDTH.into())?;
        let tail: Vec<Hash> = tail.iter().map(|(_, bytes)| leaf_hash(bytes)).collect();
        let root = sealed(self.seal.as_deref()).map(|checkpoint| checkpoint.root);
        Ok(TileBuilder::resume(size, &stored, &tail).ok().filter(|edge| Some(edge.root()) == root))
    }
}
