//! Rows in time: from which entry until which they held.

use std::collections::BTreeSet;

use sijill_domain::Position;

use crate::history::Step;
use crate::model::{Cell, Held, Model, Rows, Source};

/// Where `until` stands for "it still holds".
pub const NEVER: u64 = i64::MAX as u64;

/// A row, and when it held: in the log of `size` entries it counts if `since < size ≤ until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Which of the model's tables.
    pub table: usize,
    /// The entry it holds from.
    pub since: u64,
    /// When that was sequenced, Unix milliseconds.
    pub since_ms: u64,
    /// The entry that ended it; [`NEVER`] if none has.
    pub until: u64,
    /// When that was sequenced; [`NEVER`] likewise.
    pub until_ms: u64,
    /// The cells, in the order of the table's columns.
    pub cells: Vec<Cell>,
}

/// The rows that one model has of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectRows {
    /// The subject.
    pub subject: String,
    /// Entries that say less than they once did, for their values were erased or withheld: what rests on them cannot be checked.
    pub gaps: u32,
    /// The rows, by table, since and cells.
    pub rows: Vec<Span>,
}

impl Span {
    /// The row as a log of `size` entries says it; `None` if it says nothing of it.
    pub fn known_at(&self, size: u64) -> Option<Self> {
        if self.since >= size {
            return None;
        }
        let mut span = self.clone();
        if span.until >= size {
            (span.until, span.until_ms) = (NEVER, NEVER);
        }
        Some(span)
    }
}

/// Spans of one subject and model, as they grow.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    open: Held,
    closed: Vec<Span>,
}

impl Spans {
    /// What the model says after the step takes the place of what it said before.
    pub(crate) fn take(&mut self, model: &Model, step: &Step<'_>) {
        let Source::State(say) = model.source else { return };
        let at = step.at;
        let mut rows = Rows::after(&self.open);
        say(step, &mut rows);
        let Rows { held, noted, .. } = rows;
        let key = |table: usize, cells: &[Cell]| {
            let length = model.tables.get(table).map_or(0, |table| table.key);
            (table, cells.iter().take(length).cloned().collect::<Vec<_>>())
        };
        let mut said = BTreeSet::new();
        for (table, cells) in held {
            let key = key(table, &cells);
            match self.open.get(&key) {
                Some((_, held)) if *held == cells => {}
                _ => {
                    if let Some((since, ended)) = self.open.insert(key.clone(), (at, cells)) {
                        self.close(table, since, at, ended);
                    }
                }
            }
            said.insert(key);
        }
        let gone: Vec<_> = self.open.keys().filter(|key| !said.contains(*key)).cloned().collect();
        for key in gone {
            if let Some((since, ended)) = self.open.remove(&key) {
                self.close(key.0, since, at, ended);
            }
        }
        for (table, cells) in noted {
            self.closed.push(open_span(table, at, cells));
        }
    }

    fn close(&mut self, table: usize, since: Position, at: Position, cells: Vec<Cell>) {
        // What held for no entry at all, nobody could ever ask for.
        if since.index < at.index {
            let (until, until_ms) = (at.index, at.received);
            self.closed.push(Span { until, until_ms, ..open_span(table, since, cells) });
        }
    }

    /// All of them, in the order that the digest takes them in.
    pub(crate) fn end(self) -> Vec<Span> {
        let open = self.open.into_iter().map(|((table, _), (since, cells))| open_span(table, since, cells));
        let mut rows: Vec<Span> = self.closed.into_iter().chain(open).collect();
        rows.sort_unstable_by(|a, b| (a.table, a.since, &a.cells).cmp(&(b.table, b.since, &b.cells)));
        rows
    }
}

fn open_span(table: usize, since: Position, cells: Vec<Cell>) -> Span {
    Span { table, since: since.index, since_ms: since.received, until: NEVER, until_ms: NEVER, cells }
}
