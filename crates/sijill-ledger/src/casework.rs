//! Cases and contacts under rule-set 2: their files, folded from the store when they are first asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sijill_casework::Address;
use sijill_casework::case::{CaseFile, Status, World};
use sijill_casework::catalogue::{CaseEvent, Facts, Unread};
use sijill_domain::Position;
use sijill_event::{Class, Digest, Disclosure, Entry, Json, Stream, StreamKind};
use sijill_store::{DeskRow, KeyStore, Store};

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
    /// The file of a case or contact after its entries below `size`.
    pub(crate) async fn load(&self, world: &World, id: &str, size: u64) -> Result<File, LedgerError> {
        let mut entries: BTreeMap<u64, Entry> = BTreeMap::new();
        for stream in streams_of(id) {
            self.read_stream(&stream, size, &mut entries).await?;
        }
        let Some(first) = entries.keys().next() else { return Ok(File::new(id)) };
        if world.registry().rules_at(*first) != Some(2) {
            return Ok(File::Free);
        }
        let mut facts = self.casework(&entries).await?;
        let mut file = CaseFile::new(id);
        for (index, entry) in &entries {
            let known = facts.remove(index).unwrap_or_else(|| Facts::Known([].into()));
            match CaseEvent::read(&entry.event, &known) {
                Ok(read) => {
                    let at = Position { index: *index, received: entry.received };
                    file.evolve(world, at, &entry.event, &read);
                }
                Err(Unread::Withheld) => file.skip(),
                Err(Unread::Refused(refusal)) => {
                    return Err(LedgerError::Corrupt { index: *index, why: refusal.to_string() });
                }
            }
        }
        Ok(File::Ruled(Arc::new(file)))
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

    /// The casework values of entries, by index.
    async fn casework(&self, entries: &BTreeMap<u64, Entry>) -> Result<HashMap<u64, Facts>, LedgerError> {
        let mut facts = HashMap::new();
        for (index, entry) in entries {
            let wanted: BTreeSet<Digest> = digests(entry, Class::Casework);
            if wanted.is_empty() {
                continue;
            }
            let values = self.open(*index, entry, &wanted).await?;
            let known = if values.len() == wanted.len() {
                let named = values.into_values().map(|disclosure| (disclosure.name, disclosure.value));
                Facts::Known(named.collect::<BTreeMap<String, Json>>())
            } else {
                Facts::Withheld
            };
            facts.insert(*index, known);
        }
        Ok(facts)
    }

    /// The disclosures of an entry with these digests, as far as they are held and not erased.
    pub(crate) async fn open(
        &self,
        index: u64,
        entry: &Entry,
        wanted: &BTreeSet<Digest>,
    ) -> Result<BTreeMap<Digest, Disclosure>, LedgerError> {
        let held = self.store.disclosures(index..index + 1, None, sijill_store::MAX_PAGE).await?;
        let sealed: Vec<_> = held
            .into_iter()
            .filter(|row| wanted.contains(&Digest(row.digest)))
            .filter_map(|row| Some((Digest(row.digest), row.sealed?)))
            .collect();
        let ids: BTreeSet<_> = sealed.iter().map(|(_, sealed)| sealed.key_id).collect();
        let keys: HashMap<_, _> =
            self.keys.get(&ids.into_iter().collect::<Vec<_>>()).await?.into_iter().collect();
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

/// The digests of an entry's event in one class.
pub(crate) fn digests(entry: &Entry, class: Class) -> BTreeSet<Digest> {
    let classes = entry.event.digests.iter().filter(|(c, _)| *c == class);
    classes.flat_map(|(_, digests)| digests.iter().copied()).collect()
}

/// The queues a case stands in.
pub(crate) fn desks(file: &CaseFile) -> Vec<DeskRow> {
    let Some(case) = &file.case else { return Vec::new() };
    let due = |unit: &Address| {
        let running = case.deadlines.iter().filter(|deadline| deadline.runs() && deadline.owes == *unit);
        running.filter_map(|deadline| deadline.due).min()
    };
    let desk = |kind: DeskKind, unit: &Address, urgent: bool| DeskRow {
        agency: unit.agency.to_string(),
        unit: unit.unit.to_string(),
        kind: kind as u8,
        due: due(unit),
        urgent,
    };
    let mut desks = BTreeMap::new();
    let mut add = |kind: DeskKind, unit: &Address, urgent: bool| {
        let row = desks.entry((kind as u8, unit.clone())).or_insert_with(|| desk(kind, unit, urgent));
        row.urgent |= urgent;
    };
    let high = case.situation.risk.as_str() == "high";
    if case.status == Status::Open {
        add(DeskKind::Owner, &case.owner, high);
    }
    for referral in case.referrals.values().filter(|referral| referral.state.is_live()) {
        add(DeskKind::Referral, &referral.to, referral.priority == sijill_casework::Priority::Urgent);
    }
    for escalation in case.escalations.values().filter(|escalation| !escalation.resolved) {
        add(DeskKind::Escalation, &escalation.to, high);
    }
    if let Some((_, to)) = &case.transfer {
        add(DeskKind::Transfer, to, high);
    }
    for told in case.withdrawals.values().flat_map(|withdrawal| &withdrawal.told) {
        if !told.1 {
            add(DeskKind::Withdrawal, told.0, false);
        }
    }
    desks.into_values().collect()
}

/// Why a case stands in a unit's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum DeskKind {
    /// The unit owns it.
    Owner = 0,
    /// A live referral is addressed to the unit.
    Referral = 1,
    /// An escalation was raised to it.
    Escalation = 2,
    /// It is asked to take the case.
    Transfer = 3,
    /// It has yet to confirm that it stopped using what a withdrawn consent had opened.
    Withdrawal = 4,
}

impl DeskKind {
    /// From the store's number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Owner, Self::Referral, Self::Escalation, Self::Transfer, Self::Withdrawal]
            .into_iter()
            .find(|kind| *kind as u8 == number)
    }
}
