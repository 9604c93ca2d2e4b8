//! Case rows and match keys, written.

use sijill_store::{CaseRow, CommitOutcome, Head, MatchKey, Result, check_cases};
use sqlx::{SqliteConnection, SqlitePool};

use crate::commit::{Row, write_rows};
use crate::error::store_error;
use crate::open::empty_log;
use crate::value::{position, stored};

/// Where `desk.due` stands for "at no time".
pub(crate) const NEVER: i64 = i64::MAX;

pub(crate) async fn put(writer: &SqlitePool, expected: Head, cases: &[CaseRow]) -> Result<CommitOutcome> {
    check_cases(cases)?;
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
    let (size, root) = (position(expected.size), &expected.root[..]);
    let stands = sqlx::query_scalar!("SELECT 1 FROM head WHERE size = ? AND root = ?", size, root)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(store_error)?;
    if stands.is_none() {
        return Ok(CommitOutcome::HeadMoved);
    }
    replace(&mut transaction, cases).await?;
    transaction.commit().await.map_err(store_error)?;
    Ok(CommitOutcome::Committed)
}

/// Replaces all that is kept of these cases.
pub(crate) async fn replace(connection: &mut SqliteConnection, cases: &[CaseRow]) -> Result<()> {
    let id = |mut row: Row<'_>, case: &CaseRow| {
        row.push_bind(&case.id);
        Ok(())
    };
    write_rows::<1, _>(connection, "DELETE FROM case_wake WHERE case_id IN (", cases, ")", id).await?;
    write_rows::<1, _>(connection, "DELETE FROM desk WHERE case_id IN (", cases, ")", id).await?;

    let wakes: Vec<_> = cases.iter().filter_map(|case| Some((&case.id, case.wakes_at?))).collect();
    let insert = "INSERT INTO case_wake (case_id, wakes_at) ";
    write_rows::<2, _>(connection, insert, &wakes, "", |mut row, (case, at)| {
        row.push_bind(*case).push_bind(stored("wakes_at", *at)?);
        Ok(())
    })
    .await?;

    let desks: Vec<_> =
        cases.iter().flat_map(|case| case.desks.iter().map(move |desk| (&case.id, desk))).collect();
    let insert = "INSERT INTO desk (case_id, agency, unit, kind, calm, due) ";
    write_rows::<6, _>(connection, insert, &desks, "", |mut row, (case, desk)| {
        let due = desk.due.map_or(Ok(NEVER), |due| stored("due", due))?;
        row.push_bind(*case)
            .push_bind(&desk.agency)
            .push_bind(&desk.unit)
            .push_bind(desk.kind)
            .push_bind(!desk.urgent)
            .push_bind(due);
        Ok(())
    })
    .await?;
    Ok(())
}

/// Lets cases that would wake later wake at that time.
pub(crate) async fn wake_all(connection: &mut SqliteConnection, at: u64) -> Result<u64> {
    let at = position(at);
    let woken = sqlx::query!("UPDATE case_wake SET wakes_at = ?1 WHERE wakes_at > ?1", at)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(woken.rows_affected())
}

pub(crate) async fn clear(writer: &SqlitePool) -> Result<()> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
    sqlx::query!("DELETE FROM case_wake").execute(&mut *transaction).await.map_err(store_error)?;
    sqlx::query!("DELETE FROM desk").execute(&mut *transaction).await.map_err(store_error)?;
    transaction.commit().await.map_err(store_error)
}

pub(crate) async fn add_match_keys(
    connection: &mut SqliteConnection,
    keys: &[(MatchKey, String)],
) -> Result<()> {
    let insert = "INSERT INTO match_key (match_key, case_id) ";
    let twice = "ON CONFLICT (match_key, case_id) DO NOTHING";
    write_rows::<2, _>(connection, insert, keys, twice, |mut row, (key, case)| {
        row.push_bind(&key[..]).push_bind(case);
        Ok(())
    })
    .await?;
    Ok(())
}

pub(crate) async fn forget_match_keys(writer: &SqlitePool, case: &str) -> Result<()> {
    let mut connection = writer.acquire().await.map_err(store_error)?;
    let forgotten = sqlx::query!("DELETE FROM match_key WHERE case_id = ?", case)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    if forgotten.rows_affected() > 0 {
        let _ = empty_log(&mut connection).await;
    }
    Ok(())
}
