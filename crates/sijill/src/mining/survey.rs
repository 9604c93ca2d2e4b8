//! A source read once, from front to back. Its entries have to give the root of its checkpoint; what is of cases and
//! contacts is set aside, and of their disclosures only those of class casework.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use sijill_audit::{ExportError, Source};
use sijill_casework::case::{Documents, World};
use sijill_domain::{Parties, Position, Registry};
use sijill_event::{Class, Digest, Disclosure, Entry, Event, Stream, StreamKind, b64};
use sijill_log::{Checkpoint, Frontier, Note, leaf_hash};

use super::chapter::{Gathered, Ids, withheld};
use super::log::{Declared, Provenance, TimeOf};
use super::spool::{Line, Spool, Spooled};
use super::value::{COMMON, fields};
use crate::error::{Error, Result};

/// Entries read at a time.
const PAGE: usize = 2_048;

/// What is known of a ledger after it was read once.
pub struct Survey {
    /// Where the log comes from.
    pub provenance: Provenance,
    /// Registry, documents and calendars at that size.
    pub world: World,
    /// The attributes of each event type.
    pub declared: Declared,
    /// Casework values that are not held.
    pub withheld: u64,
    ids: Vec<Id>,
    places: HashMap<String, usize>,
    spooled: Spooled,
}

struct Id {
    gathered: Gathered,
    /// Where its entries were set aside.
    lines: Vec<u64>,
}

/// Reads a source: as it was at this size, or all that it has published.
pub fn survey(source: &dyn Source, size: Option<u64>, time: TimeOf, folder: &Path) -> Result<Survey> {
    let refused = |error: &ExportError| Error::Audit { code: error.code(), message: error.to_string() };
    let checkpoint = source.checkpoint().map_err(Error::audit)?;
    let checkpoint = checkpoint.and_then(|note| Checkpoint::parse(Note::parse(&note).ok()?.text()).ok());
    let checkpoint = checkpoint.ok_or_else(|| refused(&ExportError::NoCheckpoint))?;
    if !source.is_whole() {
        return Err(Error::Usage(
            "an evidence file holds only some entries of a ledger: no log can be made of it".to_owned(),
        ));
    }
    let size = size.unwrap_or(checkpoint.size);
    if size > checkpoint.size {
        let has = checkpoint.size;
        return Err(Error::Usage(format!("the ledger has published {has} entries, fewer than {size}")));
    }
    let mut surveying = Surveying {
        size,
        frontier: Frontier::new(),
        root: (size == 0).then(|| Frontier::new().root()),
        registry: Registry::new(),
        spool: Spool::new_in(folder)?,
        declared: Declared::new(),
        withheld: 0,
        ids: Vec::new(),
        places: HashMap::new(),
        latest: (0, 0),
    };
    surveying.read(source, &checkpoint)?;
    let root = surveying.root.filter(|_| surveying.frontier.root() == checkpoint.root);
    let root = root.ok_or_else(|| {
        Error::Source("the entries do not give the root of the checkpoint: audit this ledger".to_owned())
    })?;
    let provenance =
        Provenance { origin: checkpoint.origin.to_string(), size, root: b64::encode(root.0), time };
    let registry = Arc::new(surveying.registry);
    let documents = documents(source, &registry)?;
    Ok(Survey {
        provenance,
        world: World::new(registry, Arc::new(documents)),
        declared: surveying.declared,
        withheld: surveying.withheld,
        ids: surveying.ids,
        places: surveying.places,
        spooled: surveying.spool.written()?,
    })
}

impl Survey {
    /// How many ids there are, in the order of their first entries.
    pub fn ids(&self) -> usize {
        self.ids.len()
    }

    /// The entries under one of the ids, in the order of the log.
    pub fn gather(&mut self, place: usize) -> Result<Option<(Gathered, Vec<Line>)>> {
        let Some(id) = self.ids.get(place) else { return Ok(None) };
        let lines = id.lines.iter().map(|at| self.spooled.line(*at)).collect::<Result<_>>()?;
        Ok(Some((id.gathered.clone(), lines)))
    }

    fn known(&self, id: &str) -> Option<&Gathered> {
        self.places.get(id).and_then(|place| self.ids.get(*place)).map(|id| &id.gathered)
    }
}

impl Ids for Survey {
    fn is_case(&self, id: &str) -> bool {
        self.known(id).is_some_and(|gathered| gathered.case)
    }

    fn is_contact(&self, id: &str) -> bool {
        // An id that is both is told as a case.
        self.known(id).is_some_and(|gathered| gathered.contact && !gathered.case)
    }
}

struct Surveying {
    size: u64,
    frontier: Frontier,
    /// The root at that size, once it is reached.
    root: Option<sijill_log::Hash>,
    registry: Registry,
    spool: Spool,
    declared: Declared,
    withheld: u64,
    ids: Vec<Id>,
    places: HashMap<String, usize>,
    /// The last millisecond something was set aside in, and how many entries were.
    latest: (u64, u64),
}

impl Surveying {
    fn read(&mut self, source: &dyn Source, checkpoint: &Checkpoint) -> Result<()> {
        let mut next = 0;
        while next < checkpoint.size {
            let page = source.entries(next, PAGE).map_err(Error::audit)?;
            let from = next;
            let mut wanted = Vec::new();
            for (index, bytes) in page.into_iter().take_while(|(index, _)| *index < checkpoint.size) {
                if index != next {
                    break;
                }
                self.frontier.push(leaf_hash(&bytes));
                next += 1;
                if next == self.size {
                    self.root = Some(self.frontier.root());
                }
                if index < self.size {
                    wanted.extend(self.take(index, &bytes)?);
                }
            }
            if next == from {
                return Err(Error::Source(format!("entry {next} is not there: audit this ledger")));
            }
            if from < self.size {
                let range = from..next.min(self.size);
                let rows = source.disclosures(range, checkpoint.size).map_err(Error::audit)?.rows;
                let rows = rows.into_iter().filter_map(|row| Some((row.index?, row.disclosure.ok()?)));
                self.set_aside(wanted, rows)?;
            }
        }
        Ok(())
    }

    /// An entry of a case or contact; one of the registry is folded.
    fn take(&mut self, index: u64, bytes: &[u8]) -> Result<Option<(u64, Entry)>> {
        let entry = Entry::parse(bytes);
        let entry = entry.map_err(|error| {
            Error::Source(format!("entry {index} is malformed ({error}): audit this ledger"))
        })?;
        match entry.event.stream.kind() {
            StreamKind::Ledger | StreamKind::Agency => {
                let at = Position { index, received: entry.received };
                self.registry.apply(at, &entry.event, &Parties::default()).map_err(|refusal| {
                    Error::Source(format!("entry {index} does not stand ({refusal}): audit this ledger"))
                })?;
                Ok(None)
            }
            StreamKind::Log => Ok(None),
            StreamKind::Case | StreamKind::Contact | StreamKind::Auto | StreamKind::Access => {
                Ok(Some((index, entry)))
            }
        }
    }

    fn set_aside(
        &mut self,
        entries: Vec<(u64, Entry)>,
        rows: impl Iterator<Item = (u64, String)>,
    ) -> Result<()> {
        let digests: HashMap<u64, BTreeSet<Digest>> =
            entries.iter().map(|(index, entry)| (*index, casework(&entry.event))).collect();
        let mut held: HashMap<u64, BTreeMap<Digest, Disclosure>> = HashMap::new();
        for (index, text) in rows {
            let digest = Digest::of(&text);
            // Of any other class, or no entry's: dropped here.
            if digests.get(&index).is_some_and(|digests| digests.contains(&digest))
                && let Ok(disclosure) = Disclosure::parse(&text)
            {
                held.entry(index).or_default().insert(digest, disclosure);
            }
        }
        for (index, entry) in entries {
            let casework = held.remove(&index).unwrap_or_default().into_values().collect();
            let ordinal = self.ordinal(entry.received);
            self.line(&Line { index, ordinal, entry, casework })?;
        }
        Ok(())
    }

    fn line(&mut self, line: &Line) -> Result<()> {
        let event = &line.entry.event;
        self.declare(event, &line.casework);
        self.withheld += withheld(line);
        let disclosures = line.casework.iter().map(Disclosure::encoded);
        let at = self.spool.push(line.index, line.ordinal, &line.entry.format(), disclosures)?;
        let id = self.id(line.index, &event.stream);
        id.lines.push(at);
        Ok(())
    }

    fn ordinal(&mut self, received: u64) -> u64 {
        let (latest, count) = &mut self.latest;
        *count = if *latest == received { *count + 1 } else { 0 };
        *latest = received;
        *count
    }

    fn declare(&mut self, event: &Event, casework: &[Disclosure]) {
        let declared = self
            .declared
            .entry(event.event_type.clone())
            .or_insert_with(|| COMMON.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect());
        for (name, value) in fields(event, casework) {
            declared.entry(name).and_modify(|kind| *kind = kind.or(value.kind())).or_insert(value.kind());
        }
    }

    fn id(&mut self, index: u64, stream: &Stream) -> &mut Id {
        let name = stream.id().unwrap_or_default();
        let ruled = self.registry.rules_at(index) == Some(2);
        let next = self.ids.len();
        let place = *self.places.entry(name.to_owned()).or_insert(next);
        if place == next {
            let gathered = Gathered { id: name.to_owned(), case: false, contact: false, ruled };
            self.ids.push(Id { gathered, lines: Vec::new() });
        }
        let id = &mut self.ids[place];
        id.gathered.case |= stream.kind() == StreamKind::Case;
        id.gathered.contact |= stream.kind() == StreamKind::Contact;
        id
    }
}

fn casework(event: &Event) -> BTreeSet<Digest> {
    let classes = event.digests.iter().filter(|(class, _)| *class == Class::Casework);
    classes.flat_map(|(_, digests)| digests.iter().copied()).collect()
}

fn documents(source: &dyn Source, registry: &Registry) -> Result<Documents> {
    let mut documents = Documents::new();
    for (kind, _, versions) in registry.documents() {
        for version in versions {
            if let Some(bytes) = source.document(&version.hash).map_err(Error::audit)?
                && Digest::of(&bytes) == version.hash
            {
                // One that cannot be read leaves what rests on it untold; judging it is the audit's.
                let _ = documents.insert(kind, &bytes);
            }
        }
    }
    Ok(documents)
}
