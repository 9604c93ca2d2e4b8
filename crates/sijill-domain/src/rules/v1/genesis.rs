//! Annex B, *Genesis*.

use std::collections::BTreeSet;

use sijill_event::{Event, StreamKind};

use super::{accepted, quorum, registry_data};
use crate::event::{LedgerCreated, LedgerRatified, Service};
use crate::registry::Change;
use crate::{Accepted, Refusal, Registry, Signer, rules};

/// Entry 0.
pub(in crate::rules) fn create(event: &Event) -> Result<Accepted, Refusal> {
    if event.event_type != LedgerCreated::TYPE {
        return Err(Refusal::NotRatified);
    }
    let malformed = |what| Err(Refusal::malformed(LedgerCreated::TYPE, what));
    let created = LedgerCreated::parse(registry_data(event)?)?;
    if Signer::Service(Service::Operator).iss_sub() != (&event.iss, &event.sub)
        || event.kid != created.operator_key.kid()
    {
        return Err(Refusal::KeyNotValid);
    }
    if event.act.is_some() {
        return Err(Refusal::ActNotAllowed);
    }
    if event.stream.kind() != StreamKind::Ledger || event.seq != 0 || event.seen.is_some() {
        return malformed("its place: stream ledger, seq 0, no seen");
    }
    if created.origin.as_str() != event.aud {
        return malformed("origin");
    }
    services(&created)?;
    let founders: BTreeSet<_> = created.founders.iter().map(|founder| &founder.agency).collect();
    if founders.is_empty() || founders.len() != created.founders.len() {
        return malformed("founders");
    }
    keys_are_distinct(&created)?;
    quorum(created.quorum, founders.len())?;
    if !rules::VERSIONS.contains(&created.rules) {
        return Err(Refusal::RulesUnknown(created.rules));
    }
    Ok(accepted(Change::Created(Box::new(created))))
}

fn services(created: &LedgerCreated) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for service in &created.services {
        // The operator's key has a member of its own.
        if service.service == Service::Operator || !seen.insert(service.service) {
            return Err(Refusal::malformed(LedgerCreated::TYPE, "services"));
        }
        let signer = Signer::Service(service.service);
        if !service.proof.holds(created.origin.as_str(), &signer, &service.key) {
            return Err(Refusal::Possession);
        }
    }
    Ok(())
}

/// A key has one owner, for good.
fn keys_are_distinct(created: &LedgerCreated) -> Result<(), Refusal> {
    let mut known = BTreeSet::new();
    let keys = [&created.log_key, &created.operator_key]
        .into_iter()
        .chain(created.services.iter().map(|service| &service.key))
        .chain(created.founders.iter().map(|founder| &founder.root_key));
    for key in keys {
        if !known.insert(key.kid()) {
            return Err(Refusal::KeyKnown);
        }
    }
    Ok(())
}

/// What comes before every founder has ratified.
pub(in crate::rules) fn ratify(
    registry: &Registry,
    signer: &Signer,
    event: &Event,
) -> Result<Accepted, Refusal> {
    let Signer::Root(founder) = signer else { return Err(Refusal::NotRatified) };
    if event.event_type != LedgerRatified::TYPE || event.stream.kind() != StreamKind::Ledger {
        return Err(Refusal::NotRatified);
    }
    let ratified = LedgerRatified::parse(registry_data(event)?)?;
    if registry.created() != Some(ratified.created) {
        return Err(Refusal::malformed(LedgerRatified::TYPE, "created"));
    }
    if !registry.unratified().contains(founder) {
        return Err(Refusal::AlreadyRatified(founder.to_string()));
    }
    Ok(accepted(Change::Ratified(founder.clone())))
}
