//! Ed25519 keys as JWKs (RFC 8037), their thumbprints (RFC 7638), and the one predicate for signatures.

use std::fmt;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{Signer, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::{Digest, EventError, Json, b64};

/// A key's name: the RFC 7638 thumbprint of its JWK, 43 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kid([u8; 32]);

impl Kid {
    /// Reads the text form. Refused: `base64url`.
    pub fn parse(text: &str) -> Result<Self, EventError> {
        b64::decode_array(text, "a key id").map(Self)
    }

    /// The thumbprint's 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&b64::encode(self.0))
    }
}

impl fmt::Debug for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kid({self})")
    }
}

impl Serialize for Kid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Kid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A public key that signatures can be checked against: canonical and not of small order.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    kid: Kid,
}

impl PublicKey {
    /// From the 32 bytes of RFC 8032. Refused: `key-not-on-curve`, `key-not-canonical`, `key-small-order`.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, EventError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| EventError::KeyNotOnCurve)?;
        // The library accepts a second spelling of some points (ZIP 215); the kid would then differ.
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(EventError::KeyNotCanonical);
        }
        Self::from_canonical(key)
    }

    fn from_canonical(key: VerifyingKey) -> Result<Self, EventError> {
        if key.is_weak() {
            return Err(EventError::KeySmallOrder);
        }
        let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, b64::encode(key.as_bytes()));
        Ok(Self { key, kid: Kid(Digest::of(jwk).0) })
    }

    /// From a JWK of exactly `crv`, `kty` and `x`, in any order. Refused: `key-jwk`, `key-encoding`, and as
    /// [`from_bytes`](Self::from_bytes).
    pub fn from_jwk(jwk: &Json) -> Result<Self, EventError> {
        let text = |name| jwk.get(name).and_then(Json::as_str).ok_or(EventError::KeyJwk);
        let exact = jwk.as_object().is_some_and(|members| members.len() == 3);
        if !exact || text("crv")? != "Ed25519" || text("kty")? != "OKP" {
            return Err(EventError::KeyJwk);
        }
        let bytes = b64::decode_array(text("x")?, "x").map_err(|_| EventError::KeyEncoding)?;
        Self::from_bytes(&bytes)
    }

    /// The JWK, members in the order its thumbprint hashes them.
    pub fn to_jwk(&self) -> Json {
        Json::object([
            ("crv", "Ed25519".into()),
            ("kty", "OKP".into()),
            ("x", b64::encode(self.as_bytes()).into()),
        ])
    }

    /// The key's name.
    pub fn kid(&self) -> Kid {
        self.kid
    }

    /// The 32 bytes of RFC 8032.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    pub(crate) fn point(&self) -> EdwardsPoint {
        self.key.to_edwards()
    }

    /// Whether `signature` over `message` is valid in the ledger's sense (`docs/ledger-format.md` §2):
    /// S < L, R canonical and not of small order, `R = S·B − H(R‖A‖M)·A` as bytes, without cofactor.
    ///
    /// Refused: `signature-s`, `signature-r-small-order`, `signature-mismatch`.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), EventError> {
        let strict = ed25519_dalek::Signature::from_bytes(signature);
        self.key.verify_strict(message, &strict).map_err(|_| why_invalid(signature))
    }
}

/// Which condition a signature that `verify_strict` refused fails first.
fn why_invalid(signature: &[u8; 64]) -> EventError {
    let (r, s) = split_signature(signature);
    if scalar(s).is_none() {
        EventError::SignatureS
    } else if CompressedEdwardsY(r).decompress().is_some_and(|point| point.is_small_order()) {
        EventError::SignatureRSmallOrder
    } else {
        EventError::SignatureMismatch
    }
}

/// The two halves of a signature, R and S.
pub(crate) fn split_signature(signature: &[u8; 64]) -> ([u8; 32], [u8; 32]) {
    let mut halves = ([0; 32], [0; 32]);
    let (r, s) = signature.split_at(32);
    halves.0.copy_from_slice(r);
    halves.1.copy_from_slice(s);
    halves
}

/// S as a number below the group order L, if it is.
pub(crate) fn scalar(s: [u8; 32]) -> Option<Scalar> {
    Scalar::from_canonical_bytes(s).into_option()
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.kid)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_jwk().serialize(serializer)
    }
}

/// A private key. It is wiped from memory when dropped, and `Debug` shows its public half only.
#[derive(Clone)]
pub struct SigningKey {
    secret: ed25519_dalek::SigningKey,
    public: PublicKey,
}

impl SigningKey {
    /// From the 32-byte seed of RFC 8032 (`d` of a private JWK). Refused is only what no seed gives in
    /// practice: one whose public key is of small order, `key-small-order`.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, EventError> {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = PublicKey::from_canonical(secret.verifying_key())?;
        Ok(Self { secret, public })
    }

    /// A new key from the operating system's random bytes. Refused: `random-source`.
    pub fn generate() -> Result<Self, EventError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(|_| EventError::RandomSource)?;
        Self::from_seed(&seed)
    }

    /// The seed, to be stored where the key lives. It is the secret.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.secret.to_bytes())
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature over `message` (RFC 8032, deterministic).
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, secret)", self.public.kid)
    }
}

/// What a key signs to prove that whoever registers it holds it (Annex A). `officer` is `root` for an
/// agency's root key; for a service key `agency` is `ledger` and `officer` the service.
pub fn possession_message(origin: &str, agency: &str, officer: &str, kid: Kid) -> Vec<u8> {
    format!("sijill-key-possession/v1\n{origin}\n{agency}\n{officer}\n{kid}\n").into_bytes()
}
