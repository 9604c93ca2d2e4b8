//! `GET /v1/warnings`: what somebody who works on a case should look at.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sijill_projections::query::MOST;
use sijill_projections::signs::MODEL;
use sijill_projections::warning::{Reader, Warning};

use super::told::{WarningsAnswer, warnings_table};
use super::{Format, beside, is_table, known};
use crate::app::App;
use crate::call::view::asked::encoded;
use crate::error::WebError;
use crate::extract::Query;
use crate::refusals::Guarded;
use crate::token::Scope;

/// Warnings in a page if not asked otherwise.
const PAGE: u32 = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    rule: Option<String>,
    reviewed: Option<bool>,
    at: Option<String>,
    skip: Option<u64>,
    limit: Option<u32>,
    format: Option<Format>,
}

impl Asked {
    /// Leaves the page that was asked for; answers where the next one is had: of the same size, whatever is appended meanwhile.
    fn page(&self, warnings: &mut Vec<Warning>, size: u64, csv: bool) -> Option<String> {
        let Some(limit) = self.limit.or((!csv).then_some(PAGE)) else {
            warnings.drain(..warnings.len().min(within(self.skip)));
            return None;
        };
        let skip = self.skip.unwrap_or(0);
        let end = skip.saturating_add(limit.into());
        let more = warnings.len() > within(Some(end));
        warnings.truncate(within(Some(end)));
        warnings.drain(..warnings.len().min(within(self.skip)));
        let kept = [
            self.rule.as_ref().map(|rule| format!("rule={}&", encoded(rule))),
            self.reviewed.map(|reviewed| format!("reviewed={reviewed}&")),
            self.limit.map(|limit| format!("limit={limit}&")),
            self.format.map(|format| format!("format={}&", format.as_str())),
        ];
        let kept: String = kept.into_iter().flatten().collect();
        more.then(|| format!("/v1/warnings?{kept}at={size}&skip={end}"))
    }
}

fn within(n: Option<u64>) -> usize {
    usize::try_from(n.unwrap_or(0)).unwrap_or(usize::MAX)
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
        ("at" = Option<String>, Query, example = "2026-11-01T00:00:00Z", description = "As known at this size of the log, or at this time (RFC 3339); without it, now"),
        ("skip" = Option<u64>, Query, description = "Behind the first so many; `next` has it"),
        ("limit" = Option<u32>, Query, description = "At most so many, 1 to 1,000; 100 without it, as a table all"),
        ("format" = Option<String>, Query, example = "csv", description = "`json` or `csv`, before `Accept`"),
    ),
    security(("ledger_key" = ["read"])),
    responses(
        (status = 200, description = "A page of warnings, the highest risk first, and how each rule did. `Link` with `rel=\"next\"` names the next page",
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
    if asked.limit.is_some_and(|limit| !(1..=MOST).contains(&limit)) {
        return Err(WebError::Query(format!("`limit` is 1 to {MOST}")));
    }
    let log = known(&app, asked.at.as_deref(), standing.position).await?;
    // Of an empty log there is no last entry, and no warning.
    let received = log.received.unwrap_or(0);
    let withheld = app.withheld(standing.position.min(standing.circled)).await?;
    let mut warnings = reader.warnings(&standing, log.size, received, &sight, &withheld).await?;
    warnings.retain(|warning| {
        asked.rule.as_deref().is_none_or(|rule| rule == warning.rule.id)
            && asked.reviewed.is_none_or(|reviewed| reviewed == warning.review.is_some())
    });
    let csv = is_table(asked.format, &headers);
    let (total, next) = (warnings.len(), asked.page(&mut warnings, log.size, csv));
    let mut response = if csv {
        let table = warnings_table(&warnings).map_err(|_| WebError::Internal)?;
        beside(&log, "warnings", MODEL.version, table)
    } else {
        let precision = reader.precision(&standing, log.size, &sight).await?;
        let mut answer = WarningsAnswer::of(&warnings, &precision, (log.size, received), Some(&log.root));
        answer.is_page(total, next.clone());
        Json(answer).into_response()
    };
    let link = next.and_then(|next| HeaderValue::try_from(format!("<{next}>; rel=\"next\"")).ok());
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}
