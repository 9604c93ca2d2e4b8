//! `/desk/planning`: what a unit has to expect, and what somebody who works on a case should look at.
//!
//! ```text
//! warnings.rs   the list of early warnings, and how the rules did      review.rs   what became of one, to be signed
//! forecast.rs   a unit's forecast, and how well such forecasts did
//! ```

mod forecast;
pub(crate) mod review;
mod warnings;

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;
use sijill_domain::event::Role;
use sijill_event::Entry;
use sijill_projections::ProjectionError;
use sijill_projections::engine::Base;
use sijill_projections::forecast::Reader as Forecasting;
use sijill_projections::query::{Reader, Sight};
use sijill_projections::warning::{NOTICE, Reader as Warning};

use crate::chart::{Known, patterns};
use crate::desk::Office;
use crate::page::case;
use crate::part::page::Page;
use crate::part::state::{self, Tone};
use crate::text::texts;
use crate::{DeskError, Session, Text, View};

texts! {
    TITLE: "التخطيط", "Planning";
    NOT_YET: "الأرقام قيد الإعداد", "The figures are being made";
    NOT_YET_NOTE: "يقرأ الخادم السجل من أوله. أعد تحميل الصفحة بعد قليل.", "The server is reading the log from its beginning. Reload this page in a while.";
}

/// Every module here that has texts, for the test that reads all of them.
#[cfg(test)]
pub(crate) const TEXTS: &[(&str, &[(&str, Text)])] = &[
    ("planning", ALL),
    ("planning forecast", forecast::ALL),
    ("planning review", review::ALL),
    ("planning warnings", warnings::ALL),
];

/// The query of the page's address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// `agency/unit`.
    unit: String,
    /// `cases` or `tasks`.
    work: String,
}

/// Whether the page has anything for this officer: those who work on cases, and auditors.
pub(crate) fn is_for(session: &Session) -> bool {
    session.may(Role::Casework) || session.may(Role::Auditor)
}

/// `GET /desk/planning`
pub(crate) async fn planning(
    State(office): State<Arc<Office>>,
    view: View,
    session: Session,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Markup, DeskError> {
    let Query(asked) = query.map_err(|_| DeskError::Body)?;
    let sight = sight(&office, &session)?;
    let base = office.desk.read_models.as_deref().ok_or(DeskError::Unavailable)?;
    let content = match content(&office, base, &view, &session, &sight, &asked).await {
        Ok(content) => content,
        Err(Stop::Refused(error)) => return Err(error),
        Err(Stop::Failed(ProjectionError::NotBuilt(_))) => state::nothing(&view, NOT_YET, NOT_YET_NOTE, None),
        Err(Stop::Failed(error)) => {
            tracing::error!(code = error.code(), %error, "what is planned by cannot be read");
            return Err(DeskError::Unavailable);
        }
    };
    Ok(Page::new(&view, view.t(TITLE)).of(&session).style("chart.css").with(&html! {
        (patterns())
        h1 { (view.t(TITLE)) }
        (content)
    }))
}

/// Why the page is not drawn.
enum Stop {
    Refused(DeskError),
    Failed(ProjectionError),
}

impl From<DeskError> for Stop {
    fn from(error: DeskError) -> Self {
        Self::Refused(error)
    }
}

impl From<ProjectionError> for Stop {
    fn from(error: ProjectionError) -> Self {
        Self::Failed(error)
    }
}

async fn content(
    office: &Office,
    base: &dyn Base,
    view: &View,
    session: &Session,
    sight: &Sight,
    asked: &Asked,
) -> Result<Markup, Stop> {
    let list = warnings::list(office, Warning { base }, view, session, sight).await?;
    let position = Forecasting { base }.position().await?;
    let size = position.min(office.desk.ledger.published().checkpoint.size);
    let all = office.forecasts.at(base, size, true).await?;
    let at = known(office, all.size).await?;
    let forecast = forecast::of(office, view, session, sight, (&all, at), asked);
    Ok(html! {
        (state::notice(Tone::Plain, &html! { p { (view.t(notice())) } }))
        (list)
        (forecast)
    })
}

/// What a warning is, and is not.
fn notice() -> Text {
    Text { ar: NOTICE[0], en: NOTICE[1] }
}

/// Whose rows the officer sees.
fn sight(office: &Office, session: &Session) -> Result<Sight, DeskError> {
    if !is_for(session) {
        return Err(DeskError::NotYours);
    }
    let registry = office.desk.ledger.registry();
    let own = registry
        .agencies()
        .map(|(id, _)| id)
        .filter(|id| registry.now(id.as_str()) == Some(&session.agency_now));
    Ok(Sight::Of(Reader {
        audits: session.may(Role::Auditor),
        works: session.may(Role::Casework),
        supervises: session.may(Role::Supervisor),
        agency: session.agency.to_string(),
        agencies: own.map(ToString::to_string).collect(),
        unit: session.unit.to_string(),
        officer: session.officer.to_string(),
        now: case::now(office).received,
    }))
}

/// When the log came to this size.
async fn known(office: &Office, size: u64) -> Result<Known, DeskError> {
    let last = match size.checked_sub(1) {
        Some(last) => office.desk.ledger.entries(last, 1).await?,
        None => Vec::new(),
    };
    let received =
        last.first().and_then(|(_, text)| Entry::parse(text.as_bytes()).ok()).map(|entry| entry.received);
    Ok(Known { size, at: received.ok_or(DeskError::Unavailable)? })
}
