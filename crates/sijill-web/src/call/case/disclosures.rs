//! `POST /v1/cases/{id}/disclosures`: an officer asks for values and is shown what the rule permits, in one step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sijill_casework::case::Released;
use sijill_casework::catalogue::{AccessRequested, CaseId};
use sijill_event::{Class, Digest, Entry, Json as Value, SdJwt, StreamKind};
use sijill_ledger::Wait;
use utoipa::ToSchema;

use crate::accept::media_type;
use crate::app::App;
use crate::body;
use crate::call::append::{Receipt, SD_JWT, SINGLE_LIMIT, answer, event};
use crate::error::WebError;
use crate::extract::Path;
use crate::refusals::Disclosing;
use crate::token::{Caller, Scope};

/// What an officer is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Disclosed {
    /// Of the request.
    receipt: Receipt,
    /// The entry that records what was shown: the one after the request.
    answer: u64,
    /// What was released, in the order of the log.
    released: Vec<DisclosedEvent>,
}

/// What is shown of one event.
#[derive(Debug, Serialize, ToSchema)]
struct DisclosedEvent {
    /// The hash of its JWT.
    event: String,
    index: u64,
    #[serde(rename = "type")]
    #[schema(example = "child.registered")]
    kind: &'static str,
    /// By class and name, such as `identity.name`; null where an optional field was left out.
    #[schema(value_type = Object)]
    values: BTreeMap<String, Value>,
    /// Released, and not held any more: erased by order.
    erased: Vec<String>,
}

/// Ask to be shown values of a case
///
/// The body is the caller's signed `access.requested` in stream `access/{id}`. It is appended, and the ledger's answer
/// with it, before anything is shown: what is released counts as seen. To send the same bytes again shows again what
/// was released then, as far as the caller may still be shown it.
#[utoipa::path(post, path = "/v1/cases/{id}/disclosures", tag = "cases",
    params(("id" = String, Path, example = "7Q")),
    security(("ledger_key" = ["read"])),
    request_body(content = String, content_type = "application/sd-jwt", description = "`access.requested`, at most 1 MiB"),
    responses(
        (status = 201, body = Disclosed, description = "Appended, answered and shown"),
        (status = 200, body = Disclosed, description = "This very request is there already: shown again"),
        Disclosing,
    ))]
pub(crate) async fn disclose(
    State(app): State<Arc<App>>,
    Path(id): Path<CaseId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    if media_type(&headers).as_deref() != Some(SD_JWT) {
        return Err(WebError::MediaType("`application/sd-jwt`"));
    }
    let body = body::read(&app, &headers, body, SINGLE_LIMIT + 2).await?;
    let text = event(&body.bytes)?;
    let request = SdJwt::parse(&text).map_err(sijill_ledger::Refused::from)?;
    if !is_request(&request, &id, &caller) {
        return Err(WebError::NotARequest);
    }
    let mut settled = app.ledger.append(vec![text], Wait::Published).await?;
    let (status, receipt) = answer(settled.pop().ok_or(WebError::Internal)?)?;
    let answer = receipt.index + 1;
    let released = released(&app, answer).await?;
    // The first answer was computed with the request. A later one must not show what the reader has no right to any
    // more, only because it had it once.
    let released =
        if status == StatusCode::CREATED { released } else { still(&app, &caller, &id, released).await? };
    let released = open(&app, &id, &released).await?;
    Ok((status, Json(Disclosed { receipt, answer, released })).into_response())
}

/// Whether it is the caller's own request in this case. A signed request is open to all who may read the stream: what
/// it is answered with must not be.
fn is_request(request: &SdJwt, id: &CaseId, caller: &Caller) -> bool {
    let event = &request.event;
    event.event_type == AccessRequested::TYPE
        && event.stream.kind() == StreamKind::Access
        && event.stream.id() == Some(id.as_str())
        && caller.is(&event.iss, &event.sub)
        && event.act.is_none()
}

/// What the answer at `index` lists.
async fn released(app: &App, index: u64) -> Result<Released, WebError> {
    let page = app.ledger.entries(index, 1).await?;
    let (_, text) = page.first().ok_or_else(|| unanswered(index))?;
    let entry = Entry::parse(text.as_bytes()).map_err(|_| unanswered(index))?;
    let list = entry.event.data.get("released").and_then(Value::as_array).ok_or_else(|| unanswered(index))?;
    let element = |element: &Value| {
        let event = Digest::parse(element.get("event")?.as_str()?).ok()?;
        let fields = element.get("fields")?.as_array()?.iter();
        Some((event, fields.map(|field| field.as_str().map(str::to_owned)).collect::<Option<BTreeSet<_>>>()?))
    };
    list.iter().map(element).collect::<Option<_>>().ok_or_else(|| unanswered(index))
}

/// The ledger answers a request in the transaction that appends it.
fn unanswered(index: u64) -> WebError {
    tracing::error!(index, "a request for disclosures is not followed by its answer");
    WebError::Internal
}

async fn still(app: &App, caller: &Caller, id: &CaseId, released: Released) -> Result<Released, WebError> {
    let reader = app.reader(caller).ok_or(WebError::TokenDead)?;
    let file = app.ledger.case(id.as_str()).await?.ok_or(WebError::CaseUnknown)?;
    let events = released.keys().copied().collect();
    let classes = Class::ALL.into_iter().collect();
    let permitted = file.permitted(&reader.world, reader.at, &reader.author, Some(&events), &classes);
    let both = released.into_iter().filter_map(|(event, fields)| {
        let fields: BTreeSet<String> = fields.intersection(permitted.get(&event)?).cloned().collect();
        (!fields.is_empty()).then_some((event, fields))
    });
    Ok(both.collect())
}

async fn open(app: &App, id: &CaseId, released: &Released) -> Result<Vec<DisclosedEvent>, WebError> {
    let file = app.ledger.case(id.as_str()).await?.ok_or(WebError::CaseUnknown)?;
    let mut opened = app.ledger.open_released(&file, released).await?;
    let mut shown: Vec<DisclosedEvent> = released
        .iter()
        .filter_map(|(hash, fields)| {
            let noted = file.events.get(hash)?;
            let values = opened.remove(hash).unwrap_or_default();
            let erased = fields.iter().filter(|field| !values.contains_key(*field)).cloned().collect();
            let (event, index, kind) = (hash.to_string(), noted.index, noted.event_type);
            Some(DisclosedEvent { event, index, kind, values, erased })
        })
        .collect();
    shown.sort_by_key(|event| event.index);
    Ok(shown)
}
