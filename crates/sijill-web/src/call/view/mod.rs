//! The calls that answer from read models: rows, filtered and sorted, as known at any size of the log.
//!
//! A row tells of a case what `GET /v1/cases/{id}` and the calls beneath it tell the same caller, and is there exactly for whom
//! they are; the condition is part of the question to the database (`sijill_projections::query`).

pub(crate) mod asked;
pub(crate) mod csv;
mod list;
pub(crate) mod rows;
mod sight;

pub use csv::view_table;
pub(super) use csv::{KIND as CSV, harmless};
pub use rows::view_row;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list::views)).routes(routes!(rows::rows))
}
