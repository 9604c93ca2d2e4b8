//! Proof files (C2SP tlog-proof, draft): one entry's place in a log, checked offline.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64>                 optional; nothing vouches for it
//! index <number>
//! <base64 hash>…                 from the leaf's sibling up
//!
//! <checkpoint with its signatures>
//! ```
//!
//! The entry itself is not in the file.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    Checkpoint, Hash, LogError, Note, NoteVerifier, Policy, Witnessed, note::MAX_NOTE_BYTES, parse_decimal,
    tree::verify_inclusion,
};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// A path in a tree of at most 2^63-1 leaves is no longer.
const MAX_HASHES: usize = 63;

/// An inclusion proof with the checkpoint it leads to. Well-formed but **not verified**.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Bytes beside the proof, empty for none. Not authenticated.
    pub extra: Vec<u8>,
    /// Index of the entry.
    pub index: u64,
    /// Siblings from the leaf up.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, cosignatures included.
    pub checkpoint: Note,
}

impl TlogProof {
    /// Reads a proof file. Accepts exactly what `Display` prints.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(LogError::ProofSize);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| LogError::ProofSize)?;
        let (proof, checkpoint) = text.split_once("\n\n").ok_or(LogError::ProofShape)?;
        let mut lines = proof.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(LogError::ProofHeader);
        }
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            Some(line) => read_extra(line).ok_or(LogError::ProofIndex)?,
            None => Vec::new(),
        };
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(parse_decimal);
        let index = index.ok_or(LogError::ProofIndex)?;
        let hashes: Vec<Hash> = lines
            .take(MAX_HASHES + 1)
            .map(|line| Hash::from_base64(line).map_err(|_| LogError::ProofShape))
            .collect::<Result<_, _>>()?;
        if hashes.len() > MAX_HASHES {
            return Err(LogError::ProofShape);
        }
        let checkpoint = Note::parse(checkpoint.as_bytes())?;
        Checkpoint::parse(checkpoint.text())?;
        Ok(Self { extra, index, hashes, checkpoint })
    }

    /// Checks that the log signed the checkpoint and that `leaf` is in it at [`TlogProof::index`].
    pub fn verify(&self, leaf: &Hash, log: &NoteVerifier) -> Result<Checkpoint, LogError> {
        let checkpoint = Checkpoint::of_note(&self.checkpoint, log)?;
        self.lead_to(leaf, checkpoint)
    }

    /// As [`TlogProof::verify`], with a log of the policy and its quorum of witnesses.
    pub fn verify_witnessed(
        &self,
        leaf: &Hash,
        policy: &Policy,
    ) -> Result<(Checkpoint, Witnessed), LogError> {
        let (checkpoint, witnessed) = policy.open_note(&self.checkpoint)?;
        Ok((self.lead_to(leaf, checkpoint)?, witnessed))
    }

    fn lead_to(&self, leaf: &Hash, checkpoint: Checkpoint) -> Result<Checkpoint, LogError> {
        verify_inclusion(leaf, self.index, checkpoint.size, &self.hashes, &checkpoint.root)?;
        Ok(checkpoint)
    }
}

/// Without extra data there is no such line, so an empty one is refused.
fn read_extra(line: &str) -> Option<Vec<u8>> {
    let base64 = line.strip_prefix("extra ").filter(|base64| !base64.is_empty())?;
    BASE64_STANDARD.decode(base64).ok()
}

/// The file.
impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if !self.extra.is_empty() {
            writeln!(f, "extra {}", BASE64_STANDARD.encode(&self.extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
