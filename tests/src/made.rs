//! A ledger of some thousand events in a data directory: three founders and an agency they admit, officers who come
//! and go, proposals that pass, wait and fail, cases with disclosures and files. The same seed gives the same ledger,
//! except for the ciphertexts' nonces.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use sijill_audit::Trust;
use sijill_domain::event::prove;
use sijill_domain::{AgencyId, OfficerId, Signer};
use sijill_event::{
    Class, Digest, Draft, Entry, Json, SdJwt, Seen, SigningKey, Stream, Uuid, b64, parse_json,
};
use sijill_ledger::{Ledger, Limits, MasterKey, Opening, Seal, SimulatedClock, Wait};
use sijill_log::{KeyKind, KeyName, NoteSigner, NoteVerifier, leaf_hash};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};

use crate::chance::Chance;

/// The made ledger's origin.
pub const ORIGIN: &str = "ledger.test/made";
/// 2026-01-04, a Sunday, 08:00 in Muscat.
const START_MS: u64 = 1_767_499_200_000;
/// Events signed on one checkpoint and posted together.
const BATCH: usize = 25;

/// Someone who signs.
#[derive(Debug, Clone)]
pub struct Actor {
    /// `iss`.
    pub iss: String,
    /// `sub`.
    pub sub: String,
    /// The key.
    pub key: SigningKey,
}

impl Actor {
    /// `name` is `iss/sub`; the key follows from seed and name.
    pub fn new(seed: u64, name: &str) -> Self {
        let (iss, sub) = name.split_once('/').expect("iss/sub");
        let digest = Digest::of(format!("{seed} {name}"));
        Self { iss: iss.into(), sub: sub.into(), key: SigningKey::from_seed(&digest.0).expect("a key") }
    }

    /// Members `key` and `proof`: the public key, and that its owner holds it.
    pub fn possession(&self, origin: &str) -> Value {
        let agency = AgencyId::parse(&self.iss);
        let signer = match (self.sub.as_str(), agency) {
            ("root", Some(agency)) => Signer::Root(agency),
            (sub, Some(agency)) => Signer::Officer { agency, officer: OfficerId::parse(sub).expect("an id") },
            (sub, None) => Signer::Service(sijill_domain::event::Service::parse(sub).expect("a service")),
        };
        let (key, proof) = prove(&self.key, origin, &signer);
        json!({"key": value(&key.to_jwk()), "proof": proof.to_string()})
    }
}

/// Signs events where the last one left off: it knows every stream's head and the newest checkpoint.
#[derive(Debug, Clone)]
pub struct Writer {
    /// The ledger's origin.
    pub origin: String,
    /// Where salts and `jti` come from.
    pub chance: Chance,
    /// Stream → next position, hash of the last event.
    pub heads: HashMap<String, (u64, Digest)>,
    /// The newest checkpoint.
    pub seen: Option<Seen>,
    /// The author's clock.
    pub now_ms: u64,
}

impl Writer {
    /// The draft of the next event of a stream. Members of `data` named like a class are disclosed one by one.
    pub fn draft(&mut self, actor: &Actor, stream: &str, event_type: &str, data: &Value) -> Draft {
        let head = self.heads.get(stream).copied();
        let (seq, prev) = head.map_or((0, None), |(seq, last)| (seq, Some(last)));
        let random = u128::from(self.chance.draw()) << 64 | u128::from(self.chance.draw());
        let mask = (1 << 80) - 1;
        let jti = u128::from(self.now_ms) << 80 | (random & mask & !(0xf << 76)) | 7 << 76;
        let jti = Uuid::from_u128(jti & !(3 << 62) | 2 << 62);
        let mut draft = Draft::new(event_type, 1)
            .author(&actor.iss, &actor.sub)
            .aud(&self.origin)
            .jti(jti)
            .iat(self.now_ms / 1_000)
            .at(&Stream::parse(stream).expect("a stream"), seq, prev);
        if let Some(seen) = self.seen {
            draft = draft.seen(seen);
        }
        for (name, member) in data.as_object().expect("an object") {
            match (Class::parse(name), member.as_object()) {
                (Some(class), Some(values)) => {
                    for (field, hidden) in values {
                        draft = draft.disclose(class, field, json(hidden));
                    }
                }
                _ => draft = draft.open(name, json(member)),
            }
        }
        draft
    }

    /// Signs a draft; the stream goes on from it.
    pub fn sign(&mut self, actor: &Actor, draft: &Draft) -> SdJwt {
        let signed = draft.sign_salted(&actor.key, || Ok(self.chance.bytes())).expect("it can be signed");
        let event = &signed.event;
        self.heads.insert(event.stream.as_str().to_owned(), (event.seq + 1, event.hash()));
        signed
    }

    /// Drafts and signs.
    pub fn write(&mut self, actor: &Actor, stream: &str, event_type: &str, data: &Value) -> SdJwt {
        let draft = self.draft(actor, stream, event_type, data);
        self.sign(actor, &draft)
    }
}

/// The ledger, closed, and what its agencies and auditors hold of it.
pub struct Made {
    /// Its data directory.
    pub dir: PathBuf,
    /// Everybody, by `iss/sub`; keys of an officer's second kind have a `+` behind.
    pub cast: BTreeMap<String, Actor>,
    log_seed: [u8; 32],
    /// What it answered for each entry, as JSON files.
    pub receipts: Vec<String>,
    /// A checkpoint from about half way.
    pub older: String,
    /// The last one.
    pub newest: String,
    /// Its entries.
    pub entries: Vec<Entry>,
    /// Where its authors left off.
    pub writer: Writer,
    /// Hash of the proposal that got one approval of three: to admit `ngo`.
    pub open_proposal: Digest,
}

impl Made {
    /// The key that signs checkpoints.
    pub fn log_key(&self) -> NoteSigner {
        log_signer(&self.log_seed)
    }

    /// Someone of the cast.
    pub fn actor(&self, name: &str) -> &Actor {
        self.cast.get(name).unwrap_or_else(|| panic!("{name} is in the cast"))
    }

    /// Builds it at `dir`, with at least `size` entries. All keys follow from `seed`, the log's from `log_seed`.
    pub async fn build(dir: &Path, seed: u64, log_seed: u64, size: u64) -> Self {
        let mut building = Building::begin(dir, seed, log_seed).await;
        building.found().await;
        let open_proposal = building.govern().await;
        building.work(size * 6 / 10).await;
        let older = building.ledger.published().note.to_string();
        building.change_keys().await;
        building.work(size).await;
        building.finish(dir, older, open_proposal).await
    }
}

struct Building {
    ledger: Ledger,
    clock: Arc<SimulatedClock>,
    log_seed: [u8; 32],
    cast: BTreeMap<String, Actor>,
    writer: Writer,
    waiting: Vec<String>,
    receipts: Vec<String>,
    cases: Vec<Vec<&'static str>>,
    files: usize,
    /// Whose key signs for a worker now.
    changed: bool,
}

const FOUNDERS: [&str; 3] = ["moh", "mosd", "rop"];

impl Building {
    async fn begin(path: &Path, seed: u64, log_seed: u64) -> Self {
        let mut cast = BTreeMap::new();
        let services =
            ["ledger/operator", "ledger/access", "ledger/automation", "ledger/log", "ledger/token"];
        let officers = ["root", "registrar", "worker-1", "worker-2", "worker-2+"];
        let agencies = ["moh", "mosd", "rop", "mol", "ngo"].into_iter();
        let names = agencies.flat_map(|agency| officers.map(|officer| format!("{agency}/{officer}")));
        for name in names.chain(services.map(str::to_owned)).chain(["mosd/auditor".to_owned()]) {
            let mut actor = Actor::new(seed, &name);
            actor.sub.truncate(actor.sub.trim_end_matches('+').len());
            cast.insert(name, actor);
        }
        let log = Actor::new(log_seed, "ledger/checkpoint");
        let master = b64::encode(Digest::of(format!("{seed} master")).0);
        furnish(
            path,
            ORIGIN,
            &[("log", &log), ("operator", &cast["ledger/operator"]), ("token", &cast["ledger/token"])],
            &master,
        );
        let clock = Arc::new(SimulatedClock::standing(START_MS));
        let log_seed = *log.key.seed();
        let opening = Opening {
            store: Arc::new(SqliteStore::open(&path.join("ledger.sqlite")).await.expect("a store")),
            keys: Arc::new(
                SqliteKeyStore::open(&path.join("keystore/keys.sqlite")).await.expect("a key store"),
            ),
            seal: Seal::at(path.join("seal")),
            log_key: log_signer(&log_seed),
            master: MasterKey::parse(&master).expect("a key"),
            clock: Arc::clone(&clock) as _,
            limits: Limits::default(),
            origin: ORIGIN.into(),
            services: sijill_ledger::ServiceKeys::default(),
            witnessing: None,
        };
        let ledger = Ledger::open(opening).await.expect("an empty ledger opens");
        let chance = Chance::new(seed);
        let writer =
            Writer { origin: ORIGIN.into(), chance, heads: HashMap::new(), seen: None, now_ms: START_MS };
        Self {
            ledger,
            clock,
            log_seed,
            cast,
            writer,
            waiting: Vec::new(),
            receipts: Vec::new(),
            cases: Vec::new(),
            files: 0,
            changed: false,
        }
    }

    fn write(&mut self, who: &str, stream: &str, event_type: &str, data: &Value) -> Digest {
        let signed = self.writer.write(&self.cast[who], stream, event_type, data);
        self.waiting.push(signed.to_string());
        signed.event.hash()
    }

    /// Posts what was written, as one batch; time goes on.
    async fn post(&mut self) {
        let texts = std::mem::take(&mut self.waiting);
        for outcome in self.ledger.append(texts, Wait::Published).await.expect("there is room") {
            let receipt = outcome.expect("a right event is taken");
            assert_eq!(receipt.index, self.receipts.len() as u64);
            let json = json!({"index": receipt.index, "received": receipt.received, "proof": receipt.proof});
            self.receipts.push(json.to_string());
        }
        let checkpoint = self.ledger.published().checkpoint.clone();
        self.writer.seen = Some(Seen { size: checkpoint.size, root: checkpoint.root.0 });
        self.writer.now_ms += 7_000 + self.writer.chance.draw() % 60_000;
        self.clock.set(self.writer.now_ms);
    }

    async fn found(&mut self) {
        let log_key = log_signer(&self.log_seed);
        let log_key = sijill_event::PublicKey::from_bytes(log_key.verifier().public_key()).expect("a key");
        let service = |service: &str| {
            let mut named = self.cast[&format!("ledger/{service}")].possession(ORIGIN);
            named["service"] = service.into();
            named
        };
        let founder = |agency: &&str| {
            let root_key = value(&self.cast[&format!("{agency}/root")].key.public().to_jwk());
            json!({"agency": agency, "name": name(agency), "root_key": root_key, "grants": ["audit", "casework"]})
        };
        let created = json!({
            "origin": ORIGIN, "log_key": value(&log_key.to_jwk()), "quorum": 2, "rules": 1, "clock": "simulated",
            "operator_key": value(&self.cast["ledger/operator"].key.public().to_jwk()),
            "services": [service("access"), service("automation"), service("log")],
            "founders": FOUNDERS.iter().map(founder).collect::<Vec<_>>(), "witnesses": "quorum none",
        });
        let created = self.write("ledger/operator", "ledger", "ledger.created", &created);
        self.post().await;
        for agency in FOUNDERS {
            let data = json!({"created": created.to_string()});
            self.write(&format!("{agency}/root"), "ledger", "ledger.ratified", &data);
        }
        for agency in FOUNDERS {
            self.settle_in(agency);
        }
        self.enrol("mosd/registrar", "mosd/auditor", &["auditor"]);
        self.post().await;
    }

    /// Opens the agency's unit and enrols its officers.
    fn settle_in(&mut self, agency: &str) {
        let unit = json!({"unit": "desk", "name": name("desk")});
        let root = format!("{agency}/root");
        self.write(&root, &format!("agency/{agency}"), "unit.opened", &unit);
        self.enrol(&root, &format!("{agency}/registrar"), &["registrar"]);
        for worker in ["worker-1", "worker-2"] {
            self.enrol(&format!("{agency}/registrar"), &format!("{agency}/{worker}"), &["casework"]);
        }
    }

    fn enrol(&mut self, registrar: &str, officer: &str, roles: &[&str]) {
        let data = enrolment(&self.cast[officer], ORIGIN, roles);
        let stream = format!("agency/{}", self.cast[officer].iss);
        self.write(registrar, &stream, "officer.enrolled", &data);
    }

    fn propose(&mut self, by: &str, data: &Value, approved_by: &[&str]) -> Digest {
        let proposal = self.write(by, "ledger", "proposal.opened", data);
        for root in approved_by {
            let data = json!({"proposal": proposal.to_string()});
            self.write(root, "ledger", "proposal.approved", &data);
        }
        proposal
    }

    /// Proposals that pass at once, that wait for their day, that wait for a second approval.
    async fn govern(&mut self) -> Digest {
        let mut admit = self.admission("mol", true);
        admit["action"]["quorum"] = 3.into();
        self.propose("moh/root", &admit, &["moh/root", "rop/root"]);
        self.post().await;
        self.settle_in("mol");
        let hash = Digest::of("the first policy").to_string();
        let publish = json!({"action": {"do": "document.publish", "kind": "policy", "id": "pathways", "version": 1,
            "hash": hash}, "effective": "2026-01-04T12:00:00+04:00"});
        self.propose("mosd/root", &publish, &["mosd/root", "mol/root", "moh/root"]);
        let ngo = self.admission("ngo", false);
        let open = self.propose("mosd/root", &ngo, &["mosd/root"]);
        self.post().await;
        open
    }

    fn admission(&self, agency: &str, member: bool) -> Value {
        let root = self.cast[&format!("{agency}/root")].possession(ORIGIN);
        json!({"action": {"do": "agency.admit", "agency": agency, "name": name(agency), "member": member,
            "root_key": root["key"], "proof": root["proof"], "grants": ["casework"]}})
    }

    /// Second keys, one key lost, one in wrong hands.
    async fn change_keys(&mut self) {
        for agency in ["moh", "rop"] {
            let mut data = self.cast[&format!("{agency}/worker-2+")].possession(ORIGIN);
            data["officer"] = "worker-2".into();
            let (registrar, stream) = (format!("{agency}/registrar"), format!("agency/{agency}"));
            self.write(&registrar, &stream, "key.added", &data);
            let kid = self.cast[&format!("{agency}/worker-2")].key.public().kid().to_string();
            if agency == "moh" {
                self.write(&registrar, &stream, "key.revoked", &json!({"kid": kid, "reason": "lost"}));
            } else {
                let data = json!({"kid": kid, "since": "2026-01-04T09:00:00+04:00"});
                self.write(&registrar, &stream, "key.compromised", &data);
            }
        }
        self.changed = true;
        self.post().await;
    }

    /// Cases until the ledger has this many entries.
    async fn work(&mut self, size: u64) {
        while (self.receipts.len() as u64) < size {
            let file = if self.writer.chance.below(10) == 0 { Some(self.upload().await) } else { None };
            for place in 0..BATCH {
                self.step(file.as_ref().filter(|_| place == 3));
            }
            self.post().await;
        }
    }

    /// A file, the first of more than one chunk.
    async fn upload(&mut self) -> Value {
        let length = if self.files == 0 { 300_000 } else { *self.writer.chance.pick(&[40, 5_000, 30_000]) };
        self.files += 1;
        let bytes: Vec<u8> = (0..length).map(|_| self.writer.chance.draw().to_le_bytes()[0]).collect();
        let body = futures::stream::iter([Ok::<_, std::io::Error>(bytes)]);
        let file = self.ledger.put_attachment(body).await.expect("it is taken");
        json!({"attachment": file.digest.to_string(), "size": file.size, "media_type": "image/png"})
    }

    /// One event: a case begins or goes on.
    fn step(&mut self, file: Option<&Value>) {
        let all = ["moh", "mosd", "rop", "mol"];
        let chance = &mut self.writer.chance;
        let number = if self.cases.len() < 20 {
            self.cases.len()
        } else {
            chance.below(self.cases.len() * 21 / 20 + 1)
        };
        let number = number.min(self.cases.len());
        let officer = *chance.pick(&["worker-1", "worker-2"]);
        let (agency, mut data) = if number == self.cases.len() {
            let (from, to) = (*chance.pick(&all), *chance.pick(&all));
            self.cases.push(vec![from, to]);
            (from, json!({"to": {"agency": to, "unit": "desk"}, "reference": number}))
        } else {
            (*chance.pick(&self.cases[number]), json!({"step": chance.below(90)}))
        };
        if self.writer.chance.below(3) == 0 || file.is_some() {
            self.hide(&mut data, file);
        }
        let key =
            if self.changed && officer == "worker-2" && matches!(agency, "moh" | "rop") { "+" } else { "" };
        let event_type = if number % 7 == 0 { "referral.noted" } else { "case.noted" };
        self.write(&format!("{agency}/{officer}{key}"), &format!("case/c{number}"), event_type, &data);
    }

    fn hide(&mut self, data: &mut Value, file: Option<&Value>) {
        let chance = &mut self.writer.chance;
        let priority = *chance.pick(&["high", "low", "urgent"]);
        data["casework"] = json!({"priority": priority, "deadline": null, "age": chance.below(18)});
        if chance.below(2) == 0 {
            data["identity"] =
                json!({"name": {"ar": "سالم", "en": "Salim"}, "civil_number": chance.below(90_000_000)});
        }
        if let Some(file) = file {
            data["narrative"] = json!({"photo": file, "note": "«…»\u{2028}\"\\/\n"});
        }
    }

    async fn finish(self, path: &Path, older: String, open_proposal: Digest) -> Made {
        let newest = self.ledger.published().note.to_string();
        let mut entries = Vec::new();
        while entries.len() < self.receipts.len() {
            let page = self.ledger.entries(entries.len() as u64, 500).await.expect("readable");
            entries.extend(page.iter().map(|(_, text)| Entry::parse(text.as_bytes()).expect("an entry")));
        }
        self.ledger.shutdown().await;
        drop(self.ledger);
        let log_seed = self.log_seed;
        let trust = trust(&log_signer(&log_seed), &entries[0]);
        std::fs::write(path.join("trust.json"), trust.to_json()).expect("written");
        let (cast, receipts, writer) = (self.cast, self.receipts, self.writer);
        let dir = path.to_path_buf();
        Made { dir, cast, log_seed, receipts, older, newest, entries, writer, open_proposal }
    }
}

fn log_signer(seed: &[u8; 32]) -> NoteSigner {
    NoteSigner::new(KeyName::new(ORIGIN).expect("a name"), seed)
}

/// What whoever trusts this log key and this first entry holds.
pub(crate) fn trust(log_key: &NoteSigner, first: &Entry) -> Trust {
    let verifier = log_key.verifier();
    let key = NoteVerifier::new(verifier.name().clone(), KeyKind::Log, verifier.public_key());
    Trust {
        origin: verifier.name().to_string(),
        log_key: key.expect("a key"),
        genesis: leaf_hash(first.format().as_bytes()),
        policy: "quorum none\n".parse().expect("a policy"),
    }
}

/// The folders of a data directory, its settings and the ledger's keys.
pub(crate) fn furnish(path: &Path, origin: &str, keys: &[(&str, &Actor)], master: &str) {
    for folder in ["keys", "keystore"] {
        std::fs::create_dir_all(path.join(folder)).expect("a folder");
    }
    private_file(&path.join("sijill.toml"), &format!("origin = \"{origin}\"\n"));
    private_file(&path.join("keys/master.key"), master);
    for (name, actor) in keys {
        private_file(&path.join(format!("keys/{name}.key")), &key_file(actor));
    }
}

/// A private key file (docs: `sijill keys`).
pub fn key_file(actor: &Actor) -> String {
    let mut jwk = value(&actor.key.public().to_jwk());
    jwk["d"] = b64::encode(actor.key.seed().as_slice()).into();
    jwk["agency"] = actor.iss.as_str().into();
    jwk["officer"] = actor.sub.as_str().into();
    jwk.to_string()
}

/// Writes a file that only its owner can read.
pub fn private_file(path: &Path, text: &str) {
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .expect("its permissions");
}

/// `data` of `officer.enrolled`.
pub fn enrolment(officer: &Actor, origin: &str, roles: &[&str]) -> Value {
    let mut data = officer.possession(origin);
    data["officer"] = officer.sub.as_str().into();
    data["kind"] = "officer".into();
    data["unit"] = "desk".into();
    data["roles"] = roles.into();
    data
}

fn name(of: &str) -> Value {
    json!({"ar": "جهة", "en": of})
}

/// As the event crate has it.
pub fn json(value: &Value) -> Json {
    parse_json(value.to_string().as_bytes()).expect("strict JSON")
}

/// As `serde_json` has it.
pub fn value(json: &Json) -> Value {
    serde_json::from_str(&json.to_string()).expect("JSON")
}
