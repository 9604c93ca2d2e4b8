//! `POST /oauth/token`: a token for a key that is registered on the ledger (RFC 6749 §4.4, RFC 7523).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::assertion::Assertion;
use crate::error::WebError;
use crate::refusals::Any;
use crate::token::{LIFE_S, SCOPES, Scope, joined, speaks_for};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Longest form, bytes.
pub(crate) const FORM_LIMIT: usize = 16 << 10;

/// A request for an access token. Each parameter at most once; unknown ones are ignored (RFC 6749 §3.2).
#[derive(Deserialize, ToSchema)]
#[schema(as = TokenRequest)]
pub(crate) struct Asked {
    #[schema(nullable = false, required = true, example = "client_credentials")]
    grant_type: Option<String>,
    #[schema(
        nullable = false,
        required = true,
        example = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    )]
    client_assertion_type: Option<String>,
    /// JWS, header `{"alg":"Ed25519","typ":"JWT","kid":…}`, claims `iss`, `sub`, `aud`, `jti`, `iat`, `exp`;
    /// good once.
    #[schema(required = true)]
    client_assertion: Option<String>,
    /// A part of the scopes one has; without it all of them.
    #[schema(example = "append read")]
    scope: Option<String>,
    /// Not needed; if given, the assertion's `sub`.
    #[schema(example = "moh/ana")]
    client_id: Option<String>,
}

/// An access token (RFC 6749 §5.1).
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names are RFC 6749's")]
pub(crate) struct Token {
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    #[schema(example = 600)]
    expires_in: i64,
    #[schema(example = "append read registry")]
    scope: String,
}

/// Why there is no token (RFC 6749 §5.2).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenRefused {
    /// `invalid_request`, `invalid_client`, `unsupported_grant_type` or `invalid_scope`.
    #[schema(example = "invalid_client")]
    error: &'static str,
    error_description: &'static str,
}

/// A refusal in OAuth's own shape, or one that any call may meet.
#[derive(Debug)]
pub(crate) enum Refused {
    OAuth(TokenRefused),
    Web(WebError),
}

/// Get an access token
#[utoipa::path(post, path = "/oauth/token", tag = "authority",
    request_body(content = Asked, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = Token, description = "A token"),
        Any,
        (status = 400, body = TokenRefused,
            description = "`invalid_request`, `unsupported_grant_type` or `invalid_scope`"),
        (status = 401, body = TokenRefused,
            description = "`invalid_client`: the assertion does not hold, or its key does not speak for the client now"),
    ))]
pub(crate) async fn token(
    State(app): State<Arc<App>>,
    form: Result<Form<Asked>, FormRejection>,
) -> Result<Response, Refused> {
    let Form(asked) = form?;
    let grant_type = asked.grant_type.ok_or(invalid_request("grant_type is missing"))?;
    if grant_type != "client_credentials" {
        return Err(refused("unsupported_grant_type", "grant_type must be client_credentials"));
    }
    if asked.client_assertion_type.as_deref() != Some(ASSERTION_TYPE) {
        return Err(invalid_request("client_assertion_type must be that of RFC 7523, …:jwt-bearer"));
    }
    let jwt = asked.client_assertion.ok_or(invalid_request("client_assertion is missing"))?;
    let now = app.now_s()?;
    let assertion = Assertion::read(&jwt, app.ledger.origin(), now).map_err(invalid_client)?;
    if asked.client_id.is_some_and(|id| id != assertion.client) {
        return Err(invalid_client("client_id is not the assertion's sub"));
    }
    let scopes = authenticate(&app, &assertion, asked.scope.as_deref())?;
    remember(&app, &assertion).await?;
    let token = Token {
        access_token: app.mint(&assertion.client, assertion.kid(), &scopes, now)?,
        token_type: "Bearer",
        expires_in: LIFE_S,
        scope: joined(&scopes),
    };
    Ok(([(header::PRAGMA, "no-cache")], Json(token)).into_response())
}

/// What the assertion's key opens now, less what was not asked for. One sentence for an unknown key, a
/// revoked one, another's and a bad signature: who does not hold the key learns nothing about it.
fn authenticate(
    app: &App,
    assertion: &Assertion<'_>,
    asked: Option<&str>,
) -> Result<BTreeSet<Scope>, Refused> {
    let registry = app.ledger.registry();
    let kid = assertion.kid();
    let holds = registry.key(&kid).is_some_and(|record| assertion.jws.verify(&record.key).is_ok());
    if !holds || !speaks_for(&registry, &kid, &assertion.client) {
        return Err(invalid_client("the assertion is not signed with a key that speaks for this client now"));
    }
    let has = registry.scopes(&kid);
    let Some(asked) = asked else { return Ok(has) };
    let wanted: Option<BTreeSet<Scope>> = asked.split(' ').map(scope).collect();
    match wanted {
        Some(wanted) if wanted.is_subset(&has) => Ok(wanted),
        _ => {
            Err(refused("invalid_scope", "a scope that was asked for does not exist or is not the client's"))
        }
    }
}

/// An assertion is good once, at whichever server of the ledger.
async fn remember(app: &App, assertion: &Assertion<'_>) -> Result<(), Refused> {
    // The ledger purges by its own clock, which may be simulated and ahead of the one assertions live by.
    let ledger_now = i64::try_from(app.ledger.now_ms() / 1000).unwrap_or(i64::MAX);
    let keep_until = assertion.expires.max(ledger_now.saturating_add(LIFE_S));
    let fresh = app.ledger.remember_assertion(assertion.id(), keep_until).await.map_err(WebError::from)?;
    if fresh { Ok(()) } else { Err(invalid_client("the assertion was used before; sign a new one")) }
}

fn scope(name: &str) -> Option<Scope> {
    SCOPES.into_iter().map(|(scope, _)| scope).find(|scope| scope.as_str() == name)
}

fn refused(error: &'static str, error_description: &'static str) -> Refused {
    Refused::OAuth(TokenRefused { error, error_description })
}

fn invalid_request(why: &'static str) -> Refused {
    refused("invalid_request", why)
}

fn invalid_client(why: &'static str) -> Refused {
    refused("invalid_client", why)
}

impl From<WebError> for Refused {
    fn from(error: WebError) -> Self {
        Self::Web(error)
    }
}

impl From<FormRejection> for Refused {
    fn from(rejection: FormRejection) -> Self {
        match rejection.status() {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                WebError::MediaType("`application/x-www-form-urlencoded`").into()
            }
            StatusCode::PAYLOAD_TOO_LARGE => WebError::BodyTooLarge(FORM_LIMIT as u64).into(),
            _ => invalid_request("the body is not a form with each parameter at most once"),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Web(error) => error.into_response(),
            Self::OAuth(refused) if refused.error == "invalid_client" => {
                let challenge = [(header::WWW_AUTHENTICATE, r#"Bearer realm="sijill""#)];
                (StatusCode::UNAUTHORIZED, challenge, Json(refused)).into_response()
            }
            Self::OAuth(refused) => (StatusCode::BAD_REQUEST, Json(refused)).into_response(),
        }
    }
}
