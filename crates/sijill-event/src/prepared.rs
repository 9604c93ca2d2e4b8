//! Checking a great many signatures of few keys: the audit of a whole ledger.
//!
//! The verdict is that of [`PublicKey::verify`], signature by signature. It is *not* the usual batch
//! verification, which adds all equations up with random weights and whose verdict on one signature can
//! depend on its neighbours; here only field inversions are shared.
//!
//! `verify_strict` decompresses R to see whether its order is small, and divides once to compress the
//! R it expects. Neither is needed: the eight points of small order are a list of bytes, and a whole batch
//! is compressed with one division. What is left is `S·B − k·A`, which becomes a sum of some eighty table
//! entries once a key's multiples are at hand. Everything here is public, so nothing needs constant time.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use sha2::{Digest as _, Sha512};
use std::fmt;
use std::sync::LazyLock;

use crate::PublicKey;
use crate::key::{scalar, split_signature};

/// Points compressed with one division; more gain nothing.
const BATCH: usize = 256;

/// Digits of a number in the smallest base in use.
const MOST_DIGITS: usize = 51;

/// The canonical encodings of the points of small order. Others are equal to no computed R anyway.
static SMALL_ORDER: LazyLock<[[u8; 32]; 8]> =
    LazyLock::new(|| EIGHT_TORSION.map(|point| point.compress().to_bytes()));

/// Multiples of the base point for digits of 8 bits: 640 KiB, shared by all keys.
static BASE: LazyLock<Multiples> = LazyLock::new(|| Multiples::of(&ED25519_BASEPOINT_POINT, 8, 1));

/// A public key made ready to check signatures in [`verify_batch`].
pub struct PreparedKey {
    key: PublicKey,
    minus_a: EdwardsPoint,
    multiples: Option<Multiples>,
}

impl PreparedKey {
    /// Ready at once, for a key that signed little.
    pub fn new(key: &PublicKey) -> Self {
        Self { key: key.clone(), minus_a: -key.point(), multiples: None }
    }

    /// With a table of the key's multiples: 65 KiB, and as much work as two or three signatures, after which
    /// each one takes less than half. For a key that signed ten or more.
    pub fn with_table(key: &PublicKey) -> Self {
        let minus_a = -key.point();
        Self { key: key.clone(), minus_a, multiples: Some(Multiples::of(&minus_a, 5, 2)) }
    }

    /// The key.
    pub fn public(&self) -> &PublicKey {
        &self.key
    }

    /// `S·B − k·A`
    fn expected_r(&self, s: &Scalar, k: &Scalar) -> EdwardsPoint {
        match &self.multiples {
            Some(multiples) => BASE.add_multiple(s, multiples.add_multiple(k, EdwardsPoint::identity())),
            None => EdwardsPoint::vartime_double_scalar_mul_basepoint(k, &self.minus_a, s),
        }
    }
}

impl fmt::Debug for PreparedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedKey({}, table: {})", self.key.kid(), self.multiples.is_some())
    }
}

/// Multiples of a point P from which any other is summed up: for every `stride`-th position i of a digit in
/// base b = 2^`bits`, the points 1·bⁱ·P to (b/2)·bⁱ·P.
struct Multiples {
    bits: usize,
    stride: usize,
    rows: Vec<Vec<EdwardsPoint>>,
}

impl Multiples {
    fn of(point: &EdwardsPoint, bits: usize, stride: usize) -> Self {
        let mut rows = Vec::new();
        let mut unit = *point;
        for _ in 0..digits_in(bits).div_ceil(stride) {
            let mut row = Vec::with_capacity(1 << (bits - 1));
            let mut multiple = EdwardsPoint::identity();
            for _ in 0..1 << (bits - 1) {
                multiple += unit;
                row.push(multiple);
            }
            // Twice b/2 units are b; the next row's unit is b^stride of this one's.
            unit = (0..=bits * (stride - 1)).fold(multiple, |unit, _| unit + unit);
            rows.push(row);
        }
        Self { bits, stride, rows }
    }

    /// `start` + `number`·P. With a stride above 1, `start` has to be the identity.
    fn add_multiple(&self, number: &Scalar, start: EdwardsPoint) -> EdwardsPoint {
        let digits = signed_digits(number, self.bits);
        let mut sum = start;
        for phase in (0..self.stride).rev() {
            for (row, digit) in self.rows.iter().zip(digits.iter().skip(phase).step_by(self.stride)) {
                let multiple = usize::from(digit.unsigned_abs()).checked_sub(1).and_then(|at| row.get(at));
                if let Some(multiple) = multiple {
                    sum = if *digit < 0 { sum - multiple } else { sum + multiple };
                }
            }
            if phase > 0 {
                sum = (0..self.bits).fold(sum, |sum, _| sum + sum);
            }
        }
        sum
    }
}

/// How many digits a number below 2^253 has in base 2^`bits`. The group order is little above 2^252, so that the
/// highest digit is small and a carry into it stays there.
fn digits_in(bits: usize) -> usize {
    253_usize.div_ceil(bits)
}

/// A number below the group order in base 2^`bits`, lowest digit first, each from −2^(bits−1) to 2^(bits−1).
fn signed_digits(number: &Scalar, bits: usize) -> [i16; MOST_DIGITS] {
    let mut bytes = [0; 33];
    bytes[..32].copy_from_slice(number.as_bytes());
    let mut digits = [0; MOST_DIGITS];
    let (base, mut carry) = (1_i16 << bits, 0);
    let mask = base.cast_unsigned() - 1;
    for (position, digit) in digits.iter_mut().enumerate().take(digits_in(bits)) {
        let (byte, shift) = (position * bits / 8, position * bits % 8);
        let window = bytes.get(byte..byte + 2).map_or(0, |pair| u16::from_le_bytes([pair[0], pair[1]]));
        *digit = (window >> shift & mask).cast_signed() + carry;
        carry = i16::from(*digit > base / 2);
        *digit -= carry * base;
    }
    digits
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
