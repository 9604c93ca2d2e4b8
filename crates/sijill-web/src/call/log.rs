//! The log as C2SP tlog-tiles serves it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::WebError;
use crate::extract::{Bundle, HashTile, Path};
use crate::refusals::Octets;
use crate::refusals::{Guarded, Open, OpenNamed};
use crate::token::Scope;

/// A tile's contents never change, at none of its widths.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// A checkpoint grows old within a second.
const BRIEFLY: &str = "no-cache";

/// The published checkpoint
///
/// A signed note (C2SP tlog-checkpoint), with the cosignatures there are by now.
#[utoipa::path(get, path = "/log/checkpoint", tag = "log",
    responses(
        (status = 200, body = String, content_type = "text/plain; charset=utf-8",
            description = "A signed note"),
        Open,
    ))]
pub(crate) async fn checkpoint(State(app): State<Arc<App>>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, BRIEFLY)];
    let published = app.ledger.published();
    let cosigned = app.ledger.cosigned().filter(|c| c.checkpoint() == &published.checkpoint);
    let note = cosigned.map_or_else(|| published.note.to_string(), |cosigned| cosigned.note.to_string());
    (headers, note).into_response()
}

/// The witnessed checkpoint
///
/// The newest checkpoint that a quorum of witnesses has cosigned, a signed note. It may be smaller than the published one.
#[utoipa::path(get, path = "/log/witnessed", tag = "log",
    responses(
        (status = 200, body = String, content_type = "text/plain; charset=utf-8",
            description = "A signed note with cosignatures"),
        OpenNamed,
    ))]
pub(crate) async fn witnessed(State(app): State<Arc<App>>) -> Result<Response, WebError> {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, BRIEFLY)];
    let cosigned = app.ledger.cosigned().ok_or(WebError::NothingWitnessed)?;
    Ok((headers, cosigned.note.to_string()).into_response())
}

/// A hash tile
///
/// C2SP tlog-tiles: `<L>/<N>[.p/<W>]`, for example `0/x001/x234/067` or `1/000.p/12`.
#[utoipa::path(get, path = "/log/tile/{*tile}", tag = "log",
    params(("tile" = String, Path, description = "Level, index in groups of three digits, and `.p/<width>` of a partial tile")),
    responses(
        (status = 200, body = Octets, content_type = "application/octet-stream",
            description = "32 bytes a hash, 1 to 256 hashes"),
        OpenNamed,
    ))]
pub(crate) async fn tile(
    State(app): State<Arc<App>>,
    Path(HashTile(tile)): Path<HashTile>,
) -> Result<Response, WebError> {
    let bytes = app.ledger.tile(tile).await?.ok_or_else(|| not_published(&app))?;
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, FOR_EVER)];
    Ok((headers, bytes).into_response())
}

/// An entry bundle
///
/// C2SP tlog-tiles. Entries are pseudonymous personal data: they are for auditors and mirrors, and for no
/// cache.
#[utoipa::path(get, path = "/log/tile/entries/{*tile}", tag = "log",
    params(("tile" = String, Path, description = "Index in groups of three digits, and `.p/<width>` of a partial bundle")),
    security(("ledger_key" = ["read:all"])),
    responses(
        (status = 200, body = Octets, content_type = "application/octet-stream",
            description = "1 to 256 entries, each behind its length as a big-endian u16"),
        Guarded,
    ))]
pub(crate) async fn entries(
    State(app): State<Arc<App>>,
    Path(Bundle(bundle)): Path<Bundle>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    app.caller(&headers, Scope::ReadAll)?;
    let bytes = app.ledger.bundle(bundle).await?.ok_or_else(|| not_published(&app))?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}

fn not_published(app: &App) -> WebError {
    WebError::NotPublished { size: app.ledger.published().checkpoint.size }
}
