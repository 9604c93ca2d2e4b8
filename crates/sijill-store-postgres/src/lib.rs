//! The event store on PostgreSQL: several servers, replicas, failover.
//!
//! - READ COMMITTED and one row: whoever updates the head first wins, the others wait for it and find it moved. No
//!   sequence, no advisory lock, no serializable transaction.
//! - One statement per table and batch, its rows passed as arrays.
//! - A transaction whose client has fallen silent is ended by the server, so that it cannot hold the head for ever.
//! - Conflicts are [`StoreError::Retry`](sijill_store::StoreError::Retry); nothing here retries on its own.

mod attachment;
mod case;
mod commit;
mod connect;
mod desk;
mod document;
mod error;
mod irregular;
mod keys;
mod lookup;
mod page;
mod schema;
mod store;
mod stray;
#[cfg(feature = "testing")]
pub mod testing;
mod value;

pub use keys::PostgresKeyStore;
pub use store::PostgresStore;
