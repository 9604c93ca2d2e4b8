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

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sijill_event::Entry;
use sijill_log::Hash;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accept::quality;
use crate::app::App;
use crate::call::view::CSV;
use crate::error::WebError;
use crate::hash_text;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(forecast::forecast)).routes(routes!(warnings::warnings))
}

/// The log that an answer is of.
struct At {
    size: u64,
    root: Hash,
    /// When its last entry was sequenced, Unix milliseconds.
    received: u64,
}

impl At {
    /// At this size: no larger than what is published, and what the models have come to.
    async fn of(app: &App, asked: Option<u64>, position: u64) -> Result<Self, WebError> {
        let published = app.ledger.published().checkpoint.size;
        let size = match asked {
            Some(size) if size > published => return Err(WebError::NotPublished { size: published }),
            Some(size) if size > position => return Err(WebError::ViewBehind { position }),
            Some(size) => size,
            None => position.min(published),
        };
        let root = app.ledger.root_at(size).await?;
        let last = match size.checked_sub(1) {
            Some(last) => app.ledger.entries(last, 1).await?.pop(),
            None => None,
        };
        let received = last.map(|(_, text)| Entry::parse(text.as_bytes()).map(|entry| entry.received));
        let received = received.transpose().map_err(|_| WebError::Internal)?.unwrap_or(0);
        Ok(Self { size, root, received })
    }

    /// Names the log beside a table, which has no other place for it.
    fn beside(&self, name: &str, table: Vec<u8>) -> Response {
        let mut response = ([(header::CONTENT_TYPE, HeaderValue::from_static(TABLE))], table).into_response();
        let headers = response.headers_mut();
        let mut set = |name: &'static str, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("sijill-size", self.size.to_string());
        set("sijill-root", hash_text(&self.root));
        set("content-disposition", format!("attachment; filename=\"{name}-{}.csv\"", self.size));
        response
    }
}

const TABLE: &str = "text/csv; charset=utf-8; header=present";

/// In which form an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Json,
    Csv,
}

/// Whether a table is wanted: by name, or by `Accept`.
fn is_table(format: Option<Format>, headers: &HeaderMap) -> bool {
    format.map_or_else(
        || quality(headers, CSV) > quality(headers, "application/json"),
        |format| format == Format::Csv,
    )
}
