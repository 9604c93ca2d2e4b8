//! What `/openapi.json` says of many calls: the refusals one may meet, and bodies that are no JSON.

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::problem::PROBLEM_JSON;

/// Bytes as they are.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it only describes")]
pub(crate) struct Octets(Vec<u8>);

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $($status:literal)+;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$($status),+].into_iter().map(|status| (status.to_string(), problem(status).into())).collect()
            }
        }
    )+};
}

refusals! {
    /// Any call may meet these.
    Any = 400 406 429 500 503;
    /// A call that names something which may not be there.
    Named = 400 404 406 429 500 503;
    /// The published log, which no caller has only a share of: as `Any`.
    Open = 400 406 500 503;
    /// As `Named`.
    OpenNamed = 400 404 406 500 503;
    /// A call that needs an access token.
    Guarded = 400 401 403 404 406 429 500 503;
    /// Appending: what the ledger says no to.
    Appending = 400 403 409 413 415 422 429 500 503;
    /// Asking for values: as appending, by a caller with a token.
    Disclosing = 400 401 403 404 409 413 415 422 429 500 503;
    /// Uploading.
    Uploading = 400 401 403 410 413 429 500 503;
}

/// A refusal with this status: its problem is described once, under `components`.
fn problem(status: u16) -> Response {
    let about = match status {
        400 => "Malformed; `code` says what.",
        401 => "No access token, or one that is not good (any more); see `WWW-Authenticate`.",
        403 => "The signer or caller may not do this.",
        404 => "Not there, or not published yet.",
        406 => "`Accept` leaves nothing this call can answer with.",
        409 => {
            "The stream has moved on (`head` says where it is, to those who may know), or the `jti` was used for other bytes."
        }
        410 => "Erased by order; not taken again.",
        413 => "Larger than allowed.",
        415 => "Not a media type this call takes.",
        422 => "Well formed and authorised, but at odds with the log.",
        429 => "Too many requests from this address; see `Retry-After`.",
        503 => "Not now. With `Retry-After`, sending the same bytes again is safe.",
        _ => "Something failed inside the server.",
    };
    let schema = Ref::from_schema_name("Problem");
    ResponseBuilder::new()
        .description(about)
        .content(PROBLEM_JSON, ContentBuilder::new().schema(Some(schema)).build())
        .build()
}
