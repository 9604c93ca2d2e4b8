//! `/desk/oversight`: dashboards. Ten sections of charts, each answering one question, at one size of the log.
//!
//! ```text
//! section.rs  which questions     draw.rs   from a question to its chart
//! scope.rs    who sees what       ask.rs    whose figures, where, when, as known when
//! label.rs    what values are called        events.rs   what a figure counts, event by event
//! live.rs     an open page is told when the figures have moved on
//! published.rs  what everybody may know, for whoever may see no more
//! ```
//!
//! Figures come from the read models (`sijill-projections`); a page asks for all of them at the same size of the log, and
//! names it.

mod ask;
mod draw;
pub(crate) mod events;
mod label;
pub(crate) mod live;
mod published;
mod scope;
mod section;

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use sijill_casework::case::World;
use sijill_domain::AgencyId;
use sijill_event::Entry;
use sijill_ledger::Ledger;
use sijill_projections::ProjectionError;
use sijill_projections::engine::Base;
use sijill_projections::figure::{Ask, Filter, Reader};

use self::ask::{Asked, Narrowed};
use self::draw::{Board, Stop};
use self::label::Labels;
use self::scope::Scope;
use self::section::{SECTIONS, Section, section};
use crate::chart::{Known, patterns};
use crate::desk::Office;
use crate::part::page::Page;
use crate::part::state;
use crate::text::texts;
use crate::{DeskError, Session, View};

pub(crate) use self::ask::query as ask_query;
pub(crate) use self::events::page_of;

texts! {
    TITLE: "لوحات المتابعة", "Dashboards";
    SECTIONS_OF: "أقسام اللوحات", "Sections";
    OWN: "أرقام {agency}.", "Figures of {agency}.";
    WHOLE: "أرقام كل الجهات.", "Figures of all agencies.";
    NOT_YET: "الأرقام قيد الإعداد", "The figures are being made";
    NOT_YET_NOTE: "يقرأ الخادم السجل من أوله. أعد تحميل الصفحة بعد قليل.", "The server is reading the log from its beginning. Reload this page in a while.";
}

/// Every module here that has texts, for the test that reads all of them.
#[cfg(test)]
pub(crate) const TEXTS: &[(&str, &[(&str, crate::Text)])] = &[
    ("oversight", ALL),
    ("oversight ask", ask::ALL),
    ("oversight draw", draw::ALL),
    ("oversight events", events::ALL),
    ("oversight label", label::ALL),
    ("oversight live", live::ALL),
    ("oversight published", published::ALL),
    ("oversight section", section::ALL),
];

/// `GET /desk/oversight`
pub(crate) async fn overview(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, DeskError> {
    show(&office, &view, &session, &SECTIONS[0], query).await
}

/// `GET /desk/oversight/{section}`
pub(crate) async fn one(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, DeskError> {
    let Path(slug) = path?;
    let section = section(&slug).filter(|_| !slug.is_empty()).ok_or(DeskError::NotFound)?;
    show(&office, &view, &session, section, query).await
}

async fn show(
    office: &Office,
    view: &View,
    session: &Session,
    section: &Section,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, DeskError> {
    let ledger = &office.desk.ledger;
    let scope = scope::of(&ledger.registry(), session)?;
    let Query(asked) = query.map_err(|_| DeskError::Body)?;
    if !scope.opens() {
        return published::show(office, view, session, &asked).await;
    }
    let base = office.desk.read_models.as_deref().ok_or(DeskError::Unavailable)?;
    let world = ledger.world();
    let book = world.book();
    let labels = Labels { view, world: &world, book: &book };
    let mut narrowed = Narrowed::of(asked, &scope, ledger).await?;
    let mut latest = None;
    let content = if narrowed.is_wrong() {
        html! {}
    } else {
        match charts(ledger, base, &labels, &scope, &narrowed, section).await {
            Ok((charts, known)) => {
                // What was asked for as it was known then stays as it is.
                latest = narrowed.size.is_none().then_some(known);
                charts
            }
            Err(Stop::Failed(ProjectionError::Ahead { .. })) => {
                narrowed.ahead();
                html! {}
            }
            Err(Stop::Failed(ProjectionError::NotBuilt(_))) => {
                state::nothing(view, NOT_YET, NOT_YET_NOTE, None)
            }
            Err(Stop::Failed(error)) => return Err(unavailable(&error)),
            Err(Stop::Moved | Stop::Unknown) => return Err(DeskError::Unavailable),
        }
    };
    let status = if narrowed.is_wrong() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let mut page =
        Page::new(view, view.t(section.title)).of(session).style("chart.css").wrong(narrowed.is_wrong());
    if latest.is_some() {
        page = page.script("js/live.js").says(live::SAID);
    }
    let page = page.with(&html! {
        (patterns())
        h1 { (view.t(TITLE)) ": " (view.t(section.title)) }
        (sections(view, section, &narrowed.query()))
        p.quiet { (whose(view, scope.own(), &world)) " " (narrowed.say(&labels)) }
        (narrowed.form(&view.path, &scope, &labels))
        @if let Some(known) = latest { (live::bar(view, known)) }
        div data-figures { (content) }
    });
    Ok((status, page).into_response())
}

/// The size of the log that all figures of a page are of: the one asked for, or as far as the read models have come.
async fn size(base: &dyn Base, asked: Option<u64>) -> Result<u64, ProjectionError> {
    let any = Ask { indicators: &["cases-open"], by: &[], filter: Filter::default() };
    Ok(Reader { base }.figures(&any, asked).await?.size)
}

/// When the log came to this size.
async fn known(ledger: &Ledger, size: u64) -> Result<Known, DeskError> {
    let last = ledger.entries(size.saturating_sub(1), 1).await?;
    let received =
        last.first().and_then(|(_, entry)| Entry::parse(entry.as_bytes()).ok()).map(|entry| entry.received);
    Ok(Known { size, at: received.ok_or(DeskError::Unavailable)? })
}

/// A failure of the read models, which the reader is not told the details of.
pub(crate) fn unavailable(error: &ProjectionError) -> DeskError {
    tracing::error!(code = error.code(), %error, "the figures cannot be read");
    DeskError::Unavailable
}

/// All charts of a section at one size of the log. What was begun while entries are taken in is begun again; at last it is
/// drawn as of where it was begun, which takes longer.
async fn charts(
    ledger: &Ledger,
    base: &dyn Base,
    labels: &Labels<'_>,
    scope: &Scope,
    narrowed: &Narrowed,
    section: &Section,
) -> Result<(Markup, Known), Stop> {
    let reader = Reader { base };
    let mut moved = Err(Stop::Moved);
    for latest in [true, true, true, false] {
        let size = size(base, narrowed.size).await?;
        let known = known(ledger, size).await.map_err(|_| Stop::Unknown)?;
        let latest = latest && narrowed.size.is_none();
        let board = Board { labels, scope, filter: &narrowed.filter, reader, known, latest };
        moved = board.all(section).await.map(|charts| (charts, known));
        if !matches!(moved, Err(Stop::Moved)) {
            break;
        }
    }
    moved
}

fn sections(view: &View, here: &Section, query: &str) -> Markup {
    let path = |slug: &str| {
        if slug.is_empty() { "/desk/oversight".to_owned() } else { format!("/desk/oversight/{slug}") }
    };
    html! {
        nav.sections aria-label=(view.t(SECTIONS_OF)) {
            ul {
                @for section in &SECTIONS {
                    li {
                        a href={ (path(section.slug)) (query) } aria-current=[(section.slug == here.slug).then_some("page")] {
                            (view.t(section.title))
                        }
                    }
                }
            }
        }
    }
}

fn whose(view: &View, own: Option<&AgencyId>, world: &World) -> Markup {
    match own {
        None => html! { (view.t(WHOLE)) },
        Some(id) => {
            OWN.fill(view.lang, &[("agency", &super::word::agency(view, world.registry(), id.as_str()))])
        }
    }
}
