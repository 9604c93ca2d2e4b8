//! Contacts of the helpline and other doors: what came in, by which way, and what became of it.

use sijill_casework::Code;
use sijill_casework::catalogue::CaseEvent;

use crate::history::Step;
use crate::model::{Cell, Model, Rows, Source, Table, integer, text};

/// `contact_state`: the codes are those of `contact.logged`, or of the latest correction; `repeat` is 0 or 1; `cases` counts the
/// cases it was linked to; `logged_ms` is Unix milliseconds.
pub static MODEL: Model = Model {
    name: "contacts",
    version: 1,
    tables: &[Table {
        name: "contact_state",
        key: 0,
        columns: &[
            text("by_agency"),
            text("by_unit"),
            integer("logged_ms"),
            text("kind"),
            text("category"),
            text("action"),
            text("channel"),
            text("governorate"),
            integer("repeat"),
            integer("cases"),
        ],
    }],
    counts: None,
    sql: include_str!("tables.sql"),
    source: Source::State(rows),
};

/// How many columns `contact.logged` fills, after the first three.
const SAID: std::ops::Range<usize> = 3..9;

fn rows(step: &Step<'_>, rows: &mut Rows<'_>) {
    let Some(contact) = step.file.and_then(|file| file.contact.as_ref()) else { return };
    let code = |code: &Option<Code>| Cell::from(code.as_ref().map(Code::as_str));
    let said: Option<[Cell; 6]> = match step.event.and_then(|(_, read)| read) {
        Some(CaseEvent::ContactLogged(act)) => Some([
            act.kind.as_str().into(),
            code(&act.category),
            code(&act.action),
            act.channel.as_str().into(),
            code(&act.governorate),
            act.repeat.into(),
        ]),
        Some(CaseEvent::ContactCorrected(act)) => Some([
            act.kind.as_str().into(),
            code(&act.category),
            code(&act.action),
            act.channel.as_str().into(),
            code(&act.governorate),
            act.repeat.into(),
        ]),
        _ => None,
    };
    let before = rows.before(0).next();
    let said = said.map(Vec::from).or_else(|| before?.get(SAID).map(<[Cell]>::to_vec));
    // A contact whose values were gone when it was first read: nothing can be said of it.
    let Some(said) = said else { return };
    let logged = before.and_then(|cells| cells.get(2).cloned()).unwrap_or_else(|| step.at.received.into());
    let mut cells = vec![contact.by.agency.as_str().into(), contact.by.unit.as_str().into(), logged];
    cells.extend(said);
    cells.push((contact.linked.len() as u64).into());
    rows.hold(0, cells);
}
