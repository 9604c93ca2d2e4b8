//! Checkpoints (C2SP tlog-checkpoint v1.0.0): what a log commits to when it signs.
//!
//! The note's text is exactly three lines. Extension lines are refused: nobody could audit them.
//!
//! ```text
//! example.com/behind-the-sofa
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//! ```

use std::fmt;

use crate::{
    EMPTY_ROOT, Hash, KeyName, LogError, Note, NoteSigner, NoteVerifier, note::KeyKind, parse_decimal,
    tree::check_size,
};

/// The head of a log at one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log; also the name of its key.
    pub origin: KeyName,
    /// Number of entries.
    pub size: u64,
    /// Root hash of their tree.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads a note's text. Accepts exactly what `Display` prints.
    pub fn parse(text: &str) -> Result<Self, LogError> {
        let mut lines = text.strip_suffix('\n').ok_or(LogError::CheckpointShape)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(LogError::CheckpointShape);
        };
        if lines.next().is_some() {
            return Err(LogError::CheckpointExtension);
        }
        let checkpoint = Self {
            origin: origin.parse()?,
            size: parse_decimal(size).ok_or(LogError::CheckpointSize)?,
            root: Hash::from_base64(root)?,
        };
        checkpoint.check()?;
        Ok(checkpoint)
    }

    /// Signs the checkpoint with the key of its origin. That is a promise never to sign another root for this size: see
    /// that it is durable first.
    pub fn sign(&self, log: &NoteSigner) -> Result<Note, LogError> {
        self.check()?;
        self.check_origin(log.name())?;
        let text = self.to_string();
        let signature = log.sign(&text);
        Note::new(text, signature)
    }

    /// Reads a note and verifies that it is a checkpoint of this log, signed by it. Cosignatures are left to
    /// [`crate::Policy`].
    pub fn open(bytes: &[u8], log: &NoteVerifier) -> Result<(Self, Note), LogError> {
        let note = Note::parse(bytes)?;
        Ok((Self::of_note(&note, log)?, note))
    }

    /// [`Checkpoint::open`] for a note that has been read already.
    pub fn of_note(note: &Note, log: &NoteVerifier) -> Result<Self, LogError> {
        log.require(KeyKind::Log)?;
        note.signature_by(log)?.ok_or(LogError::NoteUnsigned)?;
        let checkpoint = Self::parse(note.text())?;
        checkpoint.check_origin(log.name())?;
        Ok(checkpoint)
    }

    fn check(&self) -> Result<(), LogError> {
        check_size(self.size)?;
        if self.size == 0 && self.root != EMPTY_ROOT { Err(LogError::EmptyRoot) } else { Ok(()) }
    }

    fn check_origin(&self, key: &KeyName) -> Result<(), LogError> {
        if self.origin == *key {
            return Ok(());
        }
        Err(LogError::CheckpointOrigin { expected: key.to_string(), found: self.origin.to_string() })
    }
}

/// The note's text.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root)
    }
}
