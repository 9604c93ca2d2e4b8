//! What officers do next in a case: asked of the case's own state, whenever something has happened in it.
//!
//! ```text
//! referrals  what the unit a referral is addressed to does with it, and what the owner makes of the end
//! work       what the owner owes the child: to see it, assess, plan, follow up, close
//! committee  consent and its withdrawal, conferences, orders
//! rare       broken glass, breaches of data, what is seldom
//! ```
//!
//! No script is kept: a [`Move`] says who would do what and when, by the state and by chance, and the earliest that the
//! rules allow is made ([`Turn`]). When the state changes, all are thought of anew.

mod committee;
mod rare;
mod referrals;
mod work;

use sijill_casework::calendar::Timing;
use sijill_casework::case::{Author, Case, CaseFile, Noted, Status, Subject, World};
use sijill_casework::{Address, Amount, catalogue};
use sijill_domain::{AgencyId, OfficerId, Position};
use sijill_event::{Digest, Json, StreamKind};

use super::arrivals::number;
use super::calendar::{HOUR, MINUTE};
use super::chance::Chance;
use super::country::officers;
use super::stage::Who;

/// Something that somebody does at some time.
#[derive(Debug, Clone)]
pub struct Move {
    /// When, Unix milliseconds.
    pub at: u64,
    /// Who.
    pub by: Who,
    /// The event's type.
    pub event_type: &'static str,
    /// Its values.
    pub values: Json,
}

/// When people of a unit are at work, as the play has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tempo {
    /// At once, at any hour.
    Urgent,
    /// Day and night.
    Always,
    /// By office hours.
    Office,
}

impl Tempo {
    /// Of a unit. A committee has somebody on call, but works by office hours.
    pub fn of(unit: &str) -> Self {
        let always = ["h1100/", "rop/desk", "moh/hospital-"];
        if always.iter().any(|start| unit.starts_with(start)) { Self::Always } else { Self::Office }
    }

    /// What people do in the same hour is told together: each delivery is durable before the next, and to wait for the
    /// disk some thousand times would be no demonstration.
    fn grid(self) -> u64 {
        match self {
            Self::Urgent => 10 * MINUTE,
            Self::Always | Self::Office => HOUR,
        }
    }
}

/// The first time from `time` on at which things are told.
pub fn slot(time: u64, tempo: Tempo) -> u64 {
    time.div_ceil(tempo.grid()).saturating_mul(tempo.grid())
}

/// So many minutes of work after `since`.
pub fn after(world: &World, tempo: Tempo, since: u64, minutes: u64) -> u64 {
    let hours = if tempo == Tempo::Office { "office" } else { "always" };
    let length = Amount::Time(minutes.max(1) * MINUTE);
    let due = world.almanac().due(Timing::Working(hours), since, length, &[]);
    due.map_or(u64::MAX, |due| slot(due, tempo))
}

/// So many minutes later, at any hour.
fn by_wall(since: u64, minutes: u64) -> u64 {
    slot(since + minutes * MINUTE, Tempo::Always)
}

/// The same, and told at once.
fn at_once(since: u64, minutes: u64) -> u64 {
    slot(since + minutes * MINUTE, Tempo::Urgent)
}

/// Somebody of a unit who is no supervisor; the same for the same reason.
pub fn worker(what: &str, unit: &str, chance: Chance) -> Who {
    let (agency, id) = unit.split_once('/').unwrap_or_default();
    let others = u64::from(officers(agency, id).saturating_sub(1)).max(1);
    let n = chance.below(&format!("{what} worker of {unit}"), others);
    Who::new(agency, format!("{id}-{}", if n == 0 { 1 } else { n + 2 }))
}

/// The supervisor of a unit.
fn supervisor(unit: &Address) -> Who {
    Who::new(unit.agency.as_str(), format!("{}-2", unit.unit))
}

/// `{agency, unit}` of `agency/unit`.
pub fn address(unit: &str) -> Json {
    let (agency, unit) = unit.split_once('/').unwrap_or_default();
    object(&[("agency", agency.into()), ("unit", unit.into())])
}

/// An object.
pub fn object(members: &[(&str, Json)]) -> Json {
    Json::object(members.iter().map(|(name, value)| (*name, value.clone())))
}

/// A set of codes or ids: in ascending order.
pub fn set(items: &[&str]) -> Json {
    let mut items = items.to_vec();
    items.sort_unstable();
    Json::Array(items.into_iter().map(Json::from).collect())
}

/// One case, and who may do what in it now.
pub struct Turn<'a> {
    /// What is done by chance.
    pub chance: Chance,
    /// What cases are judged by.
    pub world: &'a World,
    /// The case.
    pub file: &'a CaseFile,
    /// The time and the size of the log.
    pub at: Position,
}

impl Turn<'_> {
    /// What is done next, if anything: the earliest move that the rules allow, and with it what others do at the same time,
    /// apart from it. What would have been done before is done now.
    pub fn next(&self) -> Vec<Move> {
        let mut together: Vec<Move> = Vec::new();
        for it in self.thought_of() {
            let until = together.first().map_or(u64::MAX, |first| first.at.max(self.at.received));
            if it.at > until {
                break;
            }
            let apart = together.iter().all(|other| it.is_apart_from(other));
            if apart && self.allows(&it) {
                together.push(it);
            }
        }
        together
    }

    /// When it is somebody's turn again after what was done now; what could follow at once follows at the next full hour.
    pub fn again(&self) -> Option<u64> {
        let now = self.at.received;
        let soon = slot(now + 1, Tempo::Always);
        let turns = self.thought_of().into_iter().filter(|it| self.allows(it));
        turns.map(|it| if it.at > now { it.at } else { soon }).min()
    }

    /// The earliest first.
    fn thought_of(&self) -> Vec<Move> {
        let Some(case) = &self.file.case else { return Vec::new() };
        let Self { chance, world, file, .. } = *self;
        let mut thinking = Thinking { chance, world, file, case, moves: Vec::new() };
        referrals::think(&mut thinking);
        committee::think(&mut thinking);
        rare::think(&mut thinking);
        work::think(&mut thinking);
        let mut moves = thinking.moves;
        moves.sort_by_key(|it| it.at);
        moves
    }

    /// What the rules say to it, before it is written.
    fn allows(&self, it: &Move) -> bool {
        let (agency, officer) = (AgencyId::parse(&it.by.agency), OfficerId::parse(&it.by.officer));
        let (Some(agency), Some(officer)) = (agency, officer) else { return false };
        let Some(author) = Author::reader(self.world.registry(), &agency, &officer) else { return false };
        let subject = it.subject().map(Subject::Event);
        // A clock is named by two members: its rules are few, and `rare` keeps them.
        it.event_type == "deadline.varied"
            || self.file.may(self.world, self.at, &author, it.event_type, subject.as_ref()).is_ok()
    }
}

impl Move {
    /// What it is about.
    fn subject(&self) -> Option<Digest> {
        let field = catalogue::latest(self.event_type)?.subject()?;
        Digest::parse(self.values.get(field.name)?.as_str()?).ok()
    }

    /// Whether it can be done at the same time as another: neither changes what the other may do.
    fn is_apart_from(&self, other: &Self) -> bool {
        let alone = ["case.closed", "case.transferred", "consent.withdrawn", "access.restricted"];
        let free = |kind: &str| {
            let any_time = [
                "access.requested",
                "case.assigned",
                "child.registered",
                "escalation.resolved",
                "follow_up.recorded",
                "note.added",
                "party.added",
                "service.delivered",
                "vote.cast",
            ];
            any_time.contains(&kind) || (kind.starts_with("referral.") && kind != "referral.requested")
        };
        let subject = self.subject();
        let same = match (self.event_type, other.event_type) {
            ("vote.cast", "vote.cast") => self.by == other.by,
            (mine, others) => (subject.is_some() || mine == others) && subject == other.subject(),
        };
        free(self.event_type) && !alone.contains(&other.event_type) && !same
    }
}

/// One case being thought about.
struct Thinking<'a> {
    chance: Chance,
    world: &'a World,
    file: &'a CaseFile,
    case: &'a Case,
    moves: Vec<Move>,
}

impl<'a> Thinking<'a> {
    fn push(&mut self, at: u64, by: Who, event_type: &'static str, values: &[(&str, Json)]) {
        self.moves.push(Move { at, by, event_type, values: object(values) });
    }

    /// As [`Chance`], of this case.
    fn what(&self, of: &str) -> String {
        format!("case {} {of}", self.file.id)
    }

    fn happens(&self, of: &str, percent: u64) -> bool {
        self.chance.happens(&self.what(of), percent)
    }

    fn between(&self, of: &str, from: u64, to: u64) -> u64 {
        self.chance.between(&self.what(of), from, to)
    }

    fn pick(&self, of: &str, from: &[(&'static str, u64)]) -> &'static str {
        self.chance.pick(&self.what(of), from)
    }

    /// Whether it is one of every `of` cases, which happen to things that are to happen whatever the seed.
    fn is_one_in(&self, of: u64, which: u64) -> bool {
        number(&self.file.id) % of == which
    }

    /// So many minutes of a unit's work after `since`.
    fn after(&self, unit: &Address, since: u64, minutes: u64) -> u64 {
        after(self.world, Tempo::of(&unit.to_string()), since, minutes)
    }

    fn worker(&self, unit: &Address) -> Who {
        worker(&self.what("is worked by"), &unit.to_string(), self.chance)
    }

    /// Who is in charge.
    fn owner(&self) -> Who {
        let assigned = self.case.assigned.as_ref();
        assigned.map_or_else(
            || self.worker(&self.case.owner),
            |officer| Who::new(self.case.owner.agency.as_str(), officer.as_str()),
        )
    }

    fn is_open(&self) -> bool {
        self.case.status == Status::Open
    }

    /// Whether a committee owns it: others only begin it and pass it on.
    fn is_with_committee(&self) -> bool {
        self.case.owner.agency.as_str() == "cpc"
    }

    /// Events of this type, in the order of the log.
    fn events(&self, event_type: &str) -> Vec<(&'a Digest, &'a Noted)> {
        let mut events: Vec<_> =
            self.file.events.iter().filter(|(_, noted)| noted.event_type == event_type).collect();
        events.sort_by_key(|(_, noted)| noted.index);
        events
    }

    fn count(&self, event_type: &str) -> usize {
        self.file.events.values().filter(|noted| noted.event_type == event_type).count()
    }

    /// When the last event of this type was sequenced.
    fn last(&self, event_type: &str) -> Option<u64> {
        self.events(event_type).last().map(|(_, noted)| noted.received)
    }

    fn has_asked(&self, unit: &Address) -> bool {
        let asked = |noted: &Noted| noted.event_type == "access.requested" && noted.by.as_ref() == Some(unit);
        self.file.events.values().any(|noted| noted.stream == StreamKind::Access && asked(noted))
    }
}

/// As a field of an event names another event.
fn hash(of: &Digest) -> Json {
    of.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(event_type: &'static str, by: &str, about: Option<(&str, u8)>) -> Move {
        let named = about.map(|(field, n)| (field.to_owned(), hash(&Digest([n; 32]))));
        Move { at: 0, by: Who::new("moh", by), event_type, values: Json::object(named) }
    }

    #[test]
    fn at_one_time_only_what_does_not_touch_each_other() {
        let referral = |event_type, n| made(event_type, "a", Some(("referral", n)));
        let accepted = referral("referral.accepted", 1);
        assert!(!referral("referral.rejected", 1).is_apart_from(&accepted), "of the same referral");
        assert!(referral("referral.rejected", 2).is_apart_from(&accepted));
        let plain = |event_type| made(event_type, "a", None);
        assert!(plain("note.added").is_apart_from(&plain("case.assigned")));
        assert!(!plain("note.added").is_apart_from(&plain("note.added")), "once is enough");
        assert!(!plain("case.closed").is_apart_from(&plain("note.added")), "it judges all the rest");
        assert!(!accepted.is_apart_from(&plain("case.closed")));
        let vote = |by| made("vote.cast", by, Some(("conference", 1)));
        assert!(vote("a").is_apart_from(&vote("b")));
        assert!(!vote("a").is_apart_from(&vote("a")));
    }

    #[test]
    fn offices_close_and_hospitals_do_not() {
        assert_eq!(Tempo::of("moh/hospital-ma"), Tempo::Always);
        assert_eq!(Tempo::of("rop/desk"), Tempo::Always);
        for unit in ["rop/civil-status", "moh/mental-health", "cpc/ma"] {
            assert_eq!(Tempo::of(unit), Tempo::Office, "{unit}");
        }
        // The second of a unit supervises, and works on no case.
        let workers: Vec<String> =
            (0..40).map(|n| worker(&n.to_string(), "rop/desk", Chance::of(1)).officer).collect();
        assert!(workers.iter().all(|officer| officer == "desk-1" || officer == "desk-3"), "{workers:?}");
    }
}

#[cfg(test)]
pub(super) mod testing {
    use std::sync::Arc;

    use sijill_casework::case::{Documents, World};
    use sijill_domain::Registry;

    /// A world without calendar: every hour is open.
    pub(in crate::demo) fn world() -> World {
        World::new(Arc::new(Registry::new()), Arc::new(Documents::new()))
    }
}
