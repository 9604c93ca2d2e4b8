//! Cases and contacts read from the store, many at a time: their entries, with what of class casework is still held.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rayon::prelude::*;
use sijill_casework::case::{CaseFile, World};
use sijill_casework::catalogue::{CaseEvent, Facts, Unread};
use sijill_domain::Position;
use sijill_event::{Class, Digest, Disclosure, Entry};
use sijill_store::{KeyId, StoredDisclosure};

use crate::casework::{CaseReader, File, case_id, digests, streams_of};
use crate::error::LedgerError;
use crate::state::parse;
use crate::vault::{DataKey, Vault, VaultError};

/// An entry of a case or contact: its index, itself, its casework values.
pub(crate) type Told = (u64, Entry, Facts);

/// Sealed disclosures by entry, and the wrapped keys that are there for them.
struct Sealed {
    rows: HashMap<u64, Vec<StoredDisclosure>>,
    keys: HashMap<KeyId, Vec<u8>>,
}

impl CaseReader {
    /// The file of a case or contact after its entries below `size`.
    pub(crate) async fn load(&self, world: &World, id: &str, size: u64) -> Result<File, LedgerError> {
        let mut files = self.load_all(world, &[id.to_owned()], size).await?;
        Ok(files.pop().map_or_else(|| File::new(id), |(_, file)| file))
    }

    /// The files of several, in no order.
    pub(crate) async fn load_all(
        &self,
        world: &World,
        ids: &[String],
        size: u64,
    ) -> Result<Vec<(String, File)>, LedgerError> {
        let histories = self.histories(ids, size).await?;
        let world = world.clone();
        aside(move || {
            let folded = |(id, history): (String, Vec<Told>)| {
                let file = fold(&world, &id, history)?;
                Ok((id, file))
            };
            histories.into_par_iter().map(folded).collect()
        })
        .await
    }

    /// The entries below `size` of these cases and contacts, by id and in log order. What has none has an empty history.
    pub(crate) async fn histories(
        &self,
        ids: &[String],
        size: u64,
    ) -> Result<BTreeMap<String, Vec<Told>>, LedgerError> {
        let names: Vec<String> =
            ids.iter().flat_map(|id| streams_of(id)).map(|stream| stream.to_string()).collect();
        let mut texts = self.store.entries_of(&names).await?;
        texts.retain(|(index, _)| *index < size);
        texts.sort_unstable_by_key(|(index, _)| *index);
        let entries: Vec<(u64, Entry)> = aside(move || {
            texts.into_par_iter().map(|(index, text)| Ok((index, parse(index, &text)?))).collect()
        })
        .await?;
        let hidden = |entry: &Entry| entry.event.digests.iter().any(|(class, _)| *class == Class::Casework);
        let hidden: Vec<u64> =
            entries.iter().filter(|(_, entry)| hidden(entry)).map(|(index, _)| *index).collect();
        let sealed = self.sealed_of(&hidden).await?;
        let vault = self.vault.clone();
        let told: Vec<Told> = aside(move || {
            let tell = |(index, entry): (u64, Entry)| {
                let facts = facts(&vault, &sealed, index, &entry)?;
                Ok((index, entry, facts))
            };
            entries.into_par_iter().map(tell).collect()
        })
        .await?;
        let mut histories: BTreeMap<String, Vec<Told>> =
            ids.iter().map(|id| (id.clone(), Vec::new())).collect();
        for line in told {
            if let Some(history) = case_id(&line.1.event.stream).and_then(|id| histories.get_mut(id)) {
                history.push(line);
            }
        }
        Ok(histories)
    }

    /// What is sealed beside these entries.
    async fn sealed_of(&self, indexes: &[u64]) -> Result<Sealed, LedgerError> {
        let mut sealed = self.read_sealed(indexes).await?;
        // Erased, or just sealed anew because something beside it is being erased.
        let lacking: Vec<u64> = sealed
            .rows
            .iter()
            .filter(|(_, rows)| {
                let mut ids = rows.iter().filter_map(|row| Some(row.sealed.as_ref()?.key_id));
                ids.any(|id| !sealed.keys.contains_key(&id))
            })
            .map(|(index, _)| *index)
            .collect();
        if !lacking.is_empty() {
            let again = self.read_sealed(&lacking).await?;
            sealed.rows.extend(again.rows);
            sealed.keys.extend(again.keys);
        }
        Ok(sealed)
    }

    async fn read_sealed(&self, indexes: &[u64]) -> Result<Sealed, LedgerError> {
        let mut rows: HashMap<u64, Vec<StoredDisclosure>> = HashMap::new();
        let mut ids: BTreeSet<KeyId> = BTreeSet::new();
        for row in self.store.disclosures_of(indexes).await? {
            ids.extend(row.sealed.as_ref().map(|sealed| sealed.key_id));
            rows.entry(row.index).or_default().push(row);
        }
        let keys = self.keys.get(&ids.into_iter().collect::<Vec<_>>()).await?;
        Ok(Sealed { rows, keys: keys.into_iter().collect() })
    }
}

/// The casework values of an entry.
fn facts(vault: &Vault, sealed: &Sealed, index: u64, entry: &Entry) -> Result<Facts, LedgerError> {
    let wanted = digests(entry, Class::Casework);
    let corrupt = |why: String| LedgerError::Corrupt { index, why };
    let mut values = BTreeMap::new();
    // An event's values have one key, unless some of them were sealed anew.
    let mut opened: Option<(KeyId, DataKey)> = None;
    for row in sealed.rows.get(&index).into_iter().flatten() {
        let (digest, Some(held)) = (Digest(row.digest), &row.sealed) else { continue };
        let Some(wrapped) = sealed.keys.get(&held.key_id).filter(|_| wanted.contains(&digest)) else {
            continue;
        };
        let failed = |error: VaultError| corrupt(error.to_string());
        let key = match opened.take().filter(|(id, _)| *id == held.key_id) {
            Some((_, key)) => key,
            None => vault.unwrap_key(&held.key_id, wrapped).map_err(failed)?,
        };
        let text = vault.open_with(&entry.event, &digest, &key, &held.ciphertext).map_err(failed)?;
        opened = Some((held.key_id, key));
        let disclosure = Disclosure::parse(&text).map_err(|error| corrupt(error.to_string()))?;
        values.insert(disclosure.name, disclosure.value);
    }
    Ok(if values.len() == wanted.len() { Facts::Known(values) } else { Facts::Withheld })
}

/// The file that these entries make.
fn fold(world: &World, id: &str, history: Vec<Told>) -> Result<File, LedgerError> {
    let Some((first, ..)) = history.first() else { return Ok(File::new(id)) };
    if world.registry().rules_at(*first) != Some(2) {
        return Ok(File::Free);
    }
    let mut file = CaseFile::new(id);
    for (index, entry, facts) in history {
        let at = Position { index, received: entry.received };
        match CaseEvent::read(&entry.event, &facts) {
            Ok(read) => file.evolve(world, at, &entry.event, &read),
            Err(Unread::Withheld) => file.skip(world, at, &entry.event),
            Err(Unread::Refused(refusal)) => {
                return Err(LedgerError::Corrupt { index, why: refusal.to_string() });
            }
        }
    }
    Ok(File::Ruled(Arc::new(file)))
}

/// Work for all cores, off the tasks that wait for databases.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, LedgerError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| LedgerError::OutOfRange(format!("a case could not be folded: {error}")))?
}
