//! Cases and contacts under rule-set 2: what is held of them, and whose desks they lie on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sijill_casework::case::{CaseFile, Place};
use sijill_event::{Class, Digest, Disclosure, Entry, Stream, StreamKind};
use sijill_store::{DeskRow, KeyId, KeyStore, Sealed, Store};

use crate::error::LedgerError;
use crate::state::parse;
use crate::vault::Vault;

/// Entries of one stream read at a time.
const PAGE: u32 = 2_000;

/// The kinds of streams that one case or contact has.
pub(crate) const KINDS: [StreamKind; 4] =
    [StreamKind::Contact, StreamKind::Case, StreamKind::Auto, StreamKind::Access];

/// The id of the case or contact that a stream is of.
pub(crate) fn case_id(stream: &Stream) -> Option<&str> {
    KINDS.contains(&stream.kind()).then(|| stream.id()).flatten()
}

/// The streams of a case or contact.
pub(crate) fn streams_of(id: &str) -> impl Iterator<Item = Stream> {
    KINDS.into_iter().filter_map(move |kind| Stream::new(kind, id))
}

/// What is held of a case or contact.
#[derive(Debug, Clone)]
pub(crate) enum File {
    /// It is judged by rule-set 2.
    Ruled(Arc<CaseFile>),
    /// It began under rule-set 1 and stays free.
    Free,
}

impl File {
    pub(crate) fn new(id: &str) -> Self {
        Self::Ruled(Arc::new(CaseFile::new(id)))
    }

    pub(crate) fn ruled_mut(&mut self) -> Option<&mut CaseFile> {
        match self {
            Self::Ruled(file) => Some(Arc::make_mut(file)),
            Self::Free => None,
        }
    }
}

/// What reads cases from the store.
#[derive(Clone)]
pub(crate) struct CaseReader {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) vault: Vault,
}

impl CaseReader {
    /// The entries of a case or contact below `size`.
    pub(crate) async fn entries(&self, id: &str, size: u64) -> Result<BTreeMap<u64, Entry>, LedgerError> {
        let mut entries = BTreeMap::new();
        for stream in streams_of(id) {
            self.read_stream(&stream, size, &mut entries).await?;
        }
        Ok(entries)
    }

    async fn read_stream(
        &self,
        stream: &Stream,
        size: u64,
        entries: &mut BTreeMap<u64, Entry>,
    ) -> Result<(), LedgerError> {
        let mut from = 0;
        loop {
            let page = self.store.stream_entries(stream.as_str(), from, PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            from += page.len() as u64;
            for (index, text) in page.into_iter().filter(|(index, _)| *index < size) {
                entries.insert(index, parse(index, &text)?);
            }
        }
    }

    async fn sealed(&self, index: u64, wanted: &BTreeSet<Digest>) -> Result<SealedRows, LedgerError> {
        let held = self.store.disclosures(index..index + 1, None, sijill_store::MAX_PAGE).await?;
        let sealed: Vec<_> = held
            .into_iter()
            .filter(|row| wanted.contains(&Digest(row.digest)))
            .filter_map(|row| Some((Digest(row.digest), row.sealed?)))
            .collect();
        let ids: BTreeSet<_> = sealed.iter().map(|(_, sealed)| sealed.key_id).collect();
        let keys = self.keys.get(&ids.into_iter().collect::<Vec<_>>()).await?.into_iter().collect();
        Ok((sealed, keys))
    }

    /// The disclosures of an entry with these digests, as far as they are held and not erased.
    pub(crate) async fn open(
        &self,
        index: u64,
        entry: &Entry,
        wanted: &BTreeSet<Digest>,
    ) -> Result<BTreeMap<Digest, Disclosure>, LedgerError> {
        let (sealed, mut keys) = self.sealed(index, wanted).await?;
        let sealed = if sealed.iter().all(|(_, sealed)| keys.contains_key(&sealed.key_id)) {
            sealed
        } else {
            // Erased, or just sealed anew because something beside it is being erased.
            let (again, found) = self.sealed(index, wanted).await?;
            keys = found;
            again
        };
        let mut opened = BTreeMap::new();
        for (digest, sealed) in sealed {
            let Some(wrapped) = keys.get(&sealed.key_id) else { continue };
            let text = self.vault.open(&entry.event, &digest, &sealed.key_id, wrapped, &sealed.ciphertext)?;
            let disclosure = Disclosure::parse(&text)
                .map_err(|error| LedgerError::Corrupt { index, why: error.to_string() })?;
            opened.insert(digest, disclosure);
        }
        Ok(opened)
    }
}

/// Sealed disclosures by digest, and the wrapped keys that are there for them.
type SealedRows = (Vec<(Digest, Sealed)>, HashMap<KeyId, Vec<u8>>);

/// The digests of an entry's event in one class.
pub(crate) fn digests(entry: &Entry, class: Class) -> BTreeSet<Digest> {
    let classes = entry.event.digests.iter().filter(|(c, _)| *c == class);
    classes.flat_map(|(_, digests)| digests.iter().copied()).collect()
}

/// The queues a case stands in, as the store keeps them.
pub(crate) fn desks(file: &CaseFile) -> Vec<DeskRow> {
    let row = |place: Place| DeskRow {
        agency: place.unit.agency.to_string(),
        unit: place.unit.unit.to_string(),
        kind: place.kind as u8,
        due: place.due,
        urgent: place.urgent,
    };
    file.queues().into_iter().map(row).collect()
}
