//! The event store's contract and the conformance suite every engine passes.
//!
//! The store keeps bytes, indexes and hashes; it knows nothing of events. One engine per crate implements it
//! (`sijill-store-sqlite`, `sijill-store-postgres`); they share this contract and deliberately no code.
//!
//! What every engine promises, and the suite behind the feature `conformance` checks:
//!
//! 1. **One order, no gaps.** Indexes come from the head row, never from a sequence of the database. A reader that
//!    has seen index `n` has seen, or can still read, everything before it.
//! 2. **One swap.** [`Store::commit`] moves the head by compare-and-swap on size and root, in the one transaction
//!    that writes everything else of the batch. Of several servers exactly one wins; the loser writes nothing.
//! 3. **All or nothing.** Whatever error a commit returns before the database answers, no part of the batch is
//!    visible to anyone, then or after a crash.
//! 4. **Exact bytes.** What is read back is, byte for byte, what was written.
//! 5. **Durable.** A commit that returned [`CommitOutcome::Committed`] survives loss of power.

mod batch;
mod case;
mod contract;
mod error;
mod types;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use batch::{Batch, BatchFault, MAX_STREAM_BYTES, TILE_BYTES};
pub use case::{CaseRow, DeskCount, DeskEntry, DeskRow, MatchKey, check_cases};
pub use contract::{
    KeyStore, MAX_CHUNK_BYTES, MAX_DOCUMENT_BYTES, MAX_PAGE, Store, contiguous, refuse_strays,
};
pub use error::{Cause, Result, StoreError};
pub use types::{
    Attachment, AttachmentRow, CommitOutcome, DisclosureKey, Finished, FullTile, Hash, Head, IndexRow,
    Irregularity, KeyId, NewEntry, Sealed, SealedDisclosure, StoredDisclosure, Stray, StreamHead,
};
