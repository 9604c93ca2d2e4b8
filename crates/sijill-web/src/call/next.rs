//! `GET /v1/streams/{stream}/next`: an unsigned payload for the caller to complete, sign and post.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use sijill_domain::event::Role;
use sijill_event::{Stream, StreamKind, Uuid};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::WebError;
use crate::extract::Path;
use crate::hash_text;
use crate::refusals::Guarded;
use crate::shown::{kept_out, parties};
use crate::token::Scope;

/// What a stream's next event needs, but for what it says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Prepared {
    payload: Payload,
}

/// A payload (ledger format §2) without `type`, `data` and `occurred`. Whoever signs it looks at it first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Payload {
    /// The caller's agency.
    #[schema(example = "moh")]
    iss: String,
    /// The caller.
    #[schema(example = "ana")]
    sub: String,
    /// The ledger's origin.
    aud: String,
    /// A fresh UUID of version 7; keep it when signing again.
    jti: String,
    /// Now by the ledger's clock, Unix seconds.
    iat: u64,
    #[schema(example = "case/7Q")]
    stream: String,
    /// The stream's next position.
    seq: u64,
    /// The hash of the stream's last JWT; not there at `seq` 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<String>,
    /// The published checkpoint. Signers should verify it before they say that they have seen it.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<Seen>,
    /// The version of the event type's schema; 1 unless the type says otherwise.
    #[schema(example = 1)]
    v: u16,
    #[serde(rename = "_sd_alg")]
    #[schema(example = "sha-256")]
    sd_alg: &'static str,
}

/// A checkpoint's size and root (base64url).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Seen {
    #[schema(minimum = 1)]
    size: u64,
    root: String,
}

/// Prepare a stream's next event
///
/// Put in `type`, `data` and, where it applies, `occurred`; sign; post. On stream `log` and streams `access/…` scope `read` is enough.
#[utoipa::path(get, path = "/v1/streams/{stream}/next", tag = "events",
    params(("stream" = String, Path, description = "Percent-encoded", example = "case/7Q")),
    security(("ledger_key" = ["append"])),
    responses((status = 200, body = Prepared, description = "The payload, unsigned"), Guarded))]
pub(crate) async fn next(
    State(app): State<Arc<App>>,
    Path(stream): Path<Stream>,
    headers: HeaderMap,
) -> Result<Json<Prepared>, WebError> {
    let asks = stream.kind() == StreamKind::Access;
    // An auditor, who appends nothing else, puts audits on record in stream `log`.
    let reads = asks || stream.kind() == StreamKind::Log;
    let caller = app.caller(&headers, if reads { Scope::Read } else { Scope::Append })?;
    let next = app.ledger.next(&stream).await?;
    let registry = app.ledger.registry();
    let parties = parties(&app, std::slice::from_ref(&stream)).await?.remove(stream.as_str());
    // A case's head tells how much has happened in it. Whoever may ask to see a case may know where to sign that.
    let may_ask =
        asks && [Role::Casework, Role::Auditor].iter().any(|role| registry.may_use(&caller.kid, *role));
    let kept_out = !kept_out(&app, &caller, std::slice::from_ref(&stream)).await?.is_empty();
    let closed = parties.is_some_and(|parties| {
        !parties.is_empty() && (kept_out || !registry.may_read(&caller.kid, &stream, &parties))
    });
    if closed && !may_ask {
        return Err(WebError::NotAParty);
    }
    let (iss, sub) = registry.signer(&caller.kid).ok_or(WebError::TokenDead)?.iss_sub();
    let payload = Payload {
        iss: iss.to_owned(),
        sub: sub.to_owned(),
        aud: app.ledger.origin().to_owned(),
        jti: Uuid::now_v7().to_string(),
        iat: app.ledger.now_ms() / 1000,
        stream: stream.to_string(),
        seq: next.seq,
        prev: next.prev.map(|prev| prev.to_string()),
        seen: next.seen.map(|seen| Seen { size: seen.size, root: hash_text(&seen.root.into()) }),
        v: 1,
        sd_alg: "sha-256",
    };
    Ok(Json(Prepared { payload }))
}
