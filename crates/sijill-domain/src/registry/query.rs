//! What the registry is asked.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sijill_event::{Digest, Kid, Stream, StreamKind};

use super::{Agency, Announced, KeyRecord, Proposal, Published, Registry, Signer, Standing, Unit, name_at};
use crate::event::{Clock, DocumentKind, Name, Role};
use crate::{AgencyId, Parties, UnitId};

/// What a key opens in the API (`docs/api.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "&'static str")]
pub enum Scope {
    /// Preparing events.
    Append,
    /// Events of streams one's agency is a party to.
    Read,
    /// Every event.
    ReadAll,
    /// The registry.
    Registry,
}

impl Scope {
    /// As in an access token.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Read => "read",
            Self::ReadAll => "read:all",
            Self::Registry => "registry",
        }
    }
}

impl From<Scope> for &'static str {
    fn from(scope: Scope) -> Self {
        scope.as_str()
    }
}

/// Where what was addressed to an agency's unit lies now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue<'a> {
    /// Who keeps it now.
    pub now: &'a AgencyId,
    /// Whose stream it is registered in: the agency as addressed. With `id` its address for good.
    pub agency: &'a AgencyId,
    /// Its id there.
    pub id: &'a UnitId,
    /// What is known of it: names, whether it is open.
    pub unit: &'a Unit,
}

impl Registry {
    /// The ledger's name; `None` before genesis.
    pub fn origin(&self) -> Option<&str> {
        self.charter.as_ref().map(|charter| charter.origin.as_str())
    }

    /// Who must cosign checkpoints, as the members decided; `None` for nobody.
    pub fn witnesses(&self) -> Option<&sijill_log::Policy> {
        self.charter.as_ref()?.witnesses.policy()
    }

    /// The key that signs checkpoints; `None` before genesis.
    pub fn log_key(&self) -> Option<&sijill_event::PublicKey> {
        self.keys.values().find(|record| record.owner == crate::Owner::Checkpoint).map(|record| &record.key)
    }

    /// Hash of entry 0's JWT: what founders ratify.
    pub fn created(&self) -> Option<Digest> {
        self.charter.as_ref().map(|charter| charter.created)
    }

    /// How the ledger's time goes; `None` before genesis.
    pub fn clock(&self) -> Option<Clock> {
        self.charter.as_ref().map(|charter| charter.clock)
    }

    /// Whether every founder has ratified: before, nothing else is admitted.
    pub fn ratified(&self) -> bool {
        self.charter.is_some() && self.unratified.is_empty()
    }

    /// Founders that have yet to ratify.
    pub fn unratified(&self) -> &BTreeSet<AgencyId> {
        &self.unratified
    }

    pub(crate) fn is_founder(&self, agency: &str) -> bool {
        self.charter.as_ref().is_some_and(|charter| charter.founders.contains(agency))
    }

    /// The rule-set version in force; `None` before genesis.
    pub fn rules(&self) -> Option<u64> {
        self.charter.as_ref().map(|_| self.rules)
    }

    /// The rule-set version in force for the entry at `index`, so far as is known now; `None` before genesis.
    pub fn rules_at(&self, index: u64) -> Option<u64> {
        // What entry i puts in force counts from the entry after it; entry 0 has no other than its own.
        let latest = self.rules_since.iter().rfind(|(since, _)| *since < index);
        latest.or(self.rules_since.first()).map(|(_, version)| *version)
    }

    /// Holidays announced, in log order.
    pub fn announced(&self) -> &[Announced] {
        &self.announced
    }

    /// All documents ever published: kind, id and versions in order.
    pub fn documents(&self) -> impl Iterator<Item = (DocumentKind, &UnitId, &[Published])> {
        self.documents.iter().flat_map(|(kind, documents)| {
            documents.iter().map(|(id, versions)| (*kind, id, versions.as_slice()))
        })
    }

    /// How many members it takes to decide; 0 before genesis.
    pub fn quorum(&self) -> u64 {
        self.quorum
    }

    /// All proposals, by the hash of the JWT that opened them.
    pub fn proposals(&self) -> &BTreeMap<Digest, Proposal> {
        &self.proposals
    }

    /// All versions of a document that were published, in order.
    pub fn document(&self, kind: DocumentKind, id: &str) -> &[Published] {
        self.documents.get(&kind).and_then(|documents| documents.get(id)).map_or(&[], Vec::as_slice)
    }

    /// All agencies ever known.
    pub fn agencies(&self) -> impl Iterator<Item = (&AgencyId, &Agency)> {
        self.agencies.iter().map(|(id, agency)| (id, agency.as_ref()))
    }

    /// The agency, whatever became of it.
    pub fn agency(&self, agency: &str) -> Option<&Agency> {
        self.agencies.get(agency).map(AsRef::as_ref)
    }

    /// The agencies that vote.
    pub fn members(&self) -> impl Iterator<Item = &AgencyId> {
        self.agencies().filter(|(_, agency)| agency.member).map(|(id, _)| id)
    }

    pub(crate) fn is_member(&self, agency: &str) -> bool {
        self.agency(agency).is_some_and(|agency| agency.member)
    }

    /// Who the agency is now: itself, or whom it was merged into, to the end. `None` if there never was one.
    pub fn now(&self, agency: &str) -> Option<&AgencyId> {
        // An agency is merged once, into one that is active then: no way back, so this ends.
        let (mut id, mut record) = self.agencies.get_key_value(agency)?;
        while let Standing::Merged(into) = &record.standing {
            (id, record) = self.agencies.get_key_value(into)?;
        }
        Some(id)
    }

    /// What the agency was called at a time, Unix milliseconds; `None` before it was there.
    pub fn name_at(&self, agency: &str, unix_ms: u64) -> Option<&Name> {
        name_at(&self.agency(agency)?.names, unix_ms)
    }

    /// Where what was addressed to this unit lies now. Addresses last: ids survive renaming, closing and
    /// merging, and only who answers for them changes. `None` if there never was such a unit.
    pub fn resolve_unit(&self, agency: &str, unit: &str) -> Option<Queue<'_>> {
        let (id, record) = self.agencies.get_key_value(agency)?;
        let (unit_id, unit) = record.units.get_key_value(unit)?;
        Some(Queue { now: self.now(agency)?, agency: id, id: unit_id, unit })
    }

    /// The key, whatever became of it.
    pub fn key(&self, kid: &Kid) -> Option<&KeyRecord> {
        self.keys.get(kid)
    }

    /// All keys ever known.
    pub fn keys(&self) -> &BTreeMap<Kid, KeyRecord> {
        &self.keys
    }

    /// The keys that something became of — known, ended, disputed —, each time anew, in log order: whoever was there at some
    /// entry and comes again at a later one has to look at what was added here since.
    pub fn touched(&self) -> &[Kid] {
        &self.touched
    }

    /// When the next scheduled proposal comes into force, Unix milliseconds.
    pub fn next_due(&self) -> Option<u64> {
        self.scheduled.first_key_value().map(|((effective, _), _)| *effective)
    }

    /// Who the key speaks for in the next entry, if it does.
    pub fn signer(&self, kid: &Kid) -> Option<&Signer> {
        self.key(kid)?.signer()
    }

    /// Whether what the key signed in an entry with this `received` is disputed.
    pub fn disputed(&self, kid: &Kid, received: u64) -> bool {
        self.key(kid).and_then(|key| key.disputed_since).is_some_and(|since| received >= since)
    }

    /// Whether the key speaks for an officer who may use this role now.
    pub fn may_use(&self, kid: &Kid, role: Role) -> bool {
        let Some(Signer::Officer { agency, officer }) = self.signer(kid) else { return false };
        self.agency(agency.as_str())
            .and_then(|agency| Some((agency, agency.officer(officer.as_str())?)))
            .is_some_and(|(agency, officer)| agency.may_use(officer, role))
    }

    /// What the key opens in the API now; nothing if it speaks for nobody.
    pub fn scopes(&self, kid: &Kid) -> BTreeSet<Scope> {
        let Some(signer) = self.signer(kid) else { return BTreeSet::new() };
        let any_of = |roles: &[Role]| roles.iter().any(|role| self.may_use(kid, *role));
        let mut scopes = BTreeSet::from([Scope::Read, Scope::Registry]);
        if matches!(signer, Signer::Root(_))
            || any_of(&[Role::Casework, Role::Importer, Role::Registrar, Role::Supervisor])
        {
            scopes.insert(Scope::Append);
        }
        if any_of(&[Role::Auditor, Role::Mirror]) {
            scopes.insert(Scope::ReadAll);
        }
        scopes
    }

    /// Whether the key opens a stream that has these parties: its agency is now one that a party is now, or
    /// it may read everything. Who governs is no secret among those who are governed.
    pub fn may_read(&self, kid: &Kid, stream: &Stream, parties: &Parties) -> bool {
        self.may_read_as_party(kid, stream, parties) || self.scopes(kid).contains(&Scope::ReadAll)
    }

    /// The same for a key that does not use its right to read everything.
    pub fn may_read_as_party(&self, kid: &Kid, stream: &Stream, parties: &Parties) -> bool {
        let Some(signer) = self.signer(kid) else { return false };
        matches!(stream.kind(), StreamKind::Ledger | StreamKind::Agency)
            || signer.agency().is_some_and(|agency| self.is_party(agency.as_str(), parties))
    }

    /// Whether the agency is now one that a party is now.
    pub fn is_party(&self, agency: &str, parties: &Parties) -> bool {
        let Some(agency) = self.now(agency) else { return false };
        parties.iter().any(|party| self.now(party.as_str()) == Some(agency))
    }
}
