//! What a stopped ledger left on disk, read back and audited with its trust file.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use sijill_audit::{DisclosureRow, Disclosures, Options, Report, Source, Trust, Unreadable, audit};
use sijill_event::{Digest, Entry};
use sijill_ledger::testing::{Ground, ORIGIN};
use sijill_ledger::{Seal, Vault};
use sijill_log::{Tile, TileBuilder, leaf_hash};
use sijill_store::{KeyStore as _, Store as _};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};

/// All that an audit reads, as the files hold it.
struct Held {
    checkpoint: String,
    entries: Vec<Vec<u8>>,
    tiles: BTreeMap<Tile, Vec<u8>>,
    disclosures: Vec<(u64, String)>,
    documents: BTreeMap<Digest, Vec<u8>>,
}

/// Audits the directory of a ledger that does not run any more; `ground` says which ledger it has to be, and opens its vault.
pub(crate) async fn audited(directory: &Path, ground: &Ground) -> Report {
    let held = Held::read(directory, ground).await;
    let trust = Trust {
        origin: ORIGIN.to_owned(),
        log_key: ground.log_key().verifier().clone(),
        genesis: leaf_hash(&held.entries[0]),
        policy: "quorum none\n".parse().expect("a policy"),
    };
    let trust = Trust::parse(trust.to_json().as_bytes()).expect("a trust file");
    audit(&held, &Options { trust: Some(&trust), ..Options::default() }).expect("readable")
}

impl Held {
    async fn read(directory: &Path, ground: &Ground) -> Self {
        let store = SqliteStore::open(directory.join("ledger.db")).await.expect("the store");
        let keys = SqliteKeyStore::open(directory.join("keys.db")).await.expect("the key store");
        let seal = Seal::at(directory.join("seal/checkpoint"));
        let checkpoint = seal.read().expect("readable").expect("a sealed checkpoint");
        let mut entries: Vec<Vec<u8>> = Vec::new();
        loop {
            let page = store.entries(entries.len() as u64, 500).await.expect("entries");
            if page.is_empty() {
                break;
            }
            entries.extend(page.into_iter().map(|(_, text)| text.into_bytes()));
        }
        let mut edge = TileBuilder::new();
        let full: BTreeSet<Tile> =
            edge.extend(entries.iter().map(|entry| leaf_hash(entry))).into_iter().map(|f| f.tile).collect();
        let mut tiles: BTreeMap<Tile, Vec<u8>> = edge.partial_tiles().into_iter().collect();
        for tile in full {
            let bytes = store.tile(tile.level, tile.index).await.expect("tiles").expect("a full tile");
            tiles.insert(tile, bytes);
        }
        let vault = Vault::new(ground.master.clone(), ORIGIN);
        let mut disclosures = Vec::new();
        for (index, text) in (0_u64..).zip(&entries) {
            let event = Entry::parse(text).expect("an entry").event;
            for row in store.disclosures(index..index + 1, None, 500).await.expect("disclosures") {
                let sealed = row.sealed.expect("nothing was erased");
                let (_, wrapped) = keys.get(&[sealed.key_id]).await.expect("keys").remove(0);
                let text = vault
                    .open(&event, &Digest(row.digest), &sealed.key_id, &wrapped, &sealed.ciphertext)
                    .expect("it opens");
                disclosures.push((index, text));
            }
        }
        let mut documents = BTreeMap::new();
        for hash in store.documents().await.expect("documents") {
            documents.insert(Digest(hash), store.document(hash).await.expect("documents").expect("held"));
        }
        Self { checkpoint, entries, tiles, disclosures, documents }
    }
}

impl Source for Held {
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(Some(self.checkpoint.clone().into_bytes()))
    }

    fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Unreadable> {
        let from = usize::try_from(from).expect("small");
        let all = (0_u64..).zip(&self.entries).skip(from).take(limit);
        Ok(all.map(|(index, entry)| (index, entry.clone())).collect())
    }

    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(self.tiles.get(&tile).cloned())
    }

    fn disclosures(&self, range: Range<u64>, _: u64) -> Result<Disclosures, Unreadable> {
        let here = self.disclosures.iter().filter(|(index, _)| range.contains(index));
        let rows =
            here.map(|(index, text)| DisclosureRow { index: Some(*index), disclosure: Ok(text.clone()) });
        Ok(Disclosures { rows: rows.collect(), all: true })
    }

    fn document(&self, hash: &Digest) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(self.documents.get(hash).cloned())
    }

    fn documents(&self) -> Result<Vec<Digest>, Unreadable> {
        Ok(self.documents.keys().copied().collect())
    }
}
