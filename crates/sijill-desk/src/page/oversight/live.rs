//! `/desk/oversight/live`: tells an open dashboard how far the figures have come. The page then asks for itself again and
//! takes over what differs (`static/js/live.js`).
//!
//! What a page asks by itself keeps no session alive, and nothing but a size leaves by this stream.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{Stream, unfold};
use maud::{Markup, html};
use serde::Deserialize;
use sijill_ledger::Published;
use sijill_projections::ProjectionError;
use tokio::sync::watch;

use super::{scope, size, unavailable};
use crate::chart::Known;
use crate::desk::Office;
use crate::text::texts;
use crate::{DeskError, Text, View};

texts! {
    UPDATES: "تحديث الصفحة", "Updates of this page";
    FOLLOWING: "تتحدَّث الأرقام من تلقاء نفسها. {known}.", "The figures update themselves. {known}.";
    PAUSE: "إيقاف التحديث", "Pause updates";
    RESUME: "استئناف التحديث", "Resume updates";
    PAUSED: "أوقفتَ التحديث. الأرقام باقية على حالها: {known}.", "You have paused updates. The figures stay as they are: {known}.";
    AWAY: "انقطع الاتصال بالسجل، وتجري المحاولة من جديد. قد تكون الأرقام قديمة: {known}.", "There is no connection to the ledger; it is being tried again. The figures may be old: {known}.";
    ENDED: "انتهت جلستك، فلم تعد الأرقام تُحدَّث: {known}.", "Your session has ended, and the figures are updated no more: {known}.";
    SIGN_IN: "تسجيل الدخول", "Sign in";
}

/// What the page's script says.
pub(super) const SAID: &[(&str, Text)] = &[
    ("live-pause", PAUSE),
    ("live-resume", RESUME),
    ("live-paused", PAUSED),
    ("live-away", AWAY),
    ("live-ended", ENDED),
];

/// Several publications in a row are told once.
const REST: Duration = Duration::from_secs(1);
/// How often to look whether the models have caught up with what was published.
const CATCH_UP: Duration = Duration::from_millis(300);
/// How often to look whether anybody is signed in still, where nothing happens.
const LOOK: Duration = Duration::from_secs(10);

/// The line that says how old the figures are, with the button that holds them still. Without a script it stays away: what it
/// says would not be so.
pub(super) fn bar(view: &View, known: Known) -> Markup {
    html! {
        section.live data-live=(known.size) aria-label=(view.t(UPDATES)) hidden {
            p data-live-said data-known=(known.words(view)) { (FOLLOWING.fill(view.lang, &[("known", &known.say(view))])) }
            button.button--plain type="button" { (view.t(PAUSE)) }
            a href="/desk/sign-in" hidden { (view.t(SIGN_IN)) }
            p.visually-hidden role="status" {}
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    /// The size that the page has figures of.
    since: Option<u64>,
}

struct Watcher {
    office: Arc<Office>,
    headers: HeaderMap,
    published: watch::Receiver<Arc<Published>>,
    /// What the page has.
    seen: Option<u64>,
    /// Whether anything was told yet.
    begun: bool,
}

impl Watcher {
    /// Waits until there are figures of another size than the page has; `None` once they are nobody's to see any more, or
    /// cannot be read.
    async fn news(&mut self) -> Option<u64> {
        if std::mem::replace(&mut self.begun, true) {
            tokio::time::sleep(REST).await;
        }
        loop {
            let published = self.published.borrow_and_update().checkpoint.size;
            may(&self.office, &self.headers).ok()?;
            let base = self.office.desk.read_models.as_deref()?;
            let now = match size(base, None).await {
                Ok(now) => Some(now),
                Err(ProjectionError::NotBuilt(_)) => None,
                Err(error) => {
                    unavailable(&error);
                    return None;
                }
            };
            if now.is_some() && now != self.seen {
                self.seen = now;
                return now;
            }
            if now.is_some_and(|now| now >= published) {
                tokio::select! {
                    changed = self.published.changed() => changed.ok()?,
                    () = tokio::time::sleep(LOOK) => {}
                }
            } else {
                tokio::time::sleep(CATCH_UP).await;
            }
        }
    }
}

/// Whoever sees figures of now. What is published stands still.
fn may(office: &Office, headers: &HeaderMap) -> Result<(), DeskError> {
    let session = office.glance(headers)?;
    let scope = scope::of(&office.desk.ledger.registry(), &session)?;
    if scope.opens() { Ok(()) } else { Err(DeskError::NotYours) }
}

/// `GET /desk/oversight/live?since=…`: an event stream of `size` events, whose id is the size; `Last-Event-ID` goes before
/// `since`.
pub(crate) async fn live(
    State(office): State<Arc<Office>>,
    headers: HeaderMap,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, DeskError> {
    let Query(asked) = query.map_err(|_| DeskError::Body)?;
    may(&office, &headers)?;
    if office.desk.read_models.is_none() {
        return Err(DeskError::Unavailable);
    }
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let published = office.desk.ledger.watch();
    let watcher = Watcher { office, headers, published, seen: last.or(asked.since), begun: false };
    let stream = unfold(watcher, |mut watcher| async move {
        let size = watcher.news().await?.to_string();
        let event = Event::default().event("size").retry(REST).id(&size).data(&size);
        Some((Ok(event), watcher))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}
