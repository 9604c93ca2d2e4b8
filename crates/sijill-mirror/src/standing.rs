//! How a mirror stands, for its operator and everybody who relies on it.

use serde::Serialize;
use sijill_audit::{Fault, Levels};

/// What a person has to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// The log signed two histories; the evidence is in the folder `forks/`.
    Forked,
    /// The log signed entries that are not sound, or is another ledger: nothing more is taken.
    Unsound,
}

/// How a mirror stands.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    /// The ledger.
    pub origin: String,
    /// Entries held and judged.
    pub size: u64,
    /// Root of them, padded base64.
    pub root: String,
    /// When the ledger last showed a checkpoint that was verified and is covered here, Unix seconds; `None` since the start.
    pub verified_at: Option<u64>,
    /// Seconds since then.
    pub age: Option<u64>,
    /// That is longer ago than the settings allow, or the ledger withholds what others have seen.
    pub stale: bool,
    /// What a person has to look at.
    pub alarm: Option<Alarm>,
    /// Evidence files of forks.
    pub forks: Vec<String>,
    /// What was checked, and what was not and why: `partial`, where disclosures are not in the mirror's grant.
    pub levels: Levels,
    /// Faults of entries that were refused.
    pub faults: Vec<Fault>,
    /// Why the last attempt to follow came to nothing: a code and a sentence.
    pub last_error: Option<(String, String)>,
    /// Bytes held.
    pub bytes: u64,
}

impl Standing {
    /// Whether whoever relies on the mirror may.
    pub fn is_well(&self) -> bool {
        self.alarm.is_none() && !self.stale
    }
}
