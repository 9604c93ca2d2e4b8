//! Dashboards that are open while something happens: what they are told, and what becomes of the page.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::routing::post;
use futures::{Stream, StreamExt as _};
use serde_json::json;
use sijill_desk::router;
use sijill_ledger::testing::START_MS;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::foreign::{self, skip};
use crate::house::{Door, SITE, get};
use crate::night::key;
use crate::watch::{AUDITOR, EYE, Watch};

const PAGE: &str = "/desk/oversight";

async fn open() -> (Watch, Door) {
    let watch = Watch::open().await;
    watch.work().await;
    let door = Door::to(watch.desk(SITE));
    (watch, door)
}

async fn listen(
    door: &Door,
    query: &str,
    last: Option<&str>,
    session: &str,
) -> impl Stream<Item = Result<Bytes, axum::Error>> + Unpin + use<> {
    let mut request = get(&format!("{PAGE}/live{query}"), Some(session));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let answer = door.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await;
    let answer = answer.expect("infallible");
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    answer.into_body().into_data_stream()
}

/// The size that the next event names.
async fn told(events: &mut (impl Stream<Item = Result<Bytes, axum::Error>> + Unpin)) -> Option<u64> {
    loop {
        let part = events.next().await?.expect("readable");
        let text = std::str::from_utf8(&part).expect("text");
        // A comment only says that the connection stands.
        if let Some((_, id)) = text.split_once("id: ") {
            let size = id.lines().next().and_then(|id| id.parse().ok()).expect("a size");
            assert_eq!(text, format!("event: size\nretry: 1000\nid: {size}\ndata: {size}\n\n"));
            return Some(size);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_is_told_of_each_size_once_and_can_begin_where_it_was() {
    let (watch, door) = open().await;
    let session = door.sign_in(&watch.country.officers[AUDITOR]).await;
    let before = watch.country.ledger.published().checkpoint.size;

    // A page that is older is told at once; whoever was told of this size already waits for the next.
    let mut stale = listen(&door, "?since=1", None, &session).await;
    assert_eq!(told(&mut stale).await, Some(before));
    let mut fresh = listen(&door, &format!("?since={before}"), None, &session).await;
    let mut again = listen(&door, "?since=1", Some(&before.to_string()), &session).await;
    watch.country.open_case("late", "low").await;
    watch.follow().await;
    let after = watch.country.ledger.published().checkpoint.size;
    assert!(after > before);
    for events in [&mut fresh, &mut again, &mut stale] {
        assert_eq!(told(events).await, Some(after));
    }

    // The streams end with the session instead of keeping it alive.
    door.form("/desk/session/end", &session, "").await;
    watch.country.open_case("later", "low").await;
    assert_eq!(told(&mut fresh).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_figures_is_not_told_either() {
    let (watch, door) = open().await;
    let worker = door.sign_in(&watch.country.officers["moh/hospital-ma"]).await;
    let path = format!("{PAGE}/live");
    assert_eq!(door.page(&path, Some(&worker)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(door.page(&path, None).await.status, StatusCode::SEE_OTHER);
    let odd = door.page(&format!("{path}?since=-1"), Some(&worker)).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_page_of_the_latest_figures_follows_them_and_asking_by_itself_keeps_no_session() {
    let (watch, door) = open().await;
    let session = door.sign_in(&watch.country.officers[AUDITOR]).await;
    let size = watch.country.ledger.published().checkpoint.size;
    let now = door.page(PAGE, Some(&session)).await.text;
    assert!(now.contains(&format!("data-live=\"{size}\"")) && now.contains("js/live.js"));
    for query in [format!("?at={size}"), "?at=2026-01-05".to_owned(), "?from=spring".to_owned()] {
        let then = door.page(&format!("{PAGE}{query}"), Some(&session)).await.text;
        assert!(!then.contains("data-live") && !then.contains("js/live.js"), "{query}");
    }

    let by_itself = async |minutes: u64| {
        door.clock.set(START_MS + minutes * 60_000);
        let request = get(PAGE, Some(&session)).header("sijill-by", "page");
        door.ask(request.body(Body::empty()).expect("a request")).await.status
    };
    assert_eq!(by_itself(20).await, StatusCode::OK);
    assert_eq!(by_itself(40).await, StatusCode::SEE_OTHER, "40 minutes without the officer");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_dashboard_in_a_browser() {
    let (Some(mut node), Some(chromium)) = (foreign::node(), foreign::chromium()) else { return };
    let axe = std::env::var("SIJILL_AXE").ok();
    if axe.is_none() {
        skip("accessibility: SIJILL_AXE does not name axe-core's axe.min.js");
    }
    let watch = Watch::open().await;
    watch.work().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let site = format!("http://localhost:{}", listener.local_addr().expect("its address").port());
    let pages = router(watch.desk(&site));
    let told = json!({
        "chromium": chromium, "site": site, "axe": axe, "pictures": std::env::var("SIJILL_PICTURES").ok(),
        "auditor": key(&watch.country, AUDITOR), "eye": key(&watch.country, EYE),
    });
    // Something happens whenever the story says so.
    let watch = Arc::new(watch);
    let happen = post(move |id: String| async move {
        watch.country.open_case(&id, "low").await;
        watch.follow().await;
    });
    let pages = pages.route("/happen", happen);
    let serving = tokio::spawn(async move { axum::serve(listener, pages).await });
    let played = tokio::task::spawn_blocking(move || {
        node.args(["tests/browser/live.js", &told.to_string()]).output().expect("node runs")
    });
    let output = played.await.expect("it ends");
    serving.abort();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
