//! `GET /v1/cases/{id}/accesses`: who asked to see what of a case, and what they were shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use sijill_casework::case::CaseFile;
use sijill_casework::catalogue::{CaseEvent, CaseId, FieldPath};
use sijill_event::{Digest, StreamKind};
use utoipa::ToSchema;

use super::word::{Address, Person, texts};
use crate::app::App;
use crate::error::WebError;
use crate::extract::Path;
use crate::refusals::Guarded;
use crate::token::Scope;

/// Who looked at a case. Times are Unix milliseconds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accesses {
    /// In the order of the log.
    accesses: Vec<Access>,
    /// In the order of the log.
    broken_glass: Vec<Glass>,
}

/// A request for values and its answer.
#[derive(Debug, Serialize, ToSchema)]
struct Access {
    /// The request's entry.
    index: u64,
    received: u64,
    by: Person,
    /// The unit it acted for.
    unit: Address,
    /// A code of list `access-purpose`.
    purpose: String,
    /// The classes it asked for.
    classes: Vec<String>,
    /// The events it asked about; null for the whole case.
    #[schema(required = true)]
    events: Option<Vec<String>>,
    /// The entry that records what it was shown.
    #[schema(required = true)]
    answer: Option<u64>,
    /// Whether it left the system.
    exported: bool,
    /// What it was shown.
    released: Vec<ReleasedEvent>,
}

/// What was shown of one event.
#[derive(Debug, Serialize, ToSchema)]
struct ReleasedEvent {
    event: String,
    /// `<class>.<name>`
    fields: Vec<String>,
}

/// A broken glass.
#[derive(Debug, Serialize, ToSchema)]
struct Glass {
    /// The event that broke it.
    invocation: String,
    index: u64,
    received: u64,
    by: Person,
    unit: Address,
    /// A code of list `break-glass-reason`; null if it was erased.
    #[schema(required = true)]
    reason: Option<String>,
    /// Until when it opens the case.
    until: u64,
    #[schema(required = true)]
    review: Option<Review>,
}

/// A supervisor's judgement.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GlassReview)]
struct Review {
    index: u64,
    received: u64,
    by: Person,
    /// A code of list `break-glass-verdict`.
    verdict: String,
}

/// Who looked at a case
///
/// To officers of the unit that owns it, supervisors of its agency, and auditors.
#[utoipa::path(get, path = "/v1/cases/{id}/accesses", tag = "cases",
    params(("id" = String, Path, example = "7Q")),
    security(("ledger_key" = ["read"])),
    responses((status = 200, body = Accesses, description = "Requests with their answers, and broken glass"), Guarded))]
pub(crate) async fn accesses(
    State(app): State<Arc<App>>,
    Path(id): Path<CaseId>,
    headers: HeaderMap,
) -> Result<Json<Accesses>, WebError> {
    let caller = app.caller(&headers, Scope::Read)?;
    let known = app.known(&caller, &id).await?;
    if !known.reader.audits && !known.owner().is_some_and(|owner| known.reader.answers_for(owner)) {
        return Err(WebError::NotYours("the unit that owns the case, its supervisors and auditors"));
    }
    let mut all = Accesses { accesses: Vec::new(), broken_glass: Vec::new() };
    let mut requested = BTreeMap::new();
    let mut last = None;
    for line in app.ledger.history(id.as_str()).await? {
        let event = &line.entry.event;
        if event.stream.kind() != StreamKind::Access {
            continue;
        }
        let hash = event.hash();
        let Some(signed) = Signed::of(&known.file, &hash) else { continue };
        match (event.event_type.as_str(), line.read) {
            ("break_glass.invoked", read) => {
                let reason = match read {
                    Some(CaseEvent::BreakGlassInvoked(act)) => Some(act.reason.to_string()),
                    _ => None,
                };
                all.broken_glass.extend(signed.glass(&known.file, &hash, reason));
            }
            (_, Some(CaseEvent::AccessRequested(act))) => {
                last = Some(all.accesses.len());
                requested.insert(hash, all.accesses.len());
                all.accesses.extend(signed.access(&act));
            }
            (_, Some(CaseEvent::AccessReleased(act))) => {
                let request = requested.get(&act.request).and_then(|at| all.accesses.get_mut(*at));
                if let Some(access) = request {
                    access.answered(line.index, false, &act.released);
                }
            }
            // An export names no request: it is the entry after it.
            (_, Some(CaseEvent::ExportReleased(act))) => {
                let request = last.and_then(|at| all.accesses.get_mut(at));
                if let Some(access) = request {
                    access.answered(line.index, true, &act.released);
                }
            }
            (_, Some(CaseEvent::BreakGlassReviewed(act))) => {
                let broken = all.broken_glass.iter_mut();
                for glass in broken.filter(|glass| glass.invocation == act.invocation.to_string()) {
                    glass.review = signed.review(act.verdict.to_string());
                }
            }
            _ => {}
        }
    }
    Ok(Json(all))
}

/// Whose an event is, and when.
struct Signed<'a> {
    noted: &'a sijill_casework::case::Noted,
}

impl<'a> Signed<'a> {
    fn of(file: &'a CaseFile, hash: &Digest) -> Option<Self> {
        Some(Self { noted: file.events.get(hash)? })
    }

    fn access(&self, act: &sijill_casework::catalogue::AccessRequested) -> Option<Access> {
        Some(Access {
            index: self.noted.index,
            received: self.noted.received,
            by: self.noted.person.as_ref()?.into(),
            unit: self.noted.by.as_ref()?.into(),
            purpose: act.purpose.to_string(),
            classes: texts(&act.classes),
            events: act.events.as_ref().map(texts),
            answer: None,
            exported: false,
            released: Vec::new(),
        })
    }

    fn glass(&self, file: &CaseFile, hash: &Digest, reason: Option<String>) -> Option<Glass> {
        Some(Glass {
            invocation: hash.to_string(),
            index: self.noted.index,
            received: self.noted.received,
            by: self.noted.person.as_ref()?.into(),
            unit: self.noted.by.as_ref()?.into(),
            reason,
            until: file.broken.get(hash)?.until,
            review: None,
        })
    }

    fn review(&self, verdict: String) -> Option<Review> {
        let by = self.noted.person.as_ref()?.into();
        Some(Review { index: self.noted.index, received: self.noted.received, by, verdict })
    }
}

impl Access {
    fn answered(
        &mut self,
        index: u64,
        exported: bool,
        released: &BTreeMap<Digest, std::collections::BTreeSet<FieldPath>>,
    ) {
        self.answer = Some(index);
        self.exported = exported;
        let shown = |(event, fields): (&Digest, &std::collections::BTreeSet<FieldPath>)| ReleasedEvent {
            event: event.to_string(),
            fields: texts(fields),
        };
        self.released = released.iter().map(shown).collect();
    }
}
