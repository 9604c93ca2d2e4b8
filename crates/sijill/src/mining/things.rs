//! The objects of one case or contact, and how they change: what the fold says after each event, where it differs from
//! what was said before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sijill_casework::case::{Basis, Case, CaseFile, Deadline, PlanState, Referral, Status};
use sijill_casework::{Address, Code};
use sijill_event::Digest;

use super::log::{Change, Moment, Object, ObjectType, Relations, Value};

/// Objects in the order in which they are heard of.
pub(super) struct Things {
    all: Vec<Thing>,
    places: HashMap<String, usize>,
    /// Objects by the event that made them.
    made: HashMap<Digest, usize>,
}

struct Thing {
    object: Object,
    now: BTreeMap<&'static str, Value>,
}

impl Things {
    /// The case or contact itself.
    pub(super) fn of(kind: ObjectType, id: &str, since: Moment) -> Self {
        let mut things = Self { all: Vec::new(), places: HashMap::new(), made: HashMap::new() };
        things.place(kind, kind.id(id), since);
        things
    }

    /// All of them, the case or contact first.
    pub(super) fn objects(self) -> Vec<Object> {
        self.all.into_iter().map(|thing| thing.object).collect()
    }

    /// What the event with this hash makes; its id.
    pub(super) fn begin(&mut self, kind: ObjectType, hash: Digest, since: Moment) -> String {
        let id = kind.id(hash);
        let place = self.place_of_head(kind, id.clone(), since);
        self.made.insert(hash, place);
        id
    }

    /// The id of what the event with this hash made.
    pub(super) fn made_by(&self, hash: &Digest) -> Option<&str> {
        self.made.get(hash).and_then(|place| self.all.get(*place)).map(|thing| thing.object.id.as_str())
    }

    /// A clock, by what is owed and the event that set it; its id.
    pub(super) fn deadline(&mut self, milestone: &str, of: &str, since: Moment) -> String {
        let id = ObjectType::Deadline.id(format_args!("{milestone}/{of}"));
        let place = self.place_of_head(ObjectType::Deadline, id.clone(), since);
        self.set(place, "milestone", Value::text(milestone), since);
        id
    }

    /// Says how one object is related to another.
    pub(super) fn relate(&mut self, id: &str, to: String, qualifier: &str) {
        if let Some(thing) = self.places.get(id).and_then(|place| self.all.get_mut(*place)) {
            thing.object.objects.insert((to, qualifier.to_owned()));
        }
    }

    /// Says how things stand after an event; which units are named besides those that the event names.
    pub(super) fn observe(&mut self, file: &CaseFile, at: Moment, objects: &mut Relations) -> Vec<Address> {
        let mut units = Vec::new();
        if let (Some(contact), None) = (&file.contact, &file.case) {
            self.set(0, "logged_by", Value::text(&contact.by), at);
        }
        if let Some(case) = &file.case {
            self.case(case, at, &mut units);
            for (hash, plan) in &case.plans {
                if let Some(place) = self.made.get(hash).copied() {
                    self.set(place, "state", Value::text(plan_state(plan.state)), at);
                }
            }
            for (hash, referral) in &case.referrals {
                if let Some(place) = self.made.get(hash).copied() {
                    self.referral(place, referral, at);
                }
            }
            for deadline in &case.deadlines {
                self.clock(deadline, at, objects, &mut units);
            }
        }
        units
    }

    fn case(&mut self, case: &Case, at: Moment, units: &mut Vec<Address>) {
        let status = match &case.status {
            Status::Open => "open",
            Status::Closed(_) => "closed",
            Status::Merged(_) => "merged",
        };
        let situation = &case.situation;
        let words = |codes: &BTreeSet<Code>| {
            Value::Text(codes.iter().map(Code::as_str).collect::<Vec<_>>().join(" "))
        };
        self.set(0, "status", Value::text(status), at);
        self.set(0, "owner", Value::text(&case.owner), at);
        self.set(0, "reported", Value::time(Moment::of_ms(case.reported)), at);
        self.set(0, "concerns", words(&situation.concerns), at);
        self.set(0, "risk", Value::text(&situation.risk), at);
        self.set(0, "age_band", Value::text(&situation.age), at);
        self.set(0, "governorate", Value::text(&situation.governorate), at);
        self.set(0, "situations", words(&situation.situations), at);
        // Empty: OCEL has no other way to say that nobody is any more.
        let assigned = case.assigned.as_ref().map(|officer| format!("{}/{officer}", case.owner.agency));
        self.set(0, "assigned", Value::Text(assigned.unwrap_or_default()), at);
        self.relate_place(0, ObjectType::Unit.id(&case.owner), "owned by");
        units.push(case.owner.clone());
    }

    fn referral(&mut self, place: usize, referral: &Referral, at: Moment) {
        let basis = match &referral.basis {
            Basis::Consent(_) => "consent",
            Basis::Legal(code) => code.as_str(),
        };
        self.set(place, "state", Value::text(referral.state), at);
        self.set(place, "to", Value::text(&referral.to), at);
        self.set(place, "service", Value::text(&referral.service), at);
        self.set(place, "priority", Value::text(referral.priority), at);
        self.set(place, "basis", Value::text(basis), at);
        self.set(place, "automatic", Value::Truth(referral.automatic), at);
        self.set(place, "breached", Value::Truth(referral.breached), at);
        self.set(place, "disposed", Value::Truth(referral.disposed), at);
    }

    fn clock(&mut self, deadline: &Deadline, at: Moment, objects: &mut Relations, units: &mut Vec<Address>) {
        let known = self.all.len();
        let id = self.deadline(deadline.milestone.as_str(), &deadline.of.to_string(), at);
        let Some(place) = self.places.get(&id).copied() else { return };
        if self.all.len() > known {
            objects.insert((id.clone(), "starts".to_owned()));
        }
        let ended = deadline.met.is_some();
        let state = match (ended, deadline.breached.is_some(), deadline.is_paused()) {
            (true, false, _) => "ended",
            (true, true, _) => "ended_late",
            (false, true, _) => "missed",
            (false, false, true) => "paused",
            (false, false, false) => "running",
        };
        if self.set(place, "state", Value::text(state), at) && ended {
            objects.insert((id, "ends".to_owned()));
        }
        self.set(place, "owes", Value::text(&deadline.owes), at);
        self.set(place, "started", Value::time(Moment::of_ms(deadline.started)), at);
        self.set(place, "policy", Value::Whole(i64::try_from(deadline.policy).unwrap_or(i64::MAX)), at);
        if let Some(due) = deadline.due {
            self.set(place, "due", Value::time(Moment::of_ms(due)), at);
        }
        self.relate_place(place, ObjectType::Unit.id(&deadline.owes), "owed by");
        units.push(deadline.owes.clone());
        if let Some(subject) = deadline.subject.and_then(|hash| self.made_by(&hash)).map(str::to_owned) {
            self.relate_place(place, subject, "about");
        }
    }

    fn place(&mut self, kind: ObjectType, id: String, since: Moment) -> usize {
        if let Some(place) = self.places.get(&id) {
            return *place;
        }
        let place = self.all.len();
        self.places.insert(id.clone(), place);
        let object = Object { id, kind, since, changes: Vec::new(), objects: Relations::new() };
        self.all.push(Thing { object, now: BTreeMap::new() });
        place
    }

    /// A thing of the case or contact.
    fn place_of_head(&mut self, kind: ObjectType, id: String, since: Moment) -> usize {
        let place = self.place(kind, id, since);
        if let Some(head) = self.all.first().map(|head| head.object.id.clone()) {
            self.relate_place(place, head, "of");
        }
        place
    }

    fn relate_place(&mut self, place: usize, to: String, qualifier: &str) {
        if let Some(thing) = self.all.get_mut(place) {
            thing.object.objects.insert((to, qualifier.to_owned()));
        }
    }

    /// Whether it was something else before.
    fn set(&mut self, place: usize, name: &'static str, value: Value, time: Moment) -> bool {
        let Some(thing) = self.all.get_mut(place) else { return false };
        if thing.now.get(name) == Some(&value) {
            return false;
        }
        thing.now.insert(name, value.clone());
        thing.object.changes.push(Change { name, value, time });
        true
    }
}

fn plan_state(state: PlanState) -> &'static str {
    match state {
        PlanState::Proposed => "proposed",
        PlanState::Approved => "approved",
        PlanState::Rejected => "rejected",
    }
}
