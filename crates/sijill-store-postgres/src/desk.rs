//! Case rows and match keys, read.

use sijill_store::{DeskCount, DeskEntry, MatchKey, Result, StoreError};
use sqlx::PgPool;

use crate::case::NEVER;
use crate::error::store_error;
use crate::value::{fixed, page_limit, position, unsigned};

pub(crate) async fn due_cases(pool: &PgPool, until: u64, limit: u32) -> Result<Vec<(String, u64)>> {
    let rows = sqlx::query!(
        "SELECT case_id, wakes_at FROM case_wake WHERE wakes_at <= $1 ORDER BY wakes_at, case_id LIMIT $2",
        position(until),
        page_limit(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    rows.into_iter().map(|row| Ok((row.case_id, unsigned(row.wakes_at)?))).collect()
}

pub(crate) async fn next_wake(pool: &PgPool) -> Result<Option<u64>> {
    let next = sqlx::query_scalar!("SELECT wakes_at FROM case_wake ORDER BY wakes_at LIMIT 1")
        .fetch_optional(pool)
        .await
        .map_err(store_error)?;
    next.map(unsigned).transpose()
}

pub(crate) async fn desk(
    pool: &PgPool,
    agency: &str,
    unit: &str,
    after: Option<&DeskEntry>,
    limit: u32,
) -> Result<Vec<DeskEntry>> {
    // Behind nothing: behind an entry that was due before all time.
    let (calm, due, case, kind) = after.map_or((false, -1, "", 0), |last| {
        (!last.urgent, last.due.map_or(NEVER, position), last.case.as_str(), last.kind)
    });
    let rows = sqlx::query!(
        "SELECT case_id, kind, due, calm FROM desk
         WHERE agency = $1 AND unit = $2 AND (calm, due, case_id, kind) > ($3, $4, $5, $6)
         ORDER BY calm, due, case_id, kind LIMIT $7",
        agency,
        unit,
        calm,
        due,
        case,
        i16::from(kind),
        page_limit(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    rows.into_iter()
        .map(|row| {
            let due = if row.due == NEVER { None } else { Some(unsigned(row.due)?) };
            Ok(DeskEntry { case: row.case_id, kind: kind_of(row.kind)?, due, urgent: !row.calm })
        })
        .collect()
}

pub(crate) async fn desk_counts(pool: &PgPool, agency: &str, unit: &str, now: u64) -> Result<Vec<DeskCount>> {
    let rows = sqlx::query!(
        r#"SELECT kind, count(*) AS "cases!", count(*) FILTER (WHERE due <= $3) AS "overdue!"
           FROM desk WHERE agency = $1 AND unit = $2 GROUP BY kind ORDER BY kind"#,
        agency,
        unit,
        // What is due at no time is never overdue, whatever the clock says.
        position(now).min(NEVER - 1)
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    rows.into_iter()
        .map(|row| {
            let (cases, overdue) = (unsigned(row.cases)?, unsigned(row.overdue)?);
            Ok(DeskCount { kind: kind_of(row.kind)?, cases, overdue })
        })
        .collect()
}

fn kind_of(stored: i16) -> Result<u8> {
    u8::try_from(stored)
        .map_err(|_| StoreError::corrupt(format!("a desk row of the impossible kind {stored}")))
}

pub(crate) async fn cases_by_match(pool: &PgPool, keys: &[MatchKey]) -> Result<Vec<(MatchKey, String)>> {
    let keys: Vec<&[u8]> = keys.iter().map(|key| &key[..]).collect();
    let rows = sqlx::query!(
        "SELECT match_key, case_id FROM match_key WHERE match_key = ANY($1::bytea[])",
        &keys as &[&[u8]]
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    rows.into_iter().map(|row| Ok((fixed(&row.match_key)?, row.case_id))).collect()
}
