//! Who saw what: every request, release, broken glass, review and export, one line each.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use sijill_casework::case::CaseFile;
use sijill_casework::catalogue::CaseEvent;
use sijill_event::{Class, Digest};

use crate::history::Step;
use crate::model::{Cell, Model, Rows, Source, Table, integer, text};

/// `access`: `act` is the event's type; agency, unit and officer are whoever asked (of an export: who received it); `code` the
/// purpose, reason or verdict; `classes` the disclosure classes asked for or shown (`,identity,narrative,`); `fields` how many
/// values were shown; `event` the JWT's hash.
pub static MODEL: Model = Model {
    name: "accesses",
    version: 1,
    tables: &[Table {
        name: "access",
        key: 0,
        columns: &[
            text("act"),
            text("agency"),
            text("unit"),
            text("officer"),
            text("code"),
            text("classes"),
            integer("fields"),
            text("event"),
        ],
    }],
    counts: None,
    sql: include_str!("tables.sql"),
    source: Source::State(rows),
};

fn rows(step: &Step<'_>, rows: &mut Rows<'_>) {
    let (Some(file), Some((event, Some(read)))) = (step.file, step.event) else { return };
    let hash = event.hash();
    let (who, code, classes, count) = match read {
        CaseEvent::AccessRequested(act) => {
            (who(file, &hash), act.purpose.as_str(), classes(act.classes.iter().copied()), 0)
        }
        CaseEvent::AccessReleased(act) => {
            let (classes, count) = shown(&act.released);
            (who(file, &act.request), "", classes, count)
        }
        CaseEvent::ExportReleased(act) => {
            let (classes, count) = shown(&act.released);
            let to = [act.to.agency.as_str().into(), Cell::Null, act.to.officer.as_str().into()];
            (to, act.purpose.as_str(), classes, count)
        }
        CaseEvent::BreakGlassInvoked(act) => (who(file, &hash), act.reason.as_str(), Cell::Null, 0),
        CaseEvent::BreakGlassReviewed(act) => (who(file, &hash), act.verdict.as_str(), Cell::Null, 0),
        CaseEvent::ChildLookedUp(_) => (who(file, &hash), "", Cell::Null, 0),
        _ => return,
    };
    let code = if code.is_empty() { Cell::Null } else { code.into() };
    let [agency, unit, officer] = who;
    let act = read.event_type();
    rows.note(0, [act.into(), agency, unit, officer, code, classes, count.into(), hash.to_string().into()]);
}

/// Agency, unit and officer behind an event of the file.
fn who(file: &CaseFile, event: &Digest) -> [Cell; 3] {
    let Some(noted) = file.events.get(event) else { return [Cell::Null, Cell::Null, Cell::Null] };
    let agency = noted.person.as_ref().map(|(agency, _)| agency.as_str());
    let officer = noted.person.as_ref().map(|(_, officer)| officer.as_str());
    [agency.into(), noted.by.as_ref().map(|by| by.unit.as_str()).into(), officer.into()]
}

fn classes(classes: impl Iterator<Item = Class>) -> Cell {
    let mut text = String::from(",");
    for class in classes {
        text.push_str(class.as_str());
        text.push(',');
    }
    if text.len() == 1 { Cell::Null } else { text.into() }
}

/// The classes of the fields shown, and how many fields there are.
fn shown<F: Display>(released: &BTreeMap<Digest, BTreeSet<F>>) -> (Cell, u64) {
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for field in released.values().flatten() {
        count += 1;
        let path = field.to_string();
        seen.extend(path.split('.').next().and_then(Class::parse));
    }
    (classes(seen.into_iter()), count)
}
