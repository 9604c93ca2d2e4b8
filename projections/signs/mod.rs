//! Signs: the events that early warnings may rest on, and what became of warnings that somebody reviewed.

use sijill_casework::Milestone;
use sijill_casework::catalogue::CaseEvent;
use sijill_event::Digest;

use crate::history::Step;
use crate::model::{Cell, Model, Rows, Source, Table, integer, text};

/// A case was opened.
pub const OPENED: &str = "opened";
/// It came from the contact `other`.
pub const ORIGIN: &str = "origin";
/// A contact was linked to the case `other`.
pub const CONTACT: &str = "contact";
/// The case was linked to the case `other`; `code` is the relation.
pub const LINKED: &str = "linked";
/// Something owed was not done in time: `code` is the milestone, `other` the hash of the event that set the clock.
pub const MISSED: &str = "missed";
/// The officer `code` is in charge.
pub const ASSIGNED: &str = "assigned";
/// The case was closed.
pub const CLOSED: &str = "closed";
/// It was opened again.
pub const REOPENED: &str = "reopened";

/// `warning_sign`: `kind` is one of the words above, `event` the JWT hash. `warning_review`: `events` are hashes between commas
/// (`,a,b,`), ascending; `agency`, `unit` and `officer` are the reviewer's.
pub static MODEL: Model = Model {
    name: "signs",
    version: 1,
    tables: &[
        Table {
            name: "warning_sign",
            key: 0,
            columns: &[text("kind"), text("other"), text("code"), text("event")],
        },
        Table {
            name: "warning_review",
            key: 0,
            columns: &[
                text("rule"),
                integer("version"),
                text("events"),
                text("outcome"),
                text("reason"),
                text("ground"),
                text("agency"),
                text("unit"),
                text("officer"),
                text("event"),
            ],
        },
    ],
    counts: None,
    sql: include_str!("tables.sql"),
    source: Source::State(rows),
};

fn rows(step: &Step<'_>, rows: &mut Rows<'_>) {
    let Some((event, Some(read))) = step.event else { return };
    let hash = event.hash();
    let mut sign = |kind: &str, other: &str, code: &str| {
        rows.note(0, [kind.into(), other.into(), code.into(), Cell::from(hash.to_string())]);
    };
    match read {
        CaseEvent::CaseOpened(act) => {
            sign(OPENED, "", act.risk.as_str());
            for contact in &act.contacts {
                sign(ORIGIN, contact.as_str(), "");
            }
        }
        CaseEvent::ContactLinked(act) => sign(CONTACT, act.case.as_str(), ""),
        CaseEvent::CaseLinked(act) => sign(LINKED, act.case.as_str(), act.relation.as_str()),
        CaseEvent::DeadlineBreached(act) if is_visit(act.milestone) => {
            sign(MISSED, &act.of.to_string(), act.milestone.as_str());
        }
        CaseEvent::CaseAssigned(act) => sign(ASSIGNED, "", act.officer.as_str()),
        CaseEvent::CaseClosed(_) => sign(CLOSED, "", ""),
        CaseEvent::CaseReopened(act) => sign(REOPENED, "", act.reason.as_str()),
        CaseEvent::WarningReviewed(act) => {
            let noted = step.file.and_then(|file| file.events.get(&hash));
            let unit = noted.and_then(|noted| noted.by.as_ref());
            let person = noted.and_then(|noted| noted.person.as_ref());
            rows.note(
                1,
                [
                    act.rule.as_str().into(),
                    act.version.into(),
                    hashes(&act.events).into(),
                    act.outcome.as_str().into(),
                    act.reason.as_str().into(),
                    act.ground.map(sijill_casework::catalogue::WarningGround::as_str).into(),
                    unit.map(|unit| unit.agency.as_str()).into(),
                    unit.map(|unit| unit.unit.as_str()).into(),
                    person.map(|(_, officer)| officer.as_str()).into(),
                    hash.to_string().into(),
                ],
            );
        }
        _ => {}
    }
}

/// Whether somebody was to go and look.
fn is_visit(milestone: Milestone) -> bool {
    matches!(milestone, Milestone::SeeChild | Milestone::FollowUp)
}

/// Hashes as one text, ascending by their texts: `,a,b,`.
pub(crate) fn hashes<'a>(all: impl IntoIterator<Item = &'a Digest>) -> String {
    let mut texts: Vec<String> = all.into_iter().map(ToString::to_string).collect();
    texts.sort_unstable();
    joined(&texts)
}

/// Texts as one, `,a,b,`.
pub(crate) fn joined<T: AsRef<str>>(texts: &[T]) -> String {
    texts.iter().fold(String::new(), |all, text| all + "," + text.as_ref()) + ","
}
