//! The layers around every call: limits, time, security headers, and refusals in one shape.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::accept::{essence, quality};
use crate::app::App;
use crate::error::WebError;
use crate::rate;

/// One client address's share.
pub(crate) async fn rate(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, WebError> {
    if let Some(rate) = &app.rate {
        let address = rate::client(request.headers(), request.extensions(), app.settings.behind_proxy);
        rate.take(address).map_err(|after_s| WebError::RateLimited { after_s })?;
    }
    Ok(next.run(request).await)
}

/// Requests worked on at once. Those above are told to come back rather than queued: a queue would only hide
/// the overload until everybody's time is up.
pub(crate) async fn limit(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, WebError> {
    let _working = app.requests.try_acquire().map_err(|_| WebError::Overloaded("requests"))?;
    Ok(next.run(request).await)
}

/// Until the head of the answer. What the ledger has been given by then it finishes all the same.
pub(crate) async fn within(
    State(time): State<Duration>,
    request: Request,
    next: Next,
) -> Result<Response, WebError> {
    tokio::time::timeout(time, next.run(request)).await.map_err(|_| WebError::TimedOut)
}

/// Refuses a reading whose answer the client does not accept. A `POST` or `PUT` has taken effect by now and
/// is answered as it is (RFC 9110 §12.1 leaves that to the server).
pub(crate) async fn negotiate(request: Request, next: Next) -> Result<Response, WebError> {
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let accept: HeaderMap = request
        .headers()
        .get_all(header::ACCEPT)
        .iter()
        .map(|range| (header::ACCEPT, range.clone()))
        .collect();
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    match kind {
        Some(kind) if reading && response.status().is_success() && quality(&accept, essence(kind)) == 0 => {
            Err(WebError::NotAcceptable)
        }
        _ => Ok(response),
    }
}

/// Turns the bare refusals of the libraries below into problems, so that no client meets another shape.
pub(crate) async fn problems_everywhere(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(essence);
    if !is_error || kind.is_some_and(|kind| kind.ends_with("json")) {
        return response;
    }
    let error = match status {
        StatusCode::NOT_FOUND => WebError::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => WebError::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => WebError::BodyTooLarge(0),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => WebError::MediaType("of the type this call documents"),
        // Bodies are read by this crate; what is left for the router to refuse is a path that does not
        // decode.
        _ if status.is_client_error() => WebError::Path("it cannot be decoded"),
        _ => WebError::Internal,
    };
    let mut problem = error.into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}

/// A panic is a bug, and its text may hold what the request held: neither the client nor the log gets it.
pub(crate) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a call panicked");
    WebError::Internal.into_response()
}

/// Nothing here is a page, so nothing may be loaded, framed, sniffed or kept, unless the call says otherwise.
pub(crate) async fn security_headers(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.settings.https_only {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}
