//! Signed notes (C2SP signed-note v1.0.0): a text and the signatures of those who vouch for it.
//!
//! ```text
//! example.com/log
//! 12
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — example.com/log Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
//! ```
//!
//! The text may itself contain blank lines: the last one divides.

mod key;
mod name;

pub use key::{KeyKind, NoteSigner, NoteVerifier};
pub use name::KeyName;

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::LogError;

/// Most signatures a note may carry (the specification asks for at least 16).
pub const MAX_SIGNATURES: usize = 64;
/// Most bytes a note may have.
pub const MAX_NOTE_BYTES: usize = 1_000_000;

/// A text with its signature lines, well-formed but **not verified**: trust it only after [`Note::verify`], or through
/// [`crate::Checkpoint::open`] or [`crate::Policy::open`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line. Name and key id together say which key made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: KeyName,
    /// First four bytes of the key's hash, see [`NoteVerifier`].
    pub key_id: [u8; 4],
    /// What follows the key id: at least one byte, its form depends on the key's type.
    pub signature: Vec<u8>,
}

impl Note {
    /// Puts a signature under a text that ends in a newline.
    pub fn new(text: String, signature: NoteSignature) -> Result<Self, LogError> {
        check_text(&text)?;
        if !text.ends_with('\n') {
            return Err(LogError::NoteShape);
        }
        let mut note = Self { text, signatures: Vec::new() };
        note.add(signature)?;
        Ok(note)
    }

    /// Reads a note. Accepts exactly what `Display` prints.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(LogError::NoteSize);
        }
        let note = std::str::from_utf8(bytes).map_err(|_| LogError::NoteEncoding)?;
        check_text(note)?;
        let (text, lines) = note.rsplit_once("\n\n").ok_or(LogError::NoteShape)?;
        let signatures = NoteSignature::parse_lines(lines)?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The text, with its final newline: what is signed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, of known keys and unknown ones.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature line.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), LogError> {
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(LogError::NoteSignatureCount);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// The signature of `key` if there is one: valid, or the whole note is refused. So is a note on which one known key
    /// signed twice, because verifiers would differ in which of the two they look at.
    pub fn signature_by(&self, key: &NoteVerifier) -> Result<Option<&NoteSignature>, LogError> {
        let mut by_key = self.signatures.iter().filter(|signature| signature.is_by(key));
        let Some(signature) = by_key.next() else { return Ok(None) };
        if by_key.next().is_some() {
            return Err(LogError::NoteSignatureTwice { name: key.name().to_string() });
        }
        key.verify(&self.text, signature)?;
        Ok(Some(signature))
    }

    /// Which of the `known` keys signed the text: at least one, and none of them wrongly. Other signatures are ignored.
    pub fn verify<'k>(&self, known: &'k [NoteVerifier]) -> Result<Vec<&'k NoteVerifier>, LogError> {
        let mut signers = Vec::new();
        for key in known {
            if self.signature_by(key)?.is_some() {
                signers.push(key);
            }
        }
        if signers.is_empty() { Err(LogError::NoteUnsigned) } else { Ok(signers) }
    }
}

impl NoteSignature {
    /// Reads one or more signature lines, each ended by a newline: the tail of a note, or a witness's answer.
    pub fn parse_lines(lines: &str) -> Result<Vec<Self>, LogError> {
        if lines.is_empty() {
            return Err(LogError::NoteSignatureCount);
        }
        let lines = lines.strip_suffix('\n').ok_or(LogError::NoteShape)?;
        if lines.split('\n').nth(MAX_SIGNATURES).is_some() {
            return Err(LogError::NoteSignatureCount);
        }
        lines.split('\n').map(Self::parse_line).collect()
    }

    fn parse_line(line: &str) -> Result<Self, LogError> {
        let parts = line.strip_prefix("— ").and_then(|rest| rest.split_once(' '));
        let (name, base64) = parts.ok_or(LogError::NoteSignatureLine)?;
        let bytes = BASE64_STANDARD.decode(base64).map_err(|_| LogError::NoteSignatureLine)?;
        let (key_id, signature) = bytes.split_first_chunk().ok_or(LogError::NoteSignatureLine)?;
        if signature.is_empty() {
            return Err(LogError::NoteSignatureLine);
        }
        Ok(Self { name: name.parse()?, key_id: *key_id, signature: signature.to_vec() })
    }

    /// Whether it claims to be by this key.
    pub fn is_by(&self, key: &NoteVerifier) -> bool {
        self.key_id == key.key_id() && self.name == *key.name()
    }
}

fn check_text(text: &str) -> Result<(), LogError> {
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') { Err(LogError::NoteEncoding) } else { Ok(()) }
}

/// The whole note, as it is stored and sent.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// The line without its newline.
impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id, self.signature.as_slice()].concat();
        write!(f, "— {} {}", self.name, BASE64_STANDARD.encode(bytes))
    }
}
