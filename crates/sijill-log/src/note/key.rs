//! Keys that sign notes.

use std::{borrow::Cow, fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_STANDARD};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::{KeyName, NoteSignature};
use crate::{LogError, cosignature};

/// What a key signs with. Both are Ed25519; the message differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// Type 0x01: signs the note's text. A log key.
    Log,
    /// Type 0x04: signs time and text, see [`crate::cosignature`]. A witness key.
    Witness,
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Witness => 0x04,
        }
    }
}

/// A public key that notes are verified with, printed and parsed as a C2SP "vkey":
/// `<name>+<key id, 8 hex digits>+<base64 of type ‖ public key>`, where the key id is the first four bytes of
/// `SHA-256(name ‖ 0x0A ‖ type ‖ public key)`.
#[derive(Clone, PartialEq, Eq)]
pub struct NoteVerifier {
    name: KeyName,
    key_id: [u8; 4],
    kind: KeyKind,
    key: VerifyingKey,
}

impl NoteVerifier {
    /// A verifier from a raw public key, which must be canonical and not of small order.
    pub fn new(name: KeyName, kind: KeyKind, public_key: &[u8; 32]) -> Result<Self, LogError> {
        let key = VerifyingKey::from_bytes(public_key).map_err(|_| LogError::PublicKey)?;
        if key.is_weak() || key.to_edwards().compress().to_bytes() != *public_key {
            return Err(LogError::PublicKey);
        }
        Ok(Self::from_key(name, kind, key))
    }

    fn from_key(name: KeyName, kind: KeyKind, key: VerifyingKey) -> Self {
        let hash = Sha256::new_with_prefix(name.as_str())
            .chain_update([b'\n', kind.byte()])
            .chain_update(key.as_bytes())
            .finalize();
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash);
        Self { name, key_id: [a, b, c, d], kind, key }
    }

    /// Name of the key.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Key id, as signature lines carry it.
    pub fn key_id(&self) -> [u8; 4] {
        self.key_id
    }

    /// What the key signs with.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The raw public key.
    pub fn public_key(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Refuses a key of the other kind: a log key must not stand in for a witness, nor the reverse.
    pub(crate) fn require(&self, kind: KeyKind) -> Result<(), LogError> {
        if self.kind == kind { Ok(()) } else { Err(LogError::KeyType { found: self.kind.byte() }) }
    }

    /// Checks a signature over a note's text. Strict Ed25519: see the crate's documentation.
    pub fn verify(&self, text: &str, signature: &NoteSignature) -> Result<(), LogError> {
        let wrong = || LogError::NoteSignature { name: self.name.to_string() };
        if !signature.is_by(self) {
            return Err(wrong());
        }
        let (message, bytes) = match self.kind {
            KeyKind::Log => (Cow::from(text.as_bytes()), signature.signature.as_slice()),
            KeyKind::Witness => {
                let (time, bytes) = cosignature::divide(signature).ok_or_else(wrong)?;
                (cosignature::message(time, text).into(), bytes)
            }
        };
        let bytes = Signature::from_slice(bytes).map_err(|_| wrong())?;
        self.key.verify_strict(&message, &bytes).map_err(|_| wrong())
    }
}

impl FromStr for NoteVerifier {
    type Err = LogError;

    fn from_str(vkey: &str) -> Result<Self, LogError> {
        let (name, rest) = vkey.split_once('+').ok_or(LogError::VerifierKey)?;
        let (id, base64) = rest.split_once('+').ok_or(LogError::VerifierKey)?;
        let bytes = BASE64_STANDARD.decode(base64).map_err(|_| LogError::VerifierKey)?;
        let (&kind, public_key) = bytes.split_first().ok_or(LogError::VerifierKey)?;
        let kind = match kind {
            0x01 => KeyKind::Log,
            0x04 => KeyKind::Witness,
            found => return Err(LogError::KeyType { found }),
        };
        let public_key = public_key.try_into().map_err(|_| LogError::VerifierKey)?;
        let verifier = Self::new(name.parse()?, kind, public_key)?;
        if verifier.id_hex() == id { Ok(verifier) } else { Err(LogError::KeyId) }
    }
}

impl NoteVerifier {
    fn id_hex(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.key_id))
    }
}

impl fmt::Display for NoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.kind.byte()], self.public_key().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id_hex(), BASE64_STANDARD.encode(bytes))
    }
}

impl fmt::Debug for NoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteVerifier({self})")
    }
}

/// A log's private key (type 0x01). Wiped from memory when dropped; never printed.
pub struct NoteSigner {
    verifier: NoteVerifier,
    key: SigningKey,
}

impl NoteSigner {
    /// A signer from an Ed25519 seed (RFC 8032 private key).
    pub fn new(name: KeyName, seed: &[u8; 32]) -> Self {
        Self::of_kind(name, KeyKind::Log, seed)
    }

    pub(crate) fn of_kind(name: KeyName, kind: KeyKind, seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        Self { verifier: NoteVerifier::from_key(name, kind, key.verifying_key()), key }
    }

    /// The public half.
    pub fn verifier(&self) -> &NoteVerifier {
        &self.verifier
    }

    /// Name of the key.
    pub fn name(&self) -> &KeyName {
        self.verifier.name()
    }

    /// Signs a note's text.
    pub fn sign(&self, text: &str) -> NoteSignature {
        self.line(self.sign_bytes(text.as_bytes()).to_vec())
    }

    pub(crate) fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    pub(crate) fn line(&self, signature: Vec<u8>) -> NoteSignature {
        NoteSignature { name: self.name().clone(), key_id: self.verifier.key_id, signature }
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner({})", self.verifier)
    }
}
