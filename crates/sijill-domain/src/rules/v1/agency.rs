//! Annex B, *Stream `agency/X`*: units, officers and keys.

use std::collections::BTreeSet;

use sijill_event::{Event, Kid};

use super::{accepted, new_key, registry_data, type_not_here};
use crate::event::{AgencyEvent, OfficerEnrolled, Role, UnitCalendarSet};
use crate::registry::{Agency, Change, KeyRecord, Owner};
use crate::{Accepted, AgencyId, OfficerId, Refusal, Registry, Signer, UnitId};

pub(in crate::rules) fn judge(
    registry: &Registry,
    signer: &Signer,
    event: &Event,
) -> Result<Accepted, Refusal> {
    let name = event.stream.id().unwrap_or_default();
    let unknown = || Refusal::AgencyUnknown(name.to_owned());
    let agency = registry.agency(name).filter(|agency| !agency.is_removed()).ok_or_else(unknown)?;
    let id = AgencyId::parse(name).ok_or_else(unknown)?;
    if event.event_type == UnitCalendarSet::TYPE {
        return Err(type_not_here(event));
    }
    let read = AgencyEvent::parse(&event.event_type, &event.data).ok_or_else(|| type_not_here(event))?;
    registry_data(event)?;
    let act = read?;
    if !is_registrar(registry, signer, &id) && !is_own_key(registry, signer, &id, &act) {
        return Err(Refusal::NotRegistrar(id.to_string()));
    }
    let place = Place { registry, agency, id: &id };
    match &act {
        AgencyEvent::UnitOpened(act) if agency.units.contains_key(&act.unit) => {
            return Err(Refusal::UnitKnown(act.unit.to_string()));
        }
        AgencyEvent::UnitOpened(_) => {}
        AgencyEvent::UnitRenamed(act) => place.open_unit(&act.unit)?,
        AgencyEvent::UnitClosed(act) => place.open_unit(&act.unit)?,
        AgencyEvent::UnitCalendarSet(act) => place.open_unit(&act.unit)?,
        AgencyEvent::OfficerEnrolled(act) => place.enrol(act)?,
        AgencyEvent::OfficerMoved(act) => {
            place.officer(&act.officer)?;
            place.open_unit(&act.unit)?;
        }
        AgencyEvent::OfficerRemoved(act) => place.officer(&act.officer)?,
        AgencyEvent::RolesSet(act) => {
            place.officer(&act.officer)?;
            place.grants(&act.roles)?;
        }
        AgencyEvent::CertificateGranted(act) => place.officer(&act.officer)?,
        AgencyEvent::KeyAdded(act) => {
            place.officer(&act.officer)?;
            new_key(registry, &place.signer(&act.officer), &act.key, &act.proof)?;
        }
        AgencyEvent::KeyRevoked(act) => {
            if place.key(&act.kid)?.revoked.is_some() {
                return Err(Refusal::KeyUnknown);
            }
        }
        AgencyEvent::KeyCompromised(act) => {
            place.key(&act.kid)?;
        }
    }
    Ok(accepted(Change::Agency { agency: id, event: Box::new(act) }))
}

/// The root or a registrar of the agency, or of the one it is now. (The root of a merged agency signs nothing.)
pub(in crate::rules) fn is_registrar(registry: &Registry, signer: &Signer, agency: &AgencyId) -> bool {
    let ours = signer.agency().is_some_and(|own| own == agency || registry.now(agency.as_str()) == Some(own));
    ours && match signer {
        Signer::Service(_) => false,
        Signer::Root(_) => true,
        Signer::Officer { agency, officer } => registry
            .agency(agency.as_str())
            .and_then(|agency| Some((agency, agency.officer(officer.as_str())?)))
            .is_some_and(|(agency, officer)| agency.may_use(officer, Role::Registrar)),
    }
}

/// An officer may revoke its own keys.
fn is_own_key(registry: &Registry, signer: &Signer, stream: &AgencyId, act: &AgencyEvent) -> bool {
    let kid = match act {
        AgencyEvent::KeyRevoked(act) => &act.kid,
        AgencyEvent::KeyCompromised(act) => &act.kid,
        _ => return false,
    };
    let officer = matches!(signer, Signer::Officer { agency, .. } if agency == stream);
    officer && registry.key(kid).is_some_and(|key| key.owner == Owner::Signer(signer.clone()))
}

/// The agency whose registry is being kept.
struct Place<'a> {
    registry: &'a Registry,
    agency: &'a Agency,
    id: &'a AgencyId,
}

impl Place<'_> {
    fn open_unit(&self, unit: &UnitId) -> Result<(), Refusal> {
        match self.agency.open_unit(unit.as_str()) {
            Some(_) => Ok(()),
            None => Err(Refusal::UnitUnknown(unit.to_string())),
        }
    }

    fn officer(&self, officer: &OfficerId) -> Result<(), Refusal> {
        match self.agency.officer(officer.as_str()) {
            Some(_) => Ok(()),
            None => Err(Refusal::OfficerUnknown(officer.to_string())),
        }
    }

    fn signer(&self, officer: &OfficerId) -> Signer {
        Signer::Officer { agency: self.id.clone(), officer: officer.clone() }
    }

    fn enrol(&self, act: &OfficerEnrolled) -> Result<(), Refusal> {
        // `root` is who signs with the agency's root key.
        if act.officer.as_str() == "root" || self.agency.officers.contains_key(&act.officer) {
            return Err(Refusal::OfficerKnown(act.officer.to_string()));
        }
        self.open_unit(&act.unit)?;
        self.grants(&act.roles)?;
        new_key(self.registry, &self.signer(&act.officer), &act.key, &act.proof)
    }

    fn grants(&self, roles: &BTreeSet<Role>) -> Result<(), Refusal> {
        match roles.iter().find(|role| !self.agency.is_granted(**role)) {
            Some(role) => Err(Refusal::RoleNotGranted(role.as_str())),
            None => Ok(()),
        }
    }

    /// A key of an officer of this agency, revoked or not.
    fn key(&self, kid: &Kid) -> Result<&KeyRecord, Refusal> {
        self.registry
            .key(kid)
            .filter(|key| {
                matches!(&key.owner, Owner::Signer(Signer::Officer { agency, .. }) if agency == self.id)
            })
            .ok_or(Refusal::KeyUnknown)
    }
}
