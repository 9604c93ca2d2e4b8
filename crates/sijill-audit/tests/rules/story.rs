//! Some days in the country: what its ledger wrote, and who could sign what.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use sijill_casework::catalogue;
use sijill_domain::event::Clock;
use sijill_event::{Digest, Draft, Json};
use sijill_ledger::Seal;
use sijill_ledger::testing::{Actor, Country, Ground};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};

use crate::copy::{Copy, values};

pub(crate) const LINE: &str = "h1100/line";
pub(crate) const CHIEF: &str = "h1100/line-2";
pub(crate) const POLICE: &str = "rop/desk";
pub(crate) const HOSPITAL: &str = "moh/hospital-ma";
pub(crate) const OUTSIDER: &str = "moe/school-social-work";

/// What was written, and by whom.
pub(crate) struct Story {
    pub(crate) copy: Copy,
    /// Sizes of checkpoints that were published on the way.
    pub(crate) published: Vec<u64>,
    pub(crate) automation: Actor,
    pub(crate) access: Actor,
    officers: BTreeMap<String, Actor>,
}

impl Story {
    pub(crate) fn officer(&self, who: &str) -> &Actor {
        &self.officers[who]
    }
}

/// The story that all tests read; told once.
pub(crate) fn story() -> &'static Story {
    static STORY: OnceLock<Story> = OnceLock::new();
    // A thread of its own: tests that tell a story themselves are asynchronous already.
    STORY.get_or_init(|| std::thread::spawn(|| run(tell())).join().expect("a story"))
}

/// Runs what is asynchronous.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(work)
}

pub(crate) async fn begin(dir: &Path, clock: Clock) -> Country {
    let store = SqliteStore::open(&dir.join("ledger.db")).await.expect("a store");
    let keys = SqliteKeyStore::open(&dir.join("keys.db")).await.expect("a key store");
    Country::begin_by(Ground::new(Arc::new(store), Arc::new(keys), Seal::at(dir.join("seal"))), clock).await
}

/// An event that draws on no code list.
pub(crate) fn plain(kind: &str, values: &Json) -> Draft {
    catalogue::latest(kind).expect("a type").draft(values).expect("values that fit")
}

pub(crate) fn note() -> Draft {
    plain("note.added", &values([("text", "…".into())]))
}

fn set(texts: &[&str]) -> Json {
    Json::Array(texts.iter().map(|text| Json::from(*text)).collect())
}

/// Telling a story, one accepted event after the other.
struct Telling {
    country: Country,
    published: Vec<u64>,
}

impl Telling {
    async fn does(&mut self, who: &str, stream: &str, kind: &str, values: Json) -> Digest {
        let receipt = self.country.act(who, stream, kind, values).await;
        let receipt = receipt.unwrap_or_else(|refused| panic!("{who} {kind}: {}", refused.message));
        self.published.push(self.country.ledger.published().checkpoint.size);
        self.country.hash(receipt.index).await
    }

    async fn referral(&self, case: &str, to: &str) -> Digest {
        let file = self.country.case(case).await;
        let mut referrals = file.case.iter().flat_map(|case| &case.referrals);
        *referrals.find(|(_, referral)| referral.to.to_string() == to).expect("a referral").0
    }

    /// Somebody writes something in another case.
    async fn elsewhere(&mut self) {
        self.does(LINE, "case/c2", "note.added", values([("text", "…".into())])).await;
    }
}

async fn tell() -> Story {
    let dir = tempfile::tempdir().expect("a directory");
    let country = begin(dir.path(), Clock::Simulated).await;
    country.open_case("c2", "low").await;
    let mut telling = Telling { country, published: Vec::new() };
    // A case that needs nothing is closed.
    telling.country.open_case("c3", "none").await;
    let closure = values([("exceptions", set(&[])), ("reason", "goals_met".into()), ("summary", "…".into())]);
    let request = telling.does(LINE, "case/c3", "case.closure_requested", closure).await;
    let reference = |member: &'static str, hash: Digest| values([(member, hash.to_string().into())]);
    telling.does(CHIEF, "case/c3", "case.closed", reference("request", request)).await;

    telling.country.open_case("c1", "high").await;
    let hospital = telling.referral("c1", HOSPITAL).await;
    telling.elsewhere().await;
    telling.does(HOSPITAL, "case/c1", "referral.acknowledged", reference("referral", hospital)).await;

    // A quarter of an hour reminds the others; half of it more, and they are late.
    telling.country.later(16);
    telling.elsewhere().await;
    telling.country.later(16);
    telling.elsewhere().await;
    let police = telling.referral("c1", POLICE).await;
    telling.does(POLICE, "case/c1", "referral.acknowledged", reference("referral", police)).await;

    consent(&mut telling).await;
    access(&mut telling).await;

    // The cases go on by themselves for days.
    telling.country.later(24 * 60);
    telling.elsewhere().await;
    // A server is stopped hard and comes back three days later.
    telling.country.again().await;
    telling.country.later(3 * 24 * 60);
    telling.elsewhere().await;
    telling.does(POLICE, "case/c1", "referral.accepted", reference("referral", police)).await;

    let Telling { country, published } = telling;
    let service = |name: &str, key: &Option<sijill_event::SigningKey>| Actor {
        iss: "ledger".into(),
        sub: name.into(),
        key: key.clone().expect("a key"),
    };
    Story {
        copy: Copy::of(&country).await,
        published,
        automation: service("automation", &country.ground.services.automation),
        access: service("access", &country.ground.services.access),
        officers: country.officers,
    }
}

async fn consent(telling: &mut Telling) {
    let given = values([("agencies", set(&["moe"])), ("given_by", "mother".into())]);
    let consent = telling.does(LINE, "case/c1", "consent.recorded", given).await;
    let (agency, unit) = OUTSIDER.split_once('/').expect("agency/unit");
    let request = values([
        ("to", values([("agency", agency.into()), ("unit", unit.into())])),
        ("fields", set(&[])),
        ("consent", consent.to_string().into()),
        ("service", "psychosocial".into()),
        ("priority", "routine".into()),
    ]);
    telling.does(LINE, "case/c1", "referral.requested", request).await;
    let consent = values([("consent", consent.to_string().into())]);
    let withdrawal = telling.does(LINE, "case/c1", "consent.withdrawn", consent).await;
    let confirmed = values([("withdrawal", withdrawal.to_string().into())]);
    telling.does(OUTSIDER, "case/c1", "withdrawal.confirmed", confirmed).await;
}

async fn access(telling: &mut Telling) {
    let asked = || values([("purpose", "casework".into()), ("classes", set(&["casework", "narrative"]))]);
    telling.does(LINE, "access/c2", "access.requested", asked()).await;
    telling.does("moh/hospital-zu", "access/c2", "access.requested", asked()).await;
    let broken = values([("reason", "danger_to_life".into()), ("why", "…".into())]);
    let invocation = telling.does("moh/hospital-zu", "access/c2", "break_glass.invoked", broken).await;
    telling.does("moh/hospital-zu", "access/c2", "access.requested", asked()).await;
    let review = values([("invocation", invocation.to_string().into()), ("verdict", "justified".into())]);
    telling.does(CHIEF, "access/c2", "break_glass.reviewed", review).await;
}
