//! The queues of units: which cases lie on whose desk, and why.

use sijill_casework::case::Place;

use crate::history::Step;
use crate::model::{Model, Rows, Source, Table, integer, text};

/// `queue_place`: `kind` is `owner`, `referral`, `escalation`, `transfer`, `withdrawal` or `erasure`; `due_ms`, Unix
/// milliseconds, is the first of what the unit owes in the case, as was known; `urgent` is 0 or 1.
pub static MODEL: Model = Model {
    name: "queues",
    version: 1,
    tables: &[Table {
        name: "queue_place",
        key: 3,
        columns: &[text("agency"), text("unit"), text("kind"), integer("due_ms"), integer("urgent")],
    }],
    counts: None,
    sql: include_str!("tables.sql"),
    source: Source::State(rows),
};

fn rows(step: &Step<'_>, rows: &mut Rows<'_>) {
    for Place { unit, kind, due, urgent } in
        step.file.map(sijill_casework::case::CaseFile::queues).unwrap_or_default()
    {
        let (agency, unit) = (unit.agency.as_str(), unit.unit.as_str());
        rows.hold(0, [agency.into(), unit.into(), kind.as_str().into(), due.into(), urgent.into()]);
    }
}
