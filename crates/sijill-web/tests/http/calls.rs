//! One whole answer of each call, and what it leaves out for whom.

use reqwest::{Method, header};
use serde_json::{Value, json};
use sijill_domain::event::{KeyCompromised, Role};
use sijill_event::{Digest, Draft, Entry, Timestamp};
use sijill_ledger::testing::START_MS;
use sijill_log::{Hash, TileBuilder, bundle, leaf_hash, tile, tree};

use crate::house::{Answer, House, json_of};
use crate::shape::conforms;

#[tokio::test]
async fn next_prepares_what_a_signer_completes_and_posts() {
    let house = House::open().await;
    house.case("7Q", Some("moh")).await;
    let token = house.token(house.moh()).await;
    let answer = house.get_with(&token, "/v1/streams/case%2F7Q/next").await;
    insta::assert_snapshot!("next", answer.shown());
    conforms("Prepared", &answer.json());
    let empty = house.get_with(&token, "/v1/streams/case%2Fnew/next").await;
    assert_eq!(
        (&empty.json()["payload"]["seq"], &empty.json()["payload"]["prev"]),
        (&json!(0), &Value::Null)
    );

    let mut payload = answer.json()["payload"].clone();
    payload["type"] = json!("note.added");
    payload["data"] = json!({"casework": {"priority": "high"}});
    let draft = Draft::from_payload_json(payload.to_string().as_bytes()).expect("a draft");
    let signed = draft.sign(&house.moh().key).expect("signable").to_string();
    let posted = house.post(super::house::SD_JWT, signed).await;
    assert_eq!(posted.status.as_u16(), 201, "{}", posted.text());
    assert_eq!(posted.json()["jti"], payload["jti"]);

    house.case("9T", None).await;
    let refused = house.get_with(&token, "/v1/streams/case%2F9T/next").await;
    assert_eq!(refused.problem(), (403, "not-a-party".to_owned()));
    // Governance is no secret among the agencies, also to one that has never written there.
    let root = house.token(&house.scene.roots[1]).await;
    assert_eq!(house.get_with(&root, "/v1/streams/agency%2Fmosd/next").await.status.as_u16(), 200);
}

#[tokio::test]
async fn an_entry_is_shown_to_parties_and_auditors_and_its_leaf_to_others() {
    let house = House::open().await;
    let shared = house.case("7Q", Some("moh")).await;
    let own = house.case("9T", None).await;
    let (moh, auditor) = (house.token(house.moh()).await, house.token(&house.scene.auditor).await);

    insta::assert_snapshot!("event", house.get_with(&moh, &format!("/v1/events/{shared}")).await.shown());
    insta::assert_snapshot!("leaf", house.get_with(&moh, &format!("/v1/events/{own}")).await.shown());
    let whole = house.get_with(&auditor, &format!("/v1/events/{own}")).await.json();
    assert!(whole["jwt"].is_string());
    conforms("Event", &whole);
    conforms("Shown", &whole);
    let entry = format!("{} {}", whole["received"], whole["jwt"].as_str().expect("a JWT"));
    assert_eq!(whole["leaf"], Digest(leaf_hash(entry.as_bytes()).0).to_string());

    let lines = house.get_with(&moh, &format!("/v1/events?from={shared}&limit=2")).await.lines();
    let seen: Vec<bool> = lines.iter().map(|line| line["jwt"].is_string()).collect();
    assert_eq!(seen, [true, false]);
    conforms("Leaf", &lines[1]);
    conforms("Shown", &lines[1]);
    // A token that was asked for with less opens less.
    let less =
        house.ask_token(&super::house::assertion(&house.scene.auditor, |_| {}), &[("scope", "read")]).await;
    let less = less.json()["access_token"].as_str().expect("a token").to_owned();
    assert!(
        house.get_with(&less, &format!("/v1/events/{own}")).await.json()["jwt"].is_string(),
        "its agency's own"
    );
    let of_moh = house.write(house.moh(), "case/moh-only", json!({})).await;
    assert!(house.get_with(&auditor, &format!("/v1/events/{of_moh}")).await.json()["jwt"].is_string());
    assert!(house.get_with(&less, &format!("/v1/events/{of_moh}")).await.json()["jwt"].is_null());
}

#[tokio::test]
async fn a_stream_is_read_page_by_page() {
    let house = House::open().await;
    house.case("7Q", Some("moh")).await;
    for _ in 0..4 {
        house.write(house.moh(), "case/7Q", json!({})).await;
    }
    let token = house.token(house.mosd()).await;
    insta::assert_snapshot!(
        "stream",
        house.get_with(&token, "/v1/streams/case%2F7Q/events?limit=1").await.shown()
    );

    let mut from = Some(0);
    let mut indexes = Vec::new();
    while let Some(seq) = from {
        let page =
            house.get_with(&token, &format!("/v1/streams/case%2F7Q/events?from={seq}&limit=2")).await.json();
        indexes.extend(page["events"].as_array().expect("events").iter().map(|event| event["index"].clone()));
        from = page["next"].as_u64();
    }
    assert_eq!(indexes.len(), 5);
    assert!(indexes.is_sorted_by(|a, b| a.as_u64() < b.as_u64()), "{indexes:?}");

    let nothing = house.get_with(&token, "/v1/streams/case%2Fnone/events").await.json();
    assert_eq!(nothing, json!({"events": [], "next": null}));
    let stranger = house.case("9T", None).await;
    let moh = house.token(house.moh()).await;
    let leaves = house.get_with(&moh, "/v1/streams/case%2F9T/events").await.json();
    assert_eq!(leaves["events"][0]["index"], stranger);
    conforms("Page", &leaves);
    assert!(leaves["events"][0]["jwt"].is_null());
}

#[tokio::test]
async fn what_a_compromised_key_signed_since_is_marked_disputed() {
    let house = House::open().await;
    let before = house.case("7Q", Some("moh")).await;
    house.clock.set(START_MS);
    house.scene.ground.clock.set(START_MS + 60_000);
    let after = house.write(house.mosd(), "case/7Q", json!({})).await;
    let since = Timestamp::parse("2026-01-04T04:00:30Z").expect("a time");
    let data = KeyCompromised { kid: house.mosd().key.public().kid(), since }.data();
    let root = &house.scene.roots[0];
    house.scene.post(root, "agency/mosd", "key.compromised", data, &[]).await.expect("revoked");

    let token = house.token(house.moh()).await;
    let disputed = async |index: u64| {
        house.get_with(&token, &format!("/v1/events/{index}")).await.json()["disputed"].clone()
    };
    assert_eq!((disputed(before).await, disputed(after).await), (json!(false), json!(true)));
}

#[tokio::test]
async fn the_range_is_ndjson_and_ends_at_its_limit() {
    let house = House::open().await;
    house.case("7Q", None).await;
    let token = house.token(&house.scene.auditor).await;
    insta::assert_snapshot!("range", house.get_with(&token, "/v1/events?from=2&limit=2").await.shown());
    let size = house.scene.ledger.published().checkpoint.size;
    let all = house.get_with(&token, "/v1/events").await.lines();
    let indexes: Vec<u64> = all.iter().map(|line| line["index"].as_u64().expect("an index")).collect();
    assert_eq!(indexes, (0..size).collect::<Vec<_>>());
    assert_eq!(house.get_with(&token, &format!("/v1/events?from={size}")).await.text(), "");

    let sse = house
        .request(Method::GET, "/v1/events?from=2&limit=1")
        .bearer_auth(&token)
        .header(header::ACCEPT, "text/event-stream");
    insta::assert_snapshot!("range_sse", Answer::to(sse).await.shown());
}

#[tokio::test]
async fn proofs_verify() {
    let house = House::open().await;
    let index = house.case("7Q", None).await;
    insta::assert_snapshot!(
        "inclusion",
        house.get(&format!("/v1/proofs/inclusion?index={index}")).await.shown()
    );
    let sized = house.get(&format!("/v1/proofs/inclusion?index=1&size={index}")).await;
    insta::assert_snapshot!("inclusion_sized", sized.shown());
    conforms("InclusionProof", &sized.json());
    let grown = house.get("/v1/proofs/consistency?from=3").await;
    insta::assert_snapshot!("consistency", grown.shown());
    conforms("ConsistencyProof", &grown.json());

    let published = house.scene.ledger.published();
    let roots = roots(&house).await;
    let proof = sized.json();
    let path = hashes(&proof["proof"]);
    tree::verify_inclusion(
        &hash(&proof["leaf"]),
        1,
        index,
        &path,
        &roots[usize::try_from(index).expect("small")],
    )
    .expect("the leaf is in the tree");
    let proof = grown.json();
    assert_eq!(proof["to"], published.checkpoint.size);
    tree::verify_consistency(
        3,
        &roots[3],
        published.checkpoint.size,
        &published.checkpoint.root,
        &hashes(&proof["proof"]),
    )
    .expect("the log only grew");
}

/// The root at each size.
async fn roots(house: &House) -> Vec<Hash> {
    let entries = house.scene.ledger.entries(0, 1_000).await.expect("readable");
    let mut edge = TileBuilder::new();
    let mut roots = vec![edge.root()];
    for (_, entry) in entries {
        let _ = edge.push(leaf_hash(entry.as_bytes()));
        roots.push(edge.root());
    }
    roots
}

fn hash(text: &Value) -> Hash {
    Hash(Digest::parse(text.as_str().expect("text")).expect("base64url").0)
}

fn hashes(texts: &Value) -> Vec<Hash> {
    texts.as_array().expect("an array").iter().map(hash).collect()
}

#[tokio::test]
async fn the_log_is_served_as_tlog_tiles() {
    let house = House::open().await;
    house.case("7Q", None).await;
    let size = house.scene.ledger.published().checkpoint.size;
    let checkpoint = house.get("/log/checkpoint").await;
    insta::assert_snapshot!("checkpoint", checkpoint.shown());
    let log_key = house.scene.ground.log_key();
    let (opened, _) = sijill_log::Checkpoint::open(&checkpoint.body, log_key.verifier()).expect("signed");
    assert_eq!(opened.size, size);

    let path = tile::Tile::in_tree(0, 0, size).expect("a tile").path();
    let hashes = house.get(&format!("/log/{path}")).await;
    assert_eq!(hashes.header("content-type"), "application/octet-stream");
    assert_eq!(hashes.header("cache-control"), "public, max-age=31536000, immutable");
    let bundle_path = tile::Tile::in_tree(0, 0, size).expect("a tile").entries_path();
    let token = house.token(&house.scene.auditor).await;
    let entries = house.get_with(&token, &format!("/log/{bundle_path}")).await;
    assert_eq!(entries.header("content-type"), "application/octet-stream");
    assert_eq!(entries.header("cache-control"), "no-store");
    let width = u16::try_from(size).expect("a partial tile");
    let leaves: Vec<u8> = bundle::decode(&entries.body, width)
        .expect("a bundle")
        .iter()
        .flat_map(|entry| leaf_hash(entry).0)
        .collect();
    assert_eq!(hashes.body, leaves);

    // A narrower tile than the one of now is one that was published once.
    assert_eq!(house.get("/log/tile/0/000.p/1").await.body, leaves[..32]);
    for beyond in
        [format!("/log/tile/0/000.p/{}", width + 1), "/log/tile/0/000".into(), "/log/tile/1/000.p/1".into()]
    {
        assert_eq!(house.get(&beyond).await.problem(), (404, "not-published".to_owned()), "{beyond}");
    }
    for misspelt in [
        "/log/tile/0/0.p/1",
        "/log/tile/9/000",
        "/log/tile/0/000.p/257",
        "/log/tile/x/000",
        "/log/tile/0/x000/000",
    ] {
        assert_eq!(house.get(misspelt).await.problem(), (400, "path".to_owned()), "{misspelt}");
    }
    let worker = house.token(house.mosd()).await;
    assert_eq!(house.get_with(&worker, &format!("/log/{bundle_path}")).await.problem().1, "scope-missing");
}

#[tokio::test]
async fn the_registry_is_shown_now_and_then() {
    let house = House::open().await;
    let token = house.token(house.mosd()).await;
    let size = house.scene.ledger.published().checkpoint.size;
    house.hire("new", &[Role::Registrar]).await;
    let mut shown = house.get_with(&token, &format!("/v1/registry?at={size}")).await.json();
    // Keys stand in the order of their names, which differ from run to run.
    let mut keys: Vec<Value> = shown["keys"].as_object().expect("keys").values().cloned().collect();
    for key in &mut keys {
        key["key"]["x"] = json!("[x]");
    }
    keys.sort_by_key(|key| (key["added"].as_u64(), key["owner"].to_string()));
    shown["keys"] = keys.into();
    shown["created"] = json!("[hash]");
    insta::assert_json_snapshot!("registry", shown);
    let now = house.get_with(&token, "/v1/registry").await.json();
    assert_eq!(now["at"], size + 1);
    assert!(now["agencies"]["mosd"]["officers"]["new"].is_object());
    let at_now = house.get_with(&token, &format!("/v1/registry?at={}", size + 1)).await.json();
    assert_eq!(now, at_now);
    let then = house.get_with(&token, &format!("/v1/registry?at={size}")).await.json();
    assert!(then["agencies"]["mosd"]["officers"]["new"].is_null());
    let beyond = house.get_with(&token, &format!("/v1/registry?at={}", size + 2)).await;
    assert_eq!(beyond.problem(), (404, "not-published".to_owned()));
    // Before entry 0 the shape is the same.
    let unfounded = house.get_with(&token, "/v1/registry?at=0").await.json();
    conforms("Registry", &unfounded);
    let members = |registry: &Value| -> Vec<String> {
        registry.as_object().expect("an object").keys().cloned().collect()
    };
    assert_eq!(members(&unfounded), members(&now));
    for fixed in ["origin", "created", "clock", "founders", "witnesses"] {
        assert!(unfounded[fixed].is_null() && !now[fixed].is_null(), "{fixed}");
    }
}

#[tokio::test]
async fn the_registry_is_as_documented_in_all_its_states() {
    let house = House::open().await;
    let [mosd, moh] = [&house.scene.roots[0], &house.scene.roots[1]];
    let open = async |action: Value, effective: Value| {
        let mut data = json!({"action": action});
        if effective.is_string() {
            data["effective"] = effective;
        }
        let index = house
            .scene
            .post(mosd, "ledger", "proposal.opened", json_of(data), &[])
            .await
            .expect("opened")
            .index;
        let page = house.scene.ledger.entries(index, 1).await.expect("readable");
        Entry::parse(page[0].1.as_bytes()).expect("an entry").event.hash()
    };
    let approve = async |proposal: Digest| {
        for root in [mosd, moh] {
            let data = json_of(json!({"proposal": proposal.to_string()}));
            house.scene.post(root, "ledger", "proposal.approved", data, &[]).await.expect("approved");
        }
    };
    let document = json!({"do": "document.publish", "kind": "policy", "id": "oman", "version": 1, "hash": Digest([7; 32]).to_string()});
    let enacted = open(document.clone(), Value::Null).await;
    approve(enacted).await;
    open(json!({"do": "quorum.set", "quorum": 2}), Value::Null).await;
    let later =
        open(json!({"do": "agency.remove", "agency": "moh", "quorum": 1}), json!("2030-01-01T00:00:00Z"))
            .await;
    approve(later).await;
    // Version 1 is there when its time comes, so that this one comes to nothing.
    let soon = open(json!({"do": "document.publish", "kind": "policy", "id": "oman", "version": 2, "hash": Digest([8; 32]).to_string()}), json!("2026-01-04T04:01:00Z")).await;
    let sooner = open(json!({"do": "document.publish", "kind": "policy", "id": "oman", "version": 2, "hash": Digest([9; 32]).to_string()}), json!("2026-01-04T04:00:30Z")).await;
    approve(soon).await;
    approve(sooner).await;
    house.scene.ground.clock.set(START_MS + 120_000);
    let since = Timestamp::parse("2026-01-04T04:00:30Z").expect("a time");
    let data = KeyCompromised { kid: house.moh().key.public().kid(), since }.data();
    house.scene.post(moh, "agency/moh", "key.compromised", data, &[]).await.expect("revoked");

    let token = house.token(house.mosd()).await;
    let registry = house.get_with(&token, "/v1/registry").await.json();
    conforms("Registry", &registry);
    let mut states: Vec<String> = registry["proposals"]
        .as_object()
        .expect("proposals")
        .values()
        .map(|proposal| {
            proposal["status"].as_str().map_or_else(|| proposal["status"].to_string(), str::to_owned)
        })
        .collect();
    states.sort();
    insta::assert_json_snapshot!(states);
}

#[tokio::test]
async fn an_attachment_is_uploaded_and_cited() {
    let house = House::open().await;
    house.case("7Q", None).await;
    let token = house.token(house.mosd()).await;
    let put = |body: Vec<u8>| {
        Answer::to(house.request(Method::PUT, "/v1/attachments").bearer_auth(&token).body(body))
    };
    let file = vec![42; 600_000];
    let answer = put(file.clone()).await;
    insta::assert_snapshot!("attachment", answer.shown());
    conforms("Attachment", &answer.json());
    assert_eq!(answer.json(), json!({"digest": Digest::of(&file).to_string(), "size": 600_000}));

    let cited = json!({"attachment": answer.json()["digest"], "size": 600_000, "media_type": "text/plain"});
    let draft = house.scene.draft(house.mosd(), "case/7Q", "note.added", json_of(json!({}))).await;
    let event =
        draft.disclose(sijill_event::Class::Narrative, "report", json_of(cited)).sign(&house.mosd().key);
    let posted = house.post(super::house::SD_JWT, event.expect("signable").to_string()).await;
    assert_eq!(posted.status.as_u16(), 201, "{}", posted.text());
    assert_eq!(put(Vec::new()).await.problem(), (400, "body-empty".to_owned()));
}

#[tokio::test]
async fn health_is_told() {
    let house = House::open().await;
    let live = house.get("/health/live").await;
    insta::assert_snapshot!("live", live.shown());
    conforms("Health", &live.json());
    insta::assert_snapshot!("ready", house.get("/health/ready").await.shown());
}

#[tokio::test]
async fn a_head_request_is_answered_without_body() {
    let house = House::open().await;
    let answer = Answer::to(house.request(Method::HEAD, "/log/checkpoint")).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
}
