//! Checkpoints that a log signed and that do not extend what was cosigned.

use sijill_log::Note;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::{Held, loaded, stored};
use crate::error::WitnessError;
use crate::judge::{EvidenceKind, Shown};
use crate::lines_of;

/// Most of each kind that are kept of one log. More are counted and reported: the first of them already convict it, and
/// nobody but the log can make any.
pub const MAX_EVIDENCE: u32 = 1_000;

/// Two checkpoints that the log signed, and why the second was not cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The log.
    pub origin: String,
    /// Of what.
    pub kind: EvidenceKind,
    /// What had been cosigned, with the log's signatures.
    pub held: Note,
    /// What was brought, with the log's signatures.
    pub shown: Note,
    /// The old size that was stated.
    pub old: u64,
    /// The consistency proof that was brought, base64, a line each.
    pub proof: String,
    /// When it was brought first and last, Unix seconds.
    pub seen: (u64, u64),
    /// How often.
    pub times: u64,
}

/// Keeps it, or counts it if it is known or there is no more room.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    kind: EvidenceKind,
    held: &Held,
    shown: &Shown,
    now: u64,
) -> Result<(), WitnessError> {
    let origin = shown.checkpoint.origin.as_str();
    let (size, now) = (stored(shown.checkpoint.size)?, stored(now)?);
    let root = &shown.checkpoint.root.0[..];
    let known = sqlx::query(
        "UPDATE evidence SET times = times + 1, last = ?5 WHERE (origin, kind, size, root) = (?1, ?2, ?3, ?4)",
    )
    .bind(origin)
    .bind(kind.as_str())
    .bind(size)
    .bind(root)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    if known.rows_affected() > 0 {
        return Ok(());
    }
    let proof = lines_of(&shown.proof);
    let kept = sqlx::query(
        "INSERT INTO evidence (origin, kind, size, root, held, shown, old, proof, first, last, times)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, 1
         WHERE (SELECT count(*) FROM evidence WHERE origin = ?1 AND kind = ?2) < ?10",
    )
    .bind(origin)
    .bind(kind.as_str())
    .bind(size)
    .bind(root)
    .bind(held.note.to_string())
    .bind(shown.note.to_string())
    .bind(stored(shown.old)?)
    .bind(proof)
    .bind(now)
    .bind(MAX_EVIDENCE)
    .execute(&mut *connection)
    .await?;
    if kept.rows_affected() > 0 {
        metrics::counter!("sijill_witness_evidence_total", "log" => origin.to_owned(), "kind" => kind.as_str())
            .increment(1);
        tracing::error!(
            log = origin,
            kind = kind.as_str(),
            held = held.checkpoint.size,
            shown = size,
            "the log signed a checkpoint that does not extend what was cosigned; both are kept as evidence"
        );
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO evidence_beyond (origin, kind, times, last) VALUES (?1, ?2, 1, ?3)
         ON CONFLICT (origin, kind) DO UPDATE SET times = times + 1, last = ?3",
    )
    .bind(origin)
    .bind(kind.as_str())
    .bind(now)
    .execute(connection)
    .await?;
    metrics::counter!("sijill_witness_evidence_beyond_total", "log" => origin.to_owned()).increment(1);
    tracing::error!(
        log = origin,
        kind = kind.as_str(),
        "no room for more evidence against this log; it is counted"
    );
    Ok(())
}

pub(super) async fn all(readers: &SqlitePool) -> Result<(Vec<Evidence>, Vec<(String, u64)>), WitnessError> {
    let rows = sqlx::query("SELECT * FROM evidence ORDER BY origin, kind, first, size, root");
    let rows = rows.fetch_all(readers).await?;
    let kept = rows.iter().map(read).collect::<Result<_, _>>()?;
    let beyond: Vec<(String, i64)> =
        sqlx::query_as("SELECT origin, sum(times) FROM evidence_beyond GROUP BY origin ORDER BY origin")
            .fetch_all(readers)
            .await?;
    Ok((kept, beyond.into_iter().map(|(origin, times)| (origin, loaded(times).unwrap_or(0))).collect()))
}

fn read(row: &SqliteRow) -> Result<Evidence, WitnessError> {
    let damaged = || WitnessError::Corrupt("a row of evidence is not one".to_owned());
    let note = |column: &str| -> Result<Note, WitnessError> {
        Note::parse(row.try_get::<String, _>(column)?.as_bytes()).map_err(|_| damaged())
    };
    let number =
        |column: &str| -> Result<u64, WitnessError> { loaded(row.try_get(column)?).ok_or_else(damaged) };
    Ok(Evidence {
        origin: row.try_get("origin")?,
        kind: EvidenceKind::parse(row.try_get("kind")?).ok_or_else(damaged)?,
        held: note("held")?,
        shown: note("shown")?,
        old: number("old")?,
        proof: row.try_get("proof")?,
        seen: (number("first")?, number("last")?),
        times: number("times")?,
    })
}
