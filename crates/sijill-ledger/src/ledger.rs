//! The running ledger: one handle for everybody, one task that sequences.

use std::sync::Arc;
use std::time::Duration;

use sijill_domain::Registry;
use sijill_event::{SigningKey, Uuid};
use sijill_log::{Hash, NoteSigner};
use sijill_store::{KeyStore, Store, StoreError};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::admission::{Admission, Admitted};
use crate::casework::CaseReader;
use crate::clock::Clock;
use crate::desk::CaseDesk;
use crate::error::{Busy, LedgerError, OpenError, Own, Refused};
use crate::publish::{PastRoots, Published, Publisher, Tiles, batch_proofs};
use crate::seal::Seal;
use crate::sequence::{Outcome, Sequencer};
use crate::service::Services;
use crate::state::State;
use crate::vault::{MasterKey, Vault};

/// Everything a ledger runs on.
pub struct Opening {
    /// Entries and what is kept beside them.
    pub store: Arc<dyn Store>,
    /// Wrapped data keys, apart from the store.
    pub keys: Arc<dyn KeyStore>,
    /// Where the last signed checkpoint is kept, outside the store.
    pub seal: Seal,
    /// Signs checkpoints; its name is the origin.
    pub log_key: NoteSigner,
    /// Wraps the data keys.
    pub master: MasterKey,
    /// Stamps `received`.
    pub clock: Arc<dyn Clock>,
    /// Bounds.
    pub limits: Limits,
    /// The ledger's name, e.g. `sijill.gov.om/child-protection`.
    pub origin: String,
    /// What its services sign with.
    pub services: ServiceKeys,
}

/// The keys of the ledger's services that act in cases. A ledger under rule-set 1 needs none.
#[derive(Clone, Default)]
pub struct ServiceKeys {
    /// Does what the policy prescribes.
    pub automation: Option<SigningKey>,
    /// Answers requests to see values.
    pub access: Option<SigningKey>,
}

/// Bounds on what the ledger takes on at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Events waiting or being decided; beyond, [`Busy`].
    pub queue: usize,
    /// Events in one transaction.
    pub batch: usize,
    /// How often to look for entries of other servers on the same store; `None` if there are none.
    pub poll: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { queue: 20_000, batch: 2_000, poll: None }
    }
}

/// When a receipt is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wait {
    /// When its checkpoint is signed and sealed.
    #[default]
    Published,
    /// When the witness quorum has cosigned it.
    Witnessed,
}

/// Convicts a ledger that later denies the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The entry's index.
    pub index: u64,
    /// When the ledger sequenced it, Unix milliseconds.
    pub received: u64,
    /// The event's idempotency key.
    pub jti: Uuid,
    /// A C2SP tlog-proof, with its checkpoint.
    pub proof: String,
    /// `false` if this very event was in the log already.
    pub first: bool,
}

/// A running ledger. Clones share it.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
}

struct Shared {
    origin: String,
    store: Arc<dyn Store>,
    keys: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    vault: Vault,
    cases: CaseDesk,
    tiles: Tiles,
    admission: Arc<Admission>,
    published: watch::Receiver<Arc<Published>>,
    queue: mpsc::UnboundedSender<Work>,
    room: Arc<Semaphore>,
    capacity: usize,
    task: Mutex<Option<JoinHandle<()>>>,
    healthy: watch::Receiver<Result<(), &'static str>>,
}

/// Sent to the sequencing task. The channel itself is unbounded; the permits bound what is in it.
enum Work {
    Append { events: Vec<Admitted>, reply: oneshot::Sender<Settled>, _room: OwnedSemaphorePermit },
    Stop,
}

type Settled = Vec<Result<Receipt, Refused>>;

impl Ledger {
    /// Opens the ledger on its store.
    ///
    /// # Errors
    /// Refuses a head that does not match the entries, and a store that is behind the seal.
    pub async fn open(opening: Opening) -> Result<Self, OpenError> {
        let Opening { store, keys, seal, log_key, master, clock, limits, origin, services } = opening;
        let state = State::load(&*store).await?;
        check_identity(&state.registry, &origin, &log_key)?;
        let tiles = Tiles::new(Arc::clone(&store));
        let sealed = check_seal(&seal, &state, &tiles, &log_key).await?;
        let press = Publisher { log_key, seal };
        let first = if sealed {
            press.sign(&state)?
        } else {
            press.publish(&state).await.map_err(OpenError::Ledger)?
        };
        let (sender, published) = watch::channel(Arc::new(first));
        let (health, healthy) = watch::channel(Ok(()));
        let (queue, work) = mpsc::unbounded_channel();
        let vault = Vault::new(master, origin.clone());
        let past = PastRoots { tiles: tiles.clone(), kept: std::collections::HashMap::new() };
        let reader = CaseReader { store: Arc::clone(&store), keys: Arc::clone(&keys), vault: vault.clone() };
        let services = Services {
            origin: origin.clone(),
            vault: vault.clone(),
            automation: services.automation,
            access: services.access,
        };
        let desk = Desk {
            sequencer: Sequencer {
                services,
                reader: reader.clone(),
                store: Arc::clone(&store),
                keys: Arc::clone(&keys),
                past,
                state,
                unsure: false,
            },
            publisher: press,
            announce: sender,
            health,
            clock: Arc::clone(&clock),
            limits,
            unpublished: false,
        };
        let task = tokio::spawn(desk.run(work));
        Ok(Self {
            shared: Arc::new(Shared {
                admission: Arc::new(Admission::new(origin.clone(), vault.clone())),
                origin,
                store,
                keys,
                clock,
                vault,
                cases: CaseDesk::new(reader),
                tiles,
                published,
                queue,
                room: Arc::new(Semaphore::new(limits.queue)),
                capacity: limits.queue,
                task: Mutex::new(Some(task)),
                healthy,
            }),
        })
    }

    /// The ledger's name.
    pub fn origin(&self) -> &str {
        &self.shared.origin
    }

    /// The log as published now.
    pub fn published(&self) -> Arc<Published> {
        self.shared.published.borrow().clone()
    }

    /// Follows publication.
    pub fn watch(&self) -> watch::Receiver<Arc<Published>> {
        self.shared.published.clone()
    }

    /// The registry of authority as published.
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.shared.published.borrow().registry)
    }

    /// The ledger's time, Unix milliseconds; 0 if the clock cannot be believed.
    pub fn now_ms(&self) -> u64 {
        self.shared.clock.now().unwrap_or(0)
    }

    /// Whether the ledger can take events. Asks the database, and waits for its answer no longer than a second.
    pub async fn ready(&self) -> Result<(), &'static str> {
        (*self.shared.healthy.borrow())?;
        match tokio::time::timeout(PROBE, self.store().head()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err("the database does not answer"),
        }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.shared.store
    }

    pub(crate) fn keys(&self) -> &dyn KeyStore {
        &*self.shared.keys
    }

    pub(crate) fn cases(&self) -> &CaseDesk {
        &self.shared.cases
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.shared.vault
    }

    pub(crate) fn tiles(&self) -> &Tiles {
        &self.shared.tiles
    }

    /// Appends SD-JWTs, each by itself; one result per text, in order. Answers when all are durable and covered by a
    /// sealed checkpoint. Dropping the future does not undo what was queued: post the same bytes again to learn.
    pub async fn append(&self, texts: Vec<String>, wait: Wait) -> Result<Settled, Busy> {
        if wait == Wait::Witnessed {
            let refused = Own::NoWitnesses
                .because("this ledger's witness policy names no witnesses; ask for `wait=published`");
            return Ok(texts.iter().map(|_| Err(refused.clone())).collect());
        }
        let count = u32::try_from(texts.len()).map_err(|_| Busy)?;
        // A batch larger than the whole queue would wait for ever.
        if texts.len() > self.shared.capacity {
            return Err(Busy);
        }
        let room = Arc::clone(&self.shared.room).try_acquire_many_owned(count).map_err(|_| {
            metrics::counter!("sijill_busy_total").increment(1);
            Busy
        })?;
        let admitted = self.admit(texts).await;
        let mut settled: Vec<Option<Result<Receipt, Refused>>> = Vec::with_capacity(admitted.len());
        let mut events = Vec::with_capacity(admitted.len());
        for result in admitted {
            match result {
                Ok(admitted) => {
                    events.push(admitted);
                    settled.push(None);
                }
                Err(refused) => {
                    metrics::counter!("sijill_refused_total", "code" => refused.code).increment(1);
                    settled.push(Some(Err(refused)));
                }
            }
        }
        let mut answers = self.sequence(events, room).await.into_iter();
        let lost = || Err(Refused::unavailable("the ledger is stopping; post the same bytes again"));
        Ok(settled.into_iter().map(|s| s.unwrap_or_else(|| answers.next().unwrap_or_else(lost))).collect())
    }

    async fn admit(&self, texts: Vec<String>) -> Vec<Result<Admitted, Refused>> {
        let registry = self.registry();
        if texts.len() <= 4 {
            return self.shared.admission.admit_group(&texts, &registry);
        }
        let admission = Arc::clone(&self.shared.admission);
        let count = texts.len();
        let all = tokio::task::spawn_blocking(move || admission.admit_all(&texts, &registry)).await;
        all.unwrap_or_else(|_| {
            (0..count).map(|_| Err(Refused::unavailable("admission failed; try again"))).collect()
        })
    }

    async fn sequence(&self, events: Vec<Admitted>, room: OwnedSemaphorePermit) -> Settled {
        if events.is_empty() {
            return Vec::new();
        }
        let (reply, answer) = oneshot::channel();
        let _ = self.shared.queue.send(Work::Append { events, reply, _room: room });
        answer.await.unwrap_or_default()
    }

    /// Stops taking events, finishes what is queued, and returns when that is durable and sealed.
    pub async fn shutdown(&self) {
        self.shared.room.close();
        let _ = self.shared.queue.send(Work::Stop);
        if let Some(task) = self.shared.task.lock().await.take() {
            let _ = task.await;
        }
    }

    /// Ends as a killed process does: nothing is finished, and nothing of this ledger runs on beside the next one.
    #[cfg(feature = "testing")]
    pub async fn crash(&self) {
        if let Some(task) = self.shared.task.lock().await.take() {
            task.abort();
            let _ = task.await;
        }
    }
}

fn check_identity(registry: &Registry, origin: &str, log_key: &NoteSigner) -> Result<(), OpenError> {
    let Some(found) = registry.origin() else { return Ok(()) };
    let same_key = registry.log_key().is_some_and(|key| key.as_bytes() == log_key.verifier().public_key());
    if found == origin && same_key {
        return Ok(());
    }
    Err(OpenError::OtherLedger { wanted: origin.into(), found: found.into() })
}

/// Compares the store with the seal; `true` if the seal is of this very size.
async fn check_seal(
    seal: &Seal,
    state: &State,
    tiles: &Tiles,
    log_key: &NoteSigner,
) -> Result<bool, OpenError> {
    let path = seal.path().display().to_string();
    let size = state.head.size;
    let Some(note) = seal.read()? else {
        // The first publication seals the empty tree, so that only a lost seal can be missing later.
        return if size == 0 { Ok(false) } else { Err(OpenError::SealMissing { size, path }) };
    };
    let (sealed, _) = sijill_log::Checkpoint::open(note.as_bytes(), log_key.verifier())
        .map_err(|e| OpenError::SealUnreadable { path: path.clone(), why: e.to_string() })?;
    let behind =
        |found: String| Err(OpenError::BehindSeal { sealed: sealed.size, found, path: path.clone() });
    if sealed.size > size {
        return behind(format!("holds only {size} entries"));
    }
    if tiles.root(sealed.size, &state.edge).await.map_err(OpenError::Ledger)? != sealed.root {
        return behind("holds other entries below that size".into());
    }
    Ok(sealed.size == size && sealed.root == Hash(state.head.root))
}

/// How long a database may take to answer whether it is there.
const PROBE: Duration = Duration::from_secs(1);
/// How long an upload that no event cites is kept.
const UPLOAD_LIFE_S: u64 = 86_400;
/// How often such uploads are swept.
const SWEEP: Duration = Duration::from_hours(1);

/// The sequencing task: takes what has gathered, settles it as one batch, publishes, answers.
struct Desk {
    sequencer: Sequencer,
    publisher: Publisher,
    announce: watch::Sender<Arc<Published>>,
    health: watch::Sender<Result<(), &'static str>>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    /// Committed, but not yet under a sealed checkpoint.
    unpublished: bool,
}

impl Desk {
    async fn run(mut self, mut work: mpsc::UnboundedReceiver<Work>) {
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
                _ = sweep.tick() => {
                    self.sweep().await;
                    continue;
                }
            };
            let Some(Work::Append { events, reply, _room: room }) = first else { break };
            let mut batch = events;
            let mut replies = vec![(batch.len(), reply, room)];
            let mut stop = false;
            while batch.len() < self.limits.batch {
                match work.try_recv() {
                    Ok(Work::Append { events, reply, _room: room }) => {
                        replies.push((events.len(), reply, room));
                        batch.extend(events);
                    }
                    Ok(Work::Stop) => {
                        stop = true;
                        break;
                    }
                    Err(_) => break,
                }
            }
            let mut settled = self.settle(&batch).await.into_iter();
            for (count, reply, _room) in replies {
                let _ = reply.send(settled.by_ref().take(count).collect());
            }
            if stop {
                break;
            }
        }
        // What was queued before the stop is finished; later work finds the queue closed.
        work.close();
        while let Some(Work::Append { events, reply, .. }) = work.recv().await {
            let _ = reply.send(self.settle(&events).await);
        }
    }

    async fn settle(&mut self, batch: &[Admitted]) -> Settled {
        let started = std::time::Instant::now();
        let answer = self.try_settle(batch).await;
        metrics::histogram!("sijill_batch_seconds").record(started.elapsed().as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a batch has a few thousand events")]
        metrics::histogram!("sijill_batch_events").record(batch.len() as f64);
        answer.unwrap_or_else(|error| {
            tracing::error!(%error, "a batch was not settled");
            self.note_health(Err(match error {
                LedgerError::Clock(_) => "the clock jumped; restart the ledger once it is right",
                LedgerError::Seal(_) => "the seal cannot be written",
                _ => "the database does not answer as it should",
            }));
            let refused = match &error {
                // The transaction was refused as a whole, so nothing was taken; repeating it would not help.
                LedgerError::Store(StoreError::Corrupt { .. }) => Own::StoreCorrupt.because("the ledger's database holds what no ledger wrote, and takes nothing more: tell its operator",
                ),
                _ => Refused::unavailable(
                    "the ledger cannot say now whether the event was taken; post the same bytes again: it is appended once",
                ),
            };
            batch.iter().map(|_| Err(refused.clone())).collect()
        })
    }

    async fn try_settle(&mut self, batch: &[Admitted]) -> Result<Settled, LedgerError> {
        let now = self.clock.now()?;
        let (outcomes, tiles) = self.sequencer.settle(batch, now).await?;
        if outcomes.iter().any(|o| matches!(o, Outcome::Appended { .. })) {
            self.unpublished = true;
        }
        self.publish_if_needed().await?;
        self.note_health(Ok(()));
        let published = self.announce.borrow().clone();
        let fresh: Vec<u64> = outcomes
            .iter()
            .filter_map(|o| if let Outcome::Appended { index, .. } = o { Some(*index) } else { None })
            .collect();
        let mut proofs = batch_proofs(&published, &tiles, &fresh)?.into_iter();
        let mut settled = Vec::with_capacity(outcomes.len());
        for (outcome, admitted) in outcomes.into_iter().zip(batch) {
            settled.push(match outcome {
                Outcome::Refused(refused) => {
                    metrics::counter!("sijill_refused_total", "code" => refused.code).increment(1);
                    Err(refused)
                }
                Outcome::Appended { index, received } => Ok(Receipt {
                    index,
                    received,
                    jti: admitted.event.jti,
                    proof: proofs.next().unwrap_or_default(),
                    first: true,
                }),
                Outcome::Known { index, received } => {
                    let size = published.checkpoint.size;
                    let hashes = self.sequencer.past.tiles.inclusion(index, size, &published.edge).await?;
                    let proof = crate::publish::tlog_proof(&published, index, hashes);
                    Ok(Receipt { index, received, jti: admitted.event.jti, proof, first: false })
                }
            });
        }
        metrics::counter!("sijill_appended_total").increment(fresh.len() as u64);
        Ok(settled)
    }

    async fn publish_if_needed(&mut self) -> Result<(), LedgerError> {
        if self.unpublished || self.announce.borrow().checkpoint.size != self.sequencer.state.head.size {
            let published = self.publisher.publish(&self.sequencer.state).await?;
            self.sequencer.past.kept.insert(published.checkpoint.size, published.checkpoint.root);
            self.announce.send_replace(Arc::new(published));
            self.unpublished = false;
        }
        Ok(())
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
        let woken = async {
            let now = self.clock.now()?;
            self.sequencer.wake(now).await?;
            self.publish_if_needed().await
        };
        if let Err(error) = woken.await {
            tracing::error!(%error, "what fell due could not be appended; it is tried again");
            self.note_health(Err("what fell due could not be appended"));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Takes over what other servers have appended.
    async fn poll(&mut self) {
        let head = match self.sequencer.store.head().await {
            Ok(head) => head,
            Err(error) => {
                tracing::warn!(%error, "the database's head could not be read");
                self.note_health(Err("the database does not answer"));
                return;
            }
        };
        if head.size != self.sequencer.state.head.size {
            let caught_up = async {
                self.sequencer.state.catch_up(&*self.sequencer.store).await?;
                self.publish_if_needed().await
            };
            if let Err(error) = caught_up.await {
                tracing::error!(%error, "entries of another server could not be followed");
                self.note_health(Err("entries of another server could not be followed"));
                return;
            }
        }
        self.note_health(Ok(()));
    }

    /// Drops uploads that broke off or that no event came to cite, and destroys their keys.
    async fn sweep(&self) {
        let Ok(now) = self.clock.now() else { return };
        let before = i64::try_from((now / 1_000).saturating_sub(UPLOAD_LIFE_S)).unwrap_or(0);
        let swept = async {
            let keys = self.sequencer.store.sweep_attachments(before).await?;
            if !keys.is_empty() {
                self.sequencer.keys.destroy(&keys).await?;
            }
            Ok::<_, sijill_store::StoreError>(())
        };
        if let Err(error) = swept.await {
            tracing::warn!(%error, "uploads without an event could not be swept; it is tried again in an hour");
        }
    }

    fn note_health(&self, health: Result<(), &'static str>) {
        self.health.send_if_modified(|now| {
            let changed = *now != health;
            *now = health;
            changed
        });
    }
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
