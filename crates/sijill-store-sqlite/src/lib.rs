//! The event store on SQLite: one file, no set-up.
//!
//! - WAL and `synchronous=FULL`: a committed batch survives loss of power.
//! - One connection writes, behind `BEGIN IMMEDIATE`: a transaction that begins by reading and writes later fails at
//!   once with `SQLITE_BUSY_SNAPSHOT` and heeds no time-out. Others read, each a snapshot, and never wait for it.
//! - One statement per table and batch, never a loop over rows: every statement is a hop to the connection's thread.
//! - `secure_delete`: what is erased is overwritten in the file, and the log that still holds it is truncated.

mod attachment;
mod case;
mod commit;
mod desk;
mod document;
mod error;
mod irregular;
mod keys;
mod lookup;
mod open;
mod page;
mod schema;
mod store;
mod stray;
mod value;

pub use keys::SqliteKeyStore;
pub use store::SqliteStore;

/// Most parameters one statement may have (`SQLITE_MAX_VARIABLE_NUMBER`).
const MAX_BINDS: usize = 32_766;
