//! How much has run.

use super::hours::DAY;
use crate::Amount;

/// What has run of a length, counted in milliseconds, or in parts of days if the length is in days.
///
/// A day has 86,400,000 parts, as many as milliseconds, however long its hours: on a day of 7 working hours each
/// millisecond is 24/7 parts. Division is left to the end: milliseconds of days of the same working time are added
/// up first, and only the sum is rounded down. So 30 minutes of a Thursday and 6:30 of a Sunday are exactly one day,
/// and days cut in two by a pause, or by a change that left their hours alone, lose nothing.
pub(super) struct Tally {
    length: u64,
    in_days: bool,
    /// Working milliseconds of a day, and what has run of such days. Few: there are not many kinds of days.
    run: Vec<(u64, u64)>,
}

impl Tally {
    pub(super) fn new(length: Amount) -> Self {
        Self { length: length.wall_ms(), in_days: matches!(length, Amount::Days(_)), run: Vec::new() }
    }

    /// Takes `ms` of a day (or days) of `day` working milliseconds.
    pub(super) fn add(&mut self, ms: u64, day: u64) {
        let day = self.kind(day);
        match self.run.iter_mut().find(|(kind, _)| *kind == day) {
            Some((_, run)) => *run += ms,
            None => self.run.push((day, ms)),
        }
    }

    /// How many milliseconds of days of `day` working milliseconds are still to run.
    pub(super) fn missing(&self, day: u64) -> u64 {
        let day = self.kind(day);
        let (mut others, mut same) = (0, 0);
        for &(kind, ms) in &self.run {
            if kind == day {
                same = ms;
            } else {
                others += parts(ms, kind);
            }
        }
        // The least ms with ⌊(same + ms) · DAY / day⌋ ≥ length - others.
        let needed = u128::from(self.length.saturating_sub(others)) * u128::from(day);
        saturated(needed.div_ceil(u128::from(DAY))).saturating_sub(same)
    }

    /// What has run: milliseconds, or parts of days.
    pub(super) fn sum(&self) -> u64 {
        self.run.iter().map(|&(kind, ms)| parts(ms, kind)).sum()
    }

    /// Where only time counts, all days are alike.
    fn kind(&self, day: u64) -> u64 {
        if self.in_days { day } else { DAY }
    }
}

fn parts(ms: u64, day: u64) -> u64 {
    saturated(u128::from(ms) * u128::from(DAY) / u128::from(day.max(1)))
}

fn saturated(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
