//! A ledger under rule-set 2: the shipped documents in force, every unit they refer to open, officers at each desk.

use std::collections::BTreeMap;
use std::sync::Arc;

use sijill_casework::case::{CaseFile, World};
use sijill_casework::policy::Policy;
use sijill_casework::{Address, catalogue, shipped};
use sijill_domain::event::{
    Action, AgencyAdmit, Clock as ClockMode, DocumentPublish, Founder, Grant, LedgerCreated, LedgerRatified,
    OfficerEnrolled, OfficerKind, ProposalApproved, ProposalOpened, Role, Service, ServiceKey,
    UnitCalendarSet, UnitOpened, WitnessPolicy, prove,
};
use sijill_domain::{AgencyId, OfficerId, Origin, Signer, UnitId};
use sijill_event::{Digest, Draft, Entry, Json, SigningKey, Stream, Uuid};

use super::{Actor, Ground, ORIGIN, name};
use crate::{Ledger, Receipt, Refused, Wait};

/// The helpline's unit.
pub const HELPLINE: &str = "h1100/line";

/// The country.
pub struct Country {
    /// Where it runs.
    pub ground: Ground,
    /// The running ledger.
    pub ledger: Ledger,
    /// Each agency's root, by agency.
    pub roots: BTreeMap<String, Actor>,
    /// Officers by `agency/officer`: in each unit `U` there are `U` (case worker), `U-2` (case worker and supervisor) and
    /// `U-3` (case worker and specialist); in `mosd` there is also `auditor`.
    pub officers: BTreeMap<String, Actor>,
    clock: ClockMode,
}

impl Country {
    /// Begins on an empty store.
    pub async fn begin(ground: Ground) -> Self {
        Self::begin_by(ground, ClockMode::Simulated).await
    }

    /// Begins on an empty store; `clock` is what entry 0 says of the ledger's time.
    pub async fn begin_by(ground: Ground, clock: ClockMode) -> Self {
        let ledger = ground.open().await.expect("an empty store opens");
        let (roots, officers) = (BTreeMap::new(), BTreeMap::new());
        let mut country = Self { ground, ledger, roots, officers, clock };
        country.found().await;
        let policy = Policy::parse(shipped::POLICY).expect("the shipped policy");
        let mut units: Vec<Address> = policy.targets().cloned().collect();
        units.push(Address::parse(HELPLINE).expect("an address"));
        country.admit(&units).await;
        for unit in &units {
            country.open(unit).await;
        }
        country.enrol("mosd/auditor", "family-protection", &[Role::Auditor]).await;
        country.publish().await;
        country
    }

    /// Opens the ledger again on the same ground, as after a crash.
    pub async fn again(&mut self) {
        self.ledger.crash().await;
        self.ledger = self.ground.open().await.expect("it opens again");
    }

    async fn found(&mut self) {
        let operator = Actor::new("ledger", "operator");
        let founders = ["mosd", "rop"];
        for agency in founders {
            self.roots.insert(agency.to_owned(), Actor::new(agency, "root"));
        }
        let log_key = sijill_event::PublicKey::from_bytes(self.ground.log_key().verifier().public_key());
        let service = |service: Service, key: &Option<SigningKey>| {
            let (key, proof) = prove(key.as_ref().expect("a key"), ORIGIN, &Signer::Service(service));
            ServiceKey { service, key, proof }
        };
        let created = LedgerCreated {
            origin: Origin::parse(ORIGIN).expect("origin"),
            log_key: log_key.expect("a good key"),
            operator_key: operator.key.public().clone(),
            services: vec![
                service(Service::Access, &self.ground.services.access),
                service(Service::Automation, &self.ground.services.automation),
                service(Service::Log, &Some(self.ground.attestor.clone())),
            ],
            clock: self.clock,
            founders: founders
                .iter()
                .map(|agency| Founder {
                    agency: AgencyId::parse(agency).expect("id"),
                    name: name(),
                    root_key: self.roots[*agency].key.public().clone(),
                    grants: [Grant::Audit, Grant::Calendar, Grant::Casework].into(),
                })
                .collect(),
            quorum: 2,
            witnesses: WitnessPolicy::None,
            rules: 2,
        };
        let created = self.open_event(&operator, "ledger", "ledger.created", created.data()).await;
        let created = self.hash(created.index).await;
        for agency in founders {
            let ratified = LedgerRatified { created }.data();
            self.open_event(&self.roots[agency], "ledger", "ledger.ratified", ratified).await;
        }
    }

    async fn admit(&mut self, units: &[Address]) {
        for agency in units.iter().map(|unit| unit.agency.to_string()) {
            if self.roots.contains_key(&agency) {
                continue;
            }
            let root = Actor::new(&agency, "root");
            let id = AgencyId::parse(&agency).expect("id");
            let (root_key, proof) = prove(&root.key, ORIGIN, &Signer::Root(id.clone()));
            self.roots.insert(agency, root);
            let grants = [Grant::Casework].into();
            let admit = AgencyAdmit {
                agency: id,
                name: name(),
                root_key,
                proof,
                grants,
                member: false,
                quorum: None,
            };
            self.decide(admit.into()).await;
        }
    }

    async fn open(&mut self, unit: &Address) {
        let (agency, id) = (unit.agency.as_str(), unit.unit.as_str());
        let opened = UnitOpened { unit: unit.unit.clone(), name: name() }.data();
        let stream = format!("agency/{agency}");
        self.open_event(&self.roots[agency], &stream, "unit.opened", opened).await;
        if agency == "h1100" || agency == "rop" || id.starts_with("hospital") {
            let calendar = UnitId::parse("always").expect("id");
            let set = UnitCalendarSet { unit: unit.unit.clone(), calendar }.data();
            self.open_event(&self.roots[agency], &stream, "unit.calendar_set", set).await;
        }
        let both = [
            (String::new(), vec![Role::Casework]),
            ("-2".to_owned(), vec![Role::Casework, Role::Supervisor]),
            ("-3".to_owned(), vec![Role::Casework, Role::Specialist]),
        ];
        for (suffix, roles) in both {
            self.enrol(&format!("{agency}/{id}{suffix}"), id, &roles).await;
        }
    }

    /// Enrols `agency/officer` in a unit.
    pub async fn enrol(&mut self, who: &str, unit: &str, roles: &[Role]) {
        let (agency, officer) = who.split_once('/').expect("agency/officer");
        let actor = Actor::new(agency, officer);
        let id = OfficerId::parse(officer).expect("id");
        let signer = Signer::Officer { agency: AgencyId::parse(agency).expect("id"), officer: id.clone() };
        let (key, proof) = prove(&actor.key, ORIGIN, &signer);
        let unit = UnitId::parse(unit).expect("id");
        let kind = OfficerKind::Officer;
        let roles = roles.iter().copied().collect();
        let data = OfficerEnrolled { officer: id, kind, unit, roles, key, proof };
        let stream = format!("agency/{agency}");
        self.open_event(&self.roots[agency], &stream, "officer.enrolled", data.data()).await;
        self.officers.insert(who.to_owned(), actor);
    }

    async fn publish(&self) {
        for (kind, id, bytes) in shipped::documents() {
            let hash = self.ledger.put_document(bytes).await.expect("held");
            let id = UnitId::parse(id).expect("id");
            self.decide(DocumentPublish { kind, id, version: 1, hash }.into()).await;
        }
    }

    /// Publishes a further version of a document.
    pub async fn publish_version(
        &self,
        kind: sijill_domain::event::DocumentKind,
        id: &str,
        version: u64,
        bytes: &[u8],
    ) {
        let hash = self.ledger.put_document(bytes).await.expect("held");
        let id = UnitId::parse(id).expect("id");
        self.decide(DocumentPublish { kind, id, version, hash }.into()).await;
    }

    /// Proposes and approves an action.
    pub async fn decide(&self, action: Action) {
        let proposal = ProposalOpened { action, effective: None }.data();
        let opened = self.open_event(&self.roots["mosd"], "ledger", "proposal.opened", proposal).await;
        let proposal = self.hash(opened.index).await;
        for agency in ["mosd", "rop"] {
            let approved = ProposalApproved { proposal }.data();
            self.open_event(&self.roots[agency], "ledger", "proposal.approved", approved).await;
        }
    }

    /// Appends an event that hides nothing.
    pub async fn open_event(&self, actor: &Actor, stream: &str, event_type: &str, data: Json) -> Receipt {
        let mut draft = Draft::new(event_type, 1);
        for (member, value) in data.as_object().expect("an object") {
            draft = draft.open(member, value.clone());
        }
        self.send(actor, stream, draft).await.expect("appended")
    }

    /// Signs and appends an event of the catalogue; `codes` are filled in. `who` is `agency/officer`.
    pub async fn act(
        &self,
        who: &str,
        stream: &str,
        event_type: &str,
        values: Json,
    ) -> Result<Receipt, Refused> {
        let draft = self.draft(event_type, values);
        self.send(&self.officers[who], stream, draft).await
    }

    /// An event of the catalogue before it has author, place and time.
    pub fn draft(&self, event_type: &str, values: Json) -> Draft {
        let spec = catalogue::latest(event_type).expect("a type");
        let Json::Object(mut members) = values else { panic!("an object") };
        if let Some(codes) = self.world().codes(spec.lists()) {
            members.push(("codes".to_owned(), codes));
        }
        spec.draft(&Json::Object(members)).expect("values that fit")
    }

    /// Completes, signs and appends a draft.
    pub async fn send(&self, actor: &Actor, stream: &str, draft: Draft) -> Result<Receipt, Refused> {
        let text = self.sign(actor, stream, draft).await;
        self.ledger.append(vec![text], Wait::Published).await.expect("room").remove(0)
    }

    /// Completes and signs a draft.
    pub async fn sign(&self, actor: &Actor, stream: &str, draft: Draft) -> String {
        let stream = Stream::parse(stream).expect("a stream");
        let next = self.ledger.next(&stream).await.expect("readable");
        let mut draft = draft
            .author(&actor.iss, &actor.sub)
            .aud(ORIGIN)
            .jti(Uuid::now_v7())
            .iat(self.ledger.now_ms() / 1_000)
            .at(&stream, next.seq, next.prev);
        if let Some(seen) = next.seen {
            draft = draft.seen(seen);
        }
        draft.sign(&actor.key).expect("signable").to_string()
    }

    /// The hash of an entry's JWT.
    pub async fn hash(&self, index: u64) -> Digest {
        self.entry(index).await.event.hash()
    }

    /// An entry.
    pub async fn entry(&self, index: u64) -> Entry {
        let page = self.ledger.entries(index, 1).await.expect("readable");
        Entry::parse(page[0].1.as_bytes()).expect("an entry")
    }

    /// The types of the entries from `from` on, with their streams.
    pub async fn story(&self, from: u64) -> Vec<(String, String)> {
        let page = self.ledger.entries(from, 1_000).await.expect("readable");
        let entries = page.iter().map(|(_, text)| Entry::parse(text.as_bytes()).expect("an entry").event);
        entries.map(|event| (event.stream.to_string(), event.event_type)).collect()
    }

    /// What cases are judged by.
    pub fn world(&self) -> Arc<World> {
        self.ledger.world()
    }

    /// A case.
    pub async fn case(&self, id: &str) -> Arc<CaseFile> {
        self.ledger.case(id).await.expect("readable").expect("a case")
    }

    /// Moves the clock on by so many minutes.
    pub fn later(&self, minutes: u64) {
        self.ground.clock.set(self.ledger.now_ms() + minutes * 60_000);
    }

    /// Opens a case at risk `high` in Muscat, by the helpline's desk.
    pub async fn open_case(&self, id: &str, risk: &str) -> Receipt {
        let draft = self.opening(risk, None);
        self.send(&self.officers[HELPLINE], &format!("case/{id}"), draft).await.expect("opened")
    }

    /// What opens such a case; `reported`, in Unix milliseconds, is when the report came in.
    pub fn opening(&self, risk: &str, reported: Option<u64>) -> Draft {
        let set = |codes: &[&str]| Json::Array(codes.iter().map(|code| Json::from(*code)).collect());
        let mut values = vec![
            ("contacts", set(&[])),
            ("unit", "line".into()),
            ("concerns", set(&["physical_abuse"])),
            ("risk", risk.into()),
            ("situations", set(&[])),
            ("governorate", "OM-MA".into()),
            ("age_band", "5-11".into()),
            ("sex", "female".into()),
            ("channel", "1100".into()),
        ];
        let time = reported.and_then(|ms| chrono::DateTime::from_timestamp_millis(ms.cast_signed()));
        values.extend(time.map(|time| ("reported", time.to_rfc3339().into())));
        self.draft("case.opened", Json::object(values))
    }
}
