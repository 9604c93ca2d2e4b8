//! `POST /v1/events`.

use serde_json::json;
use sijill_event::Uuid;
use sijill_ledger::testing::ORIGIN;
use sijill_log::{TlogProof, leaf_hash};

use crate::house::{Answer, House, NDJSON, SD_JWT, json_of};
use crate::shape::conforms;

#[tokio::test]
async fn an_event_is_appended_once_and_its_receipt_holds() {
    let house = House::open().await;
    house.case("7Q", Some("moh")).await;
    let event = house.signed(house.moh(), "case/7Q").await;

    let first = house.post(SD_JWT, event.clone()).await;
    insta::assert_snapshot!("appended", first.shown());
    // A line break behind it, as tools like to add, is no part of it.
    let again = house.post(SD_JWT, event.clone() + "\n").await;
    insta::assert_snapshot!("appended_before", again.shown());
    assert_eq!(first.json()["index"], again.json()["index"]);
    assert_eq!(first.header("location"), format!("/v1/events/{}", first.json()["index"]));

    let receipt = first.json();
    conforms("Receipt", &receipt);
    let proof =
        TlogProof::parse(receipt["proof"].as_str().expect("a proof").as_bytes()).expect("a tlog-proof");
    let jwt = event.split('~').next().expect("a JWT");
    let leaf = leaf_hash(format!("{} {jwt}", receipt["received"]).as_bytes());
    let log_key = house.scene.ground.log_key();
    let checkpoint = proof.verify(&leaf, log_key.verifier()).expect("the proof holds");
    assert_eq!(checkpoint.origin.to_string(), ORIGIN);
    assert_eq!(receipt["index"], proof.index);
}

#[tokio::test]
async fn each_line_of_a_batch_is_admitted_or_refused_by_itself() {
    let house = House::open().await;
    house.case("7Q", None).await;
    let good = house.signed(house.mosd(), "case/7Q").await;
    let other_case = house.signed(house.mosd(), "case/8R").await;
    let stale = house.signed(house.mosd(), "case/7Q").await;
    let stranger = house.signed(house.moh(), "case/7Q").await;
    let long = "x".repeat((1 << 20) + 1);
    let mut body =
        [&good, "nonsense", "", &stale, &stranger, &other_case, &good, &long].join("\n").into_bytes();
    body.extend(b"\n\xff\xfe\r\n");

    let answer = house.post(NDJSON, body).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, NDJSON));
    let lines = answer.lines();
    let verdicts: Vec<String> = lines
        .iter()
        .map(|line| format!("{} {}", line["status"], line["problem"]["code"].as_str().unwrap_or("receipt")))
        .collect();
    insta::assert_json_snapshot!(verdicts, @r#"
    [
      "201 receipt",
      "400 sd-jwt-parts",
      "400 body-empty",
      "409 stream-conflict",
      "403 not-a-party",
      "201 receipt",
      "200 receipt",
      "413 body-too-large",
      "400 body-not-utf8"
    ]
    "#);
    assert_eq!(lines[0]["receipt"]["index"], lines[6]["receipt"]["index"]);
    for line in &lines {
        conforms("Line", line);
        assert_ne!(line["receipt"].is_null(), line["problem"].is_null(), "either, not both: {line}");
        if !line["problem"].is_null() {
            assert_eq!(line["problem"]["status"], line["status"]);
        }
    }
}

#[tokio::test]
async fn a_conflict_tells_its_head_to_those_who_may_know_it() {
    let house = House::open().await;
    house.case("7Q", Some("moh")).await;
    let stale = house.signed(house.moh(), "case/7Q").await;
    house.write(house.mosd(), "case/7Q", json!({})).await;
    let answer = house.post(SD_JWT, stale).await;
    assert_eq!(answer.problem(), (409, "stream-conflict".to_owned()));
    assert_eq!(answer.json()["head"]["seq"], 1);
    insta::assert_snapshot!("conflict", answer.shown());

    // A stranger to the case learns no more than that it is none.
    let foreign = house.case("9T", None).await;
    assert!(foreign > 0);
    let answer = house.post(SD_JWT, house.signed(house.moh(), "case/9T").await).await;
    assert_eq!(answer.problem(), (403, "not-a-party".to_owned()));
    assert!(answer.json()["head"].is_null());
}

#[tokio::test]
async fn every_kind_of_refusal_has_its_status() {
    let house = House::open().await;
    house.case("7Q", None).await;
    let draft = async || house.scene.draft(house.mosd(), "case/7Q", "note.added", json_of(json!({}))).await;
    let sign = |draft: sijill_event::Draft| draft.sign(&house.mosd().key).expect("signable").to_string();
    let refused = async |event: String| -> Answer { house.post(SD_JWT, event).await };

    // Malformed.
    assert_eq!(refused("a.b.c~".to_owned()).await.problem(), (400, "base64url".to_owned()));
    assert_eq!(
        refused(sign(draft().await.aud("other.test"))).await.problem(),
        (400, "wrong-audience".to_owned())
    );
    let mut flipped = sign(draft().await);
    let tail = flipped.split_off(flipped.find('~').expect("a tilde") - 5);
    flipped.push_str(if tail.starts_with('A') { "B" } else { "A" });
    flipped.push_str(&tail[1..]);
    assert_eq!(refused(flipped).await.status.as_u16(), 400);
    // Too large for the format, though not for HTTP.
    assert_eq!(refused(format!("{}~", "x".repeat(60_001))).await.problem(), (413, "too-large".to_owned()));
    // Forbidden.
    let auditor = house.signed(&house.scene.auditor, "case/7Q").await;
    assert_eq!(refused(auditor).await.problem(), (403, "role-missing".to_owned()));
    let unknown = sijill_ledger::testing::Actor::new("mosd", "worker");
    let unknown = house.signed(&unknown, "case/7Q").await;
    assert_eq!(refused(unknown).await.problem(), (403, "key-not-valid".to_owned()));
    // Reused.
    let jti = Uuid::now_v7();
    assert_eq!(refused(sign(draft().await.jti(jti))).await.status.as_u16(), 201);
    assert_eq!(refused(sign(draft().await.jti(jti))).await.problem(), (409, "jti-reused".to_owned()));
    // At odds with the log.
    let soon = house.scene.ledger.now_ms() / 1000 + 301;
    assert_eq!(refused(sign(draft().await.iat(soon))).await.problem(), (422, "iat-in-future".to_owned()));
    let seen = sijill_event::Seen { size: 1, root: [7; 32] };
    assert_eq!(refused(sign(draft().await.seen(seen))).await.problem(), (422, "seen-mismatch".to_owned()));
    let cited = json!({"attachment": "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg", "size": 4, "media_type": "text/plain"});
    let citing = draft().await.disclose(sijill_event::Class::Narrative, "report", json_of(cited));
    assert_eq!(refused(sign(citing)).await.problem(), (422, "attachment-unknown".to_owned()));
    // A wish that cannot be granted.
    let witnessed = house
        .request(reqwest::Method::POST, "/v1/events?wait=witnessed")
        .header("content-type", SD_JWT)
        .body(sign(draft().await));
    assert_eq!(Answer::to(witnessed).await.problem(), (422, "no-witnesses".to_owned()));
}
