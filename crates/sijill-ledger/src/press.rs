//! The press: seals and publishes what the writer has committed, and answers those who wait for it, while the writer is
//! at its next batch.
//!
//! **Danger.** What is committed may be several batches ahead of what is sealed; a ledger that is killed then starts
//! ahead of its seal, which it publishes. No receipt and no checkpoint leaves before the seal holds it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sijill_event::Uuid;
use sijill_log::FullTile;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::error::{LedgerError, causes};
use crate::ledger::{Receipt, Settled};
use crate::publish::{Published, Publisher, Snapshot, Tiles, batch_proofs, tlog_proof};
use crate::sequence::Outcome;
use crate::writer::{Health, unsettled};

/// How long after a seal that could not be written it is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Someone who waits for their part of a batch.
pub(crate) struct Waiting {
    /// How many of its outcomes.
    pub(crate) count: usize,
    pub(crate) reply: oneshot::Sender<Settled>,
    /// Their room in the queue.
    pub(crate) room: OwnedSemaphorePermit,
}

/// A committed batch.
pub(crate) struct Edition {
    /// The state it left.
    pub(crate) snapshot: Snapshot,
    /// What became of each event.
    pub(crate) outcomes: Vec<(Outcome, Uuid)>,
    /// The tiles it completed.
    pub(crate) tiles: Vec<FullTile>,
    pub(crate) waiting: Vec<Waiting>,
    /// When the batch was taken up.
    pub(crate) started: Instant,
}

/// The publishing task.
pub(crate) struct Press {
    pub(crate) publisher: Publisher,
    pub(crate) tiles: Tiles,
    pub(crate) announce: watch::Sender<Arc<Published>>,
    pub(crate) health: Arc<watch::Sender<Health>>,
}

impl Press {
    /// Starts it. It ends when its sender is dropped and all editions are out.
    pub(crate) fn start(self) -> (mpsc::Sender<Edition>, JoinHandle<()>) {
        // One in the press and one waiting: the writer must not run far ahead of what is sealed.
        let (sender, editions) = mpsc::channel(1);
        (sender, tokio::spawn(self.run(editions)))
    }

    async fn run(self, mut editions: mpsc::Receiver<Edition>) {
        let mut unsealed: Option<Snapshot> = None;
        loop {
            let edition = tokio::select! {
                edition = editions.recv() => edition,
                () = tokio::time::sleep(AGAIN), if unsealed.is_some() => {
                    if let Some(snapshot) = &unsealed && self.print(snapshot).await.is_ok() {
                        unsealed = None;
                    }
                    continue;
                }
            };
            let Some(edition) = edition else { break };
            let settled = match self.settle(&edition).await {
                Ok(settled) => {
                    unsealed = None;
                    settled
                }
                Err(error) => {
                    let refused = unsettled(&error);
                    unsealed = Some(edition.snapshot);
                    edition.outcomes.iter().map(|_| Err(refused.clone())).collect()
                }
            };
            answer(settled, edition.waiting);
            metrics::histogram!("sijill_batch_seconds").record(edition.started.elapsed().as_secs_f64());
        }
    }

    /// Publishes the state, if that is not done, and makes the receipts that rest on it.
    async fn settle(&self, edition: &Edition) -> Result<Settled, LedgerError> {
        self.print(&edition.snapshot).await?;
        let published = self.announce.borrow().clone();
        let fresh: Vec<u64> = edition
            .outcomes
            .iter()
            .filter_map(|(o, _)| if let Outcome::Appended { index, .. } = o { Some(*index) } else { None })
            .collect();
        let mut proofs = batch_proofs(&published, &edition.tiles, &fresh)?.into_iter();
        let mut settled = Vec::with_capacity(edition.outcomes.len());
        for (outcome, jti) in &edition.outcomes {
            let (index, received, proof, first) = match outcome {
                Outcome::Refused(refused) => {
                    metrics::counter!("sijill_refused_total", "code" => refused.code).increment(1);
                    settled.push(Err(refused.clone()));
                    continue;
                }
                Outcome::Appended { index, received } => {
                    (*index, *received, proofs.next().unwrap_or_default(), true)
                }
                Outcome::Known { index, received } => {
                    let size = published.checkpoint.size;
                    let hashes = self.tiles.inclusion(*index, size, &published.edge).await?;
                    (*index, *received, tlog_proof(&published.note, *index, hashes), false)
                }
            };
            settled.push(Ok(Receipt { index, received, jti: *jti, proof, first }));
        }
        metrics::counter!("sijill_appended_total").increment(fresh.len() as u64);
        Ok(settled)
    }

    /// Signs, seals and announces; nothing if this state is out already.
    async fn print(&self, snapshot: &Snapshot) -> Result<(), LedgerError> {
        let printed = if self.announce.borrow().checkpoint.size == snapshot.size() {
            Ok(None)
        } else {
            self.publisher.publish(snapshot).await.map(Some)
        };
        if let Err(error) = &printed {
            tracing::error!(
                error = causes(error),
                "what was committed could not be published; it is tried again"
            );
        }
        // Before anyone hears of it: whoever does finds a ledger that takes events again.
        Health::note(&self.health, |health| {
            health.press = printed.as_ref().map(|_| ()).map_err(Health::told);
        });
        if let Some(published) = printed? {
            self.announce.send_replace(Arc::new(published));
        }
        Ok(())
    }
}

/// Gives everyone who waits their part.
pub(crate) fn answer(settled: Settled, waiting: Vec<Waiting>) {
    let mut settled = settled.into_iter();
    for waiting in waiting {
        // Whoever asked may have gone.
        let _ = waiting.reply.send(settled.by_ref().take(waiting.count).collect());
        drop(waiting.room);
    }
}
