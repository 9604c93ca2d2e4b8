//! Case rows and match keys, written.
//!
//! Whoever writes them holds the head, as a commit does: two writers then never wait for each other's rows crosswise.

use sijill_store::{CaseRow, CommitOutcome, Head, MatchKey, Result, check_cases};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use crate::connect::begin;
use crate::error::store_error;
use crate::value::{column, position, stored};

/// Where `desk.due` stands for "at no time".
pub(crate) const NEVER: i64 = i64::MAX;

/// A transaction during which no other writer moves the head or writes case rows.
pub(crate) async fn holding_head(pool: &PgPool) -> Result<Transaction<'static, Postgres>> {
    let mut transaction = begin(pool).await?;
    sqlx::query!("SELECT id FROM head FOR UPDATE").fetch_one(&mut *transaction).await.map_err(store_error)?;
    Ok(transaction)
}

pub(crate) async fn put(pool: &PgPool, expected: Head, cases: &[CaseRow]) -> Result<CommitOutcome> {
    check_cases(cases)?;
    let mut transaction = holding_head(pool).await?;
    let stands = sqlx::query_scalar!(
        "SELECT id FROM head WHERE size = $1 AND root = $2",
        position(expected.size),
        &expected.root[..]
    )
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
pub(crate) async fn replace(connection: &mut PgConnection, cases: &[CaseRow]) -> Result<()> {
    if cases.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    sqlx::query!("DELETE FROM case_wake WHERE case_id = ANY($1::text[])", &ids as &[&str])
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    sqlx::query!("DELETE FROM desk WHERE case_id = ANY($1::text[])", &ids as &[&str])
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    insert_wakes(connection, cases).await?;
    insert_desks(connection, cases).await
}

async fn insert_wakes(connection: &mut PgConnection, cases: &[CaseRow]) -> Result<()> {
    let wakes: Vec<_> = cases.iter().filter_map(|case| Some((case.id.as_str(), case.wakes_at?))).collect();
    if wakes.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = wakes.iter().map(|(case, _)| *case).collect();
    sqlx::query!(
        "INSERT INTO case_wake (case_id, wakes_at) SELECT * FROM UNNEST($1::text[], $2::int8[])",
        &ids as &[&str],
        &column("wakes_at", wakes.iter().map(|(_, at)| *at))?,
    )
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(())
}

async fn insert_desks(connection: &mut PgConnection, cases: &[CaseRow]) -> Result<()> {
    let desks: Vec<_> =
        cases.iter().flat_map(|case| case.desks.iter().map(move |desk| (case, desk))).collect();
    if desks.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = desks.iter().map(|(case, _)| case.id.as_str()).collect();
    let agencies: Vec<&str> = desks.iter().map(|(_, desk)| desk.agency.as_str()).collect();
    let units: Vec<&str> = desks.iter().map(|(_, desk)| desk.unit.as_str()).collect();
    let kinds: Vec<i16> = desks.iter().map(|(_, desk)| desk.kind.into()).collect();
    let calm: Vec<bool> = desks.iter().map(|(_, desk)| !desk.urgent).collect();
    let due = |due: Option<u64>| due.map_or(Ok(NEVER), |due| stored("due", due));
    let due = desks.iter().map(|(_, desk)| due(desk.due)).collect::<Result<Vec<i64>>>()?;
    sqlx::query!(
        "INSERT INTO desk (case_id, agency, unit, kind, calm, due)
         SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::int2[], $5::bool[], $6::int8[])",
        &ids as &[&str],
        &agencies as &[&str],
        &units as &[&str],
        &kinds,
        &calm,
        &due,
    )
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(())
}

/// Lets cases that would wake later wake at that time.
pub(crate) async fn wake_all(connection: &mut PgConnection, at: u64) -> Result<u64> {
    let woken = sqlx::query!("UPDATE case_wake SET wakes_at = $1 WHERE wakes_at > $1", position(at))
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(woken.rows_affected())
}

pub(crate) async fn clear(pool: &PgPool) -> Result<()> {
    let mut transaction = holding_head(pool).await?;
    sqlx::query!("DELETE FROM case_wake").execute(&mut *transaction).await.map_err(store_error)?;
    sqlx::query!("DELETE FROM desk").execute(&mut *transaction).await.map_err(store_error)?;
    transaction.commit().await.map_err(store_error)
}

pub(crate) async fn add_match_keys(connection: &mut PgConnection, keys: &[(MatchKey, String)]) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let hashes: Vec<&[u8]> = keys.iter().map(|(key, _)| &key[..]).collect();
    let cases: Vec<&str> = keys.iter().map(|(_, case)| case.as_str()).collect();
    sqlx::query!(
        "INSERT INTO match_key (match_key, case_id) SELECT * FROM UNNEST($1::bytea[], $2::text[])
         ON CONFLICT (match_key, case_id) DO NOTHING",
        &hashes as &[&[u8]],
        &cases as &[&str],
    )
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(())
}

pub(crate) async fn forget_match_keys(pool: &PgPool, case: &str) -> Result<()> {
    let mut transaction = holding_head(pool).await?;
    sqlx::query!("DELETE FROM match_key WHERE case_id = $1", case)
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)
}
