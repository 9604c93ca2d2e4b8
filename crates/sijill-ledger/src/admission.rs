//! Admission: everything that can be checked on an event by itself, in parallel and without the database.
//!
//! A key that an entry of the same batch is about to introduce is not known yet; such an event passes with its
//! signature unchecked, and [`crate::sequence`] checks it at its position.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use sijill_casework::catalogue::{self, Facts};
use sijill_domain::Registry;
use sijill_event::{Digest, Event, Json, Kid, PreparedKey, PublicKey, SdJwt, verify_batch};
use sijill_store::MatchKey;

use crate::casework::case_id;
use crate::error::{Own, Refused};
use crate::match_key::{Child, Matching};
use crate::vault::{SealedEvent, Vault, VaultError};

/// Signatures whose points are compressed together; larger groups gain nothing measurable.
const GROUP: usize = 64;
/// A key's table of multiples costs about as much as two or three verifications.
const USES_BEFORE_TABLE: u32 = 10;
/// Prepared keys kept (60 kB each at most).
const PREPARED: usize = 1_024;

/// An event that is well formed, with its disclosures complete and sealed.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) event: Event,
    pub(crate) hash: Digest,
    /// The key its signature was checked with, if the registry knew one for its `kid` at admission.
    pub(crate) verified: bool,
    pub(crate) sealed: Option<SealedEvent>,
    /// Attachments its disclosures cite.
    pub(crate) attachments: Vec<[u8; 32]>,
    /// What the child it tells of is found by.
    pub(crate) match_keys: Vec<MatchKey>,
    /// What the rules of casework need of it; `None` where they are not in force, or it is of no case.
    pub(crate) casework: Option<Casework>,
}

/// What the rules of casework need of an event beside the event.
#[derive(Debug)]
pub(crate) struct Casework {
    /// Its casework values.
    pub(crate) facts: Facts,
    /// Whether all of it is what its type lists: afterwards the other classes' values are sealed.
    pub(crate) checked: Result<(), sijill_casework::Refusal>,
}

impl Admitted {
    /// An event that a service of this ledger has just signed.
    pub(crate) fn of_service(sd_jwt: SdJwt, vault: &Vault) -> Result<Self, VaultError> {
        let texts: Vec<(Digest, &str)> =
            sd_jwt.disclosures.iter().map(|(_, d)| (d.digest(), d.encoded())).collect();
        let sealed = vault.seal(&sd_jwt.event, &texts)?;
        let hash = sd_jwt.event.hash();
        Ok(Self {
            event: sd_jwt.event,
            hash,
            verified: true,
            sealed,
            attachments: Vec::new(),
            match_keys: Vec::new(),
            casework: None,
        })
    }
}

fn casework(sd_jwt: &SdJwt) -> Casework {
    let event = &sd_jwt.event;
    let unknown = || sijill_casework::Refusal::TypeUnknown { kind: event.event_type.clone(), v: event.v };
    let spec = catalogue::spec(&event.event_type, event.v).ok_or_else(unknown);
    let checked = spec.and_then(|spec| spec.check(sd_jwt));
    Casework { facts: Facts::of(sd_jwt), checked }
}

/// The admission desk of one ledger.
pub(crate) struct Admission {
    origin: String,
    vault: Vault,
    matching: Matching,
    prepared: Mutex<HashMap<Kid, (u32, Arc<PreparedKey>)>>,
}

impl Admission {
    pub(crate) fn new(origin: impl Into<String>, vault: Vault) -> Self {
        let matching = vault.matching();
        Self { origin: origin.into(), vault, matching, prepared: Mutex::default() }
    }

    /// Admits or refuses each text by itself, in order, on all cores.
    pub(crate) fn admit_all(&self, texts: &[String], registry: &Registry) -> Vec<Result<Admitted, Refused>> {
        texts.par_chunks(GROUP).flat_map_iter(|group| self.admit_group(group, registry)).collect()
    }

    /// The same for a few texts, on this thread.
    pub(crate) fn admit_group(
        &self,
        texts: &[String],
        registry: &Registry,
    ) -> Vec<Result<Admitted, Refused>> {
        let parsed: Vec<Result<SdJwt, Refused>> = texts.iter().map(|t| self.parse(t)).collect();
        let verdicts = self.verify(&parsed, registry);
        let ruled = registry.rules() == Some(2);
        parsed.into_iter().zip(verdicts).map(|(p, verified)| self.finish(p?, verified?, ruled)).collect()
    }

    fn parse(&self, text: &str) -> Result<SdJwt, Refused> {
        let sd_jwt = SdJwt::parse(text)?;
        if sd_jwt.event.aud != self.origin {
            return Err(Own::WrongAudience.because(format!(
                "the event is addressed to another ledger; this one is `{}`",
                self.origin
            )));
        }
        Ok(sd_jwt)
    }

    /// For each parsed event whether its signature was found good; `Ok(false)` where the key is not known yet.
    fn verify(&self, parsed: &[Result<SdJwt, Refused>], registry: &Registry) -> Vec<Result<bool, Refused>> {
        let mut verdicts: Vec<Result<bool, Refused>> = parsed.iter().map(|_| Ok(false)).collect();
        let mut prepared = Vec::new();
        for (i, parsed) in parsed.iter().enumerate() {
            let Ok(SdJwt { event, .. }) = parsed else { continue };
            let Some(record) = registry.key(&event.kid) else { continue };
            prepared.push((i, event, self.prepare(&event.kid, &record.key)));
        }
        let group: Vec<(&PreparedKey, &[u8], &[u8; 64])> = prepared
            .iter()
            .map(|(_, e, key)| (&**key, e.signing_input().as_bytes(), e.signature()))
            .collect();
        for ((i, event, key), good) in prepared.iter().zip(verify_batch(&group)) {
            // The plain way says *why* a signature is bad; it is taken only for those that are.
            let verdict = if good { Ok(()) } else { event.verify(key.public()) };
            if let Some(slot) = verdicts.get_mut(*i) {
                *slot = verdict.map(|()| true).map_err(Refused::from);
            }
        }
        verdicts
    }

    /// The key made ready, with a table of its multiples once it has proved worth one.
    fn prepare(&self, kid: &Kid, key: &PublicKey) -> Arc<PreparedKey> {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if prepared.len() >= PREPARED && !prepared.contains_key(kid) {
            prepared.clear();
        }
        let (uses, ready) = prepared.entry(*kid).or_insert_with(|| (0, Arc::new(PreparedKey::new(key))));
        *uses += 1;
        if *uses == USES_BEFORE_TABLE {
            *ready = Arc::new(PreparedKey::with_table(key));
        }
        Arc::clone(ready)
    }

    fn finish(&self, sd_jwt: SdJwt, verified: bool, ruled: bool) -> Result<Admitted, Refused> {
        let casework = (ruled && case_id(&sd_jwt.event.stream).is_some()).then(|| casework(&sd_jwt));
        let match_keys = if casework.is_some() { self.match_keys(&sd_jwt) } else { Vec::new() };
        let SdJwt { event, disclosures } = sd_jwt;
        let texts: Vec<(Digest, &str)> = disclosures.iter().map(|(_, d)| (d.digest(), d.encoded())).collect();
        let attachments = disclosures.iter().filter_map(|(_, d)| cited(&d.value)).collect();
        let sealed = self.vault.seal(&event, &texts).map_err(|e| Refused::unavailable(e.to_string()))?;
        Ok(Admitted { hash: event.hash(), event, verified, sealed, attachments, match_keys, casework })
    }

    /// While its values are in the clear: afterwards they are sealed.
    fn match_keys(&self, sd_jwt: &SdJwt) -> Vec<MatchKey> {
        match_keys_of(&self.matching, sd_jwt)
    }
}

/// What the child of an event is found by, if it tells of one.
pub(crate) fn match_keys_of(matching: &Matching, sd_jwt: &SdJwt) -> Vec<MatchKey> {
    let child = Child::of(sd_jwt).filter(|_| !Child::is_asked_for(&sd_jwt.event.event_type));
    child.map_or_else(Vec::new, |child| matching.keys(&child))
}

/// The attachment a disclosed value cites: `{"attachment": digest, …}`.
fn cited(value: &Json) -> Option<[u8; 32]> {
    let digest = value.get("attachment")?.as_str()?;
    Digest::parse(digest).ok().map(|d| d.0)
}
