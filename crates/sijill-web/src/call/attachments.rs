//! `PUT /v1/attachments` and `GET /v1/attachments/{digest}`: a file into the vault and out of it, chunk by chunk, never whole in
//! memory.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sijill_event::Digest;
use sijill_ledger::ATTACHMENT_LIMIT;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::body::announced;
use crate::error::WebError;
use crate::extract::{Path, Query, number};
use crate::refusals::{Guarded, Octets, Uploading};
use crate::token::Scope;

/// What an event cites: `{"attachment": digest, "size": n, "media_type": …}` in a disclosure.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attachment {
    /// SHA-256 of the file, base64url.
    digest: String,
    /// Bytes of the file.
    size: u64,
}

/// Upload a file for an event to cite
///
/// An upload that no event cites within a day or so is swept away.
#[utoipa::path(put, path = "/v1/attachments", tag = "events",
    security(("ledger_key" = ["append"])),
    request_body(content = Octets, content_type = "application/octet-stream", description = "The file, 1 byte to 20,000,000 bytes"),
    responses((status = 201, body = Attachment, description = "Taken into the vault"), Uploading))]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Attachment>), WebError> {
    app.caller(&headers, Scope::Append)?;
    if announced(&headers).is_some_and(|length| length > ATTACHMENT_LIMIT) {
        return Err(WebError::BodyTooLarge(ATTACHMENT_LIMIT));
    }
    let held = app.ledger.put_attachment(body.into_data_stream()).await?;
    Ok((StatusCode::CREATED, Json(Attachment { digest: held.digest.to_string(), size: held.size })))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReleasedBy {
    /// The case.
    #[param(example = "7Q")]
    case: String,
    /// The entry that released the value which cites the file: `answer` of `POST /v1/cases/{id}/disclosures`.
    #[serde(deserialize_with = "number")]
    answer: u64,
}

/// Fetch a file that was released to the caller
///
/// For a quarter of an hour after the release, as long as the caller may still be shown what cites the file.
#[utoipa::path(get, path = "/v1/attachments/{digest}", tag = "cases",
    params(("digest" = String, Path, description = "SHA-256 of the file, base64url"), ReleasedBy),
    security(("ledger_key" = ["read"])),
    responses(
        (status = 200, body = Octets, content_type = "application/octet-stream", description = "Its bytes"),
        Guarded,
    ))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Path(digest): Path<Digest>,
    Query(ReleasedBy { case, answer }): Query<ReleasedBy>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    let reader = app.reader(&caller).ok_or(WebError::AttachmentNotReleased)?;
    let file = app.ledger.released_file(&case, answer, &reader.author, &digest).await?;
    let file = file.ok_or(WebError::AttachmentNotReleased)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_LENGTH, HeaderValue::from(file.size)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, Body::from_stream(file.bytes)).into_response())
}
