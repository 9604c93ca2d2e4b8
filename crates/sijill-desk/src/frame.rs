//! The frame around every page: language, where a POST comes from, how a refusal looks, headers.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use crate::desk::Office;
use crate::{DeskError, View, cookie, page};

/// Nothing but this site's own files; nothing inline; no frame around it.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(crate) async fn frame(State(office): State<Arc<Office>>, mut request: Request, next: Next) -> Response {
    let view = View::of(request.uri(), request.headers());
    let chosen = view.chosen(request.uri());
    let wants_json = wants_json(request.headers());
    request.extensions_mut().insert(view.clone());
    let response = match from_own_page(&office, request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    let mut response = face(&view, wants_json, response);
    let headers = response.headers_mut();
    for (name, value) in chosen {
        if let Some(cookie) = cookie::setting(name, value, office.secure()) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    guard(headers, office.secure());
    response
}

/// Refuses a request that changes something unless it says that a page of this site made it. (`SameSite=Strict` keeps
/// the session out of other sites' requests already; this also covers sites on the same domain.)
fn from_own_page(office: &Office, method: &Method, headers: &HeaderMap) -> Result<(), DeskError> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let elsewhere = headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin");
    match site(office, headers) {
        Some(_) if !elsewhere => Ok(()),
        _ => Err(DeskError::Site),
    }
}

/// Which of the desk's origins a request says it comes from.
pub(crate) fn site<'a>(office: &'a Office, headers: &HeaderMap) -> Option<&'a str> {
    let origin = headers.get(header::ORIGIN)?.to_str().ok()?;
    office.desk.sites.iter().find(|site| *site == origin).map(String::as_str)
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("application/json") && !accept.contains("text/html")
}

/// A refusal as a page for people, as a problem (RFC 9457) for scripts; whoever must sign in is taken there.
fn face(view: &View, wants_json: bool, response: Response) -> Response {
    let status = response.status();
    let refusal = response.extensions().get::<DeskError>().copied();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    // A form with its errors beside the fields is a page of its own, whatever its status.
    let is_page = kind.is_some_and(|kind| kind.starts_with("text/html"));
    let error = match refusal {
        Some(error) => error,
        None if is_page || !(status.is_client_error() || status.is_server_error()) => return response,
        None => DeskError::of_status(status),
    };
    if wants_json {
        let code = error.code();
        let problem = json!({
            "type": format!("urn:sijill:problem:{code}"), "title": error.to_string(),
            "status": error.status().as_u16(), "detail": view.t(error.text()), "code": code,
        });
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))];
        return (error.status(), kind, Json(problem)).into_response();
    }
    if error == DeskError::SignedOut {
        return Redirect::to("/desk/sign-in").into_response();
    }
    (error.status(), page::refusal::page(view, error)).into_response()
}

fn guard(headers: &mut HeaderMap, secure: bool) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: browsers would then send `Origin: null` with the desk's own forms.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Language, Cookie"));
    if secure {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
}
