//! Who must cosign checkpoints, and what was cosigned, on stream `log` (`docs/casework.md` §1).

use std::fmt;

use serde::{Serialize, Serializer};
use sijill_log::{Checkpoint, Note, Policy};

use super::WitnessPolicy;
use super::field::data;

/// A checkpoint with the signature of its log and at least one line more. None of them is judged here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignedCheckpoint(Note);

impl CosignedCheckpoint {
    /// A note that is a checkpoint and has two signature lines or more.
    pub fn new(note: Note) -> Option<Self> {
        let is_one = Checkpoint::parse(note.text()).is_ok() && note.signatures().len() >= 2;
        is_one.then_some(Self(note))
    }

    /// Reads such a note's text.
    pub fn parse(text: &str) -> Option<Self> {
        Note::parse(text.as_bytes()).ok().and_then(Self::new)
    }

    /// The note.
    pub fn note(&self) -> &Note {
        &self.0
    }
}

impl fmt::Display for CosignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

data! {
    /// The checkpoint that the event's `seen` names, with the cosignatures of witnesses.
    LogWitnessed = "log.witnessed" {
        /// It.
        checkpoint: CosignedCheckpoint,
    }
}

/// Longest text of a witness policy, bytes.
const MAX_POLICY: usize = 16_384;

/// Who must cosign checkpoints: a C2SP tlog-policy without `log` lines, any two of whose quorums share a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessRule {
    text: String,
    /// `None` for `quorum none`.
    policy: Option<Policy>,
}

impl WitnessRule {
    /// Nobody, as entry 0 says it.
    pub(crate) fn none() -> Self {
        Self { text: WitnessPolicy::None.to_string(), policy: None }
    }

    /// Reads such a policy. If two quorums shared no witness, each could cosign a history of its own.
    pub fn parse(text: &str) -> Option<Self> {
        let policy = Policy::parse(text.as_bytes()).ok()?;
        let nobody = policy.is_quorum(|_| false);
        let sound = policy.logs().is_empty() && (nobody || policy.quorums_intersect());
        let policy = (!nobody).then_some(policy);
        (text.len() <= MAX_POLICY && sound).then(|| Self { text: text.to_owned(), policy })
    }

    /// The policy; `None` if nobody has to cosign.
    pub fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref()
    }
}

impl fmt::Display for WitnessRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for WitnessRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}
