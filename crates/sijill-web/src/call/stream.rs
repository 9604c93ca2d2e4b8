//! `GET /v1/streams/{stream}/events`: one stream, page by page.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use sijill_event::Stream;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::error::WebError;
use crate::extract::{Path, Query, number, number_if_any};
use crate::refusals::Guarded;
use crate::shown::{Shown, show};
use crate::token::Scope;

/// Events in a page if not asked otherwise, and at most.
const PAGE: u32 = 100;
const MAX_PAGE: u32 = 1_000;
/// Bytes of entries after which a page ends whatever was asked.
const PAGE_BYTES: usize = 4 << 20;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The first `seq`.
    #[serde(default, deserialize_with = "number")]
    from: u64,
    /// At most so many events, 1 to 1,000; 100 without it.
    #[serde(default, deserialize_with = "number_if_any")]
    limit: Option<u32>,
}

/// A part of a stream.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page {
    /// In the order of `seq`, beginning with `from`.
    events: Vec<Shown>,
    /// The `from` of the next page; null if there is nothing more now.
    next: Option<u64>,
}

/// Read a stream
///
/// A stream that is not there is one without events.
#[utoipa::path(get, path = "/v1/streams/{stream}/events", tag = "events",
    params(("stream" = String, Path, description = "Percent-encoded", example = "case/7Q"), Asked),
    security(("ledger_key" = ["read"])),
    responses((status = 200, body = Page, description = "A page of the stream"), Guarded))]
pub(crate) async fn stream(
    State(app): State<Arc<App>>,
    Path(stream): Path<Stream>,
    Query(Asked { from, limit }): Query<Asked>,
    headers: HeaderMap,
) -> Result<Json<Page>, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    let limit = limit.unwrap_or(PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(WebError::Query("`limit` is 1 to 1,000".into()));
    }
    let mut page = app.ledger.stream_entries(&stream, from, limit + 1).await?;
    let found = page.len();
    let mut bytes = 0;
    let fits = page.iter().take(limit as usize).take_while(|(_, entry)| {
        let room = bytes < PAGE_BYTES;
        bytes += entry.len();
        room
    });
    let shown = fits.count();
    page.truncate(shown);
    let next = (shown < found).then(|| from.saturating_add(shown as u64));
    Ok(Json(Page { events: show(&app, &caller, page).await?, next }))
}
