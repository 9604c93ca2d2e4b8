//! What is counted of referrals: how they flow, how long they take, on whose side they lie.

use std::collections::BTreeMap;

use super::{Fact, Facts, band, month};
use crate::model::{Known, Row};
use crate::span::NEVER;

/// States that say that somebody at the unit has looked at it.
const ANSWERED: [&str; 8] = [
    "acknowledged",
    "accepted",
    "in_progress",
    "on_hold",
    "info_requested",
    "completed",
    "rejected",
    "failed",
];

/// States that say that the service was begun.
const BEGUN: [&str; 4] = ["accepted", "in_progress", "on_hold", "completed"];

pub(super) fn count<'a>(known: &Known<'a>, facts: &mut Facts<'a>) {
    let mut referrals: BTreeMap<&'a str, Vec<Row<'a>>> = BTreeMap::new();
    for row in known.of("referral_state") {
        referrals.entry(row.text("referral")).or_default().push(row);
    }
    for rows in referrals.values() {
        path(rows, facts);
    }
}

/// What every fact of a referral says: it is put down to whom it is addressed to.
fn about<'a>(row: Row<'a>, indicator: &'static str, kind: &'a str) -> Fact<'a> {
    Fact {
        indicator,
        kind,
        agency: row.text("to_agency"),
        unit: row.text("to_unit"),
        governorate: row.text("governorate"),
        month: month(row.integer("requested_ms")),
        ..Fact::default()
    }
}

fn path<'a>(rows: &[Row<'a>], facts: &mut Facts<'a>) {
    let Some(first) = rows.first() else { return };
    let requested = Some(first.span.since);
    let (mut answered, mut begun) = (false, false);
    let mut before: Option<Row<'a>> = None;
    for &row in rows {
        let (since, since_ms) = (row.span.since, row.span.since_ms);
        let at = i64::try_from(since_ms).unwrap_or(i64::MAX);
        let state = row.text("state");
        let addressed = |row: Row<'a>| (row.text("to_agency"), row.text("to_unit"));
        if before.is_none_or(|before| addressed(before) != addressed(row)) {
            facts.from(since, since_ms, about(row, "referrals", row.text("from_agency")));
            facts.from(since, since_ms, about(row, "referral-service", row.text("service")));
        }
        let timed = |indicator, from: i64, kind: &'a str, begun| {
            let value = at.saturating_sub(from);
            Fact { band: band(value), value, begun, ..about(row, indicator, kind) }
        };
        if !answered && ANSWERED.contains(&state) {
            answered = true;
            let asked = row.integer("requested_ms");
            facts.from(since, since_ms, timed("time-to-answer", asked, row.text("service"), requested));
        }
        if !begun && BEGUN.contains(&state) {
            begun = true;
            facts.from(since, since_ms, about(row, "referrals-implemented", row.text("service")));
        }
        if state == "completed" && before.is_none_or(|before| before.text("state") != state) {
            let asked = row.integer("requested_ms");
            facts.from(since, since_ms, timed("time-to-complete", asked, row.text("service"), requested));
        }
        if row.text("waits_for").is_empty() {
            facts.during(row.span, about(row, "referrals-ended", state));
        } else {
            facts.during(row.span, Fact { month: 0, ..about(row, "referrals-open", state) });
        }
        if row.integer("breached") == 1 {
            facts.during(row.span, about(row, "referrals-breached", row.text("service")));
        }
        before = Some(row);
    }
    waits(rows, facts);
}

/// How long it lay on whose side: a time in one state, however many rows that took, once it is over.
fn waits<'a>(rows: &[Row<'a>], facts: &mut Facts<'a>) {
    let mut began: Option<Row<'a>> = None;
    for &row in rows {
        let side = |row: Row<'a>| (row.text("state"), row.text("waits_for"));
        let start = match began {
            Some(start) if side(start) == side(row) => start,
            _ => row,
        };
        began = Some(start);
        let goes_on = rows.iter().any(|next| next.span.since == row.span.until && side(*next) == side(row));
        if row.text("waits_for").is_empty() || row.span.until == NEVER || goes_on {
            continue;
        }
        let until = i64::try_from(row.span.until_ms).unwrap_or(i64::MAX);
        let value = until.saturating_sub(i64::try_from(start.span.since_ms).unwrap_or(i64::MAX));
        let agency = row.text("waits_for");
        let unit = if agency == row.text("to_agency") { row.text("to_unit") } else { row.text("from_unit") };
        let fact = Fact {
            band: band(value),
            value,
            begun: Some(start.span.since),
            agency,
            unit,
            month: month(until),
            ..about(row, "waiting", row.text("state"))
        };
        facts.from(row.span.until, row.span.until_ms, fact);
    }
}
