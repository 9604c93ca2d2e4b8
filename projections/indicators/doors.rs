//! What is counted of contacts, of looking and showing, and of the entries themselves.

use super::{Fact, Facts, band, month};
use crate::model::{Known, Row};

/// An entry that reached the ledger this much later than it was signed, or than what it tells of, is late: an hour.
const LATE: i64 = 3_600_000;

pub(super) fn count<'a>(known: &Known<'a>, facts: &mut Facts<'a>) {
    let mut first = None;
    for row in known.of("contact_state") {
        contact(row, *first.get_or_insert(row.span.since), facts);
    }
    for row in known.of("access") {
        let fact = Fact {
            indicator: "accesses",
            kind: row.text("act"),
            agency: row.text("agency"),
            unit: row.text("unit"),
            month: month(at(row)),
            value: row.integer("fields"),
            ..Fact::default()
        };
        facts.from(row.span.since, row.span.since_ms, fact);
    }
    for row in known.of("entry_fact") {
        entry(row, facts);
    }
}

fn contact<'a>(row: Row<'a>, logged: u64, facts: &mut Facts<'a>) {
    let about = |indicator, kind| Fact {
        indicator,
        kind,
        agency: row.text("by_agency"),
        unit: row.text("by_unit"),
        governorate: row.text("governorate"),
        month: month(row.integer("logged_ms")),
        begun: Some(logged),
        ..Fact::default()
    };
    let became = if row.integer("cases") > 0 { "case" } else { "no_case" };
    let said = [
        ("contacts", row.text("kind")),
        ("contact-channel", row.text("channel")),
        ("contact-category", row.text("category")),
        ("contact-outcome", became),
        ("contact-repeat", if row.integer("repeat") == 1 { "yes" } else { "no" }),
    ];
    for (indicator, kind) in said {
        facts.during(row.span, about(indicator, kind));
    }
    for missing in ["category", "governorate"] {
        if row.text(missing).is_empty() {
            facts.during(row.span, about("contact-incomplete", missing));
        }
    }
}

fn entry<'a>(row: Row<'a>, facts: &mut Facts<'a>) {
    let about = |indicator, value| Fact {
        indicator,
        kind: row.text("type"),
        band: if value > 0 { band(value) } else { "" },
        agency: row.text("agency"),
        unit: row.text("unit"),
        month: month(at(row)),
        value,
        ..Fact::default()
    };
    let mut count = |fact| facts.from(row.span.since, row.span.since_ms, fact);
    let (late, back) = (row.integer("late_ms"), row.integer("back_ms"));
    if late > LATE {
        count(about("late-entries", late));
    }
    if back > LATE {
        count(about("back-dated-entries", back));
    }
    if row.integer("readable") == 0 {
        count(about("unreadable-entries", 0));
    }
}

fn at(row: Row<'_>) -> i64 {
    i64::try_from(row.span.since_ms).unwrap_or(i64::MAX)
}
