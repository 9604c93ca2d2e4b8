//! Acts: what is offered to whom, and forms whose answers the ledger takes.

use axum::http::StatusCode;
use serde_json::Value;
use sijill_casework::catalogue::{self, FieldClass};

use crate::land::{CASE, Land, is_sealed, object};

/// Whether a page offers an act.
fn offers(page: &str, event_type: &str) -> bool {
    page.contains(&format!("/act/{event_type}\"")) || page.contains(&format!("/act/{event_type}?subject="))
}

#[tokio::test]
async fn each_is_offered_what_the_rules_let_them_do_now() {
    let land = Land::with_case().await;
    let path = format!("/desk/cases/{CASE}");
    let owner = land.sign_in("h1100/line").await;
    let page = land.door.page(&path, Some(&owner)).await.text;
    for act in [
        "risk.assessed",
        "assessment.completed",
        "plan.proposed",
        "child.seen",
        "referral.requested",
        "case.assigned",
        "case.closure_requested",
        "referral.cancelled",
    ] {
        assert!(offers(&page, act), "{act} for the owner");
    }
    for act in [
        "referral.accepted",
        "plan.approved",
        "case.closed",
        "deadline.varied",
        "case.reopened",
        "access.requested",
    ] {
        assert!(!offers(&page, act), "{act} for the owner");
    }
    let supervisor = land.sign_in("h1100/line-2").await;
    let page = land.door.page(&path, Some(&supervisor)).await.text;
    assert!(
        offers(&page, "deadline.varied")
            && offers(&page, "access.restricted")
            && !offers(&page, "plan.approved")
    );

    let hospital = land.sign_in("moh/hospital-ma").await;
    let page = land.door.page(&path, Some(&hospital)).await.text;
    for act in [
        "referral.acknowledged",
        "referral.accepted",
        "referral.started",
        "referral.info_requested",
        "referral.rejected",
        "referral.redirected",
        "referral.completed",
        "child.seen",
    ] {
        assert!(offers(&page, act), "{act} for the recipient");
    }
    for act in [
        "plan.proposed",
        "referral.held",
        "referral.disposed",
        "case.closure_requested",
        "referral.requested",
    ] {
        assert!(!offers(&page, act), "{act} for the recipient");
    }
    let auditor = land.sign_in("mosd/auditor").await;
    let form = land.door.page(&format!("{path}/act/note.added"), Some(&auditor)).await;
    assert_eq!(form.status, StatusCode::FORBIDDEN);
}

/// The classes of the button on a page that leads to this act.
fn button<'a>(page: &'a str, event_type: &str) -> &'a str {
    let at = page.find(&format!("/act/{event_type}?subject=")).expect("offered");
    page[..at].rsplit_once("class=\"").and_then(|(_, rest)| rest.split('"').next()).expect("a class")
}

/// The next step of a referral is the filled button, if there is one; what undoes it never is.
#[tokio::test]
async fn the_next_step_invites_and_what_undoes_never_does() {
    let land = Land::with_case().await;
    let path = format!("/desk/cases/{CASE}?lang=en");
    let owner = land.sign_in("h1100/line").await;
    let page = land.door.page(&path, Some(&owner)).await.text;
    assert!(page.contains("Cancel the referral") && page.contains("Record that the child was seen"));
    assert!(page.contains(">Assign the case</a>") && !page.contains(">Case assigned</a>"));
    for act in ["referral.cancelled", "referral.entered_in_error"] {
        assert_eq!(button(&page, act), "button button--grave");
    }
    assert!(!page.contains("class=\"button\" "), "nothing of a live referral is the owner's to do");
    let hospital = land.sign_in("moh/hospital-ma").await;
    let page = land.door.page(&path, Some(&hospital)).await.text;
    assert_eq!(button(&page, "referral.acknowledged"), "button");
    assert_eq!(button(&page, "referral.accepted"), "button button--second");
    assert_eq!(button(&page, "referral.rejected"), "button button--grave");
}

/// What a form signs: type, stream, open members.
fn event_of(page: &str) -> Value {
    let text = page.split("data-event=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form");
    serde_json::from_str(&text.replace("&quot;", "\"")).expect("JSON")
}

/// Every act that is offered has a form that asks for every field of its type: a browser that fills it signs exactly
/// what the type lists.
#[tokio::test]
async fn every_form_asks_for_every_field_of_its_type() {
    let land = Land::with_case().await;
    let consent = object(&[
        ("agencies", sijill_event::Json::Array(vec!["moe".into()])),
        (
            "given_by",
            land.country.world().book().current("consent-by").next().expect("a code").to_string().into(),
        ),
    ]);
    land.act("h1100/line", "consent.recorded", consent).await;
    land.contact("call-1").await;
    let mut seen = std::collections::BTreeSet::new();
    for (who, page) in [
        ("h1100/line", format!("/desk/cases/{CASE}")),
        ("h1100/line-2", format!("/desk/cases/{CASE}")),
        ("moh/hospital-ma", format!("/desk/cases/{CASE}")),
        ("h1100/line", "/desk/contacts/call-1".to_owned()),
    ] {
        let session = land.sign_in(who).await;
        let text = land.door.page(&page, Some(&session)).await.text;
        for href in text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let Some(act) = href.split("/act/").nth(1).and_then(|act| act.split('?').next()) else {
                continue;
            };
            if !seen.insert((who, act.to_owned())) {
                continue;
            }
            for lang in ["ar", "en"] {
                let and = if href.contains('?') { "&" } else { "?" };
                let form = land.door.page(&format!("{href}{and}lang={lang}"), Some(&session)).await;
                assert_eq!(form.status, StatusCode::OK, "{act} for {who}");
                is_sealed(act, &form.text);
                is_whole(act, &form.text);
            }
        }
    }
    assert!(seen.len() > 40, "{} acts", seen.len());
}

fn is_whole(act: &str, form: &str) {
    let spec = catalogue::latest(act).expect("a type");
    let event = event_of(form);
    assert_eq!((event["type"].as_str(), event["v"].as_u64()), (Some(act), Some(spec.v.into())));
    let codes: Vec<&str> =
        event["data"]["codes"].as_object().into_iter().flatten().map(|(list, _)| list.as_str()).collect();
    assert_eq!(codes, spec.lists().into_iter().collect::<Vec<_>>(), "codes of {act}");
    for field in spec.fields {
        let name = match field.class {
            FieldClass::Routing => format!("data.{}", field.name),
            FieldClass::Disclosed(class) => format!("{class}.{}", field.name),
        };
        let fixed = event["data"].get(field.name).is_some();
        let asked = form.contains(&format!("name=\"{name}\""));
        let must = field.required || field.class != FieldClass::Routing;
        assert!(fixed || asked || !must, "{act} does not ask for {name}");
        assert!(!(fixed && asked), "{act} asks for {name}, which is decided");
    }
}

#[tokio::test]
async fn a_contact_is_logged_and_becomes_a_case_that_knows_it() {
    let land = Land::open().await;
    let session = land.sign_in("h1100/line").await;
    let form = land.door.page("/desk/contacts/new?lang=en", Some(&session)).await;
    is_whole("contact.logged", &form.text);
    let stream = event_of(&form.text)["stream"].as_str().expect("a stream").to_owned();
    let id = stream.strip_prefix("contact/").expect("a contact").to_owned();
    assert_eq!(sijill_event::Uuid::parse_str(&id).map(|id| id.get_version_num()), Ok(7));
    assert!(form.text.contains(&format!("data-done=\"/desk/contacts/{id}\"")));

    land.contact(&id).await;
    let form = land.door.page(&format!("/desk/cases/new?contact={id}&lang=ar"), Some(&session)).await;
    is_whole("case.opened", &form.text);
    is_sealed("the form of a new case", &form.text);
    let event = event_of(&form.text);
    assert_eq!(event["data"]["contacts"], serde_json::json!([id]));
    assert_eq!(event["data"]["unit"], "line");
    for chosen in ["value=\"OM-MA\" selected", "value=\"1100\" selected"] {
        assert!(form.text.contains(chosen), "{chosen}");
    }
    let hospital = land.sign_in("moh/hospital-ma").await;
    let closed = land.door.page(&format!("/desk/cases/new?contact={id}"), Some(&hospital)).await;
    assert_eq!(closed.status, StatusCode::NOT_FOUND, "somebody else's contact");
}

/// Somebody else was first: what they did is told in the reader's words before anything is signed again.
#[tokio::test]
async fn what_happened_meanwhile_is_told_in_words() {
    let land = Land::with_case().await;
    let session = land.sign_in("moh/hospital-ma").await;
    for (lang, said) in [("en", "Note added"), ("ar", "ملاحظة")] {
        let next = format!("/desk/streams/case%2F{CASE}/next?from=0");
        let mut request = crate::house::get(&next, Some(&session));
        request = request.header("accept-language", lang);
        let answer = land.door.ask(request.body(axum::body::Body::empty()).expect("a request")).await.json();
        let last = answer["since"].as_array().and_then(|since| since.last()).expect("an event");
        assert!(last["type"].as_str().is_some_and(|what| what.contains(said)), "{last}");
    }
}
