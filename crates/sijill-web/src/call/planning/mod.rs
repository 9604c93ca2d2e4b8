//! The calls for planning: what a unit has to expect, and what somebody who works on a case should look at (`docs/planning.md`).
//!
//! ```text
//! forecast.rs   what each unit has to expect       told.rs   the same as JSON and as a table
//! warnings.rs   early warnings, for who may know of their cases
//! ```

mod forecast;
mod told;
mod warnings;

pub use told::{ForecastAnswer, WarningsAnswer, forecast_table, warnings_table};

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accept::quality;
use crate::app::App;
use crate::call::view::CSV;
use crate::call::view::asked::At;
use crate::call::view::rows::Known;
use crate::error::WebError;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(forecast::forecast)).routes(routes!(warnings::warnings))
}

/// A table, with the log it is of beside it, for which it has no other place.
fn beside(known: &Known, name: &str, version: u32, table: Vec<u8>) -> Response {
    let mut response = ([(header::CONTENT_TYPE, HeaderValue::from_static(TABLE))], table).into_response();
    known.name((name, version), true, response.headers_mut());
    response
}

/// The log as of what was asked, of models that have come to `position`.
async fn known(app: &App, asked: Option<&str>, position: u64) -> Result<Known, WebError> {
    let asked = asked.map(At::read).transpose()?;
    Known::at(app, At::size(asked, app, position).await?).await
}

const TABLE: &str = "text/csv; charset=utf-8; header=present";

/// In which form an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Json,
    Csv,
}

impl Format {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }
}

/// Whether a table is wanted: by name, or by `Accept`.
fn is_table(format: Option<Format>, headers: &HeaderMap) -> bool {
    format.map_or_else(
        || quality(headers, CSV) > quality(headers, "application/json"),
        |format| format == Format::Csv,
    )
}
