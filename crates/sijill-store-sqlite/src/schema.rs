//! The schema gate: this release's migrations against those a file was written with.
//!
//! A migration's name begins with the release that brought it (`0001_v0.1.0_ledger.sql`), and SQLite keeps the name with
//! the migration's checksum. So a file written by a newer release says which one, even though we do not know it.

use sijill_store::{Result, StoreError};
use sqlx::migrate::Migrator;
use sqlx::{Connection, SqliteConnection};

use crate::error::{migrate_error, store_error};

/// Migrations of the ledger's file.
pub(crate) static LEDGER: Migrator = sqlx::migrate!("migrations/ledger");

/// Migrations of the key file.
pub(crate) static KEYS: Migrator = sqlx::migrate!("migrations/keys");

/// The migration that brought documents and the tables that find a case.
pub(crate) const CASEWORK: i64 = 2;

struct Applied {
    version: i64,
    description: String,
    checksum: Vec<u8>,
}

/// Applies what is missing: all of it or nothing, and one process at a time.
pub(crate) async fn migrate(connection: &mut SqliteConnection, migrator: &Migrator) -> Result<()> {
    // The migrations' own transactions become savepoints of this one.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
    check(&mut transaction, migrator).await?;
    migrator.run_direct(None, &mut *transaction, false).await.map_err(migrate_error)?;
    transaction.commit().await.map_err(store_error)
}

/// Refuses what this release did not write, and says which migration the file lacks.
pub(crate) async fn check(connection: &mut SqliteConnection, migrator: &Migrator) -> Result<Option<i64>> {
    let applied = applied(connection).await?;
    for migration in &applied {
        match migrator.iter().find(|known| known.version == migration.version) {
            None if is_of_another_file(migration.version, migrator) => {
                return Err(StoreError::Unsuitable("the ledger and its keys belong in files apart".into()));
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

/// Refuses to read what no release left behind: nothing at all, or a migration missing among those before and after it.
/// A release that knew fewer migrations wrote a ledger as good as ours.
pub(crate) async fn require_readable(connection: &mut SqliteConnection, lacks: Option<i64>) -> Result<()> {
    let Some(migration) = lacks else { return Ok(()) };
    let newest = applied(connection).await?.first().map(|newest| newest.version);
    if newest.is_some_and(|newest| newest < migration) {
        Ok(())
    } else {
        Err(StoreError::SchemaOlder { migration })
    }
}

/// Whether the migration is one of the ledger where keys belong, or the other way round.
fn is_of_another_file(version: i64, migrator: &Migrator) -> bool {
    !migrator.version_exists(version) && (LEDGER.version_exists(version) || KEYS.version_exists(version))
}

async fn applied(connection: &mut SqliteConnection) -> Result<Vec<Applied>> {
    let has_migrations = "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
    let tables: i64 =
        sqlx::query_scalar(has_migrations).fetch_one(&mut *connection).await.map_err(store_error)?;
    if tables == 0 {
        return Ok(Vec::new());
    }
    // Newest first, so that the release that is named is the last one that wrote.
    sqlx::query_as!(
        Applied,
        r#"SELECT version AS "version!", description, checksum FROM _sqlx_migrations ORDER BY version DESC"#
    )
    .fetch_all(connection)
    .await
    .map_err(store_error)
}
