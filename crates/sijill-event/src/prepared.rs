//! Checking a great many signatures of few keys: the audit of a whole ledger.
//!
//! The verdict is that of [`PublicKey::verify`], signature by signature. It is *not* the usual batch
//! verification, which adds all equations up with random weights and whose verdict on one signature can
//! depend on its neighbours; here only field inversions are shared.
//!
//! `verify_strict` decompresses R to see whether its order is small, and divides once to compress the
//! R it expects. Neither is needed: the eight points of small order are a list of bytes, and a whole batch
//! is compressed with one division.

use curve25519_dalek::constants::{ED25519_BASEPOINT_TABLE, EIGHT_TORSION};
use curve25519_dalek::edwards::{EdwardsBasepointTableRadix32, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::BasepointTable;
use sha2::{Digest as _, Sha512};
use std::fmt;
use std::sync::LazyLock;

use crate::PublicKey;
use crate::key::{scalar, split_signature};

/// Points compressed with one division; more gain nothing.
const BATCH: usize = 256;

/// The canonical encodings of the points of small order. Others are equal to no computed R anyway.
static SMALL_ORDER: LazyLock<[[u8; 32]; 8]> =
    LazyLock::new(|| EIGHT_TORSION.map(|point| point.compress().to_bytes()));

/// A public key made ready to check signatures in [`verify_batch`].
pub struct PreparedKey {
    key: PublicKey,
    minus_a: EdwardsPoint,
    multiples: Option<Box<EdwardsBasepointTableRadix32>>,
}

impl PreparedKey {
    /// Ready at once, for a key that signed little.
    pub fn new(key: &PublicKey) -> Self {
        Self { key: key.clone(), minus_a: -key.point(), multiples: None }
    }

    /// With a table of the key's multiples: 60 KiB, and as much work as fifty signatures, after which each one
    /// costs a quarter less. Worth it for a key that signed more than some 250.
    pub fn with_table(key: &PublicKey) -> Self {
        let minus_a = -key.point();
        let multiples = Some(Box::new(EdwardsBasepointTableRadix32::create(&minus_a)));
        Self { key: key.clone(), minus_a, multiples }
    }

    /// The key.
    pub fn public(&self) -> &PublicKey {
        &self.key
    }

    /// `S·B − k·A`
    fn expected_r(&self, s: &Scalar, k: &Scalar) -> EdwardsPoint {
        match &self.multiples {
            Some(multiples) => ED25519_BASEPOINT_TABLE.mul_base(s) + multiples.mul_base(k),
            None => EdwardsPoint::vartime_double_scalar_mul_basepoint(k, &self.minus_a, s),
        }
    }
}

impl fmt::Debug for PreparedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedKey({}, table: {})", self.key.kid(), self.multiples.is_some())
    }
}

/// For each (key, message, signature): whether [`PublicKey::verify`] would accept it.
pub fn verify_batch(signed: &[(&PreparedKey, &[u8], &[u8; 64])]) -> Vec<bool> {
    signed.chunks(BATCH).flat_map(verify_chunk).collect()
}

fn verify_chunk(signed: &[(&PreparedKey, &[u8], &[u8; 64])]) -> Vec<bool> {
    let mut claimed = Vec::with_capacity(signed.len());
    let mut expected = Vec::with_capacity(signed.len());
    for (position, (key, message, signature)) in signed.iter().enumerate() {
        let (r, s) = split_signature(signature);
        let Some(s) = scalar(s).filter(|_| !SMALL_ORDER.contains(&r)) else { continue };
        let k = Sha512::new().chain_update(r).chain_update(key.key.as_bytes()).chain_update(message);
        claimed.push((position, r));
        expected.push(key.expected_r(&s, &Scalar::from_hash(k)));
    }
    let mut valid = vec![false; signed.len()];
    for ((position, r), expected) in claimed.iter().zip(EdwardsPoint::compress_batch_alloc(&expected)) {
        if let Some(verdict) = valid.get_mut(*position) {
            *verdict = expected.as_bytes() == r;
        }
    }
    valid
}
