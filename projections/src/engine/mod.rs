//! Where the rows lie, and how far they have come.
//!
//! Rows of a model lie in the tables of a *generation*. One generation is live and is read; a rebuild fills another beside it
//! and changes places with it in one transaction. How far a generation has come stands in the row that every transaction
//! begins by moving: two servers on one database, or a server and a rebuild, never write the same entries twice.

mod base;
mod past;
mod postgres;
mod projector;
mod sqlite;

pub(crate) use base::named;
pub use base::{Base, Batch, Folded, Generation, Lead};
pub use past::{digest_at, hangs_together, live};
pub use postgres::PostgresBase;
pub use projector::{Built, Log, Projector};
pub use sqlite::SqliteBase;
