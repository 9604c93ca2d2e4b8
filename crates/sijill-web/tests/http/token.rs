//! Access tokens: who gets one, and how it dies.

use serde_json::{Value, json};
use sijill_domain::event::{KeyRevoked, Role, RolesSet};
use sijill_domain::{OfficerId, Reason};
use sijill_event::jws;
use sijill_ledger::testing::{Actor, ORIGIN, START_MS};
use tower::ServiceExt;

use crate::house::{House, assertion};
use crate::shape::conforms;

const NOW: u64 = START_MS / 1000;

#[tokio::test]
async fn a_registered_key_gets_a_token_with_its_scopes() {
    let house = House::open().await;
    let answer = house.ask_token(&assertion(house.mosd(), |_| {}), &[]).await;
    insta::assert_snapshot!("token", answer.shown());
    conforms("Token", &answer.json());
    let scopes =
        async |actor: &Actor| house.ask_token(&assertion(actor, |_| {}), &[]).await.json()["scope"].clone();
    assert_eq!(scopes(house.mosd()).await, "append read registry");
    assert_eq!(scopes(&house.scene.auditor).await, "read read:all registry");
    assert_eq!(scopes(&house.scene.roots[0]).await, "append read registry");
    let part = house
        .ask_token(&assertion(house.mosd(), |_| {}), &[("scope", "registry"), ("client_id", "mosd/worker")])
        .await;
    assert_eq!(part.json()["scope"], "registry");
}

#[tokio::test]
async fn every_fault_of_a_request_is_refused_in_oauths_own_words() {
    let house = House::open().await;
    let good = || assertion(house.mosd(), |_| {});
    let with = |name: &str, value: Value| assertion(house.mosd(), |claims| claims[name] = value);
    let stranger = Actor::new("mosd", "worker");
    let impostor = Actor { iss: "moh".into(), sub: "worker".into(), key: house.mosd().key.clone() };
    let event = house.signed(house.mosd(), "case/7Q").await;
    let mut refusals = Vec::new();
    for (why, assertion, more) in [
        ("an unknown key", assertion(&stranger, |_| {}), &[][..]),
        ("a key of another", assertion(&impostor, |_| {}), &[]),
        ("the checkpoint's audience", with("aud", json!("other.test")), &[]),
        ("expired", with("exp", json!(NOW)), &[]),
        ("too long", with("exp", json!(NOW + 301)), &[]),
        ("from the future", with("iat", json!(NOW + 61)), &[]),
        ("another subject", with("sub", json!("mosd/auditor")), &[]),
        ("an event", event.trim_end_matches('~').to_owned(), &[]),
        ("nonsense", "nonsense".to_owned(), &[]),
        ("another grant", good(), &[("grant_type", "password")]),
        ("no grant", good(), &[("grant_type", "")]),
        ("another assertion type", good(), &[("client_assertion_type", "urn:x")]),
        ("no assertion", String::new(), &[("client_assertion", "")]),
        ("a scope one has not", good(), &[("scope", "read read:all")]),
        ("a scope there is not", good(), &[("scope", "write")]),
        ("another client id", good(), &[("client_id", "mosd/auditor")]),
        ("a parameter twice", good(), &[("scope", "read"), ("scope", "read")]),
    ] {
        let answer = house.ask_token(&assertion, more).await;
        assert_eq!(answer.header("content-type"), "application/json", "{why}");
        let refusal = answer.json();
        conforms("TokenRefused", &refusal);
        let text = |name: &str| refusal[name].as_str().expect("text").to_owned();
        refusals.push(format!(
            "{why}: {} {}: {}",
            answer.status.as_u16(),
            text("error"),
            text("error_description")
        ));
    }
    insta::assert_snapshot!("token_refusals", refusals.join("\n"));
    let wrong_key = house.ask_token(&assertion(&stranger, |_| {}), &[]).await;
    insta::assert_snapshot!("invalid_client", wrong_key.shown());
}

#[tokio::test]
async fn an_assertion_is_good_once() {
    let house = House::open().await;
    let once = assertion(house.mosd(), |_| {});
    assert_eq!(house.ask_token(&once, &[]).await.status.as_u16(), 200);
    let replayed = house.ask_token(&once, &[]).await;
    assert_eq!(replayed.status.as_u16(), 401);
    assert_eq!(replayed.json()["error_description"], "the assertion was used before; sign a new one");

    // Of many at once one gets the token.
    let raced = assertion(house.mosd(), |_| {});
    let answers = futures::future::join_all((0..8).map(|_| house.ask_token(&raced, &[]))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status.as_u16() == 200).count(), 1);
}

#[tokio::test]
async fn only_a_token_that_this_ledger_gave_out_is_one() {
    let house = House::open().await;
    let good = house.token(house.mosd()).await;
    let key = Actor::new("server", "tokens").key;
    let claims = json!({
        "iss": ORIGIN, "aud": ORIGIN, "sub": "mosd/worker", "client_id": "mosd/worker", "scope": "read",
        "jti": "01890a5d-ac96-774b-bcce-b302099a8057", "iat": NOW, "exp": NOW + 600, "key": house.mosd().key.public().kid(),
    });
    let forged = jws::sign(claims.to_string().as_bytes(), "at+jwt", &key);
    let mut altered = good.clone();
    altered.truncate(good.len() - 2);
    altered.push_str("AA");
    for (token, code) in [
        (forged.as_str(), "token-invalid"),
        (&altered, "token-invalid"),
        (&assertion(house.mosd(), |_| {}), "token-invalid"),
        ("", "token-invalid"),
        ("nonsense", "token-invalid"),
    ] {
        assert_eq!(house.get_with(token, "/v1/registry").await.problem(), (401, code.to_owned()), "{token}");
    }
    assert_eq!(house.get_with(&good, "/v1/registry").await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_token_expires() {
    let house = House::open().await;
    let token = house.token(house.mosd()).await;
    house.clock.set(START_MS + 599_999);
    assert_eq!(house.get_with(&token, "/v1/registry").await.status.as_u16(), 200);
    house.clock.set(START_MS + 600_000);
    let refused = house.get_with(&token, "/v1/registry").await;
    assert_eq!(refused.problem(), (401, "token-expired".to_owned()));
    insta::assert_snapshot!("token_expired", refused.shown());
}

#[tokio::test]
async fn a_token_dies_with_its_key() {
    let house = House::open().await;
    let token = house.token(house.mosd()).await;
    assert_eq!(house.get_with(&token, "/v1/registry").await.status.as_u16(), 200);
    let data =
        KeyRevoked { kid: house.mosd().key.public().kid(), reason: Reason::parse("lost").expect("a reason") }
            .data();
    house.scene.post(&house.scene.roots[0], "agency/mosd", "key.revoked", data, &[]).await.expect("revoked");
    assert_eq!(house.get_with(&token, "/v1/registry").await.problem(), (401, "token-dead".to_owned()));
    let again = house.ask_token(&assertion(house.mosd(), |_| {}), &[]).await;
    assert_eq!(again.status.as_u16(), 401);
}

#[tokio::test]
async fn a_token_dies_with_the_role_its_scope_rests_on() {
    let house = House::open().await;
    let token = house.token(&house.scene.auditor).await;
    let none =
        RolesSet { officer: OfficerId::parse("auditor").expect("an id"), roles: [Role::Registrar].into() }
            .data();
    house.scene.post(&house.scene.roots[0], "agency/mosd", "roles.set", none, &[]).await.expect("set");
    assert_eq!(house.get_with(&token, "/v1/events/0").await.problem(), (401, "token-dead".to_owned()));
    let newer = house.token(&house.scene.auditor).await;
    assert_eq!(house.get_with(&newer, "/v1/events/0").await.status.as_u16(), 200);
}

#[tokio::test]
async fn servers_that_share_a_token_key_honour_each_others_tokens() {
    let house = House::open().await;
    let shared = Actor::new("server", "tokens").key;
    let (one, two) = {
        let settings = || {
            let mut settings = sijill_web::Settings::new(shared.clone());
            settings.clock = std::sync::Arc::clone(&house.clock) as _;
            settings
        };
        let stop = sijill_web::CancellationToken::new();
        let router = |settings| sijill_web::router(house.scene.ledger.clone(), settings, stop.clone());
        (router(settings()), router(settings()))
    };
    let form = format!(
        "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={}",
        assertion(house.mosd(), |_| {})
    );
    let request = axum::http::Request::post("/oauth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(form))
        .expect("a request");
    let answer = one.oneshot(request).await.expect("an answer");
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
    let token: Value = serde_json::from_slice(&body).expect("JSON");
    let request = axum::http::Request::get("/v1/registry")
        .header("authorization", format!("Bearer {}", token["access_token"].as_str().expect("a token")))
        .body(axum::body::Body::empty())
        .expect("a request");
    assert_eq!(two.oneshot(request).await.expect("an answer").status().as_u16(), 200);
}
