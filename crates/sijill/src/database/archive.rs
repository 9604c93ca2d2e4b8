//! A data directory as what evidence is put together from: asked by index, however long the log is.

use std::collections::{BTreeMap, BTreeSet};

use sijill_audit::{Archive, Unreadable};
use sijill_event::{Digest, Entry};
use sijill_log::tile::{tiles_for_inclusion, tiles_for_subtrees};
use sijill_log::tree::{cover, inclusion_proof};
use sijill_log::{
    Checkpoint, Frontier, Hash, HashReader, LogError, Note, Tile, TileBuilder, TileSet, leaf_hash,
};
use sijill_store::{KeyId, MAX_PAGE, StoreError};

use super::{Database, sealed, unreadable};

/// The stream whose events are records of the ledger's own.
const LOG: &str = "log";

impl Database {
    /// The ledger as of the newest checkpoint that witnesses cosigned, if it has that tree and `enough` says that its size is
    /// enough; otherwise as it is sealed. It blocks.
    pub fn vouched(mut self, enough: impl Fn(u64) -> bool) -> Result<Self, Unreadable> {
        if let Some((note, checkpoint)) = self.cosigned()?.filter(|(_, checkpoint)| enough(checkpoint.size)) {
            (self.seal, self.size) = (Some(note.into_bytes()), checkpoint.size);
        }
        Ok(self)
    }

    fn cosigned(&self) -> Result<Option<(String, Checkpoint)>, Unreadable> {
        let Some(note) = self.witnessed.as_ref() else { return Ok(None) };
        let read = || Checkpoint::parse(Note::parse(note.as_bytes()).ok()?.text()).ok();
        let sealed = sealed(self.seal.as_deref());
        // A file that a restored backup left behind may be of a history that is no more.
        let Some(checkpoint) = read().filter(|read| {
            (1..=self.size).contains(&read.size) && sealed.is_some_and(|sealed| sealed.origin == read.origin)
        }) else {
            return Ok(None);
        };
        let subtrees: Vec<_> = cover(0, checkpoint.size).collect();
        let hashes = self.subtrees(checkpoint.size, &subtrees)?;
        let mut frontier = Frontier::new();
        let joined = subtrees
            .iter()
            .zip(hashes)
            .try_for_each(|((level, _), hash)| frontier.push_subtree(*level, hash));
        let same = joined.is_ok() && frontier.root() == checkpoint.root;
        Ok(same.then(|| (note.clone(), checkpoint)))
    }

    /// The inclusion proof of an entry in the sealed tree.
    pub fn inclusion(&self, index: u64) -> Result<Vec<Hash>, Unreadable> {
        let tiles = tiles_for_inclusion(index, self.size).map_err(|error| unprovable(&error))?;
        let reader = self.hashes(self.size, tiles)?;
        inclusion_proof(index, self.size, &(&reader.0, &reader.1)).map_err(|error| unprovable(&error))
    }

    /// These tiles of the first `size` entries, and the edge of their tree.
    fn hashes(&self, size: u64, tiles: Vec<Tile>) -> Result<(TileBuilder, TileSet), Unreadable> {
        let mut set = TileSet::new();
        let wanted = TileBuilder::tiles_to_resume(size).into_iter().chain(tiles);
        for tile in wanted.filter(Tile::is_full).collect::<BTreeSet<_>>() {
            let bytes = self.runtime.block_on(self.store.tile(tile.level, tile.index));
            let missing = LogError::TileMissing { level: tile.level, index: tile.index };
            let bytes = bytes.map_err(|error| unreadable(&error))?.ok_or_else(|| unprovable(&missing))?;
            set.insert(tile, &bytes).map_err(|error| unprovable(&error))?;
        }
        let from = size - size % 256;
        let tail = self.page(from, 256, size)?;
        let tail: Vec<Hash> = tail.iter().map(|(_, text)| leaf_hash(text.as_bytes())).collect();
        let edge = TileBuilder::resume(size, &set, &tail).map_err(|error| unprovable(&error))?;
        Ok((edge, set))
    }
}

impl Archive for Database {
    fn checkpoint(&self) -> Result<String, Unreadable> {
        let seal = self.seal.clone().and_then(|bytes| String::from_utf8(bytes).ok());
        seal.ok_or_else(|| Unreadable::Evidence("the ledger has no checkpoint".to_string()))
    }

    fn entries(&self, indexes: &BTreeSet<u64>) -> Result<Vec<(u64, String)>, Unreadable> {
        let mut found = Vec::with_capacity(indexes.len());
        for index in indexes {
            let page = match self.runtime.block_on(self.store.entries(*index, 1)) {
                Err(StoreError::Corrupt { .. }) => Vec::new(),
                page => page.map_err(|error| unreadable(&error))?,
            };
            found.extend(page.into_iter().filter(|(at, _)| at == index));
        }
        Ok(found)
    }

    fn registry(&self, before: u64) -> Result<Vec<(u64, String)>, Unreadable> {
        let (mut found, mut from) = (Vec::new(), 0);
        while from < before {
            let page = self.runtime.block_on(self.store.registry_entries(from, MAX_PAGE));
            let page = page.map_err(|error| unreadable(&error))?;
            let Some((last, _)) = page.last() else { break };
            from = last + 1;
            found.extend(page.into_iter().filter(|(index, _)| *index < before));
        }
        Ok(found)
    }

    fn log_length(&self) -> Result<u64, Unreadable> {
        let heads = self.runtime.block_on(self.store.stream_heads(&[LOG.to_string()]));
        let heads = heads.map_err(|error| unreadable(&error))?;
        Ok(heads.first().map_or(0, |head| head.seq + 1))
    }

    fn log_entries(&self, seq: u64, limit: u32) -> Result<Vec<(u64, String)>, Unreadable> {
        let page = self.runtime.block_on(self.store.stream_entries(LOG, seq, limit));
        page.map_err(|error| unreadable(&error))
    }

    fn disclosures(&self, indexes: &BTreeSet<u64>) -> Result<Vec<(u64, String)>, Unreadable> {
        let Some(keys) = &self.keys else { return Ok(Vec::new()) };
        let all: Vec<u64> = indexes.iter().copied().collect();
        let stored =
            self.runtime.block_on(self.store.disclosures_of(&all)).map_err(|error| unreadable(&error))?;
        let ids: BTreeSet<KeyId> =
            stored.iter().filter_map(|row| Some(row.sealed.as_ref()?.key_id)).collect();
        let ids: Vec<KeyId> = ids.into_iter().collect();
        let wrapped = self.runtime.block_on(keys.store.get(&ids)).map_err(|error| unreadable(&error))?;
        let wrapped: BTreeMap<KeyId, Vec<u8>> = wrapped.into_iter().collect();
        let mut events = BTreeMap::new();
        for (index, text) in Archive::entries(self, indexes)? {
            events.extend(Entry::parse(text.as_bytes()).ok().map(|entry| (index, entry.event)));
        }
        let opened = stored.iter().filter_map(|row| {
            // Erased, or its key is gone: it is simply not there.
            let sealed = row.sealed.as_ref()?;
            let (wrapped, event) = (wrapped.get(&sealed.key_id)?, events.get(&row.index)?);
            let digest = Digest(row.digest);
            let text = keys.vault.open(event, &digest, &sealed.key_id, wrapped, &sealed.ciphertext).ok()?;
            (Digest::of(&text) == digest).then_some((row.index, text))
        });
        Ok(opened.collect())
    }

    fn subtrees(&self, size: u64, subtrees: &[(u8, u64)]) -> Result<Vec<Hash>, Unreadable> {
        let tiles = tiles_for_subtrees(size, subtrees.iter().copied()).map_err(|error| unprovable(&error))?;
        let (edge, set) = self.hashes(size, tiles)?;
        let reader = (&edge, &set);
        let read = subtrees.iter().map(|(level, number)| reader.subtree(*level, *number));
        read.collect::<Result<_, _>>().map_err(|error| unprovable(&error))
    }
}

fn unprovable(error: &LogError) -> Unreadable {
    Unreadable::Evidence(format!("the source lacks entries or tiles, so nothing can be proved: {error}"))
}
