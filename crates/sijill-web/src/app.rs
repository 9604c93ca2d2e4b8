//! What all calls share, and the order of the layers around them.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use sijill_ledger::Ledger;
use sijill_projections::forecast::Latest;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::error::WebError;
use crate::rate::RateLimit;
use crate::settings::Settings;
use crate::{call, describe, front, layer, observe, verification};

/// What every call can reach.
pub(crate) struct App {
    pub(crate) ledger: Ledger,
    pub(crate) settings: Settings,
    /// What units have to expect, as made last.
    pub(crate) forecasts: Latest,
    /// Cancelled when the server is to stop: live answers end, `/health/ready` says no.
    pub(crate) stop: CancellationToken,
    pub(crate) rate: Option<RateLimit>,
    pub(crate) requests: Arc<Semaphore>,
    pub(crate) readers: Arc<Semaphore>,
    /// In KiB.
    pub(crate) bodies: Arc<Semaphore>,
}

/// The API as one router. `stop` ends live answers; give the same to [`serve`](crate::serve).
pub fn router(ledger: Ledger, settings: Settings, stop: CancellationToken) -> Router {
    router_beside(Router::new(), ledger, settings, stop)
}

/// The API with pages beside it, which share its bounds on load and rate and nothing else: they have their own headers
/// and their own faces for errors. They are the desk's: `/` sends people to `/desk`.
pub fn router_beside(pages: Router, ledger: Ledger, settings: Settings, stop: CancellationToken) -> Router {
    let app = Arc::new(App {
        rate: settings.rate.and_then(RateLimit::new),
        requests: Arc::new(Semaphore::new(settings.requests)),
        readers: Arc::new(Semaphore::new(settings.readers)),
        bodies: Arc::new(Semaphore::new(settings.body_bytes / 1024)),
        forecasts: Latest::default(),
        ledger,
        settings,
        stop,
    });
    let within = |limit| from_fn_with_state(limit, layer::within);
    let (api, _) = call::prompt()
        .merge(call::tokens())
        .layer(within(app.settings.request_timeout))
        .merge(call::uploads().layer(within(app.settings.upload_timeout)))
        .split_for_parts();
    let (published, _) = call::published().layer(within(app.settings.request_timeout)).split_for_parts();
    let published = published.layer(from_fn_with_state(Arc::clone(&app), layer::limit));
    let (probes, _) = call::probes().split_for_parts();
    let front = front::page(pages.has_routes());
    let pages = pages
        .layer(from_fn_with_state(Arc::clone(&app), layer::limit))
        .layer(from_fn_with_state(Arc::clone(&app), layer::rate));
    // Outermost last. Probes are neither rate-limited nor refused for load: an overloaded server is still
    // alive. The published log is refused for load only: an honest reader of a large one needs hundreds of tiles at once.
    let router = api
        .merge(describe::pages())
        .merge(front)
        .merge(verification::page())
        .fallback(async || WebError::NotFound)
        .method_not_allowed_fallback(async || WebError::MethodNotAllowed)
        .layer(from_fn_with_state(Arc::clone(&app), layer::limit))
        .layer(from_fn_with_state(Arc::clone(&app), layer::rate))
        .merge(published)
        .merge(probes)
        .layer(from_fn(layer::negotiate))
        .layer(from_fn(layer::problems_everywhere))
        .layer(CatchPanicLayer::custom(layer::panicked));
    let router =
        if app.settings.cors_origins.is_empty() { router } else { router.layer(cors(&app.settings)) };
    router
        .layer(from_fn_with_state(Arc::clone(&app), layer::security_headers))
        .with_state(app)
        .merge(pages)
        .layer(from_fn(observe::observe))
}

fn cors(settings: &Settings) -> CorsLayer {
    let origins: Vec<HeaderValue> =
        settings.cors_origins.iter().filter_map(|origin| HeaderValue::try_from(origin).ok()).collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([
            header::LOCATION,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
            HeaderName::from_static("x-request-id"),
        ])
        .max_age(std::time::Duration::from_mins(10))
}
