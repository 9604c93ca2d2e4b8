//! A country under rule-set 2 in a data directory, as the program finds it too. Its clock is moved by hand, and everything
//! that the ledger itself signs with follows from one seed: whoever has the directory opens it.

use std::path::Path;
use std::sync::Arc;

use sijill_casework::catalogue;
use sijill_domain::event::Clock as ClockMode;
use sijill_event::{Digest, Draft, Entry, Json, SdJwt, SigningKey, Stream, Uuid, b64};
use sijill_ledger::testing::{Country, Ground, ORIGIN, START_MS};
use sijill_ledger::{Ledger, Limits, MasterKey, Seal, ServiceKeys, SimulatedClock};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};

use crate::made::{Actor, furnish, trust};

/// Seed of the ledger's own keys.
const SEED: u64 = 17;

fn own(name: &str) -> Actor {
    Actor::new(SEED, &format!("ledger/{name}"))
}

fn master() -> String {
    b64::encode(Digest::of(format!("{SEED} master")).0)
}

/// What the ledger in this directory is opened on.
pub async fn ground(dir: &Path, clock: SimulatedClock) -> Ground {
    let key = |name: &str| -> Option<SigningKey> { Some(own(name).key) };
    Ground {
        store: Arc::new(SqliteStore::open(dir.join("ledger.sqlite")).await.expect("a store")),
        keys: Arc::new(SqliteKeyStore::open(dir.join("keystore/keys.sqlite")).await.expect("a key store")),
        seal: Seal::at(dir.join("seal")),
        clock: Arc::new(clock),
        log_seed: *own("checkpoint").key.seed(),
        master: MasterKey::parse(&master()).expect("a key"),
        limits: Limits::default(),
        services: ServiceKeys { automation: key("automation"), access: key("access"), made_up: None },
        attestor: own("service-log").key,
        witnessing: None,
    }
}

/// Founds the country in a new data directory, with its trust file. It runs; its clock stands at [`START_MS`].
pub async fn found(dir: &Path, clock: ClockMode) -> Country {
    let (log, automation, access) = (own("checkpoint"), own("automation"), own("access"));
    let keys = [("log", &log), ("service-automation", &automation), ("service-access", &access)];
    furnish(dir, ORIGIN, &keys, &master());
    let ground = ground(dir, SimulatedClock::standing(START_MS)).await;
    let country = Country::begin_by(ground, clock).await;
    let trust = trust(&country.ground.log_key(), &country.entry(0).await);
    std::fs::write(dir.join("trust.json"), trust.to_json()).expect("written");
    country
}

/// Stops the country's ledger and opens what is in the directory now, at this time.
pub async fn again(country: &mut Country, dir: &Path, now_ms: u64) {
    country.ledger.shutdown().await;
    country.ground = ground(dir, SimulatedClock::standing(now_ms)).await;
    country.ledger = country.ground.open().await.expect("it opens again");
}

/// All entries.
pub async fn entries(ledger: &Ledger) -> Vec<Entry> {
    let mut entries = Vec::new();
    loop {
        let page = ledger.entries(entries.len() as u64, 1_000).await.expect("readable");
        if page.is_empty() {
            return entries;
        }
        entries.extend(page.iter().map(|(_, text)| Entry::parse(text.as_bytes()).expect("an entry")));
    }
}

/// The values of a case of a beaten child in Muscat, reported to the helpline.
pub fn beaten_child(risk: &str) -> Json {
    let set = |codes: &[&str]| Json::Array(codes.iter().map(|code| Json::from(*code)).collect());
    Json::object([
        ("contacts", set(&[])),
        ("unit", "line".into()),
        ("concerns", set(&["physical_abuse"])),
        ("risk", risk.into()),
        ("situations", set(&[])),
        ("governorate", "OM-MA".into()),
        ("age_band", "5-11".into()),
        ("sex", "female".into()),
        ("channel", "1100".into()),
    ])
}

/// Signs the next event of a stream, of the catalogue's newest version; `codes` are filled in.
pub async fn sign(
    ledger: &Ledger,
    (iss, sub, key): (&str, &str, &SigningKey),
    stream: &str,
    kind: &str,
    values: Json,
) -> SdJwt {
    let spec = catalogue::latest(kind).expect("a type");
    complete(ledger, (iss, sub), stream, spec, values).await.sign(key).expect("signable")
}

async fn complete(
    ledger: &Ledger,
    (iss, sub): (&str, &str),
    stream: &str,
    spec: &catalogue::TypeSpec,
    values: Json,
) -> Draft {
    let Json::Object(mut members) = values else { panic!("an object") };
    members.extend(ledger.world().codes(spec.lists()).map(|codes| ("codes".to_owned(), codes)));
    let stream = Stream::parse(stream).expect("a stream");
    let next = ledger.next(&stream).await.expect("readable");
    let draft = spec.draft(&Json::Object(members)).expect("values that fit");
    let draft = draft.author(iss, sub).aud(ORIGIN).jti(Uuid::now_v7()).iat(ledger.now_ms() / 1_000);
    draft.at(&stream, next.seq, next.prev).seen(next.seen.expect("a ledger that has begun"))
}
