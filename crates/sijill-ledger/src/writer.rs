//! The writer: the one task that takes what has gathered, settles it as a batch, and hands it to the press.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sijill_domain::Registry;
use sijill_domain::event::Action;
use sijill_store::{Hash, StoreError};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

use crate::admission::Admitted;
use crate::clock::Clock;
use crate::error::{LedgerError, Own, Refused, causes};
use crate::ledger::{Limits, Settled};
use crate::press::{Edition, Waiting, answer};
use crate::publish::Snapshot;
use crate::sequence::{Outcome, Sequencer};

/// How long an upload that no event cites is kept.
const UPLOAD_LIFE_S: u64 = 86_400;
/// How often such uploads are swept.
const SWEEP: Duration = Duration::from_hours(1);

/// Sent to the writer. The channel itself is unbounded; the permits bound what is in it.
pub(crate) enum Work {
    Append { events: Vec<Admitted>, reply: oneshot::Sender<Settled>, room: OwnedSemaphorePermit },
    Stop,
}

/// How long after a batch that the database could not take it is asked whether it is back, at first and at most.
const PROBE: [Duration; 2] = [Duration::from_secs(1), Duration::from_mins(1)];

/// Whether the ledger can take events, as writer and press have last met it; if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) writer: Result<(), &'static str>,
    /// What was last met when looking for other servers' entries.
    pub(crate) others: Result<(), &'static str>,
    pub(crate) press: Result<(), &'static str>,
}

impl Health {
    pub(crate) const GOOD: Self = Self { writer: Ok(()), others: Ok(()), press: Ok(()) };

    pub(crate) fn overall(self) -> Result<(), &'static str> {
        self.writer.and(self.others).and(self.press)
    }

    pub(crate) fn note(told: &watch::Sender<Self>, note: impl FnOnce(&mut Self)) {
        told.send_if_modified(|health| {
            let before = *health;
            note(health);
            *health != before
        });
    }

    /// What to tell of an error.
    pub(crate) fn told(error: &LedgerError) -> &'static str {
        match error {
            LedgerError::Clock(_) => "the clock jumped; restart the ledger once it is right",
            LedgerError::Seal(_) => "the seal cannot be written",
            _ => "the database does not answer as it should",
        }
    }
}

/// The answer to each event of a batch that failed as a whole.
pub(crate) fn unsettled(error: &LedgerError) -> Refused {
    match error {
        // The transaction was refused as a whole, so nothing was taken; repeating it would not help.
        LedgerError::Store(StoreError::Corrupt { .. }) => Own::StoreCorrupt.because(
            "the ledger's database holds what no ledger wrote, and takes nothing more: tell its operator",
        ),
        _ => Refused::unavailable(
            "the ledger cannot say now whether the event was taken; post the same bytes again: it is appended once",
        ),
    }
}

/// The writing task.
pub(crate) struct Writer {
    pub(crate) sequencer: Sequencer,
    pub(crate) press: mpsc::Sender<Edition>,
    /// The size that was last handed to the press.
    pub(crate) printed: u64,
    pub(crate) health: Arc<watch::Sender<Health>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    /// When to ask whether the database is back, and how long to wait from then if it fails again.
    pub(crate) probe: Probe,
}

/// Asks a database that failed whether it is back: a server that nobody sends events to, for it is not ready, would
/// otherwise never be ready again. Each failure doubles the pause, so that one that only seems to be back is seldom
/// called ready.
#[derive(Default)]
pub(crate) struct Probe {
    at: Option<tokio::time::Instant>,
    failures: u32,
}

impl Probe {
    fn failed(&mut self) {
        let pause = PROBE[0].saturating_mul(1 << self.failures.min(6)).min(PROBE[1]);
        self.at = Some(tokio::time::Instant::now() + pause);
        self.failures += 1;
    }

    async fn due(&self) {
        match self.at {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}

impl Writer {
    pub(crate) async fn run(mut self, mut work: mpsc::UnboundedReceiver<Work>) {
        let mut poll = self.limits.poll.map(tokio::time::interval);
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            let first = tokio::select! {
                first = work.recv() => first,
                () = self.until_wake() => {
                    self.wake().await;
                    continue;
                }
                () = tick(&mut poll) => {
                    self.poll().await;
                    continue;
                }
                () = self.probe.due() => {
                    self.ask_again().await;
                    continue;
                }
                _ = sweep.tick() => {
                    self.sweep().await;
                    continue;
                }
            };
            let Some(Work::Append { mut events, reply, room }) = first else { break };
            let mut waiting = vec![Waiting { count: events.len(), reply, room }];
            let mut stop = false;
            while events.len() < self.limits.batch {
                match work.try_recv() {
                    Ok(Work::Append { events: more, reply, room }) => {
                        waiting.push(Waiting { count: more.len(), reply, room });
                        events.extend(more);
                    }
                    Ok(Work::Stop) => {
                        stop = true;
                        break;
                    }
                    Err(_) => break,
                }
            }
            self.settle(&events, waiting).await;
            if stop {
                break;
            }
        }
        // What was queued before the stop is finished; later work finds the queue closed.
        work.close();
        while let Some(Work::Append { events, reply, room }) = work.recv().await {
            let waiting = vec![Waiting { count: events.len(), reply, room }];
            self.settle(&events, waiting).await;
        }
    }

    /// Commits a batch and hands it on; if that fails, refuses it.
    async fn settle(&mut self, batch: &[Admitted], waiting: Vec<Waiting>) {
        let started = Instant::now();
        #[expect(clippy::cast_precision_loss, reason = "a batch has a few thousand events")]
        metrics::histogram!("sijill_batch_events").record(batch.len() as f64);
        if let Err(why) = self.unsealed() {
            let refused =
                Refused::unavailable(format!("nothing was taken: {why}; post the same bytes again later"));
            answer(batch.iter().map(|_| Err(refused.clone())).collect(), waiting);
            return;
        }
        let settled = match self.clock.now() {
            Ok(now) => self.sequencer.settle(batch, now).await,
            Err(jumped) => Err(jumped.into()),
        };
        match settled {
            Ok((outcomes, tiles)) => {
                let outcomes = outcomes.into_iter().zip(batch.iter().map(|a| a.event.jti)).collect();
                self.probe = Probe::default();
                self.note(Ok(()));
                self.hand_on(outcomes, tiles, waiting, started).await;
            }
            Err(error) => {
                self.failed(&error, "a batch was not settled");
                let refused = unsettled(&error);
                answer(batch.iter().map(|_| Err(refused.clone())).collect(), waiting);
                // What fell due before it may be committed.
                self.hand_on_if_needed().await;
            }
        }
    }

    /// Why nothing may be committed now, if the press cannot seal what was: the ledger must not run away from its seal.
    fn unsealed(&self) -> Result<(), &'static str> {
        self.health.borrow().press
    }

    fn failed(&mut self, error: &LedgerError, what: &'static str) {
        tracing::error!(error = causes(error), "{what}");
        self.note(Err(Health::told(error)));
        if error.is_passing() {
            self.probe.failed();
        }
    }

    /// Whether a database that failed takes transactions again.
    async fn ask_again(&mut self) {
        self.probe.at = None;
        let Sequencer { store, state, .. } = &self.sequencer;
        match store.put_case_rows(state.head, &[]).await.map_err(LedgerError::from) {
            Ok(_) => self.note(Ok(())),
            Err(error) => self.failed(&error, "the database is not back"),
        }
    }

    async fn hand_on(
        &mut self,
        outcomes: Vec<(Outcome, sijill_event::Uuid)>,
        tiles: Vec<sijill_log::FullTile>,
        waiting: Vec<Waiting>,
        started: Instant,
    ) {
        let snapshot = Snapshot::of(&self.sequencer.state);
        self.printed = snapshot.size();
        self.sequencer.past.remember(&snapshot);
        // The press ends only after this task.
        let _ = self.press.send(Edition { snapshot, outcomes, tiles, waiting, started }).await;
    }

    /// Hands on what was committed without anyone waiting for it.
    async fn hand_on_if_needed(&mut self) {
        if self.printed != self.sequencer.state.head.size {
            self.hand_on(Vec::new(), Vec::new(), Vec::new(), Instant::now()).await;
        }
    }

    /// Waits until a case wakes, for ever if none will. Looks at the clock at least every second, for it may be set.
    async fn until_wake(&self) {
        let Some(wake) = self.sequencer.state.wake else { return std::future::pending().await };
        loop {
            match self.clock.now() {
                Ok(now) if now >= wake => return,
                Ok(now) => tokio::time::sleep(Duration::from_millis((wake - now).min(1_000))).await,
                // Whoever appends next is told; nothing is done by a clock that cannot be believed.
                Err(_) => return std::future::pending().await,
            }
        }
    }

    /// Appends what fell due in cases where nothing else happens.
    async fn wake(&mut self) {
        if self.unsealed().is_err() {
            tokio::time::sleep(PROBE[0]).await;
            return;
        }
        let woken = match self.clock.now() {
            Ok(now) => self.sequencer.wake(now).await,
            Err(jumped) => Err(jumped.into()),
        };
        // What it appended before it failed is committed.
        self.hand_on_if_needed().await;
        match woken {
            Ok(_) => self.note(Ok(())),
            Err(error) => {
                self.failed(&error, "what fell due could not be appended; it is tried again");
                tokio::time::sleep(PROBE[0]).await;
            }
        }
    }

    /// Takes over what other servers have appended.
    async fn poll(&mut self) {
        let head = match self.sequencer.store.head().await {
            Ok(head) => head,
            Err(error) => {
                tracing::warn!(error = causes(&error), "the database's head could not be read");
                self.note_others(Err("the database does not answer"));
                return;
            }
        };
        if head.size != self.sequencer.state.head.size {
            if let Err(error) = self.sequencer.state.catch_up(&*self.sequencer.store).await {
                tracing::error!(error = causes(&error), "entries of another server could not be followed");
                self.note_others(Err("entries of another server could not be followed"));
                return;
            }
            self.hand_on_if_needed().await;
        }
        self.note_others(Ok(()));
    }

    /// Drops uploads that broke off or that no event came to cite, and destroys their keys; and documents that nobody came
    /// to propose.
    async fn sweep(&self) {
        let Ok(now) = self.clock.now() else { return };
        let before = i64::try_from((now / 1_000).saturating_sub(UPLOAD_LIFE_S)).unwrap_or(0);
        let Sequencer { store, keys, state, .. } = &self.sequencer;
        let swept = async {
            let dropped = store.sweep_attachments(before).await?;
            if !dropped.is_empty() {
                keys.destroy(&dropped).await?;
            }
            // Another server may know of proposals that this one has not read yet.
            if store.head().await? == state.head {
                store.sweep_documents(before, &cited(&state.registry)).await?;
            }
            Ok::<_, StoreError>(())
        };
        if let Err(error) = swept.await {
            tracing::warn!(
                error = causes(&error),
                "what nobody cites could not be swept; it is tried again in an hour"
            );
        }
    }

    fn note(&self, writer: Result<(), &'static str>) {
        Health::note(&self.health, |health| health.writer = writer);
    }

    fn note_others(&self, others: Result<(), &'static str>) {
        Health::note(&self.health, |health| health.others = others);
    }
}

/// The documents that were published, and those that were ever proposed.
fn cited(registry: &Registry) -> Vec<Hash> {
    let published =
        registry.documents().flat_map(|(_, _, versions)| versions.iter().map(|version| version.hash.0));
    let proposed = registry.proposals().values().filter_map(|proposal| match &proposal.action {
        Action::DocumentPublish(publish) => Some(publish.hash.0),
        _ => None,
    });
    published.chain(proposed).collect()
}

/// Waits for the next tick, for ever if there is no interval.
async fn tick(poll: &mut Option<tokio::time::Interval>) {
    match poll {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}
