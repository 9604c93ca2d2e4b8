//! The streams of a case under rule-set 2: one set of parties, and what evidence of some entries can say of it.

use std::collections::BTreeSet;

use sijill_audit::{Evidence, FaultCode, Status};
use sijill_domain::event::{HolidayAnnounced, UnitCalendarSet};
use sijill_event::{Draft, Json, Timestamp};

use crate::files::{found, run};
use crate::made::{Made, START, draft};
use crate::verdict::{at, below_rules, faults_of};

use FaultCode::NotAuthorised;

fn act(to: Option<&str>) -> Draft {
    let to = to.map(|agency| Json::object([("agency", agency.into())]));
    to.into_iter().fold(Draft::new("something.done", 1), |draft, to| draft.open("to", to))
}

/// A ledger under rule-set 2, and the index of the next entry.
fn second() -> (Made, u64) {
    let mut made = Made::founded(1);
    made.put_rules(2, None);
    let next = made.entries.len() as u64;
    (made, next)
}

#[test]
fn a_case_has_one_set_of_parties() {
    let (mut made, next) = second();
    // No case yet, and who tries has no authority to open one.
    made.say("ledger/automation", "auto/x", act(None));
    made.say("moh/registrar", "case/x", act(None));
    made.say("moh/o0", "access/x", act(None));
    // A contact: what is disclosed of it can be asked for by anyone; nothing is automated.
    made.say("moh/o0", "contact/x", act(None));
    made.say("rop/o0", "access/x", act(None));
    made.say("ledger/automation", "auto/x", act(None));
    assert_eq!(below_rules(faults_of(&made)), [0, 1, 2, 5].map(|nth| at(NotAuthorised, next + nth)));

    let (mut made, next) = second();
    made.say("moh/o0", "case/y", act(None));
    made.say("moe/o0", "case/y", act(None));
    made.say("ledger/automation", "auto/y", act(Some("moe")));
    made.say("moe/o0", "case/y", act(None));
    made.say("moe/o0", "auto/y", act(None));
    made.say("rop/o0", "access/y", act(Some("rop")));
    made.say("ledger/access", "access/y", act(Some("rop")));
    made.say("rop/o0", "case/y", act(None));
    let conference = act(None).open("members", Json::Array(vec!["rop".into()]));
    made.say("moe/o0", "case/y", conference);
    made.say("rop/o0", "case/y", act(None));
    assert_eq!(below_rules(faults_of(&made)), [1, 4, 7].map(|nth| at(NotAuthorised, next + nth)));
}

#[test]
fn what_comes_with_rule_set_2_is_refused_before_it() {
    let mut made = Made::founded(1);
    let unit = |id| sijill_domain::UnitId::parse(id).expect("an id");
    let hours = UnitCalendarSet { unit: unit("intake"), calendar: unit("office") }.data();
    let next = made.entries.len() as u64;
    made.say("moh/registrar", "agency/moh", draft(UnitCalendarSet::TYPE, &hours));
    made.say("moh/o0", "case/x", act(None));
    made.say("moh/o0", "access/x", act(None));
    made.put_rules(2, None);
    made.say("moh/registrar", "agency/moh", draft(UnitCalendarSet::TYPE, &hours));
    made.say("moh/o0", "access/x", act(None));
    // Its founders were not granted what it takes.
    made.say("moh/root", "ledger", draft(HolidayAnnounced::TYPE, &Json::object::<&str>([])));
    assert_eq!(below_rules(faults_of(&made)), [0, 2, 8].map(|nth| at(NotAuthorised, next + nth)));
}

/// What evidence of these entries says: faults, and how many entries authority could not judge of those that are held.
fn evidence(made: &Made, wanted: &[u64]) -> (Vec<(FaultCode, Option<u64>)>, u64) {
    let wanted: BTreeSet<u64> = wanted.iter().copied().collect();
    let evidence = Evidence::gather(&made.source(), &wanted, true).expect("evidence");
    let report = run(&evidence, Some(&made.trust()));
    assert_eq!(report.levels.authority.status == Status::Faults, !report.faults.is_empty());
    let held = evidence.exhibits().count() as u64;
    (found(&report), held - report.levels.authority.checked)
}

#[test]
fn evidence_does_not_judge_what_entries_that_are_not_held_may_have_done() {
    let (mut made, next) = second();
    made.say("moh/o0", "case/x", act(None));
    made.say("ledger/automation", "auto/x", act(Some("moe")));
    made.say("moe/o0", "case/x", act(None));
    made.say("rop/o0", "access/x", act(None));
    assert_eq!(below_rules(faults_of(&made)), []);
    let [opened, automation, work, asked] = [0, 1, 2, 3].map(|nth| next + nth);
    assert_eq!(evidence(&made, &[opened, automation, work, asked]), (vec![], 0));
    // The case is held whole, and yet does not say why `moe` is a party.
    assert_eq!(evidence(&made, &[opened, work]), (vec![], 1));
    assert_eq!(evidence(&made, &[automation]), (vec![], 1));
    assert_eq!(evidence(&made, &[asked]), (vec![], 1));
    assert_eq!(evidence(&made, &[opened, asked]), (vec![], 0));
}

#[test]
fn evidence_judges_what_no_entry_can_have_changed() {
    let (mut made, next) = second();
    made.say("moh/registrar", "access/x", act(None));
    made.say("moh/o0", "auto/x", act(None));
    // Parties to a contact come from its own stream alone, and that is held.
    made.say("moh/o0", "contact/y", act(None));
    made.say("moe/o0", "contact/y", act(None));
    let wanted = [0, 1, 2, 3].map(|nth| next + nth);
    assert_eq!(evidence(&made, &wanted), ([0, 1, 3].map(|nth| at(NotAuthorised, next + nth)).to_vec(), 0));

    // In rule-set 1 nothing but the case adds parties to it: up to the entry that brings rule-set 2 into force.
    let mut made = Made::founded(1);
    let noon = START + 60_000;
    let time = Timestamp::parse("2026-01-01T00:01:00Z").expect("a time");
    made.put_rules(2, Some(time));
    let next = made.entries.len() as u64;
    made.say("moh/o0", "case/x", act(None));
    made.say("moe/o0", "case/x", act(None));
    while made.now() < noon {
        made.say("moh/o0", "contact/y", act(None));
    }
    let late = made.say("moe/o0", "case/x", act(None));
    assert_eq!(below_rules(faults_of(&made)), [next + 1, late].map(|index| at(NotAuthorised, index)));
    assert_eq!(evidence(&made, &[next, next + 1, late]), (vec![at(NotAuthorised, next + 1)], 1));
}
