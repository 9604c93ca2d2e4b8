//! Invitations: how a registrar and an officer's browser find each other before the officer's key is on the ledger.
//!
//! Held in this server's memory: at a restart open ones are lost, and the registrar invites again. Nothing rests on
//! them. What registers a key is the event the registrar signs, after comparing the key's fingerprint with the officer.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use sijill_domain::event::Role;
use sijill_domain::{AgencyId, OfficerId, Registry, UnitId};
use sijill_event::{Kid, PublicKey, b64, possession_message};

use crate::secret::{self, Kept};
use crate::{DeskError, desk::Office};

/// How long an invitation can be answered, and its answer be signed. Milliseconds.
pub(crate) const LIFE_MS: u64 = 24 * 3_600_000;
/// Invitations of one agency at once.
const PER_AGENCY: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invitation {
    pub(crate) agency: AgencyId,
    pub(crate) officer: OfficerId,
    /// What the officer is to be enrolled with; `None` if it is enrolled and this is for one more key.
    pub(crate) post: Option<Post>,
    /// Unix milliseconds.
    pub(crate) ends: u64,
    pub(crate) answer: Option<Answer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Post {
    pub(crate) unit: UnitId,
    pub(crate) roles: BTreeSet<Role>,
}

/// What whoever keeps an agency's registry signs to invite from a command line, with its own first line as all the desk has
/// signed. `unit` is empty and `roles` (their words, by commas) too if it is for one more key of an enrolled officer.
pub fn invitation_message(
    site: &str,
    nonce: &str,
    kid: Kid,
    officer: &str,
    unit: &str,
    roles: &str,
) -> Vec<u8> {
    format!("sijill-desk-invitation/v1\n{site}\n{nonce}\n{kid}\n{officer}\n{unit}\n{roles}\n").into_bytes()
}

/// The link of an invitation as a QR code of half blocks, light on dark; `None` if it is too long for one.
pub fn qr_for_terminal(link: &str) -> Option<String> {
    let code = QrCode::new(link).ok()?;
    // A terminal is dark as a rule, and its blocks are what shines: they are the light modules.
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

/// A key the officer's browser made, with the proof that it holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) key: PublicKey,
    /// base64url, as the event will hold it.
    pub(crate) proof: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Nobody has shown a key.
    Open,
    /// A key was shown; the registrar has not signed.
    Answered,
    /// The key is on the ledger.
    Done,
}

impl Invitation {
    pub(crate) fn state(&self, registry: &Registry) -> State {
        match &self.answer {
            None => State::Open,
            Some(answer) if registry.key(&answer.key.kid()).is_some() => State::Done,
            Some(_) => State::Answered,
        }
    }

    pub(crate) fn kid(&self) -> Option<Kid> {
        self.answer.as_ref().map(|answer| answer.key.kid())
    }
}

#[derive(Default)]
pub(crate) struct Invitations(Mutex<HashMap<Kept, Invitation>>);

impl Invitations {
    /// Makes one; the token is the officer's and shown once.
    pub(crate) fn make(&self, invitation: Invitation, now: u64) -> Result<String, DeskError> {
        let (token, kept) = secret::fresh()?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, held| held.ends > now);
        if all.values().filter(|held| held.agency == invitation.agency).count() >= PER_AGENCY {
            return Err(DeskError::InvitationsFull);
        }
        all.insert(kept, invitation);
        Ok(token)
    }

    pub(crate) fn by_token(&self, token: &str, now: u64) -> Result<Invitation, DeskError> {
        self.find(secret::kept(token), now)
    }

    fn find(&self, kept: Kept, now: u64) -> Result<Invitation, DeskError> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&kept).filter(|held| held.ends > now).cloned().ok_or(DeskError::InvitationUnknown)
    }

    /// An agency's, the one that ends first first. The id names an invitation and does not open it.
    pub(crate) fn of(&self, agency: &AgencyId, now: u64) -> Vec<(String, Invitation)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = all.iter().filter(|(_, held)| held.agency == *agency && held.ends > now);
        let mut mine: Vec<_> = mine.map(|(kept, held)| (b64::encode(kept), held.clone())).collect();
        mine.sort_by(|a, b| (a.1.ends, &a.0).cmp(&(b.1.ends, &b.0)));
        mine
    }

    /// By the id that [`of`](Self::of) gives; of this agency only.
    pub(crate) fn by_id(&self, id: &str, agency: &AgencyId, now: u64) -> Result<Invitation, DeskError> {
        let kept = b64::decode_array(id, "an id").map_err(|_| DeskError::InvitationUnknown)?;
        let found = self.find(kept, now)?;
        if found.agency == *agency { Ok(found) } else { Err(DeskError::InvitationUnknown) }
    }

    /// Takes one of this agency away.
    pub(crate) fn withdraw(&self, id: &str, agency: &AgencyId) {
        let Ok(kept) = b64::decode_array::<32>(id, "an id") else { return };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(&kept).is_some_and(|held| held.agency == *agency) {
            all.remove(&kept);
        }
    }

    /// Keeps a key for the registrar to sign. The same key again is fine: the first answer may have got lost.
    fn answer(&self, token: &str, answer: Answer, now: u64) -> Result<(), DeskError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.get_mut(&secret::kept(token)).filter(|held| held.ends > now);
        let held = held.ok_or(DeskError::InvitationUnknown)?;
        if held.kid().is_some_and(|kid| kid != answer.key.kid()) {
            return Err(DeskError::InvitationAnswered);
        }
        held.answer = Some(answer);
        Ok(())
    }
}

impl Office {
    /// Takes the key that an invited officer's browser made, if the browser proves that it holds it.
    pub(crate) fn take_key(&self, token: &str, key: PublicKey, proof: String) -> Result<(), DeskError> {
        let now = self.now()?;
        let invitation = self.invitations.by_token(token, now)?;
        let signature = b64::decode_array(&proof, "a proof").map_err(|_| DeskError::Possession)?;
        let (agency, officer) = (invitation.agency.as_str(), invitation.officer.as_str());
        let message = possession_message(self.desk.ledger.origin(), agency, officer, key.kid());
        key.verify(&message, &signature).map_err(|_| DeskError::Possession)?;
        if self.desk.ledger.registry().key(&key.kid()).is_some() {
            return Err(DeskError::KeyKnown);
        }
        self.invitations.answer(token, Answer { key, proof }, now)
    }
}

#[cfg(test)]
mod tests {
    use sijill_event::SigningKey;

    use super::*;

    fn invitation(agency: &str) -> Invitation {
        Invitation {
            agency: AgencyId::parse(agency).expect("id"),
            officer: OfficerId::parse("ana").expect("id"),
            post: None,
            ends: LIFE_MS,
            answer: None,
        }
    }

    fn answer() -> Answer {
        let key = SigningKey::generate().expect("randomness").public().clone();
        Answer { key, proof: String::new() }
    }

    #[test]
    fn a_token_opens_it_until_it_ends_or_is_withdrawn() {
        let invitations = Invitations::default();
        let held = invitation("moh");
        let token = invitations.make(held.clone(), 0).expect("room");
        assert_eq!(invitations.by_token(&token, LIFE_MS - 1), Ok(held.clone()));
        assert_eq!(invitations.by_token(&token, LIFE_MS), Err(DeskError::InvitationUnknown));
        let (id, _) = invitations.of(&held.agency, 0).remove(0);
        assert_eq!(invitations.by_token(&id, 0), Err(DeskError::InvitationUnknown), "an id is no token");
        let other = AgencyId::parse("rop").expect("id");
        assert_eq!(invitations.by_id(&id, &other, 0), Err(DeskError::InvitationUnknown));
        invitations.withdraw(&id, &other);
        assert_eq!(invitations.by_id(&id, &held.agency, 0), Ok(held.clone()));
        invitations.withdraw(&id, &held.agency);
        assert_eq!(invitations.by_token(&token, 0), Err(DeskError::InvitationUnknown));
    }

    #[test]
    fn the_first_key_stays() {
        let invitations = Invitations::default();
        let token = invitations.make(invitation("moh"), 0).expect("room");
        let first = answer();
        assert_eq!(invitations.answer(&token, first.clone(), 0), Ok(()));
        assert_eq!(invitations.answer(&token, first.clone(), 0), Ok(()), "its answer may have got lost");
        assert_eq!(invitations.answer(&token, answer(), 0), Err(DeskError::InvitationAnswered));
        assert_eq!(invitations.by_token(&token, 0).map(|held| held.kid()), Ok(Some(first.key.kid())));
    }

    #[test]
    fn an_agency_cannot_fill_the_memory() {
        let invitations = Invitations::default();
        for _ in 0..PER_AGENCY {
            invitations.make(invitation("moh"), 0).expect("room");
        }
        assert_eq!(invitations.make(invitation("moh"), 0), Err(DeskError::InvitationsFull));
        assert!(invitations.make(invitation("rop"), 0).is_ok());
        assert!(invitations.make(invitation("moh"), LIFE_MS).is_ok(), "ended ones make room");
    }
}
