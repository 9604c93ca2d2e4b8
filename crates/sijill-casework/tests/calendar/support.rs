//! Instants and documents that read like what they are.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveDateTime};
use sijill_casework::calendar::{Almanac, Calendar, Holiday};
use sijill_domain::UnitId;
use sijill_domain::event::{Day, HolidayAnnounced, Name};

pub(crate) const HOUR: u64 = 3_600_000;
pub(crate) const DAY: u64 = 86_400_000;

/// The calendar that is published.
pub(crate) const OMAN: &str = include_str!("../../../../schemas/calendars/oman.toml");

/// `2026-03-18 20:00` in Muscat (or with `:ss.fff`), as Unix milliseconds.
pub(crate) fn at(local: &str) -> u64 {
    let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M")
        .or_else(|_| NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M:%S%.f"))
        .unwrap();
    u64::try_from(local.and_utc().timestamp_millis()).unwrap() - 4 * HOUR
}

/// The instant in Muscat, as [`at`] reads it.
pub(crate) fn local(ms: u64) -> String {
    let local = chrono::DateTime::from_timestamp_millis(i64::try_from(ms + 4 * HOUR).unwrap()).unwrap();
    let format = if ms.is_multiple_of(60_000) { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S%.3f" };
    local.format(format).to_string()
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The published calendar, in force since the first of January 2026.
pub(crate) fn oman() -> Almanac {
    let mut almanac = Almanac::default();
    almanac.publish(at("2026-01-01 00:00"), Arc::new(Calendar::parse(OMAN.as_bytes()).unwrap()));
    almanac
}

/// A holiday as an event announces it.
pub(crate) fn announcement(from: &str, to: &str) -> Holiday {
    let event = HolidayAnnounced {
        calendar: UnitId::parse("oman").unwrap(),
        from: Day::parse(from).unwrap(),
        to: Day::parse(to).unwrap(),
        name: Name::new("إجازة", "Holiday").unwrap(),
    };
    Holiday::announced(&event).unwrap()
}
