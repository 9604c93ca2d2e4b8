//! Pathway flow: where each referral stands, since when, and for whom it waits.

use sijill_casework::catalogue::ReferralState;

use crate::history::Step;
use crate::model::{Model, Rows, Source, Table, integer, text};

/// `referral_state`: `referral` is the requesting event's JWT hash; `from_…` is who owned the case when it was requested as far
/// as that can be said now: the owner; `waits_for` is the agency on whose side it lies in this state, null when it has ended;
/// `automatic`, `breached`, `disposed` are 0 or 1; `requested_ms` Unix milliseconds.
pub static MODEL: Model = Model {
    name: "referrals",
    version: 1,
    tables: &[Table {
        name: "referral_state",
        key: 1,
        columns: &[
            text("referral"),
            text("state"),
            text("from_agency"),
            text("from_unit"),
            text("to_agency"),
            text("to_unit"),
            text("waits_for"),
            text("service"),
            text("priority"),
            integer("automatic"),
            integer("breached"),
            integer("disposed"),
            integer("requested_ms"),
            text("governorate"),
        ],
    }],
    counts: None,
    sql: include_str!("tables.sql"),
    source: Source::State(rows),
};

fn rows(step: &Step<'_>, rows: &mut Rows<'_>) {
    let Some((file, case)) = step.file.and_then(|file| Some((file, file.case.as_ref()?))) else { return };
    for (hash, referral) in &case.referrals {
        let waits_for = if referral.state == ReferralState::InfoRequested {
            Some(case.owner.agency.as_str())
        } else {
            referral.state.is_live().then_some(referral.to.agency.as_str())
        };
        let requested = file.events.get(hash).map_or(referral.since, |event| event.received);
        rows.hold(
            0,
            [
                hash.to_string().into(),
                referral.state.as_str().into(),
                case.owner.agency.as_str().into(),
                case.owner.unit.as_str().into(),
                referral.to.agency.as_str().into(),
                referral.to.unit.as_str().into(),
                waits_for.into(),
                referral.service.as_str().into(),
                referral.priority.as_str().into(),
                referral.automatic.into(),
                referral.breached.into(),
                referral.disposed.into(),
                requested.into(),
                case.situation.governorate.as_str().into(),
            ],
        );
    }
}
