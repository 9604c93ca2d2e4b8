//! Invitations: from the registrar's form to a key on the ledger, and what can go wrong between.

use axum::http::StatusCode;
use serde_json::{Value, json};
use sijill_desk::invitation_message;
use sijill_domain::event::prove;
use sijill_domain::{AgencyId, OfficerId, Signer};
use sijill_event::b64;
use sijill_ledger::testing::{Actor, ORIGIN, START_MS};

use crate::house::{Answer, House, SITE, json_of};

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

/// What `sijill registry invite` sends, signed by this actor for this site.
async fn signed(
    house: &House,
    site: &str,
    actor: &Actor,
    officer: &str,
    unit: &str,
    roles: &[&str],
) -> Value {
    let (nonce, kid) = (house.nonce().await, actor.key.public().kid());
    let message = invitation_message(site, &nonce, kid, officer, unit, &roles.join(","));
    json!({
        "nonce": nonce, "kid": kid.to_string(), "signature": b64::encode(actor.key.sign(&message)),
        "officer": officer, "unit": unit, "roles": roles,
    })
}

#[tokio::test]
async fn whoever_keeps_the_registry_invites_by_signature() {
    let house = House::open().await;
    let root = &house.scene.roots[0];
    let asked = signed(&house, SITE, root, "ana", "desk", &["casework"]).await;
    let made = house.post("/desk/invitations", &asked).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.json()["ends"], START_MS + 24 * 3_600_000);
    let link = made.json()["link"].as_str().expect("a link").to_owned();
    let token = link.strip_prefix(&format!("{SITE}/desk/enrol#")).expect("at the desk");
    assert_eq!(house.post("/desk/invitations", &asked).await.code(), "challenge-used");

    let ana = Actor::new("mosd", "ana");
    let shown = proved(&ana, "mosd", "ana");
    assert_eq!(answer(&house, token, &shown).await.status, StatusCode::OK);
    let opened = state(&house, token).await.json();
    assert_eq!((&opened["state"], &opened["proof"]), (&json!("answered"), &shown["proof"]));
    assert_eq!(opened["key"].to_string(), json_of(&shown["key"]).to_string(), "what is to be signed");
    let session = house.sign_in(&house.registrar).await;
    let officers = house.page("/desk/officers", Some(&session)).await;
    assert!(officers.text.contains("/desk/invitations/"), "a registrar at the desk can sign it as well");

    let more = signed(&house, SITE, &house.registrar, "worker", "", &[]).await;
    assert_eq!(house.post("/desk/invitations", &more).await.status, StatusCode::CREATED, "one more device");
}

#[tokio::test]
async fn an_invitation_by_signature_is_refused_to_all_others() {
    let house = House::open().await;
    let (root, worker) = (&house.scene.roots[0], house.worker());
    let refused = async |asked: &Value| house.post("/desk/invitations", asked).await;
    let stranger = Actor::new("mosd", "root");
    for (actor, code) in [(worker, "not-yours"), (&stranger, "sign-in-refused")] {
        let asked = signed(&house, SITE, actor, "ana", "desk", &[]).await;
        assert_eq!(refused(&asked).await.code(), code);
    }
    let elsewhere = signed(&house, "https://other.example", root, "ana", "desk", &[]).await;
    assert_eq!(refused(&elsewhere).await.code(), "sign-in-refused", "signed for another site");
    for (member, other) in [("officer", "badr"), ("unit", "hq"), ("roles", "registrar")] {
        let mut asked = signed(&house, SITE, root, "ana", "desk", &["casework"]).await;
        asked[member] = if member == "roles" { json!([other]) } else { json!(other) };
        assert_eq!(refused(&asked).await.code(), "sign-in-refused", "{member} is not what was signed");
    }
    for (officer, unit, roles) in [
        ("Ana B", "desk", &[][..]),
        ("worker", "desk", &[]),
        ("nobody", "", &[]),
        ("ana", "nowhere", &[]),
        ("ana", "desk", &["mirror"]),
    ] {
        let asked = signed(&house, SITE, root, officer, unit, roles).await;
        let answer = refused(&asked).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, "invitation-wrong"),
            "{officer} {unit} {roles:?}"
        );
    }
    let no_page = axum::http::Request::post("/desk/invitations").body(axum::body::Body::empty());
    assert_eq!(house.ask(no_page.expect("a request")).await.status, StatusCode::FORBIDDEN);
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
