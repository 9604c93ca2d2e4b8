//! Rows in time: from which entry until which they held.

use std::mem::replace;

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
    /// In the order they were said in, which is mostly the order they are said in again.
    open: Vec<Held>,
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
        let key_of = |table: usize| model.tables.get(table).map_or(0, |table| table.key);
        for row in &mut self.open {
            row.said = false;
        }
        let mut next = 0;
        for (table, cells) in held {
            let key = key_of(table);
            let is_same =
                |row: &Held| row.table == table && row.cells.iter().take(key).eq(cells.iter().take(key));
            let place = match self.open.get(next) {
                Some(row) if is_same(row) => Some(next),
                _ => self.open.iter().position(is_same),
            };
            if let Some((place, row)) = place.and_then(|place| Some((place, self.open.get_mut(place)?))) {
                row.said = true;
                if row.cells != cells {
                    let ended =
                        Held { table, since: row.since, cells: replace(&mut row.cells, cells), said: false };
                    row.since = at;
                    self.closed.extend(closed(ended, at));
                }
                next = place + 1;
            } else {
                self.open.insert(next, Held { table, since: at, cells, said: true });
                next += 1;
            }
        }
        self.closed.extend(self.open.extract_if(.., |row| !row.said).filter_map(|row| closed(row, at)));
        for (table, cells) in noted {
            self.closed.push(open_span(Held { table, since: at, cells, said: true }));
        }
    }

    /// All of them, in the order that the digest takes them in.
    pub(crate) fn end(self) -> Vec<Span> {
        let open = self.open.into_iter().map(open_span);
        let mut rows: Vec<Span> = self.closed.into_iter().chain(open).collect();
        rows.sort_unstable_by(|a, b| (a.table, a.since, &a.cells).cmp(&(b.table, b.since, &b.cells)));
        rows
    }
}

/// What held for no entry at all, nobody could ever ask for.
fn closed(row: Held, at: Position) -> Option<Span> {
    let (until, until_ms) = (at.index, at.received);
    (row.since.index < at.index).then(|| Span { until, until_ms, ..open_span(row) })
}

fn open_span(Held { table, since, cells, .. }: Held) -> Span {
    Span { table, since: since.index, since_ms: since.received, until: NEVER, until_ms: NEVER, cells }
}
