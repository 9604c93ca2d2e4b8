//! Problem details (RFC 9457): the one shape of every refusal.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The media type of every refusal but those of `/oauth/token` (RFC 6749).
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was refused (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:sijill:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:sijill:problem:stream-conflict")]
    pub kind: String,
    /// The code as words; the same for every occurrence.
    #[schema(example = "Stream conflict")]
    pub title: String,
    /// The HTTP status, also in lines of an NDJSON answer.
    #[schema(minimum = 400, maximum = 599, example = 409)]
    pub status: u16,
    /// A sentence for the person who has to mend it. It may change, the code may not.
    pub detail: String,
    /// Stable and kebab-case; the table of all codes is at the end of `docs/api.md`.
    #[schema(example = "stream-conflict")]
    pub code: String,
    /// Where the stream is now: with a conflict, for those who may know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
}

/// The last event of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Head {
    /// Its `seq`.
    #[schema(minimum = 0)]
    pub seq: u64,
    /// The hash of its JWT, base64url: the `prev` of the next event.
    #[schema(example = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg")]
    pub last: String,
}

impl Problem {
    /// A problem without a head.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:sijill:problem:{code}"),
            title: title(code),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.to_owned(),
            head: None,
        }
    }
}

/// `stream-conflict` → `Stream conflict`.
fn title(code: &str) -> String {
    let words = code.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON))];
        (status, kind, Json(self)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_five_members_of_the_contract() {
        let problem = Problem::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here.");
        insta::assert_json_snapshot!(problem, @r#"
        {
          "type": "urn:sijill:problem:not-found",
          "title": "Not found",
          "status": 404,
          "detail": "There is nothing here.",
          "code": "not-found"
        }
        "#);
    }
}
