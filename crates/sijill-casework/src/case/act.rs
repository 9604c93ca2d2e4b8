//! What the automation is to do: pure functions of the state, so that anyone can recompute them
//! (`docs/casework.md` §7).

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};
use sijill_domain::Position;
use sijill_event::{Digest, Json, StreamKind, Uuid};

use super::World;
use super::deadline::{Deadline, Doing};
use super::erasure::ErasureState;
use super::file::{Case, CaseFile};
use crate::Address;
use crate::catalogue::{self, CaseEvent, ErasureDone};
use crate::policy::{Prescription, StepTo};

/// An event that a service of the ledger is to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Its type.
    pub event_type: &'static str,
    /// Its values by field name: what [`catalogue::TypeSpec::draft`] takes.
    pub values: Json,
    /// The instant it was due, Unix milliseconds; for what an event triggers, that event's `received`.
    pub instant: u64,
    /// The event that caused it, or that set the deadline.
    pub cause: Digest,
    /// Which of the cause's or deadline's acts it is.
    pub step: u32,
}

impl Act {
    /// Its idempotency key, the same whoever computes it: a `UUIDv7` with the time of the instant and, for its
    /// random bits, the first of SHA-256 over what the act is.
    pub fn jti(&self, origin: &str, id: &str) -> Uuid {
        let mut hash = Sha256::new();
        let step = self.step.to_string();
        for part in [origin, id, &self.cause.to_string(), self.event_type, &step] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.update(self.values.get("milestone").and_then(Json::as_str).unwrap_or_default());
        let digest: [u8; 32] = hash.finalize().into();
        let mut random = [0; 10];
        random.copy_from_slice(&digest[..10]);
        uuid::Builder::from_unix_timestamp_millis(self.instant, &random).into_uuid()
    }
}

impl CaseFile {
    /// The next act that the log owes this case: what was triggered, then what fell due by `until`.
    pub fn next_act(&self, world: &World, until: u64) -> Option<Act> {
        self.owed.front().cloned().or_else(|| self.erasure_act(world)).or_else(|| {
            let (deadline, instant, doing) = self.next_due(until)?;
            Some(self.act(world, deadline, instant, doing))
        })
    }

    /// The next act that was triggered and has not been appended.
    pub fn owed_act(&self) -> Option<Act> {
        self.owed.front().cloned()
    }

    /// Goes on as if an act had been appended that was not: for an audit, which names a missing act once.
    pub fn omit(&mut self, world: &World, act: &Act) {
        if self.owed.front() == Some(act) {
            self.owed.pop_front();
            return;
        }
        if act.event_type == ErasureDone::TYPE {
            self.omit_erasure();
            return;
        }
        let milestone = act.values.get("milestone").and_then(Json::as_str);
        let deadlines = self.case.iter_mut().flat_map(|case| &mut case.deadlines);
        for deadline in deadlines.filter(|deadline| deadline.of == act.cause) {
            if Some(deadline.milestone.as_str()) == milestone {
                deadline.done += 1;
                if act.event_type.ends_with(".breached") {
                    deadline.breached = Some(act.instant);
                }
            }
        }
        self.settle(world);
    }

    /// Owes nothing any more: likewise.
    pub fn forgive(&mut self) {
        self.owed.clear();
        self.asked = None;
    }

    /// The instant of the next thing that falls due, if nothing else happens: when to look again.
    pub fn wakes_at(&self) -> Option<u64> {
        let approved = self.outline.approved().and_then(|(_, erasure)| match erasure.state {
            ErasureState::Approved { received, .. } => Some(received),
            _ => None,
        });
        let due = self.running().filter_map(Deadline::next).map(|(instant, _)| instant).min();
        approved.into_iter().chain(due).min()
    }

    fn running(&self) -> impl Iterator<Item = &Deadline> {
        // Where an event could not be read, nobody knows whether it met something.
        let read = self.case.iter().filter(|_| self.gaps == 0);
        read.flat_map(|case| &case.deadlines).filter(|deadline| deadline.runs())
    }

    pub(super) fn next_due(&self, until: u64) -> Option<(&Deadline, u64, Doing<'_>)> {
        self.running()
            .filter_map(|deadline| deadline.next().map(|(instant, doing)| (deadline, instant, doing)))
            .filter(|(_, instant, _)| *instant <= until)
            .min_by_key(|(deadline, instant, _)| (*instant, deadline.milestone, deadline.index, deadline.of))
    }

    fn act(&self, world: &World, deadline: &Deadline, instant: u64, doing: Doing<'_>) -> Act {
        let reference = [
            ("milestone", Json::from(deadline.milestone.as_str())),
            ("of", deadline.of.to_string().into()),
            ("policy", number(deadline.policy)),
            ("due", number(deadline.due.unwrap_or(instant))),
        ];
        let mut values: Vec<(&str, Json)> = reference.into();
        let event_type = match doing {
            Doing::Remind => {
                values.push(("to", address(&self.told(world, Some(&deadline.owes), &deadline.owes))));
                "reminder.sent"
            }
            Doing::Breach => {
                values.push(("owes", address(&deadline.owes)));
                let referral = deadline.subject.filter(|_| deadline.milestone.is_of_referral());
                match referral.and_then(|hash| self.case.as_ref()?.referrals.get_key_value(&hash)) {
                    Some((hash, referral)) => {
                        values.push(("referral", hash.to_string().into()));
                        values.push(("state", referral.state.as_str().into()));
                        "referral.breached"
                    }
                    None => "deadline.breached",
                }
            }
            Doing::Escalate(step, to) => {
                values.push(("step", number(step.into())));
                values.push(("to", address(&self.above(world, deadline, to))));
                "escalation.raised"
            }
        };
        finish(world, event_type, values, instant, deadline.of, deadline.done)
    }

    /// Whom a step of a ladder tells.
    fn above(&self, world: &World, deadline: &Deadline, to: &StepTo) -> Address {
        let case = self.case.as_ref();
        let above = match to {
            StepTo::Supervisor => Some(&deadline.owes),
            StepTo::Owner => case.map(|case| &case.owner),
            StepTo::Target(id) => {
                case.and_then(|case| deadline.under.target(id, case.situation.governorate.as_str()))
            }
        };
        self.told(world, above, &deadline.owes)
    }

    /// This unit; the owner, if there is none or its agency is not there.
    fn told(&self, world: &World, unit: Option<&Address>, or: &Address) -> Address {
        let unit = unit.filter(|unit| world.stands(&unit.agency, u64::MAX));
        unit.or(self.case.as_ref().map(|case| &case.owner)).unwrap_or(or).clone()
    }

    /// What an event triggers is owed from now on, directly after it.
    pub(super) fn react(&mut self, world: &World, at: Position, hash: Digest, read: &CaseEvent) {
        use CaseEvent as E;
        if self.events.get(&hash).is_some_and(|noted| noted.stream == StreamKind::Auto) {
            self.owed.pop_front();
            return;
        }
        let Some(case) = &self.case else { return };
        let acts: Vec<(&'static str, Vec<(&str, Json)>)> = match read {
            E::CaseOpened(_) | E::ChildRegistered(_) | E::ChildCorrected(_) | E::RiskAssessed(_) => {
                prescribed(world, at.index, case, hash)
            }
            E::BreakGlassInvoked(_) if world.stands(&case.owner.agency, at.index) => {
                vec![notice(&hash, &case.owner)]
            }
            E::ConsentWithdrawn(act) => withdrawn(world, at, case, hash, &act.consent),
            _ => Vec::new(),
        };
        let numbered = (0_u32..).zip(acts);
        self.owed.extend(
            numbered.map(|(step, (event_type, values))| {
                finish(world, event_type, values, at.received, hash, step)
            }),
        );
    }
}

fn prescribed(
    world: &World,
    index: u64,
    case: &Case,
    hash: Digest,
) -> Vec<(&'static str, Vec<(&'static str, Json)>)> {
    let Some(in_force) = world.policy_at(index) else { return Vec::new() };
    let mut had = case.prescribed.clone();
    in_force
        .policy
        .prescribe(&case.situation)
        .into_iter()
        .filter(|p| {
            let may = p.to != case.owner && world.stands(&p.to.agency, index);
            // Two targets of a table may be one unit here.
            may && had.insert((p.table.clone(), p.to.clone()))
        })
        .map(|prescription| ("referral.requested", request(&prescription, in_force.version, hash)))
        .collect()
}

fn request(p: &Prescription, policy: u64, cause: Digest) -> Vec<(&'static str, Json)> {
    vec![
        ("to", address(&p.to)),
        ("fields", Json::Array(p.fields.iter().map(|field| field.clone().into()).collect())),
        ("service", p.service.as_str().into()),
        ("priority", p.priority.as_str().into()),
        ("legal_basis", p.legal_basis.as_str().into()),
        ("reason", p.reason.as_str().into()),
        ("policy", number(policy)),
        ("rule", format!("{}/{}", p.table, p.rule).into()),
        ("cause", cause.to_string().into()),
    ]
}

/// What rested on the withdrawn consent alone ends, in the order of the log, and each receiver is told once.
fn withdrawn(
    world: &World,
    at: Position,
    case: &Case,
    hash: Digest,
    consent: &Digest,
) -> Vec<(&'static str, Vec<(&'static str, Json)>)> {
    let mut ends: Vec<_> = case
        .referrals
        .iter()
        .filter(|(_, referral)| {
            referral.state.is_live()
                && case.may_rest_on(referral, consent)
                && !case.stands(world.registry(), referral, at.received)
        })
        .collect();
    ends.sort_unstable_by_key(|(_, referral)| referral.index);
    let receivers: BTreeSet<&Address> = ends.iter().map(|(_, referral)| &referral.to).collect();
    let ended = ends.iter().map(|(referral, _)| {
        let values = vec![("referral", referral.to_string().into()), ("cause", hash.to_string().into())];
        ("referral.withdrawn", values)
    });
    let there = receivers.into_iter().filter(|to| world.stands(&to.agency, at.index));
    ended.chain(there.map(|to| notice(&hash, to))).collect()
}

fn notice(about: &Digest, to: &Address) -> (&'static str, Vec<(&'static str, Json)>) {
    ("notice.given", vec![("about", about.to_string().into()), ("to", address(to))])
}

pub(super) fn finish(
    world: &World,
    event_type: &'static str,
    mut values: Vec<(&str, Json)>,
    instant: u64,
    cause: Digest,
    step: u32,
) -> Act {
    if let Some(codes) = catalogue::latest(event_type).and_then(|spec| world.codes(spec.lists())) {
        values.push(("codes", codes));
    }
    Act { event_type, values: sorted(Json::object(values)), instant, cause, step }
}

/// The values of an event that was read, as [`Act::values`] has them.
pub(super) fn flat(read: &CaseEvent) -> Json {
    sorted(read.values())
}

fn sorted(json: Json) -> Json {
    match json {
        Json::Object(mut members) => {
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Json::Object(members)
        }
        other => other,
    }
}

fn address(to: &Address) -> Json {
    Json::object([("agency", Json::from(to.agency.as_str())), ("unit", to.unit.as_str().into())])
}

pub(super) fn number(number: u64) -> Json {
    Json::try_from(number).unwrap_or(Json::Null)
}
