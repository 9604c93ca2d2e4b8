//! `GET /v1/units/{agency}/{unit}/queue`: what lies on a unit's desk.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use sijill_casework::case::CaseFile;
use sijill_ledger::DeskKind;
use sijill_store::DeskEntry;
use utoipa::{IntoParams, ToSchema};

use super::state::Deadline;
use super::word::Person;
use crate::app::App;
use crate::error::WebError;
use crate::extract::{Query, UnitPath, decimal, number_if_any};
use crate::refusals::Guarded;
use crate::token::Scope;

/// Rows in a page if not asked otherwise, and at most.
const PAGE: u32 = 50;
const MAX_PAGE: u32 = 200;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The `next` of the page before.
    after: Option<String>,
    /// At most so many rows, 1 to 200; 50 without it.
    #[serde(default, deserialize_with = "number_if_any")]
    limit: Option<u32>,
}

/// What lies on a unit's desk: urgent first, then by what is due.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Queue {
    rows: Vec<QueueRow>,
    /// How much lies there in all, by kind.
    counts: Vec<QueueCount>,
    /// The `after` of the next page; null if there is nothing more.
    #[schema(required = true)]
    next: Option<String>,
}

/// A case on a desk.
#[derive(Debug, Serialize, ToSchema)]
struct QueueRow {
    #[schema(example = "7Q")]
    case: String,
    /// Why it lies there: `owner`, `referral`, `escalation`, `transfer`, `withdrawal` or `erasure`.
    kind: &'static str,
    /// When the first thing that the unit owes falls due, Unix milliseconds.
    #[schema(required = true)]
    due: Option<u64>,
    urgent: bool,
    /// What the unit owes next.
    #[schema(required = true)]
    owes: Option<Deadline>,
    /// Code of list `risk`.
    #[schema(required = true)]
    risk: Option<String>,
    /// Code of list `age-band`.
    #[schema(required = true)]
    age_band: Option<String>,
    /// Who did something there last.
    #[schema(required = true)]
    last: Option<LastAct>,
}

/// The last act of a person in a case.
#[derive(Debug, Serialize, ToSchema)]
struct LastAct {
    by: Person,
    #[serde(rename = "type")]
    kind: &'static str,
    index: u64,
    /// Unix milliseconds.
    received: u64,
}

/// How much of one kind lies on a desk.
#[derive(Debug, Serialize, ToSchema)]
struct QueueCount {
    kind: &'static str,
    cases: u64,
    /// How many of them are due now or were before.
    overdue: u64,
}

/// Read a unit's queue
///
/// To officers of the unit and supervisors of its agency. A case that was restricted against the caller is left out; a
/// page may be shorter than `limit` though `next` is not null.
#[utoipa::path(get, path = "/v1/units/{agency}/{unit}/queue", tag = "cases",
    params(("agency" = String, Path, example = "moh"), ("unit" = String, Path, example = "hospital-ma"), Asked),
    security(("ledger_key" = ["read"])),
    responses((status = 200, body = Queue, description = "A page of the queue"), Guarded))]
pub(crate) async fn queue(
    State(app): State<Arc<App>>,
    UnitPath(unit): UnitPath,
    Query(Asked { after, limit }): Query<Asked>,
    headers: HeaderMap,
) -> Result<Json<Queue>, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    let reader = app.reader(&caller).filter(|reader| reader.answers_for(&unit));
    let reader = reader.ok_or(WebError::NotYours("officers of the unit and supervisors of its agency"))?;
    let limit = limit.unwrap_or(PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(WebError::Query("`limit` is 1 to 200".into()));
    }
    let after = after.map(|text| cursor(&text).ok_or(WebError::Query("`after` is no `next`".into())));
    let after = after.transpose()?;
    let (agency, id) = (unit.agency.as_str(), unit.unit.as_str());
    let mut entries = app.ledger.desk(agency, id, after.as_ref(), limit + 1).await?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let next = entries.last().filter(|_| more).map(text);
    let ids: Vec<String> = entries.iter().map(|entry| entry.case.clone()).collect();
    let files = app.ledger.case_files(&ids).await?;
    let rows = entries.into_iter().filter_map(|entry| {
        let file = files.get(&entry.case)?;
        (!reader.is_kept_out(file)).then(|| row(entry, file, &unit))
    });
    let rows = rows.collect();
    let counts = app.ledger.desk_counts(agency, id).await?;
    let counts = counts.into_iter().map(|count| {
        let kind = word(count.kind);
        QueueCount { kind, cases: count.cases, overdue: count.overdue }
    });
    Ok(Json(Queue { rows, counts: counts.collect(), next }))
}

fn row(entry: DeskEntry, file: &CaseFile, unit: &sijill_casework::Address) -> QueueRow {
    let running = file.case.iter().flat_map(|case| &case.deadlines).filter(|d| d.runs() && d.owes == *unit);
    let next =
        running.filter(|deadline| deadline.due.is_some()).min_by_key(|d| (d.due, d.milestone, d.index));
    let people = file.events.values().filter_map(|noted| Some((noted, noted.person.as_ref()?)));
    let last = people.max_by_key(|(noted, _)| noted.index);
    let situation = file.case.as_ref().map(|case| &case.situation);
    QueueRow {
        kind: word(entry.kind),
        due: entry.due,
        urgent: entry.urgent,
        owes: next.map(Deadline::from),
        risk: situation.map(|situation| situation.risk.to_string()),
        age_band: situation.map(|situation| situation.age.to_string()),
        last: last.map(|(noted, person)| LastAct {
            by: person.into(),
            kind: noted.event_type,
            index: noted.index,
            received: noted.received,
        }),
        case: entry.case,
    }
}

fn word(kind: u8) -> &'static str {
    DeskKind::from_number(kind).map_or("other", DeskKind::as_str)
}

/// A place in a queue as text; the case comes last, its id may have dots.
fn text(entry: &DeskEntry) -> String {
    let due = entry.due.map_or_else(|| "-".to_owned(), |due| due.to_string());
    format!("{}.{due}.{}.{}", u8::from(entry.urgent), entry.kind, entry.case)
}

fn cursor(text: &str) -> Option<DeskEntry> {
    let mut parts = text.splitn(4, '.');
    let urgent = match parts.next()? {
        "1" => true,
        "0" => false,
        _ => return None,
    };
    let due = match parts.next()? {
        "-" => None,
        due => Some(decimal(due)?),
    };
    let kind = u8::try_from(decimal(parts.next()?)?).ok()?;
    let case = parts.next().filter(|case| sijill_casework::catalogue::CaseId::parse(case).is_some())?;
    Some(DeskEntry { case: case.to_owned(), kind, due, urgent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_queue_survives_as_text() {
        for (urgent, due, case) in [(true, Some(7), "7Q"), (false, None, "a.b.c-9")] {
            let entry = DeskEntry { case: case.to_owned(), kind: 3, due, urgent };
            assert_eq!(cursor(&text(&entry)), Some(entry));
        }
        for odd in ["", "1.7.3", "2.7.3.7Q", "1.07.3.7Q", "1.7.300.7Q", "1.x.3.7Q", "1.7.3.", "1.7.3.a b"] {
            assert_eq!(cursor(odd), None, "{odd}");
        }
    }
}
