//! Merkle proofs (RFC 6962 §2.1) against published sizes. Public: they show hashes only.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sijill_log::{Hash, leaf_hash};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::error::WebError;
use crate::extract::{Query, number, number_if_any};
use crate::hash_text;
use crate::refusals::Named;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Inclusion {
    /// The entry.
    #[serde(deserialize_with = "number")]
    index: u64,
    /// The tree's size; without it, the published one.
    #[serde(default, deserialize_with = "number_if_any")]
    size: Option<u64>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Consistency {
    /// The smaller size.
    #[serde(deserialize_with = "number")]
    from: u64,
    /// The larger size; without it, the published one.
    #[serde(default, deserialize_with = "number_if_any")]
    to: Option<u64>,
}

/// Proof that the tree of `size` entries holds this leaf at `index`. Hashes are base64url.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InclusionProof {
    index: u64,
    size: u64,
    /// The leaf hash of the entry.
    leaf: String,
    /// From the leaf's sibling up to the root's child.
    proof: Vec<String>,
}

/// Proof that the tree of `from` entries is the beginning of that of `to`. Hashes are base64url.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsistencyProof {
    from: u64,
    to: u64,
    proof: Vec<String>,
}

/// Proof that an entry is in the log
///
/// Without `size`, a C2SP tlog-proof with the published checkpoint, as text; with it, JSON.
#[utoipa::path(get, path = "/v1/proofs/inclusion", tag = "log", params(Inclusion),
    responses(
        (status = 200,
            description = "A tlog-proof; with `size`, JSON",
            content((String = "text/plain; charset=utf-8"), (InclusionProof = "application/json"))),
        Named,
    ))]
pub(crate) async fn inclusion(
    State(app): State<Arc<App>>,
    Query(Inclusion { index, size }): Query<Inclusion>,
) -> Result<Response, WebError> {
    let published = app.ledger.published().checkpoint.size;
    if index >= size.unwrap_or(published) || size.is_some_and(|size| size > published) {
        return Err(WebError::NotPublished { size: published });
    }
    let Some(size) = size else {
        let receipt = app.ledger.receipt(index).await?;
        return Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], receipt.proof).into_response());
    };
    let proof = texts(&app.ledger.inclusion(index, size).await?);
    let entries = app.ledger.entries(index, 1).await?;
    let (_, entry) = entries.first().ok_or(WebError::Internal)?;
    Ok(Json(InclusionProof { index, size, leaf: hash_text(&leaf_hash(entry.as_bytes())), proof })
        .into_response())
}

/// Proof that the log only grew
#[utoipa::path(get, path = "/v1/proofs/consistency", tag = "log", params(Consistency),
    responses((status = 200, body = ConsistencyProof, description = "The proof"), Named))]
pub(crate) async fn consistency(
    State(app): State<Arc<App>>,
    Query(Consistency { from, to }): Query<Consistency>,
) -> Result<Json<ConsistencyProof>, WebError> {
    let published = app.ledger.published().checkpoint.size;
    let to = to.unwrap_or(published);
    if from > to || to > published {
        return Err(WebError::NotPublished { size: published });
    }
    let proof = texts(&app.ledger.consistency(from, to).await?);
    Ok(Json(ConsistencyProof { from, to, proof }))
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(hash_text).collect()
}
