//! Work on a case (`docs/casework.md`): what rule-set 2 knows beyond authority.
//!
//! Everything here is a pure function of the log and of the documents published on it: no clock, no randomness,
//! no input or output. The ledger asks it before it sequences, its automation asks it what is due, and an audit
//! asks it all again years later.
//!
//! ```text
//! codes/      code lists: what a code means, in which version
//! catalogue/  event types: fields, classes, labels, JSON Schema
//! calendar/   working time: hours, holidays, and how they changed
//! policy/     pathways as a decision table: who is asked, for what, by when
//! case/       the state of one case: decide, evolve, what is due, who may see what
//! ```

pub mod calendar;
pub mod case;
pub mod catalogue;
pub mod codes;
pub mod policy;
mod refusal;
pub mod shipped;
mod word;

pub use codes::Code;
pub use refusal::{Refusal, Thing};
pub use word::{Address, Amount, Clock, Milestone, Priority};
