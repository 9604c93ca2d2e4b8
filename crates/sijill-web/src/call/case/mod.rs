//! The calls about cases and contacts under rule-set 2 (`docs/casework.md`).

mod accesses;
mod actions;
mod disclosures;
mod history;
mod look_ups;
mod queue;
mod state;
pub(super) mod word;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(state::state))
        .routes(routes!(history::history))
        .routes(routes!(actions::actions))
        .routes(routes!(disclosures::disclose))
        .routes(routes!(look_ups::look_up))
        .routes(routes!(accesses::accesses))
        .routes(routes!(queue::queue))
}
