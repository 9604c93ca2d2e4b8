//! Heads: committed by a running ledger, found again by any server of it, and proved offline.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sijill_domain::Signer;
use sijill_domain::event::{
    Action, HeadsCommitted, ProposalApproved, ProposalOpened, Service, ServiceKeyReplace, prove,
};
use sijill_domain::heads::{Head, HeadsProof};
use sijill_event::{Entry, Json, Kid, SigningKey, Stream, Timestamp, parse_json};
use sijill_ledger::testing::{Actor, Country, Ground, HELPLINE, ORIGIN};
use sijill_ledger::{Heads, Ledger, Recorded, Seal, record_heads};
use sijill_log::{TlogProof, leaf_hash};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};

async fn ground(dir: &Path) -> Ground {
    let store = SqliteStore::open(dir.join("ledger.sqlite")).await.expect("a store");
    let keys = SqliteKeyStore::open(dir.join("keys.sqlite")).await.expect("a key store");
    Ground::new(Arc::new(store), Arc::new(keys), Seal::at(dir.join("seal")))
}

async fn record(ledger: &Ledger, key: &SigningKey) -> Option<u64> {
    record_heads(ledger, key, Duration::ZERO).await.expect("taken").map(|receipt| receipt.index)
}

fn stream(name: &str) -> Stream {
    Stream::parse(name).expect("a stream")
}

/// What somebody does who is handed the proof and trusts the log key.
fn checked(proof: &HeadsProof, ground: &Ground) -> HeadsCommitted {
    let json = parse_json(proof.to_json().to_string().as_bytes()).expect("JSON");
    let proof = HeadsProof::read(&json).expect("a heads proof");
    let entry = Entry::parse(proof.record.entry.as_bytes()).expect("an entry");
    let inclusion = TlogProof::parse(proof.record.proof.as_bytes()).expect("a proof");
    assert_eq!((inclusion.index, entry.received), (proof.record.index, proof.record.received));
    let leaf = leaf_hash(proof.record.entry.as_bytes());
    inclusion.verify(&leaf, ground.log_key().verifier()).expect("it is in the log");
    entry.event.verify(ground.attestor.public()).expect("the service signed it");
    let said = HeadsCommitted::parse(&entry.event.data).expect("heads");
    assert_eq!(entry.event.seen.expect("a tree").size, said.size);
    for stream in &proof.streams {
        stream.verify(&said.streams).expect("it leads to the root");
    }
    for key in &proof.keys {
        key.verify(&said.keys).expect("it leads to the root");
    }
    said
}

async fn proved(country: &Country, streams: &[&str], keys: &[Kid]) -> HeadsProof {
    let streams: Vec<Stream> = streams.iter().map(|name| stream(name)).collect();
    let proof = country.ledger.heads_proof(&streams, keys).await.expect("proved").expect("recorded");
    checked(&proof, &country.ground);
    proof
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_proved() {
    let folder = tempfile::tempdir().expect("a directory");
    let country = Country::begin(ground(folder.path()).await).await;
    assert!(country.ledger.heads().await.expect("read").is_none());
    assert!(country.ledger.heads_proof(&[], &[]).await.expect("read").is_none());
    let opened = country.open_case("c1", "low").await;
    let index = record(&country.ledger, &country.ground.attestor).await.expect("recorded");
    let kid = country.ground.attestor.public().kid();
    let nobody = SigningKey::generate().expect("randomness").public().kid();
    let proof = proved(&country, &["case/c1", "case/c2"], &[kid, nobody]).await;
    assert_eq!(proof.record.index, index);
    let [there, none] = &proof.streams[..] else { panic!("two") };
    assert_eq!(there.head.expect("it has events").last, country.hash(opened.index).await);
    assert_eq!(none.head, None);
    let [known, unknown] = &proof.keys[..] else { panic!("two") };
    let status = known.status.as_ref().expect("known");
    assert_eq!((status.iss.as_str(), status.sub.as_str(), status.revoked), ("ledger", "log", None));
    assert_eq!(unknown.status, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_no_reason_for_a_record_and_none_comes_early() {
    let folder = tempfile::tempdir().expect("a directory");
    let country = Country::begin(ground(folder.path()).await).await;
    let (ledger, key) = (&country.ledger, &country.ground.attestor);
    let hour = Duration::from_hours(1);
    assert_eq!(record_heads(ledger, key, hour).await.expect("read"), None, "the ledger is younger");
    let first = record(ledger, key).await.expect("recorded");
    assert_eq!(record(ledger, key).await, None, "nothing came since but the record");
    country.open_case("c1", "low").await;
    assert_eq!(record_heads(ledger, key, hour).await.expect("read"), None, "not yet");
    country.later(61);
    let second = record_heads(ledger, key, hour).await.expect("taken").expect("recorded");
    assert!(second.index > first);
}

/// The maps do not depend on the way they came about: step by step, anew, after a restart, or behind a log that has gone on.
#[tokio::test(flavor = "multi_thread")]
async fn the_way_makes_no_difference() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut country = Country::begin(ground(folder.path()).await).await;
    let store = Arc::clone(&country.ground.store);
    let mut said = Vec::new();
    for case in 0..4 {
        country.open_case(&format!("c{case}"), "high").await;
        if case == 2 {
            // Ends a key, some time after it was decided.
            replace_access_key(&country).await;
            country.later(10);
        }
        let index = record(&country.ledger, &country.ground.attestor).await.expect("recorded");
        let entry = country.entry(index).await;
        said.push(HeadsCommitted::parse(&entry.event.data).expect("heads"));
        country.later(1);
    }
    for said in &said {
        let anew = Heads::at(&*store, said.size).await.expect("built");
        assert_eq!(anew.said(), *said);
        let last = country.ledger.published().checkpoint.size.min(said.size + 3);
        let on = anew.forward(&*store, last).await.expect("forward");
        assert_eq!(on.said(), Heads::at(&*store, last).await.expect("built").said());
    }
    let kept = country.ledger.heads().await.expect("read").expect("recorded");
    assert_eq!(Some(&kept.said), said.last());
    country.again().await;
    let size = country.ledger.published().checkpoint.size;
    let found = Recorded::newest(&*store, size).await.expect("read").expect("recorded");
    let after = country.ledger.heads().await.expect("read").expect("recorded");
    assert_eq!((found.index, found.said), (kept.index, kept.said.clone()));
    assert_eq!((after.index, &after.said), (kept.index, &kept.said));
    assert!(Heads::at(&*store, size + 1_000).await.is_err(), "there are not as many entries");
}

/// Decides that the service `access` signs with another key in five minutes.
async fn replace_access_key(country: &Country) {
    let new = SigningKey::generate().expect("randomness");
    let (key, proof) = prove(&new, ORIGIN, &Signer::Service(Service::Access));
    let action = Action::from(ServiceKeyReplace { service: Service::Access, key, proof });
    let due = chrono::DateTime::from_timestamp_millis(country.ledger.now_ms().cast_signed() + 300_000);
    let effective = Timestamp::parse(&due.expect("a time").to_rfc3339());
    let opened = ProposalOpened { action, effective }.data();
    let opened = country.open_event(&country.roots["mosd"], "ledger", "proposal.opened", opened).await;
    let approved = ProposalApproved { proposal: country.hash(opened.index).await }.data();
    for agency in ["mosd", "rop"] {
        let root = &country.roots[agency];
        country.open_event(root, "ledger", "proposal.approved", approved.clone()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withheld_tail_is_convicted_by_a_newer_record() {
    let folder = tempfile::tempdir().expect("a directory");
    let country = Country::begin(ground(folder.path()).await).await;
    let shown = country.open_case("c1", "low").await;
    record(&country.ledger, &country.ground.attestor).await.expect("recorded");
    let older = proved(&country, &["case/c1"], &[]).await;
    // What somebody is shown of the case, and goes on being shown.
    let shown = Some(Head { seq: 0, last: country.hash(shown.index).await });
    assert_eq!(older.streams[0].head, shown);
    let note = Json::object([("text", Json::from("a call"))]);
    country.act(HELPLINE, "case/c1", "note.added", note).await.expect("appended");
    record(&country.ledger, &country.ground.attestor).await.expect("recorded");
    let newer = proved(&country, &["case/c1"], &[]).await;
    assert_eq!(newer.streams[0].head.expect("it has events").seq, 1);
    // It cannot be made to say what the older one does.
    let said = checked(&newer, &country.ground);
    let mut forged = newer.streams[0].clone();
    forged.head = shown;
    assert_eq!(forged.verify(&said.streams).map_err(|error| error.code()), Err("map-root"));
    assert_eq!(older.streams[0].verify(&said.streams).map_err(|error| error.code()), Err("map-root"));
}

/// Two servers on one store: whoever comes first records, the other follows, and no two records are about one tree.
#[tokio::test(flavor = "multi_thread")]
async fn two_servers_interleave() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut ground = ground(folder.path()).await;
    ground.limits.poll = Some(Duration::from_millis(20));
    let country = Country::begin(ground).await;
    let mut beside = country.ground.clone();
    beside.seal = Seal::at(folder.path().join("other-seal"));
    std::fs::copy(folder.path().join("seal"), folder.path().join("other-seal")).expect("a seal");
    let other = beside.open().await.expect("a second server");
    let key = &country.ground.attestor;
    for round in 0..6 {
        country.open_case(&format!("c{round}"), "low").await;
        let _ = tokio::join!(
            record_heads(&country.ledger, key, Duration::ZERO),
            record_heads(&other, key, Duration::ZERO),
        );
        until_alike(&country.ledger, &other).await;
        let (ours, theirs) =
            (country.ledger.heads().await.expect("read"), other.heads().await.expect("read"));
        let (ours, theirs) = (ours.expect("recorded"), theirs.expect("recorded"));
        assert_eq!((ours.index, &ours.said), (theirs.index, &theirs.said));
    }
    let log = country.ledger.stream_entries(&stream("log"), 0, 1_000).await.expect("read");
    let sizes: Vec<u64> = log
        .iter()
        .filter_map(|(_, text)| {
            let event = Entry::parse(text.as_bytes()).expect("an entry").event;
            HeadsCommitted::parse(&event.data).ok().map(|said| said.size)
        })
        .collect();
    assert!(sizes.len() >= 6 && sizes.is_sorted_by(|a, b| a < b), "{sizes:?}");
    other.shutdown().await;
}

async fn until_alike(one: &Ledger, other: &Ledger) {
    loop {
        let sizes = [one, other].map(|ledger| ledger.published().checkpoint.size);
        if sizes[0] == sizes[1] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_service_log_commits() {
    let folder = tempfile::tempdir().expect("a directory");
    let country = Country::begin(ground(folder.path()).await).await;
    let stranger = Actor::new("ledger", "log");
    let refused = record_heads(&country.ledger, &stranger.key, Duration::ZERO).await.expect_err("refused");
    assert_eq!(refused.code(), "key-not-valid");
}
