//! For whoever watches over the server.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::WebError;
use crate::refusals::Any;

/// The server's state of health.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(example = "ready")]
    status: &'static str,
}

/// Whether the process is alive
#[utoipa::path(get, path = "/health/live", tag = "operation", responses((status = 200, body = Health, description = "It is")))]
pub(crate) async fn live() -> Json<Health> {
    Json(Health { status: "live" })
}

/// Whether the ledger can append
#[utoipa::path(get, path = "/health/ready", tag = "operation", responses((status = 200, body = Health, description = "It can"), Any))]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Result<Json<Health>, WebError> {
    if app.stop.is_cancelled() {
        return Err(WebError::Stopping);
    }
    app.ledger.ready().await.map_err(WebError::NotReady)?;
    Ok(Json(Health { status: "ready" }))
}

/// Metrics, as Prometheus text
#[utoipa::path(get, path = "/metrics", tag = "operation",
    responses(
        (status = 200, body = String, content_type = "text/plain; version=0.0.4",
            description = "Those of the server and of the ledger"),
        Any,
    ))]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, WebError> {
    let metrics = app.settings.metrics.as_ref().ok_or(WebError::NotFound)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.render())
        .into_response())
}
