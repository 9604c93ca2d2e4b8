//! What the ledger committed itself to of a stream's end or a key, as of its newest record (ledger format, Annex E).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use sijill_domain::heads;
use sijill_event::{Kid, Stream};
use sijill_log::MapProof;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::WebError;
use crate::extract::Path;
use crate::hash_text;
use crate::refusals::Guarded;
use crate::shown::may_read;
use crate::token::Scope;

/// A record of heads with its receipt, and proofs that lead to it: whoever has the log key and the ledger's registry checks
/// them offline.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeadsProof {
    record: Record,
    streams: Vec<StreamProof>,
    keys: Vec<KeyProof>,
}

/// The newest `heads.committed`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Record {
    index: u64,
    /// Unix milliseconds.
    received: u64,
    /// The entry as it stands in the log.
    entry: String,
    /// A C2SP tlog-proof of it.
    proof: String,
}

/// Where a stream ended, or that it had no event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StreamProof {
    #[schema(example = "case/7Q")]
    stream: String,
    /// Not there if the stream was empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<Head>,
    /// From the root's child down.
    siblings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf: Option<MapLeaf>,
}

/// A stream's last event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StreamHead)]
pub(crate) struct Head {
    #[schema(minimum = 0)]
    seq: u64,
    /// The hash of its JWT.
    last: String,
}

/// What authority knew of a key, or that it knew none such.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyProof {
    kid: String,
    /// Not there if the key was not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<KeyStatus>,
    /// From the root's child down.
    siblings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf: Option<MapLeaf>,
}

/// Whose a key is, and where it is good: at index *i* if `added` < *i* ≤ `revoked`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyStatus {
    #[schema(example = "moh")]
    iss: String,
    #[schema(example = "ana")]
    sub: String,
    #[schema(minimum = 0)]
    added: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<u64>,
    /// What it signed with `received` from this Unix millisecond on is disputed.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
}

/// The leaf that stands where the one asked for would, which shows that it is not there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MapLeaf {
    key: String,
    value: String,
}

/// Where a stream ended
///
/// A proof that the stream ended with this event, or was empty, when the ledger last committed itself to its heads: whoever
/// shows the stream without it withholds what came last.
#[utoipa::path(get, path = "/v1/streams/{stream}/head", tag = "log",
    params(("stream" = String, Path, description = "Percent-encoded", example = "case/7Q")),
    security(("ledger_key" = ["read"])),
    responses((status = 200, body = HeadsProof, description = "The record, and one stream proof"), Guarded))]
pub(crate) async fn stream(
    State(app): State<Arc<App>>,
    Path(stream): Path<Stream>,
    headers: HeaderMap,
) -> Result<Json<HeadsProof>, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    if !may_read(&app, &caller, &stream).await? {
        return Err(WebError::NotAParty);
    }
    let proof = app.ledger.heads_proof(&[stream], &[]).await?;
    Ok(Json(proof.ok_or(WebError::NothingCommitted)?.into()))
}

/// What a key is
///
/// A proof of whose the key is and where in the log it is good, or that it is not known, when the ledger last committed itself.
#[utoipa::path(get, path = "/v1/keys/{kid}/status", tag = "log",
    params(("kid" = String, Path, description = "RFC 7638 thumbprint")),
    security(("ledger_key" = ["registry"])),
    responses((status = 200, body = HeadsProof, description = "The record, and one key proof"), Guarded))]
pub(crate) async fn key(
    State(app): State<Arc<App>>,
    Path(kid): Path<Kid>,
    headers: HeaderMap,
) -> Result<Json<HeadsProof>, WebError> {
    app.caller(&headers, Scope::Registry)?;
    let proof = app.ledger.heads_proof(&[], &[kid]).await?;
    Ok(Json(proof.ok_or(WebError::NothingCommitted)?.into()))
}

impl From<heads::HeadsProof> for HeadsProof {
    fn from(proof: heads::HeadsProof) -> Self {
        let heads::HeadsRecord { index, received, entry, proof: receipt } = proof.record;
        Self {
            record: Record { index, received, entry, proof: receipt },
            streams: proof.streams.into_iter().map(StreamProof::from).collect(),
            keys: proof.keys.into_iter().map(KeyProof::from).collect(),
        }
    }
}

impl From<heads::StreamProof> for StreamProof {
    fn from(proof: heads::StreamProof) -> Self {
        let head = proof.head.map(|head| Head { seq: head.seq, last: head.last.to_string() });
        let (siblings, leaf) = way(&proof.proof);
        Self { stream: proof.stream.to_string(), head, siblings, leaf }
    }
}

impl From<heads::KeyProof> for KeyProof {
    fn from(proof: heads::KeyProof) -> Self {
        let status = proof.status.map(|status| {
            let heads::KeyStatus { iss, sub, added, revoked, since } = status;
            KeyStatus { iss, sub, added, revoked, since }
        });
        let (siblings, leaf) = way(&proof.proof);
        Self { kid: proof.kid.to_string(), status, siblings, leaf }
    }
}

fn way(proof: &MapProof) -> (Vec<String>, Option<MapLeaf>) {
    let leaf = proof.leaf.map(|(key, value)| MapLeaf { key: hash_text(&key), value: hash_text(&value) });
    (proof.siblings.iter().map(hash_text).collect(), leaf)
}
