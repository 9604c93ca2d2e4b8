//! Everything this crate says no to, each with its code and status, and the one mapping of the ledger's own
//! refusals.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sijill_ledger::{
    ATTACHMENT_LIMIT, AttachmentError, Busy, LedgerError, LookUpError, Refused, RefusedKind,
};
use sijill_projections::ProjectionError;

use crate::problem::{Head, Problem};

/// Seconds after which a request that met a passing obstacle may be sent again.
const RETRY_AFTER_S: u64 = 1;

/// A request that was refused. [`code`](Self::code) is stable; the sentence may change. No sentence repeats
/// what a request held, so an error may be logged.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each variant is its documentation")]
#[non_exhaustive]
pub enum WebError {
    #[error("there is nothing at this address")]
    NotFound,
    #[error("this address does not answer to this method; `Allow` says to which")]
    MethodNotAllowed,
    #[error("none of the media types in `Accept` is one this call answers with")]
    NotAcceptable,
    #[error("the body must be {0}")]
    MediaType(&'static str),
    #[error("the body is longer than {0} bytes")]
    BodyTooLarge(u64),
    #[error("the body ended early or could not be read")]
    BodyUnreadable,
    #[error("a file with this digest was erased by order and is not taken again")]
    AttachmentErased,
    #[error("no release that is yours, still open and not long ago holds this file")]
    AttachmentNotReleased,
    #[error("the body is empty")]
    BodyEmpty,
    #[error("the body is not UTF-8")]
    BodyNotUtf8,
    #[error("the body holds more than {0} lines; send the rest in another request")]
    TooManyLines(usize),
    #[error("the query is not one this call understands: {0}")]
    Query(String),
    #[error("the path does not name anything: {0}")]
    Path(&'static str),
    #[error("the header `{0}` is malformed")]
    Header(&'static str),
    #[error("this log has no such place yet; its published size is {size}")]
    NotPublished { size: u64 },
    #[error("no quorum of witnesses has cosigned a checkpoint since this server began, or none is asked to")]
    NothingWitnessed,
    #[error("the ledger has not committed itself to its heads yet")]
    NothingCommitted,

    #[error("this call needs an access token: `Authorization: Bearer …`, from `POST /oauth/token`")]
    TokenMissing,
    #[error("the access token is not one this ledger gave out")]
    TokenInvalid,
    #[error("the access token has expired; get another")]
    TokenExpired,
    #[error("the key behind the access token no longer speaks for its holder")]
    TokenDead,
    #[error("the access token's scope does not open this; needed: `{0}`")]
    ScopeMissing(&'static str),
    #[error("the caller's agency is not a party to this stream")]
    NotAParty,
    #[error("there is no such case or contact, or none the caller may know of")]
    CaseUnknown,
    #[error("this is for {0} to see")]
    NotYours(&'static str),
    #[error("the body is not the request that this call answers, signed by the caller")]
    NotARequest,
    #[error("no proposal names a document with this hash, or its bytes are not held")]
    DocumentUnknown,
    #[error("no code list with this id is in force")]
    ListUnknown,
    #[error("there is no event type of this name")]
    TypeUnknown,
    #[error("there is no view of this name; `/v1/views` lists them")]
    ViewUnknown,
    #[error("there is no indicator of this name; `/v1/figures` lists them")]
    IndicatorUnknown,
    #[error("no figures of this month are published; `/v1/publications` lists them")]
    PublicationUnknown,
    #[error("this view is being built; ask again in a moment")]
    ViewNotBuilt,
    #[error("this view has taken in {position} entries of the log so far; ask again in a moment")]
    ViewBehind { position: u64 },

    #[error("too many requests from this address")]
    RateLimited { after_s: u64 },
    #[error("the server is at its limit of simultaneous {0}")]
    Overloaded(&'static str),
    #[error("this took too long; what was sent may have been taken: sending the same bytes again is safe")]
    TimedOut,
    #[error("the server is not ready to append: {0}")]
    NotReady(&'static str),
    #[error("the server is stopping")]
    Stopping,
    #[error("the ledger's database does not answer now; sending the same request again is safe")]
    Unavailable,
    #[error("something failed inside the server; its log says what")]
    Internal,

    #[error("{}", .0.message)]
    Refused(Refused),
    #[error(transparent)]
    Busy(#[from] Busy),
}

impl WebError {
    /// The stable kebab-case code of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::NotAcceptable => "not-acceptable",
            Self::MediaType(_) => "media-type",
            Self::BodyTooLarge(_) => "body-too-large",
            Self::BodyUnreadable => "body-unreadable",
            Self::BodyEmpty => "body-empty",
            Self::AttachmentErased => "attachment-erased",
            Self::AttachmentNotReleased => "attachment-not-released",
            Self::BodyNotUtf8 => "body-not-utf8",
            Self::TooManyLines(_) => "too-many-lines",
            Self::Query(_) => "query",
            Self::Path(_) => "path",
            Self::Header(_) => "header",
            Self::NotPublished { .. } => "not-published",
            Self::NothingWitnessed => "nothing-witnessed",
            Self::NothingCommitted => "nothing-committed",
            Self::TokenMissing => "token-missing",
            Self::TokenInvalid => "token-invalid",
            Self::TokenExpired => "token-expired",
            Self::TokenDead => "token-dead",
            Self::ScopeMissing(_) => "scope-missing",
            Self::NotAParty => "not-a-party",
            Self::CaseUnknown => "case-unknown",
            Self::NotYours(_) => "not-yours",
            Self::NotARequest => "not-a-request",
            Self::DocumentUnknown => "document-unknown",
            Self::ListUnknown => "list-unknown",
            Self::TypeUnknown => "type-unknown",
            Self::ViewUnknown => "view-unknown",
            Self::IndicatorUnknown => "indicator-unknown",
            Self::PublicationUnknown => "publication-unknown",
            Self::ViewNotBuilt => "view-not-built",
            Self::ViewBehind { .. } => "view-behind",
            Self::RateLimited { .. } => "rate-limited",
            Self::Overloaded(_) => "overloaded",
            Self::TimedOut => "timed-out",
            Self::NotReady(_) => "not-ready",
            Self::Stopping => "stopping",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
            Self::Refused(refused) => refused.code,
            Self::Busy(_) => "busy",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BodyUnreadable
            | Self::BodyEmpty
            | Self::BodyNotUtf8
            | Self::Query(_)
            | Self::Path(_)
            | Self::Header(_) => StatusCode::BAD_REQUEST,
            Self::TokenMissing | Self::TokenInvalid | Self::TokenExpired | Self::TokenDead => {
                StatusCode::UNAUTHORIZED
            }
            Self::ScopeMissing(_) | Self::NotAParty | Self::NotYours(_) => StatusCode::FORBIDDEN,
            Self::NotFound
            | Self::NotPublished { .. }
            | Self::NothingWitnessed
            | Self::NothingCommitted
            | Self::CaseUnknown
            | Self::AttachmentNotReleased
            | Self::DocumentUnknown
            | Self::ListUnknown
            | Self::TypeUnknown
            | Self::ViewUnknown
            | Self::IndicatorUnknown
            | Self::PublicationUnknown => StatusCode::NOT_FOUND,
            Self::NotARequest => StatusCode::UNPROCESSABLE_ENTITY,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::AttachmentErased => StatusCode::GONE,
            Self::BodyTooLarge(_) | Self::TooManyLines(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Overloaded(_)
            | Self::TimedOut
            | Self::NotReady(_)
            | Self::Stopping
            | Self::Unavailable
            | Self::ViewNotBuilt
            | Self::ViewBehind { .. }
            | Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Refused(refused) => refused_status(&refused.kind),
        }
    }

    /// One of each refusal this crate itself makes: for documentation and for tests that must miss none.
    pub fn examples() -> Vec<Self> {
        vec![
            Self::BodyUnreadable,
            Self::BodyEmpty,
            Self::BodyNotUtf8,
            Self::Query("…".into()),
            Self::Path("…"),
            Self::Header("Last-Event-ID"),
            Self::TokenMissing,
            Self::TokenInvalid,
            Self::TokenExpired,
            Self::TokenDead,
            Self::ScopeMissing("read:all"),
            Self::NotAParty,
            Self::CaseUnknown,
            Self::NotYours("the unit"),
            Self::NotARequest,
            Self::DocumentUnknown,
            Self::ListUnknown,
            Self::TypeUnknown,
            Self::ViewUnknown,
            Self::IndicatorUnknown,
            Self::PublicationUnknown,
            Self::ViewNotBuilt,
            Self::ViewBehind { position: 1 },
            Self::NotFound,
            Self::NotPublished { size: 1 },
            Self::NothingWitnessed,
            Self::NothingCommitted,
            Self::MethodNotAllowed,
            Self::NotAcceptable,
            Self::AttachmentErased,
            Self::AttachmentNotReleased,
            Self::BodyTooLarge(1),
            Self::TooManyLines(1),
            Self::MediaType("…"),
            Self::RateLimited { after_s: 1 },
            Self::Internal,
            Self::Overloaded("requests"),
            Self::TimedOut,
            Self::NotReady("…"),
            Self::Stopping,
            Self::Unavailable,
            Self::Busy(Busy),
        ]
    }

    /// The problem, as it stands in an answer of its own or in a line of an NDJSON answer.
    pub fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.status(), self.code(), self.to_string());
        if let Self::Refused(Refused { kind: RefusedKind::Conflict { head: Some((seq, last)) }, .. }) = self {
            problem.head = Some(Head { seq: *seq, last: last.to_string() });
        }
        problem
    }

    /// `WWW-Authenticate` (RFC 6750 §3): fixed text, nothing of the request comes back in it.
    fn challenge(&self) -> Option<String> {
        Some(match self {
            Self::TokenMissing => r#"Bearer realm="sijill""#.to_owned(),
            Self::TokenInvalid | Self::TokenExpired | Self::TokenDead => {
                format!(
                    r#"Bearer realm="sijill", error="invalid_token", error_description="{}""#,
                    self.code()
                )
            }
            Self::ScopeMissing(scope) => {
                format!(r#"Bearer realm="sijill", error="insufficient_scope", scope="{scope}""#)
            }
            _ => return None,
        })
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::RateLimited { after_s } => Some(*after_s),
            Self::Refused(Refused { kind: RefusedKind::Damaged, .. }) => None,
            _ => (self.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER_S),
        }
    }
}

fn refused_status(kind: &RefusedKind) -> StatusCode {
    match kind {
        RefusedKind::Malformed => StatusCode::BAD_REQUEST,
        RefusedKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RefusedKind::Forbidden => StatusCode::FORBIDDEN,
        RefusedKind::Conflict { .. } | RefusedKind::Reused => StatusCode::CONFLICT,
        RefusedKind::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        RefusedKind::Unavailable | RefusedKind::Damaged => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let mut response = self.problem().into_response();
        let mut set = |name, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        };
        if let Some(challenge) = self.challenge() {
            set(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after_s() {
            set(header::RETRY_AFTER, seconds.to_string());
        }
        response
    }
}

impl From<Refused> for WebError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// What failed below is the operator's business: it goes to the log, and the caller learns only whether it may pass.
impl From<LedgerError> for WebError {
    fn from(error: LedgerError) -> Self {
        tracing::error!(%error, "the ledger failed");
        if error.is_passing() { Self::Unavailable } else { Self::Internal }
    }
}

/// Read models are made from the log and can be made again: that they fail is the operator's business, too.
impl From<ProjectionError> for WebError {
    fn from(error: ProjectionError) -> Self {
        match error {
            ProjectionError::Question(why) => Self::Query(why),
            ProjectionError::NotBuilt(_) => Self::ViewNotBuilt,
            ProjectionError::Ahead { position, .. } => Self::ViewBehind { position },
            error => {
                tracing::error!(code = error.code(), %error, "the read models failed");
                if matches!(error, ProjectionError::Unavailable(_)) {
                    Self::Unavailable
                } else {
                    Self::Internal
                }
            }
        }
    }
}

impl From<LookUpError> for WebError {
    fn from(error: LookUpError) -> Self {
        match error {
            LookUpError::Busy(busy) => busy.into(),
            LookUpError::Ledger(error) => error.into(),
        }
    }
}

impl From<AttachmentError> for WebError {
    fn from(error: AttachmentError) -> Self {
        match error {
            AttachmentError::TooLarge => Self::BodyTooLarge(ATTACHMENT_LIMIT),
            AttachmentError::Empty => Self::BodyEmpty,
            AttachmentError::Erased => Self::AttachmentErased,
            AttachmentError::Broken(_) => Self::BodyUnreadable,
            AttachmentError::Ledger(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use sijill_store::StoreError;

    use super::*;

    #[test]
    fn only_what_may_pass_asks_the_caller_to_come_back() {
        let answered = |error: WebError| {
            let (code, response) = (error.code(), error.into_response());
            (code, response.status().as_u16(), response.headers().contains_key(header::RETRY_AFTER))
        };
        let below = |error: StoreError| answered(LedgerError::from(error).into());
        assert_eq!(below(StoreError::Unavailable("gone".into())), ("unavailable", 503, true));
        assert_eq!(below(StoreError::Retry("gave way".into())), ("unavailable", 503, true));
        assert_eq!(below(StoreError::corrupt("an entry")), ("internal", 500, false));
        for refused in Refused::examples() {
            let retry = ["unavailable", "not-witnessed"].contains(&refused.code);
            assert_eq!(answered(refused.clone().into()).2, retry, "{}", refused.code);
        }
    }
}
