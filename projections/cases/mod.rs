//! Case state: who owns it, how high the risk is, whether it is open. One row at a time.

use sijill_casework::Code;
use sijill_casework::case::Status;

use crate::history::Step;
use crate::model::{Model, Rows, Table, integer, text};

/// `case_state`: `status` is `open`, `closed` or `merged`; `concerns` and `situations` are codes between commas (`,a,b,`);
/// `officer` is the case worker in charge; `opened_ms` and `reported_ms` are Unix milliseconds; `reopened` counts;
/// `grounds` is 1 if a consent that was not withdrawn or a legal basis is on record.
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
        ],
    }],
    sql: include_str!("tables.sql"),
    rows,
};

fn rows(step: &Step<'_>, rows: &mut Rows<'_>) {
    let Some((file, case)) = step.file.and_then(|file| Some((file, file.case.as_ref()?))) else { return };
    let status = match case.status {
        Status::Open => "open",
        Status::Closed(_) => "closed",
        Status::Merged(_) => "merged",
    };
    let reopened = file.events.values().filter(|event| event.event_type == "case.reopened").count() as u64;
    let consented = case.consents.values().any(|consent| consent.withdrawn.is_none());
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
            reopened.into(),
            (consented || !case.bases.is_empty()).into(),
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
