//! `GET /v1/events/{index}` and `GET /v1/events`: one entry, and the log in its order.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::accept::quality;
use crate::app::App;
use crate::error::WebError;
use crate::extract::{Path, Query, decimal, number, number_if_any};
use crate::reading::{Format, Reading};
use crate::refusals::Guarded;
use crate::shown::{Shown, show};
use crate::token::Scope;

const NDJSON: &str = "application/x-ndjson";
const EVENT_STREAM: &str = "text/event-stream";
/// Entries if not asked otherwise, where the reading is not live.
const LIMIT: u64 = 1_000;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The first index.
    #[serde(default, deserialize_with = "number")]
    from: u64,
    /// At most so many entries; without it 1,000, or with `follow` no end.
    #[serde(default, deserialize_with = "number_if_any")]
    limit: Option<u64>,
    /// Go on live, with entries as they are published.
    #[serde(default)]
    follow: bool,
}

/// Read one entry
#[utoipa::path(get, path = "/v1/events/{index}", tag = "events",
    params(("index" = u64, Path)),
    security(("ledger_key" = ["read"])),
    responses(
        (status = 200, body = Shown,
            description = "The event, or for those who may not see it its leaf hash"),
        Guarded,
    ))]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Path(index): Path<u64>,
    headers: HeaderMap,
) -> Result<Json<Shown>, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    let page = app.ledger.entries(index, 1).await?;
    let shown = show(&app, &caller, page).await?.pop();
    shown.map(Json).ok_or_else(|| WebError::NotPublished { size: app.ledger.published().checkpoint.size })
}

/// Read the log, live if wanted
///
/// One object a line, in the order of the log, without gap or repetition. A live answer ends when the server
/// stops or the token is no longer good: go on from the index after the last one. With `Accept:
/// text/event-stream` it is Server-Sent Events whose `id` is the index; `Last-Event-ID` then decides where to
/// go on.
#[utoipa::path(get, path = "/v1/events", tag = "events",
    params(Asked, ("Last-Event-ID" = Option<u64>, Header, description = "Server-Sent Events: the last index one has")),
    security(("ledger_key" = ["read"])),
    responses(
        (status = 200,
            description = "One entry a line, or an event stream of them",
            content((Shown = "application/x-ndjson"), (String = "text/event-stream"))),
        Guarded,
    ))]
pub(crate) async fn range(
    State(app): State<Arc<App>>,
    Query(Asked { from, limit, follow }): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    let (format, kind) = if quality(&headers, EVENT_STREAM) > quality(&headers, NDJSON) {
        (Format::Sse, EVENT_STREAM)
    } else {
        (Format::Ndjson, NDJSON)
    };
    let next = if format == Format::Sse { resumed(&headers)?.unwrap_or(from) } else { from };
    let left = limit.unwrap_or(if follow { u64::MAX } else { LIMIT });
    let body = Reading { app, caller, next, left, live: follow, format }.start()?;
    // Proxies that gather an answer before they pass it on would hold a live one for ever.
    let headers = [(header::CONTENT_TYPE.as_str(), kind), ("x-accel-buffering", "no")];
    Ok((headers, body).into_response())
}

/// The index after the last one that the client says it has.
fn resumed(headers: &HeaderMap) -> Result<Option<u64>, WebError> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let last = value.to_str().ok().and_then(decimal).ok_or(WebError::Header("Last-Event-ID"))?;
    Ok(Some(last.saturating_add(1)))
}
