//! Published figures: what everybody may know of a month, once and for ever (`docs/adr/0019-published-figures.md`).
//!
//! When a month is over, what happened in it is counted once, at a size of the log that the publication names. Nothing is ever
//! counted again: entries that come later change no publication. A publication holds totals, and each total by one dimension
//! at a time; of few children nothing is told.
//!
//! ```text
//! catalogue.rs  which figures, by which dimensions     shown.rs  which of the numbers are shown
//! tally.rs      a month's facts, counted
//! ```

mod catalogue;
mod shown;
mod tally;

#[cfg(test)]
mod attacker;

pub use catalogue::{By, PUBLICATIONS, Publication, REOPENED, STOCKS, Stock, Table, publication, stock};
pub use shown::{LEAST, Past};
pub use tally::{Counted, Tally};

/// The version of the rule that decides what is shown. A released version is never edited.
pub const VERSION: u64 = 1;
