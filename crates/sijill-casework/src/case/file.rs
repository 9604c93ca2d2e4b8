//! The state of one case or contact: everything under one id.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sijill_domain::{AgencyId, OfficerId, Registry};
use sijill_event::{Digest, StreamKind};

use super::{Act, Basis, Deadline, Outline, Referral};
use crate::Address;
use crate::catalogue::{AccessRequested, Vote};
use crate::policy::Situation;
use crate::refusal::Thing;

/// A person: agency and officer.
pub(super) type Person = (AgencyId, OfficerId);

/// The fold of `contact/X`, `case/X`, `auto/X` and `access/X`, in log order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseFile {
    /// The id: the streams' names after the slash.
    pub id: String,
    /// If a contact was logged under this id.
    pub contact: Option<Contact>,
    /// If a case was opened under this id.
    pub case: Option<Case>,
    /// Every event so far, by its JWT's hash.
    pub events: BTreeMap<Digest, Noted>,
    /// Officers and units that may see nothing.
    pub restricted_officers: BTreeSet<(AgencyId, OfficerId)>,
    /// Units that may see nothing.
    pub restricted_units: BTreeSet<Address>,
    /// Broken glass, by the event that broke it.
    pub broken: BTreeMap<Digest, BrokenGlass>,
    /// Events whose casework values are not there any more: what they did cannot be said.
    pub gaps: u32,
    /// What is known without any value: the same before and after an erasure.
    pub outline: Outline,
    /// The entries of those events.
    pub(super) skipped: BTreeSet<u64>,
    /// A request for disclosures that the next entry answers.
    pub(super) asked: Option<(Digest, Person, AccessRequested)>,
    /// What the automation is to append before anything else, in order.
    pub(super) owed: VecDeque<Act>,
    /// How many calendar changes the deadlines have been computed with.
    pub(super) as_of: usize,
}

/// What is remembered of every event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// The entry's index.
    pub index: u64,
    /// When it was sequenced.
    pub received: u64,
    /// In which of the streams.
    pub stream: StreamKind,
    /// Its type.
    pub event_type: &'static str,
    /// The version of the schema it was signed under.
    pub v: u16,
    /// The unit that signed it; `None` for a service of the ledger.
    pub by: Option<Address>,
    /// The person who signed it, or on whose behalf it was signed.
    pub person: Option<(AgencyId, OfficerId)>,
    /// The referral it belongs to.
    pub referral: Option<Digest>,
}

/// A contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The unit that logged it.
    pub by: Address,
    /// The cases it was linked to, and who works them.
    pub linked: BTreeMap<String, Address>,
}

/// A case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Open, closed or merged.
    pub status: Status,
    /// Who owns it.
    pub owner: Address,
    /// Who opened it.
    pub opener: Address,
    /// The event that opened it.
    pub opened: Digest,
    /// When, Unix milliseconds.
    pub opened_at: u64,
    /// The earliest time anyone in the system received the report, as claimed; never after `opened_at`.
    pub reported: u64,
    /// The contacts it came from.
    pub contacts: BTreeSet<String>,
    /// What the policy is asked with.
    pub situation: Situation,
    /// The officer in charge.
    pub assigned: Option<OfficerId>,
    /// A transfer that waits for its answer: the request, to whom.
    pub transfer: Option<(Digest, Address)>,
    /// Plans, by the event that proposed them.
    pub plans: BTreeMap<Digest, Plan>,
    /// Referrals, by the event that requested them.
    pub referrals: BTreeMap<Digest, Referral>,
    /// Consents, by the event that recorded them.
    pub consents: BTreeMap<Digest, Consent>,
    /// Agencies to which disclosure rests on a named legal basis.
    pub bases: BTreeSet<AgencyId>,
    /// Withdrawals of consent that receivers were told of.
    pub withdrawals: BTreeMap<Digest, Withdrawal>,
    /// Placements that have not ended.
    pub placements: BTreeSet<Digest>,
    /// Orders that have not ended.
    pub orders: BTreeSet<Digest>,
    /// Conferences.
    pub conferences: BTreeMap<Digest, Conference>,
    /// Breaches of personal data that were not notified yet.
    pub breaches: BTreeSet<Digest>,
    /// A request to close that waits for its answer.
    pub closure: Option<Closure>,
    /// Escalations, by the act that raised them.
    pub escalations: BTreeMap<Digest, Escalation>,
    /// Early warnings that were reviewed: rule, its version, the events they rested on.
    pub warnings: BTreeSet<(String, u64, BTreeSet<Digest>)>,
    /// Clocks, running and stopped, in the order they were set.
    pub deadlines: Vec<Deadline>,
    /// Tables and units for which the automation has requested a referral.
    pub prescribed: BTreeSet<(String, Address)>,
}

/// Whether a case is being worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It is.
    Open,
    /// Closed by the event with this hash.
    Closed(Digest),
    /// It is part of this case.
    Merged(String),
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Who proposed it.
    pub by: (AgencyId, OfficerId),
    /// What became of it.
    pub state: PlanState,
}

/// What became of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanState {
    /// It waits.
    Proposed,
    /// It counts.
    Approved,
    /// It does not.
    Rejected,
}

/// A consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// To whom it covers disclosure.
    pub agencies: BTreeSet<AgencyId>,
    /// The day after which it does not count, as text; compared with the day of the entry in UTC.
    pub expires: Option<String>,
    /// The event that withdrew it.
    pub withdrawn: Option<Digest>,
}

/// A withdrawal of consent: who was told, and whether it confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Withdrawal {
    /// The units told.
    pub told: BTreeMap<Address, bool>,
}

/// A conference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conference {
    /// The agencies that sit in it.
    pub members: BTreeSet<AgencyId>,
    /// When, Unix milliseconds.
    pub at: u64,
    /// Each officer's vote.
    pub votes: BTreeMap<(AgencyId, OfficerId), Vote>,
    /// Whether it was held.
    pub held: bool,
}

/// A request to close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// The event.
    pub request: Digest,
    /// Who asked.
    pub by: (AgencyId, OfficerId),
    /// Referrals it names as exceptions.
    pub exceptions: BTreeSet<Digest>,
}

/// An escalation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// To whom.
    pub to: Address,
    /// The deadline it is about.
    pub of: Digest,
    /// Whether somebody resolved it.
    pub resolved: bool,
}

/// An officer who looked without a right to, because a child was in danger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenGlass {
    /// Who.
    pub by: (AgencyId, OfficerId),
    /// Until when it opens, Unix milliseconds.
    pub until: u64,
    /// Whether the owner's supervisor reviewed it.
    pub reviewed: bool,
}

impl CaseFile {
    /// Nothing yet under this id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// Whether it is open, and a case.
    pub fn is_open(&self) -> bool {
        self.case.as_ref().is_some_and(|case| case.status == Status::Open)
    }

    /// Whether the log must go on with the automation or the access service before anything else.
    pub fn owes(&self) -> bool {
        !self.owed.is_empty() || self.asked.is_some()
    }
}

impl Noted {
    /// Whether an event of this type makes such a thing.
    pub(super) fn makes(&self, thing: Thing) -> bool {
        let made = match thing {
            Thing::Placement => "placement.started",
            Thing::Order => "order.issued",
            Thing::Breach => "breach.recorded",
            _ => return false,
        };
        self.event_type == made
    }
}

impl Consent {
    /// Whether it stands at this time and covers disclosure to the agency, as agencies are now.
    pub(super) fn covers(&self, registry: &Registry, agency: &AgencyId, unix_ms: u64) -> bool {
        let day = i64::try_from(unix_ms).ok().and_then(chrono::DateTime::from_timestamp_millis);
        let expired = match (&self.expires, day) {
            // As text days compare as they follow each other.
            (Some(expires), Some(day)) => day.format("%Y-%m-%d").to_string() > *expires,
            (Some(_), None) => true,
            (None, _) => false,
        };
        self.withdrawn.is_none() && !expired && names(registry, &self.agencies, agency)
    }
}

impl Case {
    /// Whether the referral was asked for on this consent, or has come to rest on it in place of another. By the ids that
    /// agencies had: what was triggered must not follow from who merged later.
    pub(super) fn may_rest_on(&self, referral: &Referral, consent: &Digest) -> bool {
        let covers = |consent: &Consent| consent.agencies.contains(&referral.to.agency);
        match &referral.basis {
            Basis::Consent(named) => named == consent || self.consents.get(consent).is_some_and(covers),
            Basis::Legal(_) => false,
        }
    }

    /// Whether what the referral discloses rests on anything at this time.
    pub(super) fn stands(&self, registry: &Registry, referral: &Referral, unix_ms: u64) -> bool {
        let to = &referral.to.agency;
        matches!(referral.basis, Basis::Legal(_))
            || names(registry, &self.bases, to)
            || self.consents.values().any(|consent| consent.covers(registry, to, unix_ms))
    }
}

/// Whether the agency is now one that one of these is now.
fn names(registry: &Registry, agencies: &BTreeSet<AgencyId>, agency: &AgencyId) -> bool {
    let now = registry.now(agency.as_str());
    agencies.iter().any(|id| registry.now(id.as_str()) == now)
}
