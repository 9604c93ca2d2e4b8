//! Breaking the glass: open at once and for a while, told to the owner, reviewed by its supervisor.

use axum::http::StatusCode;
use sijill_event::Json;

use crate::land::{CANARIES, CASE, Land, is_sealed, object};

const STRANGER: &str = "pp/desk";

fn path() -> String {
    format!("/desk/cases/{CASE}?lang=en")
}

async fn page(land: &Land, who: &str, path: &str) -> crate::house::Answer {
    let session = land.sign_in(who).await;
    land.door.page(path, Some(&session)).await
}

async fn breaks(land: &Land, who: &str) {
    let broken = object(&[("reason", "danger_to_life".into()), ("why", "…".into())]);
    let stream = format!("access/{CASE}");
    land.country.act(who, &stream, "break_glass.invoked", broken).await.expect("taken");
}

#[tokio::test]
async fn it_opens_at_once_and_for_a_while_and_is_reviewed() {
    let land = Land::with_case().await;
    let refused = page(&land, STRANGER, &path()).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let form = format!("/desk/cases/{CASE}/break-glass");
    assert!(refused.text.contains(&form) && refused.text.contains("case-unknown"), "{}", refused.text);
    let form = page(&land, STRANGER, &format!("{form}?lang=en")).await;
    assert!(form.text.contains("for 3 hours") && form.text.contains("narrative.why"), "{}", form.text);

    // Who may see everything already has no glass to break; who was asked for some of it has.
    for (who, may) in
        [("h1100/line", false), ("h1100/line-2", false), ("moh/hospital-ma", true), ("mosd/auditor", false)]
    {
        let offered = page(&land, who, &path()).await;
        assert_eq!(offered.status, StatusCode::OK, "{who}");
        assert_eq!(offered.text.contains("/break-glass\""), may, "{who}");
    }

    breaks(&land, STRANGER).await;
    let open = page(&land, STRANGER, &path()).await;
    assert_eq!(open.status, StatusCode::OK, "{}", open.text);
    is_sealed("the page of who broke the glass", &open.text);
    assert!(!open.text.contains("/break-glass\""), "it is open already");
    let asked = object(&[
        ("purpose", "emergency".into()),
        ("classes", Json::Array(vec!["identity".into(), "sensitive".into()])),
    ]);
    let draft = land.country.draft("access.requested", asked);
    let actor = &land.country.officers[STRANGER];
    let text = land.country.sign(actor, &format!("access/{CASE}"), draft).await;
    let session = land.sign_in(STRANGER).await;
    let shown =
        land.door.form(&format!("/desk/cases/{CASE}/access"), &session, &format!("event={text}")).await;
    let [(_, identity), _, (_, sensitive), _] = CANARIES;
    assert!(shown.text.contains(identity) && !shown.text.contains(sensitive), "{}", shown.text);

    let owner = page(&land, "h1100/line", &path()).await;
    assert!(owner.text.contains("broke the glass") && owner.text.contains("Waits for review"));
    assert!(!owner.text.contains("/act/break_glass.reviewed"), "not the case worker's to judge");
    let queue = page(&land, "h1100/line", "/desk/queue?lang=en").await;
    assert!(queue.text.contains("The glass was broken"), "{}", queue.text);
    let supervisor = page(&land, "h1100/line-2", &path()).await;
    assert!(supervisor.text.contains("/act/break_glass.reviewed?subject="));
    let file = land.country.case(CASE).await;
    let (invocation, _) = file.broken.first_key_value().expect("broken");
    let review = object(&[("invocation", invocation.to_string().into()), ("verdict", "justified".into())]);
    let stream = format!("access/{CASE}");
    land.country.act("h1100/line-2", &stream, "break_glass.reviewed", review).await.expect("reviewed");
    let owner = page(&land, "h1100/line", &path()).await;
    assert!(owner.text.contains("Reviewed.") && !owner.text.contains("Waits for review"));
    let queue = page(&land, "h1100/line", "/desk/queue?lang=en").await;
    assert!(!queue.text.contains("The glass was broken"));

    land.country.later(3 * 60);
    assert_eq!(page(&land, STRANGER, &path()).await.status, StatusCode::NOT_FOUND, "for a while");
}

/// Whom the case is restricted against it is not opened to, and the form says so before anything is signed.
#[tokio::test]
async fn whoever_is_kept_out_stays_out() {
    let land = Land::with_case().await;
    let kept_out = object(&[("agency", "pp".into()), ("unit", "desk".into())]);
    let restricted = object(&[
        ("officers", Json::Array(Vec::new())),
        ("units", Json::Array(vec![kept_out])),
        ("reason", "conflict_of_interest".into()),
    ]);
    land.act("h1100/line-2", "access.restricted", restricted).await;
    let form = page(&land, STRANGER, &format!("/desk/cases/{CASE}/break-glass")).await;
    assert_eq!(form.status, StatusCode::FORBIDDEN);
    breaks(&land, STRANGER).await;
    assert_eq!(page(&land, STRANGER, &path()).await.status, StatusCode::NOT_FOUND);
}

/// Where there is no case, everything looks as where there is one that the reader may not know of.
#[tokio::test]
async fn a_case_that_is_not_there_looks_like_one_that_may_not_be_opened() {
    let land = Land::with_case().await;
    let nothing = "0198c2f1-0000-7000-8000-000000000bad";
    let session = land.sign_in(STRANGER).await;
    for part in ["", "/break-glass"] {
        let there = land.door.page(&format!("/desk/cases/{CASE}{part}"), Some(&session)).await;
        let not = land.door.page(&format!("/desk/cases/{nothing}{part}"), Some(&session)).await;
        assert_eq!(there.status, not.status);
        let same = |text: &str| {
            text.replace(CASE, "ID").replace(nothing, "ID").replace("c0de", "E").replace("0bad", "E")
        };
        assert_eq!(same(&there.text), same(&not.text), "{part}");
    }
    // Who does no casework breaks no glass.
    let auditor = page(&land, "mosd/auditor", &format!("/desk/cases/{CASE}/break-glass")).await;
    assert_eq!(auditor.status, StatusCode::FORBIDDEN);
}
