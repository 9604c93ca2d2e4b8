//! Annex B, *Actions*: whether what the members decided can be enacted.

use super::{new_key, quorum};
use crate::event::{Action, AgencyAdmit, AgencyMerge, DocumentPublish};
use crate::registry::Agency;
use crate::{AgencyId, OfficerId, Refusal, Registry, Signer, rules};

/// Whether the action can be enacted on this state.
pub(in crate::rules) fn permit(registry: &Registry, action: &Action) -> Result<(), Refusal> {
    match action {
        Action::AgencyAdmit(action) => admit(registry, action),
        Action::AgencyRemove(action) => {
            active(registry, &action.agency)?;
            departure(registry, &action.agency, action.quorum)
        }
        Action::AgencyMerge(action) => merge(registry, action),
        Action::AgencyRename(action) => active(registry, &action.agency).map(|_| ()),
        Action::GrantsSet(action) => active(registry, &action.agency).map(|_| ()),
        Action::RootKeyReplace(action) => {
            active(registry, &action.agency)?;
            new_key(registry, &Signer::Root(action.agency.clone()), &action.key, &action.proof)
        }
        Action::ServiceKeyReplace(action) => {
            new_key(registry, &Signer::Service(action.service), &action.key, &action.proof)
        }
        Action::RegistrarSuspend(action) => officer(registry, &action.agency, &action.officer),
        Action::RegistrarReinstate(action) => officer(registry, &action.agency, &action.officer),
        Action::DocumentPublish(action) => publish(registry, action),
        Action::QuorumSet(action) => quorum(action.quorum, registry.members().count()),
        Action::RulesPut(action) => put_rules(registry, action.version),
        Action::WitnessesSet(_) => Ok(()),
    }
}

fn admit(registry: &Registry, action: &AgencyAdmit) -> Result<(), Refusal> {
    if registry.agency(action.agency.as_str()).is_some() {
        return Err(Refusal::AgencyKnown(action.agency.to_string()));
    }
    new_key(registry, &Signer::Root(action.agency.clone()), &action.root_key, &action.proof)?;
    let members = registry.members().count() + usize::from(action.member);
    quorum(action.quorum.unwrap_or(registry.quorum()), members)
}

fn merge(registry: &Registry, action: &AgencyMerge) -> Result<(), Refusal> {
    if action.agency == action.into {
        return Err(Refusal::MergeIntoItself(action.agency.to_string()));
    }
    active(registry, &action.agency)?;
    active(registry, &action.into)?;
    departure(registry, &action.agency, action.quorum)
}

/// The quorum among those who stay.
fn departure(registry: &Registry, leaving: &AgencyId, new_quorum: Option<u64>) -> Result<(), Refusal> {
    let members = registry.members().filter(|member| *member != leaving).count();
    quorum(new_quorum.unwrap_or(registry.quorum()), members)
}

fn publish(registry: &Registry, action: &DocumentPublish) -> Result<(), Refusal> {
    let versions = registry.document(action.kind, action.id.as_str());
    let next = versions.last().map_or(1, |last| last.version.saturating_add(1));
    if action.version == next { Ok(()) } else { Err(Refusal::VersionNotNext { next }) }
}

/// A rule-set is never taken back: cases begun under it would be judged by rules that know nothing of them.
fn put_rules(registry: &Registry, version: u64) -> Result<(), Refusal> {
    let forward = registry.rules().is_none_or(|now| now <= version);
    if forward && rules::VERSIONS.contains(&version) { Ok(()) } else { Err(Refusal::RulesUnknown(version)) }
}

fn active<'a>(registry: &'a Registry, agency: &AgencyId) -> Result<&'a Agency, Refusal> {
    registry
        .agency(agency.as_str())
        .filter(|agency| agency.is_active())
        .ok_or_else(|| Refusal::AgencyUnknown(agency.to_string()))
}

fn officer(registry: &Registry, agency: &AgencyId, officer: &OfficerId) -> Result<(), Refusal> {
    match active(registry, agency)?.officer(officer.as_str()) {
        Some(_) => Ok(()),
        None => Err(Refusal::OfficerUnknown(officer.to_string())),
    }
}
