//! Indicators: whatever a figure counts, one row each, so that every figure can name the entries it rests on.
//!
//! A row follows from the rows of the other models, and counts as long as these hold. Its `since` is the entry that made it
//! count; `begun` the entry from which a time is measured.
//!
//! ```text
//! catalogue.rs   which indicators there are, and what each means
//! cases.rs  referrals.rs  deadlines.rs  doors.rs   what they count
//! ```

mod cases;
pub mod catalogue;
mod deadlines;
mod doors;
mod referrals;

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, FixedOffset};

use crate::model::{Cell, Counts, Known, Model, Source, Table, integer, text};
use crate::span::{NEVER, Span};

/// `indicator_fact`: `kind` and `band` are codes of the indicator's own ([`catalogue`]), empty where it has none; `agency` and
/// `unit` are those it is put down to; `month` is the month it belongs to in Oman, `202611`, 0 for what is counted as it stands;
/// `value` is a time in milliseconds, 0 where nothing is measured; `begun` the entry that a time is measured from.
pub static MODEL: Model = Model {
    name: "indicators",
    version: 1,
    tables: &[Table {
        name: "indicator_fact",
        key: 0,
        columns: &[
            text("indicator"),
            text("kind"),
            text("band"),
            text("agency"),
            text("unit"),
            text("governorate"),
            integer("month"),
            integer("value"),
            integer("begun"),
        ],
    }],
    counts: Some(Counts {
        name: "indicator_count",
        by: &["indicator", "kind", "band", "agency", "unit", "governorate", "month"],
        sum: "value",
    }),
    sql: include_str!("tables.sql"),
    source: Source::Rows(derive),
};

fn derive(known: &Known<'_>) -> Vec<Span> {
    let mut facts = Facts::default();
    cases::count(known, &mut facts);
    referrals::count(known, &mut facts);
    deadlines::count(known, &mut facts);
    doors::count(known, &mut facts);
    facts.end()
}

/// What an indicator counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Fact<'a> {
    indicator: &'static str,
    kind: &'a str,
    band: &'a str,
    agency: &'a str,
    unit: &'a str,
    governorate: &'a str,
    month: i64,
    value: i64,
    begun: Option<u64>,
}

/// From when until when: `since`, `since_ms`, `until`, `until_ms`.
type During = (u64, u64, u64, u64);

/// The facts of one subject.
#[derive(Debug, Default)]
struct Facts<'a> {
    said: BTreeMap<Fact<'a>, Vec<During>>,
}

impl<'a> Facts<'a> {
    /// It counts while the row holds.
    fn during(&mut self, span: &Span, fact: Fact<'a>) {
        let during = (span.since, span.since_ms, span.until, span.until_ms);
        let before = self.said.entry(fact).or_default();
        match before.last_mut() {
            // The same goes on under another row.
            Some(last) if last.2 == during.0 => (last.2, last.3) = (during.2, during.3),
            _ => before.push(during),
        }
    }

    /// It counts from then on.
    fn from(&mut self, since: u64, since_ms: u64, fact: Fact<'a>) {
        self.said.entry(fact).or_default().push((since, since_ms, NEVER, NEVER));
    }

    fn end(self) -> Vec<Span> {
        let mut rows = Vec::new();
        for (fact, all) in self.said {
            let cells: Vec<Cell> = vec![
                fact.indicator.into(),
                fact.kind.into(),
                fact.band.into(),
                fact.agency.into(),
                fact.unit.into(),
                fact.governorate.into(),
                Cell::Integer(fact.month),
                Cell::Integer(fact.value),
                fact.begun.into(),
            ];
            let span = |(since, since_ms, until, until_ms)| Span {
                table: 0,
                since,
                since_ms,
                until,
                until_ms,
                cells: cells.clone(),
            };
            rows.extend(all.into_iter().map(span));
        }
        rows.sort_unstable_by(|a, b| (a.since, &a.cells).cmp(&(b.since, &b.cells)));
        rows
    }
}

/// The month of a time in Oman, which has one offset all year: `202611`; 0 for a time that no calendar reaches.
pub fn month(unix_ms: i64) -> i64 {
    const MUSCAT: i32 = 4 * 3_600;
    let Some(offset) = FixedOffset::east_opt(MUSCAT) else { return 0 };
    DateTime::from_timestamp_millis(unix_ms)
        .map(|time| time.with_timezone(&offset))
        .map_or(0, |time| i64::from(time.year()) * 100 + i64::from(time.month()))
}

/// The band of a duration: the first limit that it does not reach.
fn band(milliseconds: i64) -> &'static str {
    let within = catalogue::DURATIONS.iter().find(|(_, limit)| milliseconds < *limit);
    within.map_or(catalogue::LONGER, |(band, _)| band)
}
