//! Conferences decide, cases close, merge, open again.

use sijill_casework::Milestone;
use sijill_casework::case::Status;
use sijill_casework::catalogue::CATALOGUE;
use sijill_event::{Digest, Json, StreamKind};

use super::say::v;
use super::scene::{AMAL, CASE, CHIEF, NURSE, open, referred};
use super::town::{DAY, HOUR, Town};

fn asked_to_close(town: &mut Town, exceptions: &[Digest]) -> Digest {
    let exceptions = Json::Array(exceptions.iter().map(|hash| hash.to_string().into()).collect());
    town.does(AMAL, "case.closure_requested", v! { exceptions: exceptions })
}

#[test]
fn a_case_closes_when_its_referrals_have_ended_and_been_settled() {
    let (mut town, referral) = referred();
    let request = asked_to_close(&mut town, &[]);
    let closes = |town: &Town| town.refused(CHIEF, "case.closed", v! { request: request });
    assert_eq!(closes(&town), "referral-open");
    let mut done = town.clone();
    done.does(NURSE, "referral.completed", v! { referral: referral });
    assert_eq!(closes(&done), "accepted");
    town.does(NURSE, "referral.rejected", v! { referral: referral });
    assert_eq!(closes(&town), "referral-undisposed");
    town.does(AMAL, "referral.disposed", v! { referral: referral });
    assert_eq!(closes(&town), "accepted");
}

#[test]
fn exceptions_are_named_and_known() {
    let (mut town, referral) = referred();
    let unknown = Json::Array(vec![Digest([7; 32]).to_string().into()]);
    assert_eq!(town.refused(AMAL, "case.closure_requested", v! { exceptions: unknown }), "unknown-referral");
    let request = asked_to_close(&mut town, &[referral]);
    town.does(CHIEF, "case.closed", v! { request: request });
    assert!(matches!(town.case(CASE).status, Status::Closed(_)));
}

#[test]
fn an_escalation_keeps_a_case_open_until_it_is_resolved() {
    let (mut town, referral) = referred();
    town.wait(HOUR);
    town.does(NURSE, "referral.completed", v! { referral: referral });
    town.does(AMAL, "referral.disposed", v! { referral: referral });
    let request = asked_to_close(&mut town, &[]);
    let closes = |town: &Town| town.refused(CHIEF, "case.closed", v! { request: request });
    let raised: Vec<Digest> = town.case(CASE).escalations.keys().copied().collect();
    assert_eq!(raised.len(), 2);
    for escalation in raised {
        assert_eq!(closes(&town), "escalation-open");
        town.does(CHIEF, "escalation.resolved", v! { escalation: escalation });
        assert_eq!(
            town.refused(CHIEF, "escalation.resolved", v! { escalation: escalation }),
            "already-ended"
        );
    }
    assert_eq!(closes(&town), "accepted");
}

#[test]
fn four_eyes_close_a_case_or_leave_it_open() {
    let mut town = open("none");
    let request = town.does(CHIEF, "case.closure_requested", v! {});
    for kind in ["case.closed", "case.closure_refused"] {
        assert_eq!(town.refused(CHIEF, kind, v! { request: request }), "own-work");
        assert_eq!(town.refused("h1100/deputy", kind, v! { request: request }), "accepted");
    }
    town.does("h1100/deputy", "case.closure_refused", v! { request: request });
    assert_eq!(town.refused("h1100/deputy", "case.closed", v! { request: request }), "unknown-request");
    // Only the request that was made last is open.
    let first = asked_to_close(&mut town, &[]);
    let second = asked_to_close(&mut town, &[]);
    assert_eq!(town.refused(CHIEF, "case.closed", v! { request: first }), "unknown-request");
    assert_eq!(town.refused(CHIEF, "case.closed", v! { request: second }), "accepted");
}

/// `docs/casework.md` §4, first paragraph.
const STILL: [&str; 12] = [
    "note.added",
    "document.attached",
    "feedback.recorded",
    "order.issued",
    "order.transcribed",
    "order.ended",
    "withdrawal.confirmed",
    "breach.recorded",
    "breach.notified",
    "escalation.resolved",
    "access.restricted",
    "warning.reviewed",
];

#[test]
fn a_closed_or_merged_case_takes_what_people_are_still_owed() {
    let mut town = open("none");
    let mut merged = town.clone();
    merged.does(CHIEF, "case.merged", v! { into: "8Q" });
    assert_eq!(merged.case(CASE).status, Status::Merged("8Q".into()));
    let request = asked_to_close(&mut town, &[]);
    town.does(CHIEF, "case.closed", v! { request: request });
    let kinds =
        CATALOGUE.iter().filter(|spec| spec.streams.contains(&StreamKind::Case)).map(|spec| spec.name);
    for kind in kinds.filter(|kind| *kind != "case.opened") {
        let taken = STILL.contains(&kind) || kind == "referral.disposed";
        let who = if kind == "case.unmerged" { CHIEF } else { AMAL };
        let (closed, merged) = (town.refused(who, kind, v! {}), merged.refused(who, kind, v! {}));
        assert_eq!(closed != "case-closed", taken || kind == "case.reopened", "{kind}: {closed}");
        assert_eq!(merged != "case-merged", taken || kind == "case.unmerged", "{kind}: {merged}");
    }
}

/// The work's clocks end with it; what is owed to people does not.
#[test]
fn closing_ends_the_work_s_clocks_only() {
    let mut town = open("none");
    town.asks("rop/officer", "break_glass.invoked", v! {}).unwrap();
    town.does(AMAL, "breach.recorded", v! {});
    let mut merged = town.clone();
    merged.does(CHIEF, "case.merged", v! { into: "8Q" });
    let request = asked_to_close(&mut town, &[]);
    town.does(CHIEF, "case.closed", v! { request: request });
    for mut town in [town, merged] {
        let running = town.case(CASE).deadlines.iter().filter(|deadline| deadline.runs());
        let running: Vec<_> = running.map(|deadline| deadline.milestone).collect();
        assert_eq!(running, [Milestone::ReviewBreakGlass, Milestone::NotifyBreach]);
        let from = town.size;
        town.wait(4 * DAY);
        let acts = town.acts(CASE, from);
        let missed = acts.iter().filter(|act| act.event_type == "deadline.breached");
        let missed: Vec<_> = missed.filter_map(|act| act.values.get("milestone")?.as_str()).collect();
        assert_eq!(missed, ["review_break_glass", "notify_breach"]);
        let escalation = *town.case(CASE).escalations.keys().next().unwrap();
        town.does(CHIEF, "escalation.resolved", v! { escalation: escalation });
    }
}

#[test]
fn a_closed_case_goes_on_when_its_owner_says_so() {
    let mut town = open("none");
    let request = asked_to_close(&mut town, &[]);
    town.does(CHIEF, "case.closed", v! { request: request });
    assert!(!town.file(CASE).is_open());
    assert_eq!(town.refused("cpc/worker", "case.reopened", v! {}), "not-yours");
    town.wait(DAY);
    let reopened = town.does(AMAL, "case.reopened", v! {});
    assert!(town.file(CASE).is_open());
    let running: Vec<_> = town.case(CASE).deadlines.iter().filter(|deadline| deadline.runs()).collect();
    assert_eq!(
        running.iter().map(|d| (d.milestone, d.of)).collect::<Vec<_>>(),
        [(Milestone::Assess, reopened)]
    );
    assert_eq!(town.refused(AMAL, "case.reopened", v! {}), "case-not-closed");
    assert_eq!(town.refused(CHIEF, "case.closed", v! { request: request }), "unknown-request");
}

/// Its recipients could answer nowhere.
#[test]
fn a_case_that_others_work_in_is_not_merged() {
    let (mut town, referral) = referred();
    let merges = |town: &Town| town.refused(CHIEF, "case.merged", v! { into: "8Q" });
    // What a request to close excepts is no exception here.
    asked_to_close(&mut town, &[referral]);
    assert_eq!(merges(&town), "referral-open");
    town.does(NURSE, "referral.rejected", v! { referral: referral });
    assert_eq!(merges(&town), "referral-undisposed");
    town.does(AMAL, "referral.disposed", v! { referral: referral });
    assert_eq!(merges(&town), "accepted");
}

#[test]
fn a_merger_is_undone() {
    let mut town = open("none");
    town.does(CHIEF, "case.merged", v! { into: "8Q" });
    assert_eq!(town.refused(CHIEF, "case.merged", v! { into: "9Q" }), "case-merged");
    town.does(CHIEF, "case.unmerged", v! {});
    assert!(town.file(CASE).is_open());
    assert_eq!(town.refused(CHIEF, "case.unmerged", v! {}), "case-not-merged");
}

fn conference(members: &[&str], votes: &[(&str, &str)]) -> (Town, Digest) {
    let mut town = open("none");
    let members = Json::Array(members.iter().map(|member| Json::from(*member)).collect());
    let conference = town.does(AMAL, "conference.scheduled", v! { members: members });
    for (who, vote) in votes {
        town.does(who, "vote.cast", v! { conference: conference, vote: *vote });
    }
    (town, conference)
}

/// Who votes how; then what becomes of an outcome that needs a majority, and of `no_decision`.
type Ballot = (&'static [(&'static str, &'static str)], &'static str, &'static str);

/// Members, votes, and what the secretary may say then: the outcome is the votes', not the secretary's.
#[test]
fn the_votes_decide() {
    const C: &str = "cpc/worker";
    const M: &str = NURSE;
    const R: &str = "rop/officer";
    let all = ["cpc", "moh", "rop"];
    let cases: &[Ballot] = &[
        (&[], "conference-quorum", "conference-quorum"),
        (&[(M, "for")], "conference-quorum", "conference-quorum"),
        (&[(M, "for"), ("moh/doctor", "for")], "conference-quorum", "conference-quorum"),
        (&[(M, "for"), (R, "for")], "accepted", "outcome-not-voted"),
        (&[(M, "for"), (R, "abstain")], "accepted", "outcome-not-voted"),
        (&[(M, "for"), (R, "against")], "outcome-not-voted", "accepted"),
        (&[(M, "against"), (R, "against")], "outcome-not-voted", "accepted"),
        (&[(M, "abstain"), (R, "abstain")], "outcome-not-voted", "accepted"),
        (&[(M, "for"), (R, "against"), (C, "for")], "accepted", "outcome-not-voted"),
    ];
    for (votes, carried, lost) in cases {
        let (town, conference) = conference(&all, votes);
        for (outcome, expected) in [("refer_prosecution", carried), ("no_decision", lost)] {
            let held = v! { conference: conference, outcome: outcome };
            assert_eq!(town.refused(AMAL, "conference.held", held), *expected, "{votes:?} {outcome}");
        }
    }
}

#[test]
fn members_that_merged_are_one_member() {
    let merge = |town: &mut Town, from: &str, into: &str| {
        let (agency, into) = (super::country::agency(from), super::country::agency(into));
        town.decide(sijill_domain::event::AgencyMerge { agency, into, quorum: None });
    };
    let (mut town, first) = conference(&["cpc", "moe", "moh", "rop"], &[]);
    merge(&mut town, "moe", "moh");
    for who in [NURSE, "moe/counsellor"] {
        town.does(who, "vote.cast", v! { conference: first, vote: "for" });
    }
    let held = v! { conference: first, outcome: "refer_prosecution" };
    assert_eq!(
        town.refused(AMAL, "conference.held", held),
        "conference-quorum",
        "one of three, not two of four"
    );
}

#[test]
fn a_conference_that_was_held_is_over() {
    let (mut town, held) = conference(&["moh"], &[(NURSE, "for")]);
    town.does(AMAL, "conference.held", v! { conference: held, outcome: "continue" });
    assert_eq!(town.refused("moh/doctor", "vote.cast", v! { conference: held }), "already-ended");
    assert_eq!(town.refused(AMAL, "conference.held", v! { conference: held }), "already-ended");
    let papers = town.case(CASE).deadlines.iter().filter(|d| d.milestone == Milestone::ConferencePapers);
    assert!(papers.into_iter().all(|deadline| !deadline.runs()));
}
