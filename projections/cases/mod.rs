//! Case state: who owns it, how high the risk is, whether it is open. One row at a time.

use sijill_casework::Code;
use sijill_casework::case::Status;
use sijill_casework::catalogue::CaseEvent;

use crate::history::Step;
use crate::model::{Cell, Model, Rows, Source, Table, integer, text};

/// `case_state`: `status` is `open`, `closed` or `merged`; `concerns` and `situations` are codes between commas (`,a,b,`);
/// `officer` is the case worker in charge; `opened_ms` and `reported_ms` are Unix milliseconds; `reopened` counts;
/// `grounds` is 1 if a consent that was not withdrawn or a legal basis is on record; `sex` is the child's, as last registered;
/// `safety_plan` is 1 once one was made; `closing` is the reason last given for closing it.
pub static MODEL: Model = Model {
    name: "cases",
    version: 1,
    tables: &[Table {
        name: "case_state",
        key: 0,
        columns: &[
            text("status"),
            text("risk"),
            text("governorate"),
            text("age_band"),
            text("concerns"),
            text("situations"),
            text("owner_agency"),
            text("owner_unit"),
            text("officer"),
            integer("opened_ms"),
            integer("reported_ms"),
            integer("reopened"),
            integer("grounds"),
            text("sex"),
            integer("safety_plan"),
            text("closing"),
        ],
    }],
    counts: None,
    sql: include_str!("tables.sql"),
    source: Source::State(rows),
};

const REOPENED: usize = 11;
const SEX: usize = 13;
const SAFETY_PLAN: usize = 14;
const CLOSING: usize = 15;

fn rows(step: &Step<'_>, rows: &mut Rows<'_>) {
    let Some(case) = step.file.and_then(|file| file.case.as_ref()) else { return };
    let status = match case.status {
        Status::Open => "open",
        Status::Closed(_) => "closed",
        Status::Merged(_) => "merged",
    };
    let consented = case.consents.values().any(|consent| consent.withdrawn.is_none());
    let before = rows.before(0).next();
    let kept = |at: usize| before.and_then(|cells| cells.get(at)).cloned().unwrap_or(Cell::Null);
    let is = |event_type: &str| step.event.is_some_and(|(event, _)| event.event_type.as_str() == event_type);
    let read = step.event.and_then(|(_, read)| read);
    let sex = match read {
        Some(CaseEvent::CaseOpened(act)) => act.sex.as_str().into(),
        Some(CaseEvent::ChildRegistered(act)) => act.sex.as_str().into(),
        Some(CaseEvent::ChildCorrected(act)) => act.sex.as_str().into(),
        _ => kept(SEX),
    };
    let closing = match read {
        Some(CaseEvent::CaseClosureRequested(act)) => act.reason.as_str().into(),
        _ => kept(CLOSING),
    };
    rows.hold(
        0,
        [
            status.into(),
            case.situation.risk.as_str().into(),
            case.situation.governorate.as_str().into(),
            case.situation.age.as_str().into(),
            listed(&case.situation.concerns).into(),
            listed(&case.situation.situations).into(),
            case.owner.agency.as_str().into(),
            case.owner.unit.as_str().into(),
            case.assigned.as_ref().map(sijill_domain::OfficerId::as_str).into(),
            case.opened_at.into(),
            case.reported.into(),
            Cell::Integer(kept(REOPENED).integer() + i64::from(is("case.reopened"))),
            (consented || !case.bases.is_empty()).into(),
            sex,
            (kept(SAFETY_PLAN).integer() == 1 || is("safety_plan.made")).into(),
            closing,
        ],
    );
}

/// Codes as one text in which each can be found: `,a,b,`; empty for none.
pub(crate) fn listed<'a>(codes: impl IntoIterator<Item = &'a Code>) -> String {
    let mut text = String::new();
    for code in codes {
        text.push(',');
        text.push_str(code.as_str());
    }
    if !text.is_empty() {
        text.push(',');
    }
    text
}
