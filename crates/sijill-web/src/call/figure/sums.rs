//! `GET /v1/figures/{indicator}`: how many facts, and what they come to, as known at a size of the log.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use sijill_projections::figure::{Ask, Dimension, Figure, Reader};
use sijill_projections::indicators::MODEL;
use sijill_projections::indicators::catalogue::{Indicator, indicator};
use utoipa::ToSchema;

use super::Attestation;
use super::asked::{Asked, Call};
use crate::accept::quality;
use crate::app::App;
use crate::call::view::asked::At;
use crate::call::view::csv;
use crate::call::view::rows::Known;
use crate::error::WebError;
use crate::extract::{Path, Query};
use crate::hash_text;
use crate::refusals::Guarded;
use crate::token::Scope;

/// Figures of an indicator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IndicatorFigures {
    #[schema(example = "timeliness")]
    indicator: &'static str,
    /// Of the functions that counted.
    version: u32,
    /// The figures are what the log's first so many entries say.
    #[schema(minimum = 0)]
    size: u64,
    /// The log's root at that size, base64url.
    root: String,
    /// When the last of these entries was sequenced, Unix milliseconds; null if there is none.
    #[schema(required = true)]
    received: Option<u64>,
    /// Whether the read models were attested at that very size.
    attested: bool,
    /// The latest attestation of that size or an earlier one; null if there is none.
    #[schema(required = true)]
    attestation: Option<Attestation>,
    /// By what the figures are told apart.
    by: Vec<&'static str>,
    /// One member for each of `by`, and `n`, how many facts, and `total`, the sum of what was measured of them (milliseconds,
    /// 0 where nothing is). What there is nothing of is not there.
    #[schema(value_type = Vec<Object>)]
    figures: Vec<Map<String, Value>>,
}

/// Read the figures of an indicator
///
/// Sums of the facts that an indicator counts, as the log said at a size. Each of its dimensions is a filter (`governorate=OM-MA`,
/// `band=late`, `unit=` for what is put down to none). To supervisors those of their own agency, to auditors all.
#[utoipa::path(get, path = "/v1/figures/{indicator}", tag = "figures",
    params(
        ("indicator" = String, Path, example = "timeliness", description = "As `/v1/figures` lists them"),
        ("by" = Option<String>, Query, example = "band,month", description = "Told apart by these dimensions; by `kind` without it, added up if empty"),
        ("from" = Option<String>, Query, example = "202601", description = "From this month on, in Oman"),
        ("to" = Option<String>, Query, example = "202611", description = "Up to this month"),
        ("at" = Option<String>, Query, example = "2026-11-01T00:00:00Z", description = "As known at this size of the log, or at this time (RFC 3339); without it, now"),
        ("format" = Option<String>, Query, example = "csv", description = "`json` or `csv`, before `Accept`"),
        ("filters" = Option<std::collections::BTreeMap<String, String>>, Query, style = Form, explode, description = "Dimensions by name, and the value they are to have; `month=202611` for one month"),
    ),
    security(("ledger_key" = ["read"])),
    responses(
        (status = 200, description = "The figures. `Sijill-Size` and `Sijill-Root` name the log, `Sijill-Attested` says `true` or `false`",
            content((IndicatorFigures = "application/json"), (String = "text/csv"))),
        Guarded,
    ))]
pub(crate) async fn figure(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    let of = indicator(&name).ok_or(WebError::IndicatorUnknown)?;
    let Asked { by, filter, at, csv, .. } = Asked::read(of, Call::Figures, &pairs)?;
    let (_, filter) = app.exactly(&caller, filter)?;
    let reader = Reader { base: &**app.read_models()? };
    let known = Known::at(&app, At::size(at, &app, reader.position().await?).await?).await?;
    let ask = Ask { indicators: &[of.code], by: &by, filter };
    let found = reader.figures(&ask, Some(known.size)).await?;
    let figures: Vec<_> = found.figures.iter().map(|figure| row(&by, figure)).collect();
    let csv = csv.unwrap_or_else(|| wants_csv(&headers));
    let attestation = Attestation::of(&*app.ledger.stated().await?, known.size);
    let attested = attestation.as_ref().is_some_and(|attested| attested.size == known.size);
    let mut response = if csv {
        let names = by.iter().map(|by| by.column()).chain(["n", "total"]);
        table(&names.collect::<Vec<_>>(), &figures)?
    } else {
        Json(IndicatorFigures {
            indicator: of.code,
            version: MODEL.version,
            size: known.size,
            root: hash_text(&known.root),
            received: known.received,
            attested,
            attestation,
            by: by.iter().map(|by| by.column()).collect(),
            figures,
        })
        .into_response()
    };
    named(&known, of, attested, csv, &mut response);
    Ok(response)
}

fn row(by: &[Dimension], figure: &Figure) -> Map<String, Value> {
    let value = |(by, value): (&Dimension, &String)| {
        let value = match by {
            // Another member would be `month`, an integer, everywhere else.
            Dimension::Month => value.parse::<i64>().map_or(Value::Null, Value::from),
            _ => Value::from(value.as_str()),
        };
        (by.column().to_owned(), value)
    };
    let mut row: Map<String, Value> = by.iter().zip(&figure.by).map(value).collect();
    row.insert("n".to_owned(), figure.n.into());
    row.insert("total".to_owned(), figure.total.into());
    row
}

/// Whether a table is wanted rather than JSON.
pub(super) fn wants_csv(headers: &HeaderMap) -> bool {
    quality(headers, csv::KIND) > quality(headers, "application/json")
}

/// Rows as a table.
pub(super) fn table(names: &[&str], rows: &[Map<String, Value>]) -> Result<Response, WebError> {
    let bytes = csv::table(names, true, rows).map_err(|_| WebError::Internal)?;
    Ok(csv::answer(bytes.into()))
}

/// Names the log beside the answer, and says whether what it rests on was attested at that size.
pub(super) fn named(known: &Known, of: &Indicator, attested: bool, csv: bool, response: &mut Response) {
    known.name((of.code, MODEL.version), csv, response.headers_mut());
    let attested = HeaderValue::from_static(if attested { "true" } else { "false" });
    response.headers_mut().insert(HeaderName::from_static("sijill-attested"), attested);
}
