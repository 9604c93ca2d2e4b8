//! Rule-set 2: `docs/casework.md` §1, what it changes in rule-set 1. **Never edited once released.**

mod casework;

use std::collections::BTreeSet;

use sijill_event::{Event, StreamKind};
use sijill_log::{Checkpoint, KeyKind, KeyName, NoteVerifier};

use super::v1::{self, accepted, registry_data};
use crate::event::{
    AgencyEvent, AuditRecorded, FiguresPublished, Grant, HeadsCommitted, HolidayAnnounced, LogWitnessed,
    ProjectionAttested, Role, Service, UnitCalendarSet,
};
use crate::registry::Change;
use crate::{Accepted, AgencyId, Parties, Position, Refusal, Registry, Signer};

pub(super) fn judge(
    registry: &Registry,
    at: Position,
    event: &Event,
    parties: &Parties,
) -> Result<Accepted, Refusal> {
    let signer = v1::signer(registry, event)?;
    if !registry.ratified() {
        return v1::genesis::ratify(registry, signer, event);
    }
    match event.stream.kind() {
        StreamKind::Ledger if event.event_type == HolidayAnnounced::TYPE => announce(registry, signer, event),
        StreamKind::Ledger => v1::governance::judge(registry, at, signer, event),
        StreamKind::Agency if event.event_type == UnitCalendarSet::TYPE => hours(registry, signer, event),
        StreamKind::Agency => v1::agency::judge(registry, signer, event),
        StreamKind::Case | StreamKind::Contact => casework::work(registry, signer, event, parties),
        StreamKind::Auto => casework::automation(registry, signer, event, parties),
        StreamKind::Access => casework::access(registry, signer, event, parties),
        StreamKind::Log if event.event_type == AuditRecorded::TYPE => found(registry, at, event),
        StreamKind::Log => record(registry, at, signer, event),
    }
}

/// What the ledger says of itself, by its service `log`.
fn record(registry: &Registry, at: Position, signer: &Signer, event: &Event) -> Result<Accepted, Refusal> {
    if *signer != Signer::Service(Service::Log) {
        return Err(Refusal::NotTheService(Service::Log.as_str()));
    }
    match event.event_type.as_str() {
        ProjectionAttested::TYPE => attest(at, event),
        LogWitnessed::TYPE => witnessed(registry, event),
        HeadsCommitted::TYPE => commit(at, event),
        FiguresPublished::TYPE => publish(at, event),
        _ => Err(Refusal::TypeNotHere { kind: event.event_type.clone(), stream: event.stream.to_string() }),
    }
}

/// A checkpoint of this log with cosignatures: the very one that the event's `seen` names, so that a root which the log
/// never had is found there. Whose cosignatures are enough, whoever audits says.
fn witnessed(registry: &Registry, event: &Event) -> Result<Accepted, Refusal> {
    let said = LogWitnessed::parse(registry_data(event)?)?;
    let malformed = || Refusal::malformed(LogWitnessed::TYPE, "checkpoint");
    let (Some(origin), Some(key)) = (registry.origin(), registry.log_key()) else { return Err(malformed()) };
    let name = KeyName::new(origin).map_err(|_| malformed())?;
    let key = NoteVerifier::new(name, KeyKind::Log, key.as_bytes()).map_err(|_| malformed())?;
    let checkpoint = Checkpoint::of_note(said.checkpoint.note(), &key).map_err(|_| malformed())?;
    let seen = event.seen.is_some_and(|seen| (seen.size, seen.root) == (checkpoint.size, checkpoint.root.0));
    if seen { Ok(accepted(Change::None)) } else { Err(malformed()) }
}

/// Where streams ended and what keys were, in the tree that the event's `seen` names: one that was just left, so that nobody
/// who replays the log has to remember all of them. Whether it is so, an audit says.
fn commit(at: Position, event: &Event) -> Result<Accepted, Refusal> {
    let said = HeadsCommitted::parse(registry_data(event)?)?;
    let is_seen = event.seen.is_some_and(|seen| seen.size == said.size);
    let reaches = at.index.saturating_sub(said.size) <= HeadsCommitted::REACH;
    if is_seen && reaches {
        Ok(accepted(Change::None))
    } else {
        Err(Refusal::malformed(HeadsCommitted::TYPE, "size"))
    }
}

/// What the read models said at an earlier size. Whether it is so, an audit says.
fn attest(at: Position, event: &Event) -> Result<Accepted, Refusal> {
    let said = ProjectionAttested::parse(registry_data(event)?)?;
    let malformed = |member| Err(Refusal::malformed(ProjectionAttested::TYPE, member));
    let distinct: BTreeSet<&str> = said.models.iter().map(|model| model.name.as_str()).collect();
    match () {
        () if said.size > at.index => malformed("size"),
        () if said.models.is_empty() || distinct.len() != said.models.len() => malformed("models"),
        () if said.buckets.len() != ProjectionAttested::BUCKETS => malformed("buckets"),
        () => Ok(accepted(Change::None)),
    }
}

/// What an auditor found. Whether it is so, whoever repeats the audit says.
fn found(registry: &Registry, at: Position, event: &Event) -> Result<Accepted, Refusal> {
    if !registry.may_use(&event.kid, Role::Auditor) {
        return Err(Refusal::RoleMissing(Role::Auditor.as_str()));
    }
    match AuditRecorded::parse(registry_data(event)?)?.unsound(at.index) {
        Some(member) => Err(Refusal::malformed(AuditRecorded::TYPE, member)),
        None => Ok(accepted(Change::None)),
    }
}

/// The figures of a month that is over. Whether they are those, and none that nobody is to know, an audit says.
fn publish(at: Position, event: &Event) -> Result<Accepted, Refusal> {
    let said = FiguresPublished::parse(registry_data(event)?)?;
    let malformed = |member| Err(Refusal::malformed(FiguresPublished::TYPE, member));
    match said.ends_ms() {
        Some(ends) if ends <= at.received => {}
        _ => return malformed("month"),
    }
    if said.size > at.index { malformed("size") } else { Ok(accepted(Change::None)) }
}

/// A holiday, by an agency that may announce one.
fn announce(registry: &Registry, signer: &Signer, event: &Event) -> Result<Accepted, Refusal> {
    let Signer::Root(by) = signer else { return Err(Refusal::GrantMissing(Grant::Calendar.as_str())) };
    if !registry.agency(by.as_str()).is_some_and(|agency| agency.grants.contains(&Grant::Calendar)) {
        return Err(Refusal::GrantMissing(Grant::Calendar.as_str()));
    }
    let holiday = HolidayAnnounced::parse(registry_data(event)?)?;
    if holiday.from > holiday.to {
        return Err(Refusal::malformed(HolidayAnnounced::TYPE, "to"));
    }
    Ok(accepted(Change::Announced { by: by.clone(), holiday: Box::new(holiday) }))
}

/// The hours of a unit, by its registrar.
fn hours(registry: &Registry, signer: &Signer, event: &Event) -> Result<Accepted, Refusal> {
    let name = event.stream.id().unwrap_or_default();
    let unknown = || Refusal::AgencyUnknown(name.to_owned());
    let agency = registry.agency(name).filter(|agency| !agency.is_removed()).ok_or_else(unknown)?;
    let id = AgencyId::parse(name).ok_or_else(unknown)?;
    let set = UnitCalendarSet::parse(registry_data(event)?)?;
    if !v1::agency::is_registrar(registry, signer, &id) {
        return Err(Refusal::NotRegistrar(id.to_string()));
    }
    if agency.open_unit(set.unit.as_str()).is_none() {
        return Err(Refusal::UnitUnknown(set.unit.to_string()));
    }
    Ok(accepted(Change::Agency { agency: id, event: Box::new(AgencyEvent::UnitCalendarSet(set)) }))
}
