//! Case rows and match keys, read.

use sijill_store::{DeskCount, DeskEntry, MatchKey, Result, StoreError};
use sqlx::{Row, SqlitePool};

use crate::case::NEVER;
use crate::error::store_error;
use crate::lookup::{distinct, rows_with};
use crate::value::{fixed, page_limit, position, unsigned};

pub(crate) async fn due_cases(readers: &SqlitePool, until: u64, limit: u32) -> Result<Vec<(String, u64)>> {
    let (until, limit) = (position(until), page_limit(limit));
    let rows = sqlx::query!(
        "SELECT case_id, wakes_at FROM case_wake WHERE wakes_at <= ? ORDER BY wakes_at, case_id LIMIT ?",
        until,
        limit
    )
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    rows.into_iter().map(|row| Ok((row.case_id, unsigned(row.wakes_at)?))).collect()
}

pub(crate) async fn next_wake(readers: &SqlitePool) -> Result<Option<u64>> {
    let next = sqlx::query_scalar!("SELECT wakes_at FROM case_wake ORDER BY wakes_at LIMIT 1")
        .fetch_optional(readers)
        .await
        .map_err(store_error)?;
    next.map(unsigned).transpose()
}

pub(crate) async fn desk(
    readers: &SqlitePool,
    agency: &str,
    unit: &str,
    after: Option<&DeskEntry>,
    limit: u32,
) -> Result<Vec<DeskEntry>> {
    // Behind nothing: behind an entry that was due before all time.
    let (calm, due, case, kind) = after.map_or((false, -1, "", 0), |last| {
        (!last.urgent, last.due.map_or(NEVER, position), last.case.as_str(), last.kind)
    });
    let limit = page_limit(limit);
    let rows = sqlx::query!(
        r#"SELECT case_id, kind, due, calm AS "calm: bool" FROM desk
           WHERE agency = ? AND unit = ? AND (calm, due, case_id, kind) > (?, ?, ?, ?)
           ORDER BY calm, due, case_id, kind LIMIT ?"#,
        agency,
        unit,
        calm,
        due,
        case,
        kind,
        limit
    )
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    rows.into_iter()
        .map(|row| {
            let due = if row.due == NEVER { None } else { Some(unsigned(row.due)?) };
            Ok(DeskEntry { case: row.case_id, kind: kind_of(row.kind)?, due, urgent: !row.calm })
        })
        .collect()
}

pub(crate) async fn desk_counts(
    readers: &SqlitePool,
    agency: &str,
    unit: &str,
    now: u64,
) -> Result<Vec<DeskCount>> {
    // What is due at no time is never overdue, whatever the clock says.
    let now = position(now).min(NEVER - 1);
    let rows = sqlx::query!(
        r#"SELECT kind, count(*) AS "cases!: i64", count(*) FILTER (WHERE due <= ?) AS "overdue!: i64"
           FROM desk WHERE agency = ? AND unit = ? GROUP BY kind ORDER BY kind"#,
        now,
        agency,
        unit
    )
    .fetch_all(readers)
    .await
    .map_err(store_error)?;
    rows.into_iter()
        .map(|row| {
            let (cases, overdue) = (unsigned(row.cases)?, unsigned(row.overdue)?);
            Ok(DeskCount { kind: kind_of(row.kind)?, cases, overdue })
        })
        .collect()
}

fn kind_of(stored: i64) -> Result<u8> {
    u8::try_from(stored)
        .map_err(|_| StoreError::corrupt(format!("a desk row of the impossible kind {stored}")))
}

pub(crate) async fn cases_by_match(
    readers: &SqlitePool,
    keys: &[MatchKey],
) -> Result<Vec<(MatchKey, String)>> {
    let select = "SELECT match_key, case_id FROM match_key WHERE match_key";
    let rows = rows_with(readers, select, &distinct(keys), |key| key.as_slice()).await?;
    rows.iter()
        .map(|row| {
            let key = fixed(row.try_get(0).map_err(store_error)?)?;
            Ok((key, row.try_get(1).map_err(store_error)?))
        })
        .collect()
}
