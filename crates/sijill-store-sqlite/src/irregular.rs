//! What is wrong with the file as a whole: rows without a place, damage, a schema no migration makes.

use std::collections::BTreeSet;

use sijill_store::{Irregularity, Result, StoreError};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool, sqlite::SqliteConnectOptions};

use crate::error::store_error;
use crate::schema;

/// A table, and how many rows it holds and how many of them have a place. Each is one statement, so that it sees one moment.
const ROWS: [(&str, &str); 6] = [
    ("head", "SELECT count(*), 1 FROM head"),
    (
        "entry",
        "SELECT count(*), min(count(DISTINCT idx), coalesce((SELECT max(size) FROM head), count(*))) FROM entry",
    ),
    // A tile of level l covers 2^(8(l+1)) entries.
    (
        "tile",
        "WITH levels (level) AS (VALUES (0), (1), (2), (3), (4), (5), (6))
         SELECT (SELECT count(*) FROM tile),
                min((SELECT count(*) FROM (SELECT DISTINCT level, idx FROM tile)),
                    (SELECT coalesce(sum((SELECT max(size) FROM head) >> (8 * (level + 1))), 0) FROM levels))",
    ),
    ("stream_head", "SELECT count(*), count(DISTINCT stream) FROM stream_head"),
    ("attachment", "SELECT count(*), count(DISTINCT upload) FROM attachment"),
    (
        "attachment_chunk",
        "SELECT (SELECT count(*) FROM attachment_chunk),
                (SELECT count(*) FROM (SELECT DISTINCT upload, number FROM attachment_chunk
                                       WHERE upload IN (SELECT upload FROM attachment)))",
    ),
];

/// Tables, indexes, views and triggers; not what sqlx and SQLite keep for themselves.
const SCHEMA: &str = "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema
    WHERE name NOT LIKE 'sqlite_stat%' AND NOT (type IN ('table', 'index') AND tbl_name = '_sqlx_migrations')";

/// What the check of the file may say: it reports every row of an index that is gone.
const CHECK: &str = "PRAGMA integrity_check(8)";

pub(crate) async fn irregularities(pool: &SqlitePool, lacks: Option<i64>) -> Result<Vec<Irregularity>> {
    let mut found = rows(pool).await?;
    found.extend(damage(pool).await?);
    found.extend(form(pool, lacks).await?);
    Ok(found)
}

async fn rows(pool: &SqlitePool) -> Result<Vec<Irregularity>> {
    let mut found = Vec::new();
    for (table, count) in ROWS {
        match sqlx::query_as::<_, (i64, i64)>(count).fetch_one(pool).await.map_err(store_error) {
            Ok((held, placed)) if held > placed => found.push(Irregularity::Rows { table, held, placed }),
            // That it is gone or of another shape is told of its form.
            Ok(_) | Err(StoreError::Corrupt { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

async fn damage(pool: &SqlitePool) -> Result<Vec<Irregularity>> {
    let mut connection = pool.acquire().await.map_err(store_error)?;
    // A value that its column does not allow is told of its row, by whoever reads that.
    let unchecked = "PRAGMA ignore_check_constraints = ON";
    sqlx::query(unchecked).execute(&mut *connection).await.map_err(store_error)?;
    match sqlx::query_scalar::<_, String>(CHECK).fetch_all(&mut *connection).await.map_err(store_error) {
        Ok(found) => Ok(found.into_iter().filter(|line| line != "ok").map(Irregularity::Damage).collect()),
        Err(StoreError::Corrupt { what, cause }) => {
            let told = cause.map_or(what, |cause| cause.to_string());
            Ok(vec![Irregularity::Damage(told)])
        }
        Err(error) => Err(error),
    }
}

/// Holds the schema against the one that the same migrations make in memory: SQLite keeps both as they were written.
async fn form(pool: &SqlitePool, lacks: Option<i64>) -> Result<Vec<Irregularity>> {
    let mut made = SqliteConnectOptions::new().in_memory(true).connect().await.map_err(store_error)?;
    for migration in schema::LEDGER.iter().filter(|known| lacks.is_none_or(|lacks| known.version < lacks)) {
        sqlx::raw_sql(migration.sql.clone()).execute(&mut made).await.map_err(store_error)?;
    }
    let belongs = objects(&mut made).await?;
    made.close().await.map_err(store_error)?;
    let mut connection = pool.acquire().await.map_err(store_error)?;
    let is = objects(&mut connection).await?;
    let name = |(name, _): &(String, String)| name.clone();
    let missing = belongs.difference(&is).map(name).map(Irregularity::Missing);
    let foreign = is.difference(&belongs).map(name).map(Irregularity::Foreign);
    Ok(missing.chain(foreign).collect())
}

async fn objects(connection: &mut SqliteConnection) -> Result<BTreeSet<(String, String)>> {
    let rows = sqlx::query_as(SCHEMA).fetch_all(connection).await.map_err(store_error)?;
    Ok(rows.into_iter().collect())
}
