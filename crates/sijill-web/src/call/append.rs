//! `POST /v1/events`: a signed event is its own authentication.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sijill_ledger::Wait;
use utoipa::{IntoParams, ToSchema};

use crate::accept::media_type;
use crate::app::App;
use crate::body;
use crate::error::WebError;
use crate::extract::Query;
use crate::problem::Problem;
use crate::refusals::Appending;

/// The media type of one event.
pub(crate) const SD_JWT: &str = "application/sd-jwt";
/// The media type of many.
pub(crate) const NDJSON: &str = "application/x-ndjson";
/// Longest SD-JWT (ledger format, Annex A), bytes; a line break may follow it.
pub(crate) const SINGLE_LIMIT: u32 = 1 << 20;
const BATCH_LIMIT: u32 = 16 << 20;
const BATCH_LINES: usize = 2_000;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Waiting {
    /// When the answer is wanted: when the receipt's checkpoint is signed and sealed, or when the witness
    /// quorum has cosigned it.
    #[serde(default)]
    #[param(inline)]
    wait: WaitFor,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WaitFor {
    #[default]
    Published,
    Witnessed,
}

impl From<WaitFor> for Wait {
    fn from(wait: WaitFor) -> Self {
        match wait {
            WaitFor::Published => Self::Published,
            WaitFor::Witnessed => Self::Witnessed,
        }
    }
}

/// Proof that the ledger holds the event (ledger format, Annex D). It convicts a ledger that later denies it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Receipt {
    /// The entry's index in the log.
    #[schema(minimum = 0)]
    pub(crate) index: u64,
    /// When the ledger sequenced the event, Unix milliseconds.
    #[schema(minimum = 0)]
    received: u64,
    /// The event's idempotency key.
    #[schema(format = "uuid")]
    jti: String,
    /// A C2SP tlog-proof with its checkpoint, text of several lines.
    proof: String,
}

/// One line of the answer to a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Line {
    /// As the event would have been answered by itself: 201, 200, or the problem's.
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// Append signed events
///
/// One SD-JWT, or one a line. Each is admitted or refused by itself. To send the same bytes again is always
/// safe: an event is appended once, and the first receipt is the answer.
#[utoipa::path(
    post,
    path = "/v1/events",
    tag = "events",
    params(Waiting),
    request_body(
        content(
            (String = "application/sd-jwt", example = "eyJhbGciOiJFZDI1NTE5Ii…~WyJ…~"),
            (String = "application/x-ndjson", example = "eyJhbGciOiJFZDI1NTE5Ii…~WyJ…~\neyJhbGciOiJFZDI1NTE5Ii…~\n"),
        ),
        description = "One SD-JWT of at most 1 MiB, or at most 2,000 of them, one a line, in at most 16 MiB",
    ),
    responses(
        (status = 201, body = Receipt, description = "Appended", headers(("Location" = String, description = "The entry"))),
        (status = 200, description = "This very event is there already: its first receipt. To a batch: one `Line` for each line, in order",
            content((Receipt = "application/json"), (Line = "application/x-ndjson"))),
        Appending,
    )
)]
pub(crate) async fn append(
    State(app): State<Arc<App>>,
    Query(Waiting { wait }): Query<Waiting>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, WebError> {
    match media_type(&headers).as_deref() {
        Some(SD_JWT) => one(&app, wait.into(), &headers, body).await,
        Some(NDJSON) => many(&app, wait.into(), &headers, body).await,
        _ => Err(WebError::MediaType("`application/sd-jwt` or `application/x-ndjson`")),
    }
}

async fn one(app: &App, wait: Wait, headers: &HeaderMap, body: Body) -> Result<Response, WebError> {
    let body = body::read(app, headers, body, SINGLE_LIMIT + 2).await?;
    let event = event(&body.bytes)?;
    let mut settled = app.ledger.append(vec![event], wait).await?;
    let (status, receipt) = answer(settled.pop().ok_or(WebError::Internal)?)?;
    let place =
        HeaderValue::try_from(format!("/v1/events/{}", receipt.index)).map_err(|_| WebError::Internal)?;
    let location = (status == StatusCode::CREATED).then_some([(header::LOCATION, place)]);
    Ok((status, location, Json(receipt)).into_response())
}

async fn many(app: &App, wait: Wait, headers: &HeaderMap, body: Body) -> Result<Response, WebError> {
    let body = body::read(app, headers, body, BATCH_LIMIT).await?;
    let lines = body.bytes.strip_suffix(b"\n").unwrap_or(&body.bytes);
    if lines.is_empty() {
        return Err(WebError::BodyEmpty);
    }
    let lines: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').take(BATCH_LINES + 1).collect();
    if lines.len() > BATCH_LINES {
        return Err(WebError::TooManyLines(BATCH_LINES));
    }
    // A line that is no text never reaches the ledger; the others keep their order among themselves.
    let read: Vec<Result<String, WebError>> = lines.into_iter().map(event).collect();
    let (events, unread): (Vec<String>, Vec<Option<WebError>>) = split(read);
    let settled = if events.is_empty() { Vec::new() } else { app.ledger.append(events, wait).await? };
    let mut settled = settled.into_iter();
    let mut answers = Vec::new();
    for refused in unread {
        let result = match refused {
            Some(refused) => Err(refused),
            None => settled.next().map_or(Err(WebError::Internal), answer),
        };
        serde_json::to_writer(&mut answers, &Line::from(result)).map_err(|_| WebError::Internal)?;
        answers.push(b'\n');
    }
    Ok(([(header::CONTENT_TYPE, NDJSON)], answers).into_response())
}

/// The texts, and for each line either its place among them (`None`) or why it is not there.
fn split(read: Vec<Result<String, WebError>>) -> (Vec<String>, Vec<Option<WebError>>) {
    let mut events = Vec::with_capacity(read.len());
    let unread = read.into_iter().map(|line| line.map(|event| events.push(event)).err()).collect();
    (events, unread)
}

/// One SD-JWT; a line break after it is no part of it.
pub(crate) fn event(bytes: &[u8]) -> Result<String, WebError> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    if bytes.is_empty() {
        return Err(WebError::BodyEmpty);
    }
    if bytes.len() > SINGLE_LIMIT as usize {
        return Err(WebError::BodyTooLarge(SINGLE_LIMIT.into()));
    }
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| WebError::BodyNotUtf8)
}

pub(crate) fn answer(
    settled: Result<sijill_ledger::Receipt, sijill_ledger::Refused>,
) -> Result<(StatusCode, Receipt), WebError> {
    let sijill_ledger::Receipt { index, received, jti, proof, first } = settled?;
    let status = if first { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Receipt { index, received, jti: jti.to_string(), proof }))
}

impl From<Result<(StatusCode, Receipt), WebError>> for Line {
    fn from(result: Result<(StatusCode, Receipt), WebError>) -> Self {
        match result {
            Ok((status, receipt)) => Self { status: status.as_u16(), receipt: Some(receipt), problem: None },
            Err(error) => {
                let problem = error.problem();
                Self { status: problem.status, receipt: None, problem: Some(problem) }
            }
        }
    }
}
