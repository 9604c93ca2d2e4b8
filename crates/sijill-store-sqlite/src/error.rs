//! From SQLite's result codes to the contract's errors.

use sijill_store::StoreError;
use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

/// Primary result codes of SQLite; the extended code's low byte.
mod code {
    pub(super) const ERROR: u32 = 1;
    pub(super) const BUSY: u32 = 5;
    pub(super) const LOCKED: u32 = 6;
    pub(super) const READONLY: u32 = 8;
    pub(super) const CORRUPT: u32 = 11;
    pub(super) const CANTOPEN: u32 = 14;
    pub(super) const SCHEMA: u32 = 17;
    pub(super) const CONSTRAINT: u32 = 19;
    pub(super) const MISMATCH: u32 = 20;
    pub(super) const NOTADB: u32 = 26;
}

/// The contract's error for one of sqlx's.
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(database) => match primary_code(database.as_ref()) {
            Some(code::BUSY | code::LOCKED | code::SCHEMA) => StoreError::Retry(error.into()),
            Some(code::ERROR) if is_of_another_shape(database.message()) => corrupt(error),
            Some(code::CORRUPT | code::NOTADB | code::CONSTRAINT | code::MISMATCH) => corrupt(error),
            _ => StoreError::Unavailable(error.into()),
        },
        sqlx::Error::RowNotFound | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            corrupt(error)
        }
        _ => StoreError::Unavailable(error.into()),
    }
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

fn corrupt(error: sqlx::Error) -> StoreError {
    StoreError::Corrupt {
        what: "SQLite refused a row or found its file damaged".into(),
        cause: Some(error.into()),
    }
}

/// Whether a table or a column is missing: SQLite has no code of its own for it.
fn is_of_another_shape(message: &str) -> bool {
    message.contains("no such table") || message.contains("no such column")
}

/// Whether the file, or one beside it, could not be opened or written.
pub(crate) fn is_not_writable(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database)
        if matches!(primary_code(database.as_ref()), Some(code::CANTOPEN | code::READONLY)))
}

fn primary_code(error: &dyn DatabaseError) -> Option<u32> {
    let extended: u32 = error.code()?.parse().ok()?;
    Some(extended & 0xff)
}
