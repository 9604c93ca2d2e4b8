//! Requests to a witness (C2SP tlog-witness v1.0.0): the body of `POST …/add-checkpoint`.
//!
//! ```text
//! old <size>                     the size the witness cosigned last, as the client believes
//! <base64 hash>…                 consistency proof from that size to the checkpoint's
//!
//! <checkpoint with its signatures>
//! ```

use std::fmt;

use crate::{Hash, LogError, Note, note::MAX_NOTE_BYTES, parse_decimal};

/// A consistency proof between sizes of at most 2^63-1 is no longer.
const MAX_HASHES: usize = 63;
/// Media type of the answer 409: a size and a newline.
pub const SIZE_MEDIA_TYPE: &str = "text/x.tlog.size";

/// A checkpoint submitted to a witness. Well-formed but **not verified**: neither is its signature, nor does the note have
/// to be a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness is believed to have cosigned last; 0 for none.
    pub old: u64,
    /// Consistency proof from there, empty from 0 and for the same size.
    pub proof: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: Note,
}

impl AddCheckpoint {
    /// Reads a body. Accepts exactly what `Display` prints.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(LogError::NoteSize);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| LogError::NoteEncoding)?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(LogError::WitnessRequestShape)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(parse_decimal);
        let old = old.ok_or(LogError::WitnessRequestOld)?;
        let proof: Vec<Hash> = lines
            .take(MAX_HASHES + 1)
            .map(|line| Hash::from_base64(line).map_err(|_| LogError::WitnessRequestShape))
            .collect::<Result<_, _>>()?;
        if proof.len() > MAX_HASHES {
            return Err(LogError::WitnessRequestShape);
        }
        Ok(Self { old, proof, checkpoint: Note::parse(checkpoint.as_bytes())? })
    }
}

/// The body.
impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// The body of a 409 answer: the size the witness cosigned last.
pub fn parse_size(body: &str) -> Option<u64> {
    body.strip_suffix('\n').and_then(parse_decimal)
}
