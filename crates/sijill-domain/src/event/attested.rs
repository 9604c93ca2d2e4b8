//! What the ledger attests of its read models on stream `log` (`docs/casework.md` §1).

use sijill_event::Digest;

use super::field::{data, object};
use crate::UnitId;

object! {
    /// A read model as it was at that size.
    AttestedModel {
        /// Its name.
        name: UnitId,
        /// Its version.
        version: u64,
        /// The root over its rows (`projections/README.md`).
        root: Digest,
        /// How many cases and contacts have values that were gone by then, and are in no root; absent for none.
        gaps: Option<u64>,
    }
}

data! {
    /// What the read models said when the log had `size` entries.
    ProjectionAttested = "projection.attested" {
        /// How many entries.
        size: u64,
        /// The models, each once.
        models: Vec<AttestedModel>,
        /// The 256 roots under that of `indicators`: what an erasure leaves unchecked is then little.
        buckets: Vec<Digest>,
    }
}

impl ProjectionAttested {
    /// How many buckets there are.
    pub const BUCKETS: usize = 256;
}
