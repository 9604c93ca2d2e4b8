//! Heads over HTTP: proofs that are checked offline, for whom, and what is refused.

use std::time::Duration;

use serde_json::Value;
use sijill_domain::event::HeadsCommitted;
use sijill_domain::heads::HeadsProof;
use sijill_event::{Entry, SigningKey};
use sijill_ledger::record_heads;
use sijill_log::{TlogProof, leaf_hash};

use crate::house::json_of;
use crate::shape::conforms;
use crate::walk::{AUDITOR, OWNER, STRANGER, Served};

/// What somebody does with it who trusts the log key: reads it strictly, and follows it from the entry to the roots.
fn checked(served: &Served, answer: &Value) -> HeadsProof {
    conforms("HeadsProof", answer);
    let proof = HeadsProof::read(&json_of(answer.clone())).expect("a heads proof");
    assert_eq!(serde_json::to_value(proof.to_json()).expect("JSON"), *answer);
    let leaf = leaf_hash(proof.record.entry.as_bytes());
    let inclusion = TlogProof::parse(proof.record.proof.as_bytes()).expect("a proof");
    inclusion.verify(&leaf, served.country.ground.log_key().verifier()).expect("it is in the log");
    let entry = Entry::parse(proof.record.entry.as_bytes()).expect("an entry");
    let said = HeadsCommitted::parse(&entry.event.data).expect("heads");
    assert!(proof.streams.iter().all(|stream| stream.verify(&said.streams).is_ok()));
    assert!(proof.keys.iter().all(|key| key.verify(&said.keys).is_ok()));
    proof
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_stream_and_the_status_of_a_key_are_proved() {
    let served = Served::open_with(false).await;
    let country = &served.country;
    let (owner, auditor) = (served.token(OWNER).await, served.token(AUDITOR).await);
    let opened = country.open_case("c1", "low").await;
    let kid = country.officers[OWNER].key.public().kid();
    let key = format!("/v1/keys/{kid}/status");
    for path in ["/v1/streams/case%2Fc1/head", key.as_str()] {
        assert_eq!(served.get(path, &owner).await.problem(), (404, "nothing-committed".to_owned()));
    }
    let recorded = record_heads(&country.ledger, &country.ground.attestor, Duration::ZERO).await;
    let recorded = recorded.expect("taken").expect("recorded");

    let there = checked(&served, &served.get("/v1/streams/case%2Fc1/head", &owner).await.json());
    assert_eq!(there.record.index, recorded.index);
    let head = there.streams[0].head.expect("it has an event");
    assert_eq!((head.seq, head.last), (0, country.hash(opened.index).await));
    let none = checked(&served, &served.get("/v1/streams/case%2Fnone/head", &auditor).await.json());
    assert_eq!(none.streams[0].head, None);

    let known = checked(&served, &served.get(&key, &owner).await.json());
    let status = known.keys[0].status.as_ref().expect("known");
    assert_eq!(format!("{}/{}", status.iss, status.sub), OWNER);
    let stranger = SigningKey::generate().expect("randomness").public().kid();
    let unknown = served.get(&format!("/v1/keys/{stranger}/status"), &owner).await.json();
    assert_eq!(checked(&served, &unknown).keys[0].status, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_of_a_stream_by_asking_for_its_end() {
    let served = Served::open_with(false).await;
    let country = &served.country;
    country.open_case("c1", "low").await;
    let recorded = record_heads(&country.ledger, &country.ground.attestor, Duration::ZERO).await;
    recorded.expect("taken").expect("recorded");
    let stranger = served.token(STRANGER).await;
    for stream in ["case%2Fc1", "auto%2Fc1", "case%2Fnone", "log"] {
        let refused = served.get(&format!("/v1/streams/{stream}/head"), &stranger).await;
        assert_eq!(refused.problem(), (403, "not-a-party".to_owned()), "{stream}");
    }
    // Governance is no secret among the agencies.
    checked(&served, &served.get("/v1/streams/agency%2Fmoh/head", &stranger).await.json());
    for path in ["/v1/streams/case%2F/head", "/v1/keys/x/status"] {
        assert_eq!(served.get(path, &stranger).await.problem().1, "path", "{path}");
    }
    let open = served.ask(reqwest::Method::GET, "/v1/streams/ledger/head", None, None).await;
    assert_eq!(open.problem(), (401, "token-missing".to_owned()));
}
