//! Every entry of a case or contact: what was done, by whom, how late it reached the ledger, and how far back it claims to lie.

use crate::history::Step;
use crate::model::{Model, Rows, Source, Table, integer, text};

/// `entry_fact`: `agency` and `signer` are `iss` and `sub`; `unit` and `officer` are those behind it, null for a service;
/// `late_ms` is `received` less `iat`, `back_ms` `received` less `occurred` (0 if it claims no time of its own), both never less
/// than 0, milliseconds; `readable` is 0 if its values were not there any more when it was read.
pub static MODEL: Model = Model {
    name: "entries",
    version: 1,
    tables: &[Table {
        name: "entry_fact",
        key: 0,
        columns: &[
            text("type"),
            text("agency"),
            text("signer"),
            text("unit"),
            text("officer"),
            integer("late_ms"),
            integer("back_ms"),
            integer("readable"),
        ],
    }],
    counts: None,
    sql: include_str!("tables.sql"),
    source: Source::State(rows),
};

fn rows(step: &Step<'_>, rows: &mut Rows<'_>) {
    let Some((event, read)) = step.event else { return };
    let noted = step.file.and_then(|file| file.events.get(&event.hash()));
    let received = step.at.received;
    let late = received.saturating_sub(event.iat.saturating_mul(1_000));
    let occurred = event.occurred.as_ref().and_then(|time| u64::try_from(time.unix_ms()).ok());
    let back = occurred.map_or(0, |occurred| received.saturating_sub(occurred));
    let person = noted.and_then(|noted| noted.person.as_ref());
    rows.note(
        0,
        [
            event.event_type.as_str().into(),
            event.iss.as_str().into(),
            event.sub.as_str().into(),
            noted.and_then(|noted| noted.by.as_ref()).map(|by| by.unit.as_str()).into(),
            person.map(|(_, officer)| officer.as_str()).into(),
            late.into(),
            back.into(),
            (step.file.is_none() || read.is_some()).into(),
        ],
    );
}
