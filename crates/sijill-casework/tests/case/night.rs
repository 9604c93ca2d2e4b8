//! Two in the morning, Monday 7 September 2026: a child calls.

use sijill_casework::Milestone;
use sijill_casework::case::Act;
use sijill_casework::catalogue::ReferralState;
use sijill_domain::event::DocumentKind;
use sijill_event::{Digest, Json};

use super::country::{LINE, ORIGIN, POLICY};
use super::say::v;
use super::scene::{AMAL, CASE, NURSE};
use super::town::{DAY, HOUR, MINUTE, Town, oman};

fn two_in_the_morning() -> Town {
    let mut town = Town::new();
    town.until(oman("2026-09-07 02:00"));
    town.opened("high");
    town
}

fn text<'a>(act: &'a Act, field: &str) -> &'a str {
    act.values.get(field).and_then(Json::as_str).unwrap_or_default()
}

fn to(act: &Act) -> String {
    let to = act.values.get("to").or(act.values.get("owes")).unwrap();
    format!("{}/{}", to.get("agency").unwrap().as_str().unwrap(), to.get("unit").unwrap().as_str().unwrap())
}

fn the(town: &Town, to: &str) -> Digest {
    let mut referrals = town.case(CASE).referrals.iter();
    *referrals.find(|(_, referral)| referral.to.to_string() == to).unwrap().0
}

#[test]
fn the_hospital_the_police_and_social_services_are_asked_at_once() {
    let town = two_in_the_morning();
    let story = town.story(CASE, 0);
    let kinds: Vec<&str> = story.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["case.opened", "referral.requested", "referral.requested", "referral.requested"]);
    let opened = town.entries(CASE).next().unwrap();
    for (i, logged) in town.entries(CASE).enumerate() {
        assert_eq!(logged.at.index, opened.at.index + i as u64, "directly after it");
        assert_eq!(logged.at.received, opened.at.received);
    }
    let acts = town.acts(CASE, 0);
    let asked: Vec<_> = acts.iter().map(|act| (to(act), text(act, "priority"), text(act, "rule"))).collect();
    assert_eq!(
        asked,
        [
            ("cpc/ma".to_owned(), "urgent", "protection/high"),
            ("moh/hospital-ma".to_owned(), "urgent", "health/physical"),
            ("rop/desk".to_owned(), "urgent", "police/offence"),
        ]
    );
    let cause = opened.sd_jwt.event.hash().to_string();
    assert!(acts.iter().all(|act| text(act, "cause") == cause));
    assert!(acts.iter().all(|act| act.values.get("policy") == Some(&Json::Integer(1))));
    assert!(town.case(CASE).referrals.values().all(|referral| referral.automatic));
}

/// Nobody answers: reminder, breach, ladder, each at its minute and in the documented order.
#[test]
fn silence_is_reminded_recorded_and_escalated() {
    let mut town = two_in_the_morning();
    let (start, from) = (town.now, town.size);
    town.wait(3 * HOUR);
    let of_hospital = the(&town, "moh/hospital-ma").to_string();
    let told: Vec<_> = town
        .acts(CASE, from)
        .into_iter()
        .filter(|act| text(act, "of") == of_hospital)
        .map(|act| ((act.instant - start) / MINUTE, act.event_type, text(act, "milestone"), to(act)))
        .collect();
    let hospital = || "moh/hospital-ma".to_owned();
    assert_eq!(
        told,
        [
            (15, "reminder.sent", "acknowledge", hospital()),
            (30, "referral.breached", "acknowledge", hospital()),
            (30, "escalation.raised", "acknowledge", hospital()),
            (30, "escalation.raised", "acknowledge", LINE.to_owned()),
            (90, "escalation.raised", "acknowledge", "mosd/family-protection".to_owned()),
            (120, "reminder.sent", "accept", hospital()),
            (180, "referral.breached", "accept", hospital()),
            (180, "escalation.raised", "accept", hospital()),
            (180, "escalation.raised", "accept", LINE.to_owned()),
        ]
    );
    let appended = town.entries(CASE).filter(|logged| logged.act.is_some());
    assert!(appended.into_iter().all(|logged| logged.act.as_ref().unwrap().instant == logged.at.received));
}

/// Half past two: all three referrals are due at once, and the case itself a little later. The order is that of
/// instant, milestone, entry, step.
#[test]
fn what_falls_due_at_one_instant_comes_in_one_order() {
    let mut town = two_in_the_morning();
    let from = town.size;
    town.wait(30 * MINUTE);
    let order: Vec<_> = town
        .acts(CASE, from)
        .into_iter()
        .map(|act| {
            let milestone = Milestone::parse(text(act, "milestone")).unwrap();
            let of = Digest::parse(text(act, "of")).unwrap();
            (act.instant, milestone, town.file(CASE).events[&of].index, act.step)
        })
        .collect();
    assert_eq!(
        order.len(),
        3 + 1 + 3 * 3,
        "three reminders; one of who takes the case; breach and two steps, thrice"
    );
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn a_late_acknowledgement_ends_the_ladder_and_is_accepted() {
    let mut town = two_in_the_morning();
    town.wait(40 * MINUTE);
    let referral = the(&town, "moh/hospital-ma");
    town.does(NURSE, "referral.acknowledged", v! { referral: referral });
    assert_eq!(town.state(referral), ReferralState::Acknowledged);
    assert!(town.case(CASE).referrals[&referral].breached);
    let from = town.size;
    town.wait(HOUR);
    let of = referral.to_string();
    let more = town.acts(CASE, from).into_iter().filter(|act| text(act, "of") == of).count();
    assert_eq!(more, 0, "the step an hour after it was due is not taken any more");
}

#[test]
fn what_is_done_in_time_is_not_mentioned() {
    let mut town = two_in_the_morning();
    let from = town.size;
    for (who, to) in [(NURSE, "moh/hospital-ma"), ("rop/officer", "rop/desk"), ("cpc/worker", "cpc/ma")] {
        let referral = the(&town, to);
        town.does(who, "referral.accepted", v! { referral: referral });
        town.does(who, "referral.completed", v! { referral: referral });
    }
    town.does(AMAL, "case.assigned", v! { officer: "badr" });
    town.does(AMAL, "child.seen", v! {});
    town.does(AMAL, "assessment.completed", v! {});
    let plan = town.does(AMAL, "plan.proposed", v! {});
    town.does("h1100/chief", "plan.approved", v! { plan: plan });
    town.wait(5 * DAY);
    assert!(town.acts(CASE, from).is_empty(), "{:?}", town.story(CASE, from));
    assert_eq!(
        town.file(CASE).wakes_at(),
        Some(oman("2026-09-13 02:00")),
        "a day before the weekly follow-up"
    );
}

/// A boundary: what is received at the very millisecond it was due is late; a millisecond earlier it is not.
#[test]
fn due_is_due() {
    for (early, breached) in [(0, true), (1, false)] {
        let mut town = two_in_the_morning();
        town.until(town.now + 30 * MINUTE - early);
        let referral = the(&town, "moh/hospital-ma");
        town.does(NURSE, "referral.acknowledged", v! { referral: referral });
        town.wait(MINUTE);
        assert_eq!(town.case(CASE).referrals[&referral].breached, breached);
    }
}

/// Three days without the automation: then each act once, in the order of the instants they were due, as they would
/// have been but for `received`.
#[test]
fn after_an_outage_everything_comes_once_and_in_order() {
    let mut there = two_in_the_morning();
    let mut away = there.clone();
    let from = there.size;
    there.wait(3 * DAY);
    away.outage(3 * DAY);
    away.catch_up(CASE);
    let acts = |town: &Town| town.acts(CASE, from).into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(acts(&away), acts(&there));
    assert!(away.acts(CASE, from).iter().map(|act| act.instant).is_sorted());
    let keys: std::collections::BTreeSet<_> = acts(&away).iter().map(|act| act.jti(ORIGIN, CASE)).collect();
    assert_eq!(keys.len(), acts(&away).len());
    away.catch_up(CASE);
    assert_eq!(acts(&away), acts(&there), "and nothing twice");
}

/// Nothing is accepted in a case before what was due there: the ledger that forgets is refused.
#[test]
fn what_is_due_comes_first() {
    let mut town = two_in_the_morning();
    town.outage(HOUR);
    let referral = the(&town, "moh/hospital-ma");
    let before = town.size;
    town.does(NURSE, "referral.acknowledged", v! { referral: referral });
    let story = town.story(CASE, before);
    assert_eq!(story.last().unwrap().0, "referral.acknowledged");
    assert!(story.iter().any(|(kind, _)| kind == "referral.breached"));
}

#[test]
fn the_key_of_an_act_is_the_same_whoever_computes_it() {
    let town = two_in_the_morning();
    let again = town.acts(CASE, 0)[1];
    let jti = again.jti(ORIGIN, CASE);
    assert_eq!(jti.get_version_num(), 7);
    let (seconds, nanos) = jti.get_timestamp().unwrap().to_unix();
    assert_eq!(seconds * 1000 + u64::from(nanos) / 1_000_000, again.instant);
    assert_eq!(again.clone().jti(ORIGIN, CASE), jti);
    let mut keys = std::collections::BTreeSet::from([jti]);
    for other in [
        again.jti("other.example/log", CASE),
        again.jti(ORIGIN, "8Q"),
        Act { step: again.step + 1, ..again.clone() }.jti(ORIGIN, CASE),
        Act { cause: Digest([1; 32]), ..again.clone() }.jti(ORIGIN, CASE),
        Act { event_type: "notice.given", ..again.clone() }.jti(ORIGIN, CASE),
        Act { instant: again.instant + 1, ..again.clone() }.jti(ORIGIN, CASE),
    ] {
        assert!(keys.insert(other), "another act, the same key");
    }
}

/// What the policy has asked of a unit once it does not ask again, whatever became of it.
#[test]
fn a_unit_is_asked_once_per_table() {
    let mut town = two_in_the_morning();
    let police = the(&town, "rop/desk");
    town.does("rop/officer", "referral.rejected", v! { referral: police });
    let from = town.size;
    town.does(AMAL, "risk.assessed", v! { risk: "high", concerns: ["neglect"] });
    assert!(town.acts(CASE, from).is_empty());
    town.does(AMAL, "child.registered", v! { situations: ["working"] });
    let asked: Vec<_> = town.acts(CASE, from).into_iter().map(|act| (to(act), text(act, "rule"))).collect();
    assert_eq!(asked, [("mol/desk".to_owned(), "labour/working")]);
    let from = town.size;
    town.does(
        AMAL,
        "child.corrected",
        v! { corrects: the_child(&town), situations: ["working", "orphaned"] },
    );
    let asked: Vec<_> = town.acts(CASE, from).into_iter().map(|act| (to(act), text(act, "rule"))).collect();
    assert_eq!(asked, [("spf/desk".to_owned(), "benefits/orphan-or-disability")]);
}

fn the_child(town: &Town) -> Digest {
    let mut events = town.file(CASE).events.iter();
    *events.find(|(_, noted)| noted.event_type == "child.registered").unwrap().0
}

/// A unit that owns the case is not referred to, and an agency that left is not addressed.
#[test]
fn neither_the_owner_nor_who_left_is_asked() {
    let mut town = Town::new();
    town.decide(sijill_domain::event::AgencyRemove { agency: super::country::agency("moh"), quorum: None });
    town.say(
        "rop/officer",
        "case/8Q",
        "case.opened",
        v! { unit: "desk", risk: "high", governorate: "OM-MA" },
    )
    .unwrap();
    let asked: Vec<_> = town.acts("8Q", 0).into_iter().map(to).collect();
    assert_eq!(asked, ["cpc/ma"]);
}

/// Two targets of one table that are one unit here are asked once, by the rule that comes first.
#[test]
fn one_unit_under_two_names_is_asked_once() {
    let mut town = Town::new();
    let one = POLICY.replacen("OM-MA = \"cpc/ma\"", "OM-MA = \"mosd/family-protection\"", 1).replacen(
        "to = \"committee\", priority = \"routine\"",
        "to = \"family_protection\", priority = \"routine\"",
        1,
    );
    town.publish(DocumentKind::Policy, "child-protection", one.as_bytes());
    let values =
        v! { unit: "line", risk: "medium", governorate: "OM-MA", concerns: ["neglect", "sexual_abuse"] };
    town.does(AMAL, "case.opened", values);
    let asked = town.acts(CASE, 0).into_iter().map(|act| (to(act), text(act, "rule")));
    let asked: Vec<_> = asked.filter(|(_, rule)| rule.starts_with("protection/")).collect();
    assert_eq!(asked, [("mosd/family-protection".to_owned(), "protection/abused")]);
}
