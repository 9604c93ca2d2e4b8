//! Rule-set 1: `docs/ledger-format.md`, Annex B, in its order and words. **Never edited once released.**

mod action;
pub(super) mod agency;
pub(super) mod casework;
pub(super) mod genesis;
pub(super) mod governance;

use sijill_event::{Event, Json, PublicKey, StreamKind};

pub(super) use action::permit;

use crate::event::{OfficerKind, Proof};
use crate::registry::Change;
use crate::{Accepted, Parties, Position, Refusal, Registry, Signer};

/// Annex B for one event. The signer comes first: whether a fault is one of keys or of authority depends on it.
pub(super) fn judge(
    registry: &Registry,
    at: Position,
    event: &Event,
    parties: &Parties,
) -> Result<Accepted, Refusal> {
    if registry.created().is_none() {
        return genesis::create(event);
    }
    let signer = signer(registry, event)?;
    if !registry.ratified() {
        return genesis::ratify(registry, signer, event);
    }
    match event.stream.kind() {
        StreamKind::Ledger => governance::judge(registry, at, signer, event),
        StreamKind::Agency => agency::judge(registry, signer, event),
        StreamKind::Case | StreamKind::Contact => casework::judge(registry, signer, event, parties),
        StreamKind::Log | StreamKind::Auto | StreamKind::Access => {
            Err(Refusal::StreamReserved(event.stream.to_string()))
        }
    }
}

/// Who the event speaks for.
pub(super) fn signer<'a>(registry: &'a Registry, event: &Event) -> Result<&'a Signer, Refusal> {
    let signer = registry.signer(&event.kid).ok_or(Refusal::KeyNotValid)?;
    if signer.iss_sub() != (&event.iss, &event.sub) {
        return Err(Refusal::KeyNotValid);
    }
    if event.act.is_some() && !is_service(registry, signer) {
        return Err(Refusal::ActNotAllowed);
    }
    Ok(signer)
}

/// An agency's own system, as opposed to a person.
fn is_service(registry: &Registry, signer: &Signer) -> bool {
    let Signer::Officer { agency, officer } = signer else { return false };
    registry
        .agency(agency.as_str())
        .and_then(|agency| agency.officer(officer.as_str()))
        .is_some_and(|officer| officer.kind == OfficerKind::Service)
}

/// The `data` of a registry event: schema version 1, nothing hidden.
pub(super) fn registry_data(event: &Event) -> Result<&Json, Refusal> {
    if event.v != 1 {
        return Err(Refusal::malformed(&event.event_type, "v"));
    }
    if !event.digests.is_empty() {
        return Err(Refusal::malformed(&event.event_type, "a disclosure class"));
    }
    Ok(&event.data)
}

/// A key becomes known: it was not before, and whoever is to own it holds it.
fn new_key(registry: &Registry, signer: &Signer, key: &PublicKey, proof: &Proof) -> Result<(), Refusal> {
    if registry.key(&key.kid()).is_some() {
        return Err(Refusal::KeyKnown);
    }
    let origin = registry.origin().unwrap_or_default();
    if proof.holds(origin, signer, key) { Ok(()) } else { Err(Refusal::Possession) }
}

/// n/2 < k ≤ n.
fn quorum(quorum: u64, members: usize) -> Result<(), Refusal> {
    let refused = Refusal::QuorumArithmetic { quorum, members };
    let n = u64::try_from(members).unwrap_or(u64::MAX);
    if quorum <= n && n - quorum < quorum { Ok(()) } else { Err(refused) }
}

pub(super) fn type_not_here(event: &Event) -> Refusal {
    Refusal::TypeNotHere { kind: event.event_type.clone(), stream: event.stream.to_string() }
}

/// Accepted, in a stream whose parties do not matter.
pub(super) fn accepted(change: Change) -> Accepted {
    Accepted { new_parties: Parties::new(), change }
}
