//! `GET /v1/forecast`: what each unit has to expect.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sijill_projections::forecast::{Forecasts, MODEL, UnitForecast};
use sijill_projections::query::Sight;

use super::told::{ForecastAnswer, forecast_table};
use super::{Format, beside, is_table, known};
use crate::app::App;
use crate::call::view::rows::Known;
use crate::error::WebError;
use crate::extract::Query;
use crate::refusals::Guarded;
use crate::token::Scope;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    agency: Option<String>,
    unit: Option<String>,
    at: Option<String>,
    format: Option<Format>,
}

/// Forecast workload and what will be overdue
///
/// For each unit of the caller's agency, for auditors of every agency: arrivals, completions, what is open and what is overdue at
/// the end of this week and the three after it, from the unit's own past and from times that are known; with the range that eight of
/// ten past errors lay within, and the model's error on the past beside that of naive forecasts. Of a past that is too short there
/// is none. Weeks begin on Sunday in Muscat. Expected values and errors are in thousandths.
#[utoipa::path(get, path = "/v1/forecast", tag = "planning",
    params(
        ("agency" = Option<String>, Query, example = "moh", description = "Only units of this agency"),
        ("unit" = Option<String>, Query, example = "hospital-ma", description = "Only units of this id"),
        ("at" = Option<String>, Query, example = "2026-11-01T00:00:00Z", description = "As known at this size of the log, or at this time (RFC 3339); without it, now, or less than a thousandth of the log before"),
        ("format" = Option<String>, Query, example = "csv", description = "`json` or `csv`, before `Accept`"),
    ),
    security(("ledger_key" = ["read"])),
    responses(
        (status = 200, description = "What is expected, and how well such forecasts did",
            content((ForecastAnswer = "application/json"), (String = "text/csv"))),
        Guarded,
    ))]
pub(crate) async fn forecast(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    let sight = app.sight(&caller)?;
    let base = app.read_models()?;
    let position = sijill_projections::forecast::Reader { base: &**base }.position().await?;
    let log = known(&app, asked.at.as_deref(), position).await?;
    let all = app.forecasts.at(&**base, log.size, asked.at.is_none()).await?;
    let log = if all.size == log.size { log } else { Known::at(&app, all.size).await? };
    let is_asked = |unit: &&UnitForecast| {
        let own = match &sight {
            Sight::Of(reader) => reader.audits || reader.agencies.contains(&unit.agency),
            Sight::Everything => true,
        };
        let is = |asked: &Option<String>, own: &str| asked.as_deref().is_none_or(|asked| asked == own);
        own && is(&asked.agency, &unit.agency) && is(&asked.unit, &unit.unit)
    };
    let units = all.units.iter().filter(is_asked).cloned().collect();
    let forecasts = Forecasts { size: all.size, through: all.through, units };
    if is_table(asked.format, &headers) {
        let table = forecast_table(&forecasts).map_err(|_| WebError::Internal)?;
        return Ok(beside(&log, "forecast", MODEL.1, table));
    }
    Ok(Json(ForecastAnswer::of(&forecasts, Some(&log.root))).into_response())
}
