//! Working time: hours, holidays, and how they changed (`docs/casework.md` §6).
//!
//! A [`Calendar`] is one version of one document (`schemas/calendars/`). An [`Almanac`] is how it changed: each
//! version and each announced holiday counts from its instant on, so that time that has run stays as it was
//! counted, whatever is announced later. Instants are Unix milliseconds, up to the end of the year 9999.
//!
//! ```text
//! document    one version as published: read and checked
//! hours       on which days when: the week, periods, holidays
//! almanac     versions and announcements: due, elapsed, remaining, back, open
//! tally       how much has run, in milliseconds or parts of days
//! ```

mod almanac;
mod document;
mod error;
mod hours;
mod tally;

pub use almanac::{Almanac, Pause, Timing};
pub use document::{Calendar, Holiday};
pub use error::CalendarError;
