//! The policy that comes with the programme: sound, nothing in it superfluous, and it does what it is for.

use std::collections::BTreeSet;

use sijill_casework::policy::{Difference, Finding, OMAN, Policy, Situation, StepTo};
use sijill_casework::{Amount, Clock, Milestone, Priority};
use toml::{Table, Value};

use crate::{code, naive, shipped};

fn document() -> Table {
    std::str::from_utf8(OMAN).unwrap().parse().unwrap()
}

fn oman() -> Policy {
    Policy::parse(OMAN).unwrap()
}

fn findings(document: &Table) -> Vec<Finding> {
    Policy::parse(toml::to_string(document).unwrap().as_bytes()).unwrap().check(&shipped())
}

fn case(concerns: &[&str], risk: &str, age: &str, situations: &[&str]) -> Situation {
    let codes = |texts: &[&str]| texts.iter().map(|text| code(text)).collect();
    Situation {
        concerns: codes(concerns),
        risk: code(risk),
        age: code(age),
        governorate: code("OM-BS"),
        situations: codes(situations),
    }
}

#[test]
fn it_is_sound() {
    assert_eq!(oman().check(&shipped()), []);
    let all = naive::combinations(&shipped());
    assert_eq!(all.len(), 22 * 4 * 5 * 11 * 12);
    // Every governorate is alike in the tables: one is enough for the slow way.
    let one: Vec<_> = all.into_iter().filter(|combination| combination[3] == "OM-WU").collect();
    assert!(naive::is_sound(&document(), &one));
}

#[test]
fn without_any_one_rule_a_hole_is_named() {
    let whole = document();
    let tables = whole["table"].as_array().unwrap();
    for (t, table) in tables.iter().enumerate() {
        for r in 0..table["rule"].as_array().unwrap().len() {
            let mut document = whole.clone();
            let removed = document["table"][t]["rule"].as_array_mut().unwrap().remove(r);
            let found = findings(&document);
            let holes = found.iter().filter(|finding| matches!(finding, Finding::Undecided { .. })).count();
            assert!(holes > 0 && holes == found.len(), "{removed}: {found:?}");
        }
    }
}

#[test]
fn without_any_one_deadline_it_is_missed() {
    let whole = document();
    for n in 0..whole["deadline"].as_array().unwrap().len() {
        let mut document = whole.clone();
        let removed = document["deadline"].as_array_mut().unwrap().remove(n);
        let found = findings(&document);
        let missing = |finding: &Finding| {
            matches!(finding, Finding::DeadlineMissing { milestone, .. }
                if removed["milestone"].as_str() == Some(milestone.as_str()))
        };
        assert!(!found.is_empty() && found.iter().all(missing), "{removed}: {found:?}");
    }
}

/// Removes `section.<key>` for each key in turn; what is found must be of this code.
fn each_is_needed(section: &str, finding: &str) {
    let whole = document();
    for key in whole[section].as_table().unwrap().keys() {
        let mut document = whole.clone();
        document[section].as_table_mut().unwrap().remove(key);
        let found = findings(&document);
        assert!(!found.is_empty() && found.iter().all(|found| found.code() == finding), "{key}: {found:?}");
    }
}

#[test]
fn without_any_one_target_ladder_or_field_set_it_is_missed() {
    each_is_needed("target", "policy-target-unknown");
    each_is_needed("ladder", "policy-ladder-unknown");
    each_is_needed("field_set", "policy-field-set-unknown");
}

#[test]
fn without_any_one_unit_of_a_target_its_governorate_is_named() {
    let whole = document();
    for (target, units) in whole["target"].as_table().unwrap() {
        for governorate in units.as_table().unwrap().keys() {
            let mut document = whole.clone();
            document["target"][target.as_str()].as_table_mut().unwrap().remove(governorate);
            let missing: BTreeSet<String> = findings(&document)
                .into_iter()
                .map(|finding| match finding {
                    Finding::TargetMissing { target: of, governorate } if of == *target => {
                        governorate.to_string()
                    }
                    other => panic!("{other}"),
                })
                .collect();
            let whole_country = governorate == "any" && missing.len() == 11;
            assert!(
                whole_country || missing == BTreeSet::from([governorate.clone()]),
                "{target}: {missing:?}"
            );
        }
    }
}

#[test]
fn a_hole_is_named_in_one_line() {
    let mut document = document();
    document["table"][0]["rule"]
        .as_array_mut()
        .unwrap()
        .retain(|rule| rule["id"].as_str() != Some("no-risk"));
    let sentences: Vec<String> = findings(&document).iter().map(ToString::to_string).collect();
    assert_eq!(
        sentences,
        ["table `protection` says nothing of risk=none; write a rule, if only `then = \"nothing\"`"]
    );
}

/// 02:00: the helpline opens a high-risk case.
#[test]
fn at_night_hospital_police_and_social_services_are_asked_at_once() {
    let urgent = |case: &Situation| -> Vec<(String, String)> {
        let prescribed = oman().prescribe(case);
        assert!(prescribed.iter().all(|p| p.priority == Priority::Urgent), "{prescribed:?}");
        prescribed.into_iter().map(|p| (p.table, p.to.to_string())).collect()
    };
    let expected = [("protection", "cpc/bs"), ("health", "moh/hospital-bs"), ("police", "rop/desk")]
        .map(|(table, to)| (table.to_owned(), to.to_owned()));
    assert_eq!(urgent(&case(&["physical_abuse"], "high", "5-11", &[])), expected);
    assert_eq!(urgent(&case(&["physical_abuse"], "low", "5-11", &[])), expected);
    assert_eq!(urgent(&case(&["neglect", "physical_abuse"], "high", "unknown", &[])), expected);
    assert_eq!(urgent(&case(&["other"], "high", "unknown", &[])), expected);
    assert_eq!(urgent(&case(&["sexual_abuse"], "low", "0-4", &[])), expected);
}

#[test]
fn one_referral_for_each_table_and_target_the_more_urgent_one() {
    let case = case(&["neglect", "sexual_abuse"], "medium", "12-14", &["working", "disability"]);
    let prescribed: Vec<String> = oman()
        .prescribe(&case)
        .into_iter()
        .map(|p| format!("{} {} -> {} {}", p.table, p.rule, p.target, p.priority))
        .collect();
    assert_eq!(
        prescribed,
        [
            "protection abused -> committee urgent",
            "health sexual -> hospital urgent",
            "police offence -> police urgent",
            "mental-health wounding -> mental_health routine",
            "disability needs -> disability routine",
            "labour working -> labour routine",
            "benefits orphan-or-disability -> benefits routine",
        ]
    );
}

#[test]
fn nothing_is_disclosed_beyond_the_field_set() {
    let prescribed = oman().prescribe(&case(&["out_of_school"], "low", "5-11", &[]));
    let education = prescribed.iter().find(|p| p.table == "education").unwrap();
    let fields: Vec<&str> = education.fields.iter().map(String::as_str).collect();
    assert_eq!(fields, ["identity.birth_date", "identity.guardian", "identity.name", "identity.phone"]);
    assert_eq!((education.legal_basis.as_str(), education.reason.as_str()), ("best_interest", "schooling"));
    assert!(oman().prescribe(&case(&["physical_abuse"], "none", "5-11", &[])).is_empty());
    assert!(oman().prescribe(&case(&[], "high", "5-11", &[])).is_empty());
}

#[test]
fn each_answer_is_explained_by_one_rule() {
    let case = case(&["neglect", "bullying"], "low", "12-14", &["working"]);
    let explained = oman().explain(&case);
    assert_eq!(explained.len(), oman().tables().len() * 2);
    for one in &explained {
        assert_eq!(one.rules.iter().filter(|rule| rule.missed.is_empty()).count(), 1, "{one:?}");
        assert!(one.rules.iter().all(|rule| rule.says.is_none() || rule.missed.is_empty()));
    }
    let health =
        explained.iter().find(|one| one.table == "health" && one.concern.as_str() == "bullying").unwrap();
    let why: Vec<(&str, Vec<&str>)> = health
        .rules
        .iter()
        .map(|rule| (rule.rule.as_str(), rule.missed.iter().map(|dimension| dimension.as_str()).collect()))
        .collect();
    assert_eq!(why[0], ("sexual", vec!["concern"]));
    assert_eq!(why[2], ("high", vec!["risk"]));
    assert_eq!(why[4], ("pregnant", vec!["situation"]));
    assert_eq!(why[5], ("no-harm", vec![]));
}

#[test]
fn every_deadline_has_a_length_and_a_ladder() {
    let policy = oman();
    let acknowledge = policy.deadline(Milestone::Acknowledge, "urgent").unwrap();
    assert_eq!((acknowledge.within, acknowledge.clock), (Amount::parse("30m").unwrap(), Clock::Wall));
    assert_eq!(acknowledge.remind, [Amount::parse("15m").unwrap()]);
    assert_eq!(acknowledge.ladder.last().unwrap().to, StepTo::Target("family_protection".to_owned()));
    let breach = policy.deadline(Milestone::NotifyBreach, "low").unwrap();
    assert_eq!(breach.within, Amount::parse("72h").unwrap());
    assert!(policy.deadline(Milestone::Acknowledge, "high").is_none());
    let complete = policy.deadline(Milestone::Complete, "routine").unwrap();
    assert!(complete.pause_on.contains("awaiting_court") && !complete.pause_on.contains("no_staff"));
    // A figure is Oman's law, or says whose it is.
    assert!(
        policy
            .deadlines()
            .iter()
            .all(|rule| !rule.source.starts_with("Default until") || rule.precedent.is_some())
    );
}

#[test]
fn what_it_says_of_itself() {
    let policy = oman();
    assert_eq!(
        (policy.id(), policy.calendar(), policy.default_hours()),
        ("child-protection", "oman", "office")
    );
    assert_eq!(policy.effective(), "2026-01-01");
    assert_eq!(policy.break_glass_open_for(), Amount::parse("3h").unwrap());
    assert_eq!(policy.timer_grace(), Amount::parse("5m").unwrap());
    assert!(policy.title().en.contains("Child protection") && policy.manual().contains("2025"));
    let units: Vec<String> = policy.targets().map(ToString::to_string).collect();
    assert_eq!(units.len(), 11 + 11 + 10);
    assert_eq!(policy.target("police", "OM-MA"), policy.target("police", "OM-ZU"));
    assert_eq!(policy.target("committee", "OM-ZU").unwrap().to_string(), "cpc/zu");
    assert!(policy.target("committee", "elsewhere").is_none() && policy.target("nobody", "OM-MA").is_none());
}

#[test]
fn a_change_is_told_in_sentences() {
    let mut changed = document();
    let rule = changed["table"][0]["rule"][0].as_table_mut().unwrap();
    rule["then"]["priority"] = Value::from("routine");
    changed["deadline"][0]["within"] = Value::from("1h");
    let ladder = changed["ladder"]["case"].clone();
    changed["ladder"].as_table_mut().unwrap().insert("more".to_owned(), ladder);
    changed["target"]["police"]
        .as_table_mut()
        .unwrap()
        .insert("OM-MU".to_owned(), Value::from("rop/musandam"));
    let changed = Policy::parse(toml::to_string(&changed).unwrap().as_bytes()).unwrap();
    let sentences = |before: &Policy, after: &Policy| -> Vec<String> {
        Policy::diff(before, after, &shipped()).iter().map(Difference::to_string).collect()
    };
    let fields: Vec<String> =
        oman().prescribe(&case(&["other"], "high", "0-4", &[]))[0].fields.iter().cloned().collect();
    let referral = |priority: &str| {
        format!(
            "{priority} referral to `committee` for `child_protection` (immediate_safety, official_competence; disclosing {})",
            fields.join(", ")
        )
    };
    assert_eq!(
        sentences(&oman(), &changed),
        [
            format!(
                "Table `protection`: {} instead of {}, for 14520 combinations: risk=high.",
                referral("routine"),
                referral("urgent")
            ),
            "Deadline `acknowledge` of `urgent`: within 1h by the wall clock, paused on: never, reminders: 15m before, \
             ladder `urgent` instead of within 30m by the wall clock, paused on: never, reminders: 15m before, \
             ladder `urgent`."
                .to_owned(),
            "Ladder `more` is new: supervisor after 0h, family_protection after 3d.".to_owned(),
            "Target `police` in OM-MU is new: rop/musandam.".to_owned(),
        ]
    );
    assert!(sentences(&changed, &oman())[2].starts_with("Ladder `more` is gone: "));
    let mut strict = document();
    strict["deadline"][0].as_table_mut().unwrap().insert("pause_on_question".to_owned(), Value::from(false));
    let strict = Policy::parse(toml::to_string(&strict).unwrap().as_bytes()).unwrap();
    assert!(sentences(&oman(), &strict)[0].contains("paused on: never (not by a question), reminders"));
    assert!(sentences(&oman(), &oman()).is_empty());
}
