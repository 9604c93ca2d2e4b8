//! What a read model is.

use std::collections::BTreeMap;

use sijill_domain::Position;

use crate::history::Step;

/// A read model: a function to rows, and the tables they lie in.
#[derive(Debug)]
pub struct Model {
    /// Its name, also its folder's.
    pub name: &'static str,
    /// Which version of the function this is, from 1.
    pub version: u32,
    /// Its tables, as `sql` creates them.
    pub tables: &'static [Table],
    /// Makes the tables: SQL that both engines understand, with `{name}` for the table of that name.
    pub sql: &'static str,
    /// The rows that hold after a step.
    pub rows: fn(&Step<'_>, &mut Rows<'_>),
}

/// A table. Before its own columns stand `subject`, `since`, `since_ms`, `until`, `until_ms` (see [`Span`](crate::Span)).
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// How many of the columns, the first ones, tell the rows of one subject apart. Rows of the same key follow each other in
    /// time.
    pub key: usize,
    /// Its own columns.
    pub columns: &'static [Column],
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds, or nothing.
    pub holds: Type,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// An integer.
    Integer,
    /// A text.
    Text,
}

/// A column that holds texts.
pub(crate) const fn text(name: &'static str) -> Column {
    Column { name, holds: Type::Text }
}

/// A column that holds integers.
pub(crate) const fn integer(name: &'static str) -> Column {
    Column { name, holds: Type::Integer }
}

/// A value. No floats: they are not equal everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// Nothing.
    Null,
    /// An integer.
    Integer(i64),
    /// A text.
    Text(String),
}

impl Cell {
    /// The integer; 0 for anything else, as a sum over nothing is.
    pub fn integer(&self) -> i64 {
        match self {
            Self::Integer(value) => *value,
            _ => 0,
        }
    }

    /// The text; empty for anything else.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Cell {
    fn from(value: u64) -> Self {
        // Times and counts; what the database cannot hold is as good as never.
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Integer(value.into())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Rows that hold, by table and key: since when, and their cells.
pub(crate) type Held = BTreeMap<(usize, Vec<Cell>), (Position, Vec<Cell>)>;

/// What a model says after a step, and what it said before it.
#[derive(Debug)]
pub struct Rows<'a> {
    pub(crate) before: &'a Held,
    pub(crate) held: Vec<(usize, Vec<Cell>)>,
    pub(crate) noted: Vec<(usize, Vec<Cell>)>,
}

impl<'a> Rows<'a> {
    pub(crate) fn after(before: &'a Held) -> Self {
        Self { before, held: Vec::new(), noted: Vec::new() }
    }

    /// The rows that held before the step.
    pub fn before(&self, table: usize) -> impl Iterator<Item = &'a [Cell]> + use<'a> {
        self.before.iter().filter(move |((of, _), _)| *of == table).map(|(_, (_, cells))| cells.as_slice())
    }

    /// This row holds. It holds until a step after which it is not said again, or is said with other cells under the same key.
    pub fn hold(&mut self, table: usize, cells: impl Into<Vec<Cell>>) {
        self.held.push((table, cells.into()));
    }

    /// This happened with this step: a row that holds from now on for good.
    pub fn note(&mut self, table: usize, cells: impl Into<Vec<Cell>>) {
        self.noted.push((table, cells.into()));
    }
}
