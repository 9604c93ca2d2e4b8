//! The queue of a unit, and the notice that it has changed.

use axum::body::Body;
use axum::http::{StatusCode, header};
use futures::StreamExt;
use tower::ServiceExt;

use crate::house::get;
use crate::land::{CASE, Land, is_sealed, object};

#[tokio::test]
async fn an_owner_and_a_recipient_see_what_they_owe_and_others_see_nothing() {
    let land = Land::with_case().await;
    let page = format!("/desk/cases/{CASE}");
    let owner = land.sign_in("h1100/line").await;
    let queue = land.door.page("/desk/queue?lang=en", Some(&owner)).await;
    assert_eq!(queue.status, StatusCode::OK, "{}", queue.text);
    is_sealed("the queue", &queue.text);
    for said in ["Your unit&#39;s case", "Risk: High", "Assignment of a case worker", " left", "Cases owned"]
    {
        assert!(
            queue.text.contains(said) || queue.text.contains(&said.replace("&#39;", "'")),
            "{said} in {}",
            queue.text
        );
    }
    assert!(queue.text.contains(&page));
    let queue = land.door.page("/desk/queue?lang=ar", Some(&owner)).await;
    for said in ["حالة وحدتك", "الخطورة: عالية", "تكليف أخصائي حالة", "بقي "]
    {
        assert!(queue.text.contains(said), "{said} in {}", queue.text);
    }

    let hospital = land.sign_in("moh/hospital-ma").await;
    let queue = land.door.page("/desk/queue?lang=en", Some(&hospital)).await;
    let referral = land.referral_to("moh/hospital-ma").await;
    let acknowledge = format!("{page}/act/referral.acknowledged?subject={referral}");
    assert!(queue.text.contains("Referral to you: ") && queue.text.contains(&acknowledge), "{}", queue.text);
    land.act(
        "moh/hospital-ma",
        "referral.acknowledged",
        object(&[("referral", referral.to_string().into())]),
    )
    .await;
    let queue = land.door.page("/desk/queue?lang=en", Some(&hospital)).await;
    assert!(queue.text.contains("Accept or answer") && !queue.text.contains(&acknowledge), "{}", queue.text);

    let stranger = land.sign_in("moh/hospital-zu").await;
    let queue = land.door.page("/desk/queue?lang=en", Some(&stranger)).await;
    assert!(
        queue.text.contains("Nothing waits for your unit") && !queue.text.contains(CASE),
        "{}",
        queue.text
    );
}

#[tokio::test]
async fn what_is_overdue_says_so_and_a_long_queue_has_pages() {
    let land = Land::open().await;
    for n in 0..27 {
        land.country.open_case(&format!("case-{n:02}"), "medium").await;
    }
    let session = land.sign_in("h1100/line").await;
    let first = land.door.page("/desk/queue?lang=en", Some(&session)).await.text;
    let next = first
        .split("rel=\"next\" href=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a next page");
    let second = land.door.page(next, Some(&session)).await.text;
    let on = |page: &str, n: usize| page.contains(&format!("/desk/cases/case-{n:02}\""));
    for n in 0..27 {
        assert!(on(&first, n) != on(&second, n), "case {n} is on one page");
    }
    assert!(!second.contains("rel=\"next\""));
    assert_eq!(
        land.door.page("/desk/queue?after=nonsense", Some(&session)).await.status,
        StatusCode::NOT_FOUND
    );

    land.country.later(60 * 24 * 60);
    let late = land.door.page("/desk/queue?lang=en", Some(&session)).await.text;
    assert!(late.contains("Overdue by ") && late.contains("27 overdue"), "{late}");
    let late = land.door.page("/desk/queue?lang=ar", Some(&session)).await.text;
    assert!(late.contains("متأخر ") && late.contains("27 متأخرًا"), "{late}");
}

#[tokio::test]
async fn a_queue_is_for_case_workers() {
    let land = Land::open().await;
    let auditor = land.sign_in("mosd/auditor").await;
    for path in ["/desk/queue", "/desk/contacts/new", "/desk/cases/new", "/desk/notices?since=x"] {
        assert_eq!(land.door.page(path, Some(&auditor)).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let nobody = land.door.page("/desk/queue", None).await;
    assert_eq!(nobody.header(header::LOCATION), "/desk/sign-in");
}

/// The address of the notices that a queue's page listens to.
fn listening(page: &str) -> String {
    let since =
        page.split("data-news=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a fingerprint");
    format!("/desk/notices?since={since}")
}

#[tokio::test]
async fn a_notice_says_that_the_queue_changed_and_nothing_else() {
    let land = Land::open().await;
    let session = land.sign_in("moh/hospital-ma").await;
    let page = land.door.page("/desk/queue", Some(&session)).await.text;
    let request = get(&listening(&page), Some(&session)).body(Body::empty()).expect("a request");
    let answer = land.door.router.clone().oneshot(request).await.expect("infallible");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut events = answer.into_body().into_data_stream();
    land.country.open_case(CASE, "high").await;
    let event = events.next().await.expect("an event").expect("readable");
    assert_eq!(event, "event: queue\ndata: changed\n\n");

    // Whoever listens to a page that is stale already is told at once.
    let request = get(&listening(&page), Some(&session)).body(Body::empty()).expect("a request");
    let answer = land.door.router.clone().oneshot(request).await.expect("infallible");
    let event = answer.into_body().into_data_stream().next().await.expect("an event").expect("readable");
    assert_eq!(event, "event: queue\ndata: changed\n\n");

    // The stream ends with the session instead of keeping it alive.
    land.door.form("/desk/session/end", &session, "").await;
    land.act("h1100/line", "note.added", object(&[("text", "x".into())])).await;
    assert!(events.next().await.is_none());
}
