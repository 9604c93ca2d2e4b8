//! What is wrong with the database as a whole: rows without a place, a schema no migration makes.
//!
//! Damage is not looked for: PostgreSQL checks its indexes with an extension (`amcheck`) that few may run.

use std::collections::BTreeSet;

use sijill_store::{Irregularity, Result, StoreError};
use sqlx::PgPool;

use crate::error::store_error;
use crate::schema;

/// A table, and how many rows it holds and how many of them have a place. Each is one statement, so that it sees one moment.
const ROWS: [(&str, &str); 6] = [
    ("head", "SELECT count(*), 1::int8 FROM head"),
    ("entry", "SELECT count(*), least(count(DISTINCT idx), (SELECT max(size) FROM head)) FROM entry"),
    // A tile of level l covers 2^(8(l+1)) entries.
    (
        "tile",
        "WITH levels (level) AS (VALUES (0), (1), (2), (3), (4), (5), (6))
         SELECT (SELECT count(*) FROM tile),
                least((SELECT count(*) FROM (SELECT DISTINCT level, idx FROM tile) AS places),
                      (SELECT sum((SELECT max(size) FROM head) >> (8 * (level + 1)))::int8 FROM levels))",
    ),
    ("stream_head", "SELECT count(*), count(DISTINCT stream) FROM stream_head"),
    ("attachment", "SELECT count(*), count(DISTINCT upload) FROM attachment"),
    (
        "attachment_chunk",
        "SELECT (SELECT count(*) FROM attachment_chunk),
                (SELECT count(*) FROM (SELECT DISTINCT upload, number FROM attachment_chunk
                                       WHERE upload IN (SELECT upload FROM attachment)) AS places)",
    ),
];

/// The form of the schema as the database has it.
const FORM: &str = include_str!("form.sql");

/// The form that the migrations make, as [`FORM`] tells it: a table and a line of it, parted by a bar. A reader cannot
/// make it anew, for making it is writing; a test does.
const MADE: &str = include_str!("form.txt");

pub(crate) async fn irregularities(pool: &PgPool, lacks: Option<i64>) -> Result<Vec<Irregularity>> {
    let mut found = rows(pool).await?;
    found.extend(form(pool, lacks).await?);
    Ok(found)
}

async fn rows(pool: &PgPool) -> Result<Vec<Irregularity>> {
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

async fn form(pool: &PgPool, lacks: Option<i64>) -> Result<Vec<Irregularity>> {
    let rows: Vec<(String, String)> = sqlx::query_as(FORM).fetch_all(pool).await.map_err(store_error)?;
    let is: BTreeSet<String> = rows.into_iter().map(|(table, what)| format!("{table} | {what}")).collect();
    let later = lacks.map(made_since).unwrap_or_default();
    let belongs: BTreeSet<String> =
        MADE.lines().filter(|line| !later.iter().any(|name| is_of(line, name))).map(str::to_owned).collect();
    let missing = belongs.difference(&is).cloned().map(Irregularity::Missing);
    let foreign = is.difference(&belongs).cloned().map(Irregularity::Foreign);
    Ok(missing.chain(foreign).collect())
}

/// The tables and indexes made by this migration and those after it, each of which makes one: `CREATE TABLE name …`.
fn made_since(migration: i64) -> Vec<String> {
    let later = schema::ledger();
    let later = later.iter().filter(|known| known.version >= migration);
    later
        .filter_map(|known| {
            let statement = known.sql.as_str().lines().find(|line| line.starts_with("CREATE "))?;
            statement.split_whitespace().nth(2).map(str::to_owned)
        })
        .collect()
}

fn is_of(line: &str, name: &str) -> bool {
    line.starts_with(&format!("{name} | ")) || line.contains(&format!(" INDEX {name} ON "))
}
