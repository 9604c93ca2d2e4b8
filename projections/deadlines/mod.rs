//! Deadlines and breaches: what is owed, by whom, by when, and whether it came in time.
//!
//! Imported cases have theirs too: `deadline.set` says when the case should end, `deadline.varied` that it was set anew, and
//! `case.ended` meets it. There, and only there, the time that counts is the one claimed (`occurred`).

use sijill_casework::catalogue::Facts;
use sijill_event::{Event, Json, Timestamp};

use crate::history::Step;
use crate::model::{Cell, Model, Rows, Source, Table, integer, text};

/// The milestone of an imported case as a whole.
const END: &str = "end";

/// `deadline_state`: `milestone` is the word of the policy, `end` for an imported case as a whole; `set_by` the JWT hash of the
/// event that set the clock; `about` that of the referral, conference… it is about; times are Unix milliseconds, `due_ms` null
/// while it stands still; `varied` is 1 if a variation set it; `policy` the version it was set under, 0 for none.
pub static MODEL: Model = Model {
    name: "deadlines",
    version: 1,
    tables: &[Table {
        name: "deadline_state",
        key: 4,
        columns: &[
            text("milestone"),
            text("set_by"),
            text("owes_agency"),
            text("owes_unit"),
            text("about"),
            integer("started_ms"),
            integer("due_ms"),
            integer("met_ms"),
            integer("breached_ms"),
            integer("varied"),
            integer("policy"),
            text("governorate"),
        ],
    }],
    counts: None,
    sql: include_str!("tables.sql"),
    source: Source::State(rows),
};

fn rows(step: &Step<'_>, rows: &mut Rows<'_>) {
    let Some(file) = step.file else { return imported(step, rows) };
    let Some(case) = &file.case else { return };
    for deadline in &case.deadlines {
        rows.hold(
            0,
            [
                deadline.milestone.as_str().into(),
                deadline.of.to_string().into(),
                deadline.owes.agency.as_str().into(),
                deadline.owes.unit.as_str().into(),
                deadline.subject.map(|subject| subject.to_string()).into(),
                deadline.started.into(),
                deadline.due.into(),
                deadline.met.into(),
                deadline.breached.into(),
                deadline.varied.is_some().into(),
                deadline.policy.into(),
                case.situation.governorate.as_str().into(),
            ],
        );
    }
}

/// The clock of an imported case.
fn imported(step: &Step<'_>, rows: &mut Rows<'_>) {
    const DUE: usize = 6;
    const MET: usize = 7;
    const VARIED: usize = 9;
    let Some((event, _)) = step.event else { return };
    let occurred = || event.occurred.as_ref().map(millis);
    let mut clocks: Vec<Vec<Cell>> = rows.before(0).map(<[Cell]>::to_vec).collect();
    match event.event_type.as_str() {
        "deadline.set" => {
            if let (Some(started), Some(due)) = (occurred(), said(step, "deadline")) {
                clocks.push(set(event, started, due));
            }
        }
        "deadline.varied" => {
            if let Some(until) = said(step, "until") {
                for clock in &mut clocks {
                    put(clock, DUE, until.clone());
                    put(clock, VARIED, true.into());
                }
            }
        }
        "case.ended" => {
            if let Some(ended) = occurred() {
                for clock in &mut clocks {
                    put(clock, MET, ended.clone());
                }
            }
        }
        _ => {}
    }
    for clock in clocks {
        rows.hold(0, clock);
    }
}

fn set(event: &Event, started: Cell, due: Cell) -> Vec<Cell> {
    let hash = event.hash().to_string();
    let (agency, unit) = (event.iss.as_str(), event.sub.as_str());
    let nothing = Cell::Null;
    let (met, breached, varied, policy) = (nothing.clone(), nothing.clone(), false, 0_u64);
    vec![
        END.into(),
        hash.into(),
        agency.into(),
        unit.into(),
        nothing,
        started,
        due,
        met,
        breached,
        varied.into(),
        policy.into(),
        "".into(),
    ]
}

fn put(cells: &mut [Cell], at: usize, cell: Cell) {
    if let Some(place) = cells.get_mut(at) {
        *place = cell;
    }
}

/// A time among the event's casework values, as claimed.
fn said(step: &Step<'_>, name: &str) -> Option<Cell> {
    let Facts::Known(values) = step.facts? else { return None };
    let text = values.get(name).and_then(Json::as_str)?;
    Timestamp::parse(text).as_ref().map(millis)
}

/// Unix milliseconds; times before 1970 are possible in what is imported.
fn millis(time: &Timestamp) -> Cell {
    Cell::Integer(time.unix_ms())
}
