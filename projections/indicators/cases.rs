//! What is counted of cases.

use super::{Fact, Facts, band, month};
use crate::model::{Known, Row};

/// Reopened within so long is soon: 90 days, in milliseconds.
const SOON: i64 = 90 * 86_400_000;

pub(super) fn count<'a>(known: &Known<'a>, facts: &mut Facts<'a>) {
    let mut first: Option<Row<'a>> = None;
    let mut before: Option<Row<'a>> = None;
    let mut closed: Option<Row<'a>> = None;
    for row in known.of("case_state") {
        let first = *first.get_or_insert(row);
        let was = before.map_or("", |before: Row<'_>| before.text("status"));
        match (was, row.text("status")) {
            ("", _) => opened(row, facts),
            ("open", "closed") => {
                closed = Some(row);
                closing(known, first, row, facts);
            }
            ("closed", "open") => {
                if let Some(closed) = closed {
                    reopened(closed, row, facts);
                }
            }
            _ => {}
        }
        stands(row, facts);
        before = Some(row);
    }
}

/// What every fact of a case says.
fn about<'a>(row: Row<'a>, indicator: &'static str, kind: &'a str) -> Fact<'a> {
    Fact {
        indicator,
        kind,
        agency: row.text("owner_agency"),
        unit: row.text("owner_unit"),
        governorate: row.text("governorate"),
        ..Fact::default()
    }
}

fn opened<'a>(row: Row<'a>, facts: &mut Facts<'a>) {
    let month = month(row.integer("opened_ms"));
    let fact = Fact { month, ..about(row, "cases-opened", row.text("risk")) };
    facts.from(row.span.since, row.span.since_ms, fact);
}

fn closing<'a>(known: &Known<'a>, first: Row<'a>, row: Row<'a>, facts: &mut Facts<'a>) {
    let (since, since_ms) = (row.span.since, row.span.since_ms);
    let lasted = at(row).saturating_sub(row.integer("opened_ms"));
    let fact = Fact {
        band: band(lasted),
        month: month(at(row)),
        value: lasted,
        begun: Some(first.span.since),
        ..about(row, "cases-closed", row.text("closing"))
    };
    facts.from(since, since_ms, fact);
    // As known then: what was requested and had not ended by that very entry.
    let live = known.of("referral_state").any(|referral| {
        let span = referral.span;
        span.since <= since && since < span.until && !referral.text("waits_for").is_empty()
    });
    if live {
        facts.from(
            since,
            since_ms,
            Fact { month: month(at(row)), ..about(row, "closed-with-open-referral", "") },
        );
    }
}

fn reopened<'a>(closed: Row<'a>, row: Row<'a>, facts: &mut Facts<'a>) {
    let rested = at(row).saturating_sub(at(closed));
    let fact = Fact {
        band: band(rested),
        month: month(at(row)),
        value: rested,
        begun: Some(closed.span.since),
        ..about(row, "cases-reopened", if rested <= SOON { "within_90_days" } else { "later" })
    };
    facts.from(row.span.since, row.span.since_ms, fact);
}

/// What is counted as it stands.
fn stands<'a>(row: Row<'a>, facts: &mut Facts<'a>) {
    facts.during(row.span, about(row, "case-sex", row.text("sex")));
    for (indicator, column) in [("case-concern", "concerns"), ("case-situation", "situations")] {
        for code in row.text(column).split(',').filter(|code| !code.is_empty()) {
            facts.during(row.span, about(row, indicator, code));
        }
    }
    if row.text("status") != "open" {
        return;
    }
    let yes = |column: &str| if row.integer(column) == 1 { "yes" } else { "no" };
    facts.during(row.span, about(row, "cases-open", row.text("risk")));
    facts.during(row.span, about(row, "cases-open-age", row.text("age_band")));
    facts.during(row.span, about(row, "caseload", row.text("officer")));
    facts.during(row.span, about(row, "case-grounds", yes("grounds")));
    if row.text("risk") == "high" {
        facts.during(row.span, about(row, "high-risk-safety-plan", yes("safety_plan")));
    }
}

fn at(row: Row<'_>) -> i64 {
    i64::try_from(row.span.since_ms).unwrap_or(i64::MAX)
}
