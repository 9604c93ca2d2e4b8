//! A small ledger with agencies and officers, for tests and benchmarks: real keys, real signatures, real stores.

use std::collections::BTreeSet;
use std::sync::Arc;

use sijill_domain::event::{
    Clock as ClockMode, Founder, Grant, LedgerCreated, LedgerRatified, Name, OfficerEnrolled, OfficerKind,
    Role, UnitOpened, WitnessPolicy, prove,
};
use sijill_domain::{AgencyId, OfficerId, Origin, Signer, UnitId};
use sijill_event::{Class, Draft, Json, SigningKey, Stream, Uuid};
use sijill_log::{KeyName, NoteSigner};
use sijill_store::{KeyStore, Store};

mod country;

pub use country::{Country, HELPLINE};

use crate::{
    Clock, Ledger, Limits, MasterKey, OpenError, Opening, Receipt, Refused, Seal, ServiceKeys,
    SimulatedClock, Wait, Witnessing,
};

/// The scene's ledger.
pub const ORIGIN: &str = "ledger.test/scene";
/// When the scene begins: 2026-01-04, a Sunday, 08:00 in Muscat.
pub const START_MS: u64 = 1_767_499_200_000;

/// Someone who signs.
#[derive(Debug)]
pub struct Actor {
    /// Agency id, or `ledger`.
    pub iss: String,
    /// Officer id, `root`, or a service.
    pub sub: String,
    /// The key.
    pub key: SigningKey,
}

impl Actor {
    /// With a fresh key.
    pub fn new(iss: &str, sub: &str) -> Self {
        Self { iss: iss.into(), sub: sub.into(), key: SigningKey::generate().expect("randomness") }
    }
}

/// Everything a scene is opened on again after a restart.
#[derive(Clone)]
pub struct Ground {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The key store.
    pub keys: Arc<dyn KeyStore>,
    /// The seal.
    pub seal: Seal,
    /// The clock.
    pub clock: Arc<SimulatedClock>,
    /// Seed of the log key.
    pub log_seed: [u8; 32],
    /// The vault's master key.
    pub master: MasterKey,
    /// Bounds.
    pub limits: Limits,
    /// What the ledger's services sign with.
    pub services: ServiceKeys,
    /// What its service `log` signs with.
    pub attestor: SigningKey,
    /// Who cosigns its checkpoints.
    pub witnessing: Option<Witnessing>,
}

impl Ground {
    /// On these stores, with fresh keys and a clock that stands at [`START_MS`].
    pub fn new(store: Arc<dyn Store>, keys: Arc<dyn KeyStore>, seal: Seal) -> Self {
        let clock = Arc::new(SimulatedClock::standing(START_MS));
        let master = MasterKey::generate().expect("randomness");
        let key = || Some(SigningKey::generate().expect("randomness"));
        let services = ServiceKeys { automation: key(), access: key(), made_up: None };
        let attestor = SigningKey::generate().expect("randomness");
        let limits = Limits::default();
        Self {
            store,
            keys,
            seal,
            clock,
            log_seed: [7; 32],
            master,
            limits,
            services,
            attestor,
            witnessing: None,
        }
    }

    /// Opens the ledger.
    pub async fn open(&self) -> Result<Ledger, OpenError> {
        Ledger::open(Opening {
            store: Arc::clone(&self.store),
            keys: Arc::clone(&self.keys),
            seal: self.seal.clone(),
            log_key: self.log_key(),
            master: self.master.clone(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            limits: self.limits,
            origin: ORIGIN.into(),
            services: self.services.clone(),
            witnessing: self.witnessing.clone(),
        })
        .await
    }

    /// The log key.
    pub fn log_key(&self) -> NoteSigner {
        NoteSigner::new(KeyName::new(ORIGIN).expect("a key name"), &self.log_seed)
    }
}

/// Two agencies, `mosd` and `moh`, each with a registrar and a case worker in unit `desk`; `mosd` may audit.
pub struct Scene {
    /// Where it runs.
    pub ground: Ground,
    /// The running ledger.
    pub ledger: Ledger,
    /// `ledger/operator`.
    pub operator: Actor,
    /// `mosd/root`, `moh/root`.
    pub roots: Vec<Actor>,
    /// `mosd/worker`, `moh/worker` with role casework.
    pub workers: Vec<Actor>,
    /// `mosd/auditor`.
    pub auditor: Actor,
}

impl Scene {
    /// Sets the scene on an empty store.
    pub async fn set(ground: Ground) -> Self {
        let ledger = ground.open().await.expect("an empty store opens");
        let mut scene = Self {
            ledger,
            operator: Actor::new("ledger", "operator"),
            roots: vec![Actor::new("mosd", "root"), Actor::new("moh", "root")],
            workers: vec![Actor::new("mosd", "worker"), Actor::new("moh", "worker")],
            auditor: Actor::new("mosd", "auditor"),
            ground,
        };
        scene.begin().await;
        scene
    }

    async fn begin(&mut self) {
        let created = self.created();
        let created = self.post(&self.operator, "ledger", "ledger.created", created.data(), &[]).await;
        let created = self.jwt_hash(created.expect("entry 0").index).await;
        for root in &self.roots {
            let ratified = LedgerRatified { created }.data();
            self.post(root, "ledger", "ledger.ratified", ratified, &[]).await.expect("ratified");
        }
        for (root, worker) in self.roots.iter().zip(&self.workers) {
            let unit = UnitOpened { unit: UnitId::parse("desk").expect("id"), name: name() }.data();
            let stream = format!("agency/{}", root.iss);
            self.post(root, &stream, "unit.opened", unit, &[]).await.expect("unit");
            self.enrol(root, worker, &[Role::Casework]).await;
        }
        self.enrol(&self.roots[0], &self.auditor, &[Role::Auditor]).await;
    }

    fn created(&self) -> LedgerCreated {
        let grants = [Grant::Casework, Grant::Audit];
        let log_key = sijill_event::PublicKey::from_bytes(self.ground.log_key().verifier().public_key());
        LedgerCreated {
            origin: Origin::parse(ORIGIN).expect("origin"),
            log_key: log_key.expect("a good key"),
            operator_key: self.operator.key.public().clone(),
            services: Vec::new(),
            clock: ClockMode::Simulated,
            founders: self
                .roots
                .iter()
                .map(|root| Founder {
                    agency: AgencyId::parse(&root.iss).expect("id"),
                    name: name(),
                    root_key: root.key.public().clone(),
                    grants: grants.into_iter().collect(),
                })
                .collect(),
            quorum: 2,
            witnesses: WitnessPolicy::None,
            rules: 1,
        }
    }

    /// Enrols `officer` in unit `desk`, signed by `registrar`.
    pub async fn enrol(&self, registrar: &Actor, officer: &Actor, roles: &[Role]) {
        let signer = Signer::Officer {
            agency: AgencyId::parse(&officer.iss).expect("id"),
            officer: OfficerId::parse(&officer.sub).expect("id"),
        };
        let (key, proof) = prove(&officer.key, ORIGIN, &signer);
        let data = OfficerEnrolled {
            officer: OfficerId::parse(&officer.sub).expect("id"),
            kind: OfficerKind::Officer,
            unit: UnitId::parse("desk").expect("id"),
            roles: roles.iter().copied().collect::<BTreeSet<_>>(),
            key,
            proof,
        };
        let stream = format!("agency/{}", officer.iss);
        self.post(registrar, &stream, "officer.enrolled", data.data(), &[]).await.expect("enrolled");
    }

    /// The draft of `actor`'s next event in `stream`.
    pub async fn draft(&self, actor: &Actor, stream: &str, event_type: &str, data: Json) -> Draft {
        let stream = Stream::parse(stream).expect("a stream");
        let next = self.ledger.next(&stream).await.expect("readable");
        let now = self.ledger.now_ms();
        let mut draft = Draft::new(event_type, 1)
            .author(&actor.iss, &actor.sub)
            .aud(ORIGIN)
            .jti(Uuid::now_v7())
            .iat(now / 1_000)
            .at(&stream, next.seq, next.prev);
        if let Some(seen) = next.seen {
            draft = draft.seen(seen);
        }
        for (member, value) in data.as_object().expect("an object") {
            draft = draft.open(member, value.clone());
        }
        draft
    }

    /// Signs and appends an event with disclosures of class casework.
    pub async fn post(
        &self,
        actor: &Actor,
        stream: &str,
        event_type: &str,
        data: Json,
        hidden: &[(&str, &str)],
    ) -> Result<Receipt, Refused> {
        let mut draft = self.draft(actor, stream, event_type, data).await;
        for (field, value) in hidden {
            draft = draft.disclose(Class::Casework, field, Json::from(*value));
        }
        self.send(draft.sign(&actor.key).expect("signable").to_string()).await
    }

    /// Appends one SD-JWT.
    pub async fn send(&self, text: String) -> Result<Receipt, Refused> {
        self.ledger.append(vec![text], Wait::Published).await.expect("room").remove(0)
    }

    async fn jwt_hash(&self, index: u64) -> sijill_event::Digest {
        let page = self.ledger.entries(index, 1).await.expect("readable");
        sijill_event::Entry::parse(page[0].1.as_bytes()).expect("an entry").event.hash()
    }
}

pub(crate) fn name() -> Name {
    Name::new("جهة", "An agency").expect("a name")
}
