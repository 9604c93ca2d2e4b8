//! Writing a lost ledger's entries back into an empty store, from wherever they were kept.
//!
//! What is written was audited before: here nobody judges it. The ledger's seal decides afterwards whether what was brought back
//! is enough to go on from: a ledger behind its seal does not run.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rayon::prelude::*;
use sijill_casework::case::{Documents, World};
use sijill_domain::{Parties, Position, Registry, party_streams};
use sijill_event::{Digest, SdJwt};
use sijill_log::{TileBuilder, leaf_hash};
use sijill_store::{
    Batch, CommitOutcome, FullTile, Head, KeyStore, MatchKey, NewEntry, SealedDisclosure, Store, StreamHead,
};

use crate::acts::row;
use crate::admission::match_keys_of;
use crate::casework::{CaseReader, case_id};
use crate::error::LedgerError;
use crate::state::{StreamEnd, is_registry, parse};
use crate::vault::{MasterKey, SealedEvent, Vault};

/// Cases whose rows are derived at a time.
const CASES: usize = 500;

/// An entry that was kept elsewhere.
#[derive(Debug, Clone)]
pub struct Kept {
    /// `<received> SP <JWT>`.
    pub entry: String,
    /// The disclosures that were kept with it; all of them, or those that are left.
    pub disclosures: Vec<String>,
}

/// What was brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// Where the ledger ends now.
    pub head: Head,
    /// Disclosures brought back, sealed anew.
    pub disclosures: u64,
    /// Digests whose value was not kept: it is gone, unless somebody else has it.
    pub gone: u64,
}

/// An entry's values, sealed anew, and what its child is found by.
type Resealed = (Option<SealedEvent>, Vec<MatchKey>);

/// A ledger on its way back.
pub struct Restoring {
    store: Arc<dyn Store>,
    keys: Arc<dyn KeyStore>,
    vault: Vault,
    registry: Registry,
    edge: TileBuilder,
    ends: HashMap<String, StreamEnd>,
    cases: BTreeSet<String>,
    restored: Restored,
}

impl Restoring {
    /// Begins in an empty store. Of one that holds entries: `None`, and nothing is changed.
    pub async fn begin(
        store: Arc<dyn Store>,
        keys: Arc<dyn KeyStore>,
        master: MasterKey,
        origin: &str,
    ) -> Result<Option<Self>, LedgerError> {
        let head = store.head().await?;
        if head != Head::EMPTY {
            return Ok(None);
        }
        Ok(Some(Self {
            store,
            keys,
            vault: Vault::new(master, origin),
            registry: Registry::new(),
            edge: TileBuilder::new(),
            ends: HashMap::new(),
            cases: BTreeSet::new(),
            restored: Restored { head, disclosures: 0, gone: 0 },
        }))
    }

    /// Writes the next entries, in one transaction.
    pub async fn put(&mut self, kept: Vec<Kept>) -> Result<(), LedgerError> {
        if kept.is_empty() {
            return Ok(());
        }
        let sealed = self.seal(&kept)?;
        let mut head = self.restored.head;
        let (mut entries, mut tiles, mut moved) =
            (Vec::with_capacity(kept.len()), Vec::new(), BTreeSet::new());
        let (mut disclosures, mut erased, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        let mut match_keys: Vec<(MatchKey, String)> = Vec::new();
        for (kept, (sealed, found)) in kept.into_iter().zip(sealed) {
            let index = self.edge.size();
            let entry = parse(index, &kept.entry)?;
            let event = &entry.event;
            moved.extend(self.follow(index, &entry)?);
            tiles.extend(self.edge.push(leaf_hash(kept.entry.as_bytes())));
            let mut here = BTreeSet::new();
            if let Some(SealedEvent { key_id, wrapped, disclosures: sealed }) = sealed {
                keys.push((key_id, wrapped));
                for (digest, ciphertext) in sealed {
                    here.insert(digest);
                    disclosures.push(SealedDisclosure { index, digest: digest.0, key_id, ciphertext });
                }
            }
            self.restored.disclosures += here.len() as u64;
            for digest in
                event.digests.iter().flat_map(|(_, digests)| digests).filter(|one| !here.contains(one))
            {
                // The digest may never occur again, whatever became of its value.
                disclosures.push(SealedDisclosure {
                    index,
                    digest: digest.0,
                    key_id: [0; 16],
                    ciphertext: Vec::new(),
                });
                erased.push((index, digest.0));
                self.restored.gone += 1;
            }
            if let Some(id) = case_id(&event.stream) {
                self.cases.insert(id.to_owned());
                match_keys.extend(found.into_iter().map(|key| (key, id.to_owned())));
            }
            head.received = head.received.max(entry.received);
            entries.push(NewEntry {
                index,
                stream: event.stream.to_string(),
                seq: event.seq,
                jti: event.jti,
                registry: is_registry(&event.stream),
                entry: kept.entry,
            });
        }
        (head.size, head.root) = (self.edge.size(), self.edge.root().0);
        let mut batch = Batch::new(self.restored.head, head, entries);
        batch.streams = moved.into_iter().filter_map(|stream| self.head_of(stream)).collect();
        let stored = |full: sijill_log::FullTile| FullTile {
            level: full.tile.level,
            index: full.tile.index,
            hashes: full.bytes,
        };
        batch.tiles = tiles.into_iter().map(stored).collect();
        (batch.disclosures, batch.erased, batch.match_keys) = (disclosures, erased, match_keys);
        if !keys.is_empty() {
            self.keys.put(&keys).await?;
        }
        match self.store.commit(&batch).await? {
            CommitOutcome::Committed => {
                self.restored.head = head;
                Ok(())
            }
            CommitOutcome::HeadMoved => {
                Err(LedgerError::OutOfRange("somebody else writes to this database".to_owned()))
            }
        }
    }

    /// Seals what was kept, on all cores; with it, what children are found by.
    fn seal(&self, kept: &[Kept]) -> Result<Vec<Resealed>, LedgerError> {
        let (matching, first) = (self.vault.matching(), self.edge.size());
        let seal = |(nth, kept): (usize, &Kept)| {
            if kept.disclosures.is_empty() {
                return Ok((None, Vec::new()));
            }
            let index = first + nth as u64;
            let entry = parse(index, &kept.entry)?;
            let texts: Vec<(Digest, &str)> =
                kept.disclosures.iter().map(|text| (Digest::of(text), text.as_str())).collect();
            let sealed = self.vault.seal(&entry.event, &texts);
            let sealed = sealed.map_err(|error| LedgerError::Corrupt { index, why: error.to_string() })?;
            // Not where some of them are gone: then nobody is found by the rest.
            let whole = SdJwt::parse(&format!("{}~{}~", entry.event.jwt, kept.disclosures.join("~")));
            let found = whole.ok().map_or_else(Vec::new, |whole| match_keys_of(&matching, &whole));
            Ok((sealed, found))
        };
        kept.par_iter().enumerate().map(seal).collect()
    }

    /// Replays an entry; the streams whose ends it moved.
    fn follow(&mut self, index: u64, entry: &sijill_event::Entry) -> Result<Vec<String>, LedgerError> {
        let event = &entry.event;
        let holders = party_streams(&event.stream);
        let held = holders.iter().find_map(|holder| {
            let parties = &self.ends.get(holder.as_str())?.parties;
            (!parties.is_empty()).then(|| (holder.clone(), parties.clone()))
        });
        let (holder, mut parties) =
            held.unwrap_or_else(|| (holders.first().unwrap_or(&event.stream).clone(), Parties::new()));
        let at = Position { index, received: entry.received };
        let accepted = self.registry.apply(at, event, &parties);
        let accepted = accepted.map_err(|error| LedgerError::Corrupt { index, why: error.to_string() })?;
        parties.extend(&accepted.new_parties);
        let mut moved = vec![event.stream.to_string()];
        let own = if holder == event.stream {
            parties
        } else {
            if let Some(end) = self.ends.get_mut(holder.as_str()).filter(|_| !accepted.new_parties.is_empty())
            {
                end.parties = parties;
                moved.push(holder.to_string());
            }
            Parties::new()
        };
        self.ends
            .insert(event.stream.to_string(), StreamEnd { seq: event.seq, last: event.hash(), parties: own });
        Ok(moved)
    }

    fn head_of(&self, stream: String) -> Option<StreamHead> {
        let end = self.ends.get(&stream)?;
        Some(StreamHead { seq: end.seq, last: end.last.0, parties: end.parties.to_string(), stream })
    }

    /// Derives what is kept beside the entries: when cases wake, and on whose desks they lie. The documents are in the store by
    /// now, as far as they were kept.
    pub async fn end(self) -> Result<Restored, LedgerError> {
        let registry = Arc::new(self.registry);
        if registry.rules() == Some(2) {
            let mut documents = Documents::new();
            for (kind, _, versions) in registry.documents() {
                for version in versions {
                    if let Some(bytes) = self.store.document(version.hash.0).await? {
                        // One that is unsound is as good as missing.
                        let _ = documents.insert(kind, &bytes);
                    }
                }
            }
            let world = World::new(Arc::clone(&registry), Arc::new(documents));
            let reader = CaseReader {
                store: Arc::clone(&self.store),
                keys: Arc::clone(&self.keys),
                vault: self.vault,
            };
            let cases: Vec<String> = self.cases.into_iter().collect();
            for some in cases.chunks(CASES) {
                let files = reader.load_all(&world, some, self.restored.head.size).await?;
                let rows: Vec<_> = files.iter().filter_map(|(id, file)| row(id, file)).collect();
                if self.store.put_case_rows(self.restored.head, &rows).await? == CommitOutcome::HeadMoved {
                    return Err(LedgerError::OutOfRange("somebody else writes to this database".to_owned()));
                }
            }
        }
        Ok(self.restored)
    }
}
