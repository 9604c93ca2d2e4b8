//! Times as event logs write them.

use chrono::{DateTime, SecondsFormat, TimeDelta};
use sijill_event::Timestamp;

/// Minutes east of UTC, as text: `+04:00`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offset(String);

impl Offset {
    /// Reads `Z`, `+04:00`, `+0400`.
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, offset) = split_offset(text)?;
        let probe = Timestamp::parse(&format!("2000-01-01T00:00:00{offset}"));
        (rest.is_empty() && probe.is_some()).then_some(Self(offset))
    }
}

/// Reads a date-time of an event log: RFC 3339, or with a blank for the `T`, without seconds, with an offset without
/// colon, or a mere date; without offset only if the map has one. The fraction is kept as it is.
pub fn parse(text: &str, default: Option<&Offset>) -> Option<Timestamp> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let (time, offset) = match split_offset(rest) {
        Some((time, offset)) => (time, offset),
        None => (rest, default?.0.clone()),
    };
    let time = match time.strip_prefix(['T', 't', ' ']) {
        Some(time) if time.len() == 5 => format!("{time}:00"),
        Some(time) => time.to_owned(),
        None if time.is_empty() => "00:00:00".to_owned(),
        None => return None,
    };
    Timestamp::parse(&format!("{date}T{time}{offset}"))
}

/// So many times 24 hours later, at the same offset.
pub fn days_later(time: &Timestamp, days: u32) -> Option<Timestamp> {
    let time = DateTime::parse_from_rfc3339(time.as_str()).ok()?;
    let later = time.checked_add_signed(TimeDelta::days(days.into()))?;
    Timestamp::parse(&later.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// What stands before the offset, and the offset in RFC 3339's spelling; `None` if there is none.
fn split_offset(text: &str) -> Option<(&str, String)> {
    if let Some(rest) = text.strip_suffix(['Z', 'z']) {
        return Some((rest, "Z".to_owned()));
    }
    let at = text.rfind(['+', '-'])?;
    let (rest, offset) = text.split_at_checked(at)?;
    let offset = match offset.as_bytes() {
        [sign, h1, h2, m1, m2] => [sign, h1, h2, &b':', m1, m2].into_iter().map(|b| char::from(*b)).collect(),
        _ => offset.to_owned(),
    };
    Some((rest.trim_end(), offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let muscat = Offset::parse("+04:00");
        let read = |text| parse(text, muscat.as_ref()).map(|time| time.as_str().to_owned());
        for (text, expected) in [
            ("2011-10-11 13:45:40.276000+02:00", "2011-10-11T13:45:40.276000+02:00"),
            ("2011-10-11T13:45:40.276+02:00", "2011-10-11T13:45:40.276+02:00"),
            ("2011-10-11T13:45:40Z", "2011-10-11T13:45:40Z"),
            ("2011-10-11 13:45:40 +0200", "2011-10-11T13:45:40+02:00"),
            ("2011-10-11 13:45", "2011-10-11T13:45:00+04:00"),
            (" 2011-10-11 ", "2011-10-11T00:00:00+04:00"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "11.10.2011",
            "2011-02-30",
            "2011-10-11 25:00:00Z",
            "2011-10-11x10:00:00Z",
            "2011-10-11 13:45:40+2",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(parse("2011-10-11 13:45", None), None, "no offset, no instant");
        assert_eq!(Offset::parse("+0400"), muscat);
        for text in ["4", "+25:00", "x+04:00", ""] {
            assert_eq!(Offset::parse(text), None, "{text}");
        }
    }
}
