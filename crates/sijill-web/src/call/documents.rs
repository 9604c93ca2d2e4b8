//! What the members publish, and what can be derived from the program: documents, code lists, schemas of events.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sijill_casework::catalogue;
use sijill_domain::Registry;
use sijill_domain::event::{Action, DocumentKind};
use sijill_event::Digest;
use utoipa::ToSchema;

use crate::app::App;
use crate::body;
use crate::error::WebError;
use crate::extract::Path;
use crate::refusals::{Guarded, Named, Octets, Uploading};
use crate::token::Scope;

/// Longest document, bytes.
const LIMIT: u32 = 1 << 20;
/// What a hash names never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A document that is held.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldDocument {
    /// SHA-256 of its bytes, base64url: what `document.publish` names.
    hash: String,
}

/// All documents that were published.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Library {
    documents: Vec<PublishedDocument>,
}

/// A version of a document.
#[derive(Debug, Serialize, ToSchema)]
struct PublishedDocument {
    /// `calendar`, `code_list`, `manual` or `policy`.
    #[schema(example = "code_list")]
    kind: &'static str,
    #[schema(example = "concern")]
    id: String,
    version: u64,
    hash: String,
    /// In force from the entry after this one on.
    index: u64,
    /// And from this Unix millisecond on.
    since: u64,
    /// Whether it is the version in force.
    in_force: bool,
}

/// Bring a document that is to be published
///
/// The ledger takes a proposal to publish a document only if it holds the bytes. What no proposal names within a day or
/// so is swept away.
#[utoipa::path(put, path = "/v1/documents", tag = "documents",
    security(("ledger_key" = ["append"])),
    request_body(content = Octets, content_type = "application/octet-stream", description = "The document, 1 byte to 1 MiB"),
    responses((status = 201, body = HeldDocument, description = "Held"), Uploading))]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<HeldDocument>), WebError> {
    app.caller(&headers, Scope::Append)?;
    let body = body::read(&app, &headers, body, LIMIT).await?;
    if body.bytes.is_empty() {
        return Err(WebError::BodyEmpty);
    }
    let hash = app.ledger.put_document(&body.bytes).await?;
    Ok((StatusCode::CREATED, Json(HeldDocument { hash: hash.to_string() })))
}

/// Read a document
///
/// Public, from the moment it is proposed: whoever is to approve it reads it first.
#[utoipa::path(get, path = "/log/documents/{hash}", tag = "documents",
    params(("hash" = String, Path, description = "SHA-256, base64url")),
    responses(
        (status = 200, body = Octets, content_type = "application/octet-stream", description = "Its bytes"),
        Named,
    ))]
pub(crate) async fn bytes(
    State(app): State<Arc<App>>,
    Path(hash): Path<Digest>,
) -> Result<Response, WebError> {
    // What nobody has proposed is an upload like any other, and nobody's to read.
    if !is_named(&app.ledger.registry(), &hash) {
        return Err(WebError::DocumentUnknown);
    }
    let bytes = app.ledger.document(&hash).await?.ok_or(WebError::DocumentUnknown)?;
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, FOR_EVER)];
    Ok((headers, bytes).into_response())
}

fn is_named(registry: &Registry, hash: &Digest) -> bool {
    registry.proposals().values().any(|proposal| match &proposal.action {
        Action::DocumentPublish(publish) => publish.hash == *hash,
        _ => false,
    })
}

/// List the documents
#[utoipa::path(get, path = "/v1/documents", tag = "documents",
    security(("ledger_key" = ["registry"])),
    responses((status = 200, body = Library, description = "Every version that was published"), Guarded))]
pub(crate) async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<Library>, WebError> {
    app.caller(&headers, Scope::Registry)?;
    let registry = app.ledger.registry();
    let mut documents = Vec::new();
    for (kind, id, versions) in registry.documents() {
        let last = versions.len();
        documents.extend(versions.iter().zip(1..).map(|(version, nth)| PublishedDocument {
            kind: kind.as_str(),
            id: id.to_string(),
            version: version.version,
            hash: version.hash.to_string(),
            index: version.index,
            since: version.since,
            in_force: nth == last,
        }));
    }
    Ok(Json(Library { documents }))
}

/// A code list in force
///
/// As it was published: codes with labels and definitions in both languages.
#[utoipa::path(get, path = "/v1/codes/{list}", tag = "documents",
    params(("list" = String, Path, example = "concern")),
    responses((status = 200, body = Object, description = "The list (`schemas/codes/`)"), Named))]
pub(crate) async fn codes(
    State(app): State<Arc<App>>,
    Path(list): Path<String>,
) -> Result<Response, WebError> {
    let world = app.ledger.world();
    let latest = world.registry().document(DocumentKind::CodeList, &list).last();
    let list = latest.and_then(|latest| world.documents().list(&latest.hash)).ok_or(WebError::ListUnknown)?;
    Ok(Json(list).into_response())
}

/// The schema of an event type
///
/// JSON Schema 2020-12 of the newest version: what its fields are, of which class, called what in both languages.
#[utoipa::path(get, path = "/v1/schemas/{type}", tag = "documents",
    params(("type" = String, Path, example = "referral.accepted")),
    responses((status = 200, body = Object, description = "The schema (`schemas/events/`)"), Named))]
pub(crate) async fn schema(Path(event_type): Path<String>) -> Result<Json<serde_json::Value>, WebError> {
    let spec = catalogue::latest(&event_type).ok_or(WebError::TypeUnknown)?;
    Ok(Json(spec.json_schema()))
}
