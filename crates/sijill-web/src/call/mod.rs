//! The calls, one file each. Each says in its `#[utoipa::path]` what `/openapi.json` says of it.

mod append;
mod attachments;
mod case;
mod documents;
mod events;
mod figure;
mod heads;
mod health;
mod log;
mod next;
mod planning;
mod proofs;
mod publication;
mod registry;
mod registry_shape;
mod stream;
mod token;
mod view;

pub use planning::{ForecastAnswer, WarningsAnswer, forecast_table, warnings_table};
pub use view::{view_row, view_table};

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// Calls that are answered within the request's time.
pub(crate) fn prompt() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(append::append, events::range))
        .routes(routes!(events::one))
        .routes(routes!(next::next))
        .routes(routes!(stream::stream))
        .routes(routes!(heads::stream))
        .routes(routes!(heads::key))
        .routes(routes!(proofs::inclusion))
        .routes(routes!(proofs::consistency))
        .routes(routes!(log::entries))
        .routes(routes!(registry::registry))
        .routes(routes!(documents::put, documents::list))
        .routes(routes!(documents::bytes))
        .routes(routes!(documents::codes))
        .routes(routes!(documents::schema))
        .merge(case::calls())
        .merge(view::calls())
        .merge(planning::calls())
        .merge(figure::calls())
        .merge(publication::calls())
}

/// What every reader of the log fetches, by the hundred: small, immutable or nearly, and public.
pub(crate) fn published() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(log::checkpoint))
        .routes(routes!(log::witnessed))
        .routes(routes!(log::tile))
}

/// Calls that take as long as their body does.
pub(crate) fn uploads() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(attachments::put)).routes(routes!(attachments::get))
}

/// Calls for whoever watches over the server.
pub(crate) fn probes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
}

/// The token endpoint.
pub(crate) fn tokens() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(token::token)).layer(DefaultBodyLimit::max(token::FORM_LIMIT))
}
