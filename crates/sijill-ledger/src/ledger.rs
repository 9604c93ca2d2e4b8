//! The running ledger: one handle for everybody, one task that writes, one that publishes, and those that go to
//! witnesses.

use std::sync::Arc;
use std::time::Duration;

use sijill_domain::Registry;
use sijill_event::{SigningKey, Uuid};
use sijill_log::{Hash, NoteSigner};
use sijill_store::{KeyStore, Store};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::admission::{Admission, Admitted};
use crate::casework::CaseReader;
use crate::clock::Clock;
use crate::desk::CaseDesk;
use crate::error::{Busy, OpenError, Own, Refused};
use crate::heads::Kept;
use crate::press::Press;
use crate::publish::{PastRoots, Published, Publisher, Snapshot, Tiles};
use crate::seal::Seal;
use crate::sequence::Sequencer;
use crate::service::Services;
use crate::state::State;
use crate::stated::Stated;
use crate::vault::{MasterKey, Vault};
use crate::witnessing::{self, Cosigned, Witnesses, Witnessing};
use crate::writer::{Health, Probe, Work, Writer};

/// How long a database may take to answer whether it is there.
const PROBE: Duration = Duration::from_secs(1);

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
    /// Who cosigns its checkpoints; `None`: nobody.
    pub witnessing: Option<Witnessing>,
}

/// The keys of the ledger's services that act in cases. A ledger under rule-set 1 needs none.
#[derive(Clone, Default)]
pub struct ServiceKeys {
    /// Does what the policy prescribes.
    pub automation: Option<SigningKey>,
    /// Answers requests to see values.
    pub access: Option<SigningKey>,
    /// For made-up ledgers alone, which are to come out the same again: what the salts of the services' events follow
    /// from. Whoever knows it can find every value behind its digest. A real ledger has none: its salts are random.
    pub made_up: Option<[u8; 32]>,
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
    cases: Arc<CaseDesk>,
    tiles: Tiles,
    stated: Mutex<Arc<Stated>>,
    heads: Mutex<Kept>,
    admission: Arc<Admission>,
    published: watch::Receiver<Arc<Published>>,
    queue: mpsc::UnboundedSender<Work>,
    room: Arc<Semaphore>,
    capacity: usize,
    /// The writer, and the press, which ends after it.
    tasks: Mutex<Vec<JoinHandle<()>>>,
    witnesses: Option<Witnesses>,
    healthy: watch::Receiver<Health>,
}

pub(crate) type Settled = Vec<Result<Receipt, Refused>>;

impl Ledger {
    /// Opens the ledger on its store.
    ///
    /// # Errors
    /// Refuses a head that does not match the entries, and a store that is behind the seal.
    pub async fn open(opening: Opening) -> Result<Self, OpenError> {
        let Opening { store, keys, seal, log_key, master, clock, limits, origin, services, witnessing } =
            opening;
        let state = State::load(&*store).await?;
        check_identity(&state.registry, &origin, &log_key)?;
        let tiles = Tiles::new(Arc::clone(&store));
        let sealed = check_seal(&seal, &state, &tiles, &log_key).await?;
        if let Some(witnessing) = &witnessing {
            // Another server may have appended since.
            let size = store.head().await?.size.max(state.head.size);
            Box::pin(witnessing::compare(witnessing, &state.registry, &log_key, size)).await?;
        }
        let printer = Publisher { log_key, seal };
        let snapshot = Snapshot::of(&state);
        let first = if sealed {
            printer.sign(&snapshot)?
        } else {
            printer.publish(&snapshot).await.map_err(OpenError::Ledger)?
        };
        let (announce, published) = watch::channel(Arc::new(first));
        let (health, healthy) = watch::channel(Health::GOOD);
        let (queue, work) = mpsc::unbounded_channel();
        let vault = Vault::new(master, origin.clone());
        let past = PastRoots { tiles: tiles.clone(), kept: std::collections::HashMap::new() };
        let reader = CaseReader { store: Arc::clone(&store), keys: Arc::clone(&keys), vault: vault.clone() };
        let cases = Arc::new(CaseDesk::new(reader.clone()));
        let services = Services {
            origin: origin.clone(),
            vault: vault.clone(),
            automation: services.automation,
            access: services.access,
            made_up: services.made_up,
        };
        let health = Arc::new(health);
        let press = Press { publisher: printer, tiles: tiles.clone(), announce, health: Arc::clone(&health) };
        let (editions, printing) = press.start();
        let writer = Writer {
            sequencer: Sequencer {
                services,
                reader,
                desk: Arc::clone(&cases),
                store: Arc::clone(&store),
                keys: Arc::clone(&keys),
                past,
                state,
                unsure: false,
            },
            press: editions,
            printed: snapshot.size(),
            health,
            clock: Arc::clone(&clock),
            limits,
            probe: Probe::default(),
        };
        let writing = tokio::spawn(writer.run(work));
        let witnesses = witnessing.map(|settings| Witnesses::start(settings, published.clone(), &tiles));
        Ok(Self {
            shared: Arc::new(Shared {
                admission: Arc::new(Admission::new(origin.clone(), vault.clone())),
                origin,
                store,
                keys,
                clock,
                vault,
                cases,
                tiles,
                stated: Mutex::default(),
                heads: Mutex::default(),
                published,
                queue,
                room: Arc::new(Semaphore::new(limits.queue)),
                capacity: limits.queue,
                tasks: Mutex::new(vec![writing, printing]),
                witnesses,
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

    /// The newest checkpoint that a quorum of witnesses has cosigned since this process began; it may be smaller than the
    /// published one.
    pub fn cosigned(&self) -> Option<Arc<Cosigned>> {
        self.shared.witnesses.as_ref()?.cosigned.borrow().clone()
    }

    /// Whether anybody has to cosign, and is asked to.
    pub fn has_witnesses(&self) -> bool {
        let registry = self.registry();
        self.shared.witnesses.as_ref().is_some_and(|witnesses| witnesses.are_asked(&registry))
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
        self.shared.healthy.borrow().overall()?;
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

    pub(crate) fn kept_stated(&self) -> &Mutex<Arc<Stated>> {
        &self.shared.stated
    }

    pub(crate) fn kept_heads(&self) -> &Mutex<Kept> {
        &self.shared.heads
    }

    pub(crate) fn tiles(&self) -> &Tiles {
        &self.shared.tiles
    }

    /// Appends SD-JWTs, each by itself; one result per text, in order. Answers when all are durable and covered by a
    /// sealed checkpoint; waiting for `Witnessed`, by one that a quorum of witnesses has cosigned, or with `not-witnessed` if
    /// that takes too long. Dropping the future does not undo what was queued: post the same bytes again to learn.
    pub async fn append(&self, texts: Vec<String>, wait: Wait) -> Result<Settled, Busy> {
        match (wait, &self.shared.witnesses) {
            (Wait::Published, _) => self.append_published(texts).await,
            (Wait::Witnessed, Some(witnesses)) if self.has_witnesses() => {
                let settled = self.append_published(texts).await?;
                Ok(witnesses.cover(settled, &self.shared.tiles).await)
            }
            (Wait::Witnessed, _) => {
                let refused = Own::NoWitnesses
                    .because("this ledger's witness policy names no witnesses; ask for `wait=published`");
                Ok(texts.iter().map(|_| Err(refused.clone())).collect())
            }
        }
    }

    async fn append_published(&self, texts: Vec<String>) -> Result<Settled, Busy> {
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
        let _ = self.shared.queue.send(Work::Append { events, reply, room });
        answer.await.unwrap_or_default()
    }

    /// Appends what fell due by now, as the ledger's own timer would within a second: for whoever moves a simulated clock.
    /// Answers when it is published, or when a clock or database that fails has been noted.
    pub async fn wake(&self) -> Result<(), Busy> {
        let room = Arc::clone(&self.shared.room).try_acquire_many_owned(0).map_err(|_| Busy)?;
        let (reply, answer) = oneshot::channel();
        let _ = self.shared.queue.send(Work::Append { events: Vec::new(), reply, room });
        answer.await.map(drop).map_err(|_| Busy)
    }

    /// Stops taking events, finishes what is queued, and returns when that is durable and sealed.
    pub async fn shutdown(&self) {
        self.shared.room.close();
        let _ = self.shared.queue.send(Work::Stop);
        for task in self.shared.tasks.lock().await.drain(..) {
            let _ = task.await;
        }
        self.stop_visiting().await;
    }

    async fn stop_visiting(&self) {
        if let Some(witnesses) = &self.shared.witnesses {
            witnesses.stop().await;
        }
    }

    /// Ends as a killed process does: nothing is finished, and nothing of this ledger runs on beside the next one.
    #[cfg(feature = "testing")]
    pub async fn crash(&self) {
        for task in self.shared.tasks.lock().await.drain(..) {
            task.abort();
            let _ = task.await;
        }
        self.stop_visiting().await;
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
