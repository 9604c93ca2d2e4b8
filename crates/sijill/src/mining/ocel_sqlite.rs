//! OCEL 2.0 in an SQLite database: the standard's tables, and the table `ledger`, which says where the log comes from.
//!
//! Table names are the types' with `_` for the dot, as readers put them into their queries unquoted; the tables
//! `event_map_type` and `object_map_type` say which is which.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value as Json, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::runtime::Handle;

use super::chapter::Chapter;
use super::log::{Change, Declared, Event, Kind, Object, ObjectType, Value, Writer};
use super::survey::Survey;
use crate::error::{Error, Result};

/// Rows in one statement.
const BATCH: usize = 500;

/// The tables that do not depend on what types there are.
const SCHEMA: &str = "
CREATE TABLE ledger (origin TEXT, size INTEGER, root TEXT, time TEXT);
CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT, FOREIGN KEY (ocel_type) REFERENCES event_map_type (ocel_type));
CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT, FOREIGN KEY (ocel_type) REFERENCES object_map_type (ocel_type));
CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT,
    PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier),
    FOREIGN KEY (ocel_event_id) REFERENCES event (ocel_id), FOREIGN KEY (ocel_object_id) REFERENCES object (ocel_id));
CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT,
    PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier),
    FOREIGN KEY (ocel_source_id) REFERENCES object (ocel_id), FOREIGN KEY (ocel_target_id) REFERENCES object (ocel_id));
";

/// Writes rows in batches, one statement each, all in one transaction.
pub(super) struct OcelSqlite {
    connection: SqliteConnection,
    runtime: Handle,
    events: BTreeMap<String, EventTable>,
    objects: BTreeMap<ObjectType, Table>,
    event: Table,
    object: Table,
    event_object: Table,
    object_object: Table,
}

/// The table of an event type: its columns' names and kinds, in order.
struct EventTable {
    table: Table,
    columns: Vec<(String, Kind)>,
}

/// Rows that are not written yet.
struct Table {
    insert: String,
    rows: Vec<Json>,
}

impl OcelSqlite {
    pub(super) fn new(path: &Path, survey: &Survey) -> Result<Self> {
        let runtime = Handle::current();
        let options = SqliteConnectOptions::new()
            .filename(std::path::absolute(path).map_err(Error::unwritable(path))?)
            .create_if_missing(true)
            // Nobody sees the file before it is whole; what is related comes in any order.
            .foreign_keys(false)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off);
        let connection = runtime.block_on(options.connect()).map_err(|error| failed(&error))?;
        let mut writer = Self {
            connection,
            runtime,
            events: BTreeMap::new(),
            objects: BTreeMap::new(),
            event: Table::new("event", 2),
            object: Table::new("object", 2),
            event_object: Table::new("event_object", 3),
            object_object: Table::new("object_object", 3),
        };
        writer.run(SCHEMA.to_owned())?;
        writer.run("BEGIN".to_owned())?;
        writer.event_tables(&survey.declared)?;
        writer.object_tables()?;
        let from = &survey.provenance;
        let mut ledger = Table::new("ledger", 4);
        ledger.rows.push(json!([from.origin, from.size, from.root, from.time.as_str()]));
        writer.flush(&mut ledger)?;
        Ok(writer)
    }

    fn event_tables(&mut self, declared: &Declared) -> Result<()> {
        let mut map = Table::new("event_map_type", 2);
        let types = declared.keys().map(String::as_str);
        for (name, mapped) in distinct(types, &["map_type", "object"], |name| name.replace('.', "_")) {
            let kinds = declared.get(&name).into_iter().flatten();
            let columns: Vec<(String, Kind)> = kinds.map(|(name, kind)| (name.clone(), *kind)).collect();
            let table = format!("event_{mapped}");
            self.create(&table, "ocel_id TEXT PRIMARY KEY, ocel_time TIMESTAMP", &columns, "event")?;
            map.rows.push(json!([name, mapped]));
            let table = Table::new(&table, columns.len() + 2);
            self.events.insert(name, EventTable { table, columns });
        }
        self.flush(&mut map)
    }

    fn object_tables(&mut self) -> Result<()> {
        let mut map = Table::new("object_map_type", 2);
        for kind in ObjectType::ALL {
            let columns: Vec<(String, Kind)> =
                kind.attributes().iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
            let (name, table) = (kind.as_str(), format!("object_{}", kind.as_str()));
            let begins = "ocel_id TEXT, ocel_time TIMESTAMP, ocel_changed_field TEXT";
            self.create(&table, begins, &columns, "object")?;
            map.rows.push(json!([name, name]));
            self.objects.insert(kind, Table::new(&table, columns.len() + 3));
        }
        self.flush(&mut map)
    }

    fn create(&mut self, table: &str, begins: &str, columns: &[(String, Kind)], of: &str) -> Result<()> {
        let names = columns.iter().map(|(name, _)| name.as_str());
        let names: BTreeMap<String, String> = distinct(names, &[], str::to_owned).into_iter().collect();
        let mut sql = format!("CREATE TABLE {} ({begins}", quoted(table));
        for (name, kind) in columns {
            let sql_type = match kind {
                Kind::Text => "TEXT",
                Kind::Whole => "INTEGER",
                Kind::Truth => "BOOLEAN",
                Kind::Time => "TIMESTAMP",
            };
            // Writing to a string cannot fail.
            let _ = write!(sql, ", {} {sql_type}", quoted(names.get(name).unwrap_or(name)));
        }
        let _ = write!(sql, ", FOREIGN KEY (ocel_id) REFERENCES {of} (ocel_id))");
        self.run(sql)
    }

    fn event(&mut self, event: &Event) {
        let Some(own) = self.events.get_mut(&event.event_type) else { return };
        let id = event.id();
        let mut row = vec![json!(id), json!(event.time.to_string())];
        let value = |name: &str, kind: Kind| event.value(name).map(|value| column(&value.to_kind(kind)));
        row.extend(own.columns.iter().map(|(name, kind)| value(name, *kind).unwrap_or_default()));
        own.table.rows.push(Json::Array(row));
        self.event.rows.push(json!([id, event.event_type]));
        let related = event.objects.iter().map(|(object, qualifier)| json!([id, object, qualifier]));
        self.event_object.rows.extend(related);
    }

    /// First a row of what it was when it was first heard of, then one for each change.
    fn object(&mut self, object: &Object) {
        let Some(own) = self.objects.get_mut(&object.kind) else { return };
        let columns = object.kind.attributes();
        let mut begun: BTreeSet<&str> = BTreeSet::new();
        let first = |change: &&Change| change.time == object.since && begun.insert(change.name);
        let begins: Vec<&Change> = object.changes.iter().filter(first).collect();
        let row = |time: String, field: Option<&str>, told: &[&Change]| {
            let mut row = vec![json!(object.id), json!(time), json!(field)];
            let value = |name: &str| {
                told.iter().find(|change| change.name == name).map(|change| column(&change.value))
            };
            row.extend(columns.iter().map(|(name, _)| value(name).unwrap_or_default()));
            Json::Array(row)
        };
        own.rows.push(row(object.since.to_string(), None, &begins));
        let later =
            object.changes.iter().filter(|change| !begins.iter().any(|begin| std::ptr::eq(*begin, *change)));
        own.rows.extend(later.map(|change| row(change.time.to_string(), Some(change.name), &[change])));
        self.object.rows.push(json!([object.id, object.kind.as_str()]));
        let related = object.objects.iter().map(|(other, qualifier)| json!([object.id, other, qualifier]));
        self.object_object.rows.extend(related);
    }

    fn flush_full(&mut self, least: usize) -> Result<()> {
        let Self { connection, runtime, events, objects, event, object, event_object, object_object } = self;
        let own = events.values_mut().map(|own| &mut own.table).chain(objects.values_mut());
        for table in own.chain([event, object, event_object, object_object]) {
            if table.rows.len() >= least {
                table.write(connection, runtime)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self, table: &mut Table) -> Result<()> {
        table.write(&mut self.connection, &self.runtime)
    }

    fn run(&mut self, sql: String) -> Result<()> {
        let ran = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection);
        self.runtime.block_on(ran).map_err(|error| failed(&error)).map(drop)
    }
}

impl Writer for OcelSqlite {
    const OBJECTS: bool = true;

    fn chapter(&mut self, chapter: &Chapter) -> Result<bool> {
        for event in &chapter.events {
            self.event(event);
        }
        for object in &chapter.objects {
            self.object(object);
        }
        self.flush_full(BATCH)?;
        Ok(true)
    }

    fn finish(mut self, shared: &[Object]) -> Result<()> {
        for object in shared {
            self.object(object);
        }
        self.flush_full(1)?;
        self.run("COMMIT".to_owned())?;
        let Self { connection, runtime, .. } = self;
        runtime.block_on(connection.close()).map_err(|error| failed(&error))
    }
}

impl Table {
    fn new(name: &str, columns: usize) -> Self {
        let values: Vec<String> = (0..columns).map(|place| format!("value->>{place}")).collect();
        let insert = format!("INSERT INTO {} SELECT {} FROM json_each(?1)", quoted(name), values.join(", "));
        Self { insert, rows: Vec::new() }
    }

    fn write(&mut self, connection: &mut SqliteConnection, runtime: &Handle) -> Result<()> {
        let rows = Json::Array(std::mem::take(&mut self.rows)).to_string();
        let insert = sqlx::query(AssertSqlSafe(self.insert.clone())).bind(rows).execute(connection);
        runtime.block_on(insert).map_err(|error| failed(&error)).map(drop)
    }
}

fn column(value: &Value) -> Json {
    match value {
        Value::Text(text) | Value::Time(text) => json!(text),
        Value::Whole(number) => json!(number),
        Value::Truth(truth) => json!(i64::from(*truth)),
    }
}

/// Each name with what it is called in SQL, where case does not count: `called` says it, and what is taken already gets a
/// number.
fn distinct<'a>(
    names: impl Iterator<Item = &'a str>,
    taken: &[&str],
    called: impl Fn(&str) -> String,
) -> Vec<(String, String)> {
    let mut taken: BTreeSet<String> = taken.iter().map(|name| (*name).to_owned()).collect();
    let mut all = Vec::new();
    for name in names {
        let plain = called(name);
        let mut candidates = std::iter::once(plain.clone()).chain((2_u64..).map(|n| format!("{plain}_{n}")));
        let free = candidates.find(|candidate| taken.insert(candidate.to_ascii_lowercase()));
        all.push((name.to_owned(), free.unwrap_or(plain)));
    }
    all
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn failed(error: &sqlx::Error) -> Error {
    Error::Source(format!("the database cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_sql_takes_for_one_are_told_apart() {
        let table = |name: &str| name.replace('.', "_");
        let told = distinct(["a.b_c", "a_b.c", "map.type", "x.y"].into_iter(), &["map_type"], table);
        let told: Vec<&str> = told.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(told, ["a_b_c", "a_b_c_2", "map_type_2", "x_y"]);
        let told = distinct(["routing.A", "routing.a"].into_iter(), &[], str::to_owned);
        assert_eq!(told[1].1, "routing.a_2");
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
