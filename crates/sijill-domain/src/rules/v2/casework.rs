//! Who may write in the streams of a case; what they may write there is for the casework rules.

use sijill_event::{Event, Json};

use crate::event::{Role, Service};
use crate::registry::Change;
use crate::rules::v1;
use crate::{Accepted, AgencyId, Parties, Refusal, Registry, Signer};

/// `case/…`, `contact/…`: as rule-set 1; the members of a conference become parties too.
pub(super) fn work(
    registry: &Registry,
    signer: &Signer,
    event: &Event,
    parties: &Parties,
) -> Result<Accepted, Refusal> {
    let mut accepted = v1::casework::judge(registry, signer, event, parties)?;
    for member in members(registry, &event.data)? {
        if !parties.contains(member.as_str()) {
            accepted.new_parties.insert(member);
        }
    }
    Ok(accepted)
}

/// `auto/…`: the ledger's automation, in a case that is there. Whom it addresses becomes a party, unless it has left.
pub(super) fn automation(
    registry: &Registry,
    signer: &Signer,
    event: &Event,
    parties: &Parties,
) -> Result<Accepted, Refusal> {
    if *signer != Signer::Service(Service::Automation) {
        return Err(Refusal::NotTheService(Service::Automation.as_str()));
    }
    exists(event, parties)?;
    let addressed = addressed(registry, &event.data)?;
    let new_parties = addressed.into_iter().filter(|agency| !parties.contains(agency.as_str())).collect();
    Ok(Accepted { new_parties, change: Change::None })
}

/// `access/…`: whoever may ask, and the service that answers. Asking makes nobody a party.
pub(super) fn access(
    registry: &Registry,
    signer: &Signer,
    event: &Event,
    parties: &Parties,
) -> Result<Accepted, Refusal> {
    let may = *signer == Signer::Service(Service::Access)
        || [Role::Casework, Role::Auditor].iter().any(|role| registry.may_use(&event.kid, *role));
    if !may {
        return Err(Refusal::RoleMissing(Role::Casework.as_str()));
    }
    exists(event, parties)?;
    Ok(Accepted { new_parties: Parties::new(), change: Change::None })
}

/// The agency in `data.to`, if there is that member; none that was removed. What a case owes falls due also after its
/// owner has left: refusing it would stop the automation, and with it the ledger, for good.
fn addressed(registry: &Registry, data: &Json) -> Result<Option<AgencyId>, Refusal> {
    let Some(to) = data.get("to") else { return Ok(None) };
    let unknown = || Refusal::AgencyUnknown("in `to`".to_owned());
    let id = to.get("agency").and_then(Json::as_str).and_then(AgencyId::parse).ok_or_else(unknown)?;
    let agency = registry.agency(id.as_str()).ok_or_else(|| Refusal::AgencyUnknown(id.to_string()))?;
    Ok((!agency.is_removed()).then_some(id))
}

/// Whoever writes in a case is a party to it: a case without parties has no entry.
fn exists(event: &Event, parties: &Parties) -> Result<(), Refusal> {
    if parties.is_empty() { Err(Refusal::CaseUnknown(event.stream.to_string())) } else { Ok(()) }
}

/// The agencies in `data.members`, if there is that member.
fn members(registry: &Registry, data: &Json) -> Result<Vec<AgencyId>, Refusal> {
    let Some(members) = data.get("members") else { return Ok(Vec::new()) };
    let malformed = || Refusal::AgencyUnknown("in `members`".to_owned());
    let members = members.as_array().ok_or_else(malformed)?;
    let known = |member: &Json| {
        let id = member.as_str().and_then(AgencyId::parse).ok_or_else(malformed)?;
        let there = registry.agency(id.as_str()).is_some_and(|agency| !agency.is_removed());
        if there { Ok(id) } else { Err(Refusal::AgencyUnknown(id.to_string())) }
    };
    members.iter().map(known).collect()
}
