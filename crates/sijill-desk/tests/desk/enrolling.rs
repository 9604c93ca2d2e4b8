//! Invitations: from the registrar's form to a key on the ledger, and what can go wrong between.

use axum::http::StatusCode;
use serde_json::{Value, json};
use sijill_domain::event::prove;
use sijill_domain::{AgencyId, OfficerId, Signer};
use sijill_ledger::testing::{Actor, ORIGIN, START_MS};

use crate::house::{Answer, House, json_of};

/// The token in the link on the page.
fn token(page: &Answer) -> String {
    let link = page.text.split("/desk/enrol#").nth(1).expect("a link");
    link.split('<').next().expect("its end").to_owned()
}

fn proved(actor: &Actor, agency: &str, officer: &str) -> Value {
    let signer = Signer::Officer {
        agency: AgencyId::parse(agency).expect("id"),
        officer: OfficerId::parse(officer).expect("id"),
    };
    let (key, proof) = prove(&actor.key, ORIGIN, &signer);
    json!({"key": key, "proof": proof.to_string()})
}

async fn answer(house: &House, token: &str, proved: &Value) -> Answer {
    let body = json!({"token": token, "key": proved["key"], "proof": proved["proof"]});
    house.post("/desk/enrol/answer", &body).await
}

async fn state(house: &House, token: &str) -> Answer {
    house.post("/desk/enrol/open", &json!({ "token": token })).await
}

#[tokio::test]
async fn an_invited_officer_shows_a_key_and_the_registrar_signs_it() {
    let house = House::open().await;
    let session = house.sign_in(&house.registrar).await;
    let made =
        house.form("/desk/invite", &session, "officer=ana&unit=desk&roles=casework&roles=registrar").await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert!(made.text.contains("<svg class=\"qr\""), "a QR code");
    let token = token(&made);

    let opened = state(&house, &token).await.json();
    assert_eq!(
        (&opened["state"], &opened["officer"], &opened["origin"]),
        (&json!("open"), &json!("ana"), &json!(ORIGIN))
    );
    let ana = Actor::new("mosd", "ana");
    let shown = answer(&house, &token, &proved(&ana, "mosd", "ana")).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    assert_eq!(state(&house, &token).await.json()["state"], "answered");

    let officers = house.page("/desk/officers?lang=en", Some(&session)).await;
    let id = officers
        .text
        .split("href=\"/desk/invitations/")
        .nth(1)
        .expect("it waits")
        .split('"')
        .next()
        .expect("an id");
    let page = house.page(&format!("/desk/invitations/{id}?lang=en"), Some(&session)).await;
    assert!(page.text.contains("<bdi class=\"fingerprint\">"), "what to compare");
    let event = page.text.split("data-event=\"").nth(1).expect("a form").split('"').next().expect("its end");
    let event: Value = serde_json::from_str(&event.replace("&quot;", "\"")).expect("JSON");
    assert_eq!(event["type"], "officer.enrolled");

    // What the page says is exactly what the ledger takes.
    let stream = event["stream"].as_str().expect("a stream");
    house
        .scene
        .post(&house.registrar, stream, "officer.enrolled", json_of(&event["data"]), &[])
        .await
        .expect("enrolled");
    assert_eq!(state(&house, &token).await.json()["state"], "done");
    house.sign_in(&ana).await;
}

#[tokio::test]
async fn one_more_device_adds_a_key() {
    let house = House::open().await;
    let session = house.sign_in(&house.registrar).await;
    let made = house.form("/desk/invite", &session, "officer=worker&device=another").await;
    let token = token(&made);
    let phone = Actor::new("mosd", "worker");
    assert_eq!(answer(&house, &token, &proved(&phone, "mosd", "worker")).await.status, StatusCode::OK);
    let officers = house.page("/desk/officers", Some(&session)).await;
    let id = officers
        .text
        .split("href=\"/desk/invitations/")
        .nth(1)
        .expect("it waits")
        .split('"')
        .next()
        .expect("an id");
    let page = house.page(&format!("/desk/invitations/{id}"), Some(&session)).await;
    assert!(page.text.contains("key.added") && !page.text.contains("officer.enrolled"));
}

#[tokio::test]
async fn only_the_holder_of_a_key_can_show_it_and_only_once() {
    let house = House::open().await;
    let session = house.sign_in(&house.registrar).await;
    let token = token(&house.form("/desk/invite", &session, "officer=ana&unit=desk").await);
    let (ana, other) = (Actor::new("mosd", "ana"), Actor::new("mosd", "ana"));
    for (proof, code) in [
        (proved(&ana, "moh", "ana"), "possession"),
        (proved(&ana, "mosd", "badr"), "possession"),
        (json!({"key": proved(&ana, "mosd", "ana")["key"], "proof": "AA"}), "possession"),
        (json!({"key": {"kty": "OKP"}, "proof": "AA"}), "body"),
    ] {
        assert_eq!(answer(&house, &token, &proof).await.code(), code);
    }
    let known = house.worker();
    assert_eq!(answer(&house, &token, &proved(known, "mosd", "ana")).await.code(), "key-known");
    assert_eq!(answer(&house, &token, &proved(&ana, "mosd", "ana")).await.status, StatusCode::OK);
    assert_eq!(answer(&house, &token, &proved(&other, "mosd", "ana")).await.code(), "invitation-answered");
    assert_eq!(
        answer(&house, &"A".repeat(43), &proved(&other, "mosd", "ana")).await.code(),
        "invitation-unknown"
    );
}

#[tokio::test]
async fn an_invitation_ends_and_can_be_withdrawn() {
    let house = House::open().await;
    let session = house.sign_in(&house.registrar).await;
    let first = token(&house.form("/desk/invite", &session, "officer=ana&unit=desk").await);
    let page = house.page("/desk/officers", Some(&session)).await;
    let action = page
        .text
        .split("action=\"/desk/invitations/")
        .nth(1)
        .expect("a form")
        .split('"')
        .next()
        .expect("an id");
    let gone = house.form(&format!("/desk/invitations/{action}"), &session, "").await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER);
    assert_eq!(state(&house, &first).await.code(), "invitation-unknown");

    let second = token(&house.form("/desk/invite", &session, "officer=ana&unit=desk").await);
    house.clock.set(START_MS + 24 * 3_600_000);
    assert_eq!(state(&house, &second).await.code(), "invitation-unknown");
}

#[tokio::test]
async fn a_wrong_form_comes_back_with_what_was_written() {
    let house = House::open().await;
    let session = house.sign_in(&house.registrar).await;
    for (form, field) in [
        ("officer=Ana+B&unit=desk", "officer"),
        ("officer=root&unit=desk", "officer"),
        ("officer=worker&unit=desk", "officer"),
        ("officer=nobody&device=another", "officer"),
        ("officer=ana&unit=nowhere", "unit"),
        ("officer=ana&unit=desk&roles=mirror", "roles"),
        ("officer=ana&unit=desk&roles=king", "roles"),
    ] {
        let page = house.form("/desk/invite?lang=en", &session, form).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        assert!(page.text.contains("<title>Error: "), "{form}");
        assert!(page.text.contains(&format!("<a href=\"#{field}\">")), "{form} is wrong in {field}");
        assert!(page.text.contains(&format!("id=\"{field}-wrong\"")), "{form}: beside the field");
    }
    assert!(
        house
            .form("/desk/invite", &session, "officer=Ana+B&unit=desk")
            .await
            .text
            .contains("value=\"Ana B\"")
    );
    let session = house.sign_in(house.worker()).await;
    let refused = house.form("/desk/invite", &session, "officer=ana&unit=desk").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "a case worker invites nobody");
}

#[tokio::test]
async fn keys_are_revoked_by_their_officer_or_the_registrar() {
    let house = House::open().await;
    let kid = house.worker().key.public().kid();
    let path = format!("/desk/keys/{kid}/revoke?lang=en");
    let (own, registrar) = (house.sign_in(house.worker()).await, house.sign_in(&house.registrar).await);
    for session in [&own, &registrar] {
        let page = house.page(&path, Some(session)).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains("key.revoked") && page.text.contains(&kid.to_string()));
    }
    let others = house.registrar.key.public().kid();
    let refused = house.page(&format!("/desk/keys/{others}/revoke"), Some(&own)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let elsewhere = house.scene.workers[1].key.public().kid();
    let refused = house.page(&format!("/desk/keys/{elsewhere}/revoke"), Some(&registrar)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(house.page("/desk/keys/nonsense/revoke", Some(&own)).await.status, StatusCode::NOT_FOUND);
}
