//! `GET /verify`: the public page on which anybody checks evidence and receipts, in their own browser. One file, made from
//! `tools/verify-js`, that works as well when it was saved: this server has nothing to do with what it finds.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

use crate::app::App;

const PAGE: &str = include_str!("../../../tools/verify-js/verify.html");

/// The policy that the page gives itself: the hashes of its script and style, and nothing else. What only a header can say
/// comes beside it. A page without one would be allowed nothing.
fn policy() -> String {
    let stated = PAGE.split_once("http-equiv=\"Content-Security-Policy\" content=\"");
    let stated =
        stated.and_then(|(_, rest)| rest.split_once('"')).map_or("default-src 'none'", |(stated, _)| stated);
    format!("{stated}; frame-ancestors 'none'")
}

pub(crate) fn page() -> Router<Arc<App>> {
    Router::new().route("/verify", get(verify))
}

async fn verify() -> impl IntoResponse {
    (
        [(header::CONTENT_SECURITY_POLICY, policy()), (header::CACHE_CONTROL, "no-cache".to_owned())],
        Html(PAGE),
    )
}
