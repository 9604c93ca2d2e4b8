//! Cases on the command line: events of the catalogue filled in by hand, and cases read back from a ledger.
//!
//! | module | what it is |
//! |---|---|
//! | [`in_force`] | the code lists in force where an event will go |
//! | [`form`] | `field=value` → the data of an event |
//! | [`explain`] | what a type's fields are and what fits |
//! | [`reading`] | one case out of a data directory, an export or a server, with its casework values |
//! | `remote` | what reading takes, by calls of a server's API |
//! | [`words`] | codes, units, times and things as people read them, in Arabic and English |
//! | [`sentences`] | what each event says, one sentence per type in both languages |
//! | [`story`] | a case told from beginning to end |

pub mod explain;
pub mod form;
pub mod in_force;
pub mod reading;
mod remote;
pub mod sentences;
pub mod story;
pub mod words;

pub use words::Language;
