//! The registry of a small country, made by real signed events: agencies, units, officers, documents in force.

use std::sync::{Arc, LazyLock};

use sijill_casework::Address;
use sijill_casework::case::{Documents, World};
use sijill_casework::codes::SHIPPED;
use sijill_casework::policy::Policy;
use sijill_domain::event::{
    Action, AgencyAdmit, AgencyEvent, Clock, DocumentKind, DocumentPublish, Founder, Grant, LedgerCreated,
    LedgerRatified, Name, OfficerEnrolled, OfficerKind, ProposalApproved, ProposalOpened, Role, Service,
    ServiceKey, UnitCalendarSet, UnitOpened, WitnessPolicy, prove,
};
use sijill_domain::{AgencyId, OfficerId, Origin, Parties, Registry, Signer, UnitId};
use sijill_event::{Digest, Draft, Event, Json, Seen, SigningKey, Stream, Uuid};

use super::town::Town;

pub(crate) const ORIGIN: &str = "ledger.example/test";
pub(crate) const POLICY: &str = include_str!("../../../../schemas/policies/oman-child-protection.toml");
pub(crate) const CALENDAR: &str = include_str!("../../../../schemas/calendars/oman.toml");

/// The helpline, which opens cases here.
pub(crate) const LINE: &str = "h1100/line";

/// Who works where: `agency/officer`, unit, roles.
const PEOPLE: &[(&str, &str, &[Role])] = &[
    ("h1100/amal", "line", &[Role::Casework]),
    ("h1100/badr", "line", &[Role::Casework]),
    ("h1100/chief", "line", &[Role::Casework, Role::Supervisor]),
    ("h1100/deputy", "office", &[Role::Casework, Role::Supervisor]),
    ("h1100/medic", "line", &[Role::Casework, Role::Specialist]),
    ("h1100/clerk", "office", &[Role::Casework]),
    ("moh/nurse", "hospital-ma", &[Role::Casework]),
    ("moh/doctor", "hospital-ma", &[Role::Casework, Role::Specialist]),
    ("moh/head", "hospital-ma", &[Role::Casework, Role::Supervisor]),
    ("moh/therapist", "mental-health", &[Role::Casework, Role::Specialist]),
    ("rop/officer", "desk", &[Role::Casework]),
    ("rop/captain", "desk", &[Role::Casework, Role::Supervisor]),
    ("cpc/worker", "ma", &[Role::Casework]),
    ("cpc/lead", "ma", &[Role::Casework, Role::Supervisor]),
    ("cpc/other", "mu", &[Role::Casework]),
    ("moe/counsellor", "school-social-work", &[Role::Casework]),
    ("mosd/director", "family-protection", &[Role::Casework, Role::Supervisor]),
    ("mosd/aide", "disability", &[Role::Casework]),
    ("mosd/auditor", "family-protection", &[Role::Auditor]),
];

/// The country once it is founded: 1 September 2026, a Tuesday, in the morning.
static COUNTRY: LazyLock<Town> = LazyLock::new(|| {
    let mut town = Town::empty();
    town.found();
    town
});

/// The key that this name stands for in every test.
pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(&Digest::of(name).0).unwrap()
}

pub(crate) fn agency(id: &str) -> AgencyId {
    AgencyId::parse(id).unwrap()
}

pub(crate) fn unit(id: &str) -> UnitId {
    UnitId::parse(id).unwrap()
}

pub(crate) fn at(address: &str) -> Address {
    Address::parse(address).unwrap()
}

pub(crate) fn name() -> Name {
    Name::new("اسم", "Name").unwrap()
}

impl Town {
    /// A copy of the country, to be told a history of its own.
    pub(crate) fn new() -> Self {
        COUNTRY.clone()
    }

    fn found(&mut self) {
        let service = |service: Service| {
            let (key, proof) = prove(&key(&format!("ledger/{service}")), ORIGIN, &Signer::Service(service));
            ServiceKey { service, key, proof }
        };
        let created = LedgerCreated {
            origin: Origin::parse(ORIGIN).unwrap(),
            log_key: key("checkpoint").public().clone(),
            operator_key: key("ledger/operator").public().clone(),
            services: [Service::Access, Service::Automation, Service::Log].map(service).into(),
            clock: Clock::Simulated,
            founders: vec![Founder {
                agency: agency("mosd"),
                name: name(),
                root_key: key("mosd/root").public().clone(),
                grants: [Grant::Audit, Grant::Calendar, Grant::Casework].into(),
            }],
            quorum: 1,
            witnesses: WitnessPolicy::None,
            rules: 2,
        };
        let created = self.govern("ledger/operator", "ledger", LedgerCreated::TYPE, &created.data());
        let ratified = LedgerRatified { created: created.hash() };
        self.govern("mosd/root", "ledger", LedgerRatified::TYPE, &ratified.data());
        for (id, bytes) in SHIPPED {
            self.publish(DocumentKind::CodeList, id, bytes);
        }
        self.publish(DocumentKind::Calendar, "oman", CALENDAR.as_bytes());
        self.publish(DocumentKind::Policy, "child-protection", POLICY.as_bytes());
        let mut units: Vec<Address> = Policy::parse(POLICY.as_bytes()).unwrap().targets().cloned().collect();
        units.extend([at(LINE), at("h1100/office")]);
        units.sort();
        units.dedup();
        for unit in &units {
            self.open(unit);
        }
        for (who, unit, roles) in PEOPLE {
            self.enrol(who, unit, roles);
        }
    }

    fn open(&mut self, unit: &Address) {
        if self.registry().agency(unit.agency.as_str()).is_none() {
            self.admit(unit.agency.as_str());
        }
        self.keep(unit.agency.as_str(), UnitOpened { unit: unit.unit.clone(), name: name() });
        let by_night =
            matches!(unit.agency.as_str(), "h1100" | "rop") || unit.unit.as_str().starts_with("hospital");
        if by_night {
            self.keep(
                unit.agency.as_str(),
                UnitCalendarSet { unit: unit.unit.clone(), calendar: self::unit("always") },
            );
        }
    }

    /// An agency joins, with the grant for casework.
    pub(crate) fn admit(&mut self, id: &str) {
        let (root_key, proof) = prove(&key(&format!("{id}/root")), ORIGIN, &Signer::Root(agency(id)));
        self.decide(AgencyAdmit {
            agency: agency(id),
            name: name(),
            root_key,
            proof,
            grants: [Grant::Casework].into(),
            member: false,
            quorum: None,
        });
    }

    /// Enrols `agency/officer` in a unit of its agency.
    pub(crate) fn enrol(&mut self, who: &str, unit: &str, roles: &[Role]) {
        let (id, officer) = who.split_once('/').unwrap();
        let officer = OfficerId::parse(officer).unwrap();
        let signer = Signer::Officer { agency: agency(id), officer: officer.clone() };
        let (key, proof) = prove(&key(who), ORIGIN, &signer);
        let roles = roles.iter().copied().collect();
        let unit = self::unit(unit);
        self.keep(id, OfficerEnrolled { officer, kind: OfficerKind::Officer, unit, roles, key, proof });
    }

    /// The next version of a document comes into force.
    pub(crate) fn publish(&mut self, kind: DocumentKind, id: &str, bytes: &[u8]) {
        let hash = Arc::make_mut(&mut self.documents).insert(kind, bytes).unwrap();
        let version = self.registry().document(kind, id).len() as u64 + 1;
        self.decide(DocumentPublish { kind, id: unit(id), version, hash });
    }

    /// The members decide.
    pub(crate) fn decide(&mut self, action: impl Into<Action>) {
        let opened = ProposalOpened { action: action.into(), effective: None };
        let opened = self.govern("mosd/root", "ledger", ProposalOpened::TYPE, &opened.data());
        let approved = ProposalApproved { proposal: opened.hash() };
        self.govern("mosd/root", "ledger", ProposalApproved::TYPE, &approved.data());
    }

    /// An agency's root keeps its registry.
    pub(crate) fn keep(&mut self, id: &str, event: impl Into<AgencyEvent>) {
        let event = event.into();
        self.govern(&format!("{id}/root"), &format!("agency/{id}"), event.event_type(), &event.data());
    }

    /// An event of the registry, which must be accepted. The world is made anew.
    pub(crate) fn govern(&mut self, who: &str, stream: &str, kind: &str, data: &Json) -> Event {
        let mut draft = Draft::new(kind, 1).jti(self.jti());
        for (member, value) in data.as_object().unwrap() {
            draft = draft.open(member, value.clone());
        }
        let event = self.sign(who, stream, draft).event;
        let at = self.next();
        Arc::make_mut(&mut self.registry).apply(at, &event, &Parties::new()).unwrap();
        self.take(&event);
        self.world = Arc::new(self.world.with_registry(&self.registry, &self.documents));
        event
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Completes and signs a draft as the next event of its stream, by the key of that name.
    pub(crate) fn sign(&self, who: &str, stream: &str, draft: Draft) -> sijill_event::SdJwt {
        let (iss, sub) = who.split_once('/').unwrap();
        let stream = Stream::parse(stream).unwrap();
        let (seq, prev) = self.heads.get(&stream).map_or((0, None), |(seq, hash)| (seq + 1, Some(*hash)));
        let at = self.next();
        let mut draft = draft.author(iss, sub).aud(ORIGIN).iat(at.received / 1000).at(&stream, seq, prev);
        let size = self.seen.unwrap_or(at.index);
        if size > 0 {
            draft = draft.seen(Seen { size, root: [0; 32] });
        }
        let salt = Digest::of(format!("{}/{}", at.index, self.tries));
        let mut salts = 0_u128;
        let mut next = || {
            salts += 1;
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&salt.0[..16]);
            Ok((u128::from_be_bytes(bytes) ^ salts).to_be_bytes())
        };
        draft.sign_salted(&key(who), &mut next).unwrap()
    }

    /// The idempotency key of a person's event: a fresh one.
    pub(crate) fn jti(&self) -> Uuid {
        Uuid::from_u128((7 << 76) | (2 << 62) | u128::from(self.next().index))
    }
}

impl Town {
    fn empty() -> Self {
        let registry = Arc::new(Registry::new());
        let documents = Arc::new(Documents::new());
        let world = Arc::new(World::new(Arc::clone(&registry), Arc::clone(&documents)));
        Self { registry, documents, world, ..Self::blank() }
    }
}
