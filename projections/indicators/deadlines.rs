//! What is counted of clocks: what came in time, what came late, what is still owed.

use std::collections::BTreeMap;

use super::catalogue::{MORE_THAN_DOUBLE, SHARES};
use super::{Fact, Facts, month};
use crate::model::{Known, Row};

pub(super) fn count<'a>(known: &Known<'a>, facts: &mut Facts<'a>) {
    let mut clocks: BTreeMap<(&'a str, &'a str), u64> = BTreeMap::new();
    for row in known.of("deadline_state") {
        let begun = *clocks.entry((row.text("set_by"), row.text("milestone"))).or_insert(row.span.since);
        let fact = Fact {
            kind: row.text("milestone"),
            agency: row.text("owes_agency"),
            unit: row.text("owes_unit"),
            governorate: row.text("governorate"),
            month: month(row.integer("started_ms")),
            begun: Some(begun),
            ..Fact::default()
        };
        stands(row, fact, facts);
    }
}

fn stands<'a>(row: Row<'a>, fact: Fact<'a>, facts: &mut Facts<'a>) {
    let timeliness = |band| Fact { indicator: "timeliness", band, ..fact };
    let (Some(met), due) = (row.known("met_ms"), row.known("due_ms")) else {
        let missed = row.known("breached_ms").is_some();
        facts.during(row.span, timeliness(if missed { "overdue" } else { "running" }));
        return;
    };
    // What stood still when it ended was not late; nor is there a length to compare with.
    let late = row.known("breached_ms").is_some() || due.is_some_and(|due| met > due);
    facts.during(row.span, timeliness(if late { "late" } else { "on_time" }));
    if let Some(due) = due {
        let (took, allowed) =
            (met.saturating_sub(row.integer("started_ms")), due.saturating_sub(row.integer("started_ms")));
        let within =
            SHARES.iter().find(|(_, percent)| took.saturating_mul(100) <= allowed.saturating_mul(*percent));
        let band = within.map_or(MORE_THAN_DOUBLE, |(band, _)| band);
        facts.during(row.span, Fact { indicator: "time-used", band, value: took, ..fact });
    }
}
