//! From SQLSTATE to the contract's errors.

use sijill_store::StoreError;
use sqlx::migrate::MigrateError;

/// The contract's error for one of sqlx's.
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(database) => match database.code().as_deref() {
            Some(code) if gave_way(code) => StoreError::Retry(error.into()),
            Some(code) if contradicts(code) => corrupt(error),
            _ => StoreError::Unavailable(error.into()),
        },
        sqlx::Error::RowNotFound | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            corrupt(error)
        }
        sqlx::Error::Configuration(_) => StoreError::Unsuitable(format!("its URL cannot be used: {error}")),
        _ => StoreError::Unavailable(error.into()),
    }
}

/// Serialization failure, deadlock, lock time-out, statement cancelled, transaction ended for lying idle: nothing was
/// written.
fn gave_way(code: &str) -> bool {
    matches!(code, "40001" | "40P01" | "55P03" | "57014" | "25P03")
}

/// Integrity constraint violations, data the server finds damaged, and tables that are missing or of another shape.
fn contradicts(code: &str) -> bool {
    code.starts_with("23") || matches!(code, "XX001" | "XX002" | "42P01" | "42703" | "22P02" | "22021")
}

/// The contract's error for a failed migration.
pub(crate) fn migrate_error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMismatch(migration) => StoreError::SchemaChanged { migration },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => store_error(error),
        other => {
            StoreError::Corrupt { what: "its migrations cannot be applied".into(), cause: Some(other.into()) }
        }
    }
}

/// Whether a row with that key is there already.
pub(crate) fn is_duplicate(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database) if database.is_unique_violation())
}

/// Whether a table is there already: as itself, as the type of its rows, or as their row in the catalogue, which is how
/// two servers that create it at the same moment learn of each other.
pub(crate) fn exists_already(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database)
        if matches!(database.code().as_deref(), Some("42P07" | "42710" | "23505")))
}

fn corrupt(error: sqlx::Error) -> StoreError {
    StoreError::Corrupt {
        what: "PostgreSQL refused a row or found its data damaged".into(),
        cause: Some(error.into()),
    }
}
