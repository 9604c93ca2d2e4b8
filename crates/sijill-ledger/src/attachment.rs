//! Attachments: files of up to 20 MB, sealed in chunks while they arrive; never whole in memory.
//!
//! The chunks are a STREAM (XChaCha20-Poly1305, 32-bit counter, last-chunk flag) under a data key of their own: chunks
//! cannot be reordered, dropped or cut off unnoticed.

use aead_stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use sha2::{Digest as _, Sha256};
use sijill_event::{Digest, Uuid};
use sijill_store::{Finished, KeyStore, Store};

use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::vault::{DataKey, Vault, VaultError, random};

/// Largest attachment, bytes.
pub const ATTACHMENT_LIMIT: u64 = 20_000_000;
/// Plain bytes per sealed chunk.
const CHUNK: usize = 256 * 1024;
/// The STREAM nonce: 24 bytes less counter and flag.
const PREFIX: usize = 19;

/// An attachment in the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// SHA-256 of the plain bytes; an event cites it.
    pub digest: Digest,
    /// Plain size in bytes.
    pub size: u64,
}

/// A file as it is opened.
pub(crate) type Chunks = BoxStream<'static, Result<Vec<u8>, LedgerError>>;

/// Why an attachment was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AttachmentError {
    /// More than [`ATTACHMENT_LIMIT`] bytes.
    #[error("an attachment has at most {ATTACHMENT_LIMIT} bytes")]
    TooLarge,
    /// No bytes at all.
    #[error("an attachment has at least one byte")]
    Empty,
    /// A file with this digest was erased by order.
    #[error("this file was erased by order and is not taken again")]
    Erased,
    /// The upload broke off.
    #[error("the upload broke off: {0}")]
    Broken(String),
    /// Below.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Ledger {
    /// Takes a file into the vault.
    pub async fn put_attachment<S, B, E>(&self, body: S) -> Result<Attachment, AttachmentError>
    where
        S: Stream<Item = Result<B, E>> + Send,
        B: AsRef<[u8]> + Send,
        E: std::fmt::Display + Send,
    {
        let now = i64::try_from(self.now_ms() / 1_000).unwrap_or(i64::MAX);
        let upload = Uuid::new_v4();
        // Named as its upload: should the server die before that is finished, the sweep still knows which key to destroy.
        let key_id = upload.into_bytes();
        let (wrapped, key) = self.vault().fresh_key(&key_id).map_err(LedgerError::from)?;
        self.store().begin_attachment(upload, now).await.map_err(LedgerError::from)?;
        // An upload that breaks off is swept later; its key was never kept, so nothing opens what it left.
        let (digest, size) = seal_chunks(self.store(), upload, &key, body).await?;
        // Before the file is held: one that is held and has no key could be cited and never be read.
        self.keys().put(&[(key_id, wrapped)]).await.map_err(LedgerError::from)?;
        let finished = self
            .store()
            .finish_attachment(upload, digest.0, size, key_id)
            .await
            .map_err(LedgerError::from)?;
        match finished {
            Finished::Stored => {}
            Finished::AlreadyHeld | Finished::Erased => {
                self.keys().destroy(&[key_id]).await.map_err(LedgerError::from)?;
            }
        }
        if finished == Finished::Erased {
            return Err(AttachmentError::Erased);
        }
        Ok(Attachment { digest, size })
    }
}

impl Ledger {
    /// The plain bytes of an attachment, chunk by chunk; `None` if it is not held, or not any more. Whether anybody may see
    /// it is for the caller to know.
    pub(crate) async fn read_attachment(&self, digest: Digest) -> Result<Option<Chunks>, LedgerError> {
        let Some(held) = self.store().attachment(digest.0).await? else { return Ok(None) };
        let Some(key_id) = held.key_id else { return Ok(None) };
        let found = self.keys().get(&[key_id]).await?;
        let Some((_, wrapped)) = found.first() else { return Ok(None) };
        let opener = Opener::of(&self.vault().unwrap_key(&key_id, wrapped)?, held.chunks);
        let chunks =
            futures::stream::try_unfold((self.clone(), opener), move |(ledger, mut opener)| async move {
                let Some(number) = opener.next() else { return Ok(None) };
                let sealed = ledger.store().attachment_chunk(digest.0, number).await?;
                let plain = opener.open(&sealed.ok_or(VaultError::DoesNotOpen)?)?;
                Ok(Some((plain, (ledger, opener))))
            });
        Ok(Some(chunks.boxed()))
    }
}

async fn seal_chunks<S, B, E>(
    store: &dyn Store,
    upload: Uuid,
    key: &DataKey,
    body: S,
) -> Result<(Digest, u64), AttachmentError>
where
    S: Stream<Item = Result<B, E>> + Send,
    B: AsRef<[u8]> + Send,
    E: std::fmt::Display + Send,
{
    let mut body = std::pin::pin!(body);
    let prefix = random::<PREFIX>().map_err(LedgerError::from)?;
    let mut sealer = EncryptorBE32::from_aead(cipher(key), &prefix.into());
    let mut hash = Sha256::new();
    let (mut size, mut number) = (0_u64, 0_u32);
    let mut pending: Vec<u8> = Vec::with_capacity(CHUNK);
    while let Some(part) = body.next().await {
        let part = part.map_err(|e| AttachmentError::Broken(e.to_string()))?;
        let mut part = part.as_ref();
        size += part.len() as u64;
        if size > ATTACHMENT_LIMIT {
            return Err(AttachmentError::TooLarge);
        }
        hash.update(part);
        while !part.is_empty() {
            if pending.len() == CHUNK {
                let chunk = sealer.encrypt_next(pending.as_slice()).map_err(|_| broken())?;
                put(store, upload, number, &prefix, chunk).await?;
                number += 1;
                pending.clear();
            }
            let (now, rest) = part.split_at(part.len().min(CHUNK - pending.len()));
            pending.extend_from_slice(now);
            part = rest;
        }
    }
    if size == 0 {
        return Err(AttachmentError::Empty);
    }
    let chunk = sealer.encrypt_last(pending.as_slice()).map_err(|_| broken())?;
    put(store, upload, number, &prefix, chunk).await?;
    Ok((Digest(hash.finalize().into()), size))
}

/// The first chunk carries the nonce prefix.
async fn put(
    store: &dyn Store,
    upload: Uuid,
    number: u32,
    prefix: &[u8; PREFIX],
    sealed: Vec<u8>,
) -> Result<(), AttachmentError> {
    let bytes = if number == 0 { [prefix.as_slice(), &sealed].concat() } else { sealed };
    Ok(store.put_chunk(upload, number, &bytes).await.map_err(LedgerError::from)?)
}

impl Vault {
    /// Opens a whole attachment chunk by chunk and checks it against its digest and size.
    ///
    /// # Errors
    /// [`VaultError::DoesNotOpen`] if any chunk was altered, moved, dropped, or the bytes are not those of the digest.
    pub async fn check_attachment(
        &self,
        store: &dyn Store,
        keys: &dyn KeyStore,
        digest: Digest,
    ) -> Result<Result<(), VaultError>, LedgerError> {
        let Some(held) = store.attachment(digest.0).await? else { return Ok(Err(VaultError::DoesNotOpen)) };
        let Some(key_id) = held.key_id else { return Ok(Ok(())) };
        let found = keys.get(&[key_id]).await?;
        let Some(key) = found.first().and_then(|(_, wrapped)| self.unwrap_key(&key_id, wrapped).ok()) else {
            return Ok(Err(VaultError::DoesNotOpen));
        };
        let mut hash = Sha256::new();
        let mut size = 0_u64;
        let mut opener = Opener::of(&key, held.chunks);
        while let Some(number) = opener.next() {
            let Some(sealed) = store.attachment_chunk(digest.0, number).await? else {
                return Ok(Err(VaultError::DoesNotOpen));
            };
            let Ok(plain) = opener.open(&sealed) else { return Ok(Err(VaultError::DoesNotOpen)) };
            size += plain.len() as u64;
            hash.update(&plain);
        }
        let right = size == held.size && Digest(hash.finalize().into()) == digest;
        Ok(if right { Ok(()) } else { Err(VaultError::DoesNotOpen) })
    }
}

/// Opens the chunks of one attachment, in their order.
struct Opener {
    cipher: XChaCha20Poly1305,
    running: Option<DecryptorBE32<XChaCha20Poly1305>>,
    next: u32,
    chunks: u32,
}

impl Opener {
    fn of(key: &DataKey, chunks: u32) -> Self {
        Self { cipher: cipher(key), running: None, next: 0, chunks }
    }

    /// The number of the chunk that comes next; `None` after the last.
    fn next(&self) -> Option<u32> {
        (self.next < self.chunks).then_some(self.next)
    }

    /// Opens the chunk that comes next.
    fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (mut running, sealed) = if let Some(running) = self.running.take() {
            (running, sealed)
        } else {
            let (prefix, rest) = sealed.split_first_chunk::<PREFIX>().ok_or(VaultError::DoesNotOpen)?;
            (DecryptorBE32::from_aead(self.cipher.clone(), &(*prefix).into()), rest)
        };
        self.next += 1;
        if self.next == self.chunks {
            return running.decrypt_last(sealed).map_err(|_| VaultError::DoesNotOpen);
        }
        let plain = running.decrypt_next(sealed).map_err(|_| VaultError::DoesNotOpen);
        self.running = Some(running);
        plain
    }
}

fn cipher(key: &DataKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

fn broken() -> AttachmentError {
    AttachmentError::Broken("it could not be sealed".into())
}
