//! A mirror of a ledger, on another agency's machine: it follows the ledger under its grant and holds everything that was
//! published, so that nobody has to trust the ledger's own database.
//!
//! The way of an entry:
//!
//! 1. A **checkpoint** is read from the ledger. One that the log key did not sign is nobody's word and is passed over; one
//!    that does not extend what is held here is a fork, and evidence of it is kept ([`sijill_audit::Fork`]).
//! 2. The entries behind those held come a step at a time. Each step is **authenticated** before anything is made of it: its
//!    entries are the ones the checkpoint signs, or they are thrown away and asked for again. What a line or a proxy garbled is
//!    so never taken for the ledger's doing.
//! 3. Then they are **judged**, by the same auditor that audits whole ledgers ([`sijill_audit::Auditor`]). Entries that the log
//!    signed and that are not sound are the ledger's doing: the mirror stops there, and says so.
//! 4. Only then they are **stored**, as a tile-log directory, and when all are durable the checkpoint beside them is moved.
//!
//! **Invariants.** What the `checkpoint` here covers was authenticated, judged and made durable before. It never becomes
//! smaller, whatever crashes. Nothing is cosigned that it does not cover. What lies on this disk is believed no more than what
//! the ledger says: at each start it is judged anew from entry 0.

mod error;
mod fetch;
mod files;
mod follow;
mod hear;
mod http;
mod mirror;
mod standing;
mod step;
mod upstream;

pub use error::MirrorError;
pub use files::{LOG_FOLDER, LogFiles};
pub use http::{Readers, router};
pub use mirror::{Mirror, Opening};
pub use standing::{Alarm, Standing};
pub use upstream::{Unreached, Upstream};
