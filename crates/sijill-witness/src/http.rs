//! The witness over HTTP: `POST /add-checkpoint`, `GET /<hex SHA-256 of a log's origin>/checkpoint` for other witnesses, and for its operator `GET /healthz` and `GET /metrics`.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use sijill_log::tlog_witness::SIZE_MEDIA_TYPE;

use crate::condition::{Condition, Refused};
use crate::error::WitnessError;
use crate::judge::Answer;
use crate::lines_of;
use crate::rate::{Rate, RateLimit};
use crate::witness::Witness;

/// Most bytes of a request: a proof of 63 hashes and a checkpoint with 64 cosignatures have less.
pub const MAX_BODY: usize = 65_536;
/// Until a request is answered. What was settled by then stays so.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a server may set.
#[derive(Clone)]
pub struct Settings {
    /// `None`: no limit per client address.
    pub rate: Option<Rate>,
    /// Only a proxy reaches the server, and it appends the client's address to `X-Forwarded-For`.
    pub behind_proxy: bool,
    /// What `/metrics` shows; `None` if this process records none.
    pub metrics: Option<Arc<dyn Fn() -> String + Send + Sync>>,
    /// What is asked besides before anything is cosigned.
    pub condition: Option<Arc<dyn Condition>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { rate: Some(Rate::default()), behind_proxy: false, metrics: None, condition: None }
    }
}

struct Door {
    witness: Witness,
    rate: Option<RateLimit>,
    behind_proxy: bool,
    metrics: Option<Arc<dyn Fn() -> String + Send + Sync>>,
    condition: Option<Arc<dyn Condition>>,
}

/// The routes. Serve them with the peer's address as connect info, or all clients share one bucket.
pub fn router(witness: Witness, settings: Settings) -> Router {
    let Settings { rate, behind_proxy, metrics, condition } = settings;
    let door = Arc::new(Door { witness, rate: rate.map(RateLimit::new), behind_proxy, metrics, condition });
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{log}/checkpoint", get(newest))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&door), limit))
        .route("/healthz", get(health))
        .route("/metrics", get(show_metrics))
        .layer(middleware::from_fn(plain))
        .with_state(door)
}

async fn add_checkpoint(State(door): State<Arc<Door>>, body: Bytes) -> Response {
    let started = Instant::now();
    let asked = async {
        if let Some(condition) = &door.condition {
            condition.may_cosign(&body).await?;
        }
        Ok(door.witness.add_checkpoint(&body).await)
    };
    let answered = tokio::time::timeout(PATIENCE, asked).await;
    let answered = match answered {
        Ok(Err(Refused { status, why })) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return counted(said(status, &why), started);
        }
        Ok(Ok(answered)) => Ok(answered),
        Err(late) => Err(late),
    };
    let response = match answered {
        Ok(Ok(answer)) => answer.into_response(),
        Ok(Err(error)) => error.into_response(),
        Err(_) => said(StatusCode::SERVICE_UNAVAILABLE, "the witness took too long; try again"),
    };
    counted(response, started)
}

fn counted(response: Response, started: Instant) -> Response {
    let status = response.status().as_u16().to_string();
    metrics::counter!("sijill_witness_requests_total", "status" => status).increment(1);
    metrics::histogram!("sijill_witness_request_seconds").record(started.elapsed().as_secs_f64());
    response
}

/// What was cosigned last of a log, for others to compare with what they have seen (C2SP tlog-witness, monitoring).
async fn newest(State(door): State<Arc<Door>>, Path(log): Path<String>) -> Response {
    match door.witness.newest(&log).await {
        Ok(Some(note)) => said(StatusCode::OK, &note.to_string()),
        Ok(None) => said(StatusCode::NOT_FOUND, "nothing was cosigned of such a log"),
        Err(error) => error.into_response(),
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match self {
            Self::Cosigned(lines) => said(status, &lines_of(&lines)),
            Self::Conflict { size } => {
                let kind = [(header::CONTENT_TYPE, SIZE_MEDIA_TYPE)];
                (status, kind, format!("{size}\n")).into_response()
            }
            Self::Malformed(why) | Self::NotConsistent(why) => said(status, &why.to_string()),
            Self::UnknownLog => said(status, "this log is not witnessed here"),
            Self::NotSigned => {
                said(status, "no trusted key of this log signed the checkpoint, or one did wrongly")
            }
            Self::OldAboveNew => said(status, "the old size is above the checkpoint's"),
        }
    }
}

impl IntoResponse for WitnessError {
    fn into_response(self) -> Response {
        let passing = [Self::Busy.code(), Self::Stopping.code(), Self::Moved.code(), Self::Unsettled.code()];
        if passing.contains(&self.code()) || matches!(self, Self::ClockUnset { .. }) {
            return said(StatusCode::SERVICE_UNAVAILABLE, &self.to_string());
        }
        // Its sentence may name files of this machine: the log has it.
        said(StatusCode::INTERNAL_SERVER_ERROR, "the witness cannot answer; its log says why")
    }
}

async fn health(State(door): State<Arc<Door>>) -> Response {
    let condition = door.condition.as_ref().map(|condition| condition.health());
    match door.witness.ready().await {
        Ok(()) => match condition {
            None => said(StatusCode::OK, "ok"),
            Some((true, text)) => said(StatusCode::OK, &text),
            Some((false, text)) => said(StatusCode::SERVICE_UNAVAILABLE, &text),
        },
        Err(error) => {
            tracing::error!(code = error.code(), %error, "not ready");
            said(StatusCode::SERVICE_UNAVAILABLE, error.code())
        }
    }
}

async fn show_metrics(State(door): State<Arc<Door>>) -> Response {
    match &door.metrics {
        Some(render) => (StatusCode::OK, render()).into_response(),
        None => said(StatusCode::NOT_FOUND, "this witness records no metrics"),
    }
}

async fn limit(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let Some(rate) = &door.rate else { return next.run(request).await };
    match rate.take(client(request.headers(), request.extensions(), door.behind_proxy)) {
        Ok(()) => next.run(request).await,
        Err(after) => {
            let mut response = said(StatusCode::TOO_MANY_REQUESTS, "too many requests from this address");
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after));
            response
        }
    }
}

/// Behind a trusted proxy the address that proxy appended; what stands further left is the client's own claim.
fn client(headers: &HeaderMap, extensions: &Extensions, behind_proxy: bool) -> IpAddr {
    let forwarded = || {
        let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    };
    let peer = || extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let believed = if behind_proxy { forwarded() } else { None };
    believed.or_else(peer).unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED))
}

/// Nothing here is a page, and no answer is worth keeping.
async fn plain(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn said(status: StatusCode, text: &str) -> Response {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    (status, format!("{text}{newline}")).into_response()
}
