//! Checkpoints that a log signed: cosigned here, or held by somebody else. Two roots for one size convict it.

use sijill_log::{Checkpoint, Note};
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::{Held, read_held, stored};
use crate::error::WitnessError;

/// Most that are remembered of one log, the largest. Nobody but the log can make any.
pub const MAX_SEEN: i64 = 50_000;
/// Most that are compared at a time.
const AT_A_TIME: i64 = 256;

/// What became of a checkpoint that was heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It was not known.
    New,
    /// It was.
    Known,
    /// The log signed another root for its size: it has two histories.
    Fork,
}

/// Another checkpoint of the same size, with another root.
pub(super) async fn otherwise(
    connection: &mut SqliteConnection,
    checkpoint: &Checkpoint,
) -> Result<Option<Held>, WitnessError> {
    let origin = checkpoint.origin.as_str();
    let row = sqlx::query(
        "SELECT size, root, note, at FROM seen WHERE origin = ? AND size = ? AND root <> ? LIMIT 1",
    )
    .bind(origin)
    .bind(stored(checkpoint.size)?)
    .bind(&checkpoint.root.0[..])
    .fetch_optional(connection)
    .await?;
    row.map(|row| read_held(origin, &row)).transpose()
}

/// Answers whether it was not known.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    checkpoint: &Checkpoint,
    note: &Note,
    now: u64,
    own: bool,
) -> Result<bool, WitnessError> {
    let added = sqlx::query(
        "INSERT INTO seen (origin, size, root, note, at, compared) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(checkpoint.origin.as_str())
    .bind(stored(checkpoint.size)?)
    .bind(&checkpoint.root.0[..])
    .bind(note.to_string())
    .bind(stored(now)?)
    .bind(own)
    .execute(connection)
    .await?;
    Ok(added.rows_affected() > 0)
}

/// Forgets the smallest beyond [`MAX_SEEN`].
pub(super) async fn prune(connection: &mut SqliteConnection, origin: &str) -> Result<(), WitnessError> {
    sqlx::query(
        "DELETE FROM seen WHERE origin = ?1 AND size <
         (SELECT size FROM seen WHERE origin = ?1 ORDER BY size DESC LIMIT 1 OFFSET ?2)",
    )
    .bind(origin)
    .bind(MAX_SEEN - 1)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn heard(readers: &SqlitePool, origin: &str, size: u64) -> Result<Vec<Note>, WitnessError> {
    let rows = sqlx::query(
        "SELECT note FROM seen WHERE origin = ? AND compared = 0 AND size <= ? ORDER BY size LIMIT ?",
    )
    .bind(origin)
    .bind(stored(size)?)
    .bind(AT_A_TIME)
    .fetch_all(readers)
    .await?;
    let damaged = |_| WitnessError::Corrupt(format!("a checkpoint heard of {origin} is not one"));
    rows.iter()
        .map(|row| Note::parse(row.try_get::<String, _>("note")?.as_bytes()).map_err(damaged))
        .collect()
}

pub(super) async fn compared(writer: &SqlitePool, origin: &str, size: u64) -> Result<(), WitnessError> {
    sqlx::query("UPDATE seen SET compared = 1 WHERE origin = ? AND compared = 0 AND size <= ?")
        .bind(origin)
        .bind(stored(size)?)
        .execute(writer)
        .await?;
    Ok(())
}
