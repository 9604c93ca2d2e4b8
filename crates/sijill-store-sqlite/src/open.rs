//! Opening the file: connections that write, that read, and that read a file nobody may write.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sijill_store::{Result, StoreError};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};

use crate::error::{is_not_writable, store_error};
use crate::schema;

/// How long a statement waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a caller waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages written before the log is folded into the file: 125 MiB. Beyond a million entries a batch of a thousand changes
/// some two thousand pages of the digests' index, and the longer the log, the more of them are folded in once for several.
const CHECKPOINT_PAGES: &str = "32000";

/// The log's size after it was folded in, bytes: a burst does not keep its disk space for ever.
const LOG_SIZE: &str = "134217728";

/// The writer's page cache, kibibytes, negative as SQLite wants it: `jti` and digests are random, and each new one lands
/// on another page of its index.
const WRITER_CACHE: &str = "-262144";

/// Rows that a connection's thread reads ahead of who asked for them: with sqlx's 50 two threads wait for each other all the time.
const ROW_BUFFER: usize = 2_000;

/// Creates the file if there is none, with these permissions. SQLite gives its `-wal` and `-shm` the same.
pub(crate) fn create(path: &Path, mode: u32) -> Result<PathBuf> {
    // Absolute, so that no path can be mistaken for SQLite's `file:` URIs.
    let path = std::path::absolute(path).map_err(unavailable)?;
    match OpenOptions::new().write(true).create_new(true).mode(mode).open(&path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(unavailable(error)),
        _ => Ok(path),
    }
}

/// The one connection that writes, after it has brought the schema up to date.
pub(crate) async fn writer(path: &Path, migrator: &'static Migrator) -> Result<SqlitePool> {
    let options = existing(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("journal_size_limit", LOG_SIZE)
        .pragma("cache_size", WRITER_CACHE)
        .pragma("secure_delete", "ON");
    let pool = patiently(|| pool(1).connect_with(options.clone())).await?;
    let mut connection = pool.acquire().await.map_err(store_error)?;
    schema::migrate(&mut connection, migrator).await?;
    drop(connection);
    Ok(pool)
}

/// Connects, and again if the file is busy: servers that turn a fresh file to WAL at the same moment get in each other's way,
/// and there SQLite does not wait by itself.
async fn patiently<F>(connect: impl Fn() -> F) -> Result<SqlitePool>
where
    F: Future<Output = Result<SqlitePool, sqlx::Error>>,
{
    let mut pause = Duration::from_millis(5);
    while pause < BUSY_TIMEOUT {
        match connect().await.map_err(store_error) {
            Err(StoreError::Retry(_)) => tokio::time::sleep(pause).await,
            connected => return connected,
        }
        pause *= 2;
    }
    connect().await.map_err(store_error)
}

/// Connections that read beside the writer.
pub(crate) async fn readers(path: &Path) -> Result<SqlitePool> {
    let count = std::thread::available_parallelism().map_or(4, usize::from).clamp(4, 16);
    let count = u32::try_from(count).unwrap_or(4);
    patiently(|| pool(count).connect_with(existing(path).read_only(true))).await
}

/// Connections that read a file they may not be able to write to, whether or not a server is running.
///
/// A server that runs, or ended abruptly, leaves `-wal` and `-shm`: read like any other reader. Without them nobody has
/// the file open, and all is in it: read it as immutable, which creates nothing beside it, and watch that it stays so.
pub(crate) async fn read_only(
    path: &Path,
    migrator: &'static Migrator,
) -> Result<(SqlitePool, Option<Frozen>, Option<i64>)> {
    let path = std::path::absolute(path).map_err(unavailable)?;
    if !path.is_file() {
        return Err(StoreError::NotFound(path));
    }
    let log_is_empty = fs::metadata(beside(&path, "-wal")).map_or(true, |log| log.len() == 0);
    let nobody_has_it_open = log_is_empty && !beside(&path, "-shm").exists();
    let frozen = if nobody_has_it_open { Some(Frozen::watch(&path)?) } else { None };
    let options = existing(&path).read_only(true).immutable(frozen.is_some());
    let opened = async {
        let pool = pool(4).connect_with(options).await?;
        let mut connection = pool.acquire().await?;
        // The first read is what opens the log.
        sqlx::query("SELECT count(*) FROM sqlite_schema").execute(&mut *connection).await?;
        Ok((pool, connection))
    };
    let (pool, mut connection) = opened.await.map_err(|error| match error {
        error if is_not_writable(&error) && frozen.is_none() => StoreError::NeedsRecovery(path.clone()),
        error => store_error(error),
    })?;
    let lacks = schema::check(&mut connection, migrator).await?;
    schema::require_readable(&mut connection, lacks).await?;
    Ok((pool, frozen, lacks))
}

/// Writes a copy of the database to a new file and makes it durable.
pub(crate) async fn backup(from: &Path, to: &Path) -> Result<()> {
    let to = std::path::absolute(to).map_err(unavailable)?;
    if to.exists() {
        return Err(StoreError::BackupExists(to));
    }
    let partial = beside(&to, ".partial");
    // Readable by its owner alone, from the first byte; an earlier attempt that was interrupted is begun again.
    let _ = fs::remove_file(&partial);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial).map_err(unavailable)?;
    let name = partial.to_str().ok_or_else(|| unavailable(io::Error::other("the path is not UTF-8")))?;

    // A connection of its own: neither writer nor readers wait for it.
    let mut connection = existing(from).connect().await.map_err(store_error)?;
    let copied = sqlx::query("VACUUM INTO ?").bind(name).execute(&mut connection).await;
    connection.close().await.map_err(store_error)?;
    copied.map_err(store_error)?;

    // SQLite leaves the copy to the operating system's cache.
    let sync = |path: &Path| fs::File::open(path).and_then(|file| file.sync_all());
    sync(&partial).map_err(unavailable)?;
    fs::hard_link(&partial, &to).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => StoreError::BackupExists(to.clone()),
        _ => unavailable(error),
    })?;
    fs::remove_file(&partial).map_err(unavailable)?;
    to.parent().map_or(Ok(()), sync).map_err(unavailable)
}

/// Folds the log into the file and empties it, so that what was overwritten there does not live on in the log.
/// A reader that outlasts the busy time-out postpones it to the next checkpoint; that is no error.
pub(crate) async fn empty_log(connection: &mut SqliteConnection) -> Result<()> {
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(connection).await.map_err(store_error)?;
    Ok(())
}

pub(crate) async fn compact(writer: &SqlitePool) -> Result<()> {
    let mut connection = writer.acquire().await.map_err(store_error)?;
    sqlx::query("VACUUM").execute(&mut *connection).await.map_err(store_error)?;
    empty_log(&mut connection).await
}

/// A file nobody had open when we opened it. SQLite reads it without locks, on our word that it does not change.
#[derive(Debug)]
pub(crate) struct Frozen {
    path: PathBuf,
    seen: (u64, SystemTime),
}

impl Frozen {
    fn watch(path: &Path) -> Result<Self> {
        Ok(Self { path: path.into(), seen: Self::look(path)? })
    }

    fn look(path: &Path) -> Result<(u64, SystemTime)> {
        let metadata = fs::metadata(path).map_err(unavailable)?;
        Ok((metadata.len(), metadata.modified().map_err(unavailable)?))
    }

    /// Checked after each read: a server that has started since writes to its log first, which a reader like this one
    /// does not see, and what it read is the state before. Only a checkpoint touches the file, and then all is void.
    pub(crate) fn still(&self) -> Result<()> {
        if Self::look(&self.path)? == self.seen {
            Ok(())
        } else {
            Err(StoreError::ChangedWhileReading(self.path.clone()))
        }
    }
}

fn existing(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROW_BUFFER)
        // sqlx would log a slow statement with its text: thousands of placeholders.
        .disable_statement_logging()
}

fn pool(connections: u32) -> SqlitePoolOptions {
    // Local connections neither age nor break, and each keeps its prepared statements.
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // SQLite may roll a transaction back by itself (the disk is full), and then its connection believes for ever to be
        // within one. The ping is answered after a rollback that was begun.
        .before_acquire(|connection, _| {
            Box::pin(async move {
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn unavailable(error: io::Error) -> StoreError {
    StoreError::Unavailable(error.into())
}
