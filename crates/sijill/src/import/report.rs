//! What an import tells: everything that was counted, and everything that was refused.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use indicatif::HumanCount;
use serde::Serialize;

use super::log::{Row, Trouble};
use super::map::Map;
use super::script::{Kind, Over, Planned};

/// Refusals told one by one; the rest are counted.
const TOLD: usize = 1_000;
/// … of them as text.
const SHOWN: usize = 20;

/// The report.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The event log.
    pub file: PathBuf,
    /// `csv` or `xes`.
    pub format: &'static str,
    /// The data directory.
    pub dir: PathBuf,
    /// The ledger.
    pub origin: String,
    /// Whether the file was read to its end.
    pub complete: bool,
    /// Its rows.
    pub rows: Rows,
    /// Its cases.
    pub cases: Cases,
    /// What became events.
    pub events: Events,
    /// Unit → what it is called and how many rows it signed for.
    pub units: BTreeMap<String, Unit>,
    /// Column → rows whose cell is empty.
    pub empty: BTreeMap<String, u64>,
    /// Column → value → rows: what the map asked to be counted.
    pub watched: BTreeMap<String, BTreeMap<String, u64>>,
    /// What did not arrive, and why; the first thousand.
    pub refused: Vec<Trouble>,
    /// Refusals beyond those.
    pub refused_beyond: u64,
    /// Entries in the ledger now.
    pub size: u64,
    /// Its root.
    pub root: String,
    /// How long it took.
    pub seconds: f64,
}

/// Counts of rows.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Rows {
    /// Read, whole or not.
    pub read: u64,
    /// Now in the ledger, by this import.
    pub appended: u64,
    /// In the ledger already, by an earlier one.
    pub known: u64,
    /// Refused.
    pub refused: u64,
}

/// Counts of cases.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Cases {
    /// All.
    pub all: u64,
    /// Without a single event.
    pub without_events: u64,
    /// Without start: opened with their first row.
    pub without_start: u64,
    /// Without deadline.
    pub without_deadline: u64,
    /// Without end.
    pub without_end: u64,
    /// Ended after their last row.
    pub ended_after_last_row: u64,
    /// Ended before it.
    pub ended_before_last_row: u64,
    /// Ended at the latest when they should have.
    pub ended_in_time: u64,
    /// Ended later.
    pub ended_late: u64,
    /// Whose later rows say something else of the case than the first.
    pub differing: u64,
}

impl Cases {
    /// Counts a case that is over; answers its end, to be appended.
    pub(super) fn close(&mut self, case: Over) -> Option<Planned> {
        self.differing += u64::from(case.differs);
        let ended = case.ended?;
        let end = ended.occurred.unix_ms();
        if let Some(latest) = case.latest {
            self.ended_after_last_row += u64::from(end > latest);
            self.ended_before_last_row += u64::from(end < latest);
        }
        if let Some(deadline) = case.deadline {
            self.ended_in_time += u64::from(end <= deadline);
            self.ended_late += u64::from(end > deadline);
        }
        Some(ended)
    }
}

/// Counts of events.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Events {
    /// By this import.
    pub appended: u64,
    /// By an earlier one.
    pub known: u64,
    /// Type → how many, of both.
    pub by_type: BTreeMap<String, u64>,
}

/// A unit in the report.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Unit {
    /// In Arabic.
    pub ar: String,
    /// In English.
    pub en: String,
    /// Rows its service signed.
    pub rows: u64,
}

impl Report {
    /// Counts what a row says, before anything becomes of it.
    pub(super) fn read(&mut self, map: &Map, columns: &[String], row: &Row) {
        if !row.event {
            return;
        }
        self.rows.read += 1;
        for (column, cell) in columns.iter().zip(&row.cells) {
            match cell {
                None => *self.empty.entry(column.clone()).or_default() += 1,
                Some(value) if map.watch.get(column).is_some_and(|values| values.contains(value)) => {
                    *self.watched.entry(column.clone()).or_default().entry(value.clone()).or_default() += 1;
                }
                Some(_) => {}
            }
        }
    }

    /// Counts an event that is in the ledger now.
    pub(super) fn arrived(&mut self, planned: &Planned, first: bool) {
        *self.events.by_type.entry(planned.event_type.clone()).or_default() += 1;
        *if first { &mut self.events.appended } else { &mut self.events.known } += 1;
        let unit = self.units.entry(planned.unit.id.clone()).or_default();
        if planned.kind == Kind::Row {
            *if first { &mut self.rows.appended } else { &mut self.rows.known } += 1;
            unit.rows += 1;
        }
        if unit.en.is_empty() {
            (unit.ar, unit.en) = (planned.unit.ar.clone(), planned.unit.en.clone());
        }
    }

    /// Notes what did not arrive. `row`: a row of the file, not what the file says of a case.
    pub(super) fn refuse(&mut self, trouble: Trouble, row: bool) {
        self.rows.refused += u64::from(row);
        if self.refused.len() < TOLD {
            self.refused.push(trouble);
        } else {
            self.refused_beyond += 1;
        }
    }

    /// Whether everything in the file is in the ledger.
    pub fn whole(&self) -> bool {
        self.complete && self.refused.is_empty()
    }

    /// For people.
    pub fn text(&self) -> String {
        let count = HumanCount;
        let mut text = String::new();
        let (rows, cases) = (&self.rows, &self.cases);
        let mut line = |name: &str, words: String| _ = writeln!(text, "{name:<10}{words}");
        line(
            "rows",
            format!(
                "{} read: {} appended, {} there already, {} refused",
                count(rows.read),
                count(rows.appended),
                count(rows.known),
                count(rows.refused)
            ),
        );
        line(
            "cases",
            format!(
                "{}; {} without end, {} ended after their last row, {} before it; {} in time, {} late",
                count(cases.all),
                count(cases.without_end),
                count(cases.ended_after_last_row),
                count(cases.ended_before_last_row),
                count(cases.ended_in_time),
                count(cases.ended_late)
            ),
        );
        let odd = [
            ("without events", cases.without_events),
            ("without start, opened with their first row", cases.without_start),
            ("without deadline", cases.without_deadline),
            ("with rows that say other things of the case than the first", cases.differing),
        ];
        for (what, cases) in odd.into_iter().filter(|(_, cases)| *cases > 0) {
            line("", format!("{} {what}", count(cases)));
        }
        line(
            "events",
            format!("{} appended, {} there already", count(self.events.appended), count(self.events.known)),
        );
        for (event_type, events) in &self.events.by_type {
            line("", format!("{:>7} {event_type}", count(*events).to_string()));
        }
        let mut name = "units";
        for (id, unit) in &self.units {
            line(name, format!("{:>7} rows  {id:<16}{}  {}", count(unit.rows).to_string(), unit.ar, unit.en));
            name = "";
        }
        for (column, rows) in &self.empty {
            line("empty", format!("{:>7} cells {column}", count(*rows).to_string()));
        }
        for (column, values) in &self.watched {
            for (value, rows) in values {
                line("watched", format!("{:>7} rows  {column} = {value}", count(*rows).to_string()));
            }
        }
        line("ledger", format!("{}: {} entries, root {}", self.origin, count(self.size), self.root));
        self.tell_refused(&mut text);
        let _ = write!(text, "{:.1} s", self.seconds);
        text
    }

    fn tell_refused(&self, text: &mut String) {
        if !self.complete {
            text.push_str("the file was not read to its end\n");
        }
        let refused = self.refused.len() as u64 + self.refused_beyond;
        if refused > 0 {
            let _ = writeln!(
                text,
                "{} refused; mend the lines and import again: only they will be added",
                HumanCount(refused)
            );
        }
        for trouble in self.refused.iter().take(SHOWN) {
            let _ = writeln!(text, "  line {:<8} {:<20} {}", trouble.line, trouble.code, trouble.message);
        }
        if refused > SHOWN as u64 {
            let _ = writeln!(text, "  … and {} more; --json lists them", HumanCount(refused - SHOWN as u64));
        }
    }
}
