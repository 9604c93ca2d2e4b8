//! A data directory opened: its databases, and its ledger with the right to append.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sijill_domain::event::Clock as Mode;
use sijill_event::Entry;
use sijill_ledger::{
    Clock, Ledger, Limits, OpenError, Opening, ServiceKeys, SimulatedClock, SystemClock, Witnessing,
};
use sijill_log::Policy;
use sijill_projections::engine::{Base, PostgresBase, SqliteBase};
use sijill_store::{KeyStore, Store, StoreError};
use sijill_store_postgres::{PostgresKeyStore, PostgresStore};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};

use crate::config::Engine;
use crate::courier::HttpCourier;
use crate::data_dir::{DataDir, Lock};
use crate::error::{Error, Result};
use crate::held_keys;

/// How often a server looks for entries of others that share its PostgreSQL database.
const POLL: Duration = Duration::from_millis(250);

const FOR_GOOD: &str = "If no backup of it is left, `keys_lost = true` in sijill.toml lets the ledger go on without what is lost";

/// By which clock a ledger that is opened goes.
pub enum Time {
    /// Its own: the system's, or for a simulated ledger one that runs on from its last entry.
    Own,
    /// A simulated ledger's, set to these Unix milliseconds (never before its last entry), running on from there.
    At(u64),
    /// This one.
    By(Arc<dyn Clock>),
}

/// A ledger open to append. Close it: what it was given is finished, and its files are left tidy.
pub struct Running {
    ledger: Ledger,
    store: Opened,
    // Last, so that it outlives what it protects.
    _lock: Lock,
}

enum Opened {
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
}

impl Opened {
    async fn open(dir: &DataDir) -> Result<Self> {
        Ok(match (dir.config.engine, &dir.config.url) {
            (Engine::Postgres, Some(url)) => Self::Postgres(Arc::new(PostgresStore::connect(url).await?)),
            _ => Self::Sqlite(Arc::new(SqliteStore::open(&dir.database_path()).await?)),
        })
    }

    fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as Arc<dyn Store>,
            Self::Postgres(store) => Arc::clone(store) as Arc<dyn Store>,
        }
    }

    /// Closes it, if nobody else holds it any more. Otherwise everything is as durable, but SQLite's log stays beside it.
    async fn close(self) {
        match self {
            Self::Sqlite(store) => {
                if let Some(store) = Arc::into_inner(store) {
                    store.close().await;
                }
            }
            Self::Postgres(store) => {
                if let Some(store) = Arc::into_inner(store) {
                    store.close().await;
                }
            }
        }
    }
}

impl Running {
    /// Opens the ledger of a data directory, which nobody else may be writing to.
    pub async fn open(dir: &DataDir, time: Time) -> Result<Self> {
        let lock = dir.lock()?;
        Self::open_locked(dir, time, lock, None).await
    }

    /// As [`open`](Self::open), for who holds the lock already. `made_up`: what the services' salts follow from, if this is a
    /// demonstration ([`sijill_ledger::ServiceKeys::made_up`]).
    pub async fn open_locked(
        dir: &DataDir,
        time: Time,
        lock: Lock,
        made_up: Option<[u8; 32]>,
    ) -> Result<Self> {
        let store = Opened::open(dir).await?;
        let clock = clock(&*store.store(), time).await?;
        let opening = Opening {
            store: store.store(),
            keys: keys_of(dir, &*store.store()).await?,
            seal: dir.seal(),
            log_key: dir.log_key()?,
            master: dir.master_key()?,
            clock,
            limits: limits(dir),
            origin: dir.config.origin.clone(),
            services: ServiceKeys { made_up, ..dir.service_keys()? },
            witnessing: witnessing(dir)?,
        };
        let ledger = Ledger::open(opening).await.map_err(open_error)?;
        Ok(Self { ledger, store, _lock: lock })
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Finishes what the ledger was given and closes its files.
    pub async fn close(self) {
        self.ledger.shutdown().await;
        drop(self.ledger);
        self.store.close().await;
    }
}

/// Who cosigns, as the settings say.
fn witnessing(dir: &DataDir) -> Result<Option<Witnessing>> {
    let Some(settings) = &dir.config.witnesses else { return Ok(None) };
    let read = |path: &Path| {
        let path = dir.resolve(path);
        let text = std::fs::read(&path).map_err(Error::unreadable(&path))?;
        Policy::parse(&text).map_err(|error| Error::malformed(&path, error.to_string()))
    };
    let policy = settings.policy.as_deref().map(read).transpose()?;
    let mut witnessing = Witnessing::new(policy, Arc::new(HttpCourier::new()?));
    witnessing.every = settings.every_ms.map_or(witnessing.every, Duration::from_millis);
    witnessing.patience = settings.patience_s.map_or(witnessing.patience, Duration::from_secs);
    Ok(Some(witnessing))
}

fn limits(dir: &DataDir) -> Limits {
    let mut limits = Limits::default();
    if dir.config.engine == Engine::Postgres {
        limits.poll = Some(POLL);
    }
    limits.queue = dir.config.limits.queue.unwrap_or(limits.queue);
    limits.batch = dir.config.limits.batch.unwrap_or(limits.batch);
    limits
}

/// The store for reading only, beside whoever writes; an earlier release's too.
pub async fn store_to_read(dir: &DataDir) -> Result<Arc<dyn Store>> {
    Ok(match (dir.config.engine, &dir.config.url) {
        (Engine::Postgres, Some(url)) => Arc::new(PostgresStore::connect_read_only(url).await?),
        _ => Arc::new(SqliteStore::open_read_only(&dir.database_path()).await?),
    })
}

/// The store of a lost ledger, made if it is gone.
pub async fn store_to_restore(dir: &DataDir) -> Result<Arc<dyn Store>> {
    Ok(Opened::open(dir).await?.store())
}

/// Where the ledger's read models lie: beside a SQLite ledger in a file of their own, on PostgreSQL in a schema of their own.
pub async fn read_models(dir: &DataDir) -> Result<Arc<dyn Base>> {
    let base: Arc<dyn Base> = match (dir.config.engine, &dir.config.url) {
        (Engine::Postgres, Some(url)) => Arc::new(PostgresBase::connect(url).await?),
        _ => Arc::new(SqliteBase::open(&dir.projections_path()).await?),
    };
    Ok(base)
}

/// The store for copying it while it is in use.
pub async fn store_to_copy(dir: &DataDir) -> Result<SqliteStore> {
    // Opening it for reading creates and migrates nothing, and finds out whether opening it to write would.
    let store = SqliteStore::open_read_only(&dir.database_path()).await?;
    let lacks = store.lacks();
    store.close().await;
    if let Some(migration) = lacks {
        return Err(Error::Store(StoreError::SchemaOlder { migration }));
    }
    Ok(SqliteStore::open(&dir.database_path()).await?)
}

/// The key store.
pub async fn key_store(dir: &DataDir) -> Result<Arc<dyn KeyStore>> {
    Ok(match &dir.config.keystore_url {
        Some(url) => Arc::new(PostgresKeyStore::connect(url).await?),
        None => Arc::new(SqliteKeyStore::open(&dir.keystore_path()).await?),
    })
}

/// The key store of a ledger that has one: none is made.
pub async fn existing_key_store(dir: &DataDir) -> Result<Arc<dyn KeyStore>> {
    let path = dir.keystore_path();
    if dir.config.keystore_url.is_none() && !path.try_exists().map_err(Error::unreadable(&path))? {
        let message = format!(
            "the key store {} is not there, and without it no disclosure can be read. A backup of the ledger does not hold it: \
             restore it from its own backup. {FOR_GOOD}",
            path.display()
        );
        return Err(Error::Open { code: "key-store-missing", message });
    }
    key_store(dir).await
}

/// The key store of a ledger that is to go on. Only one that has never published may make its own: in place of one that was
/// lost, it would hide the loss until somebody wants to read. Unless its operator has said that it was lost.
async fn keys_of(dir: &DataDir, store: &dyn Store) -> Result<Arc<dyn KeyStore>> {
    let seal = dir.seal().path().to_path_buf();
    let size = store.head().await?.size;
    if size == 0 && !seal.try_exists().map_err(Error::unreadable(&seal))? {
        return key_store(dir).await;
    }
    let gone = dir.config.keys_lost;
    let keys = if gone {
        dir.make_keystore_folder()?;
        key_store(dir).await?
    } else {
        existing_key_store(dir).await?
    };
    let Some(index) = held_keys::lost(store, &*keys, size).await? else { return Ok(keys) };
    if gone {
        tracing::warn!(
            index,
            "keys_lost: values are there that nobody can read any more; their cases take nothing but their erasure"
        );
        return Ok(keys);
    }
    // The URL of a key store may hold a password.
    let place = match dir.config.keystore_url {
        Some(_) => "that `keystore_url` names".to_string(),
        None => dir.keystore_path().display().to_string(),
    };
    let message = format!(
        "the key store {place} does not have the key of the disclosures of entry {index}: it is empty, another ledger's, or older \
         than the database, and what it cannot open nobody can. A backup of the ledger does not hold the keys: restore the key \
         store from its own newest backup. {FOR_GOOD}"
    );
    Err(Error::Open { code: "key-store-empty", message })
}

async fn clock(store: &dyn Store, time: Time) -> Result<Arc<dyn Clock>> {
    let at = match time {
        Time::By(clock) => return Ok(clock),
        Time::Own => None,
        Time::At(ms) => Some(ms),
    };
    let first = store.entries(0, 1).await?;
    let simulated = first.first().and_then(|(_, entry)| mode(entry)) == Some(Mode::Simulated);
    match (simulated, at) {
        (true, at) => {
            let last = store.head().await?.received;
            Ok(Arc::new(SimulatedClock::running(at.unwrap_or(last).max(last))))
        }
        (false, None) => Ok(Arc::new(SystemClock::new())),
        (false, Some(_)) => {
            Err(Error::Usage("only a ledger whose clock is simulated can be told the time".to_string()))
        }
    }
}

fn mode(entry: &str) -> Option<Mode> {
    let entry = Entry::parse(entry.as_bytes()).ok()?;
    Mode::parse(entry.event.data.get("clock")?.as_str()?)
}

/// The ledger's own sentences already say what to do.
pub(crate) fn open_error(error: OpenError) -> Error {
    let code = match error {
        OpenError::Ledger(sijill_ledger::LedgerError::Store(error)) => return Error::Store(error),
        OpenError::Ledger(_) => "ledger-failed",
        OpenError::HeadMismatch { .. } => "head-mismatch",
        OpenError::BehindSeal { .. } => "behind-seal",
        OpenError::SealMissing { .. } => "seal-missing",
        OpenError::SealUnreadable { .. } => "seal-unreadable",
        OpenError::BehindWitness { .. } => "behind-witness",
        OpenError::WitnessPolicy(_) => "witness-policy",
        OpenError::OtherLedger { .. } => "other-ledger",
    };
    Error::Open { code, message: error.to_string() }
}
