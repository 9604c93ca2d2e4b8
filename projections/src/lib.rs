//! Read models: what the log says, as rows that can be counted (`projections/README.md`).
//!
//! A read model is a pure function from the state of a case to rows. Everything else follows from that: a row holds *from* one
//! entry *until* another, so that every question can be asked as of any size of the log; a model is rebuilt case by case, in
//! any order and from anywhere; and its digest is the same on every engine and every machine.
//!
//! ```text
//! ../cases/ ../referrals/ …   a folder for each model: its rows, its tables
//! model.rs    what a model is            history.rs   a case's entries, and what its state was after each
//! span.rs     rows in time               digest.rs    the root over all rows
//! query/      rows for whoever asks
//! figure/     indicators added up, and the facts behind them      publication/  what everybody may know of a month
//! forecast/   what a unit has to expect        warning/   what a case worker should look at
//! engine/     where the rows lie: SQLite or PostgreSQL, positions, generations
//! ```

pub mod digest;
#[cfg(feature = "engine")]
pub mod engine;
mod error;
#[cfg(feature = "engine")]
pub mod figure;
pub mod forecast;
mod history;
mod model;
pub mod publication;
#[cfg(feature = "engine")]
pub mod query;
mod span;
pub mod warning;

#[path = "../accesses/mod.rs"]
pub mod accesses;
#[path = "../cases/mod.rs"]
pub mod cases;
#[path = "../circles/mod.rs"]
pub mod circles;
#[path = "../contacts/mod.rs"]
pub mod contacts;
#[path = "../deadlines/mod.rs"]
pub mod deadlines;
#[path = "../entries/mod.rs"]
pub mod entries;
#[path = "../indicators/mod.rs"]
pub mod indicators;
#[path = "../queues/mod.rs"]
pub mod queues;
#[path = "../referrals/mod.rs"]
pub mod referrals;
#[path = "../signs/mod.rs"]
pub mod signs;

pub use error::ProjectionError;
pub use history::{History, Line, Step, Timeline, Unfit};
pub use model::{Cell, Column, Counts, Known, Model, Row, Rows, Source, Table, Type};
pub use span::{NEVER, Span, SubjectRows};

/// All models of this release. A released version of one is never edited; a change is a new version, and the old one stays for
/// whoever checks what was attested with it.
pub static MODELS: [&Model; 10] = [
    &cases::MODEL,
    &referrals::MODEL,
    &deadlines::MODEL,
    &contacts::MODEL,
    &accesses::MODEL,
    &entries::MODEL,
    &circles::MODEL,
    &queues::MODEL,
    &signs::MODEL,
    &indicators::MODEL,
];
