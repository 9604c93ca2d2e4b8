//! Who may know of each case and contact: the parties, who answers for it, who broke the glass, and who is kept out.
//!
//! It is what the rows of other models are picked by before anybody sees them ([`Reader`](crate::query::Reader)). The parties
//! are those that authority has (ledger format, Annex B; `docs/casework.md` §1), found again from the same events.

use std::collections::{BTreeMap, BTreeSet};

use sijill_event::{Event, Json, StreamKind};

use crate::history::Step;
use crate::model::{Cell, Model, Rows, Source, Table, integer, text};

/// An agency that is a party to the case.
pub const PARTY: &str = "party";
/// An agency that is a party to the contact, as long as nothing was written in a case of the same id.
pub const CALLER: &str = "contact_party";
/// The unit that owns the case, or logged the contact.
pub const OWNER: &str = "owner";
/// An officer who broke the glass.
pub const GLASS: &str = "glass";
/// An officer or unit that may see nothing.
pub const BARRED: &str = "barred";

/// `circle`: `tie` is one of the words above; `ends_ms` says until when a broken glass opens the case, Unix milliseconds.
pub static MODEL: Model = Model {
    name: "circles",
    version: 1,
    tables: &[Table {
        name: "circle",
        key: 4,
        columns: &[text("tie"), text("agency"), text("unit"), text("officer"), integer("ends_ms")],
    }],
    counts: None,
    sql: include_str!("tables.sql"),
    source: Source::State(rows),
};

fn rows(step: &Step<'_>, rows: &mut Rows<'_>) {
    let Some(file) = step.file else { return };
    for (tie, agencies) in parties(step, rows) {
        for agency in agencies {
            rows.hold(0, line(tie, &agency, None, None, Cell::Null));
        }
    }
    let logged_by = file.contact.as_ref().map(|contact| &contact.by);
    if let Some(owner) = file.case.as_ref().map(|case| &case.owner).or(logged_by) {
        let unit = Some(owner.unit.as_str());
        rows.hold(0, line(OWNER, owner.agency.as_str(), unit, None, Cell::Null));
    }
    let mut broken: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for glass in file.broken.values() {
        let until = broken.entry((glass.by.0.as_str(), glass.by.1.as_str())).or_default();
        *until = glass.until.max(*until);
    }
    for ((agency, officer), until) in broken {
        rows.hold(0, line(GLASS, agency, None, Some(officer), until.into()));
    }
    for (agency, officer) in &file.restricted_officers {
        rows.hold(0, line(BARRED, agency.as_str(), None, Some(officer.as_str()), Cell::Null));
    }
    for unit in &file.restricted_units {
        rows.hold(0, line(BARRED, unit.agency.as_str(), Some(unit.unit.as_str()), None, Cell::Null));
    }
}

fn line(tie: &str, agency: &str, unit: Option<&str>, officer: Option<&str>, ends: Cell) -> [Cell; 5] {
    [tie.into(), agency.into(), unit.into(), officer.into(), ends]
}

/// The parties after the step, under the tie that they have: a case's own, or until there are any the contact's.
fn parties(step: &Step<'_>, rows: &Rows<'_>) -> Vec<(&'static str, BTreeSet<String>)> {
    let before = |tie: &str| -> BTreeSet<String> {
        let held = rows.before(0).filter(|cells| cells.first().is_some_and(|cell| cell.text() == tie));
        held.filter_map(|cells| cells.get(1)).map(|agency| agency.text().to_owned()).collect()
    };
    let (mut of_case, mut of_contact) = (before(PARTY), before(CALLER));
    if let Some((event, _)) = step.event {
        match event.stream.kind() {
            StreamKind::Case => of_case.extend(named(event).chain([event.iss.clone()])),
            // What an agency that was removed is a party to nobody can read: it signs nothing any more.
            StreamKind::Auto => of_case.extend(addressed(event)),
            StreamKind::Contact => of_contact.extend(named(event).chain([event.iss.clone()])),
            _ => {}
        }
    }
    if of_case.is_empty() { vec![(CALLER, of_contact)] } else { vec![(PARTY, of_case)] }
}

/// Whom an event is addressed to, and who is to sit in a conference.
fn named(event: &Event) -> impl Iterator<Item = String> + '_ {
    let members = event.data.get("members").and_then(Json::as_array).unwrap_or_default();
    addressed(event).into_iter().chain(members.iter().filter_map(Json::as_str).map(str::to_owned))
}

fn addressed(event: &Event) -> Option<String> {
    Some(event.data.get("to")?.get("agency")?.as_str()?.to_owned())
}
