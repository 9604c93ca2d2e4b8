//! A reading of the log in its order: by pages from the store, then live.
//!
//! A task reads ahead of the connection by a few entries and no further, so a slow client costs a fixed
//! amount of memory and holds up nobody. One that takes nothing at all is dropped after a while, for readings
//! are limited in number.
//!
//! **A clean end means: this was all.** An answer that ends early (the client was dropped, the token died in
//! the middle of a range, the database failed) is cut off instead, so that no client takes a part for the
//! whole. A live answer has no whole; it ends cleanly at a stop or with its token, and is resumed.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use sijill_ledger::Published;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

use crate::app::App;
use crate::error::WebError;
use crate::shown::{Shown, show};
use crate::token::Caller;

/// Entries read from the store at a time.
const PAGE: u32 = 128;
/// Entries read ahead of the connection.
const AHEAD: usize = 32;

/// How each entry is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Ndjson,
    Sse,
}

/// What is to be read, and for whom.
pub(crate) struct Reading {
    pub(crate) app: Arc<App>,
    pub(crate) caller: Caller,
    /// The next index.
    pub(crate) next: u64,
    /// Entries still wanted.
    pub(crate) left: u64,
    pub(crate) live: bool,
    pub(crate) format: Format,
}

/// Why a reading ends.
enum End {
    /// All that was asked for has been sent.
    Whole,
    /// The server stops, or the token is not good any more.
    Over,
    /// The client has gone, or takes nothing.
    Gone,
    Failed,
}

/// A part of an answer that is written while it is sent.
pub(crate) enum Part {
    Bytes(Bytes),
    /// Without it, an answer that ends is cut off.
    End,
}

/// The body of an answer whose parts a task sends.
pub(crate) fn body_of(parts: mpsc::Receiver<Part>) -> Body {
    let body = stream::unfold(Some(parts), async |parts| {
        let mut parts = parts?;
        match parts.recv().await {
            Some(Part::Bytes(bytes)) => Some((Ok(bytes), Some(parts))),
            Some(Part::End) => None,
            None => Some((Err(io::Error::other("the reading was cut off")), None)),
        }
    });
    Body::from_stream(body)
}

impl Reading {
    /// Begins to read; the answer's body.
    pub(crate) fn start(self) -> Result<Body, WebError> {
        let place = Place::take(&self.app)?;
        let (out, parts) = mpsc::channel(AHEAD);
        tokio::spawn(self.run(out, place));
        Ok(body_of(parts))
    }

    async fn run(mut self, out: mpsc::Sender<Part>, _place: Place) {
        let Err(end) = self.read(&out).await;
        let clean = matches!(end, End::Whole) || (self.live && matches!(end, End::Over));
        if clean {
            let _ = tokio::time::timeout(self.app.settings.stall_timeout, out.send(Part::End)).await;
        }
    }

    async fn read(&mut self, out: &mpsc::Sender<Part>) -> Result<Infallible, End> {
        let mut published = self.app.ledger.watch();
        if self.format == Format::Sse {
            self.send(out, "retry: 1000\n\n".into()).await?;
        }
        loop {
            // Marked as seen before the page is read: what is published meanwhile is noticed by the wait
            // below.
            published.borrow_and_update();
            let limit = u32::try_from(self.left).unwrap_or(PAGE).min(PAGE);
            let page = self.app.ledger.entries(self.next, limit).await.map_err(failed)?;
            // Judged after the page is read, on a registry no older than it: nothing is shown to a key past
            // its revocation.
            self.still_welcome()?;
            let caught_up = page.is_empty();
            for shown in show(&self.app, &self.caller, page).await.map_err(|_| End::Failed)? {
                let line = self.write(&shown)?;
                self.send(out, line).await?;
                self.next += 1;
                self.left -= 1;
            }
            if self.left == 0 || (caught_up && !self.live) {
                return Err(End::Whole);
            }
            if caught_up {
                self.wait(&mut published, out).await?;
            }
        }
    }

    /// A token is judged anew with every page and every sign of life, not only when the reading began.
    fn still_welcome(&self) -> Result<(), End> {
        if self.app.stop.is_cancelled() {
            return Err(End::Over);
        }
        let now = self.app.now_s().map_err(|_| End::Failed)?;
        self.caller.check(&self.app.ledger.registry(), now).map_err(|_| End::Over)
    }

    async fn wait(
        &self,
        published: &mut watch::Receiver<Arc<Published>>,
        out: &mpsc::Sender<Part>,
    ) -> Result<(), End> {
        tokio::select! {
            changed = published.changed() => changed.map_err(|_| End::Over),
            () = self.app.stop.cancelled() => Err(End::Over),
            () = out.closed() => Err(End::Gone),
            () = tokio::time::sleep(self.app.settings.keep_alive) => match self.format {
                Format::Sse => self.send(out, ": here\n\n".into()).await,
                // NDJSON knows no comment.
                Format::Ndjson => Ok(()),
            },
        }
    }

    async fn send(&self, out: &mpsc::Sender<Part>, bytes: Bytes) -> Result<(), End> {
        match tokio::time::timeout(self.app.settings.stall_timeout, out.send(Part::Bytes(bytes))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    fn write(&self, shown: &Shown) -> Result<Bytes, End> {
        let json = serde_json::to_string(shown).map_err(|_| End::Failed)?;
        Ok(match self.format {
            Format::Ndjson => format!("{json}\n").into(),
            Format::Sse => format!("id: {}\ndata: {json}\n\n", self.next).into(),
        })
    }
}

fn failed(error: sijill_ledger::LedgerError) -> End {
    // Logged there.
    let _ = WebError::from(error);
    End::Failed
}

/// One of the readings that may be open at once.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Place {
    pub(crate) fn take(app: &App) -> Result<Self, WebError> {
        let permit = Arc::clone(&app.readers).try_acquire_owned();
        let permit = permit.map_err(|_| WebError::Overloaded("readings of the log"))?;
        metrics::gauge!("http_readers").increment(1.0);
        Ok(Self { _permit: permit })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        metrics::gauge!("http_readers").decrement(1.0);
    }
}
