//! What a read model is.

use compact_str::CompactString;
use sijill_domain::Position;

use crate::history::Step;
use crate::span::Span;

/// A read model: a function to rows, and the tables they lie in.
#[derive(Debug)]
pub struct Model {
    /// Its name, also its folder's.
    pub name: &'static str,
    /// Which version of the function this is, from 1.
    pub version: u32,
    /// Its tables, as `sql` creates them.
    pub tables: &'static [Table],
    /// The table that counts the rows of the first one, if there is such.
    pub counts: Option<Counts>,
    /// Makes the tables: SQL that both engines understand, with `{name}` for the table of that name.
    pub sql: &'static str,
    /// Where its rows come from.
    pub source: Source,
}

/// What rows follow from.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// The state of a subject after a step: the rows that hold then.
    State(fn(&Step<'_>, &mut Rows<'_>)),
    /// The rows that the models above have of a subject. As known on any size, they may say only what follows from the rows
    /// known there.
    Rows(fn(&Known<'_>) -> Vec<Span>),
}

/// A table of how many rows of the model's first table hold by the latest entry, kept in the transaction that moves them: its
/// columns are those of `by`, all of them texts or integers and never null, `n` and `total`.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// Its name.
    pub name: &'static str,
    /// The columns whose values are counted apart.
    pub by: &'static [&'static str],
    /// The integer column that `total` sums up.
    pub sum: &'static str,
}

/// What other models say of a subject.
#[derive(Debug)]
pub struct Known<'a> {
    pub(crate) models: &'a [&'static Model],
    /// By model, each in the order of the digest.
    pub(crate) rows: &'a [Vec<Span>],
}

/// A row that another model has of a subject.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub(crate) columns: &'static [Column],
    /// When it holds.
    pub span: &'a Span,
}

impl<'a> Known<'a> {
    /// The rows of a table, ascending by the entry they hold from.
    pub fn of(&self, table: &str) -> impl Iterator<Item = Row<'a>> + use<'a> {
        let found = self.models.iter().zip(self.rows).find_map(|(model, rows)| {
            let at = model.tables.iter().position(|of| of.name == table)?;
            Some((at, model.tables.get(at)?.columns, rows.as_slice()))
        });
        let (at, columns, rows) = found.unwrap_or((0, &[], &[]));
        rows.iter().filter(move |span| span.table == at).map(move |span| Row { columns, span })
    }
}

impl<'a> Row<'a> {
    fn cell(&self, column: &str) -> &'a Cell {
        let at = self.columns.iter().position(|of| of.name == column);
        at.and_then(|at| self.span.cells.get(at)).unwrap_or(&Cell::Null)
    }

    /// The text in a column; empty for nothing.
    pub fn text(&self, column: &str) -> &'a str {
        self.cell(column).text()
    }

    /// The integer in a column; 0 for nothing.
    pub fn integer(&self, column: &str) -> i64 {
        self.cell(column).integer()
    }

    /// The integer in a column, if there is one.
    pub fn known(&self, column: &str) -> Option<i64> {
        match self.cell(column) {
            Cell::Integer(value) => Some(*value),
            _ => None,
        }
    }
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
    /// A text; mostly a code or a name, which takes no memory of its own.
    Text(CompactString),
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
        Self::Text(text.into())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text.into())
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

/// A row that holds.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) table: usize,
    pub(crate) since: Position,
    pub(crate) cells: Vec<Cell>,
    /// Whether it was said after the latest step.
    pub(crate) said: bool,
}

/// What a model says after a step, and what it said before it.
#[derive(Debug)]
pub struct Rows<'a> {
    pub(crate) before: &'a [Held],
    pub(crate) held: Vec<(usize, Vec<Cell>)>,
    pub(crate) noted: Vec<(usize, Vec<Cell>)>,
}

impl<'a> Rows<'a> {
    pub(crate) fn after(before: &'a [Held]) -> Self {
        Self { before, held: Vec::new(), noted: Vec::new() }
    }

    /// The rows that held before the step.
    pub fn before(&self, table: usize) -> impl Iterator<Item = &'a [Cell]> + use<'a> {
        self.before.iter().filter(move |held| held.table == table).map(|held| held.cells.as_slice())
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
