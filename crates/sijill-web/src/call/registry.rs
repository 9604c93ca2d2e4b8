//! `GET /v1/registry`: who may do what, now or before any entry.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use sijill_domain::Registry;
use utoipa::IntoParams;

use super::registry_shape::RegistryShape;
use crate::app::App;
use crate::error::WebError;
use crate::extract::{Query, number_if_any};
use crate::refusals::Guarded;
use crate::token::Scope;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// As it was before this entry; without it, after the last published one.
    #[serde(default, deserialize_with = "number_if_any")]
    at: Option<u64>,
}

/// The registry as it was before an entry: the registry's own words, and where it stands.
#[derive(Serialize)]
pub(crate) struct Authority {
    /// Before which entry this was so.
    at: u64,
    #[serde(flatten)]
    registry: Arc<Registry>,
    /// Of a registry that entry 0 has not founded yet, which leaves them out: the shape is one.
    #[serde(flatten)]
    unfounded: Option<Unfounded>,
}

/// What entry 0 fixes: null before it.
#[derive(Default, Serialize)]
struct Unfounded {
    origin: (),
    created: (),
    clock: (),
    founders: (),
    witnesses: (),
}

/// Read the registry of authority
#[utoipa::path(get, path = "/v1/registry", tag = "authority", params(Asked),
    security(("ledger_key" = ["registry"])),
    responses((status = 200, body = RegistryShape, description = "The registry"), Guarded))]
pub(crate) async fn registry(
    State(app): State<Arc<App>>,
    Query(Asked { at }): Query<Asked>,
    headers: HeaderMap,
) -> Result<Json<Authority>, WebError> {
    app.caller(&headers, Scope::Registry)?;
    let published = app.ledger.published();
    let size = published.checkpoint.size;
    let (at, registry) = match at {
        Some(at) if at > size => return Err(WebError::NotPublished { size }),
        Some(at) if at < size => (at, Arc::new(app.ledger.registry_at(at).await?)),
        _ => (size, Arc::clone(&published.registry)),
    };
    let unfounded = registry.created().is_none().then(Unfounded::default);
    Ok(Json(Authority { at, registry, unfounded }))
}
