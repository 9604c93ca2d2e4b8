//! Challenges of the sign-in: good for one site, two minutes, one use.
//!
//! A nonce carries its own end and a MAC, so asking for one costs the server nothing to remember. Only those that a
//! registered key has signed are remembered, until they end: nobody without a key can fill the memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sijill_event::{Kid, b64};

use crate::desk::Office;
use crate::{DeskError, frame, secret};

/// How long a challenge can be answered, milliseconds.
pub(crate) const LIFE_MS: u64 = 120_000;

const RANDOM: usize = 16;
const END: usize = RANDOM + 8;
const LENGTH: usize = END + 32;

pub(crate) struct Challenges {
    secret: [u8; 32],
    /// Nonces that were used, until when they must be remembered.
    used: Mutex<HashMap<[u8; RANDOM], u64>>,
}

impl Challenges {
    pub(crate) fn new() -> Result<Self, DeskError> {
        Ok(Self { secret: secret::random()?, used: Mutex::default() })
    }

    /// A nonce for a page of this site.
    pub(crate) fn issue(&self, site: &str, now: u64) -> Result<String, DeskError> {
        let random = secret::random()?;
        let mut nonce = [0; LENGTH];
        nonce[..RANDOM].copy_from_slice(&random[..RANDOM]);
        nonce[RANDOM..END].copy_from_slice(&(now.saturating_add(LIFE_MS)).to_be_bytes());
        let mac = self.mac(&nonce[..END], site).finalize().into_bytes();
        nonce[END..].copy_from_slice(&mac);
        Ok(b64::encode(nonce))
    }

    /// Whether this nonce was issued for the site and has not ended.
    pub(crate) fn check(&self, nonce: &str, site: &str, now: u64) -> Result<(), DeskError> {
        let nonce: [u8; LENGTH] =
            b64::decode_array(nonce, "a nonce").map_err(|_| DeskError::ChallengeUnknown)?;
        self.mac(&nonce[..END], site).verify_slice(&nonce[END..]).map_err(|_| DeskError::ChallengeUnknown)?;
        if ends(&nonce) <= now { Err(DeskError::ChallengeExpired) } else { Ok(()) }
    }

    /// Uses a nonce that was checked; the second time it is refused.
    pub(crate) fn redeem(&self, nonce: &str, now: u64) -> Result<(), DeskError> {
        let nonce: [u8; LENGTH] =
            b64::decode_array(nonce, "a nonce").map_err(|_| DeskError::ChallengeUnknown)?;
        let mut random = [0; RANDOM];
        random.copy_from_slice(&nonce[..RANDOM]);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, end| *end > now);
        match used.insert(random, ends(&nonce)) {
            None => Ok(()),
            Some(_) => Err(DeskError::ChallengeUsed),
        }
    }

    fn mac(&self, what: &[u8], site: &str) -> Hmac<Sha256> {
        // HMAC takes keys of any length; this one is 32 bytes.
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.secret).expect("any length");
        mac.update(what);
        mac.update(site.as_bytes());
        mac
    }
}

fn ends(nonce: &[u8; LENGTH]) -> u64 {
    let mut end = [0; 8];
    end.copy_from_slice(&nonce[RANDOM..END]);
    u64::from_be_bytes(end)
}

/// What comes back for a challenge.
pub(crate) struct Answered<'a> {
    pub(crate) nonce: &'a str,
    pub(crate) kid: &'a str,
    pub(crate) signature: &'a str,
}

impl Office {
    /// The registered key that signed, for a challenge of this site, what `message` makes of the site and the key. The
    /// challenge is used up. Whoever does not hold a registered key learns nothing about it.
    pub(crate) fn answered(
        &self,
        headers: &HeaderMap,
        answer: &Answered<'_>,
        message: impl FnOnce(&str, Kid) -> Vec<u8>,
    ) -> Result<Kid, DeskError> {
        let site = frame::site(self, headers).ok_or(DeskError::Site)?;
        let (challenges, now) = (self.challenges.as_ref().map_err(|error| *error)?, self.now()?);
        challenges.check(answer.nonce, site, now)?;
        let kid = Kid::parse(answer.kid).map_err(|_| DeskError::SignInRefused)?;
        let signature =
            b64::decode_array(answer.signature, "a signature").map_err(|_| DeskError::SignInRefused)?;
        let registry = self.desk.ledger.registry();
        let key = &registry.key(&kid).ok_or(DeskError::SignInRefused)?.key;
        key.verify(&message(site, kid), &signature).map_err(|_| DeskError::SignInRefused)?;
        challenges.redeem(answer.nonce, now)?;
        Ok(kid)
    }
}

/// What the browser signs. A first line of its own, so that it can be nothing else: no event, no proof of possession.
pub(crate) fn message(site: &str, nonce: &str, kid: Kid) -> Vec<u8> {
    format!("sijill-desk-sign-in/v1\n{site}\n{nonce}\n{kid}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "https://desk.example";

    #[test]
    fn a_challenge_is_good_for_its_site_its_time_and_one_use() {
        let challenges = Challenges::new().expect("randomness");
        let nonce = challenges.issue(SITE, 1_000).expect("a nonce");
        assert_ne!(nonce, challenges.issue(SITE, 1_000).expect("another"));
        let code = |result: Result<(), DeskError>| result.err().map(DeskError::code);
        assert_eq!(code(challenges.check(&nonce, SITE, 1_000 + LIFE_MS - 1)), None);
        assert_eq!(code(challenges.check(&nonce, SITE, 1_000 + LIFE_MS)), Some("challenge-expired"));
        assert_eq!(code(challenges.check(&nonce, "https://other.example", 1_000)), Some("challenge-unknown"));
        let other = Challenges::new().expect("randomness");
        assert_eq!(code(other.check(&nonce, SITE, 1_000)), Some("challenge-unknown"), "another server's");
        assert_eq!(code(challenges.redeem(&nonce, 1_000)), None);
        assert_eq!(code(challenges.redeem(&nonce, 1_000 + LIFE_MS - 1)), Some("challenge-used"));
    }

    #[test]
    fn a_nonce_whose_end_was_moved_is_unknown() {
        let challenges = Challenges::new().expect("randomness");
        let nonce = challenges.issue(SITE, 1_000).expect("a nonce");
        let mut bytes: [u8; LENGTH] = b64::decode_array(&nonce, "a nonce").expect("base64url");
        bytes[RANDOM] ^= 1;
        let moved = challenges.check(&b64::encode(bytes), SITE, 1_000);
        assert_eq!(moved.err().map(DeskError::code), Some("challenge-unknown"));
    }
}
