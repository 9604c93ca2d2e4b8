//! Carrying out an erasure that was approved (`docs/casework.md` §10).
//!
//! ```text
//! 1. survivors sealed anew     key store, then database: until then the old key still opens them
//! 2. data keys destroyed       from here on nothing opens any more, in no backup of the database either
//! 3. match keys forgotten, what was derived purged
//! 4. ciphertext destroyed      in the transaction that appends `erasure.done`
//! ```
//!
//! Each step may be done again, and what is left of a run that was killed tells where it stopped: a disclosure without its
//! key was to go. So the ledger begins anew whenever it finds a case whose erasure is approved and not done, and the
//! case's only next entry is `erasure.done`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sijill_casework::case::{CaseFile, Erasure, ErasureState};
use sijill_casework::catalogue::{self, FieldClass, Kind, TypeSpec};
use sijill_event::{Class, Digest, Disclosure, Entry};
use sijill_store::{
    DisclosureKey, Hash, KeyId, KeyStore, MAX_PAGE, SealedDisclosure, Store, StoredDisclosure,
};

use crate::casework::CaseReader;
use crate::desk::CaseDesk;
use crate::error::LedgerError;

/// Digests that one `erasure.done` names: their event stays well below what an event may hold.
pub(crate) const PART: usize = 800;
/// Times an entry's disclosures are read while another server is at the same erasure.
const LOOKS: u32 = 5;

/// What an erasure has destroyed, or is to destroy with its `erasure.done`.
#[derive(Default)]
pub(crate) struct Destroyed {
    /// The digests to be named.
    pub(crate) digests: BTreeSet<Digest>,
    /// The rows whose ciphertext goes with it.
    pub(crate) rows: Vec<DisclosureKey>,
    /// The attachments likewise.
    pub(crate) attachments: Vec<Hash>,
}

/// Carries out erasures.
pub(crate) struct Eraser<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) keys: &'a dyn KeyStore,
    pub(crate) reader: &'a CaseReader,
    pub(crate) desk: &'a CaseDesk,
}

/// What goes and what stays, as it is found entry by entry.
#[derive(Default)]
struct Sorted {
    gone: Destroyed,
    /// Keys that open nothing that stays.
    keys: BTreeSet<KeyId>,
    /// Fresh keys of the survivors, wrapped.
    fresh: Vec<(KeyId, Vec<u8>)>,
    anew: Vec<SealedDisclosure>,
    /// Entries in which a file may be cited that goes.
    citing: BTreeSet<u64>,
}

impl Eraser<'_> {
    /// Destroys what the approved order of a case covers, but for the ciphertext; `None` if no order is approved.
    pub(crate) async fn carry_out(&self, file: &CaseFile) -> Result<Option<Destroyed>, LedgerError> {
        let Some((_, erasure)) = file.outline.approved() else { return Ok(None) };
        let ErasureState::Approved { index: until, .. } = erasure.state else { return Ok(None) };
        let mut sorted = Sorted::default();
        for (index, entry) in self.reader.entries(&file.id, until + 1).await? {
            self.sort(index, &entry, erasure, file, &mut sorted).await?;
        }
        self.sort_files(&mut sorted).await?;
        if !sorted.fresh.is_empty() {
            self.keys.put(&sorted.fresh).await?;
            self.store.reseal(&sorted.anew).await?;
        }
        let keys: Vec<KeyId> = sorted.keys.into_iter().collect();
        self.keys.destroy(&keys).await?;
        let identity = |fields: &BTreeSet<catalogue::FieldPath>| {
            fields.iter().any(|field| field.class() == Class::Identity)
        };
        // Which of them came of which value, none of them tells: a correction adds them anew.
        if erasure.fields.as_ref().is_none_or(identity) {
            self.store.forget_match_keys(&file.id).await?;
        }
        self.erased(&file.id, until);
        Ok(Some(sorted.gone))
    }

    /// Told of each case or contact whose values are destroyed, up to and including the entry at `index`: whatever was
    /// derived from them and is kept somewhere goes here, before the ledger says that it is done. Read models hook in here.
    fn erased(&self, id: &str, index: u64) {
        let _ = index;
        self.desk.forget(id);
    }

    async fn sort(
        &self,
        index: u64,
        entry: &Entry,
        erasure: &Erasure,
        file: &CaseFile,
        sorted: &mut Sorted,
    ) -> Result<(), LedgerError> {
        let event = &entry.event;
        let Some(spec) = catalogue::spec(&event.event_type, event.v) else { return Ok(()) };
        let covered = erasure.covers(&event.hash(), spec);
        if covered.is_empty() {
            return Ok(());
        }
        if covered
            .iter()
            .any(|(_, name)| spec.field(name).is_some_and(|field| field.kind == Kind::Attachment))
        {
            sorted.citing.insert(index);
        }
        let is_new = |digest: &Digest| !file.outline.is_gone(digest);
        if covered.len() == disclosed(spec) {
            let digests = event.digests.iter().flat_map(|(_, digests)| digests).copied();
            sorted.gone.digests.extend(digests.filter(is_new));
            for row in self.rows(index).await? {
                let Some(sealed) = row.sealed else { continue };
                sorted.keys.insert(sealed.key_id);
                sorted.gone.rows.push((index, row.digest));
            }
            return Ok(());
        }
        let (going, staying) = self.part(index, entry, &covered).await?;
        for (class, digests) in &event.digests {
            let wanted = covered.iter().filter(|(of, _)| of == class).count();
            let now = digests.iter().filter(|digest| going.contains_key(digest)).count();
            let before = digests.iter().filter(|digest| !is_new(digest)).count();
            if now > wanted || now + before < wanted {
                let why =
                    "values to erase cannot be told from those that stay: a data key is not held".to_owned();
                return Err(LedgerError::Corrupt { index, why });
            }
        }
        let old: BTreeSet<KeyId> = going.values().copied().collect();
        // A run that was killed may have sealed them already.
        let anew: Vec<(Digest, &str)> = staying
            .iter()
            .filter(|(_, (key, _))| old.contains(key))
            .map(|(digest, (_, text))| (*digest, text.as_str()))
            .collect();
        if let Some(sealed) = self.reader.vault.seal(event, &anew)? {
            let key_id = sealed.key_id;
            sorted.fresh.push((key_id, sealed.wrapped));
            sorted.anew.extend(sealed.disclosures.into_iter().map(|(digest, ciphertext)| SealedDisclosure {
                index,
                digest: digest.0,
                key_id,
                ciphertext,
            }));
        }
        sorted.keys.extend(old);
        sorted.gone.rows.extend(going.keys().map(|digest| (index, digest.0)));
        sorted.gone.digests.extend(going.into_keys());
        Ok(())
    }

    /// An entry's disclosures of which some go: those, with their keys, and the others with theirs and their texts.
    async fn part(
        &self,
        index: u64,
        entry: &Entry,
        covered: &BTreeSet<(Class, &'static str)>,
    ) -> Result<(Going, Staying), LedgerError> {
        for _ in 0..LOOKS {
            let rows = self.rows(index).await?;
            let (going, staying) = self.open(index, entry, &rows, covered).await?;
            // Without its key a value was to go, unless another server has given the survivors a new one meanwhile.
            if self.rows(index).await? == rows {
                return Ok((going, staying));
            }
        }
        Err(LedgerError::OutOfRange("another server is at the same erasure; it is tried again".into()))
    }

    async fn open(
        &self,
        index: u64,
        entry: &Entry,
        rows: &[StoredDisclosure],
        covered: &BTreeSet<(Class, &'static str)>,
    ) -> Result<(Going, Staying), LedgerError> {
        let event = &entry.event;
        let ids: BTreeSet<KeyId> = rows.iter().filter_map(|row| Some(row.sealed.as_ref()?.key_id)).collect();
        let wrapped = self.keys.get(&ids.into_iter().collect::<Vec<_>>()).await?;
        let wrapped: HashMap<KeyId, Vec<u8>> = wrapped.into_iter().collect();
        let (mut going, mut staying) = (Going::new(), Staying::new());
        for row in rows {
            let Some(sealed) = &row.sealed else { continue };
            let digest = Digest(row.digest);
            let Some(key) = wrapped.get(&sealed.key_id) else {
                going.insert(digest, sealed.key_id);
                continue;
            };
            let text = self.reader.vault.open(event, &digest, &sealed.key_id, key, &sealed.ciphertext)?;
            let corrupt = |why: String| LedgerError::Corrupt { index, why };
            let name = Disclosure::parse(&text).map_err(|error| corrupt(error.to_string()))?.name;
            let class =
                event.class_of(&digest).ok_or_else(|| corrupt("a digest is not the entry's".into()))?;
            if covered.iter().any(|(of, field)| *of == class && *field == name) {
                going.insert(digest, sealed.key_id);
            } else {
                staying.insert(digest, (sealed.key_id, text));
            }
        }
        Ok((going, staying))
    }

    /// The files that go: those that an entry of this case, which loses the field that can cite one, was the first to cite.
    async fn sort_files(&self, sorted: &mut Sorted) -> Result<(), LedgerError> {
        if sorted.citing.is_empty() {
            return Ok(());
        }
        let mut after = None;
        loop {
            let page = self.store.attachment_rows(after, MAX_PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.upload);
            let first_here = |entry: Option<u64>| entry.is_some_and(|entry| sorted.citing.contains(&entry));
            let digests: Vec<Hash> = page
                .iter()
                .filter(|row| !row.erased && first_here(row.entry))
                .filter_map(|row| row.digest)
                .collect();
            for digest in digests {
                let held = self.store.attachment(digest).await?;
                sorted.keys.extend(held.and_then(|held| held.key_id));
                sorted.gone.attachments.push(digest);
            }
        }
    }

    async fn rows(&self, index: u64) -> Result<Vec<StoredDisclosure>, LedgerError> {
        Ok(self.store.disclosures(index..index + 1, None, MAX_PAGE).await?)
    }
}

/// Values that go, each with its key.
type Going = BTreeMap<Digest, KeyId>;
/// Values that stay, each with its key and its text.
type Staying = BTreeMap<Digest, (KeyId, String)>;

/// How many disclosures every event of the type has.
fn disclosed(spec: &TypeSpec) -> usize {
    spec.fields.iter().filter(|field| field.class != FieldClass::Routing).count()
}
