//! Files: into the vault by a form, out of it by a release, and by nothing else.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use sijill_event::Json;

use crate::house::{Answer, COOKIE, SITE};
use crate::land::{CASE, Land, object};

const FILE: &[u8] = b"%PDF-1.7 what the doctor found";

async fn upload(land: &Land, session: &str, bytes: Vec<u8>) -> Answer {
    let request = Request::builder()
        .method(Method::PUT)
        .uri("/desk/attachments")
        .header(header::ORIGIN, SITE)
        .header(header::ACCEPT, "application/json")
        .header(header::COOKIE, format!("{COOKIE}={session}"));
    land.door.ask(request.body(Body::from(bytes)).expect("a request")).await
}

/// Attaches the file to the case; answers its digest.
async fn attached(land: &Land) -> String {
    let session = land.sign_in("h1100/line").await;
    let held = upload(land, &session, FILE.to_vec()).await;
    assert_eq!(held.status, StatusCode::CREATED, "{}", held.text);
    assert_eq!(held.json()["size"], FILE.len());
    let digest = held.json()["digest"].as_str().expect("a digest").to_owned();
    let document = object(&[
        ("attachment", digest.as_str().into()),
        ("size", i64::try_from(FILE.len()).expect("small").into()),
        ("media_type", "application/pdf".into()),
    ]);
    let values = [("kind", "medical_report".into()), ("title", "…".into()), ("document", document)];
    land.act("h1100/line", "document.attached", object(&values)).await;
    digest
}

/// The page that answers a request to see everything.
async fn shown(land: &Land, who: &str, classes: &[&str]) -> String {
    let classes = Json::Array(classes.iter().map(|class| Json::from(*class)).collect());
    let values = object(&[("purpose", "casework".into()), ("classes", classes)]);
    let draft = land.country.draft("access.requested", values);
    let event = land.country.sign(&land.country.officers[who], &format!("access/{CASE}"), draft).await;
    let session = land.sign_in(who).await;
    land.door.form(&format!("/desk/cases/{CASE}/access"), &session, &format!("event={event}")).await.text
}

/// Where a page says that a file can be fetched.
fn link(page: &str) -> Option<String> {
    let hrefs = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    hrefs.into_iter().find(|href| href.contains("/files/")).map(str::to_owned)
}

async fn fetch(land: &Land, who: &str, link: &str) -> Answer {
    let session = land.sign_in(who).await;
    land.door.page(link, Some(&session)).await
}

#[tokio::test]
async fn whoever_is_shown_that_a_file_is_there_may_fetch_it_for_a_while() {
    let land = Land::with_case().await;
    let digest = attached(&land).await;
    let page = shown(&land, "h1100/line", &["identity", "narrative"]).await;
    let link = link(&page).expect("the way to the file");
    assert!(link.ends_with(&digest));
    let fetched = fetch(&land, "h1100/line", &link).await;
    assert_eq!((fetched.status, fetched.text.as_bytes()), (StatusCode::OK, FILE));
    assert_eq!(fetched.header(header::CONTENT_TYPE), "application/octet-stream");
    assert!(fetched.header(header::CONTENT_DISPOSITION).ends_with(".pdf\""), "and never a page");
    assert_eq!(fetched.header(header::CACHE_CONTROL), "no-store");

    let others = fetch(&land, "h1100/line-2", &link).await;
    assert_eq!(others.status, StatusCode::NOT_FOUND, "somebody else's release");
    assert!(others.text.contains("attachment-not-released"));
    let stranger = fetch(&land, "pp/desk", &link).await;
    assert!(stranger.status == StatusCode::NOT_FOUND && stranger.text.contains("case-unknown"));
    let (before, _) = link.rsplit_once('/').expect("a digest");
    let other = fetch(&land, "h1100/line", &format!("{before}/{}", "A".repeat(43))).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "a file that no value cites");
    let no_release = fetch(&land, "h1100/line", &format!("/desk/cases/{CASE}/files/3/{digest}")).await;
    assert_eq!(no_release.status, StatusCode::NOT_FOUND, "an entry that releases nothing");

    land.country.later(16);
    assert_eq!(fetch(&land, "h1100/line", &link).await.status, StatusCode::NOT_FOUND, "for a while");
}

/// A release says what was shown then; what may not be seen any more is not fetched by it either.
#[tokio::test]
async fn whoever_is_kept_out_fetches_nothing_any_more() {
    let land = Land::with_case().await;
    attached(&land).await;
    let link = link(&shown(&land, "h1100/line-3", &["identity", "narrative"]).await).expect("a file");
    assert_eq!(fetch(&land, "h1100/line-3", &link).await.status, StatusCode::OK);
    let officer = object(&[("agency", "h1100".into()), ("officer", "line-3".into())]);
    let restricted = object(&[
        ("officers", Json::Array(vec![officer])),
        ("units", Json::Array(Vec::new())),
        ("reason", "conflict_of_interest".into()),
    ]);
    land.act("h1100/line-2", "access.restricted", restricted).await;
    assert_eq!(fetch(&land, "h1100/line-3", &link).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_no_file_or_nobodys_is_not_taken() {
    let land = Land::open().await;
    let session = land.sign_in("h1100/line").await;
    assert_eq!(upload(&land, &session, Vec::new()).await.code(), "body");
    let too_much = usize::try_from(sijill_ledger::ATTACHMENT_LIMIT).expect("fits") + 1;
    assert_eq!(upload(&land, &session, vec![0; too_much]).await.code(), "body");
    assert_eq!(upload(&land, "nobody", FILE.to_vec()).await.code(), "signed-out");
    let auditor = land.sign_in("mosd/auditor").await;
    assert_eq!(upload(&land, &auditor, FILE.to_vec()).await.code(), "not-yours");
}
