//! How a calendar changed, and what that makes of a deadline.

use std::sync::Arc;

use super::document::{Calendar, Holiday};
use super::hours::{DAY, DAY_SIGNED, Dates, Hours};
use super::tally::Tally;
use crate::Amount;

/// The end of the year 9999, in Unix milliseconds: what would fall after it never comes.
const END: i64 = 253_402_300_800_000;

/// How the time of a deadline is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing<'a> {
    /// As it passes. A day is 24 hours.
    Wall,
    /// By the hours with this id. Hours that the calendar in force does not have, or that no calendar is in force
    /// for yet, count as always open: what is owed to a child falls due early rather than never.
    Working(&'a str),
}

/// Time that does not count, from an instant up to (not including) another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// When it begins, Unix milliseconds.
    pub from: u64,
    /// When it ends; `None` while it lasts.
    pub to: Option<u64>,
}

/// How one calendar changed: versions and announcements, each with the instant from which it counts.
///
/// Whether an instant is working time is said by the changes up to that instant, and by none after it. So a change
/// touches only time still to run, and a deadline computed today is the one an audit computes in ten years.
#[derive(Debug, Clone)]
pub struct Almanac {
    /// Ascending by `from`; the first is the time before any calendar.
    eras: Vec<Era>,
}

/// The time from one change to the next.
#[derive(Debug, Clone)]
struct Era {
    from: u64,
    /// What was announced, if that is how it began.
    announced: Option<Holiday>,
    calendar: Option<Arc<Calendar>>,
    /// Those of the calendar and those announced after it; ascending and apart.
    holidays: Arc<[Dates]>,
}

impl Default for Almanac {
    fn default() -> Self {
        let before = Era { from: 0, announced: None, calendar: None, holidays: Arc::default() };
        Self { eras: vec![before] }
    }
}

impl Almanac {
    /// A version comes into force. It drops the announcements before it: those that it ratifies, it contains.
    pub fn publish(&mut self, from_ms: u64, calendar: Arc<Calendar>) {
        let holidays = calendar.closed.as_slice().into();
        self.insert(Era { from: from_ms, announced: None, calendar: Some(calendar), holidays });
    }

    /// A holiday is announced, maybe the evening before, maybe while it runs.
    pub fn announce(&mut self, from_ms: u64, holiday: Holiday) {
        self.insert(Era {
            from: from_ms,
            announced: Some(holiday),
            calendar: None,
            holidays: Arc::default(),
        });
    }

    /// The version in force at an instant.
    pub fn in_force(&self, at: u64) -> Option<&Arc<Calendar>> {
        self.known(at).last()?.calendar.as_ref()
    }

    /// The holidays in force at an instant: those of the version, then those announced since.
    pub fn holidays(&self, at: u64) -> impl Iterator<Item = &Holiday> {
        let known = self.known(at);
        let since = known.iter().rposition(|era| era.announced.is_none()).unwrap_or_default();
        let version = known.get(since).and_then(|era| era.calendar.as_deref());
        let announced = known.iter().skip(since).filter_map(|era| era.announced.as_ref());
        version.into_iter().flat_map(Calendar::holidays).chain(announced)
    }

    /// The earliest instant at which `length` of time has run since `start`, pauses not counted. `None` while
    /// paused without end, or if it does not come before the year 10000.
    pub fn due(&self, clock: Timing<'_>, start: u64, length: Amount, pauses: &[Pause]) -> Option<u64> {
        if length.wall_ms() == 0 {
            return Some(start);
        }
        let mut tally = Tally::new(length);
        for span in running(start, u64::MAX, pauses) {
            for run in self.runs(clock, span) {
                let missing = tally.missing(run.day);
                if missing <= run.span.length() {
                    return run.span.from.checked_add_unsigned(missing).map(i64::cast_unsigned);
                }
                tally.add(run.span.length(), run.day);
            }
        }
        None
    }

    /// The latest instant from which `length` of time runs until `end`: papers are due seven days *before* a
    /// conference. `None` if that would be before 1970.
    pub fn back(&self, clock: Timing<'_>, end: u64, length: Amount) -> Option<u64> {
        if length.wall_ms() == 0 {
            return Some(end);
        }
        let mut tally = Tally::new(length);
        for run in self.runs(clock, Span::new(0, end)?).rev() {
            let missing = tally.missing(run.day);
            if missing <= run.span.length() {
                return run.span.to.checked_sub_unsigned(missing).map(i64::cast_unsigned);
            }
            tally.add(run.span.length(), run.day);
        }
        None
    }

    /// Milliseconds that have run from `start` to `at`, pauses not counted.
    pub fn elapsed(&self, clock: Timing<'_>, start: u64, at: u64, pauses: &[Pause]) -> u64 {
        self.tally(clock, start, at, pauses, Amount::Time(0)).sum()
    }

    /// Days that have run from `start` to `at`, pauses not counted, in parts of 1/86,400,000 of a day.
    pub fn elapsed_days(&self, clock: Timing<'_>, start: u64, at: u64, pauses: &[Pause]) -> u64 {
        self.tally(clock, start, at, pauses, Amount::Days(0)).sum()
    }

    /// What is still to run of `length` at `at`: milliseconds, or 1/86,400,000 of a day if it is in days. 0 from
    /// the instant it is due.
    pub fn remaining(&self, clock: Timing<'_>, start: u64, at: u64, length: Amount, pauses: &[Pause]) -> u64 {
        length.wall_ms().saturating_sub(self.tally(clock, start, at, pauses, length).sum())
    }

    /// Whether an instant is working time of these hours, as far as was known then.
    pub fn is_open(&self, hours: &str, at: u64) -> bool {
        self.next_open(hours, at) == Some(at)
    }

    /// The first instant of working time at or after `at`; `None` if there is none before the year 10000.
    pub fn next_open(&self, hours: &str, at: u64) -> Option<u64> {
        self.runs(Timing::Working(hours), Span::new(at, u64::MAX)?)
            .next()
            .map(|run| run.span.from.cast_unsigned())
    }

    /// Puts a change in its place, after those of the same instant, and tells the announcements that follow it.
    fn insert(&mut self, era: Era) {
        let place = self.eras.partition_point(|other| other.from <= era.from);
        self.eras.insert(place, era);
        for index in place..self.eras.len() {
            let (before, rest) = self.eras.split_at_mut(index);
            let (Some(before), Some(era)) = (before.last(), rest.first_mut()) else { break };
            match &era.announced {
                Some(holiday) => {
                    era.calendar.clone_from(&before.calendar);
                    let dates = before.holidays.iter().copied().chain([holiday.dates()]);
                    era.holidays = Dates::joined(dates.collect()).into();
                }
                None if index == place => {}
                None => break,
            }
        }
    }

    /// The eras that had begun at an instant.
    fn known(&self, at: u64) -> &[Era] {
        self.eras.get(..self.eras.partition_point(|era| era.from <= at)).unwrap_or_default()
    }

    fn tally(&self, clock: Timing<'_>, start: u64, at: u64, pauses: &[Pause], unit: Amount) -> Tally {
        let mut tally = Tally::new(unit);
        for span in running(start, at, pauses) {
            for run in self.runs(clock, span) {
                tally.add(run.span.length(), run.day);
            }
        }
        tally
    }

    /// The working time within a span, ascending.
    fn runs<'a>(&'a self, clock: Timing<'a>, span: Span) -> impl DoubleEndedIterator<Item = Run> + 'a {
        self.pieces(clock, span).into_iter().flat_map(Piece::runs)
    }

    /// The span, cut where the calendar changed.
    fn pieces<'a>(&'a self, clock: Timing<'a>, span: Span) -> Vec<Piece<'a>> {
        let Timing::Working(id) = clock else { return vec![Piece { span, local: None }] };
        let first = self.known(span.from.cast_unsigned()).len().saturating_sub(1);
        let eras = self.eras.get(first..).unwrap_or_default();
        let ends = eras.iter().skip(1).map(|era| era.from).chain([u64::MAX]);
        let within = eras.iter().zip(ends).take_while(|(era, _)| era.from < span.to.cast_unsigned());
        let piece = |(era, end): (&'a Era, u64)| {
            let span = Span::new(era.from, end)?.within(span)?;
            let calendar = era.calendar.as_deref();
            let local = calendar.and_then(|calendar| {
                Some(Local {
                    hours: calendar.hours_of(id)?,
                    holidays: &era.holidays,
                    offset: calendar.offset,
                })
            });
            Some(Piece { span, local })
        };
        within.filter_map(piece).collect()
    }
}

/// Instants from one up to (not including) another; never empty, and within 1970 to 9999.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: i64,
    to: i64,
}

impl Span {
    fn new(from: u64, to: u64) -> Option<Self> {
        let instant = |ms: u64| ms.min(END.unsigned_abs()).cast_signed();
        Some(Self { from: instant(from), to: instant(to) }).filter(|span| span.from < span.to)
    }

    fn within(self, other: Self) -> Option<Self> {
        let span = Self { from: self.from.max(other.from), to: self.to.min(other.to) };
        (span.from < span.to).then_some(span)
    }

    fn length(self) -> u64 {
        (self.to - self.from).unsigned_abs()
    }
}

/// What is left from `start` to `end` without the pauses, ascending.
fn running(start: u64, end: u64, pauses: &[Pause]) -> Vec<Span> {
    let mut pauses: Vec<(u64, u64)> = pauses
        .iter()
        .map(|pause| (pause.from, pause.to.unwrap_or(u64::MAX)))
        .filter(|(from, to)| from < to)
        .collect();
    pauses.sort_unstable();
    let mut spans = Vec::with_capacity(pauses.len() + 1);
    let mut at = start;
    for (from, to) in pauses {
        spans.extend(Span::new(at, from.min(end)));
        at = at.max(to);
    }
    spans.extend(Span::new(at, end));
    spans
}

/// Working time without a gap, on a day of `day` working milliseconds. Where time is always open a run may be many
/// days, each of 24 hours.
#[derive(Debug, Clone, Copy)]
struct Run {
    span: Span,
    day: u64,
}

/// A span in which one calendar was in force.
struct Piece<'a> {
    span: Span,
    /// `None`: always open.
    local: Option<Local<'a>>,
}

#[derive(Clone, Copy)]
struct Local<'a> {
    hours: &'a Hours,
    holidays: &'a [Dates],
    offset: i64,
}

impl<'a> Piece<'a> {
    fn runs(self) -> impl DoubleEndedIterator<Item = Run> + 'a {
        let Self { span, local } = self;
        let whole = local.is_none().then_some(Run { span, day: DAY });
        whole.into_iter().chain(local.into_iter().flat_map(move |local| local.runs(span)))
    }
}

impl<'a> Local<'a> {
    fn runs(self, span: Span) -> impl DoubleEndedIterator<Item = Run> + 'a {
        let day_of = |instant: i64| (instant + self.offset).div_euclid(DAY_SIGNED);
        (day_of(span.from)..=day_of(span.to - 1)).flat_map(move |day| {
            let midnight = day * DAY_SIGNED - self.offset;
            let workday = self.hours.on(day, self.holidays);
            workday.openings.iter().filter_map(move |opening| {
                let open = Span { from: midnight + opening.from, to: midnight + opening.to };
                Some(Run { span: open.within(span)?, day: workday.length })
            })
        })
    }
}
