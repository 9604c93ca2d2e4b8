//! Date-times as events hold them: RFC 3339, in one spelling (Annex A).

use std::fmt;

use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A date-time with offset: `YYYY-MM-DDTHH:MM:SS`, optionally `.` and 1 to 9 digits, then `Z` or `±HH:MM`.
/// The text is kept as it was signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Timestamp {
    text: Box<str>,
    unix_ms: i64,
}

impl Timestamp {
    /// Reads a date-time; `None` if it is malformed or no such day exists. Leap seconds are refused: what
    /// instant they are differs between libraries.
    pub fn parse(text: &str) -> Option<Self> {
        let (local, zone) = text.split_at_checked(19)?;
        let [y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', h1, h2, b':', mi1, mi2, b':', s1, s2] =
            *local.as_bytes()
        else {
            return None;
        };
        let year = number([y1, y2, y3, y4]).filter(|year| *year >= 1)?;
        let date = NaiveDate::from_ymd_opt(year.cast_signed(), number([mo1, mo2])?, number([d1, d2])?)?;
        let time = NaiveTime::from_hms_opt(number([h1, h2])?, number([mi1, mi2])?, number([s1, s2])?)?;

        let (fraction, zone) = split_fraction(zone)?;
        let local_ms = date.and_time(time).and_utc().timestamp_millis() + fraction;
        let unix_ms = local_ms - i64::from(offset_minutes(zone)?) * 60_000;
        Some(Self { text: text.into(), unix_ms })
    }

    /// The instant in Unix milliseconds, rounded down: what is compared with `received`.
    pub fn unix_ms(&self) -> i64 {
        self.unix_ms
    }

    /// The text as signed.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// `.d{1,9}` if there is one, in milliseconds rounded down, and what follows it.
fn split_fraction(text: &str) -> Option<(i64, &str)> {
    let Some(text) = text.strip_prefix('.') else { return Some((0, text)) };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=9).contains(&digits) {
        return None;
    }
    let (fraction, zone) = text.split_at_checked(digits)?;
    let ms = fraction.bytes().chain(*b"00").take(3).fold(0, |ms, b| ms * 10 + i64::from(b - b'0'));
    Some((ms, zone))
}

/// Minutes east of UTC.
fn offset_minutes(zone: &str) -> Option<i32> {
    let (sign, hours, minutes) = match *zone.as_bytes() {
        [b'Z'] => return Some(0),
        [b'+', h1, h2, b':', m1, m2] => (1, number([h1, h2])?, number([m1, m2])?),
        [b'-', h1, h2, b':', m1, m2] => (-1, number([h1, h2])?, number([m1, m2])?),
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then(|| sign * (hours * 60 + minutes).cast_signed())
}

fn number<const N: usize>(digits: [u8; N]) -> Option<u32> {
    digits.into_iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({})", self.text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 date-time with offset"))
    }
}
