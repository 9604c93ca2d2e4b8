//! A month's facts, counted.

use std::collections::BTreeMap;

use super::catalogue::{By, PUBLICATIONS, REOPENED, STOCKS, Table};
use crate::indicators;
use crate::model::Row;
use crate::span::SubjectRows;

/// So many facts that are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted<'a> {
    /// Which indicator.
    pub indicator: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// The band of what was measured.
    pub band: &'a str,
    /// To whom it is put down.
    pub agency: &'a str,
    /// Where the child is.
    pub governorate: &'a str,
    /// The month, `202611`; 0 for what is counted as it stands.
    pub month: i64,
    /// How many.
    pub n: u64,
}

/// What is counted of one month, whoever may know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    pub(super) month: u64,
    pub(super) totals: BTreeMap<&'static str, u64>,
    pub(super) tables: BTreeMap<(&'static str, &'static str), BTreeMap<String, u64>>,
    pub(super) stocks: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Nothing yet of this month, `202611`.
    pub fn of(month: u64) -> Self {
        Self { month, totals: BTreeMap::new(), tables: BTreeMap::new(), stocks: BTreeMap::new() }
    }

    /// Whether nothing happened in the month.
    pub fn is_empty(&self) -> bool {
        self.totals.is_empty()
    }

    /// The indicators whose facts are counted, each once.
    pub fn indicators() -> Vec<&'static str> {
        let tables =
            PUBLICATIONS.iter().flat_map(|publication| publication.tables).flat_map(|table| table.of);
        let totals = PUBLICATIONS.iter().flat_map(|publication| publication.of);
        let mut all: Vec<&str> =
            totals.chain(tables).copied().chain(STOCKS.iter().map(|stock| stock.of)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Counts these too, if they are of the month or stand now.
    pub fn add(&mut self, counted: &Counted<'_>) {
        for stock in STOCKS.iter().filter(|stock| stock.of == counted.indicator) {
            if stock.band.is_none_or(|band| band == counted.band) {
                *self.stocks.entry(stock.code).or_default() += counted.n;
            }
        }
        if u64::try_from(counted.month) != Ok(self.month) {
            return;
        }
        for publication in &PUBLICATIONS {
            if publication.of.contains(&counted.indicator) {
                *self.totals.entry(publication.code).or_default() += counted.n;
            }
            for table in publication.tables.iter().filter(|table| table.of.contains(&counted.indicator)) {
                let cells = self.tables.entry((publication.code, table.by)).or_default();
                *cells.entry(value(table, counted).to_owned()).or_default() += counted.n;
            }
        }
    }

    /// Counts what the rows of `indicators` of a case or contact say at a size of the log.
    pub fn take(&mut self, rows: &SubjectRows, size: u64) {
        let columns = indicators::MODEL.tables.first().map_or(&[][..], |table| table.columns);
        for span in rows.rows.iter().filter(|span| span.since < size && size <= span.until) {
            let row = Row { columns, span };
            self.add(&Counted {
                indicator: row.text("indicator"),
                kind: row.text("kind"),
                band: row.text("band"),
                agency: row.text("agency"),
                governorate: row.text("governorate"),
                month: row.integer("month"),
                n: 1,
            });
        }
    }
}

fn value<'a>(table: &Table, counted: &Counted<'a>) -> &'a str {
    match table.column {
        By::Kind if counted.indicator == "cases-reopened" => REOPENED,
        By::Kind => counted.kind,
        By::Band => counted.band,
        By::Agency => counted.agency,
        By::Governorate => counted.governorate,
    }
}
