//! `/desk/notices`: tells a page that its unit's queue has changed, and nothing more. No id, no count, no name leaves.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{Stream, unfold};
use serde::Deserialize;
use sijill_domain::event::Role;
use sijill_event::Digest;
use sijill_ledger::{Ledger, Published};
use tokio::sync::watch;

use crate::DeskError;
use crate::desk::Office;

/// How many rows from the top on count as the queue's face. Further down, a change shows in the counts only.
const ROWS: u32 = 200;
/// Several publications in a row are looked at once.
const SETTLE: Duration = Duration::from_millis(500);

/// What a unit's queue looks like, as a hash that tells nothing else.
pub(crate) async fn fingerprint(ledger: &Ledger, agency: &str, unit: &str) -> Result<String, DeskError> {
    let rows = ledger.desk(agency, unit, None, ROWS).await?;
    let counts = ledger.desk_counts(agency, unit).await?;
    Ok(Digest::of(format!("{rows:?} {counts:?}")).to_string())
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    /// The fingerprint of the queue on the page.
    since: String,
}

struct Listener {
    office: Arc<Office>,
    headers: HeaderMap,
    published: watch::Receiver<Arc<Published>>,
    /// What the listener knows.
    seen: String,
    /// Whether to look before anything was published.
    fresh: bool,
}

impl Listener {
    /// Waits until the queue looks otherwise; `false` once nobody is signed in any more.
    async fn news(&mut self) -> bool {
        loop {
            if !std::mem::take(&mut self.fresh) {
                if self.published.changed().await.is_err() {
                    return false;
                }
                tokio::time::sleep(SETTLE).await;
                self.published.mark_unchanged();
            }
            let Ok(session) = self.office.glance(&self.headers) else { return false };
            let ledger = &self.office.desk.ledger;
            let Ok(now) = fingerprint(ledger, session.agency.as_str(), session.unit.as_str()).await else {
                return false;
            };
            if now != self.seen {
                self.seen = now;
                return true;
            }
        }
    }
}

/// `GET /desk/notices?since=…`: an event stream of `queue` events. It does not keep a session from ending.
pub(crate) async fn notices(
    State(office): State<Arc<Office>>,
    headers: HeaderMap,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, DeskError> {
    let Query(asked) = query.map_err(|_| DeskError::Body)?;
    office.glance(&headers)?.must(Role::Casework)?;
    let published = office.desk.ledger.watch();
    let listener = Listener { office, headers, published, seen: asked.since, fresh: true };
    let stream = unfold(listener, |mut listener| async move {
        let event = Event::default().event("queue").data("changed");
        listener.news().await.then_some((Ok(event), listener))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}
