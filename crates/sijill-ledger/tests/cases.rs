//! Cases under rule-set 2, on a real store.

use std::path::Path;
use std::sync::Arc;

use sijill_casework::catalogue::ReferralState;
use sijill_event::Json;
use sijill_ledger::Seal;
use sijill_ledger::testing::{Country, Ground};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};

async fn ground(dir: &Path) -> Ground {
    let store = SqliteStore::open(&dir.join("ledger.db")).await.expect("a store");
    let keys = SqliteKeyStore::open(&dir.join("keys.db")).await.expect("a key store");
    Ground::new(Arc::new(store), Arc::new(keys), Seal::at(dir.join("seal")))
}

fn reference(member: &str, hash: &sijill_event::Digest) -> Json {
    Json::object([(member, Json::from(hash.to_string()))])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_case_sends_its_referrals_and_they_escalate() {
    let dir = tempfile::tempdir().expect("a directory");
    let country = Country::begin(ground(dir.path()).await).await;
    let opened = country.open_case("c1", "high").await;
    let story = country.story(opened.index + 1).await;
    let types: Vec<&str> = story.iter().map(|(_, kind)| kind.as_str()).collect();
    assert_eq!(types, ["referral.requested"; 3], "{story:?}");

    let case = country.case("c1").await;
    let to: Vec<String> =
        case.case.iter().flat_map(|c| c.referrals.values()).map(|r| r.to.to_string()).collect();
    for unit in ["cpc/ma", "moh/hospital-ma", "rop/desk"] {
        assert!(to.iter().any(|to| to == unit), "{to:?}");
    }
    // The hospital answers; nobody else does.
    let hospital = case.case.as_ref().and_then(|c| {
        c.referrals.iter().find(|(_, r)| r.to.to_string() == "moh/hospital-ma").map(|(hash, _)| *hash)
    });
    let hospital = hospital.expect("a referral to the hospital");
    let acknowledged = reference("referral", &hospital);
    country
        .act("moh/hospital-ma", "case/c1", "referral.acknowledged", acknowledged)
        .await
        .expect("acknowledged");

    // A day later everything that fell due is there before the next event, and the late answer is taken.
    country.later(24 * 60);
    let police = case.case.as_ref().and_then(|c| {
        c.referrals.iter().find(|(_, r)| r.to.to_string() == "rop/desk").map(|(hash, _)| *hash)
    });
    let accepted = reference("referral", &police.expect("a referral to the police"));
    country.act("rop/desk", "case/c1", "referral.accepted", accepted).await.expect("a late answer is legal");
    let case = country.case("c1").await;
    let referral = &case.case.as_ref().expect("a case").referrals[&police.expect("police")];
    assert!(referral.breached);
    assert_eq!(referral.state, ReferralState::Accepted);
    let story = country.story(opened.index).await;
    let breaches = story.iter().filter(|(_, kind)| kind == "referral.breached").count();
    assert!(breaches >= 2, "{story:?}");
    let times: Vec<u64> = {
        let mut times = Vec::new();
        for index in opened.index..opened.index + story.len() as u64 {
            times.push(country.entry(index).await.received);
        }
        times
    };
    assert!(times.is_sorted());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_nobody_proposes_is_swept_after_a_day() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut country = Country::begin(ground(dir.path()).await).await;
    let idle = country.ledger.put_document(b"Nobody proposes this.").await.expect("held");
    country.later(23 * 60);
    country.again().await;
    country.later(2 * 60);
    let young = country.ledger.put_document(b"Nor this, but today.").await.expect("held");
    // It sweeps when it starts.
    country.again().await;
    let gone = async {
        while country.ledger.document(&idle).await.expect("readable").is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.expect("swept");
    assert!(country.ledger.document(&young).await.expect("readable").is_some());
    for (_, id, bytes) in sijill_casework::shipped::documents() {
        let hash = sijill_event::Digest::of(bytes);
        assert!(country.ledger.document(&hash).await.expect("readable").is_some(), "{id} is published");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_falls_due_can_be_asked_for_at_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let country = Country::begin(ground(dir.path()).await).await;
    let opened = country.open_case("c1", "high").await;
    let before = country.story(opened.index).await;
    country.later(31);
    country.ledger.wake().await.expect("room");
    let since = country.story(opened.index + before.len() as u64).await;
    let types: Vec<&str> = since.iter().map(|(_, kind)| kind.as_str()).collect();
    // A quarter of an hour before the three are due, half an hour before somebody is to be in charge, and at the time.
    let count = |kind| types.iter().filter(|known| **known == kind).count();
    assert_eq!((count("reminder.sent"), count("referral.breached")), (4, 3), "{types:?}");
    country.ledger.wake().await.expect("room");
    assert_eq!(country.story(opened.index + before.len() as u64).await.len(), types.len(), "and each once");
    country.ledger.shutdown().await;
    assert!(country.ledger.wake().await.is_err(), "a ledger that has stopped does nothing more");
}
