//! Clocks: what starts, stops, pauses and moves them.

use sijill_casework::Milestone;
use sijill_casework::case::Deadline;
use sijill_domain::UnitId;
use sijill_domain::event::{Day, DocumentKind, HolidayAnnounced};
use sijill_event::{Digest, Json};

use super::country::{CALENDAR, POLICY, name};
use super::say::v;
use super::scene::{AMAL, CASE, CHIEF, HOSPITAL, NURSE, open, referred};
use super::town::{DAY, HOUR, MINUTE, Town, oman, rfc3339};

const SCHOOL: &str = "moe/school-social-work";

impl Town {
    /// The deadline of this milestone that was set last.
    fn deadline(&self, milestone: Milestone) -> &Deadline {
        let deadlines = &self.case(CASE).deadlines;
        deadlines.iter().rfind(|deadline| deadline.milestone == milestone).unwrap()
    }

    fn due(&self, milestone: Milestone) -> Option<u64> {
        self.deadline(milestone).due
    }

    fn announce(&mut self, from: &str, to: &str) {
        let announced = HolidayAnnounced {
            calendar: UnitId::parse("oman").unwrap(),
            from: Day::parse(from).unwrap(),
            to: Day::parse(to).unwrap(),
            name: name(),
        };
        self.govern("mosd/root", "ledger", HolidayAnnounced::TYPE, &announced.data());
    }

    fn vary(&self, milestone: Milestone, until: u64) -> Json {
        let of = self.deadline(milestone).of.to_string();
        let deadline = Json::object([("milestone", Json::from(milestone.as_str())), ("of", of.into())]);
        v! { deadline: deadline, until: rfc3339(until) }
    }
}

fn breaches(town: &Town, from: u64) -> Vec<String> {
    let acts = town.acts(CASE, from).into_iter().filter(|act| act.event_type.ends_with(".breached"));
    acts.map(|act| act.values.get("milestone").and_then(Json::as_str).unwrap().to_owned()).collect()
}

/// Accepted and waiting for a court, the clock of the urgent referral stands still; for want of staff it runs.
#[test]
fn a_clock_stands_still_for_the_reasons_that_the_policy_lists() {
    for (reason, still) in [("awaiting_court", 100 * HOUR), ("no_staff", 0)] {
        let (mut town, referral) = referred();
        town.does(NURSE, "referral.accepted", v! { referral: referral });
        let due = town.now + 24 * HOUR;
        assert_eq!(town.due(Milestone::Complete), Some(due));
        town.wait(10 * HOUR);
        town.does(NURSE, "referral.held", v! { referral: referral, reason: reason });
        assert_eq!(town.due(Milestone::Complete), (still == 0).then_some(due));
        town.wait(100 * HOUR);
        assert_eq!(breaches(&town, 0).contains(&"complete".to_owned()), still == 0, "{reason}");
        town.does(NURSE, "referral.resumed", v! { referral: referral });
        assert_eq!(town.due(Milestone::Complete), Some(due + still));
    }
}

#[test]
fn whoever_waits_for_an_answer_is_not_late() {
    let (mut town, referral) = referred();
    let due = town.now + 3 * HOUR;
    town.wait(20 * MINUTE);
    town.does(NURSE, "referral.info_requested", v! { referral: referral });
    assert!(!town.deadline(Milestone::Acknowledge).runs(), "a question is an answer of a kind");
    assert_eq!(town.due(Milestone::Accept), None);
    town.wait(10 * HOUR);
    town.does(AMAL, "referral.info_provided", v! { referral: referral });
    assert_eq!(town.due(Milestone::Accept), Some(due + 10 * HOUR));
    assert!(breaches(&town, 0).is_empty());
}

/// A policy may leave a clock running while a question is open: nobody buys time by asking.
#[test]
fn a_question_stops_the_clocks_that_the_policy_lets_it() {
    let strict =
        POLICY.replacen("id = \"accept-urgent\"\n", "id = \"accept-urgent\"\npause_on_question = false\n", 1);
    let mut town = open("none");
    town.publish(DocumentKind::Policy, "child-protection", strict.as_bytes());
    let referral = town.refer(HOSPITAL, "urgent");
    let due = town.now + 3 * HOUR;
    town.does(NURSE, "referral.info_requested", v! { referral: referral });
    assert_eq!(town.due(Milestone::Accept), Some(due));
    town.wait(4 * HOUR);
    assert_eq!(breaches(&town, 0), ["accept"]);
}

/// A question that comes when it is too late stops nothing: what is late goes on up the ladder.
#[test]
fn a_question_after_the_breach_does_not_stop_the_ladder() {
    let (mut town, referral) = referred();
    town.does(NURSE, "referral.acknowledged", v! { referral: referral });
    town.wait(3 * HOUR + MINUTE);
    assert_eq!(breaches(&town, 0), ["accept"]);
    let from = town.size;
    town.does(NURSE, "referral.info_requested", v! { referral: referral });
    town.wait(2 * HOUR);
    let told: Vec<_> = town.acts(CASE, from).into_iter().map(|act| act.event_type).collect();
    assert_eq!(told, ["escalation.raised"]);
}

#[test]
fn a_redirected_referral_starts_anew_for_the_new_unit() {
    let (mut town, referral) = referred();
    town.wait(20 * MINUTE);
    town.does(NURSE, "referral.redirected", v! { referral: referral, to: "rop/desk" });
    for (milestone, length) in [(Milestone::Acknowledge, 30 * MINUTE), (Milestone::Accept, 3 * HOUR)] {
        let deadline = town.deadline(milestone);
        assert_eq!(deadline.due, Some(town.now + length));
        assert_eq!(deadline.owes.to_string(), "rop/desk");
    }
    let from = town.size;
    town.wait(35 * MINUTE);
    let owed: Vec<_> = town.acts(CASE, from).into_iter().filter_map(|act| act.values.get("owes")).collect();
    assert_eq!(owed.len(), 1);
    assert_eq!(owed[0].get("agency").unwrap().as_str(), Some("rop"));
}

#[test]
fn a_service_that_is_delivered_acknowledges() {
    let (mut town, referral) = referred();
    town.does(AMAL, "service.delivered", v! { referral: referral });
    assert!(town.deadline(Milestone::Acknowledge).runs(), "it is for the recipient to say that it has it");
    town.does(NURSE, "service.delivered", v! { referral: referral });
    assert!(!town.deadline(Milestone::Acknowledge).runs());
    assert!(town.deadline(Milestone::Accept).runs());
}

#[test]
fn a_varied_deadline_is_due_when_the_supervisor_says() {
    let mut town = open("high");
    let until = town.now + 30 * DAY;
    let varied = town.vary(Milestone::Assess, until);
    town.does(CHIEF, "deadline.varied", varied);
    assert_eq!(town.due(Milestone::Assess), Some(until));
    let from = town.size;
    town.until(until - 25 * HOUR);
    assert!(!town.acts(CASE, from).iter().any(|act| act.values.get("milestone") == Some(&"assess".into())));
    town.until(until);
    assert!(breaches(&town, from).contains(&"assess".to_owned()));
    let late = town.vary(Milestone::Assess, until + DAY);
    assert_eq!(
        town.refused(CHIEF, "deadline.varied", late),
        "deadline-unknown",
        "what was missed was missed"
    );
}

/// A week before the conference, counted backward; an assessment before it was scheduled does not count.
#[test]
fn papers_are_due_before_the_conference() {
    let mut town = open("none");
    town.does(AMAL, "assessment.completed", v! {});
    let conference = town.now + 20 * DAY;
    let set = town.does(AMAL, "conference.scheduled", v! { members: ["moh"], at: rfc3339(conference) });
    let due = conference - 7 * DAY;
    assert_eq!(town.due(Milestone::ConferencePapers), Some(due));
    let mut lazy = town.clone();
    let from = lazy.size;
    lazy.until(due);
    let of = set.to_string();
    let told =
        lazy.acts(CASE, from).into_iter().filter(|act| act.values.get("of") == Some(&of.as_str().into()));
    let told: Vec<_> = told.map(|act| (due - act.instant, act.event_type)).collect();
    assert_eq!(told, [(2 * DAY, "reminder.sent"), (0, "deadline.breached"), (0, "escalation.raised")]);
    town.wait(DAY);
    town.does(AMAL, "assessment.completed", v! {});
    assert!(!town.deadline(Milestone::ConferencePapers).runs());
}

/// At three days' notice the papers are late at once; the instants still do not go backward.
#[test]
fn a_conference_at_short_notice_is_late_at_once() {
    let mut town = open("none");
    let from = town.size;
    let set =
        town.does(AMAL, "conference.scheduled", v! { members: ["moh"], at: rfc3339(town.now + 3 * DAY) });
    town.catch_up(CASE);
    let acts = town.acts(CASE, from);
    let kinds: Vec<_> = acts.iter().map(|act| act.event_type).collect();
    assert_eq!(kinds, ["reminder.sent", "deadline.breached", "escalation.raised", "escalation.raised"]);
    assert!(acts.iter().map(|act| act.instant).is_sorted());
    assert!(acts.iter().all(|act| act.cause == set));
}

fn at_school() -> (Town, Digest) {
    let mut town = Town::new();
    town.until(oman("2026-09-07 10:00"));
    town.opened("none");
    town.does(AMAL, "case.assigned", v! {});
    let referral = town.refer(SCHOOL, "routine");
    assert_eq!(town.due(Milestone::Acknowledge), Some(oman("2026-09-08 10:00")), "one working day");
    (town, referral)
}

/// Announced the evening before, a holiday moves what is due on it; announced afterwards, it moves nothing.
#[test]
fn a_holiday_touches_only_time_to_come() {
    let (mut town, _) = at_school();
    town.until(oman("2026-09-07 21:00"));
    town.announce("2026-09-08", "2026-09-08");
    town.catch_up(CASE);
    assert_eq!(town.due(Milestone::Acknowledge), Some(oman("2026-09-09 10:00")));
    town.until(oman("2026-09-08 23:00"));
    town.announce("2026-09-07", "2026-09-07");
    town.catch_up(CASE);
    assert_eq!(town.due(Milestone::Acknowledge), Some(oman("2026-09-09 10:00")));
    assert!(breaches(&town, 0).is_empty());
    town.until(oman("2026-09-09 10:00"));
    assert_eq!(breaches(&town, 0), ["acknowledge"]);
}

#[test]
fn a_new_calendar_moves_what_still_runs() {
    let (mut town, _) = at_school();
    let late = CALENDAR.replace("version = 1", "version = 2").replace("07:30-14:30", "11:00-18:00");
    town.publish(DocumentKind::Calendar, "oman", late.as_bytes());
    town.catch_up(CASE);
    // From 10:00 to 11:00 offices are closed now, and so they are until 11:00 tomorrow.
    assert_eq!(town.due(Milestone::Acknowledge), Some(oman("2026-09-07 18:00")));
}

/// The hours a unit names count for what begins after it; what runs keeps its own.
#[test]
fn a_unit_s_hours_count_for_what_begins_after() {
    let (mut town, _) = at_school();
    let unit = super::country::unit("school-social-work");
    let calendar = super::country::unit("always");
    town.keep("moe", sijill_domain::event::UnitCalendarSet { unit, calendar });
    town.catch_up(CASE);
    assert_eq!(town.deadline(Milestone::Acknowledge).hours(), "office");
    town.until(oman("2026-09-07 20:00"));
    town.refer(SCHOOL, "routine");
    assert_eq!(town.due(Milestone::Acknowledge), Some(oman("2026-09-08 20:00")));
}

/// A new policy touches what begins after it. What runs keeps its length, its reminders, its ladder, its version.
#[test]
fn running_deadlines_keep_their_policy() {
    let (mut town, _) = referred();
    let (start, from) = (town.now, town.size);
    let quick = POLICY.replacen("within = \"30m\"", "within = \"10m\"", 1).replacen(
        "remind = [\"15m\"]",
        "remind = [\"5m\"]",
        1,
    );
    town.publish(DocumentKind::Policy, "child-protection", quick.as_bytes());
    assert_eq!(town.due(Milestone::Acknowledge), Some(start + 30 * MINUTE));
    town.refer("rop/desk", "urgent");
    assert_eq!(town.due(Milestone::Acknowledge), Some(start + 10 * MINUTE));
    town.wait(30 * MINUTE);
    let told: Vec<_> = town
        .acts(CASE, from)
        .into_iter()
        .filter(|act| matches!(act.event_type, "reminder.sent" | "referral.breached"))
        .map(|act| {
            (
                (act.instant - start) / MINUTE,
                act.event_type,
                act.values.get("policy").unwrap().as_u64().unwrap(),
            )
        })
        .collect();
    let (reminder, breach) = ("reminder.sent", "referral.breached");
    assert_eq!(told, [(5, reminder, 2), (10, breach, 2), (15, reminder, 1), (30, breach, 1)]);
}

/// A case counts from the first time anyone received the report, so it can be late when it is opened.
#[test]
fn a_case_is_as_old_as_its_report() {
    let mut town = Town::new();
    let reported = town.now - 2 * HOUR;
    let values = v! { unit: "line", risk: "high", governorate: "OM-MA", reported: rfc3339(reported) };
    town.does(AMAL, "case.opened", values);
    for (milestone, length) in
        [(Milestone::Assign, HOUR), (Milestone::SeeChild, DAY), (Milestone::Assess, 3 * DAY)]
    {
        assert_eq!(town.due(milestone), Some(reported + length));
    }
    town.catch_up(CASE);
    assert_eq!(breaches(&town, 0), ["assign"]);
    let requested = town.now + 30 * MINUTE;
    assert_eq!(
        town.due(Milestone::Acknowledge),
        Some(requested),
        "a unit is not late for what it was not asked"
    );
}

/// A claim that the report comes from tomorrow gives no more time.
#[test]
fn a_report_is_not_received_later_than_it_is_told() {
    let mut town = Town::new();
    let values = v! { unit: "line", risk: "high", reported: rfc3339(town.now + DAY) };
    town.does(AMAL, "case.opened", values);
    assert_eq!(town.due(Milestone::Assign), Some(town.now + HOUR));
}

#[test]
fn a_rising_risk_starts_the_clocks_of_the_new_risk_and_a_falling_one_none() {
    let mut town = open("low");
    town.does(AMAL, "child.seen", v! {});
    town.wait(HOUR);
    let raised = town.does(AMAL, "risk.assessed", v! { risk: "high" });
    for (milestone, length) in [(Milestone::SeeChild, DAY), (Milestone::Assess, 3 * DAY)] {
        assert_eq!((town.deadline(milestone).of, town.due(milestone)), (raised, Some(town.now + length)));
    }
    let running = |town: &Town| town.case(CASE).deadlines.iter().filter(|d| d.runs()).count();
    let before = running(&town);
    town.does(AMAL, "risk.assessed", v! { risk: "low" });
    assert_eq!(running(&town), before);
    assert_eq!(town.deadline(Milestone::Assess).of, raised);
}

/// Assessment, plan, follow-up: each is met by its event and starts the next.
#[test]
fn the_work_on_a_case_goes_from_clock_to_clock() {
    let mut town = open("high");
    town.does(AMAL, "follow_up.recorded", v! {});
    assert!(
        !town.case(CASE).deadlines.iter().any(|d| d.milestone == Milestone::FollowUp),
        "without a plan there is none"
    );
    town.does(AMAL, "assessment.completed", v! {});
    assert!(!town.deadline(Milestone::Assess).runs());
    assert_eq!(town.due(Milestone::Plan), Some(town.now + 5 * DAY));
    let plan = town.does(AMAL, "plan.proposed", v! {});
    let other = town.does(AMAL, "plan.proposed", v! {});
    town.does(CHIEF, "plan.rejected", v! { plan: other });
    assert!(town.deadline(Milestone::Plan).runs());
    town.does(CHIEF, "plan.approved", v! { plan: plan });
    assert!(!town.deadline(Milestone::Plan).runs());
    assert_eq!(town.refused(CHIEF, "plan.rejected", v! { plan: plan }), "already-ended");
    let first = town.deadline(Milestone::FollowUp).of;
    assert_eq!(town.due(Milestone::FollowUp), Some(town.now + 7 * DAY));
    town.wait(6 * DAY);
    town.does(AMAL, "follow_up.recorded", v! {});
    assert_ne!(town.deadline(Milestone::FollowUp).of, first);
    assert_eq!(town.due(Milestone::FollowUp), Some(town.now + 7 * DAY));
}

/// Where a ladder's target has no one to tell, the owner is told.
#[test]
fn a_ladder_never_leads_to_an_agency_that_left() {
    let (mut town, _) = referred();
    town.decide(sijill_domain::event::AgencyRemove { agency: super::country::agency("moh"), quorum: None });
    let from = town.size;
    town.wait(HOUR);
    let to: Vec<_> = town.acts(CASE, from).into_iter().filter_map(|act| act.values.get("to")).collect();
    assert!(to.len() >= 3);
    assert!(to.iter().all(|to| to.get("agency").unwrap().as_str() == Some("h1100")));
}

/// What an owner that left still owes is recorded as ever, and those above it are told.
#[test]
fn the_clocks_of_a_case_go_on_after_its_owner_left() {
    let mut town = open("high");
    town.decide(sijill_domain::event::AgencyRemove { agency: super::country::agency("h1100"), quorum: None });
    let from = town.size;
    town.wait(4 * DAY);
    let missed = breaches(&town, from);
    for milestone in ["see_child", "assess"] {
        assert_eq!(missed.iter().filter(|one| *one == milestone).count(), 1, "{missed:?}");
    }
    let raised = town.acts(CASE, from).into_iter().filter(|act| act.event_type == "escalation.raised");
    let to: std::collections::BTreeSet<_> = raised
        .map(|act| act.values.get("to").unwrap().get("agency").unwrap().as_str().unwrap().to_owned())
        .collect();
    assert!(to.contains("h1100") && to.contains("mosd"), "{to:?}");
}
