//! `GET /v1/cases/{id}/history`: what happened in a case, in the order of the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use sijill_casework::case::CaseFile;
use sijill_casework::catalogue::{self, CaseId, FieldClass};
use sijill_event::Class;
use utoipa::{IntoParams, ToSchema};

use super::word::{Address, Label};
use crate::app::App;
use crate::error::WebError;
use crate::extract::{Path, Query, number, number_if_any};
use crate::refusals::Guarded;
use crate::token::Scope;

/// Lines in a page if not asked otherwise, and at most.
const PAGE: u32 = 200;
const MAX_PAGE: u32 = 1_000;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The first entry's index, or one before it.
    #[serde(default, deserialize_with = "number")]
    from: u64,
    /// At most so many lines, 1 to 1,000; 200 without it.
    #[serde(default, deserialize_with = "number_if_any")]
    limit: Option<u32>,
}

/// A part of a case's history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct History {
    /// In the order of the log.
    lines: Vec<HistoryLine>,
    /// The `from` of the next page; null if there is nothing more now.
    #[schema(required = true)]
    next: Option<u64>,
}

/// One event of a case.
#[derive(Debug, Serialize, ToSchema)]
struct HistoryLine {
    /// The entry's index in the log.
    index: u64,
    /// When the ledger sequenced it, Unix milliseconds.
    received: u64,
    /// When the act happened, as claimed (RFC 3339).
    #[schema(required = true)]
    occurred: Option<String>,
    /// When it was signed by the signer's clock, Unix seconds.
    iat: u64,
    /// The hash of its JWT: its name in later events.
    event: String,
    #[schema(example = "case/7Q")]
    stream: String,
    seq: u64,
    author: Author,
    /// Whether its key was reported compromised at a time before it was received.
    disputed: bool,
    #[serde(rename = "type")]
    #[schema(example = "referral.accepted")]
    kind: &'static str,
    /// What people call the type.
    title: Label,
    /// Its open fields and those of class casework, as the newest version of the type has them.
    #[schema(value_type = Object)]
    values: sijill_event::Json,
    /// Whether its casework values are not held any more: then `values` has the open fields only.
    erased: bool,
    /// Names of its fields of other classes, by class: values are had by `POST …/disclosures`.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    hidden: BTreeMap<&'static str, Vec<&'static str>>,
}

/// Who signed an event.
#[derive(Debug, Serialize, ToSchema)]
struct Author {
    /// The agency, or `ledger`.
    #[schema(example = "moh")]
    iss: String,
    /// The officer, or the ledger's service.
    #[schema(example = "ana")]
    sub: String,
    /// The officer on whose behalf a service signed.
    #[schema(required = true)]
    act: Option<String>,
    /// The unit the officer acted for; null for a service of the ledger.
    #[schema(required = true)]
    unit: Option<Address>,
}

/// What happened in a case
///
/// Open to those who may know of the case. Values of classes other than casework are not in it.
#[utoipa::path(get, path = "/v1/cases/{id}/history", tag = "cases",
    params(("id" = String, Path, example = "7Q"), Asked),
    security(("ledger_key" = ["read"])),
    responses((status = 200, body = History, description = "A page of the history"), Guarded))]
pub(crate) async fn history(
    State(app): State<Arc<App>>,
    Path(id): Path<CaseId>,
    Query(Asked { from, limit }): Query<Asked>,
    headers: HeaderMap,
) -> Result<Json<History>, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    let known = app.known(&caller, &id).await?;
    let limit = limit.unwrap_or(PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(WebError::Query("`limit` is 1 to 1,000".into()));
    }
    let registry = known.reader.registry();
    let mut lines = app.ledger.history(id.as_str()).await?.into_iter().filter(|line| line.index >= from);
    let page = lines.by_ref().take(limit as usize);
    let page = page.filter_map(|line| {
        let disputed = registry.disputed(&line.entry.event.kid, line.entry.received);
        HistoryLine::of(&known.file, line, disputed)
    });
    let page = page.collect();
    Ok(Json(History { lines: page, next: lines.next().map(|line| line.index) }))
}

impl HistoryLine {
    fn of(file: &CaseFile, line: sijill_ledger::Line, disputed: bool) -> Option<Self> {
        let event = line.entry.event;
        let spec = catalogue::spec(&event.event_type, event.v)?;
        let mut hidden: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
        for field in spec.fields {
            if let FieldClass::Disclosed(class) = field.class
                && class != Class::Casework
            {
                hidden.entry(class.as_str()).or_default().push(field.name);
            }
        }
        let hash = event.hash();
        Some(Self {
            index: line.index,
            received: line.entry.received,
            occurred: event.occurred.as_ref().map(|time| time.as_str().to_owned()),
            iat: event.iat,
            event: hash.to_string(),
            stream: event.stream.to_string(),
            seq: event.seq,
            author: Author {
                unit: file.events.get(&hash).and_then(|noted| noted.by.as_ref()).map(Address::from),
                iss: event.iss,
                sub: event.sub,
                act: event.act,
            },
            disputed,
            kind: spec.name,
            title: spec.title.into(),
            erased: line.read.is_none(),
            values: line.read.map_or(event.data, |read| read.values()),
            hidden,
        })
    }
}
