//! Annex B, *Streams `case/…`, `contact/…`*: who works in which stream.

use sijill_event::{Event, Json};

use super::type_not_here;
use crate::event::{Clock, Role};
use crate::registry::Change;
use crate::{Accepted, AgencyId, Parties, Refusal, Registry, Signer};

/// First labels of types that mean something elsewhere, and must not be mistaken for it here.
const NOT_HERE: [&str; 10] =
    ["ledger", "proposal", "agency", "unit", "officer", "key", "roles", "certificate", "log", "heads"];

pub(in crate::rules) fn judge(
    registry: &Registry,
    signer: &Signer,
    event: &Event,
    parties: &Parties,
) -> Result<Accepted, Refusal> {
    let imported = registry.clock() == Some(Clock::Imported);
    let author = author(registry, signer, if imported { Role::Importer } else { Role::Casework })?;
    if imported && event.occurred.is_none() {
        return Err(Refusal::OccurredMissing);
    }
    if event.event_type.split('.').next().is_some_and(|label| NOT_HERE.contains(&label)) {
        return Err(type_not_here(event));
    }
    let addressed = addressed(registry, &event.data)?;
    if event.seq > 0 && !registry.is_party(author.as_str(), parties) {
        return Err(Refusal::NotAParty(author.to_string()));
    }
    let named = [Some(author.clone()), addressed].into_iter().flatten();
    let new_parties = named.filter(|agency| !parties.contains(agency.as_str())).collect();
    Ok(Accepted { new_parties, change: Change::None })
}

/// The agency of an officer with this role.
fn author<'a>(registry: &Registry, signer: &'a Signer, role: Role) -> Result<&'a AgencyId, Refusal> {
    let missing = Refusal::RoleMissing(role.as_str());
    let Signer::Officer { agency: id, officer } = signer else { return Err(missing) };
    let Some(agency) = registry.agency(id.as_str()) else { return Err(missing) };
    if agency.officer(officer.as_str()).is_none_or(|officer| !officer.roles.contains(&role)) {
        return Err(missing);
    }
    if agency.is_granted(role) { Ok(id) } else { Err(Refusal::RoleNotGranted(role.as_str())) }
}

/// The agency in `data.to`, if there is that member.
fn addressed(registry: &Registry, data: &Json) -> Result<Option<AgencyId>, Refusal> {
    let Some(to) = data.get("to") else { return Ok(None) };
    let Some(id) = to.get("agency").and_then(Json::as_str).and_then(AgencyId::parse) else {
        return Err(Refusal::AgencyUnknown("in `to`".to_owned()));
    };
    match registry.agency(id.as_str()) {
        Some(agency) if !agency.is_removed() => Ok(Some(id)),
        _ => Err(Refusal::AgencyUnknown(id.to_string())),
    }
}
