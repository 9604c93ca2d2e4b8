//! A small ledger in memory: it signs, sequences and asks the registry, as the real one does.

use std::collections::BTreeMap;

use sijill_domain::event::{
    Action, AgencyEvent, Clock, Founder, Grant, LedgerCreated, LedgerRatified, Name, OfficerEnrolled,
    OfficerKind, ProposalApproved, ProposalOpened, Role, RulesPut, Service, ServiceKey, UnitOpened,
    WitnessPolicy, prove,
};
use sijill_domain::{
    AgencyId, OfficerId, Origin, Parties, Position, Reason, Refusal, Registry, Signer, UnitId, party_streams,
};
use sijill_event::{Class, Digest, Draft, Event, Json, Seen, SigningKey, Stream, Timestamp, Uuid};

pub(crate) const ORIGIN: &str = "ledger.example/test";
/// `received` of entry 0: 2026-01-01T00:00:00Z. Each later entry comes a second after the one before.
pub(crate) const START: u64 = 1_767_225_600_000;

/// The key that this name stands for in every test.
pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(&Digest::of(name).0).unwrap()
}

pub(crate) fn agency(id: &str) -> AgencyId {
    AgencyId::parse(id).unwrap()
}

pub(crate) fn officer(id: &str) -> OfficerId {
    OfficerId::parse(id).unwrap()
}

pub(crate) fn unit(id: &str) -> UnitId {
    UnitId::parse(id).unwrap()
}

pub(crate) fn reason(code: &str) -> Reason {
    Reason::parse(code).unwrap()
}

pub(crate) fn name(en: &str) -> Name {
    Name::new(&format!("ع {en}"), en).unwrap()
}

pub(crate) fn root(id: &str) -> Signer {
    Signer::Root(agency(id))
}

pub(crate) fn officer_of(agency_id: &str, officer_id: &str) -> Signer {
    Signer::Officer { agency: agency(agency_id), officer: officer(officer_id) }
}

/// RFC 3339 in UTC.
pub(crate) fn time(unix_ms: u64) -> Timestamp {
    let time = chrono::DateTime::from_timestamp_millis(unix_ms.cast_signed()).unwrap();
    Timestamp::parse(&time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)).unwrap()
}

pub(crate) const ALL_GRANTS: [Grant; 5] =
    [Grant::Audit, Grant::Calendar, Grant::Casework, Grant::Mirror, Grant::Oversight];

/// A `ledger.created` of these founders, with their roots' keys under `<agency>/root`.
pub(crate) fn created(founders: &[&str], quorum: u64, clock: Clock) -> LedgerCreated {
    let services = [Service::Access, Service::Automation, Service::Log].map(|service| {
        let (key, proof) = prove(&key(&format!("ledger/{service}")), ORIGIN, &Signer::Service(service));
        ServiceKey { service, key, proof }
    });
    let founder = |id: &&str| Founder {
        agency: agency(id),
        name: name(id),
        root_key: key(&format!("{id}/root")).public().clone(),
        grants: ALL_GRANTS.into(),
    };
    LedgerCreated {
        origin: Origin::parse(ORIGIN).unwrap(),
        log_key: key("checkpoint").public().clone(),
        operator_key: key("ledger/operator").public().clone(),
        services: services.into(),
        clock,
        founders: founders.iter().map(founder).collect(),
        quorum,
        witnesses: WitnessPolicy::None,
        rules: 1,
    }
}

/// One event to be said. What is not given has an ordinary value.
#[derive(Clone)]
pub(crate) struct Said {
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) key: String,
    pub(crate) act: Option<String>,
    pub(crate) aud: String,
    pub(crate) stream: String,
    pub(crate) seq: Option<u64>,
    pub(crate) kind: String,
    pub(crate) v: u16,
    pub(crate) data: Json,
    pub(crate) occurred: Option<String>,
    pub(crate) disclosed: bool,
}

/// An event by `who` (`<iss>/<sub>`, who signs with the key of that name).
pub(crate) fn by(who: &str, stream: &str, kind: &str, data: Json) -> Said {
    let (iss, sub) = who.split_once('/').unwrap();
    Said {
        iss: iss.to_owned(),
        sub: sub.to_owned(),
        key: who.to_owned(),
        act: None,
        aud: ORIGIN.to_owned(),
        stream: stream.to_owned(),
        seq: None,
        kind: kind.to_owned(),
        v: 1,
        data,
        occurred: None,
        disclosed: false,
    }
}

impl Said {
    pub(crate) fn with_key(mut self, name: &str) -> Self {
        name.clone_into(&mut self.key);
        self
    }

    pub(crate) fn acting_for(mut self, officer: &str) -> Self {
        self.act = Some(officer.to_owned());
        self
    }

    pub(crate) fn occurred(mut self) -> Self {
        self.occurred = Some("2019-05-04T10:00:00+04:00".to_owned());
        self
    }
}

/// The ledger: everything that was sequenced, accepted or not, as an audit would meet it.
#[derive(Clone, Default)]
pub(crate) struct World {
    pub(crate) registry: Registry,
    pub(crate) parties: BTreeMap<String, Parties>,
    heads: BTreeMap<String, (u64, Digest)>,
    pub(crate) log: Vec<(Position, Event, Result<(), Refusal>)>,
    pub(crate) received: u64,
}

impl World {
    pub(crate) fn empty() -> Self {
        Self { received: START, ..Self::default() }
    }

    /// After genesis and every ratification.
    pub(crate) fn founded(founders: &[&str], quorum: u64, clock: Clock) -> Self {
        let mut world = Self::empty();
        world.create(&created(founders, quorum, clock)).unwrap();
        for founder in founders {
            world.ratify(founder).unwrap();
        }
        world
    }

    /// Three members (`moe`, `moh`, `rop`), quorum 2; in each a unit `desk`, a registrar `reg` and a case
    /// worker `cw`.
    pub(crate) fn peopled() -> Self {
        let mut world = Self::founded(&["moe", "moh", "rop"], 2, Clock::Live);
        for id in ["moe", "moh", "rop"] {
            world.people(id);
        }
        world
    }

    /// The same, under rule-set 2 since a moment ago.
    pub(crate) fn second() -> Self {
        let mut world = Self::peopled();
        world.pass(&["moh", "moe"], RulesPut { version: 2 }).unwrap();
        world
    }

    pub(crate) fn people(&mut self, id: &str) {
        let stream = format!("agency/{id}");
        self.keep(&format!("{id}/root"), &stream, UnitOpened { unit: unit("desk"), name: name("Desk") })
            .unwrap();
        self.enrol(id, "reg", &[Role::Registrar]).unwrap();
        self.enrol(id, "cw", &[Role::Casework]).unwrap();
    }

    pub(crate) fn next(&self) -> Position {
        Position { index: self.log.len() as u64, received: self.received }
    }

    pub(crate) fn sign(&self, said: &Said) -> Event {
        let stream = Stream::parse(&said.stream).unwrap();
        let (next, prev) =
            self.heads.get(&said.stream).map_or((0, None), |(seq, hash)| (seq + 1, Some(*hash)));
        let seq = said.seq.unwrap_or(next);
        let prev = (seq > 0).then(|| prev.unwrap_or(Digest([0; 32])));
        let at = self.next();
        let mut draft = Draft::new(&said.kind, said.v)
            .author(&said.iss, &said.sub)
            .aud(&said.aud)
            .jti(Uuid::from_u128((7 << 76) | (2 << 62) | u128::from(at.index)))
            .iat(at.received / 1000)
            .at(&stream, seq, prev);
        if at.index > 0 {
            draft = draft.seen(Seen { size: at.index, root: [0; 32] });
        }
        if let Some(act) = &said.act {
            draft = draft.act(act);
        }
        if let Some(occurred) = &said.occurred {
            draft = draft.occurred(occurred);
        }
        for (name, value) in said.data.as_object().unwrap() {
            draft = draft.open(name, value.clone());
        }
        if said.disclosed {
            draft = draft.disclose(Class::Casework, "x", Json::Null);
        }
        draft.sign_salted(&key(&said.key), || Ok([7; 16])).unwrap().event
    }

    /// Signs and sequences. A refused event takes an index too, as in a log that is audited.
    pub(crate) fn say(&mut self, said: &Said) -> Result<Event, Refusal> {
        let event = self.sign(said);
        self.sequence(event.clone()).map(|()| event)
    }

    pub(crate) fn sequence(&mut self, event: Event) -> Result<(), Refusal> {
        let at = self.next();
        let parties = parties_of(&self.parties, &event.stream);
        let verdict = self.registry.apply(at, &event, &parties);
        if let Ok(accepted) = &verdict {
            add_parties(&mut self.parties, &event.stream, &accepted.new_parties);
            self.heads.insert(event.stream.to_string(), (event.seq, event.hash()));
        }
        let verdict = verdict.map(|_| ());
        self.log.push((at, event, verdict.clone()));
        self.received += 1000;
        verdict
    }

    pub(crate) fn create(&mut self, created: &LedgerCreated) -> Result<Event, Refusal> {
        self.say(&by("ledger/operator", "ledger", LedgerCreated::TYPE, created.data()))
    }

    pub(crate) fn ratify(&mut self, founder: &str) -> Result<Event, Refusal> {
        let created = self.registry.created().unwrap();
        self.say(&by(
            &format!("{founder}/root"),
            "ledger",
            LedgerRatified::TYPE,
            LedgerRatified { created }.data(),
        ))
    }

    pub(crate) fn open(&mut self, member: &str, action: impl Into<Action>) -> Result<Digest, Refusal> {
        self.open_for(member, action, None)
    }

    pub(crate) fn open_for(
        &mut self,
        member: &str,
        action: impl Into<Action>,
        effective: Option<u64>,
    ) -> Result<Digest, Refusal> {
        let opened = ProposalOpened { action: action.into(), effective: effective.map(time) };
        let said = by(&format!("{member}/root"), "ledger", ProposalOpened::TYPE, opened.data());
        self.say(&said).map(|event| event.hash())
    }

    pub(crate) fn approve(&mut self, member: &str, proposal: Digest) -> Result<(), Refusal> {
        let approved = ProposalApproved { proposal }.data();
        self.say(&by(&format!("{member}/root"), "ledger", ProposalApproved::TYPE, approved)).map(|_| ())
    }

    /// The first of `members` proposes, and all approve.
    pub(crate) fn pass(&mut self, members: &[&str], action: impl Into<Action>) -> Result<Digest, Refusal> {
        self.pass_at(members, action, None)
    }

    pub(crate) fn pass_at(
        &mut self,
        members: &[&str],
        action: impl Into<Action>,
        effective: Option<u64>,
    ) -> Result<Digest, Refusal> {
        let proposal = self.open_for(members.first().unwrap(), action, effective)?;
        members.iter().try_for_each(|member| self.approve(member, proposal))?;
        Ok(proposal)
    }

    pub(crate) fn keep(
        &mut self,
        who: &str,
        stream: &str,
        event: impl Into<AgencyEvent>,
    ) -> Result<Event, Refusal> {
        let event = event.into();
        self.say(&by(who, stream, event.event_type(), event.data()))
    }

    /// The root enrols an officer with the key `<agency>/<officer>`, in unit `desk`.
    pub(crate) fn enrol(&mut self, id: &str, who: &str, roles: &[Role]) -> Result<Event, Refusal> {
        self.keep(&format!("{id}/root"), &format!("agency/{id}"), enrolled(id, who, roles))
    }

    /// Case work by `who` in `stream`.
    pub(crate) fn work(&mut self, who: &str, stream: &str, to: Option<&str>) -> Result<Event, Refusal> {
        self.say(&work(who, stream, to))
    }
}

/// Who is a party to the stream.
pub(crate) fn parties_of(kept: &BTreeMap<String, Parties>, stream: &Stream) -> Parties {
    let streams = party_streams(stream);
    let mut some = streams.iter().filter_map(|stream| kept.get(stream.as_str()));
    some.find(|parties| !parties.is_empty()).cloned().unwrap_or_default()
}

pub(crate) fn add_parties(kept: &mut BTreeMap<String, Parties>, stream: &Stream, new: &Parties) {
    let first = party_streams(stream).swap_remove(0);
    kept.entry(first.to_string()).or_default().extend(new);
}

pub(crate) fn enrolled(id: &str, who: &str, roles: &[Role]) -> OfficerEnrolled {
    let (key, proof) = prove(&key(&format!("{id}/{who}")), ORIGIN, &officer_of(id, who));
    OfficerEnrolled {
        officer: officer(who),
        kind: OfficerKind::Officer,
        unit: unit("desk"),
        roles: roles.iter().copied().collect(),
        key,
        proof,
    }
}

pub(crate) fn work(who: &str, stream: &str, to: Option<&str>) -> Said {
    let to = to.map(|agency| ("to", Json::object([("agency", agency.into()), ("unit", "desk".into())])));
    by(who, stream, "note.added", Json::object(to))
}

pub(crate) fn code<T>(verdict: Result<T, Refusal>) -> &'static str {
    verdict.map_or_else(|refusal| refusal.code(), |_| "accepted")
}
