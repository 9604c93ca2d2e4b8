//! The state of one case (`docs/casework.md` §4, §6, §7, §8): what may happen, what follows, what is due, who may
//! see what. Pure: [`CaseFile::decide`] and [`CaseFile::evolve`] over the log's entries in order.
//!
//! ```text
//! world.rs     what a case is judged against: registry, documents, calendars
//! file.rs      the state          author.rs   who acts, and for which unit
//! decide.rs    may it happen      referral.rs the referral's machine
//! evolve.rs    what follows       deadline.rs clocks
//! act.rs       what the automation is to do, triggered and due
//! need.rs      who may be shown what            may.rs   what somebody may do now
//! erasure.rs   what is known without values, and orders to destroy them
//! queue.rs     whose desks it lies on
//! pathway.rs   every way through the referral's machine
//! ```

mod act;
mod author;
mod deadline;
mod decide;
mod documents;
mod erasure;
mod evolve;
mod file;
mod may;
mod need;
mod pathway;
mod queue;
mod read;
mod referral;
mod world;

pub use act::Act;
pub use author::Author;
pub use deadline::Deadline;
pub use documents::{DocumentError, Documents};
pub use erasure::{Erasure, ErasureState, Outline};
pub use file::{
    BrokenGlass, Case, CaseFile, Closure, Conference, Consent, Contact, Escalation, Noted, Plan, PlanState,
    Status, Withdrawal,
};
pub use may::Subject;
pub use need::Released;
pub use pathway::{Passage, pathway};
pub use queue::{DeskKind, Place};
pub use referral::{Basis, Referral, Stage};
pub use world::{PolicyInForce, World};
