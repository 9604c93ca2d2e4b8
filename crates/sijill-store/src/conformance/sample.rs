//! A sample ledger whose every row can be recomputed from its entries alone, so that one check sees all contradictions.
//!
//! An entry reads `<received> <jti>.<stream>.<seq>.<disclosures>.<padding>`. From these follow its index row, its
//! stream's head, its disclosures and its share of the tiles; the root is a hash chain over the entries, which is no
//! Merkle tree but depends on every byte just the same.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    Batch, FullTile, Hash, Head, IndexRow, KeyId, NewEntry, Sealed, SealedDisclosure, Store,
    StoredDisclosure, StreamHead, TILE_BYTES,
};

const PAGE: u32 = 1_000;

/// SHA-256 over the parts, one after the other.
pub fn hash(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Writes batches of a sample ledger.
#[derive(Debug, Clone)]
pub struct Writer {
    /// Tells writers apart, so that two of them never write the same entry.
    name: String,
    /// Length of each entry's padding, bytes.
    padding: usize,
    head: Head,
    streams: BTreeMap<String, StreamHead>,
    /// Leaf hashes of the tile that is not full yet.
    edge: Vec<Hash>,
}

impl Writer {
    /// A writer of an empty ledger, with entries of about 1 kB.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            padding: 900,
            head: Head::EMPTY,
            streams: BTreeMap::new(),
            edge: Vec::new(),
        }
    }

    /// Sets the padding of each entry, bytes.
    #[must_use]
    pub fn with_padding(self, padding: usize) -> Self {
        Self { padding, ..self }
    }

    /// A writer that goes on where the store has arrived.
    pub async fn resume(name: &str, store: &dyn Store) -> Self {
        let mut writer = Self::new(name);
        writer.reload(store).await;
        writer
    }

    /// Forgets what it knew and reads the store again, as a server does that has lost the swap.
    ///
    /// The head is read last and the rest is read for it, so that a commit in between only costs another round.
    pub async fn reload(&mut self, store: &dyn Store) {
        loop {
            let head = store.head().await.unwrap();
            self.streams = stream_heads(store).await;
            let edge_start = head.size - head.size % 256;
            let edge = store.entries(edge_start, 256).await.unwrap();
            if store.head().await.unwrap() == head {
                self.edge = edge.iter().map(|(_, entry)| hash(&[entry.as_bytes()])).collect();
                self.head = head;
                return;
            }
        }
    }

    /// The head its next batch expects.
    pub fn head(&self) -> Head {
        self.head
    }

    /// A batch of `count` entries upon what this writer knows. [`Writer::landed`] makes it part of that.
    pub fn batch(&self, count: usize) -> Batch {
        self.batch_with(count, |index| usize::try_from(index % 3).unwrap())
    }

    /// A batch whose entry at `index` has `disclosures(index)` disclosures.
    pub fn batch_with(&self, count: usize, disclosures: impl Fn(u64) -> usize) -> Batch {
        let mut next = self.clone();
        let mut batch = Batch::new(self.head, self.head, Vec::with_capacity(count));
        for _ in 0..count {
            let index = next.head.size;
            let entry = next.entry(index, disclosures(index));
            batch.disclosures.extend(parse(index, &entry.entry).disclosures);
            next.follow(&entry, &mut batch.tiles);
            batch.entries.push(entry);
        }
        batch.head = next.head;
        batch.streams =
            next.streams.into_values().filter(|head| self.streams.get(&head.stream) != Some(head)).collect();
        batch
    }

    /// Takes a committed batch into account.
    pub fn landed(&mut self, batch: &Batch) {
        let mut tiles = Vec::new();
        for entry in &batch.entries {
            self.follow(entry, &mut tiles);
        }
        assert_eq!(self.head, batch.head, "the batch was not built on this writer's head");
    }

    fn entry(&self, index: u64, disclosures: usize) -> NewEntry {
        let stream = stream_of(index);
        let seq = self.streams.get(&stream).map_or(0, |head| head.seq + 1);
        let seed = hash(&[self.name.as_bytes(), &index.to_be_bytes()]);
        // Version 7, as signers choose them: nearly in order, and an index over them grows at its end.
        let random = seed.first_chunk().unwrap();
        let jti = uuid::Builder::from_unix_timestamp_millis(1_790_000_000_000 + index, random).into_uuid();
        let received = self.head.received + u64::from(seed[20] % 3);
        let mut entry = format!("{received} {jti}.{stream}.{seq}.{disclosures}.");
        // Neither constant nor repeated: a database that compresses is not flattered.
        let mut block = seed;
        while entry.len() < self.padding {
            block = hash(&[&block]);
            entry.extend(
                block.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|nibble| char::from(b'a' + nibble)),
            );
        }
        NewEntry { index, entry, registry: is_registry(&stream), stream, seq, jti }
    }

    fn follow(&mut self, entry: &NewEntry, tiles: &mut Vec<FullTile>) {
        let row = parse(entry.index, &entry.entry);
        self.streams.insert(entry.stream.clone(), row.head);
        self.edge.push(row.leaf);
        if self.edge.len() == 256 {
            let hashes = self.edge.drain(..).flatten().collect();
            tiles.push(FullTile { level: 0, index: entry.index / 256, hashes });
        }
        self.head = Head {
            size: entry.index + 1,
            root: hash(&[&self.head.root, entry.entry.as_bytes()]),
            received: row.received,
        };
    }
}

fn stream_of(index: u64) -> String {
    match index {
        0 => "ledger".into(),
        index if index % 11 == 1 => format!("agency/{}", index % 2),
        index => format!("case/{}", index % 17),
    }
}

fn is_registry(stream: &str) -> bool {
    stream == "ledger" || stream.starts_with("agency/")
}

/// What follows from an entry's text.
struct Row {
    received: u64,
    index: IndexRow,
    head: StreamHead,
    leaf: Hash,
    disclosures: Vec<SealedDisclosure>,
}

fn parse(index: u64, entry: &str) -> Row {
    let (received, jwt) = entry.split_once(' ').expect("<received> SP <JWT>");
    let mut parts = jwt.splitn(5, '.');
    let mut part = || parts.next().expect("five parts");
    let jti: Uuid = part().parse().unwrap();
    let stream = part().to_owned();
    let seq = part().parse().unwrap();
    let disclosures: u64 = part().parse().unwrap();
    Row {
        received: received.parse().unwrap(),
        head: StreamHead {
            stream: stream.clone(),
            seq,
            last: hash(&[jwt.as_bytes()]),
            parties: format!("moh,ropd{}", seq % 3),
        },
        leaf: hash(&[entry.as_bytes()]),
        disclosures: (0..disclosures).map(|number| disclosure(index, jti, number)).collect(),
        index: IndexRow { index, registry: is_registry(&stream), stream, seq, jti },
    }
}

fn disclosure(index: u64, jti: Uuid, number: u64) -> SealedDisclosure {
    let digest = hash(&[jti.as_bytes(), &number.to_be_bytes()]);
    SealedDisclosure { index, digest, key_id: key_of(jti), ciphertext: hash(&[&digest]).repeat(3) }
}

fn key_of(jti: Uuid) -> KeyId {
    *jti.as_bytes()
}

async fn stream_heads(store: &dyn Store) -> BTreeMap<String, StreamHead> {
    let mut heads = BTreeMap::new();
    let mut after = String::new();
    loop {
        let page = store.stream_head_rows(&after, PAGE).await.unwrap();
        let Some(last) = page.last() else { return heads };
        after.clone_from(&last.stream);
        heads.extend(page.into_iter().map(|head| (head.stream.clone(), head)));
    }
}

/// Reads a sample ledger whole and checks every row of the store against its entries. Nobody may be writing.
pub async fn assert_sound(store: &dyn Store) -> Head {
    let head = store.head().await.unwrap();
    let mut expected = Writer::new("replay");
    let mut tiles = Vec::new();
    let mut registry = Vec::new();
    loop {
        let from = expected.head.size;
        let page = store.entries(from, PAGE).await.unwrap();
        let rows = store.index_rows(from, PAGE).await.unwrap();
        assert_eq!(page.len(), rows.len(), "entries and index rows from {from}");
        let Some((last, _)) = page.last() else { break };
        let mut disclosures = Vec::new();
        for ((index, entry), row) in page.iter().zip(rows) {
            let derived = parse(*index, entry);
            assert_eq!(row, derived.index, "index row {index}");
            if row.registry {
                registry.push((*index, entry.clone()));
            }
            let entry = NewEntry {
                index: *index,
                entry: entry.clone(),
                stream: row.stream,
                seq: row.seq,
                jti: row.jti,
                registry: row.registry,
            };
            expected.follow(&entry, &mut tiles);
            disclosures.extend(derived.disclosures.into_iter().map(stored));
        }
        disclosures.sort_by_key(|d| (d.index, d.digest));
        assert_eq!(all_disclosures(store, from..last + 1).await, disclosures, "disclosures from {from}");
    }
    assert_eq!(head, expected.head, "head");
    assert_eq!(stream_heads(store).await, expected.streams, "stream heads");
    assert_eq!(all_registry_entries(store).await, registry, "registry entries");
    assert!(all_disclosures(store, head.size..u64::MAX).await.is_empty(), "disclosures beyond the end");
    for tile in &tiles {
        let found = store.tile(tile.level, tile.index).await.unwrap();
        assert_eq!(found.as_deref(), Some(&tile.hashes[..]), "tile {}", tile.index);
        assert_eq!(tile.hashes.len(), TILE_BYTES);
    }
    assert_eq!(store.tile(0, head.size / 256).await.unwrap(), None, "the edge tile is not full");
    assert_eq!(store.strays().await.unwrap(), [], "nothing stands beyond the head");
    head
}

/// A written disclosure, as it is read back.
pub fn stored(disclosure: SealedDisclosure) -> StoredDisclosure {
    let SealedDisclosure { index, digest, key_id, ciphertext } = disclosure;
    StoredDisclosure { index, digest, sealed: Some(Sealed { key_id, ciphertext }) }
}

/// All disclosures of some entries, page by page.
pub async fn all_disclosures(store: &dyn Store, indexes: std::ops::Range<u64>) -> Vec<StoredDisclosure> {
    let mut all: Vec<StoredDisclosure> = Vec::new();
    loop {
        let after = all.last().map(|last| (last.index, last.digest));
        let page = store.disclosures(indexes.clone(), after, PAGE).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

async fn all_registry_entries(store: &dyn Store) -> Vec<(u64, String)> {
    let mut all = Vec::new();
    let mut from = 0;
    loop {
        let page = store.registry_entries(from, PAGE).await.unwrap();
        let Some((last, _)) = page.last() else { return all };
        from = last + 1;
        all.extend(page);
    }
}
