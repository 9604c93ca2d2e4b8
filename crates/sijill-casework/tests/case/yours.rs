//! Who may do what: every type of stream `case/X` but the referral's steps, by everybody.

use std::collections::BTreeMap;

use sijill_casework::catalogue::CATALOGUE;
use sijill_event::{Digest, Json, StreamKind};

use super::say::v;
use super::scene::{AMAL, CASE, CHIEF, HOSPITAL, NURSE, open};
use super::town::{MINUTE, Town};

/// A case in which everything that can be named is there, by the type that made it.
pub(crate) fn rich() -> (Town, BTreeMap<&'static str, Digest>) {
    let mut town = open("none");
    let mut made = BTreeMap::new();
    let mut does = |town: &mut Town, kind: &'static str, values: Json| {
        let hash = town.does(AMAL, kind, values);
        made.insert(kind, hash);
        hash
    };
    for kind in ["child.registered", "party.added", "plan.proposed", "placement.started", "order.issued"] {
        does(&mut town, kind, v! {});
    }
    does(&mut town, "breach.recorded", v! {});
    let consent = does(&mut town, "consent.recorded", v! { agencies: ["moh"] });
    town.does(AMAL, "referral.requested", v! { to: HOSPITAL, consent: consent });
    does(&mut town, "consent.withdrawn", v! { consent: consent });
    does(&mut town, "consent.recorded", v! { agencies: ["moh"] });
    let conference = does(&mut town, "conference.scheduled", v! { members: ["moh", "rop"] });
    does(&mut town, "case.transfer_requested", v! { to: "cpc/ma" });
    does(&mut town, "case.closure_requested", v! { exceptions: Json::Array(Vec::new()) });
    let urgent = v! { to: HOSPITAL, legal_basis: "best_interest", priority: "urgent" };
    does(&mut town, "referral.requested", urgent);
    for member in ["moh/doctor", "rop/captain"] {
        town.does(member, "vote.cast", v! { conference: conference, vote: "for" });
    }
    town.wait(31 * MINUTE);
    let mut escalations = town.case(CASE).escalations.iter();
    let raised = *escalations.find(|(_, raised)| raised.to.to_string() == HOSPITAL).unwrap().0;
    made.insert("escalation.raised", raised);
    made.insert("case.opened", town.case(CASE).opened);
    (town, made)
}

fn values(made: &BTreeMap<&str, Digest>, kind: &str) -> Json {
    match kind {
        "child.corrected" => v! { corrects: made["child.registered"] },
        "party.corrected" => v! { corrects: made["party.added"] },
        "plan.approved" | "plan.rejected" => v! { plan: made["plan.proposed"] },
        "placement.ended" => v! { placement: made["placement.started"] },
        "order.transcribed" | "order.ended" => v! { order: made["order.issued"] },
        "breach.notified" => v! { breach: made["breach.recorded"] },
        "consent.withdrawn" => v! { consent: made["consent.recorded"] },
        "withdrawal.confirmed" => v! { withdrawal: made["consent.withdrawn"] },
        "vote.cast" | "conference.held" => v! { conference: made["conference.scheduled"] },
        "case.transferred" | "case.transfer_refused" => v! { request: made["case.transfer_requested"] },
        "case.closed" | "case.closure_refused" => v! { request: made["case.closure_requested"] },
        "case.transfer_requested" => v! { to: "cpc/ma" },
        "referral.requested" => v! { to: "moe/school-social-work", legal_basis: "best_interest" },
        "legal_basis.invoked" => v! { agencies: ["moh"], basis: "court_order" },
        "service.delivered" => v! { referral: made["referral.requested"] },
        "deadline.varied" => {
            let assess = Json::object([
                ("milestone", Json::from("assess")),
                ("of", made["case.opened"].to_string().into()),
            ]);
            v! { deadline: assess }
        }
        "escalation.resolved" => v! { escalation: made["escalation.raised"] },
        "access.restricted" => v! { officers: ["h1100/badr"] },
        "warning.reviewed" => v! { events: [made["case.opened"]] },
        _ => v! {},
    }
}

/// Worker and supervisor of the unit that owns the case; supervisor and clerk elsewhere in its agency; recipient; the
/// unit asked to take the case; a unit that has nothing to do with it.
pub(crate) const PEOPLE: [&str; 7] =
    [AMAL, CHIEF, "h1100/deputy", "h1100/clerk", NURSE, "cpc/worker", "moe/counsellor"];

const OWNER: [&str; 26] = [
    "child.registered",
    "child.corrected",
    "party.added",
    "party.corrected",
    "case.linked",
    "order.issued",
    "order.transcribed",
    "order.ended",
    "conference.scheduled",
    "conference.held",
    "safety_plan.made",
    "plan.proposed",
    "assessment.completed",
    "follow_up.recorded",
    "placement.started",
    "placement.ended",
    "consent.recorded",
    "consent.withdrawn",
    "legal_basis.invoked",
    "case.assigned",
    "case.transfer_requested",
    "case.closure_requested",
    "feedback.recorded",
    "breach.recorded",
    "breach.notified",
    "referral.requested",
];

/// `docs/casework.md` §4, column *who*.
fn may(kind: &str) -> Vec<&'static str> {
    match kind {
        "risk.assessed" | "child.seen" | "child.not_seen" | "service.delivered" | "note.added"
        | "document.attached" => vec![AMAL, CHIEF, NURSE],
        "case.transferred" | "case.transfer_refused" => vec!["cpc/worker"],
        "plan.approved"
        | "plan.rejected"
        | "case.closed"
        | "case.closure_refused"
        | "case.merged"
        | "case.unmerged"
        | "deadline.varied"
        | "access.restricted" => vec![CHIEF, "h1100/deputy"],
        "warning.reviewed" => vec![AMAL, CHIEF, "h1100/deputy"],
        "escalation.resolved" => vec![CHIEF, "h1100/deputy", NURSE],
        "vote.cast" | "withdrawal.confirmed" => vec![NURSE],
        "case.reopened" => vec![AMAL, CHIEF],
        // There is a case already, whoever says so.
        "case.opened" => PEOPLE.into(),
        kind if OWNER.contains(&kind) => vec![AMAL, CHIEF],
        kind => panic!("who may {kind}?"),
    }
}

/// What a permitted author meets in this case.
fn then(kind: &str) -> &'static str {
    match kind {
        "case.opened" => "case-exists",
        "case.reopened" => "case-not-closed",
        "case.unmerged" => "case-not-merged",
        "case.transfer_requested" => "transfer-pending",
        "case.closed" | "case.merged" => "referral-open",
        _ => "accepted",
    }
}

#[test]
fn every_type_by_everybody() {
    let (town, made) = rich();
    let kinds =
        CATALOGUE.iter().filter(|spec| spec.streams.contains(&StreamKind::Case)).map(|spec| spec.name);
    for kind in kinds.filter(|kind| !kind.starts_with("referral.") || *kind == "referral.requested") {
        for who in PEOPLE {
            let expected = if may(kind).contains(&who) { then(kind) } else { "not-yours" };
            assert_eq!(town.refused(who, kind, values(&made, kind)), expected, "{who} {kind}");
        }
    }
}

/// A recipient's part ends with its referral.
#[test]
fn a_recipient_of_nothing_live_adds_nothing() {
    let (mut town, made) = rich();
    town.does(NURSE, "note.added", v! {});
    town.does(NURSE, "referral.completed", v! { referral: made["referral.requested"] });
    let rejected = town.case(CASE).referrals.values().filter(|referral| referral.state.is_live());
    assert!(rejected.into_iter().all(|referral| referral.to.to_string() != HOSPITAL));
    assert_eq!(town.refused(NURSE, "note.added", v! {}), "not-yours");
    assert_eq!(town.refused(NURSE, "risk.assessed", v! {}), "not-yours");
}

/// The case is opened by a unit for itself.
#[test]
fn a_unit_opens_cases_of_its_own() {
    let mut town = Town::new();
    let verdict = town.say(AMAL, "case/8Q", "case.opened", v! { unit: "office" });
    assert_eq!(verdict, Err("not-yours"));
    town.say(AMAL, "case/8Q", "case.opened", v! { unit: "line" }).unwrap();
    assert_eq!(town.case("8Q").owner.to_string(), "h1100/line");
}

/// Another unit owns the case once it has taken it, and the one before does not.
#[test]
fn a_case_is_transferred_with_all_that_its_owner_owes() {
    let (mut town, made) = rich();
    town.asks("rop/officer", "break_glass.invoked", v! {}).unwrap();
    town.does("cpc/worker", "case.transferred", v! { request: made["case.transfer_requested"] });
    let case = town.case(CASE);
    assert_eq!(case.owner.to_string(), "cpc/ma");
    assert_eq!(case.opener.to_string(), "h1100/line");
    assert_eq!((case.assigned.clone(), case.transfer.clone()), (None, None));
    for deadline in case.deadlines.iter().filter(|deadline| deadline.runs()) {
        let owes = match deadline.milestone {
            milestone if milestone.is_of_referral() => continue,
            sijill_casework::Milestone::ConfirmWithdrawal => HOSPITAL,
            _ => "cpc/ma",
        };
        assert_eq!(deadline.owes.to_string(), owes, "{}", deadline.milestone);
    }
    assert_eq!(town.refused(AMAL, "plan.proposed", v! {}), "not-yours");
    assert_eq!(town.refused("cpc/worker", "plan.proposed", v! {}), "accepted");
    assert_eq!(town.refused("cpc/lead", "plan.approved", v! { plan: made["plan.proposed"] }), "accepted");
    assert_eq!(town.refused(CHIEF, "plan.approved", v! { plan: made["plan.proposed"] }), "not-yours");
}

/// Who an agency is now counts: what one that merged into another was named for, the other may do.
#[test]
fn supervisors_and_members_are_those_of_today() {
    let (mut town, made) = rich();
    town.decide(sijill_domain::event::AgencyMerge {
        agency: super::country::agency("h1100"),
        into: super::country::agency("mosd"),
        quorum: None,
    });
    let plan = v! { plan: made["plan.proposed"] };
    assert_eq!(town.refused("mosd/director", "plan.approved", plan.clone()), "accepted");
    assert_eq!(town.refused(CHIEF, "plan.approved", plan), "accepted");
    assert_eq!(town.refused(AMAL, "child.seen", v! {}), "accepted");
}
