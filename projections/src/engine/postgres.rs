//! Read models in the ledger's PostgreSQL database, or one of their own, in a schema of their own.

use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{ConnectOptions, PgConnection, PgPool, Postgres, Row, TypeInfo, ValueRef};

use super::base::{
    Base, Batch, Lead, MOVE, Put, SCHEMA, add_counts, columns, count_columns, count_rows, leaves_of, named,
    no_counts, puts, recount, rows_of,
};
use crate::error::ProjectionError;
use crate::model::{Cell, Type};

/// The schema that the tables lie in, apart from the ledger's.
const HOME: &str = "projections";

/// How long a caller waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Read models in PostgreSQL.
#[derive(Debug)]
pub struct PostgresBase {
    pool: PgPool,
}

impl PostgresBase {
    /// Connects, and makes the schema if there is none.
    pub async fn connect(url: &str) -> Result<Self, ProjectionError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(unavailable)?
            .options([("search_path", HOME)])
            .disable_statement_logging();
        let pool = PgPoolOptions::new().max_connections(6).acquire_timeout(ACQUIRE_TIMEOUT);
        let base = Self { pool: pool.connect_with(options).await.map_err(unavailable)? };
        let mut statements = vec![format!("CREATE SCHEMA IF NOT EXISTS {HOME}")];
        statements.extend(SCHEMA.map(|sql| base.spelling(sql)));
        base.run(&statements).await?;
        Ok(base)
    }

    /// Connects to what is there, and writes nothing; `None` if nobody ever built a read model there.
    pub async fn connect_read_only(url: &str) -> Result<Option<Self>, ProjectionError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(unavailable)?
            .options([("search_path", HOME), ("default_transaction_read_only", "on")])
            .disable_statement_logging();
        let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(ACQUIRE_TIMEOUT);
        let base = Self { pool: pool.connect_with(options).await.map_err(unavailable)? };
        let there = format!(
            "SELECT count(*) FROM pg_tables WHERE schemaname = '{HOME}' AND tablename = 'projection'"
        );
        let there = base.query(&there, &[]).await?;
        Ok(there.first().and_then(|row| row.first()).is_some_and(|cell| cell.integer() > 0).then_some(base))
    }

    /// Closes all connections.
    pub async fn close(self) {
        self.pool.close().await;
    }
}

#[async_trait]
impl Base for PostgresBase {
    async fn query(&self, sql: &str, parameters: &[Cell]) -> Result<Vec<Vec<Cell>>, ProjectionError> {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for parameter in parameters {
            query = match parameter {
                Cell::Null => query.bind(None::<i64>),
                Cell::Integer(value) => query.bind(*value),
                Cell::Text(text) => query.bind(text.as_str()),
            };
        }
        let rows = query.fetch_all(&self.pool).await.map_err(unavailable)?;
        rows.iter().map(cells).collect()
    }

    async fn run(&self, statements: &[String]) -> Result<(), ProjectionError> {
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        // Two servers that begin at once would both find that the schema is not there.
        sqlx::query("SELECT pg_advisory_xact_lock(7310579628530034)")
            .execute(&mut *transaction)
            .await
            .map_err(unavailable)?;
        for statement in statements {
            let statement = sqlx::query(sqlx::AssertSqlSafe(statement.as_str()));
            statement.execute(&mut *transaction).await.map_err(unavailable)?;
        }
        transaction.commit().await.map_err(unavailable)
    }

    async fn write(&self, batch: &Batch<'_>) -> Result<bool, ProjectionError> {
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
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

    /// Texts sort by their bytes, as in SQLite and in the digest, whatever the database's locale.
    fn spelling(&self, sql: &str) -> String {
        sql.replace(" TEXT", " TEXT COLLATE \"C\"")
    }
}

async fn write(connection: &mut PgConnection, lead: &Lead<'_>) -> Result<(), ProjectionError> {
    let subjects: Vec<&str> = lead.subjects.iter().map(|subject| subject.of.subject.as_str()).collect();
    if !lead.fresh {
        let sql = "DELETE FROM projection_subject WHERE model = $1 AND number = $2 AND subject = ANY($3)";
        let remove = sqlx::query(sql).bind(lead.model.name).bind(signed(lead.number)).bind(&subjects);
        remove.execute(&mut *connection).await.map_err(unavailable)?;
    }
    if let (false, Some(counts)) = (lead.fresh, lead.model.counts) {
        let sql = count_rows(lead.model, lead.number, "subject = ANY($1)");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(&subjects);
        let rows = query.fetch_all(&mut *connection).await.map_err(unavailable)?;
        let counted: Vec<Vec<Cell>> = rows.iter().map(cells).collect::<Result<_, _>>()?;
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
            let sql = format!("DELETE FROM {name} WHERE subject = ANY($1)");
            let remove = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(&subjects);
            remove.execute(&mut *connection).await.map_err(unavailable)?;
        }
        let columns: Vec<_> = columns(table.columns).collect();
        insert(connection, &name, &columns, &rows_of(lead.subjects, position), "").await?;
    }
    Ok(())
}

/// One statement, whatever the number of rows: an array for each column.
async fn insert(
    connection: &mut PgConnection,
    table: &str,
    columns: &[(&'static str, Type)],
    rows: &[Vec<Put<'_>>],
    then: &str,
) -> Result<(), ProjectionError> {
    if rows.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let arrays: Vec<String> = columns
        .iter()
        .zip(1..)
        .map(|((_, holds), number)| match holds {
            Type::Integer => format!("${number}::bigint[]"),
            Type::Text => format!("${number}::text[]"),
        })
        .collect();
    let sql =
        format!("INSERT INTO {table} ({}) SELECT * FROM UNNEST({}){then}", names.join(","), arrays.join(","));
    let mut query: sqlx::query::Query<'_, Postgres, PgArguments> = sqlx::query(sqlx::AssertSqlSafe(sql));
    for (at, (_, holds)) in columns.iter().enumerate() {
        let column = rows.iter().map(|row| row.get(at).copied().unwrap_or(Put::Null));
        query = match holds {
            Type::Integer => query.bind(
                column
                    .map(|put| if let Put::Integer(value) = put { Some(value) } else { None })
                    .collect::<Vec<Option<i64>>>(),
            ),
            Type::Text => query.bind(
                column
                    .map(|put| if let Put::Text(text) = put { Some(text) } else { None })
                    .collect::<Vec<Option<&str>>>(),
            ),
        };
    }
    query.execute(connection).await.map_err(unavailable)?;
    Ok(())
}

fn cells(row: &PgRow) -> Result<Vec<Cell>, ProjectionError> {
    let cell = |at: usize| {
        let raw = row.try_get_raw(at).map_err(unavailable)?;
        if raw.is_null() {
            return Ok(Cell::Null);
        }
        match raw.type_info().name() {
            "INT8" => row.try_get(at).map(Cell::Integer).map_err(unavailable),
            "INT4" => row.try_get::<i32, _>(at).map(|value| Cell::Integer(value.into())).map_err(unavailable),
            "TEXT" | "VARCHAR" | "NAME" => row.try_get::<&str, _>(at).map(Cell::from).map_err(unavailable),
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
