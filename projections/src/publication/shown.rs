//! Which of a month's numbers are shown: version 1 of the rule, never edited once released.
//!
//! Whoever knows the rule, and sees everything that is shown, is to find every number from 1 to 4 possible for whatever is 1 to 4
//! and hidden. So what is hidden beside the small numbers is not chosen by how large it is: that would tell.

use std::collections::{BTreeMap, BTreeSet};

use sijill_domain::UnitId;
use sijill_domain::event::{
    CellValue, FiguresPublished, PublishedCell, PublishedFigure, PublishedStock, PublishedTable,
};

use super::VERSION;
use super::catalogue::{PUBLICATIONS, Publication, STOCKS};
use super::tally::Tally;

/// Fewer than so many, but some, are not shown.
pub const LEAST: u64 = 5;

/// What was published of earlier months, as far as it bears on what may be shown now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// Figures whose total was not shown in some month.
    hidden: BTreeSet<String>,
    /// So many cases are known to be open, at least.
    open: u64,
}

impl Past {
    /// Takes a publication, in their order.
    pub fn take(&mut self, said: &FiguresPublished) {
        let hidden = said.figures.iter().filter(|figure| figure.total.is_none());
        self.hidden.extend(hidden.map(|figure| figure.indicator.to_string()));
        let figure = |code: &str| said.figures.iter().find(|figure| figure.indicator.as_str() == code);
        let begun = figure("cases-begun").map_or(0, |figure| figure.total.unwrap_or(1));
        let known = match figure("cases-closed").map(|figure| figure.total) {
            None => self.open + begun,
            Some(Some(closed)) => (self.open + begun).saturating_sub(closed),
            // It may have been all of them.
            Some(None) => 0,
        };
        let stock = said.stocks.iter().find(|stock| stock.indicator.as_str() == "cases-open");
        self.open = known.max(stock.and_then(|stock| stock.least).unwrap_or(0));
    }

    /// Whether so many can have left, and four if it is fewer, out of those known to be there when so many have come.
    pub(super) fn covers(&self, come: u64, left: u64) -> bool {
        self.open.saturating_add(come) >= left.max(LEAST - 1)
    }
}

/// What is told of a figure.
#[derive(Debug, Clone, Copy)]
struct Told {
    total: u64,
    /// Whether its total is known.
    shown: bool,
    /// Whether everything of it is.
    whole: bool,
}

impl Tally {
    /// The publication of the month as the log of `size` entries says it, after those of earlier months.
    pub fn publish(&self, size: u64, past: &Past) -> FiguresPublished {
        self.publish_with(size, past, true)
    }

    /// `complement`: whether more is hidden than what is small, as it has to be.
    pub(super) fn publish_with(&self, size: u64, past: &Past, complement: bool) -> FiguresPublished {
        let mut told: BTreeMap<&str, Told> = BTreeMap::new();
        let mut figures = Vec::new();
        for publication in &PUBLICATIONS {
            let (figure, state) = self.figure(publication, &told, past, complement);
            told.insert(publication.code, state);
            figures.extend(figure);
        }
        let is = |code: &&str, what: fn(&Told) -> bool| told.get(code).is_some_and(what);
        let stocks = STOCKS.iter().filter(|stock| {
            stock.after.iter().all(|code| is(code, |told| told.shown) && !past.hidden.contains(*code))
                && stock.whole.iter().all(|code| is(code, |told| told.whole))
        });
        let stock = |code: &'static str| {
            let least = self.stocks.get(code).copied().unwrap_or(0) / LEAST * LEAST;
            Some(PublishedStock { indicator: UnitId::parse(code)?, least: (least > 0).then_some(least) })
        };
        FiguresPublished {
            month: self.month,
            size,
            version: VERSION,
            figures,
            stocks: stocks.filter_map(|of| stock(of.code)).collect(),
        }
    }

    /// A figure; nothing of what there is none of, as far as everybody may know that.
    fn figure(
        &self,
        publication: &Publication,
        told: &BTreeMap<&str, Told>,
        past: &Past,
        complement: bool,
    ) -> (Option<PublishedFigure>, Told) {
        let total = self.totals.get(publication.code).copied().unwrap_or(0);
        let told = |code: &&str| told.get(code).copied();
        let come = |told: Told| if told.shown { told.total } else { 1 };
        let covered = publication
            .out_of
            .iter()
            .all(|code| told(code).is_some_and(|told| past.covers(come(told), total)));
        // Where it is not, not even that there are none is told.
        if total == 0 && covered {
            return (None, Told { total, shown: true, whole: true });
        }
        // The others of what it is part of are a number as well.
        let apart = |whole: Told| whole.shown && !is_small(whole.total.saturating_sub(total));
        let shown = covered
            && !is_small(total)
            && publication.after.iter().all(|code| told(code).is_some_and(|told| told.shown))
            && publication.part_of.iter().all(|code| told(code).is_some_and(apart))
            && publication.whole.iter().all(|code| told(code).is_some_and(|told| told.whole));
        let table = |by: &'static str| {
            let cells = self.tables.get(&(publication.code, by));
            let cells = cells.map_or_else(|| Some(Vec::new()), |cells| cells_shown(cells, complement));
            Some(PublishedTable { by: UnitId::parse(by)?, cells })
        };
        let tables: Vec<PublishedTable> = if shown {
            publication.tables.iter().filter_map(|of| table(of.by)).collect()
        } else {
            Vec::new()
        };
        let complete = |table: &PublishedTable| {
            table.cells.as_ref().is_some_and(|cells| cells.iter().all(|cell| cell.n.is_some()))
        };
        let state = Told { total, shown, whole: shown && tables.iter().all(complete) };
        let figure = UnitId::parse(publication.code).map(|indicator| PublishedFigure {
            indicator,
            total: shown.then_some(total),
            tables,
        });
        (figure, state)
    }
}

fn is_small(n: u64) -> bool {
    (1..LEAST).contains(&n)
}

/// The cells of a table whose sum is known, as far as they are shown; `None` for none of them.
///
/// Small ones are hidden, and with them the first in the order of values that is not: the sum of all hidden is known, so that
/// otherwise one could be told from it. That one is known to be at least 5, each other at least 1; if the sum is so small that
/// not every small one could be 4 as well, no cell is shown. Let the small cell *i* be *v*, from 1 to 4, instead, and have the
/// others change so that the sum is the same, the small ones staying small and the other one at least 5, which the sum has room
/// for: then the same cells are hidden, and the same is shown.
fn cells_shown(cells: &BTreeMap<String, u64>, complement: bool) -> Option<Vec<PublishedCell>> {
    let mut hidden: BTreeSet<&str> =
        cells.iter().filter(|(_, n)| is_small(**n)).map(|(value, _)| value.as_str()).collect();
    if complement && !hidden.is_empty() {
        let (first, _) = cells.iter().find(|(_, n)| **n >= LEAST)?;
        hidden.insert(first);
        let sum: u64 =
            cells.iter().filter(|(value, _)| hidden.contains(value.as_str())).map(|(_, n)| *n).sum();
        // One that is 4, the one that is 5, and the others 1.
        let least = (LEAST - 1) + LEAST + (hidden.len() as u64 - 2);
        if sum < least {
            return None;
        }
    }
    let cell = |(value, n): (&String, &u64)| {
        let n = (!hidden.contains(value.as_str())).then_some(*n);
        Some(PublishedCell { value: CellValue::of(value)?, n })
    };
    Some(cells.iter().filter(|(_, n)| **n > 0).filter_map(cell).collect())
}
