//! Annex B, *Stream `ledger`*: proposals and approvals.

use sijill_event::{Digest, Event};

use super::{accepted, permit, registry_data, type_not_here};
use crate::event::{Action, LedgerRatified, ProposalApproved, ProposalOpened};
use crate::registry::{Change, Passage, Status};
use crate::{Accepted, AgencyId, Position, Refusal, Registry, Signer};

pub(in crate::rules) fn judge(
    registry: &Registry,
    at: Position,
    signer: &Signer,
    event: &Event,
) -> Result<Accepted, Refusal> {
    let Signer::Root(agency) = signer else { return Err(Refusal::NotAMember) };
    if !registry.is_member(agency.as_str()) {
        return Err(Refusal::NotAMember);
    }
    let change = match event.event_type.as_str() {
        ProposalOpened::TYPE => {
            let proposal = Box::new(ProposalOpened::parse(registry_data(event)?)?);
            if registry.rules() < Some(2) && matches!(proposal.action, Action::WitnessesSet(_)) {
                return Err(Refusal::malformed(ProposalOpened::TYPE, "action"));
            }
            Change::Opened { by: agency.clone(), proposal }
        }
        ProposalApproved::TYPE => {
            let proposal = ProposalApproved::parse(registry_data(event)?)?.proposal;
            let passage = approve(registry, at, agency, &proposal)?;
            Change::Approved { by: agency.clone(), proposal, passage }
        }
        LedgerRatified::TYPE if registry.is_founder(agency.as_str()) => {
            return Err(Refusal::AlreadyRatified(agency.to_string()));
        }
        _ => return Err(type_not_here(event)),
    };
    Ok(accepted(change))
}

/// What one more approval does.
fn approve(
    registry: &Registry,
    at: Position,
    agency: &AgencyId,
    proposal: &Digest,
) -> Result<Passage, Refusal> {
    let proposal = registry.proposals().get(proposal).ok_or(Refusal::ProposalUnknown)?;
    if proposal.status != Status::Open {
        return Err(Refusal::ProposalClosed);
    }
    if proposal.approvals.contains_key(agency) {
        return Err(Refusal::AlreadyApproved(agency.to_string()));
    }
    // Approvals of agencies that are no members any more do not count, whatever they were then.
    let earlier = proposal.approvals.keys().filter(|agency| registry.is_member(agency.as_str())).count();
    if u64::try_from(earlier).unwrap_or(u64::MAX).saturating_add(1) < registry.quorum() {
        return Ok(Passage::Counted);
    }
    let effective = proposal.effective.as_ref().and_then(|effective| u64::try_from(effective.unix_ms()).ok());
    match effective {
        Some(effective) if effective > at.received => Ok(Passage::Scheduled(effective)),
        _ => permit(registry, &proposal.action).map(|()| Passage::Enacted),
    }
}
