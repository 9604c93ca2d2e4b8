//! Opening the file.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlitePool};

use crate::error::WitnessError;

/// How long a statement waits for another process's transaction, and a caller for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// One connection that writes, and those that read beside it.
pub(super) async fn open(path: &Path) -> Result<(SqlitePool, SqlitePool), WitnessError> {
    // Absolute, so that no path can be mistaken for SQLite's `file:` URIs; and its owner's alone from the first byte.
    let path = std::path::absolute(path).map_err(sqlx::Error::Io)?;
    let mut new = OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    match new.open(&path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(sqlx::Error::Io(error))?,
        _ => {}
    }
    let options =
        SqliteConnectOptions::new().filename(&path).busy_timeout(PATIENCE).disable_statement_logging();
    let writing = options.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let writer = pool(1).connect_with(writing).await?;
    let mut connection = writer.acquire().await?;
    // One process at a time; the migrations' own transactions become savepoints of this one.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    MIGRATIONS.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await?;
    drop(connection);
    let readers = pool(4).connect_with(options.read_only(true)).await?;
    Ok((writer, readers))
}

fn pool(connections: u32) -> SqlitePoolOptions {
    // Local connections neither age nor break.
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
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
