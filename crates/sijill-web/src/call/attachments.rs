//! `PUT /v1/attachments`: a file into the vault, chunk by chunk, never whole in memory.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use sijill_ledger::ATTACHMENT_LIMIT;
use utoipa::ToSchema;

use crate::app::App;
use crate::body::announced;
use crate::error::WebError;
use crate::refusals::Octets;
use crate::refusals::Uploading;
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
