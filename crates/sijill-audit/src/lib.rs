//! Offline verification of a whole ledger: exports, tile logs, evidence files, data directories. No server, no database.
//!
//! What is checked, and what each fault is called, is `docs/ledger-format.md` §7 and Annexes B, C and D; this crate adds
//! nothing to them. An audit reads a [`Source`] from front to back once:
//!
//! ```text
//! read      chunks of entries, tiles, disclosures          one thread
//! examine   format, hashes, signatures, roots, disclosures  all cores, in any order
//! judge     order, chains, keys, authority, rules           one thread, in order
//! ```
//!
//! An [`Auditor`] does the same to a ledger that grows, as far as it can be said before the end; a [`Fork`] is two checkpoints
//! of one log that cannot both be true.

mod account;
mod audit;
mod auditor;
mod authority;
mod chunk;
mod error;
mod evidence;
mod examination;
mod examine;
mod export;
mod fault;
mod figures;
mod fork;
mod heads;
mod interval;
mod judge;
mod keyring;
mod lacking;
mod prints;
mod report;
mod rules;
mod source;
#[cfg(feature = "http")]
mod tile_log;
mod tree;
mod trust;
mod whole;

pub use account::Account;
pub use audit::{Options, Progress, audit};
pub use auditor::Auditor;
pub use error::Unreadable;
pub use evidence::{Archive, EVIDENCE_MEDIA_TYPE, Evidence, Exhibit};
pub use export::{ExportDirectory, ExportError, Exported, export};
pub use fault::{Fault, FaultCode, FaultLevel};
pub use figures::ModelClaim;
pub use fork::Fork;
pub use interval::{Interval, Intervals, Outside};
pub use report::{Level, Levels, Report, Status};
pub use source::{DisclosureRow, Disclosures, Discrepancy, Facts, LedgerEnd, Source, Stated, StreamEnd};
#[cfg(feature = "http")]
pub use tile_log::TileLog;
pub use trust::{HeldCheckpoint, Receipt, Trust};
