//! The month that is played: January 2026 in Muscat. When offices are open in it the ledger's own calendar says.

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
/// 2026-02-01, 09:30 in Muscat, a Sunday: the desks are at work when the play ends, and whoever visits them goes on.
pub const END: u64 = BEGIN + 31 * DAY + 9 * HOUR + 30 * MINUTE;
/// The ledger is founded: 2025-12-01, 09:00 in Muscat.
pub const FOUNDING: u64 = BEGIN - 31 * DAY + 9 * HOUR;

/// Day of January and time of day, in Unix milliseconds.
pub const fn january(day: u64, hour: u64, minute: u64) -> u64 {
    BEGIN + (day - 1) * DAY + hour * HOUR + minute * MINUTE
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
        assert_eq!(rfc3339(END), "2026-02-01T09:30:00+04:00");
        assert_eq!(rfc3339(FOUNDING), "2025-12-01T09:00:00+04:00");
    }
}
