//! The HTTP API over real connections, on a real ledger with a real store.

mod house;

mod append;
mod calls;
mod document;
mod figures;
mod follow;
mod heads;
mod limits;
mod logs;
mod planning;
mod refusals;
mod serving;
mod shape;
mod token;
mod views;
mod walk;
