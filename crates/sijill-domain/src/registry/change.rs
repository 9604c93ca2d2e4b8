//! What follows from an accepted event.
//!
//! Nothing is judged here. A change that was ever written to a ledger keeps its meaning: a later rule-set that
//! wants another effect adds another variant.

use std::collections::BTreeSet;
use std::sync::Arc;

use sijill_event::{Digest, Event, Kid, PublicKey};

use super::{
    Agency, Announced, Charter, KeyRecord, Naming, Officer, Owner, Position, Proposal, Published, Registry,
    Signer, Standing, Status, Unit,
};
use crate::event::{
    Action, AgencyAdmit, AgencyEvent, HolidayAnnounced, LedgerCreated, Name, OfficerEnrolled, ProposalOpened,
    Service, WitnessRule,
};
use crate::{Accepted, AgencyId, OfficerId};

/// What an accepted event does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing to the registry: work on a case.
    None,
    Created(Box<LedgerCreated>),
    Ratified(AgencyId),
    Opened {
        by: AgencyId,
        proposal: Box<ProposalOpened>,
    },
    Approved {
        by: AgencyId,
        proposal: Digest,
        passage: Passage,
    },
    Agency {
        agency: AgencyId,
        event: Box<AgencyEvent>,
    },
    Announced {
        by: AgencyId,
        holiday: Box<HolidayAnnounced>,
    },
}

/// What an approval does to its proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passage {
    /// It is not enough yet.
    Counted,
    /// It decides; the action waits for this Unix millisecond.
    Scheduled(u64),
    /// It decides, and the action is enacted with it.
    Enacted,
}

impl Registry {
    pub(super) fn follow(&mut self, at: Position, event: &Event, accepted: &Accepted) {
        match &accepted.change {
            Change::None => {}
            Change::Created(created) => self.found(at, event.hash(), created),
            Change::Ratified(founder) => {
                self.unratified.remove(founder);
            }
            Change::Opened { by, proposal } => {
                // The same JWT twice is one proposal: the first.
                Arc::make_mut(&mut self.proposals).entry(event.hash()).or_insert_with(|| Proposal {
                    index: at.index,
                    by: by.clone(),
                    action: proposal.action.clone(),
                    effective: proposal.effective.clone(),
                    approvals: [].into(),
                    status: Status::Open,
                });
            }
            Change::Approved { by, proposal, passage } => self.approve(at, by, proposal, *passage),
            Change::Agency { agency, event } => self.keep(at, agency, event),
            Change::Announced { by, holiday } => Arc::make_mut(&mut self.announced).push(Announced {
                holiday: (**holiday).clone(),
                by: by.clone(),
                index: at.index,
                since: at.received,
            }),
        }
    }

    fn found(&mut self, at: Position, hash: Digest, created: &LedgerCreated) {
        self.add_key(Owner::Checkpoint, &created.log_key, at.index);
        self.add_key(Owner::Signer(Signer::Service(Service::Operator)), &created.operator_key, at.index);
        for service in &created.services {
            self.add_key(Owner::Signer(Signer::Service(service.service)), &service.key, at.index);
        }
        for founder in &created.founders {
            let agency = Agency::new(&founder.name, at.received, &founder.grants, true);
            self.agencies.insert(founder.agency.clone(), Arc::new(agency));
            let root = Signer::Root(founder.agency.clone());
            self.add_key(Owner::Signer(root), &founder.root_key, at.index);
        }
        self.unratified = created.founders.iter().map(|founder| founder.agency.clone()).collect();
        self.quorum = created.quorum;
        self.rules = created.rules;
        self.rules_since = vec![(at.index, created.rules)];
        self.charter = Some(Arc::new(Charter {
            origin: created.origin.clone(),
            created: hash,
            clock: created.clock,
            founders: self.unratified.clone(),
            witnesses: WitnessRule::none(),
        }));
    }

    fn approve(&mut self, at: Position, by: &AgencyId, hash: &Digest, passage: Passage) {
        let Some(proposal) = Arc::make_mut(&mut self.proposals).get_mut(hash) else { return };
        proposal.approvals.insert(by.clone(), at.index);
        match passage {
            Passage::Counted => {}
            Passage::Scheduled(effective) => {
                proposal.status = Status::Scheduled(at.index);
                self.scheduled.insert((effective, at.index), *hash);
            }
            Passage::Enacted => {
                proposal.status = Status::Enacted(at.index);
                let action = proposal.action.clone();
                self.enact(&action, at.index, at.received);
            }
        }
    }

    pub(super) fn set_status(&mut self, hash: &Digest, status: Status) {
        if let Some(proposal) = Arc::make_mut(&mut self.proposals).get_mut(hash) {
            proposal.status = status;
        }
    }

    /// An action that the rules permit comes into force after entry `index`; names count from `since`.
    pub(super) fn enact(&mut self, action: &Action, index: u64, since: u64) {
        match action {
            Action::AgencyAdmit(action) => self.admit(action, index, since),
            Action::AgencyRemove(action) => {
                // Those that became part of it leave with it: nobody would be left to answer for their officers.
                let leaving = self.all_now(&action.agency);
                self.leave(&action.agency, Standing::Removed, action.quorum);
                self.revoke(index, |signer| signer.agency().is_some_and(|agency| leaving.contains(agency)));
            }
            Action::AgencyRename(action) => {
                self.edit(&action.agency, |agency| rename(&mut agency.names, &action.name, since));
            }
            Action::AgencyMerge(action) => {
                self.leave(&action.agency, Standing::Merged(action.into.clone()), action.quorum);
                self.revoke(index, |signer| *signer == Signer::Root(action.agency.clone()));
            }
            Action::GrantsSet(action) => {
                self.edit(&action.agency, |agency| agency.grants.clone_from(&action.grants));
            }
            Action::RootKeyReplace(action) => {
                self.replace_key(Signer::Root(action.agency.clone()), &action.key, index);
            }
            Action::ServiceKeyReplace(action) => {
                self.replace_key(Signer::Service(action.service), &action.key, index);
            }
            Action::RegistrarSuspend(action) => {
                self.edit_officer(&action.agency, &action.officer, |officer| officer.suspended = true);
            }
            Action::RegistrarReinstate(action) => {
                self.edit_officer(&action.agency, &action.officer, |officer| officer.suspended = false);
            }
            Action::DocumentPublish(action) => {
                let published = Published { version: action.version, hash: action.hash, index, since };
                let documents = Arc::make_mut(&mut self.documents).entry(action.kind).or_default();
                documents.entry(action.id.clone()).or_default().push(published);
            }
            Action::QuorumSet(action) => self.quorum = action.quorum,
            Action::RulesPut(action) => {
                self.rules = action.version;
                self.rules_since.push((index, action.version));
            }
            Action::WitnessesSet(action) => {
                if let Some(charter) = &mut self.charter {
                    Arc::make_mut(charter).witnesses = action.policy.clone();
                }
            }
        }
    }

    fn admit(&mut self, action: &AgencyAdmit, index: u64, since: u64) {
        let agency = Agency::new(&action.name, since, &action.grants, action.member);
        self.agencies.insert(action.agency.clone(), Arc::new(agency));
        self.add_key(Owner::Signer(Signer::Root(action.agency.clone())), &action.root_key, index);
        self.quorum = action.quorum.unwrap_or(self.quorum);
    }

    /// The agency and those that are this one now.
    fn all_now(&self, agency: &AgencyId) -> BTreeSet<AgencyId> {
        self.agencies.keys().filter(|id| self.now(id.as_str()) == Some(agency)).cloned().collect()
    }

    fn leave(&mut self, agency: &AgencyId, standing: Standing, quorum: Option<u64>) {
        self.edit(agency, |agency| {
            agency.member = false;
            agency.standing = standing;
        });
        self.quorum = quorum.unwrap_or(self.quorum);
    }

    /// An agency's registrar keeps its registry.
    fn keep(&mut self, at: Position, id: &AgencyId, event: &AgencyEvent) {
        match event {
            AgencyEvent::UnitOpened(event) => self.edit(id, |agency| {
                agency.units.insert(event.unit.clone(), Unit::new(&event.name, at.received));
            }),
            AgencyEvent::UnitRenamed(event) => self.edit(id, |agency| {
                if let Some(unit) = agency.units.get_mut(&event.unit) {
                    rename(&mut unit.names, &event.name, at.received);
                }
            }),
            AgencyEvent::UnitClosed(event) => self.edit(id, |agency| {
                if let Some(unit) = agency.units.get_mut(&event.unit) {
                    unit.open = false;
                }
            }),
            AgencyEvent::UnitCalendarSet(event) => self.edit(id, |agency| {
                if let Some(unit) = agency.units.get_mut(&event.unit) {
                    unit.calendar = Some(event.calendar.clone());
                    unit.calendars.push((at.index, event.calendar.clone()));
                }
            }),
            AgencyEvent::OfficerEnrolled(event) => self.enrol(at, id, event),
            AgencyEvent::OfficerMoved(event) => {
                self.edit_officer(id, &event.officer, |officer| {
                    officer.unit = event.unit.clone();
                    officer.units.push((at.index, event.unit.clone()));
                });
            }
            AgencyEvent::OfficerRemoved(event) => {
                self.edit_officer(id, &event.officer, |officer| officer.removed = true);
                let removed = officer_of(id, &event.officer);
                self.revoke(at.index, |signer| *signer == removed);
            }
            AgencyEvent::RolesSet(event) => {
                self.edit_officer(id, &event.officer, |officer| officer.roles.clone_from(&event.roles));
            }
            AgencyEvent::CertificateGranted(event) => {
                self.edit_officer(id, &event.officer, |officer| {
                    officer.certificates.insert(event.certificate.clone(), event.expires.clone());
                });
            }
            AgencyEvent::KeyAdded(event) => {
                self.add_key(Owner::Signer(officer_of(id, &event.officer)), &event.key, at.index);
            }
            AgencyEvent::KeyRevoked(event) => self.edit_key(&event.kid, |key| revoke(key, at.index)),
            AgencyEvent::KeyCompromised(event) => {
                let since = u64::try_from(event.since.unix_ms()).unwrap_or(0);
                self.edit_key(&event.kid, |key| {
                    revoke(key, at.index);
                    key.disputed_since = Some(key.disputed_since.map_or(since, |earlier| earlier.min(since)));
                });
            }
        }
    }

    fn enrol(&mut self, at: Position, agency: &AgencyId, event: &OfficerEnrolled) {
        let officer = Officer {
            kind: event.kind,
            unit: event.unit.clone(),
            units: vec![(at.index, event.unit.clone())],
            roles: event.roles.clone(),
            certificates: [].into(),
            suspended: false,
            removed: false,
        };
        self.edit(agency, |agency| {
            agency.officers.insert(event.officer.clone(), officer);
        });
        self.add_key(Owner::Signer(officer_of(agency, &event.officer)), &event.key, at.index);
    }

    fn edit(&mut self, agency: &AgencyId, edit: impl FnOnce(&mut Agency)) {
        if let Some(agency) = self.agencies.get_mut(agency) {
            edit(Arc::make_mut(agency));
        }
    }

    fn edit_officer(&mut self, agency: &AgencyId, officer: &OfficerId, edit: impl FnOnce(&mut Officer)) {
        self.edit(agency, |agency| {
            if let Some(officer) = agency.officers.get_mut(officer) {
                edit(officer);
            }
        });
    }

    fn edit_key(&mut self, kid: &Kid, edit: impl FnOnce(&mut KeyRecord)) {
        if let Some(key) = Arc::make_mut(&mut self.keys).get_mut(kid) {
            edit(key);
            Arc::make_mut(&mut self.touched).push(*kid);
        }
    }

    fn add_key(&mut self, owner: Owner, key: &PublicKey, index: u64) {
        Arc::make_mut(&mut self.keys).insert(key.kid(), KeyRecord::new(owner, key, index));
        Arc::make_mut(&mut self.touched).push(key.kid());
    }

    fn replace_key(&mut self, signer: Signer, key: &PublicKey, index: u64) {
        self.revoke(index, |other| *other == signer);
        self.add_key(Owner::Signer(signer), key, index);
    }

    /// Revokes every key whose signer is one of `whose`.
    fn revoke(&mut self, index: u64, whose: impl Fn(&Signer) -> bool) {
        for (kid, key) in Arc::make_mut(&mut self.keys) {
            if key.signer().is_some_and(&whose) {
                revoke(key, index);
                Arc::make_mut(&mut self.touched).push(*kid);
            }
        }
    }
}

/// A key that was revoked before stays revoked since then.
fn revoke(key: &mut KeyRecord, index: u64) {
    key.revoked.get_or_insert(index);
}

fn rename(names: &mut Vec<Naming>, name: &Name, since: u64) {
    names.push(Naming { since, name: name.clone() });
}

fn officer_of(agency: &AgencyId, officer: &OfficerId) -> Signer {
    Signer::Officer { agency: agency.clone(), officer: officer.clone() }
}
