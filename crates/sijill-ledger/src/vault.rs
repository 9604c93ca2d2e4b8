//! The disclosure vault: values are encrypted at rest, a data key per entry, and the data keys live in a key
//! store apart from the database, wrapped by a master key.
//!
//! ```text
//! ciphertext = nonce (24) ‖ XChaCha20-Poly1305(data key, disclosure; associated data below)
//! associated = "sijill-disclosure/1\n" origin "\n" stream "\n" jti "\n" digest "\n"
//! wrapped    = nonce (24) ‖ XChaCha20-Poly1305(master key, data key; "sijill-data-key/1\n" origin "\n" key id)
//! ```
//!
//! The associated data binds a ciphertext to its entry: moved to another entry it does not open. Erasing is
//! destroying ciphertext *and* data key: a database backup restored later yields nothing.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sijill_event::{Digest, Event, Uuid};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::match_key::Matching;

const NONCE: usize = 24;

/// What the vault can fail at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// A ciphertext or wrapped key does not open with this key and binding.
    #[error(
        "a sealed value does not open: it was altered, moved to another entry, or belongs to another master key"
    )]
    DoesNotOpen,
    /// The operating system gave no randomness.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
    /// The master key is not 32 bytes in base64url or hexadecimal.
    #[error("the master key must be 32 bytes, as base64url or hexadecimal")]
    MasterKey,
}

/// The key that wraps all data keys. From a file, the environment, or a KMS.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl MasterKey {
    /// A fresh one.
    pub fn generate() -> Result<Self, VaultError> {
        Ok(Self(random()?))
    }

    /// From its text form: base64url (43 characters) or hexadecimal (64).
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let text = text.trim();
        let bytes =
            if text.len() == 64 { hex(text) } else { sijill_event::b64::decode(text, "master key").ok() };
        bytes.and_then(|b| b.try_into().ok()).map(Self).ok_or(VaultError::MasterKey)
    }

    /// Its text form, for the key file.
    pub fn to_text(&self) -> String {
        sijill_event::b64::encode(self.0)
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    (0..text.len() / 2)
        .map(|i| text.get(2 * i..2 * i + 2).and_then(|d| u8::from_str_radix(d, 16).ok()))
        .collect()
}

/// The disclosures of one event, sealed, with their fresh data key wrapped for the key store.
#[derive(Debug)]
pub(crate) struct SealedEvent {
    pub(crate) key_id: [u8; 16],
    pub(crate) wrapped: Vec<u8>,
    pub(crate) disclosures: Vec<(Digest, Vec<u8>)>,
}

/// A data key in the clear, while it is in use.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct DataKey([u8; 32]);

impl DataKey {
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Seals and opens disclosures of one ledger.
#[derive(Debug, Clone)]
pub struct Vault {
    master: MasterKey,
    origin: String,
}

impl Vault {
    /// The vault of the ledger `origin`.
    pub fn new(master: MasterKey, origin: impl Into<String>) -> Self {
        Self { master, origin: origin.into() }
    }

    /// What makes this ledger's match keys.
    pub(crate) fn matching(&self) -> Matching {
        Matching::derived(&self.master.0, &format!("sijill-match-key/1\n{}\n", self.origin))
    }

    /// A fresh data key that will be held as `id`: its wrapped form, and the key.
    pub(crate) fn fresh_key(&self, id: &[u8; 16]) -> Result<(Vec<u8>, DataKey), VaultError> {
        let key = DataKey(random()?);
        let wrapped = encrypt(&self.master.0, &key.0, &self.key_binding(id))?;
        Ok((wrapped, key))
    }

    /// Opens a wrapped data key.
    pub(crate) fn unwrap_key(&self, id: &[u8; 16], wrapped: &[u8]) -> Result<DataKey, VaultError> {
        let mut key = decrypt(&self.master.0, wrapped, &self.key_binding(id))?;
        let data_key = <[u8; 32]>::try_from(key.as_slice()).map(DataKey).map_err(|_| VaultError::DoesNotOpen);
        key.zeroize();
        data_key
    }

    /// Seals all disclosures of `event` under one fresh key; `None` if it has none.
    pub(crate) fn seal(
        &self,
        event: &Event,
        disclosures: &[(Digest, &str)],
    ) -> Result<Option<SealedEvent>, VaultError> {
        if disclosures.is_empty() {
            return Ok(None);
        }
        // Ordered by time, so that the key store grows at its end: among millions each random id would land on a page of
        // its own. Nothing rests on its being hard to guess.
        let key_id = Uuid::now_v7().into_bytes();
        let (wrapped, key) = self.fresh_key(&key_id)?;
        let disclosures = disclosures
            .iter()
            .map(|(digest, text)| {
                Ok((*digest, encrypt(key.bytes(), text.as_bytes(), &self.binding(event, digest))?))
            })
            .collect::<Result<_, VaultError>>()?;
        Ok(Some(SealedEvent { key_id, wrapped, disclosures }))
    }

    /// Opens one sealed disclosure of `event`: its text as it was delivered.
    ///
    /// # Errors
    /// [`VaultError::DoesNotOpen`] if key, ciphertext or binding differ from what was sealed.
    pub fn open(
        &self,
        event: &Event,
        digest: &Digest,
        key_id: &[u8; 16],
        wrapped: &[u8],
        ciphertext: &[u8],
    ) -> Result<String, VaultError> {
        let key = self.unwrap_key(key_id, wrapped)?;
        self.open_with(event, digest, &key, ciphertext)
    }

    /// Opens one sealed disclosure of `event` with its data key.
    pub(crate) fn open_with(
        &self,
        event: &Event,
        digest: &Digest,
        key: &DataKey,
        ciphertext: &[u8],
    ) -> Result<String, VaultError> {
        let text = decrypt(key.bytes(), ciphertext, &self.binding(event, digest))?;
        String::from_utf8(text).map_err(|_| VaultError::DoesNotOpen)
    }

    fn binding(&self, event: &Event, digest: &Digest) -> Vec<u8> {
        format!("sijill-disclosure/1\n{}\n{}\n{}\n{digest}\n", self.origin, event.stream, event.jti)
            .into_bytes()
    }

    fn key_binding(&self, id: &[u8; 16]) -> Vec<u8> {
        format!("sijill-data-key/1\n{}\n{}\n", self.origin, sijill_event::b64::encode(id)).into_bytes()
    }
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::NoRandomness)?;
    Ok(bytes)
}

fn encrypt(key: &[u8; 32], message: &[u8], associated: &[u8]) -> Result<Vec<u8>, VaultError> {
    let nonce = random::<NONCE>()?;
    let sealed = XChaCha20Poly1305::new(key.into())
        .encrypt(&XNonce::from(nonce), Payload { msg: message, aad: associated })
        .map_err(|_| VaultError::DoesNotOpen)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn decrypt(key: &[u8; 32], sealed: &[u8], associated: &[u8]) -> Result<Vec<u8>, VaultError> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE>().ok_or(VaultError::DoesNotOpen)?;
    XChaCha20Poly1305::new(key.into())
        .decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: associated })
        .map_err(|_| VaultError::DoesNotOpen)
}
