//! The rule-sets. A version, once released, is never edited or removed: an old ledger must audit clean with
//! every later release. A new rule is a new module, `v2`, and a line in each function here.

mod v1;
mod v2;

use sijill_event::Event;

use crate::event::Action;
use crate::{Accepted, Parties, Position, Refusal, Registry};

/// The rule-sets of this release.
pub const VERSIONS: &[u64] = &[1, 2];

/// Judges an event by the rule-set in force; entry 0, which puts the first one in force, by rule-set 1.
pub(crate) fn judge(
    registry: &Registry,
    at: Position,
    event: &Event,
    parties: &Parties,
) -> Result<Accepted, Refusal> {
    match registry.rules() {
        None | Some(1) => v1::judge(registry, at, event, parties),
        Some(2) => v2::judge(registry, at, event, parties),
        Some(version) => Err(Refusal::RulesUnknown(version)),
    }
}

/// Whether an action that passed can be enacted, by the rule-set in force.
pub(crate) fn permit(registry: &Registry, action: &Action) -> Result<(), Refusal> {
    match registry.rules() {
        None | Some(1 | 2) => v1::permit(registry, action),
        Some(version) => Err(Refusal::RulesUnknown(version)),
    }
}
