//! The schema gate: this release's migrations against those a database was written with.
//!
//! A migration's name begins with the release that brought it (`0001_v0.1.0_head.sql`), and the database keeps the name
//! with the migration's checksum. So one written by a newer release says which, even though we do not know it.

use sijill_store::{Result, StoreError};
use sqlx::migrate::Migrator;
use sqlx::{PgConnection, PgPool};

use crate::error::{exists_already, migrate_error, store_error};

/// Migrations of the ledger's database.
pub(crate) fn ledger() -> Migrator {
    sqlx::migrate!("migrations/ledger")
}

/// Migrations of the key database.
pub(crate) fn keys() -> Migrator {
    sqlx::migrate!("migrations/keys")
}

/// The last migration of the first ledgers.
const LEDGER: i64 = 11;

/// The migrations that brought documents and the tables that find a case.
pub(crate) const DOCUMENT: i64 = 12;
pub(crate) const CASE_WAKE: i64 = 13;
pub(crate) const DESK: i64 = 15;
pub(crate) const MATCH_KEY: i64 = 17;

struct Applied {
    version: i64,
    description: String,
    checksum: Vec<u8>,
}

/// The first migration the database lacks; none is ever written. Refuses to read what no release left behind: less than
/// the first one made, or a migration missing among those before and after it.
pub(crate) async fn require_readable(
    connection: &mut PgConnection,
    migrator: &Migrator,
) -> Result<Option<i64>> {
    let Some(migration) = missing(connection, migrator).await? else { return Ok(None) };
    let newest = applied(connection).await?.first().map(|newest| newest.version);
    if newest.is_some_and(|newest| newest < migration) && migration > LEDGER {
        Ok(Some(migration))
    } else {
        Err(StoreError::SchemaOlder { migration })
    }
}

/// Applies what is missing, one server at a time. A database that lacks nothing is only read, so that a server can run
/// as a user who may not change the schema.
pub(crate) async fn bring_up_to_date(
    pool: &PgPool,
    connection: &mut PgConnection,
    migrator: &Migrator,
) -> Result<()> {
    if missing(connection, migrator).await?.is_none() {
        return Ok(());
    }
    // sqlx would take a lock that belongs to the session: lost behind a pooler, unknown to distributed engines. A row
    // lock in a second connection's transaction does as well, and leaves each migration a transaction of its own.
    create_lock(connection).await?;
    let mut lock = pool.begin().await.map_err(store_error)?;
    for statement in [
        "SET LOCAL idle_in_transaction_session_timeout = 0",
        "INSERT INTO migration_lock VALUES (1) ON CONFLICT DO NOTHING",
        "SELECT id FROM migration_lock FOR UPDATE",
    ] {
        sqlx::query(statement).execute(&mut *lock).await.map_err(store_error)?;
    }
    // Another server may have migrated while this one waited.
    if missing(connection, migrator).await?.is_some() {
        let mut migrator = Migrator { migrations: migrator.migrations.clone(), ..Migrator::DEFAULT };
        migrator.set_locking(false);
        migrator.run_direct(None, connection, false).await.map_err(migrate_error)?;
    }
    lock.commit().await.map_err(store_error)
}

async fn create_lock(connection: &mut PgConnection) -> Result<()> {
    let create = "CREATE TABLE IF NOT EXISTS migration_lock (id smallint PRIMARY KEY)";
    match sqlx::query(create).execute(connection).await {
        // IF NOT EXISTS is no protection against another server that creates it at this moment.
        Err(error) if exists_already(&error) => Ok(()),
        done => done.map(drop).map_err(store_error),
    }
}

/// The first migration the database lacks; refuses what this release did not write.
async fn missing(connection: &mut PgConnection, migrator: &Migrator) -> Result<Option<i64>> {
    let applied = applied(connection).await?;
    for migration in &applied {
        match migrator.iter().find(|known| known.version == migration.version) {
            None if is_of_the_other_database(migration.version) => {
                return Err(StoreError::Unsuitable(
                    "the ledger and its keys belong in databases apart".into(),
                ));
            }
            None => {
                let wrote = migration
                    .description
                    .split(' ')
                    .next()
                    .unwrap_or_default()
                    .trim_start_matches('v')
                    .into();
                return Err(StoreError::SchemaNewer { wrote, running: env!("CARGO_PKG_VERSION").into() });
            }
            Some(known) if *known.checksum != *migration.checksum => {
                return Err(StoreError::SchemaChanged { migration: migration.version });
            }
            Some(_) => {}
        }
    }
    let missing =
        migrator.iter().find(|known| applied.iter().all(|migration| migration.version != known.version));
    Ok(missing.map(|known| known.version))
}

fn is_of_the_other_database(version: i64) -> bool {
    ledger().version_exists(version) || keys().version_exists(version)
}

async fn applied(connection: &mut PgConnection) -> Result<Vec<Applied>> {
    let table = sqlx::query_scalar!("SELECT to_regclass('_sqlx_migrations')::text")
        .fetch_one(&mut *connection)
        .await
        .map_err(store_error)?;
    if table.is_none() {
        return Ok(Vec::new());
    }
    // Newest first, so that the release that is named is the last one that wrote.
    sqlx::query_as!(
        Applied,
        "SELECT version, description, checksum FROM _sqlx_migrations ORDER BY version DESC"
    )
    .fetch_all(connection)
    .await
    .map_err(store_error)
}
