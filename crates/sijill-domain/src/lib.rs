//! The registry of authority: who may sign what, decided by replay (`docs/ledger-format.md` §4 and Annex B).
//!
//! All authority is itself on the ledger. [`Registry`] is what the entries so far have established; of one more
//! event it says whether it may be ([`Registry::decide`]) and what follows ([`Registry::evolve`]). Everything
//! here is a pure function of the log: no clock, no randomness, no input or output. The ledger asks it before
//! it sequences, an audit asks it again years later, and both get the same answer.
//!
//! ```text
//! event/     what registry events hold in `data`: one struct per type and action
//! heads      what `heads.committed` commits to, and proofs of it
//! registry/  the state, how it changes, what it is asked
//! rules/     which events are accepted: a module per rule-set version, never edited once released
//! ```

pub mod event;
pub mod heads;
mod id;
mod parties;
mod refusal;
mod registry;
pub mod rules;

pub use id::{AgencyId, OfficerId, Origin, Reason, UnitId};
pub use parties::{Parties, PartiesMalformed, party_streams};
pub use refusal::Refusal;
pub use registry::{
    Accepted, Agency, Announced, KeyRecord, Naming, Officer, Owner, Position, Proposal, Published, Queue,
    Registry, Scope, Signer, Standing, Status, Unit, name_at,
};
