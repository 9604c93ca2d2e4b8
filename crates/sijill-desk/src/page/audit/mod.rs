//! `/desk/audit`: what somebody needs who believes nobody. The checkpoint in plain words, what audits found, who saw what, and
//! a proof of any entry, each check a sentence.
//!
//! ```text
//! checkpoint.rs   the ledger's signed word       examined.rs   what is checked of an entry
//! runs.rs         audits on the record           event.rs      that in words, with files to check elsewhere
//! accesses.rs     who saw what                   busy.rs       what is unusual in it
//! registry.rs     who may sign what              kinds.rs      what events are called that are of no case
//! ```
//!
//! Auditors see all of it; oversight sees the checkpoint and what audits found. What is checked here is checked by the very
//! server that is in doubt: each page says how to check it without.

pub(crate) mod accesses;
mod busy;
mod checkpoint;
pub(crate) mod event;
mod evidence;
mod examined;
mod kinds;
pub(crate) mod registry;
mod runs;

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;
use sijill_domain::event::Role;

pub(crate) use self::checkpoint::note;
use crate::desk::Office;
use crate::part::page::Page;
use crate::text::texts;
use crate::{DeskError, Session, View};

texts! {
    TITLE: "التدقيق", "Audit";
    LEAD: "ما يلزم من لا يكتفي بكلام أحد: بصمة السجل الموقّعة، وما وجده المدققون، وإثبات أي قيد.", "For whoever takes nobody's word: the ledger's signed fingerprint, what auditors found, and a proof of any entry.";
    LEAD_OVERSIGHT: "بصمة السجل الموقّعة، وما وجده المدققون.", "The ledger's signed fingerprint, and what auditors found.";
    ACCESSES: "من اطّلع على ماذا", "Who saw what";
    ACCESSES_NOTE: "كل طلب اطلاع وكل ما أُتيح، بالجهة والموظف والحالة والغرض، وما يستحق السؤال عنه.", "Every request to see and everything that was shown, by agency, officer, case and purpose, and what is worth a question.";
    REGISTRY: "سجل الصلاحيات", "The registry";
    REGISTRY_NOTE: "الجهات ووحداتها وموظفوها ومفاتيحهم، ومن أي قيد إلى أي قيد يصح كل مفتاح.", "Agencies, their units, officers and keys, and from which entry to which each key is good.";
}

/// Every module here that has texts, for the test that reads all of them.
#[cfg(test)]
pub(crate) const TEXTS: &[(&str, &[(&str, crate::Text)])] = &[
    ("audit", ALL),
    ("audit accesses", accesses::ALL),
    ("audit busy", busy::ALL),
    ("audit checkpoint", checkpoint::ALL),
    ("audit event", event::ALL),
    ("audit examined", examined::ALL),
    ("audit kinds", kinds::ALL),
    ("audit registry", registry::ALL),
    ("audit runs", runs::ALL),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// Audits recorded before this position of stream `log`.
    before: Option<u64>,
}

/// Refuses who neither audits nor watches over the system.
fn must_watch(session: &Session) -> Result<(), DeskError> {
    if session.audits() { Ok(()) } else { Err(DeskError::NotYours) }
}

/// `GET /desk/audit`
pub(crate) async fn audit(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Markup, DeskError> {
    must_watch(&session)?;
    let Query(asked) = query.map_err(|_| DeskError::Body)?;
    let audits = session.may(Role::Auditor);
    let checkpoint = checkpoint::section(&office, &view).await?;
    let runs = runs::section(&office, &view, audits, asked.before).await?;
    Ok(Page::new(&view, view.t(TITLE)).of(&session).style("audit.css").with(&html! {
        h1 { (view.t(TITLE)) }
        p.lead { (view.t(if audits { LEAD } else { LEAD_OVERSIGHT })) }
        (checkpoint)
        (runs)
        @if audits {
            (event::form(&view, "", None))
            h2 { a href="/desk/audit/accesses" { (view.t(ACCESSES)) } }
            p { (view.t(ACCESSES_NOTE)) }
            h2 { a href="/desk/audit/registry" { (view.t(REGISTRY)) } }
            p { (view.t(REGISTRY_NOTE)) }
        }
    }))
}

/// An entry's place, and for whoever may see its proof the way there.
fn entry_link(view: &View, index: u64) -> Markup {
    html! { a href={ "/desk/audit/event?entry=" (index) } { (view.number(index)) } }
}

/// Commands to be typed: from left to right in both languages, scrolled by the keyboard where they are long.
fn commands(label: &str, lines: &[String]) -> Markup {
    html! { pre.commands dir="ltr" tabindex="0" role="group" aria-label=(label) { @for line in lines { (line) "\n" } } }
}
