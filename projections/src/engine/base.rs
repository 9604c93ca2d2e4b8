//! What the engine asks of a database: a few statements that SQLite and PostgreSQL both understand.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sijill_log::Hash;

use crate::digest;
use crate::error::ProjectionError;
use crate::model::{Cell, Column, Counts, Model, Type};
use crate::span::{NEVER, SubjectRows};

/// A database of read models.
#[async_trait]
pub trait Base: Send + Sync {
    /// The rows of a query. Parameters are `$1`, `$2`…; every column is an integer of 64 bits or a text, and may be null.
    async fn query(&self, sql: &str, parameters: &[Cell]) -> Result<Vec<Vec<Cell>>, ProjectionError>;

    /// Statements without parameters, in one transaction.
    async fn run(&self, statements: &[String]) -> Result<(), ProjectionError>;

    /// Writes in one transaction, if the generations still are where the batch says; otherwise `false`, and nothing is written.
    async fn write(&self, batch: &Batch<'_>) -> Result<bool, ProjectionError>;

    /// Statements in the spelling of this engine, where it has one of its own.
    fn spelling(&self, sql: &str) -> String;
}

/// A generation of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Which model.
    pub model: String,
    /// Its number, from 1.
    pub number: u64,
    /// Version of the model it was made by.
    pub version: u32,
    /// It has the rows of the log's first so many entries.
    pub position: u64,
    /// The log's root at that size, base64.
    pub root: String,
    /// Whether it is the one that is read.
    pub live: bool,
}

/// How far generations are moved: all of the same database transaction.
#[derive(Debug, Clone)]
pub struct Lead<'a> {
    /// The model.
    pub model: &'static Model,
    /// Its generation.
    pub number: u64,
    /// Where it has to be.
    pub from: u64,
    /// Where it will be, and the log's root there.
    pub to: (u64, Hash),
    /// The rows that take the place of those these subjects had.
    pub subjects: &'a [Folded],
    /// Whether the subjects had none before, so that nothing has to be removed.
    pub fresh: bool,
}

/// What a model says of a subject, with its leaf of the digest.
#[derive(Debug, Clone)]
pub struct Folded {
    /// The rows.
    pub of: SubjectRows,
    /// The leaf, base64; `None` if there are no rows.
    pub leaf: Option<String>,
}

impl Folded {
    /// What the model says of a subject.
    pub fn new(model: &Model, of: SubjectRows) -> Self {
        let leaf = digest::leaf(model, &of).map(|leaf| leaf.to_base64());
        Self { of, leaf }
    }
}

/// What is written at once.
#[derive(Debug, Clone)]
pub struct Batch<'a> {
    /// One lead for each model.
    pub leads: Vec<Lead<'a>>,
}

/// The tables that are no model's: generations, and the leaf of each subject.
pub(super) const SCHEMA: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS projection (
        model TEXT NOT NULL,
        number BIGINT NOT NULL,
        version BIGINT NOT NULL,
        position BIGINT NOT NULL,
        root TEXT NOT NULL,
        live BIGINT NOT NULL,
        PRIMARY KEY (model, number)
    )",
    "CREATE TABLE IF NOT EXISTS projection_subject (
        model TEXT NOT NULL,
        number BIGINT NOT NULL,
        subject TEXT NOT NULL,
        gaps BIGINT NOT NULL,
        leaf TEXT,
        PRIMARY KEY (model, number, subject)
    )",
];

/// Moves a generation on: $1 to, $2 root, $3 model, $4 number, $5 from.
pub(super) const MOVE: &str =
    "UPDATE projection SET position = $1, root = $2 WHERE model = $3 AND number = $4 AND position = $5";

/// The name of a table in a generation.
pub(crate) fn named(table: &str, number: u64) -> String {
    format!("{table}_{number}")
}

/// The statements that make a generation's tables, and those that make their indexes: one by one when the rows are there,
/// which is far less work than to keep them all in order from the first row on.
pub(super) fn tables_of(model: &Model, number: u64) -> (Vec<String>, Vec<String>) {
    let mut sql = model.sql.to_owned();
    for name in names_of(model) {
        sql = sql.replace(&format!("{{{name}}}"), &named(name, number));
    }
    statements(&sql).into_iter().partition(|statement| !statement.starts_with("CREATE INDEX"))
}

/// The names of all tables of a model.
pub(super) fn names_of(model: &Model) -> impl Iterator<Item = &'static str> {
    model.tables.iter().map(|table| table.name).chain(model.counts.map(|counts| counts.name))
}

/// Makes the counts of a generation from its rows: what a rebuild ends with.
pub(super) fn fill(model: &Model, number: u64) -> Option<String> {
    let counts = model.counts?;
    let (name, by) = (named(counts.name, number), counts.by.join(", "));
    Some(format!("INSERT INTO {name} ({by}, n, total) {}", count_rows(model, number, "TRUE")))
}

/// Counts the rows of a model that hold and meet a condition.
pub(super) fn count_rows(model: &Model, number: u64, condition: &str) -> String {
    let (Some(counts), Some(table)) = (model.counts, model.tables.first()) else { return String::new() };
    let (name, by) = (named(table.name, number), counts.by.join(", "));
    format!(
        "SELECT {by}, count(*) AS n, CAST(sum({}) AS BIGINT) AS total FROM {name} WHERE until = {NEVER} AND {condition} GROUP BY {by}",
        counts.sum
    )
}

/// How a row of counts is added to one that is there.
pub(super) fn add_counts(counts: &Counts, number: u64) -> String {
    let name = named(counts.name, number);
    format!(
        " ON CONFLICT ({}) DO UPDATE SET n = {name}.n + excluded.n, total = {name}.total + excluded.total",
        counts.by.join(", ")
    )
}

/// Takes away the counts of what there is no more: a row would still say that it was there, of a child that was erased too.
pub(super) fn no_counts(counts: &Counts, number: u64) -> String {
    format!("DELETE FROM {} WHERE n = 0", named(counts.name, number))
}

/// The columns of a table of counts.
pub(super) fn count_columns(model: &Model) -> Vec<(&'static str, Type)> {
    let (Some(counts), Some(table)) = (model.counts, model.tables.first()) else { return Vec::new() };
    let own = counts.by.iter().filter_map(|name| table.columns.iter().find(|column| column.name == *name));
    let own = own.map(|column| (column.name, column.holds));
    own.chain([("n", Type::Integer), ("total", Type::Integer)]).collect()
}

/// By how much the counts change when the lead's rows take the place of those that were `counted`.
pub(super) fn recount(lead: &Lead<'_>, counted: &[Vec<Cell>]) -> Vec<Vec<Cell>> {
    let (Some(counts), Some(table)) = (lead.model.counts, lead.model.tables.first()) else {
        return Vec::new();
    };
    let place = |name: &str| table.columns.iter().position(|column| column.name == name);
    let (by, sum): (Vec<usize>, _) =
        (counts.by.iter().filter_map(|name| place(name)).collect(), place(counts.sum));
    let mut change: BTreeMap<Vec<Cell>, (i64, i64)> = BTreeMap::new();
    for row in counted {
        let (key, [n, total]) = row.split_at(row.len().saturating_sub(2)) else { continue };
        let entry = change.entry(key.to_vec()).or_default();
        (entry.0, entry.1) = (entry.0 - n.integer(), entry.1 - total.integer());
    }
    let held = lead.subjects.iter().flat_map(|subject| &subject.of.rows);
    for span in held.filter(|span| span.table == 0 && span.until == NEVER) {
        let cell = |at: &usize| span.cells.get(*at).cloned().unwrap_or(Cell::Null);
        let entry = change.entry(by.iter().map(cell).collect()).or_default();
        (entry.0, entry.1) = (entry.0 + 1, entry.1 + sum.map_or(0, |at| cell(&at).integer()));
    }
    let changed = change.into_iter().filter(|(_, change)| *change != (0, 0));
    changed
        .map(|(mut key, (n, total))| {
            key.extend([Cell::Integer(n), Cell::Integer(total)]);
            key
        })
        .collect()
}

/// The statements of a script: comments gone, parted at semicolons. Our own scripts have neither within a text.
fn statements(sql: &str) -> Vec<String> {
    let bare: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let bare = bare.join("\n");
    bare.split(';').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The columns of a table as it lies in the database.
pub(super) fn columns(own: &[Column]) -> impl Iterator<Item = (&'static str, Type)> + '_ {
    const FIRST: [(&str, Type); 5] = [
        ("subject", Type::Text),
        ("since", Type::Integer),
        ("since_ms", Type::Integer),
        ("until", Type::Integer),
        ("until_ms", Type::Integer),
    ];
    FIRST.into_iter().chain(own.iter().map(|column| (column.name, column.holds)))
}

/// A value on its way into a column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Put<'a> {
    Null,
    Integer(i64),
    Text(&'a str),
}

impl From<u64> for Put<'_> {
    fn from(value: u64) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl<'a> From<&'a Cell> for Put<'a> {
    fn from(cell: &'a Cell) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Integer(value) => Self::Integer(*value),
            Cell::Text(text) => Self::Text(text),
        }
    }
}

/// Rows as they are put into columns.
pub(super) fn puts(rows: &[Vec<Cell>]) -> Vec<Vec<Put<'_>>> {
    rows.iter().map(|row| row.iter().map(Put::from).collect()).collect()
}

/// The rows of one table among these subjects, in the order of [`columns`].
pub(super) fn rows_of(subjects: &[Folded], table: usize) -> Vec<Vec<Put<'_>>> {
    let spans = subjects.iter().flat_map(|Folded { of, .. }| of.rows.iter().map(move |span| (of, span)));
    spans
        .filter(|(_, span)| span.table == table)
        .map(|(of, span)| {
            let mut row = Vec::with_capacity(5 + span.cells.len());
            row.push(Put::Text(&of.subject));
            row.extend([span.since, span.since_ms, span.until, span.until_ms].map(Put::from));
            row.extend(span.cells.iter().map(Put::from));
            row
        })
        .collect()
}

/// The columns and rows of `projection_subject`. Subjects of which there is nothing to say are not in it.
pub(super) fn leaves_of<'a>(lead: &Lead<'a>) -> (Vec<(&'static str, Type)>, Vec<Vec<Put<'a>>>) {
    let columns = vec![
        ("model", Type::Text),
        ("number", Type::Integer),
        ("subject", Type::Text),
        ("gaps", Type::Integer),
        ("leaf", Type::Text),
    ];
    let said = lead.subjects.iter().filter(|folded| folded.leaf.is_some() || folded.of.gaps > 0);
    let row = |Folded { of, leaf }: &'a Folded| {
        vec![
            Put::Text(lead.model.name),
            lead.number.into(),
            Put::Text(&of.subject),
            u64::from(of.gaps).into(),
            leaf.as_deref().map_or(Put::Null, Put::Text),
        ]
    };
    (columns, said.map(row).collect())
}
