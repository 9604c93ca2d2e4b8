//! Everything a calendar can be refused for.

/// Why a document is no calendar. [`CalendarError::code`] is stable; the sentence is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant's sentence says what it means")]
pub enum CalendarError {
    #[error("the calendar cannot be read: {0}")]
    Malformed(String),
    #[error("versions count from 1")]
    Version,
    #[error("`{0}` is no offset from UTC; write it as `+04:00`, at most 14 hours either way")]
    Offset(String),
    #[error("the calendar has no hours; write at least one `[hours.<id>]`")]
    NoHours,
    #[error("`{0}` cannot name hours; use lower-case letters, digits and `-`, at most 32")]
    HoursId(String),
    #[error(
        "hours `always` are open around the clock, every day, holidays or not; give other hours another id"
    )]
    Always,
    #[error("hours `{0}` have no working time in their usual week: what is due on them would never come")]
    NeverOpen(String),
    #[error("{place}: `{weekday}` is no weekday; write `sunday` to `saturday`, and leave out a closed day")]
    Weekday { place: String, weekday: String },
    #[error(
        "{place}: `{interval}` is no interval; write `07:30-14:30`, at most until `24:00`, the end after the beginning"
    )]
    Interval { place: String, interval: String },
    #[error("{place}: `{interval}` overlaps another interval of the same day")]
    Overlap { place: String, interval: String },
    #[error("{place}: `{date}` is no day between 2000-01-01 and 2199-12-31, written `YYYY-MM-DD`")]
    Date { place: String, date: String },
    #[error("{place}: the last day, {to}, comes before the first, {from}")]
    Reversed { place: String, from: String, to: String },
    #[error(
        "hours `{hours}`: the period from {from} shares days with another; no day can have two sets of hours"
    )]
    Periods { hours: String, from: String },
    #[error(
        "{0}: a title, name, note or source is empty; people read each of them, in Arabic and in English"
    )]
    Unlabelled(String),
}

impl CalendarError {
    /// The refusal's name, the same in every language and release.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "calendar-malformed",
            Self::Version => "calendar-version",
            Self::Offset(_) => "calendar-offset",
            Self::NoHours => "calendar-no-hours",
            Self::HoursId(_) => "calendar-hours-id",
            Self::Always => "calendar-always",
            Self::NeverOpen(_) => "calendar-never-open",
            Self::Weekday { .. } => "calendar-weekday",
            Self::Interval { .. } => "calendar-interval",
            Self::Overlap { .. } => "calendar-interval-overlap",
            Self::Date { .. } => "calendar-date",
            Self::Reversed { .. } => "calendar-dates-reversed",
            Self::Periods { .. } => "calendar-period-overlap",
            Self::Unlabelled(_) => "calendar-unlabelled",
        }
    }
}
