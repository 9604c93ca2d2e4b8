//! The ledger's services that act in cases, and the events they sign.

use sijill_casework::case::Act;
use sijill_casework::catalogue;
use sijill_domain::event::Service;
use sijill_event::{Digest, EventError, SdJwt, Seen, SigningKey, Stream, Uuid};
use sijill_store::Head;

use crate::error::LedgerError;
use crate::state::StreamEnd;
use crate::vault::Vault;

/// Who signs for the ledger.
pub(crate) struct Services {
    /// The ledger's name.
    pub(crate) origin: String,
    /// Seals what the acts disclose.
    pub(crate) vault: Vault,
    /// The automation's key.
    pub(crate) automation: Option<SigningKey>,
    /// The access service's key.
    pub(crate) access: Option<SigningKey>,
    /// What salts follow from, if the ledger is a made-up one.
    pub(crate) made_up: Option<[u8; 32]>,
}

/// Where an act goes.
pub(crate) struct Place<'a> {
    /// Its stream.
    pub(crate) stream: &'a Stream,
    /// The stream's end before it.
    pub(crate) end: Option<&'a StreamEnd>,
    /// The tree it has seen.
    pub(crate) seen: &'a Head,
    /// When it is sequenced, Unix milliseconds.
    pub(crate) received: u64,
}

impl Services {
    fn key(&self, service: Service) -> Result<&SigningKey, LedgerError> {
        let key = match service {
            Service::Automation => self.automation.as_ref(),
            Service::Access => self.access.as_ref(),
            _ => None,
        };
        key.ok_or(LedgerError::ServiceKey(service.as_str()))
    }

    /// Signs an act as the next event of its stream. Its idempotency key is fixed; its salts are not, so that a value
    /// cannot be guessed from its digest.
    pub(crate) fn sign(
        &self,
        service: Service,
        id: &str,
        act: &Act,
        place: &Place<'_>,
    ) -> Result<SdJwt, LedgerError> {
        let Place { stream, end, seen, received } = *place;
        let failed = |why: String| LedgerError::Act { event_type: act.event_type, why };
        let spec = catalogue::latest(act.event_type).ok_or_else(|| failed("no such type".into()))?;
        let draft = spec.draft(&act.values).map_err(|refusal| failed(refusal.to_string()))?;
        let (jti, key) = (act.jti(&self.origin, id), self.key(service)?);
        let draft = draft
            .author("ledger", service.as_str())
            .aud(&self.origin)
            .jti(jti)
            .iat(received / 1_000)
            .at(stream, end.map_or(0, |end| end.seq + 1), end.map(|end| end.last))
            .seen(Seen { size: seen.size, root: seen.root });
        let signed = match self.made_up {
            None => draft.sign(key),
            Some(seed) => draft.sign_salted(key, made_up_salts(seed, jti)),
        };
        signed.map_err(|error| failed(error.to_string()))
    }
}

/// The salts of a made-up ledger's event: hashes of the seed, the event's `jti` and a count.
fn made_up_salts(seed: [u8; 32], jti: Uuid) -> impl FnMut() -> Result<[u8; 16], EventError> {
    let mut count = 0_u32;
    move || {
        count += 1;
        let hash = Digest::of([&seed[..], jti.as_bytes(), &count.to_be_bytes()].concat());
        let mut salt = [0; 16];
        salt.copy_from_slice(&hash.as_bytes()[..16]);
        Ok(salt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_salts_repeat_themselves_and_none_is_another() {
        let salts = |seed: u8, jti: u128| {
            let mut draw = made_up_salts([seed; 32], Uuid::from_u128(jti));
            [draw().expect("a salt"), draw().expect("a salt")]
        };
        assert_eq!(salts(1, 1), salts(1, 1));
        let all: std::collections::BTreeSet<_> =
            [salts(1, 1), salts(1, 2), salts(2, 1)].into_iter().flatten().collect();
        assert_eq!(all.len(), 6);
    }
}
