//! The month that is played: January 2026 in Muscat, and when offices are open in it.

use chrono::{DateTime, FixedOffset, SecondsFormat};

/// Milliseconds.
pub const MINUTE: u64 = 60_000;
/// Milliseconds.
pub const HOUR: u64 = 60 * MINUTE;
/// Milliseconds.
pub const DAY: u64 = 24 * HOUR;

/// Muscat is four hours ahead, all year.
const OFFSET: u64 = 4 * HOUR;

/// 2026-01-01, 00:00 in Muscat, Unix milliseconds.
pub const BEGIN: u64 = 1_767_211_200_000;
/// 2026-02-01, 00:00 in Muscat.
pub const END: u64 = BEGIN + 31 * DAY;
/// The ledger is founded: 2025-12-01, 09:00 in Muscat.
pub const FOUNDING: u64 = BEGIN - 31 * DAY + 9 * HOUR;

/// Day of January and time of day, in Unix milliseconds.
pub const fn january(day: u64, hour: u64, minute: u64) -> u64 {
    BEGIN + (day - 1) * DAY + hour * HOUR + minute * MINUTE
}

/// Offices are open from 07:30 to 14:30, Sunday to Thursday, not on 11 January. A time when they are closed becomes the
/// next opening, and `after` later, that not everything is done in the first minute.
pub fn office(time: u64, after: u64) -> u64 {
    let (opens, closes) = (7 * HOUR + 30 * MINUTE, 14 * HOUR + 30 * MINUTE);
    let (mut day, of_day) = ((time + OFFSET) / DAY, (time + OFFSET) % DAY);
    if is_open(day) && (opens..closes).contains(&of_day) {
        return time;
    }
    if of_day >= closes {
        day += 1;
    }
    while !is_open(day) {
        day += 1;
    }
    day * DAY + opens + after - OFFSET
}

/// Whether offices open on this day since 1970-01-01, which was a Thursday.
fn is_open(day: u64) -> bool {
    let weekday = (day + 4) % 7;
    let accession = (january(11, 0, 0) + OFFSET) / DAY;
    weekday < 5 && day != accession
}

/// RFC 3339 with Muscat's offset.
pub fn rfc3339(unix_ms: u64) -> String {
    let offset = i32::try_from(OFFSET / 1_000).ok().and_then(FixedOffset::east_opt);
    let time = i64::try_from(unix_ms).ok().and_then(DateTime::from_timestamp_millis);
    let text = time
        .zip(offset)
        .map(|(time, at)| time.with_timezone(&at).to_rfc3339_opts(SecondsFormat::Secs, false));
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn muscat() {
        assert_eq!(rfc3339(BEGIN), "2026-01-01T00:00:00+04:00");
        assert_eq!(rfc3339(END), "2026-02-01T00:00:00+04:00");
        assert_eq!(rfc3339(FOUNDING), "2025-12-01T09:00:00+04:00");
    }

    #[test]
    fn office_hours() {
        let after = 5 * MINUTE;
        for (time, expected) in [
            (january(4, 9, 0), january(4, 9, 0)),
            (january(4, 3, 0), january(4, 7, 35)),
            (january(5, 14, 30), january(6, 7, 35)),
            (january(1, 20, 0), january(4, 7, 35)),
            (january(9, 12, 0), january(12, 7, 35)),
        ] {
            assert_eq!(rfc3339(office(time, after)), rfc3339(expected), "{}", rfc3339(time));
        }
    }
}
