//! The running ledger: admission → sequencing → publication, the seal and the disclosure vault.
//!
//! The way of an event through this crate:
//!
//! 1. `admission`: strict parse, signature, digests against disclosures, encryption of the disclosures. In
//!    parallel, touching no database.
//! 2. `sequence`: one task decides each admitted event on the state that all earlier entries left, and
//!    commits the batch in one transaction that moves the ledger's head by compare-and-swap.
//! 3. `press`, `publish`: a checkpoint for the committed size is signed and *sealed outside the database* before any
//!    receipt leaves, while the writer is at its next batch.
//! 4. `witnessing`, beside all that: the checkpoint goes to witnesses, and whoever waits for it gets a receipt that rests on
//!    their cosignatures.
//!
//! **Invariants.** Indexes have no gaps. `received` never decreases. A checkpoint is signed only for what the
//! database has committed, and leaves only after the seal holds it. A refused event changes nothing.

mod acts;
mod admission;
mod attachment;
mod attesting;
mod casework;
mod clock;
mod desk;
mod documents;
mod erasure;
mod error;
mod following;
mod heads;
mod histories;
mod ledger;
mod look_up;
mod match_key;
mod narrowed;
mod plan;
mod press;
mod projecting;
mod publish;
mod publishing;
mod read;
mod released;
mod restoring;
mod seal;
mod sequence;
mod service;
mod state;
mod stated;
#[cfg(feature = "testing")]
pub mod testing;
mod vault;
mod witnessing;
mod writer;

pub use attachment::{ATTACHMENT_LIMIT, Attachment, AttachmentError};
pub use attesting::{AttestError, attest};
pub use clock::{Clock, ClockJumped, SimulatedClock, SystemClock};
pub use desk::Line;
pub use error::{Busy, LedgerError, OpenError, Refused, RefusedKind};
pub use following::Following;
pub use heads::{Heads, Recorded, record_heads};
pub use ledger::{Ledger, Limits, Opening, Receipt, ServiceKeys, Wait};
pub use look_up::{KnownPlace, KnownTo, LookUpError, LookedUp};
pub use projecting::project;
pub use publish::Published;
pub use publishing::publish;
pub use read::Next;
pub use released::ReleasedFile;
pub use restoring::{Kept, Restored, Restoring};
pub use seal::{Seal, SealError};
pub use sijill_casework::case::DeskKind;
pub use stated::Stated;
pub use vault::{MasterKey, Vault, VaultError};
pub use witnessing::{Cosigned, Courier, Reply, Unreached, Witnessing, record_witnessed};

/// How far a signer's clock may be ahead of the ledger's, in milliseconds (ledger format, Annex A).
pub const SKEW_MS: u64 = 300_000;
