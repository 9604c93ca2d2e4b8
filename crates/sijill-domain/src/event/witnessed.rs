//! What witnesses cosigned, on stream `log` (`docs/casework.md` §1).

use std::fmt;

use sijill_log::{Checkpoint, Note};

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
