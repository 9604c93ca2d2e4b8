//! What became of an early warning: said once, by who answers for the case, and never as the only ground of an act.

use sijill_event::{Digest, Json};

use super::say::v;
use super::scene::{AMAL, CASE, CHIEF, NURSE, open};
use super::town::Town;

const ELSEWHERE: Digest = Digest([7; 32]);

fn review(town: &Town, rule: &str, version: i64, events: &[Digest]) -> Json {
    let mut events: Vec<String> = events.iter().map(ToString::to_string).collect();
    events.sort();
    let events = Json::Array(events.into_iter().map(Json::String).collect());
    assert!(town.file(CASE).is_open());
    v! { rule: rule, version: Json::Integer(version), events: events }
}

#[test]
fn a_warning_is_reviewed_once() {
    let mut town = open("none");
    let opened = town.case(CASE).opened;
    let said = |town: &Town| review(town, "missed-visit", 1, &[opened, ELSEWHERE]);
    assert_eq!(town.refused(NURSE, "warning.reviewed", said(&town)), "not-yours");
    town.does(AMAL, "warning.reviewed", said(&town));
    assert_eq!(town.refused(CHIEF, "warning.reviewed", said(&town)), "already-reviewed");
    // Another rule, another version, and what has happened since are other warnings.
    for other in [
        review(&town, "handovers", 1, &[opened, ELSEWHERE]),
        review(&town, "missed-visit", 2, &[opened, ELSEWHERE]),
        review(&town, "missed-visit", 1, &[opened]),
    ] {
        assert_eq!(town.refused(AMAL, "warning.reviewed", other), "accepted");
    }
}

#[test]
fn a_warning_is_about_something_in_the_case() {
    let town = open("none");
    let said = review(&town, "missed-visit", 1, &[ELSEWHERE]);
    assert_eq!(town.refused(AMAL, "warning.reviewed", said), "unknown-event");
}

#[test]
fn who_acts_on_a_warning_has_looked_at_something_else() {
    let mut town = open("none");
    let events = [town.case(CASE).opened];
    let acted = |outcome: &str| v! { events: events, outcome: outcome };
    for (outcome, alone) in [("acted", "ground-missing"), ("no_action", "accepted"), ("wrong", "accepted")] {
        assert_eq!(town.refused(AMAL, "warning.reviewed", acted(outcome)), alone, "{outcome}");
    }
    town.does(AMAL, "warning.reviewed", v! { events: events, outcome: "acted", ground: "child_seen" });
}
