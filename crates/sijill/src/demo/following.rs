//! Following the log as anyone may who can read the casework values: every entry is folded into its case, and what the
//! automation does is recomputed, not believed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sijill_casework::case::{CaseFile, World};
use sijill_casework::catalogue::{self, CaseEvent, Facts, FieldClass, Unread};
use sijill_domain::Position;
use sijill_event::{Class, Digest, Entry, Event, Json, SdJwt, Stream, StreamKind, Uuid};
use sijill_ledger::Ledger;

use super::stage::Tally;
use crate::error::{Error, Result};

/// Entries read at a time.
const PAGE: u32 = 1_000;

/// Everything up to an entry.
#[derive(Default)]
pub struct Following {
    size: u64,
    files: BTreeMap<String, CaseFile>,
    ends: BTreeMap<Stream, (u64, Digest)>,
    /// Of what was signed here and has not been met in the log yet.
    known: HashMap<Uuid, Facts>,
    moved: BTreeSet<String>,
}

impl Following {
    /// Cases and contacts, by id.
    pub fn files(&self) -> &BTreeMap<String, CaseFile> {
        &self.files
    }

    /// The last event of a stream.
    pub fn end(&self, stream: &Stream) -> Option<(u64, Digest)> {
        self.ends.get(stream).copied()
    }

    /// Cases and contacts in which something happened since this was asked last.
    pub fn take_moved(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.moved)
    }

    /// Remembers what an event says that is about to be appended.
    pub fn expect(&mut self, signed: &SdJwt) {
        if id(&signed.event.stream).is_some() {
            self.known.insert(signed.event.jti, Facts::of(signed));
        }
    }

    /// Reads what is new.
    pub async fn follow(&mut self, ledger: &Ledger, tally: &mut Tally) -> Result<()> {
        let world = ledger.world();
        loop {
            let page = ledger.entries(self.size, PAGE).await.map_err(|error| Error::ledger(&error))?;
            if page.is_empty() {
                return Ok(());
            }
            for (index, text) in page {
                let entry = Entry::parse(text.as_bytes()).map_err(Error::event)?;
                *tally.by_type.entry(entry.event.event_type.clone()).or_default() += 1;
                self.take(&world, Position { index, received: entry.received }, &entry.event, tally)?;
                self.size = index + 1;
            }
        }
    }

    fn take(&mut self, world: &World, at: Position, event: &Event, tally: &mut Tally) -> Result<()> {
        self.ends.insert(event.stream.clone(), (event.seq, event.hash()));
        let Some(id) = id(&event.stream) else { return Ok(()) };
        self.moved.insert(id.to_owned());
        let file = self.files.entry(id.to_owned()).or_insert_with(|| CaseFile::new(id));
        file.settle(world);
        let facts = self.known.remove(&event.jti).unwrap_or_else(|| prescribed(world, file, at, event));
        let read = CaseEvent::read(event, &facts).map_err(|why| unread(at, why))?;
        match &read {
            CaseEvent::CaseOpened(opened) => tally.from_calls += u64::from(!opened.contacts.is_empty()),
            CaseEvent::ReferralRequested(asked) => tally.by_policy += u64::from(asked.rule.is_some()),
            _ => {}
        }
        file.evolve(world, at, event, &read);
        Ok(())
    }
}

/// The id of the case or contact that a stream is of.
fn id(stream: &Stream) -> Option<&str> {
    let kinds = [StreamKind::Contact, StreamKind::Case, StreamKind::Auto, StreamKind::Access];
    kinds.contains(&stream.kind()).then(|| stream.id()).flatten()
}

/// The casework values of what a service of the ledger did: those it owed.
fn prescribed(world: &World, file: &CaseFile, at: Position, event: &Event) -> Facts {
    let owed = file.next_act(world, at.received).filter(|act| act.event_type == event.event_type);
    let act = owed.or_else(|| file.answer(world, at));
    let values = |act: &sijill_casework::case::Act| {
        let spec = catalogue::latest(act.event_type)?;
        let fields = spec.of_class(FieldClass::Disclosed(Class::Casework));
        let value = |name: &str| act.values.get(name).cloned().unwrap_or(Json::Null);
        Some(fields.map(|field| (field.name.to_owned(), value(field.name))).collect())
    };
    act.as_ref().and_then(values).map_or(Facts::Withheld, Facts::Known)
}

fn unread(at: Position, why: Unread) -> Error {
    let why = match why {
        Unread::Refused(refusal) => refusal.to_string(),
        Unread::Withheld => "nobody knows what it says".to_owned(),
    };
    Error::Source(format!("entry {} cannot be followed: {why}", at.index))
}
