//! Connecting: pools, transactions, and whether the database is fit for a ledger.

use std::str::FromStr;
use std::time::Duration;

use sijill_store::{Result, StoreError};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, PgConnection, PgPool, Postgres, Transaction};

use crate::error::store_error;
use crate::schema;

/// How long a caller waits for a connection, also while the server is down.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a transaction that cannot outlive its usefulness: a committer waits this long for the head, and a client that
/// falls silent loses it. `SET LOCAL`, for a pooler may hand the session to someone else afterwards.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED;
    SET LOCAL lock_timeout = '10s';
    SET LOCAL idle_in_transaction_session_timeout = '15s'";

/// Checks that the database is fit, brings its schema up to date and answers a pool of at most `connections`.
pub(crate) async fn pool(url: &str, migrator: &Migrator, connections: u32) -> Result<PgPool> {
    let pool = open(url, connections).await?;
    let mut connection = pool.acquire().await.map_err(store_error)?;
    fit(&mut connection).await?;
    schema::bring_up_to_date(&pool, &mut connection, migrator).await?;
    Ok(pool)
}

/// Checks that the schema is this release's or an earlier one's and answers a pool of at most `connections`, which nobody
/// writes through, and the first migration it lacks. Whether the database would keep what is written is then of no concern.
pub(crate) async fn reading_pool(
    url: &str,
    migrator: &Migrator,
    connections: u32,
) -> Result<(PgPool, Option<i64>)> {
    let pool = open(url, connections).await?;
    let mut connection = pool.acquire().await.map_err(store_error)?;
    let lacks = schema::require_readable(&mut connection, migrator).await?;
    drop(connection);
    Ok((pool, lacks))
}

async fn open(url: &str, connections: u32) -> Result<PgPool> {
    // sqlx would log a slow statement with its text.
    let options = PgConnectOptions::from_str(url).map_err(store_error)?.disable_statement_logging();
    let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT);
    pool.connect_with(options).await.map_err(store_error)
}

/// A transaction as [`BEGIN`] describes it. Dropped without commit, it rolls back.
pub(crate) async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>> {
    pool.begin_with(BEGIN).await.map_err(store_error)
}

/// Refuses a server that forgets what it has confirmed, and an encoding that cannot hold every text.
async fn fit(connection: &mut PgConnection) -> Result<()> {
    // Engines that only speak PostgreSQL's protocol may lack a setting; theirs is then NULL.
    let settings = sqlx::query!(
        "SELECT current_setting('fsync', true) AS fsync,
                current_setting('synchronous_commit', true) AS synchronous_commit,
                current_setting('full_page_writes', true) AS full_page_writes,
                current_setting('server_encoding', true) AS server_encoding"
    )
    .fetch_one(connection)
    .await
    .map_err(store_error)?;
    for (name, value) in [
        ("fsync", settings.fsync),
        ("synchronous_commit", settings.synchronous_commit),
        ("full_page_writes", settings.full_page_writes),
    ] {
        if value.as_deref() == Some("off") {
            let sentence = format!("with {name} = off it can lose entries it has confirmed; set {name} = on");
            return Err(StoreError::Unsuitable(sentence));
        }
    }
    match settings.server_encoding.as_deref() {
        None | Some("UTF8") => Ok(()),
        Some(other) => {
            Err(StoreError::Unsuitable(format!("its encoding is {other}; create it with ENCODING 'UTF8'")))
        }
    }
}
