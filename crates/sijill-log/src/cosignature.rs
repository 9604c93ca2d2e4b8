//! Cosignatures (C2SP tlog-cosignature v1.0.1, Ed25519, type 0x04): "as of this time, the largest consistent tree I have
//! seen of this log has this root".
//!
//! Signed message: `cosignature/v1`, a line `time <Unix seconds>`, and the checkpoint's whole text. Signature line:
//! `u64` time (big-endian) ‖ 64-byte Ed25519 signature.
//!
//! The message does not name the cosigner, so **a key must never serve two cosigners**.

use crate::{
    Checkpoint, KeyKind, KeyName, LogError, MAX_SIZE, Note, NoteSignature, NoteSigner, NoteVerifier,
};

/// A witness's private key (type 0x04). Wiped from memory when dropped; never printed.
#[derive(Debug)]
pub struct CosignatureSigner(NoteSigner);

impl CosignatureSigner {
    /// A signer from an Ed25519 seed (RFC 8032 private key).
    pub fn new(name: KeyName, seed: &[u8; 32]) -> Self {
        Self(NoteSigner::of_kind(name, KeyKind::Witness, seed))
    }

    /// The public half.
    pub fn verifier(&self) -> &NoteVerifier {
        self.0.verifier()
    }

    /// Cosigns a checkpoint at a time in Unix seconds, at most 2^63-1. The caller has verified the log's signature and
    /// the consistency with all it cosigned before, and has stored the new size: nothing here can know that.
    pub fn cosign(&self, checkpoint: &Checkpoint, time: u64) -> Result<NoteSignature, LogError> {
        if time > MAX_SIZE {
            return Err(LogError::CosignatureTime);
        }
        let signature = self.0.sign_bytes(&message(time, &checkpoint.to_string()));
        Ok(self.0.line([&time.to_be_bytes(), signature.as_slice()].concat()))
    }
}

/// When `witness` cosigned the note, in Unix seconds; `None` if it did not. A wrong cosignature refuses the note.
pub fn verify(note: &Note, witness: &NoteVerifier) -> Result<Option<u64>, LogError> {
    witness.require(KeyKind::Witness)?;
    let signature = note.signature_by(witness)?;
    Ok(signature.and_then(divide).map(|(time, _)| time))
}

/// What a cosigner signs.
pub(crate) fn message(time: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {time}\n{text}").into_bytes()
}

/// Time and Ed25519 signature of a signature line; `None` for a time no cosignature may have.
pub(crate) fn divide(signature: &NoteSignature) -> Option<(u64, &[u8])> {
    let (time, bytes) = signature.signature.split_first_chunk()?;
    let time = u64::from_be_bytes(*time);
    (time <= MAX_SIZE).then_some((time, bytes))
}
