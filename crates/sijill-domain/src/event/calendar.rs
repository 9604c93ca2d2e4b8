//! Holidays announced on stream `ledger` (`docs/casework.md` §1).

use std::fmt;

use serde::Serialize;
use sijill_event::Timestamp;

use super::Name;
use super::field::data;
use crate::UnitId;

/// A day of the Gregorian calendar, `YYYY-MM-DD`; as text, so days compare as they follow each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Day(String);

impl Day {
    /// Reads `YYYY-MM-DD`; `None` if there is no such day.
    pub fn parse(text: &str) -> Option<Self> {
        let exact = text.len() == 10 && Timestamp::parse(&format!("{text}T00:00:00Z")).is_some();
        exact.then(|| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

data! {
    /// Days on which offices are closed, announced by an agency with grant `calendar` and ratified by the next
    /// version of the calendar that holds them.
    HolidayAnnounced = "holiday.announced" {
        /// The calendar document.
        calendar: UnitId,
        /// The first day.
        from: Day,
        /// The last day.
        to: Day,
        /// What it is called.
        name: Name,
    }
}

/// As in the event.
impl Serialize for HolidayAnnounced {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.data().serialize(serializer)
    }
}
