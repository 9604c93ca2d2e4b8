//! Asking to see: what is shown, to whom, and that it stands on the ledger.

use axum::http::StatusCode;
use sijill_event::Json;

use crate::house::Answer;
use crate::land::{CANARIES, CASE, Land, is_sealed, object};

/// A signed request for these classes in `access/<id>`.
async fn request(land: &Land, who: &str, id: &str, classes: &[&str]) -> String {
    let classes = Json::Array(classes.iter().map(|class| Json::from(*class)).collect());
    let values = object(&[("purpose", "casework".into()), ("classes", classes)]);
    let draft = land.country.draft("access.requested", values);
    land.country.sign(&land.country.officers[who], &format!("access/{id}"), draft).await
}

async fn post(land: &Land, who: &str, page: &str, text: &str) -> Answer {
    let session = land.sign_in(who).await;
    land.door.form(&format!("{page}/access?lang=en"), &session, &format!("event={text}")).await
}

async fn see(land: &Land, who: &str, classes: &[&str]) -> Answer {
    let text = request(land, who, CASE, classes).await;
    post(land, who, &format!("/desk/cases/{CASE}"), &text).await
}

const PERSONAL: [&str; 3] = ["identity", "narrative", "sensitive"];

#[tokio::test]
async fn what_is_shown_is_what_the_rules_permit_and_is_on_the_ledger() {
    let land = Land::with_case().await;
    let [(_, identity), (_, narrative), (_, sensitive), _] = CANARIES;
    let shown = see(&land, "h1100/line", &PERSONAL).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    assert!(
        shown.text.contains(identity) && shown.text.contains(narrative) && !shown.text.contains(sensitive)
    );
    assert!(shown.text.contains("This was recorded in entry"));
    let shown = see(&land, "h1100/line-3", &["sensitive"]).await;
    assert!(shown.text.contains(sensitive) && !shown.text.contains(identity), "only what was asked for");

    // Of the same agency, and yet in no unit that has to do with it.
    let elsewhere = see(&land, "moh/hospital-zu", &PERSONAL).await;
    assert!(elsewhere.text.contains("Nothing you asked for may be shown to you"), "{}", elsewhere.text);
    is_sealed("the answer to a stranger of the agency", &elsewhere.text);

    let history = land.country.ledger.history(CASE).await.expect("readable");
    let types: Vec<_> = history.iter().map(|line| line.entry.event.event_type.as_str()).collect();
    assert_eq!(types.iter().filter(|kind| **kind == "access.requested").count(), 3);
    assert_eq!(types.iter().filter(|kind| **kind == "access.released").count(), 3);
    let owner = land.sign_in("h1100/line").await;
    let page = land.door.page(&format!("/desk/cases/{CASE}?lang=en"), Some(&owner)).await;
    is_sealed("the case after it was seen", &page.text);
    assert!(page.text.contains("Access released"));
}

#[tokio::test]
async fn a_request_shows_nothing_to_anybody_else_nor_for_ever() {
    let land = Land::with_case().await;
    let page = format!("/desk/cases/{CASE}");
    let text = request(&land, "h1100/line", CASE, &PERSONAL).await;
    for (who, status) in [("h1100/line-2", StatusCode::BAD_REQUEST), ("spf/desk", StatusCode::NOT_FOUND)] {
        let borrowed = post(&land, who, &page, &text).await;
        assert_eq!(borrowed.status, status, "{who}");
        is_sealed(who, &borrowed.text);
    }
    let size = land.country.ledger.published().checkpoint.size;
    let shown = post(&land, "h1100/line", &page, &text).await;
    assert!(shown.text.contains(CANARIES[0].1));
    let again = post(&land, "h1100/line", &page, &text).await;
    assert!(again.text.contains(CANARIES[0].1), "the connection may have broken");
    assert_eq!(land.country.ledger.published().checkpoint.size, size + 2, "it is recorded once");
    land.country.later(6);
    let late = post(&land, "h1100/line", &page, &text).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    is_sealed("an old request", &late.text);

    let first = request(&land, "h1100/line", CASE, &PERSONAL).await;
    see(&land, "h1100/line-2", &["identity"]).await;
    let late = post(&land, "h1100/line", &page, &first).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "another request took its place");
    assert!(late.text.contains("Nothing was shown"));
    is_sealed("a conflict", &late.text);
}

#[tokio::test]
async fn nothing_else_is_taken_for_a_request() {
    let land = Land::with_case().await;
    let draft = land.country.draft("note.added", object(&[("text", "x".into())]));
    let note = land.country.sign(&land.country.officers["h1100/line"], &format!("case/{CASE}"), draft).await;
    land.contact("call-1").await;
    let elsewhere = request(&land, "h1100/line", "call-1", &["identity"]).await;
    for text in ["", "x", &note, &elsewhere] {
        let answer = post(&land, "h1100/line", &format!("/desk/cases/{CASE}"), text).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        is_sealed("a refusal", &answer.text);
    }
    let shown = post(&land, "h1100/line", "/desk/contacts/call-1", &elsewhere).await;
    assert!(shown.text.contains(CANARIES[0].1), "{}", shown.text);
    let reporter = request(&land, "h1100/line", "call-1", &["reporter"]).await;
    let shown = post(&land, "h1100/line", "/desk/contacts/call-1", &reporter).await;
    assert!(shown.text.contains(CANARIES[3].1), "the unit that logged it");
}
