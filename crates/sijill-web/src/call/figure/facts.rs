//! `GET /v1/figures/{indicator}/events`: what a figure counts, fact by fact.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sijill_projections::figure::{CountedFact, Reader};
use sijill_projections::indicators::MODEL;
use sijill_projections::indicators::catalogue::indicator;
use utoipa::ToSchema;

use super::Attestation;
use super::asked::{Asked, Call};
use super::sums::{named, table, wants_csv};
use crate::app::App;
use crate::call::view::asked::At;
use crate::call::view::rows::Known;
use crate::error::WebError;
use crate::extract::{Path, Query};
use crate::hash_text;
use crate::refusals::Guarded;
use crate::token::Scope;

/// The members of an event, and the columns of its table.
const COLUMNS: [&str; 11] = [
    "entry",
    "received",
    "subject",
    "begun",
    "kind",
    "band",
    "agency",
    "unit",
    "governorate",
    "month",
    "value",
];

/// What a figure counts: a page of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IndicatorEvents {
    #[schema(example = "timeliness")]
    indicator: &'static str,
    /// Of the functions that counted.
    version: u32,
    /// What the log's first so many entries say.
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
    /// Ascending by entry: `entry`, the one that made it count, and when that was `received`, Unix milliseconds; `subject`, the
    /// case or contact, null if the caller may not know of it; `begun`, the entry that a time is measured from, or null;
    /// `kind`, `band`, `agency`, `unit`, `governorate`; `month`, null for what is counted as it stands; `value`, what was measured.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Map<String, Value>>,
    /// Where the next page is had; null if there is nothing more.
    #[schema(required = true)]
    next: Option<String>,
}

/// List what a figure counts
///
/// The facts that a figure with these filters is the number of, each with the entry that made it count, to those who may see the
/// figure. `/v1/proofs/inclusion` proves an entry.
#[utoipa::path(get, path = "/v1/figures/{indicator}/events", tag = "figures",
    params(
        ("indicator" = String, Path, example = "timeliness", description = "As `/v1/figures` lists them"),
        ("from" = Option<String>, Query, example = "202601", description = "From this month on, in Oman"),
        ("to" = Option<String>, Query, example = "202611", description = "Up to this month"),
        ("at" = Option<String>, Query, example = "2026-11-01T00:00:00Z", description = "As known at this size of the log, or at this time (RFC 3339); without it, now"),
        ("skip" = Option<u64>, Query, description = "Behind the first so many; `next` has it"),
        ("limit" = Option<u32>, Query, description = "At most so many, 1 to 1,000; 100 without it"),
        ("format" = Option<String>, Query, example = "csv", description = "`json` or `csv`, before `Accept`"),
        ("filters" = Option<std::collections::BTreeMap<String, String>>, Query, style = Form, explode, description = "Dimensions by name, and the value they are to have; `month=202611` for one month"),
    ),
    security(("ledger_key" = ["read"])),
    responses(
        (status = 200, description = "A page of events. `Link` with `rel=\"next\"` names the next page, `Sijill-Size` and `Sijill-Root` the log",
            content((IndicatorEvents = "application/json"), (String = "text/csv"))),
        Guarded,
    ))]
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    let of = indicator(&name).ok_or(WebError::IndicatorUnknown)?;
    let asked = Asked::read(of, Call::Events, &pairs)?;
    let (_, filter) = app.exactly(&caller, asked.filter.clone())?;
    let reader = Reader { base: &**app.read_models()? };
    let known = Known::at(&app, At::size(asked.at, &app, reader.position().await?).await?).await?;
    // One more, which tells whether there is another page.
    let page = (asked.skip, asked.limit.saturating_add(1));
    let (_, mut facts) = reader.facts(of.code, &filter, Some(known.size), page).await?;
    let more = facts.len() as u64 > asked.limit;
    facts.truncate(usize::try_from(asked.limit).unwrap_or(usize::MAX));
    let subjects: BTreeSet<String> = facts.iter().map(|fact| fact.subject.clone()).collect();
    let subjects = app.known_among(&caller, subjects).await?;
    let events: Vec<_> = facts.iter().map(|fact| row(fact, &subjects)).collect();
    let next = more.then(|| asked.next(of, known.size));
    let link = next.as_ref().and_then(|next| HeaderValue::try_from(format!("<{next}>; rel=\"next\"")).ok());
    let csv = asked.csv.unwrap_or_else(|| wants_csv(&headers));
    let attestation = Attestation::of(&*app.ledger.stated().await?, known.size);
    let attested = attestation.as_ref().is_some_and(|attested| attested.size == known.size);
    let mut response = if csv {
        table(&COLUMNS, &events)?
    } else {
        Json(IndicatorEvents {
            indicator: of.code,
            version: MODEL.version,
            size: known.size,
            root: hash_text(&known.root),
            received: known.received,
            attested,
            attestation,
            events,
            next,
        })
        .into_response()
    };
    named(&known, of, attested, csv, &mut response);
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

fn row(fact: &CountedFact, known: &BTreeSet<String>) -> Map<String, Value> {
    let subject = known.get(&fact.subject);
    let month = (fact.month != 0).then_some(fact.month);
    let values = [
        json!(fact.entry),
        json!(fact.at_ms),
        json!(subject),
        json!(fact.begun),
        json!(fact.kind),
        json!(fact.band),
        json!(fact.agency),
        json!(fact.unit),
        json!(fact.governorate),
        json!(month),
        json!(fact.value),
    ];
    COLUMNS.iter().map(|name| (*name).to_owned()).zip(values).collect()
}
