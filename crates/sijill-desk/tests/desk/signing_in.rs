//! Sign-in: who gets a session, and what ends one.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;
use sijill_domain::event::Role;
use sijill_ledger::testing::{Actor, START_MS};

use crate::house::{COOKIE, House, SITE, get, json_of, post};

const MINUTE: u64 = 60_000;

#[tokio::test]
async fn a_registered_key_opens_a_session_and_signing_out_ends_it() {
    let house = House::open().await;
    let nonce = house.nonce().await;
    let answer = house.post("/desk/session", &House::answer_to(&nonce, SITE, house.worker())).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.json(), json!({"agency": "mosd", "home": "/desk", "officer": "worker"}));
    let set = answer.header(header::SET_COOKIE);
    for part in ["__Host-sijill=", "; Path=/", "; HttpOnly", "; SameSite=Strict", "; Secure"] {
        assert!(set.contains(part), "{part} in {set}");
    }
    assert!(!set.contains("Domain") && !set.contains("Max-Age"), "{set}");
    let session = answer.cookie(COOKIE).expect("a session");

    let desk = house.page("/desk", Some(&session)).await;
    assert_eq!(desk.status, StatusCode::OK);
    assert!(desk.text.contains("<bdi>worker</bdi>"), "{}", desk.text);

    let out = house.form("/desk/session/end", &session, "").await;
    assert_eq!((out.status, out.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/desk/sign-in"));
    assert!(out.header(header::SET_COOKIE).contains("Max-Age=0"));
    signed_out(&house, &session).await;
}

async fn signed_out(house: &House, session: &str) {
    let page = house.page("/desk", Some(session)).await;
    assert_eq!((page.status, page.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/desk/sign-in"));
    let script =
        get("/desk/streams/agency%2Fmosd/next", Some(session)).header(header::ACCEPT, "application/json");
    let mut script = script.body(Body::empty()).expect("a request");
    script.headers_mut().insert(header::ACCEPT, "application/json".parse().expect("a value"));
    let answer = house.ask(script).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, "signed-out".into()));
}

#[tokio::test]
async fn who_does_not_hold_a_registered_key_is_refused_and_learns_nothing() {
    let house = House::open().await;
    let (worker, stranger) = (house.worker(), Actor::new("mosd", "worker"));
    let nonce = house.nonce().await;
    let unknown = House::answer_to(&nonce, SITE, &stranger);
    let mut borrowed = unknown.clone();
    borrowed["kid"] = worker.key.public().kid().to_string().into();
    let mut texts = Vec::new();
    for body in [unknown, borrowed] {
        let answer = house.post("/desk/session", &body).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::FORBIDDEN, "sign-in-refused".into()));
        assert!(answer.headers.get(header::SET_COOKIE).is_none());
        texts.push(answer.text);
    }
    assert_eq!(texts[0], texts[1]);
    let mut signed_elsewhere = House::answer_to(&nonce, "https://phish.example", worker);
    signed_elsewhere["nonce"] = nonce.into();
    assert_eq!(house.post("/desk/session", &signed_elsewhere).await.code(), "sign-in-refused");
}

#[tokio::test]
async fn a_challenge_is_good_once_for_two_minutes_and_from_here() {
    let house = House::open().await;
    let nonce = house.nonce().await;
    let body = House::answer_to(&nonce, SITE, house.worker());
    assert_eq!(house.post("/desk/session", &body).await.status, StatusCode::CREATED);
    assert_eq!(house.post("/desk/session", &body).await.code(), "challenge-used");

    let late = House::answer_to(&house.nonce().await, SITE, house.worker());
    house.clock.set(START_MS + 2 * MINUTE);
    assert_eq!(house.post("/desk/session", &late).await.code(), "challenge-expired");

    let invented = House::answer_to(&"A".repeat(75), SITE, house.worker());
    assert_eq!(house.post("/desk/session", &invented).await.code(), "challenge-unknown");
    assert_eq!(house.post("/desk/session", &json!({"nonce": 1})).await.code(), "body");
}

#[tokio::test]
async fn a_revoked_key_signs_nobody_in_and_takes_its_sessions_along() {
    let house = House::open().await;
    let worker = house.worker();
    let session = house.sign_in(worker).await;
    let data = json!({"kid": worker.key.public().kid().to_string(), "reason": "lost"});
    house
        .scene
        .post(&house.registrar, "agency/mosd", "key.revoked", json_of(&data), &[])
        .await
        .expect("revoked");
    signed_out(&house, &session).await;
    let body = House::answer_to(&house.nonce().await, SITE, worker);
    assert_eq!(house.post("/desk/session", &body).await.code(), "key-dead");
}

#[tokio::test]
async fn roles_are_what_the_registry_says_now() {
    let house = House::open().await;
    let session = house.sign_in(&house.registrar).await;
    assert_eq!(house.page("/desk/officers", Some(&session)).await.status, StatusCode::OK);
    let data = json!({"officer": "reg", "roles": ["casework"]});
    let root = &house.scene.roots[0];
    house.scene.post(root, "agency/mosd", "roles.set", json_of(&data), &[]).await.expect("set");
    let refused = house.page("/desk/officers", Some(&session)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text.contains("not-yours"), "{}", refused.text);
}

#[tokio::test]
async fn a_root_key_has_no_desk() {
    let house = House::open().await;
    let body = House::answer_to(&house.nonce().await, SITE, &house.scene.roots[0]);
    assert_eq!(house.post("/desk/session", &body).await.code(), "key-dead");
}

#[tokio::test]
async fn an_idle_session_ends() {
    let house = House::open().await;
    let session = house.sign_in(house.worker()).await;
    house.clock.set(START_MS + 29 * MINUTE);
    assert_eq!(house.page("/desk", Some(&session)).await.status, StatusCode::OK);
    house.clock.set(START_MS + 59 * MINUTE);
    signed_out(&house, &session).await;
}

#[tokio::test]
async fn a_post_from_elsewhere_does_nothing() {
    let house = House::open().await;
    let session = house.sign_in(house.worker()).await;
    let cookie = format!("{COOKIE}={session}");
    for (origin, fetched) in [
        (None, None),
        (Some("null"), None),
        (Some("https://desk.example.evil"), None),
        (Some(SITE), Some("same-site")),
    ] {
        let mut request = Request::post("/desk/session/end").header(header::COOKIE, &cookie);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        if let Some(fetched) = fetched {
            request = request.header("sec-fetch-site", fetched);
        }
        let answer = house.ask(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{origin:?} {fetched:?}");
    }
    assert_eq!(
        house.page("/desk", Some(&session)).await.status,
        StatusCode::OK,
        "the session is still there"
    );
}

#[tokio::test]
async fn over_plain_http_the_cookie_has_a_plain_name() {
    let house = House::at(vec!["http://localhost:8080".into()]).await;
    let from = |path| post(path, "application/json").header(header::ORIGIN, "http://localhost:8080");
    let mut request = from("/desk/session/challenge").body(Body::from("{}")).expect("a request");
    request.headers_mut().insert(header::ORIGIN, "http://localhost:8080".parse().expect("a value"));
    let nonce = house.ask(request).await.json()["nonce"].as_str().expect("a nonce").to_owned();
    let body = House::answer_to(&nonce, "http://localhost:8080", house.worker());
    let mut request = from("/desk/session").body(Body::from(body.to_string())).expect("a request");
    request.headers_mut().insert(header::ORIGIN, "http://localhost:8080".parse().expect("a value"));
    let answer = house.ask(request).await;
    assert!(answer.cookie("sijill").is_some(), "{:?}", answer.headers);
    assert!(!answer.header(header::SET_COOKIE).contains("Secure"));
    assert!(answer.headers.get(header::STRICT_TRANSPORT_SECURITY).is_none());
}

#[tokio::test]
async fn where_an_event_goes_is_told_to_those_who_may_know() {
    let house = House::open().await;
    let session = house.sign_in(house.worker()).await;
    let next = |stream: &'static str| {
        let request = get(stream, Some(&session)).body(Body::empty()).expect("a request");
        house.ask(request)
    };
    let own = next("/desk/streams/agency%2Fmosd/next?from=1").await.json();
    assert_eq!(own["payload"]["iss"], "mosd");
    assert_eq!(own["payload"]["seq"], 4, "a unit, a worker, an auditor, a registrar");
    assert_eq!(own["since"].as_array().map(Vec::len), Some(3));
    assert_eq!(own["since"][2]["type"], "officer.enrolled");

    let case = house
        .scene
        .post(&house.scene.workers[1], "case/theirs", "note.added", json_of(&json!({})), &[])
        .await;
    case.expect("appended");
    assert_eq!(next("/desk/streams/case%2Ftheirs/next").await.status, StatusCode::FORBIDDEN);
    assert_eq!(next("/desk/streams/case%2Ffresh/next").await.json()["payload"]["seq"], 0);
    assert_eq!(next("/desk/streams/nonsense/next").await.status, StatusCode::NOT_FOUND);
    assert_eq!(next("/desk/streams/ledger/next?since=1").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_suspended_or_removed_officer_is_no_longer_there() {
    let house = House::open().await;
    let officer = Actor::new("mosd", "temp");
    house.scene.enrol(&house.scene.roots[0], &officer, &[Role::Casework]).await;
    let session = house.sign_in(&officer).await;
    let data = json!({"officer": "temp", "reason": "left"});
    house
        .scene
        .post(&house.registrar, "agency/mosd", "officer.removed", json_of(&data), &[])
        .await
        .expect("removed");
    signed_out(&house, &session).await;
}
