//! What is remembered of a request: method, route template, status, time taken and an id drawn here. Never a
//! path, a query, a header or a body: those name streams and people.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use sijill_event::Uuid;
use tracing::Instrument;

/// Between two housekeepings of the metrics, which otherwise grow until somebody asks for them.
const UPKEEP: Duration = Duration::from_secs(5);
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Starts recording this process's metrics, the ledger's and the server's, for
/// [`Settings::metrics`](crate::Settings). Later calls return the same handle. Call it within a tokio
/// runtime.
///
/// # Errors When another recorder is installed already.
pub fn record_metrics() -> Result<PrometheusHandle, BuildError> {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = HANDLE.get() {
        return Ok(handle.clone());
    }
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let handle = PrometheusBuilder::new().set_buckets_for_metric(seconds, SECONDS)?.install_recorder()?;
    metrics::describe_counter!("http_requests_total", "Requests answered, by method, route and status.");
    metrics::describe_histogram!("http_request_duration_seconds", "Time to the head of the answer.");
    metrics::describe_gauge!("http_readers", "Range readings of the log open now.");
    let upkeep = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            upkeep.run_upkeep();
        }
    });
    Ok(HANDLE.get_or_init(|| handle).clone())
}

/// The outermost layer.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let id = Uuid::now_v7().to_string();
    let span = tracing::info_span!("request", method, route, id, status = tracing::field::Empty);

    let mut response = next.run(request).instrument(span.clone()).await;

    let status = response.status().as_u16();
    span.record("status", status);
    let took = started.elapsed();
    span.in_scope(|| {
        tracing::debug!(took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX), "answered");
    });
    metrics::counter!("http_requests_total", "method" => method, "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!("http_request_duration_seconds", "method" => method, "route" => route)
        .record(took.as_secs_f64());
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// A client may invent methods; each label value costs memory for ever.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}
