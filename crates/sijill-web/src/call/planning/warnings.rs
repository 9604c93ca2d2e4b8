//! `GET /v1/warnings`: what somebody who works on a case should look at.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sijill_projections::warning::Reader;

use super::told::{WarningsAnswer, warnings_table};
use super::{At, Format, is_table};
use crate::app::App;
use crate::error::WebError;
use crate::extract::Query;
use crate::refusals::Guarded;
use crate::token::Scope;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    rule: Option<String>,
    reviewed: Option<bool>,
    at: Option<u64>,
    format: Option<Format>,
}

/// Read early warnings
///
/// Warnings about open cases that the caller's unit answers for (a supervisor's agency; for auditors all), each with the rule it
/// follows from, a sentence, and the events it rests on; only where the caller may know of every case and contact it tells of. A
/// warning is never the only ground of a decision, and nothing follows from it by itself. What became of one is signed in the case as
/// `warning.reviewed`; beside each rule stands how many were reviewed, and how many of them were wrong.
#[utoipa::path(get, path = "/v1/warnings", tag = "planning",
    params(
        ("rule" = Option<String>, Query, example = "missed-follow-up", description = "Only warnings of this rule"),
        ("reviewed" = Option<bool>, Query, description = "Only those that were reviewed, or that were not"),
        ("at" = Option<u64>, Query, description = "As known at this size of the log; without it, now"),
        ("format" = Option<String>, Query, example = "csv", description = "`json` or `csv`, before `Accept`"),
    ),
    security(("ledger_key" = ["read"])),
    responses(
        (status = 200, description = "Warnings, the highest risk first, and how each rule did",
            content((WarningsAnswer = "application/json"), (String = "text/csv"))),
        Guarded,
    ))]
pub(crate) async fn warnings(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    let sight = app.sight(&caller)?;
    let reader = Reader { base: &**app.read_models()? };
    let standing = reader.standing().await?;
    let at = At::of(&app, asked.at, standing.position).await?;
    let withheld = app.withheld(standing.position.min(standing.circled)).await?;
    let mut warnings = reader.warnings(&standing, at.size, at.received, &sight, &withheld).await?;
    warnings.retain(|warning| {
        asked.rule.as_deref().is_none_or(|rule| rule == warning.rule.id)
            && asked.reviewed.is_none_or(|reviewed| reviewed == warning.review.is_some())
    });
    if is_table(asked.format, &headers) {
        return Ok(at.beside("warnings", warnings_table(&warnings).map_err(|_| WebError::Internal)?));
    }
    let precision = reader.precision(&standing, at.size, &sight).await?;
    Ok(Json(WarningsAnswer::of(&warnings, &precision, (at.size, at.received), Some(&at.root)))
        .into_response())
}
