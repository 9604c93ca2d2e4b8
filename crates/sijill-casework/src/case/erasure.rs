//! Erasure (`docs/casework.md` §10): what is known of a case without any of its values, who may order them destroyed,
//! and what is owed until they are.

use std::collections::{BTreeMap, BTreeSet};

use sijill_domain::{AgencyId, OfficerId, Position, UnitId};
use sijill_event::{Class, Digest, Event, Json};

use super::World;
use super::act::{Act, finish};
use super::author::Author;
use super::file::{CaseFile, Noted, Person};
use crate::catalogue::{
    self, AccessRestricted, CaseEvent, ErasureApproved, ErasureDone, ErasureGround, ErasureOrdered,
    ErasureRefused, FieldClass, FieldPath, TypeSpec,
};
use crate::policy::Retained;
use crate::refusal::Thing;
use crate::{Address, Refusal};

/// What is folded from open members alone, and so is the same before and after an erasure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// The unit that owns the case, or logged the contact.
    pub owner: Option<Address>,
    /// Whether it is a contact.
    pub is_contact: bool,
    /// Since when a case has been closed or merged, or a contact logged, Unix milliseconds; `None` while a case is open.
    pub ended: Option<u64>,
    /// Units other than the owner that may have been shown something: they owned it once, a referral or link was
    /// addressed to them, or values were released to one of their officers.
    pub knew: BTreeSet<Address>,
    /// Orders to erase, by the event that gave them.
    pub erasures: BTreeMap<Digest, Erasure>,
    /// Digests that earlier orders have destroyed, while the rest stands.
    pub(super) gone: BTreeSet<Digest>,
    /// The order by which everything was destroyed.
    pub erased: Option<Digest>,
}

/// An order to erase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The entry that ordered it.
    pub index: u64,
    /// Who ordered it.
    pub by: (AgencyId, OfficerId),
    /// On what ground.
    pub ground: ErasureGround,
    /// The fields to erase; `None`: everything.
    pub fields: Option<BTreeSet<FieldPath>>,
    /// The events to erase them of; `None`: of all.
    pub events: Option<BTreeSet<Digest>>,
    /// What became of it.
    pub state: ErasureState,
    /// The units told of it, and whether they confirmed that they erased theirs.
    pub told: BTreeMap<Address, bool>,
    /// The digests that `erasure.done` has named so far.
    pub(super) named: BTreeSet<Digest>,
    /// How many `erasure.done` there were, and of how many they say to be parts.
    pub(super) parts: (u64, Option<u64>),
}

/// What became of an order to erase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasureState {
    /// It waits for a second pair of eyes.
    Ordered,
    /// It was not let happen.
    Refused,
    /// It was approved: until it is done, nothing else happens in the case.
    Approved {
        /// The event that approved it.
        approval: Digest,
        /// That event's entry: what came up to it is erased.
        index: u64,
        /// When, Unix milliseconds.
        received: u64,
    },
    /// The values are gone.
    Done,
}

impl Outline {
    /// The order that was approved and is not done.
    pub fn approved(&self) -> Option<(&Digest, &Erasure)> {
        self.erasures.iter().find(|(_, erasure)| matches!(erasure.state, ErasureState::Approved { .. }))
    }

    /// Whether an earlier order has destroyed the value of this digest.
    pub fn is_gone(&self, digest: &Digest) -> bool {
        self.gone.contains(digest)
    }

    fn is_undecided(&self) -> bool {
        self.erasures
            .values()
            .any(|erasure| matches!(erasure.state, ErasureState::Ordered | ErasureState::Approved { .. }))
    }

    /// Takes over what an event says openly. Whatever its values were, they are not asked.
    pub(super) fn note(
        &mut self,
        world: &World,
        at: Position,
        event: &Event,
        author: Option<&Author>,
        events: &BTreeMap<Digest, Noted>,
    ) {
        let data = &event.data;
        let unit = author.map(|author| author.unit.clone());
        match event.event_type.as_str() {
            "contact.logged" => {
                (self.owner, self.is_contact, self.ended) = (unit, true, Some(at.received));
            }
            "case.opened" => self.owner = unit,
            "case.transferred" => self.knew.extend(std::mem::replace(&mut self.owner, unit)),
            "case.closed" | "case.merged" => self.ended = Some(at.received),
            "case.reopened" | "case.unmerged" => self.ended = None,
            "referral.requested" | "referral.redirected" | "contact.linked" => {
                self.knew.extend(data.get("to").and_then(address));
            }
            "access.released" if shows_anything(data) => {
                let request = data.get("request").and_then(Json::as_str);
                let request = request.and_then(|request| Digest::parse(request).ok());
                self.knew.extend(request.and_then(|hash| events.get(&hash)?.by.clone()));
            }
            "export.released" if shows_anything(data) => {
                self.knew.extend(data.get("to").and_then(|to| unit_of(world, at.index, to)));
            }
            _ => {}
        }
    }

    /// Who is told of an erasure.
    fn receivers(&self) -> BTreeSet<Address> {
        self.knew.iter().filter(|unit| Some(*unit) != self.owner.as_ref()).cloned().collect()
    }
}

impl Erasure {
    /// Which of an event's fields it covers; of a type nobody knows, none.
    pub fn covers(&self, hash: &Digest, spec: &TypeSpec) -> BTreeSet<(Class, &'static str)> {
        covered(self.fields.as_ref(), self.events.as_ref(), hash, spec)
    }
}

fn covered(
    fields: Option<&BTreeSet<FieldPath>>,
    events: Option<&BTreeSet<Digest>>,
    hash: &Digest,
    spec: &TypeSpec,
) -> BTreeSet<(Class, &'static str)> {
    if events.is_some_and(|events| !events.contains(hash)) {
        return BTreeSet::new();
    }
    let wanted = |class, name: &str| {
        fields.is_none_or(|fields| FieldPath::new(class, name).is_some_and(|path| fields.contains(&path)))
    };
    let covered = spec.fields.iter().filter_map(|field| match field.class {
        FieldClass::Disclosed(class) if wanted(class, field.name) => Some((class, field.name)),
        _ => None,
    });
    covered.collect()
}

impl CaseFile {
    /// Passes over an event whose casework values are not there. What it says openly still counts.
    pub fn skip(&mut self, world: &World, at: Position, event: &Event) {
        self.gaps += 1;
        self.skipped.insert(at.index);
        let author = Author::of(world, at.index, event);
        self.outline.note(world, at, event, author.as_ref(), &self.events);
        if event.event_type == AccessRestricted::TYPE {
            self.restrict(&event.data);
        }
    }

    /// Who may see nothing is said openly, and stays so when nobody can tell any more why.
    fn restrict(&mut self, data: &Json) {
        let all = |member| data.get(member).and_then(Json::as_array).unwrap_or_default();
        self.restricted_units = all("units").iter().filter_map(address).collect();
        let person = |officer: &Json| {
            let text = |member| officer.get(member)?.as_str();
            Some((AgencyId::parse(text("agency")?)?, OfficerId::parse(text("officer")?)?))
        };
        self.restricted_officers = all("officers").iter().filter_map(person).collect();
    }

    /// The entries of the case up to this one, read or passed over.
    pub fn entries_until(&self, index: u64) -> BTreeSet<u64> {
        let read = self.events.values().map(|noted| noted.index);
        read.chain(self.skipped.iter().copied()).filter(|one| *one <= index).collect()
    }

    /// What the access service owes to an erasure that was approved: the next `erasure.done`, but for its digests, which
    /// only who holds the values can tell.
    pub(super) fn erasure_act(&self, world: &World) -> Option<Act> {
        let (hash, erasure) = self.outline.approved()?;
        let ErasureState::Approved { approval, received, .. } = erasure.state else { return None };
        let told = self.outline.receivers();
        let told = told.iter().map(|unit| {
            Json::object([("agency", Json::from(unit.agency.as_str())), ("unit", unit.unit.as_str().into())])
        });
        let values = vec![("erasure", hash.to_string().into()), ("told", Json::Array(told.collect()))];
        let step = u32::try_from(erasure.parts.0).unwrap_or(u32::MAX);
        Some(finish(world, ErasureDone::TYPE, values, received, approval, step))
    }

    /// Whether the values named as destroyed are those that the order covers: of each event, and each class, as many as
    /// it has fields that the order names, less those that earlier orders took. `events` are all those of the case up
    /// to the approval; `last` is the last `erasure.done`, which is not taken over yet.
    pub fn is_all_erased<'a>(&self, last: &ErasureDone, events: impl IntoIterator<Item = &'a Event>) -> bool {
        let Some(erasure) = self.outline.erasures.get(&last.erasure) else { return false };
        let named: BTreeSet<&Digest> = erasure.named.iter().chain(&last.digests).collect();
        let mut found = 0;
        for event in events {
            let Some(spec) = catalogue::spec(&event.event_type, event.v) else { continue };
            let covered = erasure.covers(&event.hash(), spec);
            for (class, digests) in &event.digests {
                let wanted = covered.iter().filter(|(of, _)| of == class).count();
                let now = digests.iter().filter(|digest| named.contains(digest)).count();
                let before = digests.iter().filter(|digest| self.outline.gone.contains(digest)).count();
                if now > wanted || now + before < wanted {
                    return false;
                }
                found += now;
            }
        }
        found == named.len()
    }

    /// The rules of orders to erase: they are the same whether the case's values are there or not.
    pub(super) fn decide_erasure(
        &self,
        world: &World,
        at: Position,
        author: &Author,
        read: &CaseEvent,
    ) -> Result<(), Refusal> {
        let owner = self.outline.owner.as_ref().ok_or(Refusal::CaseUnknown)?;
        let named = |hash: &Digest| self.outline.erasures.get(hash).ok_or(Refusal::Unknown(Thing::Erasure));
        match read {
            CaseEvent::ErasureOrdered(act) => {
                if author.unit != *owner {
                    return Err(Refusal::NotYours("the unit that owns the case or logged the contact"));
                }
                self.may_order(world, at, act)
            }
            CaseEvent::ErasureApproved(ErasureApproved { erasure, .. })
            | CaseEvent::ErasureRefused(ErasureRefused { erasure, .. }) => {
                if !author.supervises(world.registry(), owner) {
                    return Err(Refusal::NotYours("a supervisor of the agency that owns the case"));
                }
                let erasure = named(erasure)?;
                if erasure.state != ErasureState::Ordered {
                    return Err(Refusal::AlreadyEnded(Thing::Erasure));
                }
                if author.is(&erasure.by) { Err(Refusal::OwnWork) } else { Ok(()) }
            }
            CaseEvent::ErasureConfirmed(act) => match named(&act.erasure)?.told.get(&author.unit) {
                None => Err(Refusal::NotYours("a unit that was told of the erasure")),
                Some(true) => Err(Refusal::AlreadyConfirmed),
                Some(false) => Ok(()),
            },
            _ => Err(Refusal::NotPrescribed),
        }
    }

    fn may_order(&self, world: &World, at: Position, act: &ErasureOrdered) -> Result<(), Refusal> {
        if self.outline.erased.is_some() {
            return Err(Refusal::CaseErased);
        }
        if self.outline.is_undecided() {
            return Err(Refusal::ErasurePending);
        }
        let by_rule = act.ground == ErasureGround::Retention;
        if by_rule != act.rule.is_some() {
            return Err(Refusal::malformed(
                ErasureOrdered::TYPE,
                "rule, which the ground `retention` alone has,",
            ));
        }
        if let Some(rule) = &act.rule {
            self.is_over(world, at, rule)?;
        }
        let Some(fields) = &act.fields else {
            if act.events.is_some() {
                return Err(Refusal::malformed(ErasureOrdered::TYPE, "fields, which `events` narrows,"));
            }
            // What is alive is ended by its own rules first, which say who must be content with that.
            let mut referrals = self.case.iter().flat_map(|case| case.referrals.values());
            let alive = self.outline.ended.is_none() || referrals.any(|referral| referral.state.is_live());
            return if alive { Err(Refusal::CaseOpen) } else { Ok(()) };
        };
        if fields.iter().any(|field| field.class() == Class::Casework) {
            return Err(Refusal::ErasureOfCasework);
        }
        let mut events = act.events.iter().flatten();
        if events.any(|event| !self.events.contains_key(event)) {
            return Err(Refusal::Unknown(Thing::Event));
        }
        let holds = self.events.iter().any(|(hash, noted)| {
            let spec = catalogue::spec(noted.event_type, noted.v);
            spec.is_some_and(|spec| !covered(act.fields.as_ref(), act.events.as_ref(), hash, spec).is_empty())
        });
        if holds { Ok(()) } else { Err(Refusal::NothingToErase) }
    }

    /// Whether a retention rule of the policy in force lets it go now.
    fn is_over(&self, world: &World, at: Position, rule: &str) -> Result<(), Refusal> {
        let of = if self.outline.is_contact { Retained::Contact } else { Retained::Case };
        let policy = world.policy_at(at.index);
        let found =
            policy.and_then(|in_force| in_force.policy.retention(rule)).filter(|found| found.of == of);
        let found = found.ok_or_else(|| Refusal::RetentionUnknown(rule.to_owned()))?;
        match self.outline.ended {
            Some(ended) if ended.saturating_add(found.keep.wall_ms()) <= at.received => Ok(()),
            _ => Err(Refusal::RetentionRunning),
        }
    }

    /// The access service names exactly the order that waits, part by part, and tells exactly who knew.
    pub(super) fn decide_done(&self, act: &ErasureDone) -> Result<(), Refusal> {
        let (hash, erasure) = self.outline.approved().ok_or(Refusal::NotPrescribed)?;
        let (parts, of) = erasure.parts;
        let is_next = act.part == parts + 1 && act.part <= act.parts && of.is_none_or(|of| of == act.parts);
        let is_new = act
            .digests
            .iter()
            .all(|digest| !erasure.named.contains(digest) && !self.outline.gone.contains(digest));
        if act.erasure == *hash && is_next && is_new && act.told == self.outline.receivers() {
            Ok(())
        } else {
            Err(Refusal::NotPrescribed)
        }
    }

    pub(super) fn evolve_erasure(
        &mut self,
        at: Position,
        hash: Digest,
        author: Option<&Author>,
        read: &CaseEvent,
    ) {
        let erasures = &mut self.outline.erasures;
        match read {
            CaseEvent::ErasureOrdered(act) => {
                if let Some(author) = author {
                    erasures.insert(hash, Erasure::of(act, at.index, author.person()));
                }
            }
            CaseEvent::ErasureApproved(act) => {
                if let Some(erasure) = erasures.get_mut(&act.erasure) {
                    let (approval, index, received) = (hash, at.index, at.received);
                    erasure.state = ErasureState::Approved { approval, index, received };
                }
            }
            CaseEvent::ErasureRefused(act) => {
                if let Some(erasure) = erasures.get_mut(&act.erasure) {
                    erasure.state = ErasureState::Refused;
                }
            }
            CaseEvent::ErasureConfirmed(act) => {
                if let (Some(author), Some(erasure)) = (author, erasures.get_mut(&act.erasure))
                    && let Some(confirmed) = erasure.told.get_mut(&author.unit)
                {
                    *confirmed = true;
                }
            }
            CaseEvent::ErasureDone(act) => self.evolve_done(act),
            _ => {}
        }
    }

    fn evolve_done(&mut self, act: &ErasureDone) {
        let Some(erasure) = self.outline.erasures.get_mut(&act.erasure) else { return };
        erasure.named.extend(act.digests.iter().copied());
        erasure.parts = (act.part, Some(act.parts));
        if act.part < act.parts {
            return;
        }
        erasure.state = ErasureState::Done;
        erasure.told = act.told.iter().map(|unit| (unit.clone(), false)).collect();
        let named = std::mem::take(&mut erasure.named);
        if erasure.fields.is_some() {
            self.outline.gone.extend(named);
            return;
        }
        self.outline.gone.clear();
        self.outline.erased = Some(act.erasure);
        self.empty();
    }

    /// Goes on as if it had been carried out: for an audit, which names a missing act once.
    pub(super) fn omit_erasure(&mut self) {
        let Some((hash, told)) = self.outline.approved().map(|(hash, _)| (*hash, self.outline.receivers()))
        else {
            return;
        };
        let (part, digests, codes) = (1, BTreeSet::new(), catalogue::Codes::default());
        self.evolve_done(&ErasureDone { erasure: hash, part, parts: part, digests, told, codes });
    }

    /// Forgets whatever rested on values: what is left is what a replay without them gives.
    fn empty(&mut self) {
        let casework = FieldClass::Disclosed(Class::Casework);
        let rests = |noted: &Noted| {
            let spec = catalogue::spec(noted.event_type, noted.v);
            spec.is_some_and(|spec| spec.of_class(casework).next().is_some())
        };
        for noted in self.events.values().filter(|noted| rests(noted)) {
            self.gaps += 1;
            self.skipped.insert(noted.index);
        }
        self.events.retain(|_, noted| !rests(noted));
        (self.contact, self.case, self.asked) = (None, None, None);
        self.broken.clear();
        self.owed.clear();
    }
}

impl Erasure {
    fn of(act: &ErasureOrdered, index: u64, by: Person) -> Self {
        Self {
            index,
            by,
            ground: act.ground,
            fields: act.fields.clone(),
            events: act.events.clone(),
            state: ErasureState::Ordered,
            told: BTreeMap::new(),
            named: BTreeSet::new(),
            parts: (0, None),
        }
    }
}

fn shows_anything(data: &Json) -> bool {
    data.get("released").and_then(Json::as_array).is_some_and(|list| !list.is_empty())
}

fn address(json: &Json) -> Option<Address> {
    let text = |member| json.get(member)?.as_str();
    Some(Address { agency: AgencyId::parse(text("agency")?)?, unit: UnitId::parse(text("unit")?)? })
}

/// The unit an officer was in at an entry.
fn unit_of(world: &World, index: u64, officer: &Json) -> Option<Address> {
    let agency = AgencyId::parse(officer.get("agency")?.as_str()?)?;
    let record = world.registry().agency(agency.as_str())?;
    let unit = record.officers.get(officer.get("officer")?.as_str()?)?.unit_at(index).clone();
    Some(Address { agency, unit })
}
