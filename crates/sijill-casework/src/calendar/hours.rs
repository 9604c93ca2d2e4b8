//! On which days when.

use chrono::{Datelike, NaiveDate};

use crate::codes::Label;

/// Milliseconds of a day.
pub(super) const DAY: u64 = 86_400_000;
/// The same, where instants are subtracted.
pub(super) const DAY_SIGNED: i64 = DAY.cast_signed();

const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// The first and last year a document may speak of: a day is looked up by walking to it, so none is far away.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2199;

/// Reads `YYYY-MM-DD`; `None` if there is no such day in [`YEARS`].
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    // chrono also takes `+2026-1-1`.
    let exact = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (exact && YEARS.contains(&date.year())).then_some(date)
}

/// Local days, both ends included, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Dates {
    pub(super) first: i64,
    pub(super) last: i64,
}

impl Dates {
    pub(super) fn of(from: NaiveDate, to: NaiveDate) -> Self {
        let number = |date: NaiveDate| date.signed_duration_since(NaiveDate::default()).num_days();
        Self { first: number(from), last: number(to) }
    }

    /// The same days, ascending and apart.
    pub(super) fn joined(mut dates: Vec<Self>) -> Vec<Self> {
        dates.sort_unstable();
        let mut apart: Vec<Self> = Vec::with_capacity(dates.len());
        for next in dates {
            match apart.last_mut() {
                Some(last) if next.first <= last.last => last.last = last.last.max(next.last),
                _ => apart.push(next),
            }
        }
        apart
    }

    /// Which of `dates`, ascending and apart, has the day.
    fn position(dates: &[Self], day: i64) -> Option<usize> {
        let after = dates.partition_point(|dates| dates.first <= day);
        let index = after.checked_sub(1)?;
        (day <= dates.get(index)?.last).then_some(index)
    }
}

/// Working time without a gap, in milliseconds since local midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Opening {
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Opening {
    /// Reads `07:30-14:30`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let opening = Self { from: time_of_day(from)?, to: time_of_day(to)? };
        (opening.from < opening.to).then_some(opening)
    }
}

/// Reads `HH:MM` up to `24:00`, as milliseconds since midnight.
pub(super) fn time_of_day(text: &str) -> Option<i64> {
    let [h1, h0, b':', m1, m0] = *text.as_bytes() else { return None };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    let (hours, minutes) = (digit(h1)? * 10 + digit(h0)?, digit(m1)? * 10 + digit(m0)?);
    let ms = (hours * 60 + minutes) * 60_000;
    (minutes < 60 && ms <= DAY_SIGNED).then_some(ms)
}

/// The working time of one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Workday {
    pub(super) openings: Vec<Opening>,
    /// Milliseconds of working time in all.
    pub(super) length: u64,
}

static CLOSED: Workday = Workday { openings: Vec::new(), length: 0 };

impl Workday {
    /// `openings` ascending and apart.
    pub(super) fn new(openings: Vec<Opening>) -> Self {
        let length = openings.iter().map(|opening| (opening.to - opening.from).unsigned_abs()).sum();
        Self { openings, length }
    }
}

/// A week, Sunday first, and whether it keeps public holidays.
#[derive(Debug, Clone, Default)]
pub(super) struct Week {
    pub(super) days: [Workday; 7],
    pub(super) holidays: bool,
}

impl Week {
    /// The place of a weekday in [`Week::days`].
    pub(super) fn index(weekday: &str) -> Option<usize> {
        WEEKDAYS.iter().position(|known| *known == weekday)
    }

    pub(super) fn is_never_open(&self) -> bool {
        self.days.iter().all(|day| day.length == 0)
    }

    pub(super) fn is_always_open(&self) -> bool {
        !self.holidays && self.days.iter().all(|day| day.length == DAY)
    }
}

/// One set of hours: the usual week, and other weeks for a time.
#[derive(Debug, Clone)]
pub(super) struct Hours {
    pub(super) title: Label,
    pub(super) usual: Week,
    /// When the periods are: ascending and apart.
    pub(super) dates: Vec<Dates>,
    /// The week of each period.
    pub(super) weeks: Vec<Week>,
}

impl Hours {
    /// The working time of a day, if these (ascending and apart) are the holidays.
    pub(super) fn on(&self, day: i64, holidays: &[Dates]) -> &Workday {
        let period = Dates::position(&self.dates, day).and_then(|index| self.weeks.get(index));
        let week = period.unwrap_or(&self.usual);
        if week.holidays && Dates::position(holidays, day).is_some() {
            return &CLOSED;
        }
        // 1970-01-01 was a Thursday.
        usize::try_from((day + 4).rem_euclid(7))
            .ok()
            .and_then(|index| week.days.get(index))
            .unwrap_or(&CLOSED)
    }
}
