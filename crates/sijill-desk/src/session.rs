//! Sessions: who is signed in, as long as the key they signed in with speaks for them.
//!
//! Held in this server's memory, by the hash of a random id: a restart signs everybody out, and several servers need
//! a balancer that keeps a browser on one of them.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use sijill_domain::event::Role;
use sijill_domain::{AgencyId, OfficerId, Registry, Signer, UnitId};
use sijill_event::Kid;

use crate::desk::Office;
use crate::{DeskError, cookie, secret};

/// Without a request for so long, a session ends. Milliseconds.
pub(crate) const IDLE_MS: u64 = 30 * 60_000;
/// However busy, it ends after this. Milliseconds; a long shift.
pub(crate) const LIFE_MS: u64 = 12 * 3_600_000;
/// What a page of the desk asks by itself has this header, and keeps no session from ending.
const BY_ITSELF: &str = "sijill-by";
/// Sessions of one key at once; the oldest makes room.
const PER_KEY: usize = 8;

/// Who is signed in: an officer whose key speaks for it now, with what it may do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The key signed in with, and to sign with.
    pub kid: Kid,
    /// `iss` of what it signs.
    pub agency: AgencyId,
    /// `sub` of what it signs.
    pub officer: OfficerId,
    /// What its agency is now: another, if it was merged.
    pub agency_now: AgencyId,
    /// The unit it works in.
    pub unit: UnitId,
    /// The roles it may use now: given to it, granted to its agency, not suspended.
    pub roles: BTreeSet<Role>,
}

impl Session {
    /// Who the key speaks for on this registry; `None` if for no officer.
    pub(crate) fn of(registry: &Registry, kid: Kid) -> Option<Self> {
        let Signer::Officer { agency, officer } = registry.signer(&kid)? else { return None };
        let record = registry.agency(agency.as_str())?;
        let enrolled = record.officer(officer.as_str())?;
        let roles = Role::ALL.iter().copied().filter(|role| record.may_use(enrolled, *role)).collect();
        Some(Self {
            kid,
            agency: agency.clone(),
            officer: officer.clone(),
            agency_now: registry.now(agency.as_str())?.clone(),
            unit: enrolled.unit.clone(),
            roles,
        })
    }

    /// Whether the officer may use the role now.
    pub fn may(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether the dashboards show the officer anything.
    pub fn watches(&self) -> bool {
        [Role::Auditor, Role::Oversight, Role::Supervisor].into_iter().any(|role| self.may(role))
    }

    /// Whether the auditor's pages show the officer anything.
    pub fn audits(&self) -> bool {
        [Role::Auditor, Role::Oversight].into_iter().any(|role| self.may(role))
    }

    /// Refuses who may not use the role now.
    pub(crate) fn must(&self, role: Role) -> Result<(), DeskError> {
        if self.may(role) { Ok(()) } else { Err(DeskError::NotYours) }
    }
}

#[derive(Clone, Copy)]
struct Open {
    kid: Kid,
    since: u64,
    last: u64,
}

impl Open {
    fn is_good(&self, now: u64) -> bool {
        now < self.last.saturating_add(IDLE_MS) && now < self.since.saturating_add(LIFE_MS)
    }
}

#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<secret::Kept, Open>>);

impl Sessions {
    /// Opens one; the id is the cookie's value.
    pub(crate) fn open(&self, kid: Kid, now: u64) -> Result<String, DeskError> {
        let (id, kept) = secret::fresh()?;
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| session.is_good(now));
        let mut mine: Vec<_> =
            open.iter().filter(|(_, s)| s.kid == kid).map(|(id, s)| (s.since, *id)).collect();
        if mine.len() >= PER_KEY {
            mine.sort_unstable();
            open.remove(&mine[0].1);
        }
        open.insert(kept, Open { kid, since: now, last: now });
        Ok(id)
    }

    /// The key of a session that is still good, which it is for another while now.
    fn find(&self, id: &str, now: u64) -> Option<Kid> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = open.get_mut(&secret::kept(id)).filter(|session| session.is_good(now))?;
        session.last = now;
        Some(session.kid)
    }

    /// The same without counting as a request: whoever only has a page open is idle.
    fn glance(&self, id: &str, now: u64) -> Option<Kid> {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(&secret::kept(id)).filter(|session| session.is_good(now)).map(|session| session.kid)
    }

    /// Ends one.
    pub(crate) fn close(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&secret::kept(id));
    }
}

impl Office {
    /// Who is signed in with this request, if anybody.
    pub(crate) fn session(&self, headers: &HeaderMap) -> Result<Option<Session>, DeskError> {
        let Some(id) = cookie::read(headers, cookie::session_name(self.secure())) else { return Ok(None) };
        let find = if headers.contains_key(BY_ITSELF) { Sessions::glance } else { Sessions::find };
        let Some(kid) = find(&self.sessions, id, self.now()?) else { return Ok(None) };
        let session = Session::of(&self.desk.ledger.registry(), kid);
        if session.is_none() {
            self.sessions.close(id);
        }
        Ok(session)
    }

    /// The same, without counting as a request: for what a page asks by itself.
    pub(crate) fn glance(&self, headers: &HeaderMap) -> Result<Session, DeskError> {
        let id = cookie::read(headers, cookie::session_name(self.secure())).ok_or(DeskError::SignedOut)?;
        let kid = self.sessions.glance(id, self.now()?).ok_or(DeskError::SignedOut)?;
        Session::of(&self.desk.ledger.registry(), kid).ok_or(DeskError::SignedOut)
    }
}

impl FromRequestParts<Arc<Office>> for Session {
    type Rejection = DeskError;

    async fn from_request_parts(parts: &mut Parts, office: &Arc<Office>) -> Result<Self, DeskError> {
        office.session(&parts.headers)?.ok_or(DeskError::SignedOut)
    }
}

impl OptionalFromRequestParts<Arc<Office>> for Session {
    type Rejection = DeskError;

    async fn from_request_parts(parts: &mut Parts, office: &Arc<Office>) -> Result<Option<Self>, DeskError> {
        office.session(&parts.headers)
    }
}

#[cfg(test)]
mod tests {
    use sijill_event::SigningKey;

    use super::*;

    fn kid() -> Kid {
        SigningKey::generate().expect("randomness").public().kid()
    }

    #[test]
    fn a_session_ends_when_idle_and_after_a_long_shift() {
        let (sessions, kid) = (Sessions::default(), kid());
        let id = sessions.open(kid, 0).expect("randomness");
        assert_eq!(sessions.find(&id, IDLE_MS - 1), Some(kid));
        assert_eq!(sessions.find(&id, 2 * IDLE_MS - 2), Some(kid), "it was used meanwhile");
        assert_eq!(sessions.find(&id, 4 * IDLE_MS), None);

        let id = sessions.open(kid, 0).expect("randomness");
        for now in (0..LIFE_MS).step_by(1_200_000) {
            assert_eq!(sessions.find(&id, now), Some(kid));
        }
        assert_eq!(sessions.find(&id, LIFE_MS), None);
    }

    #[test]
    fn a_closed_or_invented_id_is_nobodys() {
        let (sessions, kid) = (Sessions::default(), kid());
        let id = sessions.open(kid, 0).expect("randomness");
        assert_eq!(sessions.find("", 0), None);
        assert_eq!(sessions.find(&id[1..], 0), None);
        sessions.close(&id);
        assert_eq!(sessions.find(&id, 0), None);
    }

    #[test]
    fn a_key_has_a_few_sessions_and_the_oldest_makes_room() {
        let (sessions, kid, other) = (Sessions::default(), kid(), kid());
        let others = sessions.open(other, 0).expect("randomness");
        let ids: Vec<_> =
            (0..=PER_KEY as u64).map(|now| sessions.open(kid, now).expect("randomness")).collect();
        assert_eq!(sessions.find(&ids[0], 10), None);
        assert_eq!(sessions.find(&ids[1], 10), Some(kid));
        assert_eq!(sessions.find(&others, 10), Some(other));
    }
}
