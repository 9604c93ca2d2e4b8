//! How a ledger begins: keys, entry 0, the trust file. `sijill init`, `demo` and `import` all begin here.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use sijill_audit::Trust;
use sijill_domain::event::{
    Clock, Founder, Grant, LedgerCreated, LedgerRatified, Name, Service, ServiceKey, WitnessPolicy, prove,
};
use sijill_domain::{AgencyId, Origin, Parties, Position, Registry, Signer};
use sijill_event::{Digest, Draft, PublicKey, SdJwt, Stream, StreamKind, names};
use sijill_ledger::{Ledger, MasterKey, Wait};
use sijill_log::{Hash, leaf_hash};
use uuid::Uuid;

use crate::config::Config;
use crate::data_dir::{DataDir, LOG_KEY, MASTER_KEY, MASTER_KEY_FILE, OPERATOR_KEY, TOKEN_KEY, service_key};
use crate::error::{Error, Result};
use crate::gate::{Desk, Gate, Told};
use crate::key_file::{Author, KeyFile, LEDGER, write_secret};
use crate::new_event::NewEvent;
use crate::running::{Running, Time};

/// The services whose keys a new ledger names, so that they need no proposal when they begin to sign.
const SERVICES: [Service; 3] = [Service::Access, Service::Automation, Service::Log];

/// What a new ledger is.
#[derive(Debug, Clone)]
pub struct Genesis {
    /// Settings; its origin is the ledger's.
    pub config: Config,
    /// How the ledger's time goes.
    pub clock: Clock,
    /// The first members.
    pub founders: Vec<Founder>,
    /// How many of them decide.
    pub quorum: u64,
    /// The rule-set it begins with: 1 takes any work on a case, 2 is the domain (`docs/casework.md`).
    pub rules: u64,
}

/// A ledger that has just begun: entry 0 is published, nobody has ratified it yet.
pub struct Begun {
    /// Its directory.
    pub dir: DataDir,
    /// The ledger, open.
    pub running: Running,
    /// Leaf hash of entry 0, as the trust file has it.
    pub genesis: Hash,
    /// Hash of entry 0's JWT: what the founders ratify.
    pub created: Digest,
}

impl Genesis {
    /// A founder as entry 0 names it.
    pub fn founder(
        agency: &str,
        ar: &str,
        en: &str,
        root_key: PublicKey,
        grants: &[Grant],
    ) -> Result<Founder> {
        let Some(id) = AgencyId::parse(agency) else {
            return Err(Error::Usage(format!(
                "`{agency}` is no agency id: lower-case letters, digits, hyphens, at most 32"
            )));
        };
        let Some(name) = Name::new(ar, en) else {
            return Err(Error::Usage(format!("the names of {agency} are 1 to 200 characters each")));
        };
        Ok(Founder { agency: id, name, root_key, grants: grants.iter().copied().collect::<BTreeSet<_>>() })
    }

    /// Makes the data directory with fresh keys and publishes entry 0, stamped by `clock`. What the ledger would refuse
    /// is refused before anything is made.
    pub async fn begin(self, path: &Path, clock: Arc<dyn sijill_ledger::Clock>) -> Result<Begun> {
        let fresh = |name: &str| KeyFile::generate(Some(LEDGER), Some(name));
        self.begin_with(path, clock, fresh, Uuid::now_v7(), None).await
    }

    /// As [`begin`](Self::begin), with the keys that `key` makes for `checkpoint`, `token`, `operator` and each service,
    /// this `jti`, and what the services' salts follow from: for demonstrations, which come out the same each time.
    pub async fn begin_with(
        self,
        path: &Path,
        clock: Arc<dyn sijill_ledger::Clock>,
        key: impl Fn(&str) -> Result<KeyFile>,
        jti: Uuid,
        made_up: Option<[u8; 32]>,
    ) -> Result<Begun> {
        let origin = self.config.origin.clone();
        if !names::is_origin(&origin) {
            let why = "an origin is 1 to 255 visible ASCII characters without +, best a URL without scheme"
                .to_string();
            return Err(Error::Usage(why));
        }
        let now = clock.now().map_err(|error| Error::Usage(error.to_string()))?;
        let keys = Keys::make(key)?;
        let entry_0 = self.entry_0(&origin, &keys, jti, now)?;
        let at = Position { index: 0, received: now };
        Registry::new().apply(at, &entry_0.event, &Parties::new()).map_err(|refusal| Error::Refused {
            code: refusal.code().to_string(),
            message: refusal.to_string(),
        })?;

        let mut config = self.config;
        config.master_key_elsewhere = std::env::var_os(MASTER_KEY).is_some();
        let dir = DataDir::create(path, config)?;
        let lock = dir.lock()?;
        keys.write(&dir)?;
        let running = Running::open_locked(&dir, Time::By(clock), lock, made_up).await?;
        let ledger = running.ledger();
        let results = ledger.append(vec![entry_0.to_string()], Wait::Published).await;
        let result =
            results.map_err(|busy| Error::Refused { code: "busy".into(), message: busy.to_string() })?.pop();
        if let Some(Err(refused)) = result {
            return Err(Error::Refused { code: refused.code.to_string(), message: refused.message });
        }
        let genesis = write_trust(&dir, ledger).await?;
        Ok(Begun { dir, running, genesis, created: entry_0.event.hash() })
    }

    fn entry_0(&self, origin: &str, keys: &Keys, jti: Uuid, now: u64) -> Result<SdJwt> {
        let operator =
            keys.operator.signing_key().ok_or_else(|| Error::Usage("no operator key".to_string()))?;
        let mut draft = Draft::new(LedgerCreated::TYPE, 1)
            .author(LEDGER, Service::Operator.as_str())
            .aud(origin)
            .at(&ledger_stream()?, 0, None)
            .jti(jti)
            .iat(now / 1000);
        if let Some(members) = self.created(origin, keys)?.data().as_object() {
            for (name, value) in members {
                draft = draft.open(name, value.clone());
            }
        }
        draft.sign(operator).map_err(Error::event)
    }

    fn created(&self, origin: &str, keys: &Keys) -> Result<LedgerCreated> {
        let no_origin = || Error::Usage(format!("`{origin}` is no origin"));
        Ok(LedgerCreated {
            origin: Origin::parse(origin).ok_or_else(no_origin)?,
            log_key: keys.log.public().clone(),
            operator_key: keys.operator.public().clone(),
            services: keys
                .services
                .iter()
                .filter_map(|(service, file)| file.service_key(*service, origin))
                .collect(),
            clock: self.clock,
            founders: self.founders.clone(),
            quorum: self.quorum,
            witnesses: WitnessPolicy::None,
            rules: self.rules,
        })
    }
}

impl Begun {
    /// Lets a founder ratify, with its root key.
    pub async fn ratify(&self, founder: &Author) -> Result<u64> {
        let gate = Gate::Here(self.running.ledger().clone());
        ratify(&gate, founder, self.created).await
    }
}

/// Appends a founder's `ledger.ratified`; answers the entry's index.
pub async fn ratify(gate: &Gate, founder: &Author, created: Digest) -> Result<u64> {
    let event = ratification(created)?;
    match Desk::new(gate, founder, None).await?.append(&event, false).await? {
        Told::Appended { receipt, .. } => Ok(receipt.index),
        Told::Refused { code, message } => Err(Error::Refused { code, message }),
        Told::Unknown { message } => Err(Error::Unknown(message)),
    }
}

/// A founder's signature under entry 0, of whose JWT `created` is the hash.
pub fn ratification(created: Digest) -> Result<NewEvent> {
    Ok(NewEvent::registry(ledger_stream()?, LedgerRatified::TYPE, LedgerRatified { created }.data()))
}

/// Stream `ledger`.
pub fn ledger_stream() -> Result<Stream> {
    Stream::new(StreamKind::Ledger, "").ok_or_else(|| Error::Usage("no such stream".to_string()))
}

/// The keys of a new ledger.
struct Keys {
    log: KeyFile,
    operator: KeyFile,
    token: KeyFile,
    services: Vec<(Service, KeyFile)>,
}

impl Keys {
    fn make(key: impl Fn(&str) -> Result<KeyFile>) -> Result<Self> {
        let services = SERVICES.into_iter().map(|service| Ok((service, key(service.as_str())?)));
        Ok(Self {
            log: key("checkpoint")?,
            operator: key(Service::Operator.as_str())?,
            token: key("token")?,
            services: services.collect::<Result<_>>()?,
        })
    }

    fn write(&self, dir: &DataDir) -> Result<()> {
        self.log.write(&dir.key_path(LOG_KEY))?;
        self.operator.write(&dir.key_path(OPERATOR_KEY))?;
        self.token.write(&dir.key_path(TOKEN_KEY))?;
        for (service, key) in &self.services {
            key.write(&dir.key_path(&service_key(*service)))?;
        }
        if dir.config.master_key.is_none() && std::env::var_os(MASTER_KEY).is_none() {
            let master = MasterKey::generate().map_err(|error| Error::Usage(error.to_string()))?;
            write_secret(&dir.key_path(MASTER_KEY_FILE), (master.to_text() + "\n").as_bytes())?;
        }
        Ok(())
    }
}

impl KeyFile {
    fn service_key(&self, service: Service, origin: &str) -> Option<ServiceKey> {
        let (key, proof) = prove(self.signing_key()?, origin, &Signer::Service(service));
        Some(ServiceKey { service, key, proof })
    }
}

async fn first_entry(ledger: &Ledger) -> Result<String> {
    let page = ledger.entries(0, 1).await.map_err(|error| Error::ledger(&error))?;
    let entry = page.into_iter().next().map(|(_, entry)| entry);
    entry.ok_or_else(|| Error::Usage("the ledger has no entry 0".to_string()))
}

/// Writes the trust file of a ledger that has begun; answers the leaf hash of its entry 0.
pub async fn write_trust(dir: &DataDir, ledger: &Ledger) -> Result<Hash> {
    let genesis = leaf_hash(first_entry(ledger).await?.as_bytes());
    let log_key = dir.log_key()?.verifier().clone();
    let policy =
        format!("{}\n", WitnessPolicy::None).parse().map_err(|error| Error::Usage(format!("{error}")))?;
    let trust = Trust { origin: dir.config.origin.clone(), log_key, genesis, policy };
    std::fs::write(dir.trust_path(), trust.to_json() + "\n").map_err(Error::unwritable(dir.trust_path()))?;
    Ok(genesis)
}
