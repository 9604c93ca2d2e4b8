//! Read models in a SQLite file of their own, beside the ledger's: whoever deletes it loses nothing that `sijill rebuild` does
//! not bring back, and its writes never wait for the ledger's.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions, QueryBuilder, Row, Sqlite, SqliteConnection, SqlitePool, TypeInfo, ValueRef};

use super::base::{
    Base, Batch, Lead, MOVE, Put, SCHEMA, add_counts, columns, count_columns, count_rows, leaves_of, named,
    no_counts, puts, recount, rows_of,
};
use crate::error::ProjectionError;
use crate::model::{Cell, Type};

/// Most parameters one statement may have (`SQLITE_MAX_VARIABLE_NUMBER`).
const MAX_BINDS: usize = 32_766;

/// Pages written before the write-ahead log is folded into the file, 31 MiB: one that changes again before is folded in once.
const CHECKPOINT_PAGES: &str = "8000";

/// A rebuild may hold the file for as long as one of its batches takes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Read models in a SQLite file.
#[derive(Debug)]
pub struct SqliteBase {
    readers: SqlitePool,
    writer: SqlitePool,
}

impl SqliteBase {
    /// Opens the file; it is made if there is none, for those who may read the ledger's.
    pub async fn open(path: &Path) -> Result<Self, ProjectionError> {
        // SQLite gives its `-wal` and `-shm` the same permissions.
        match OpenOptions::new().write(true).create_new(true).mode(0o640).open(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(unavailable(sqlx::Error::Io(error)));
            }
            _ => {}
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // Loses the last rows with the power, and takes them from the log again: position and rows are one transaction.
            .synchronous(SqliteSynchronous::Normal)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .pragma("secure_delete", "ON")
            .pragma("cache_size", "-65536")
            // For making indexes.
            .pragma("threads", "2")
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let pool =
            |count| SqlitePoolOptions::new().max_connections(count).idle_timeout(None).max_lifetime(None);
        let writer = pool(1).connect_with(options.clone()).await.map_err(unavailable)?;
        for statement in SCHEMA {
            sqlx::query(statement).execute(&writer).await.map_err(unavailable)?;
        }
        let readers = pool(4).connect_with(options.read_only(true)).await.map_err(unavailable)?;
        Ok(Self { readers, writer })
    }

    /// Writes the whole file anew and empties its log, so that they hold nothing but the rows there are.
    pub async fn compact(&self) -> Result<(), ProjectionError> {
        for statement in ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"] {
            sqlx::query(statement).execute(&self.writer).await.map_err(unavailable)?;
        }
        Ok(())
    }

    /// Opens the file to read it; `None` if there is none, or nobody ever built a read model in it.
    pub async fn open_read_only(path: &Path) -> Result<Option<Self>, ProjectionError> {
        if !path.is_file() {
            return Ok(None);
        }
        let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new().max_connections(2).idle_timeout(None).max_lifetime(None);
        let readers = pool.connect_with(options.disable_statement_logging()).await.map_err(unavailable)?;
        let base = Self { writer: readers.clone(), readers };
        let there = base.query("SELECT count(*) FROM sqlite_master WHERE name = 'projection'", &[]).await?;
        Ok(there.first().and_then(|row| row.first()).is_some_and(|cell| cell.integer() > 0).then_some(base))
    }

    /// Closes all connections.
    pub async fn close(self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

#[async_trait]
impl Base for SqliteBase {
    async fn query(&self, sql: &str, parameters: &[Cell]) -> Result<Vec<Vec<Cell>>, ProjectionError> {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for parameter in parameters {
            query = match parameter {
                Cell::Null => query.bind(None::<i64>),
                Cell::Integer(value) => query.bind(*value),
                Cell::Text(text) => query.bind(text.as_str()),
            };
        }
        let rows = query.fetch_all(&self.readers).await.map_err(unavailable)?;
        rows.iter().map(cells).collect()
    }

    async fn run(&self, statements: &[String]) -> Result<(), ProjectionError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(unavailable)?;
        for statement in statements {
            let statement = sqlx::query(sqlx::AssertSqlSafe(statement.as_str()));
            statement.execute(&mut *transaction).await.map_err(unavailable)?;
        }
        transaction.commit().await.map_err(unavailable)
    }

    async fn write(&self, batch: &Batch<'_>) -> Result<bool, ProjectionError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(unavailable)?;
        for lead in &batch.leads {
            let moved = sqlx::query(MOVE)
                .bind(signed(lead.to.0))
                .bind(lead.to.1.to_base64())
                .bind(lead.model.name)
                .bind(signed(lead.number))
                .bind(signed(lead.from))
                .execute(&mut *transaction)
                .await
                .map_err(unavailable)?;
            if moved.rows_affected() != 1 {
                return Ok(false);
            }
            write(&mut transaction, lead).await?;
        }
        transaction.commit().await.map_err(unavailable)?;
        Ok(true)
    }

    fn spelling(&self, sql: &str) -> String {
        sql.to_owned()
    }
}

async fn write(connection: &mut SqliteConnection, lead: &Lead<'_>) -> Result<(), ProjectionError> {
    if !lead.fresh {
        let own = format!(
            "DELETE FROM projection_subject WHERE model = '{}' AND number = {} AND subject IN ",
            lead.model.name, lead.number
        );
        remove(connection, &own, lead).await?;
    }
    if let (false, Some(counts)) = (lead.fresh, lead.model.counts) {
        let mut counted = Vec::new();
        for subjects in lead.subjects.chunks(MAX_BINDS) {
            let marks = vec!["?"; subjects.len()].join(",");
            let sql = count_rows(lead.model, lead.number, &format!("subject IN ({marks})"));
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).persistent(false);
            for subject in subjects {
                query = query.bind(subject.of.subject.as_str());
            }
            let rows = query.fetch_all(&mut *connection).await.map_err(unavailable)?;
            for row in &rows {
                counted.push(cells(row)?);
            }
        }
        let (name, add) = (named(counts.name, lead.number), add_counts(&counts, lead.number));
        let changed = recount(lead, &counted);
        insert(connection, &name, &count_columns(lead.model), &puts(&changed), &add).await?;
        let none = no_counts(&counts, lead.number);
        sqlx::query(sqlx::AssertSqlSafe(none)).execute(&mut *connection).await.map_err(unavailable)?;
    }
    let (leaf_columns, leaves) = leaves_of(lead);
    insert(connection, "projection_subject", &leaf_columns, &leaves, "").await?;
    for (position, table) in lead.model.tables.iter().enumerate() {
        let name = named(table.name, lead.number);
        if !lead.fresh {
            remove(connection, &format!("DELETE FROM {name} WHERE subject IN "), lead).await?;
        }
        let columns: Vec<_> = columns(table.columns).collect();
        insert(connection, &name, &columns, &rows_of(lead.subjects, position), "").await?;
    }
    Ok(())
}

async fn remove(
    connection: &mut SqliteConnection,
    sql: &str,
    lead: &Lead<'_>,
) -> Result<(), ProjectionError> {
    for subjects in lead.subjects.chunks(MAX_BINDS) {
        let mut query = QueryBuilder::<Sqlite>::new(sql);
        query.push("(");
        let mut list = query.separated(",");
        for subject in subjects {
            list.push_bind(subject.of.subject.as_str());
        }
        query.push(")");
        query.build().persistent(false).execute(&mut *connection).await.map_err(unavailable)?;
    }
    Ok(())
}

/// Rows are inserted so many at a time, the most first: few statements, which the connection keeps prepared. To parse a statement
/// of ten thousand values takes longer than to carry it out.
const TOGETHER: [usize; 4] = [512, 64, 8, 1];

async fn insert(
    connection: &mut SqliteConnection,
    table: &str,
    columns: &[(&'static str, Type)],
    mut rows: &[Vec<Put<'_>>],
    then: &str,
) -> Result<(), ProjectionError> {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let marks = format!("({})", vec!["?"; columns.len()].join(","));
    for together in TOGETHER {
        if rows.len() < together {
            continue;
        }
        let values = vec![marks.as_str(); together].join(",");
        let sql = format!("INSERT INTO {table} ({}) VALUES {values}{then}", names.join(","));
        while let Some((some, others)) = rows.split_at_checked(together) {
            rows = others;
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql.as_str()));
            for put in some.iter().flatten() {
                query = match put {
                    Put::Null => query.bind(None::<i64>),
                    Put::Integer(value) => query.bind(*value),
                    Put::Text(text) => query.bind(*text),
                };
            }
            query.execute(&mut *connection).await.map_err(unavailable)?;
        }
    }
    Ok(())
}

fn cells(row: &SqliteRow) -> Result<Vec<Cell>, ProjectionError> {
    let cell = |at: usize| {
        let raw = row.try_get_raw(at).map_err(unavailable)?;
        if raw.is_null() {
            return Ok(Cell::Null);
        }
        match raw.type_info().name() {
            "INTEGER" => row.try_get(at).map(Cell::Integer).map_err(unavailable),
            "TEXT" => row.try_get::<&str, _>(at).map(Cell::from).map_err(unavailable),
            other => Err(ProjectionError::Corrupt(format!("a column holds {other}"))),
        }
    };
    (0..row.len()).map(cell).collect()
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unavailable(error: sqlx::Error) -> ProjectionError {
    ProjectionError::Unavailable(error)
}
