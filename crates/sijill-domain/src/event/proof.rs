//! Proofs of possession: nobody registers a key that is not theirs (Annex A).

use std::fmt;

use sijill_event::{PublicKey, SigningKey, b64, possession_message};

use crate::Signer;

/// A signature by a key over the ledger, the agency and the officer it is registered for.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof([u8; 64]);

impl Proof {
    /// Proves that `key` belongs to `signer` on the ledger `origin`.
    pub fn new(key: &SigningKey, origin: &str, signer: &Signer) -> Self {
        let (agency, officer) = signer.iss_sub();
        Self(key.sign(&possession_message(origin, agency, officer, key.public().kid())))
    }

    /// Whether this proves that `key` belongs to `signer` on the ledger `origin`.
    pub fn holds(&self, origin: &str, signer: &Signer, key: &PublicKey) -> bool {
        let (agency, officer) = signer.iss_sub();
        key.verify(&possession_message(origin, agency, officer, key.kid()), &self.0).is_ok()
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        b64::decode_array(text, "a proof of possession").ok().map(Self)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&b64::encode(self.0))
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proof({self})")
    }
}

/// The public key of `key` and the proof that it is `signer`'s: the members `key` and `proof` of an event.
pub fn prove(key: &SigningKey, origin: &str, signer: &Signer) -> (PublicKey, Proof) {
    (key.public().clone(), Proof::new(key, origin, signer))
}
