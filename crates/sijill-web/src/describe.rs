//! The API's own description: the OpenAPI document, and its rendering from assets inside the program.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ClientCredentials, Flow, OAuth2, Scopes, SecurityScheme};
use utoipa::{Modify, OpenApi as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::Config;

use crate::accept::essence;
use crate::app::App;
use crate::error::WebError;
use crate::problem::Problem;
use crate::{call, token};

/// What Swagger UI needs, all of it from here.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Swagger UI's page names no viewport, and without one a phone shows it as wide as a desk.
const VIEWPORT: &str = r#"<meta name="viewport" content="width=device-width, initial-scale=1">"#;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Sijill, the case ledger",
        description = "The HTTP API of one ledger. `docs/api.md` says the same in prose, with the table of all error codes."
    ),
    modifiers(&Security),
    components(schemas(Problem)),
    tags(
        (name = "events", description = "Appending signed events and reading them"),
        (name = "cases", description = "Cases under rule-set 2: state, history, queues, what one may do, and values to those who need to know (`docs/casework.md`)"),
        (name = "views", description = "Read models: rows of cases, referrals, deadlines and more, filtered and sorted, as known at any size of the log"),
        (name = "planning", description = "What units have to expect, and early warnings (`docs/planning.md`)"),
        (name = "figures", description = "Indicators: counted facts, as known at any size of the log, and the facts behind each"),
        (name = "documents", description = "What the members publish: policies, calendars, code lists; and the schemas of events"),
        (name = "log", description = "The transparency log: checkpoint, tiles and proofs (C2SP). Public but for the entries"),
        (name = "authority", description = "Who may do what: the registry, and access tokens"),
        (name = "operation", description = "For those who run the server"),
    )
)]
struct Described;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut OpenApi) {
        let scopes = token::SCOPES.map(|(scope, opens)| (scope.as_str(), opens));
        let flow = ClientCredentials::new("/oauth/token", Scopes::from_iter(scopes));
        let scheme = OAuth2::with_description(
            [Flow::ClientCredentials(flow)],
            "Client credentials with `private_key_jwt` (RFC 7523): the key is the one registered on the ledger.",
        );
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("ledger_key", SecurityScheme::OAuth2(scheme));
    }
}

/// The OpenAPI 3.1 document of the whole API, as `/openapi.json` serves it.
pub fn openapi() -> OpenApi {
    let mut document = OpenApiRouter::<Arc<App>>::with_openapi(Described::openapi())
        .merge(call::prompt())
        .merge(call::published())
        .merge(call::uploads())
        .merge(call::tokens())
        .merge(call::probes())
        .into_openapi();
    // The router's way to say that a parameter spans segments is none of OpenAPI's.
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    document
}

/// `/openapi.json` and `/docs`.
pub(crate) fn pages() -> Router<Arc<App>> {
    let document = Arc::new(openapi());
    let config = Config::new(["/openapi.json"]).validator_url("none").use_base_layout();
    let page = Router::new()
        .route("/docs/", get(asset))
        .route("/docs/{*file}", get(asset))
        .with_state(Arc::new(config));
    Router::new()
        .route("/openapi.json", get(async move || Json(Arc::clone(&document)).into_response()))
        .route("/docs", get(async || Redirect::permanent("/docs/")))
        .merge(page)
}

async fn asset(
    file: Option<Path<String>>,
    State(config): State<Arc<Config<'static>>>,
) -> Result<Response, WebError> {
    let name = file.as_ref().map_or("", |Path(name)| name.as_str());
    let found = utoipa_swagger_ui::serve(name, config).map_err(|_| WebError::Internal)?;
    let file = found.ok_or(WebError::NotFound)?;
    let bytes = match std::str::from_utf8(&file.bytes) {
        Ok(page) if essence(&file.content_type) == "text/html" => {
            page.replacen("<head>", &format!("<head>\n    {VIEWPORT}"), 1).into_bytes()
        }
        _ => file.bytes.into_owned(),
    };
    let kind = HeaderValue::try_from(file.content_type).map_err(|_| WebError::Internal)?;
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    Ok((headers, bytes).into_response())
}
