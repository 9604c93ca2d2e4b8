//! The entries under one id, told as events and objects. Pure: a function of the entries, of the casework values that are
//! held, and of the registry and documents.
//!
//! What an event is about follows from what it says openly, so it is told of every event, whatever is withheld. How things
//! stand is the fold of rule-set 2 (`sijill-casework`) and rests on casework values: it is told up to the first event some
//! of which are not held, and no further.

use std::collections::{BTreeMap, BTreeSet};

use sijill_casework::Address;
use sijill_casework::case::{Author, CaseFile, World};
use sijill_casework::catalogue::{
    CaseEvent, CaseLinked, CaseMerged, CaseOpened, ContactLinked, Facts, PlanProposed, ReferralRedirected,
    ReferralRequested,
};
use sijill_domain::{AgencyId, OfficerId, Position, Registry, UnitId};
use sijill_event::{Class, Digest, Json, StreamKind};

use super::log::{Change, Event, Moment, Object, ObjectType, Relations, TimeOf, Value};
use super::spool::Line;
use super::things::Things;
use super::value::{fields, pair};

/// An id, and what is under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    /// The id: the streams' names after the slash.
    pub id: String,
    /// Whether there is a stream `case/…`.
    pub case: bool,
    /// Whether there is a stream `contact/…`.
    pub contact: bool,
    /// Whether it began under rule-set 2; otherwise its events are free, and no rule says how things stand.
    pub ruled: bool,
}

/// Which ids there are.
pub trait Ids {
    /// Whether there is a case with this id.
    fn is_case(&self, id: &str) -> bool;

    /// Whether there is a contact with this id.
    fn is_contact(&self, id: &str) -> bool;
}

/// What the entries of a case are told with.
pub struct Ledger<'a> {
    /// Registry, documents and calendars.
    pub world: &'a World,
    /// Which ids there are: nothing is related to what is not there.
    pub ids: &'a dyn Ids,
    /// Which of an event's times is its time.
    pub time: TimeOf,
}

/// What is told of one id.
#[derive(Debug, Clone)]
pub struct Chapter {
    /// What it is of.
    pub of: Gathered,
    /// Its objects, in the order in which they are heard of; the first is the case or contact itself.
    pub objects: Vec<Object>,
    /// Its events, in the order of the log, or of the times they claim.
    pub events: Vec<Event>,
    /// Whether it could be told to its end how things stand; also if no rule says so.
    pub followed: bool,
    /// Whom it shares with others.
    pub shared: Shared,
}

/// Units and officers that events are related to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shared {
    units: BTreeSet<Address>,
    officers: BTreeMap<(AgencyId, OfficerId), BTreeSet<Address>>,
}

struct Telling<'a> {
    ledger: &'a Ledger<'a>,
    of: &'a Gathered,
    head: String,
    things: Things,
    /// How things stand; `None` where no rule says so.
    file: Option<CaseFile>,
    shared: Shared,
}

impl Ledger<'_> {
    /// Tells the entries under one id, in the order of the log.
    pub fn tell(&self, of: &Gathered, lines: &[Line]) -> Chapter {
        let kind = if of.case { ObjectType::Case } else { ObjectType::Contact };
        let since = lines.first().map_or(Moment::BEGINNING, |line| self.time(line));
        let mut telling = Telling {
            ledger: self,
            of,
            head: kind.id(&of.id),
            things: Things::of(kind, &of.id, since),
            file: of.ruled.then(|| CaseFile::new(&of.id)),
            shared: Shared::default(),
        };
        let mut events: Vec<Event> = lines.iter().map(|line| telling.line(line)).collect();
        if self.time == TimeOf::Occurred {
            events.sort_by_key(|event| (event.time, event.index));
        }
        let Telling { things, file, shared, .. } = telling;
        let followed = file.is_none_or(|file| file.gaps == 0);
        Chapter { of: of.clone(), objects: things.objects(), events, followed, shared }
    }

    fn time(&self, line: &Line) -> Moment {
        /// Entries of one millisecond are told apart by the microsecond, so that what sorts by time keeps the ledger's order.
        const LAST: u64 = 999;
        let received = Moment::of_ms(line.entry.received);
        let ordinal = i64::try_from(line.ordinal.min(LAST)).unwrap_or_default();
        let received = Moment(received.0.saturating_add(ordinal));
        match (self.time, &line.entry.event.occurred) {
            (TimeOf::Occurred, Some(occurred)) => Moment::of_ms(occurred.unix_ms()),
            _ => received,
        }
    }
}

impl Telling<'_> {
    fn line(&mut self, line: &Line) -> Event {
        let event = &line.entry.event;
        let author = Author::of(self.ledger.world, line.index, event);
        let time = self.ledger.time(line);
        let kind = if self.of.case { ObjectType::Case } else { ObjectType::Contact };
        let mut objects = Relations::from([(self.head.clone(), kind.as_str().to_owned())]);
        if let Some(author) = &author {
            self.signed_by(author, &mut objects);
        }
        self.begin(line, time, &mut objects);
        for (name, value) in event.data.as_object().into_iter().flatten() {
            self.name(name, value, author.as_ref(), time, &mut objects);
        }
        let clock = (event.data.get("milestone"), event.data.get("of"));
        if let (Some(Json::String(milestone)), Some(Json::String(of))) = clock {
            objects.insert((self.things.deadline(milestone, of, time), "deadline".to_owned()));
        }
        self.relate(line);
        self.follow(line, time, &mut objects);
        Event {
            index: line.index,
            time,
            event_type: event.event_type.clone(),
            attributes: attributes(line, author.as_ref()),
            objects,
        }
    }

    fn signed_by(&mut self, author: &Author, objects: &mut Relations) {
        let person = (author.agency.clone(), author.officer.clone());
        if let Some(unit) = self.unit(&author.unit) {
            objects.insert((unit, "by".to_owned()));
            if let Some(officer) = self.officer(&author.agency, author.officer.as_str()) {
                objects.insert((officer, "signed".to_owned()));
                self.shared.officers.entry(person).or_default().insert(author.unit.clone());
            }
        }
    }

    /// Things that the event makes.
    fn begin(&mut self, line: &Line, time: Moment, objects: &mut Relations) {
        let kind = match line.entry.event.event_type.as_str() {
            ReferralRequested::TYPE => ObjectType::Referral,
            PlanProposed::TYPE => ObjectType::Plan,
            _ => return,
        };
        let id = self.things.begin(kind, line.entry.event.hash(), time);
        objects.insert((id, kind.as_str().to_owned()));
    }

    /// Objects that a member of the event's open data names; the qualifier is the member's name.
    fn name(
        &mut self,
        name: &str,
        value: &Json,
        author: Option<&Author>,
        time: Moment,
        objects: &mut Relations,
    ) {
        let found = match (name, value) {
            (_, Json::Array(elements)) => {
                for element in elements {
                    self.name(name, element, author, time, objects);
                }
                None
            }
            // The event that started a clock: the clock is told by itself.
            ("of", _) => None,
            ("case" | "into", Json::String(id)) => self.case(id),
            ("contacts", Json::String(id)) => self.contact(id),
            ("officer", Json::String(id)) => author.and_then(|author| self.officer(&author.agency, id)),
            (_, Json::String(text)) => {
                Digest::parse(text).ok().and_then(|hash| self.things.made_by(&hash)).map(str::to_owned)
            }
            (_, object) => self.address(object, time),
        };
        if let Some(object) = found {
            objects.insert((object, name.to_owned()));
        }
    }

    fn address(&mut self, object: &Json, time: Moment) -> Option<String> {
        let (one, other) = pair(object)?;
        if object.get("milestone").is_some() {
            return Some(self.things.deadline(one, other, time));
        }
        let agency = AgencyId::parse(one)?;
        if object.get("officer").is_some() {
            return self.officer(&agency, other);
        }
        self.unit(&Address { agency, unit: UnitId::parse(other)? })
    }

    /// How the things that the event names are related to each other.
    fn relate(&mut self, line: &Line) {
        let event = &line.entry.event;
        let text = |name: &str| event.data.get(name).and_then(Json::as_str);
        let made = self.things.made_by(&event.hash()).map(str::to_owned);
        match (event.event_type.as_str(), made) {
            (CaseOpened::TYPE, _) => {
                let named = event.data.get("contacts").and_then(Json::as_array).unwrap_or_default();
                for contact in named.iter().filter_map(Json::as_str) {
                    if let Some(contact) = self.contact(contact) {
                        self.things.relate(&self.head, contact, "came from");
                    }
                }
            }
            (ContactLinked::TYPE | CaseLinked::TYPE, _) => {
                if let Some(case) = text("case").and_then(|id| self.case(id)) {
                    self.things.relate(&self.head, case, "linked to");
                }
            }
            (CaseMerged::TYPE, _) => {
                if let Some(case) = text("into").and_then(|id| self.case(id)) {
                    self.things.relate(&self.head, case, "merged into");
                }
            }
            (ReferralRequested::TYPE, Some(referral)) => {
                self.addressed(&referral, event.data.get("to"));
                let replaced = text("replaces").and_then(|hash| Digest::parse(hash).ok());
                if let Some(replaced) =
                    replaced.and_then(|hash| self.things.made_by(&hash)).map(str::to_owned)
                {
                    self.things.relate(&referral, replaced, "replaces");
                }
            }
            (ReferralRedirected::TYPE, _) => {
                let referral = text("referral").and_then(|hash| Digest::parse(hash).ok());
                if let Some(referral) =
                    referral.and_then(|hash| self.things.made_by(&hash)).map(str::to_owned)
                {
                    self.addressed(&referral, event.data.get("to"));
                }
            }
            _ => {}
        }
    }

    fn addressed(&mut self, referral: &str, to: Option<&Json>) {
        let address =
            to.and_then(pair).and_then(|(agency, unit)| Address::parse(&format!("{agency}/{unit}")));
        if let Some(unit) = address.and_then(|address| self.unit(&address)) {
            self.things.relate(referral, unit, "to");
        }
    }

    /// How things stand after the event.
    fn follow(&mut self, line: &Line, time: Moment, objects: &mut Relations) {
        let Some(file) = &mut self.file else { return };
        let at = Position { index: line.index, received: line.entry.received };
        match CaseEvent::read(&line.entry.event, &facts(line)) {
            Ok(read) => file.evolve(self.ledger.world, at, &line.entry.event, &read),
            // What is not of the catalogue is a fault, and did nothing; but who can tell what it did.
            Err(_) => file.skip(self.ledger.world, at, &line.entry.event),
        }
        if file.gaps == 0 {
            for unit in self.things.observe(file, time, objects) {
                self.shared.units.insert(unit);
            }
        }
    }

    fn case(&self, id: &str) -> Option<String> {
        self.ledger.ids.is_case(id).then(|| ObjectType::Case.id(id))
    }

    fn contact(&self, id: &str) -> Option<String> {
        self.ledger.ids.is_contact(id).then(|| ObjectType::Contact.id(id))
    }

    fn unit(&mut self, address: &Address) -> Option<String> {
        let agency = self.ledger.world.registry().agency(address.agency.as_str())?;
        agency.units.get(&address.unit)?;
        self.shared.units.insert(address.clone());
        Some(ObjectType::Unit.id(address))
    }

    fn officer(&mut self, agency: &AgencyId, officer: &str) -> Option<String> {
        let known = self.ledger.world.registry().agency(agency.as_str())?;
        let (id, _) = known.officers.get_key_value(officer)?;
        self.shared.officers.entry((agency.clone(), id.clone())).or_default();
        Some(ObjectType::Officer.id(format_args!("{agency}/{id}")))
    }
}

/// Everything that is told of an event itself.
fn attributes(line: &Line, author: Option<&Author>) -> Vec<(String, Value)> {
    let event = &line.entry.event;
    let service = || format!("{}/{}", event.iss, event.sub);
    let withheld = withheld(line);
    let whole = |number: u64| Value::Whole(i64::try_from(number).unwrap_or(i64::MAX));
    let common = [
        ("index", Some(whole(line.index))),
        ("hash", Some(Value::text(event.hash()))),
        ("stream", Some(Value::text(&event.stream))),
        ("received", Some(Value::time(Moment::of_ms(line.entry.received)))),
        ("occurred", event.occurred.as_ref().map(|occurred| Value::Time(occurred.as_str().to_owned()))),
        (
            "actor",
            Some(Value::Text(author.map_or_else(service, |by| format!("{}/{}", by.agency, by.officer)))),
        ),
        ("unit", author.map(|author| Value::text(&author.unit))),
        ("automatic", Some(Value::Truth(event.stream.kind() == StreamKind::Auto))),
        ("withheld", (withheld > 0).then(|| whole(withheld))),
    ];
    let common = common.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    common.chain(fields(event, &line.casework)).collect()
}

/// How many of the entry's casework values are not held.
pub fn withheld(line: &Line) -> u64 {
    wanted(line).saturating_sub(line.casework.len()) as u64
}

fn wanted(line: &Line) -> usize {
    let casework = line.entry.event.digests.iter().filter(|(class, _)| *class == Class::Casework);
    casework.map(|(_, digests)| digests.len()).sum()
}

fn facts(line: &Line) -> Facts {
    if line.casework.len() < wanted(line) {
        return Facts::Withheld;
    }
    Facts::Known(line.casework.iter().map(|one| (one.name.clone(), one.value.clone())).collect())
}

impl Shared {
    /// Takes in those of another case.
    pub fn extend(&mut self, other: Self) {
        self.units.extend(other.units);
        for (officer, units) in other.officers {
            self.officers.entry(officer).or_default().extend(units);
        }
    }

    /// As objects, with what the registry says of them.
    pub fn objects(&self, registry: &Registry) -> Vec<Object> {
        let units = self.units.iter().map(|address| unit(address, registry));
        units.chain(self.officers.iter().map(|(id, units)| officer(id, units, registry))).collect()
    }
}

fn unit(address: &Address, registry: &Registry) -> Object {
    let known = registry.agency(address.agency.as_str()).and_then(|agency| agency.units.get(&address.unit));
    let names = known.map(|unit| unit.names.as_slice()).unwrap_or_default();
    let since = names.first().map_or(Moment::BEGINNING, |first| Moment::of_ms(first.since));
    let mut changes = vec![Change { name: "agency", value: Value::text(&address.agency), time: since }];
    for naming in names {
        let time = Moment::of_ms(naming.since);
        for (name, text) in [("name_ar", naming.name.ar()), ("name_en", naming.name.en())] {
            changes.push(Change { name, value: Value::text(text), time });
        }
    }
    let id = ObjectType::Unit.id(address);
    Object { id, kind: ObjectType::Unit, since, changes, objects: Relations::new() }
}

fn officer(id: &(AgencyId, OfficerId), units: &BTreeSet<Address>, registry: &Registry) -> Object {
    let (agency, officer) = id;
    let known = registry.agency(agency.as_str()).and_then(|agency| agency.officers.get(officer));
    let kind = known.map(|officer| officer.kind.as_str());
    let since = Moment::BEGINNING;
    let told = [("agency", Some(agency.as_str())), ("kind", kind)];
    let told = told.into_iter().filter_map(|(name, value)| Some((name, Value::text(value?))));
    Object {
        id: ObjectType::Officer.id(format_args!("{agency}/{officer}")),
        kind: ObjectType::Officer,
        since,
        changes: told.map(|(name, value)| Change { name, value, time: since }).collect(),
        objects: units.iter().map(|unit| (ObjectType::Unit.id(unit), "works in".to_owned())).collect(),
    }
}
