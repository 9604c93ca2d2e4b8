//! Who acts, and for which unit.

use sijill_domain::event::Role;
use sijill_domain::{AgencyId, Officer, OfficerId, Owner, Registry, Signer};
use sijill_event::Event;

use super::World;
use crate::Address;

/// The officer behind an event, as the registry has it at that position. For a service that signs on an officer's
/// behalf it is that officer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// By the id it signs with.
    pub agency: AgencyId,
    /// Who that agency is now.
    pub now: AgencyId,
    /// The officer.
    pub officer: OfficerId,
    /// The unit it works in.
    pub unit: Address,
    supervisor: bool,
    specialist: bool,
    auditor: bool,
}

impl Author {
    /// The author of the event at `index`; `None` if it is no officer's. The unit is the one of that position, so
    /// that a later registry answers the same; roles and mergers are those of `world`.
    pub fn of(world: &World, index: u64, event: &Event) -> Option<Self> {
        let Owner::Signer(Signer::Officer { agency, officer }) = &world.registry().key(&event.kid)?.owner
        else {
            return None;
        };
        let behind = event.act.as_deref().and_then(OfficerId::parse);
        Self::officer(world.registry(), index, agency, behind.as_ref().unwrap_or(officer), officer)
    }

    /// An officer who has signed nothing yet: a reader, or whoever asks what it may do.
    pub fn reader(registry: &Registry, agency: &AgencyId, officer: &OfficerId) -> Option<Self> {
        Self::officer(registry, u64::MAX, agency, officer, officer)
    }

    fn officer(
        registry: &Registry,
        index: u64,
        id: &AgencyId,
        officer: &OfficerId,
        signer: &OfficerId,
    ) -> Option<Self> {
        let agency = registry.agency(id.as_str())?;
        // A service may name an officer the registry does not hold; then its own unit and roles count.
        let record: &Officer = agency.officers.get(officer).or_else(|| agency.officers.get(signer))?;
        let may = |role| agency.may_use(record, role);
        Some(Self {
            agency: id.clone(),
            now: registry.now(id.as_str())?.clone(),
            officer: officer.clone(),
            unit: Address { agency: id.clone(), unit: record.unit_at(index).clone() },
            supervisor: may(Role::Supervisor),
            specialist: may(Role::Specialist),
            auditor: may(Role::Auditor),
        })
    }

    /// Whether it supervises the unit: same agency, as agencies are now.
    pub fn supervises(&self, registry: &Registry, unit: &Address) -> bool {
        self.supervisor && registry.now(unit.agency.as_str()) == Some(&self.now)
    }

    /// Whether it may be shown values of class `sensitive`, where it may be shown others.
    pub fn is_specialist(&self) -> bool {
        self.specialist
    }

    /// Whether it is an auditor.
    pub fn is_auditor(&self) -> bool {
        self.auditor
    }

    /// Whether it is this person.
    pub fn is(&self, person: &(AgencyId, OfficerId)) -> bool {
        self.agency == person.0 && self.officer == person.1
    }

    /// The person.
    pub fn person(&self) -> (AgencyId, OfficerId) {
        (self.agency.clone(), self.officer.clone())
    }
}
