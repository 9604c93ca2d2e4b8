//! What the ledger says of the ends of its streams and of its keys, on stream `log` (`docs/ledger-format.md`, Annex E).

use sijill_event::Digest;

use super::field::data;

data! {
    /// The roots of the two maps of [`heads`](crate::heads) after the first `size` entries, which are the event's own `seen`.
    HeadsCommitted = "heads.committed" {
        /// How many entries.
        size: u64,
        /// Where each stream ends.
        streams: Digest,
        /// Whose each key is, and where in the log it is good.
        keys: Digest,
    }
}

impl HeadsCommitted {
    /// How many entries may lie between the last it speaks of and itself.
    pub const REACH: u64 = 65_536;
}
