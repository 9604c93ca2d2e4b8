//! What whoever holds the master key can do to disclosures, written from the description in the ledger's `vault.rs`.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sijill_event::{Digest, Event, b64};

use sijill_tests::made::ORIGIN;

const NONCE: usize = 24;

/// Opens a data key.
pub(crate) fn unwrap_key(master: &[u8; 32], id: &[u8], wrapped: &[u8]) -> [u8; 32] {
    open(master, wrapped, &key_binding(id)).try_into().expect("32 bytes")
}

/// Wraps a data key.
pub(crate) fn wrap_key(master: &[u8; 32], id: &[u8], key: &[u8; 32], nonce: [u8; NONCE]) -> Vec<u8> {
    seal(master, key, &key_binding(id), nonce)
}

/// Opens a disclosure.
pub(crate) fn open_disclosure(key: &[u8; 32], event: &Event, digest: &[u8; 32], sealed: &[u8]) -> String {
    String::from_utf8(open(key, sealed, &binding(event, digest))).expect("UTF-8")
}

/// Seals what is to stand as the disclosure of `digest`.
pub(crate) fn seal_disclosure(
    key: &[u8; 32],
    event: &Event,
    digest: &[u8; 32],
    text: &str,
    nonce: [u8; NONCE],
) -> Vec<u8> {
    seal(key, text.as_bytes(), &binding(event, digest), nonce)
}

fn binding(event: &Event, digest: &[u8; 32]) -> Vec<u8> {
    let digest = Digest(*digest);
    format!("sijill-disclosure/1\n{ORIGIN}\n{}\n{}\n{digest}\n", event.stream, event.jti).into_bytes()
}

fn key_binding(id: &[u8]) -> Vec<u8> {
    format!("sijill-data-key/1\n{ORIGIN}\n{}\n", b64::encode(id)).into_bytes()
}

fn open(key: &[u8; 32], sealed: &[u8], associated: &[u8]) -> Vec<u8> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE>().expect("a nonce");
    let opened = XChaCha20Poly1305::new(key.into())
        .decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: associated });
    opened.expect("the operator holds the keys")
}

fn seal(key: &[u8; 32], message: &[u8], associated: &[u8], nonce: [u8; NONCE]) -> Vec<u8> {
    let sealed = XChaCha20Poly1305::new(key.into())
        .encrypt(&XNonce::from(nonce), Payload { msg: message, aad: associated });
    [nonce.as_slice(), &sealed.expect("it fits")].concat()
}
