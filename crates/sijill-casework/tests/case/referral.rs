//! The referral's machine: every state with every step, who may take it, and what it leads to.

use std::collections::BTreeSet;

use sijill_casework::case::{Stage, pathway};
use sijill_casework::catalogue::ReferralState as S;
use sijill_event::{Digest, Json};

use super::country::at;
use super::say::v;
use super::scene::{AMAL, CASE, HOSPITAL, NURSE, open, referred};
use super::town::Town;

const STEPS: [&str; 14] = [
    "acknowledged",
    "accepted",
    "started",
    "held",
    "resumed",
    "info_requested",
    "info_provided",
    "completed",
    "rejected",
    "redirected",
    "cancelled",
    "failed",
    "entered_in_error",
    "disposed",
];

/// `docs/casework.md` §4, row by row: where the step leads from this state, if it is legal there. `cancelled` is the
/// recipient's here.
fn leads_to(state: S, step: &str) -> Option<S> {
    let live = state.is_live();
    let to = |may: bool, then: S| may.then_some(then);
    match step {
        "acknowledged" => to(state == S::Requested, S::Acknowledged),
        "accepted" => to(matches!(state, S::Requested | S::Acknowledged | S::InfoRequested), S::Accepted),
        "started" => to(
            matches!(state, S::Requested | S::Acknowledged | S::InfoRequested | S::Accepted),
            S::InProgress,
        ),
        "held" => to(matches!(state, S::Accepted | S::InProgress), S::OnHold),
        "resumed" => to(state == S::OnHold, S::Accepted),
        "info_requested" => to(
            matches!(state, S::Requested | S::Acknowledged | S::Accepted | S::InProgress),
            S::InfoRequested,
        ),
        "info_provided" => to(state == S::InfoRequested, S::Requested),
        "completed" => to(live, S::Completed),
        "rejected" => to(matches!(state, S::Requested | S::Acknowledged | S::InfoRequested), S::Rejected),
        "redirected" => {
            to(matches!(state, S::Requested | S::Acknowledged | S::InfoRequested | S::Accepted), S::Requested)
        }
        "cancelled" => to(live, S::CancelledByRecipient),
        "failed" => to(matches!(state, S::Accepted | S::InProgress | S::OnHold), S::Failed),
        "entered_in_error" => to(live, S::EnteredInError),
        "disposed" => {
            to(matches!(state, S::Rejected | S::Failed | S::CancelledByRecipient | S::Withdrawn), state)
        }
        _ => unreachable!(),
    }
}

fn is_owners(step: &str) -> bool {
    matches!(step, "info_provided" | "entered_in_error" | "disposed")
}

fn values(referral: Digest, step: &str) -> Json {
    match step {
        "redirected" => v! { referral: referral, to: "moh/mental-health" },
        _ => v! { referral: referral },
    }
}

fn step(town: &mut Town, who: &str, referral: Digest, step: &str) -> Result<Digest, &'static str> {
    town.tries(who, &format!("referral.{step}"), values(referral, step))
}

/// A referral to the hospital that stands so; `on_hold` and `info_requested` come from `accepted` and `requested`.
fn standing(state: S) -> (Town, Digest) {
    let mut town = open("none");
    let consent = town.does(AMAL, "consent.recorded", v! { agencies: ["moh"] });
    let referral = town.does(AMAL, "referral.requested", v! { to: HOSPITAL, consent: consent });
    let path: &[&str] = match state {
        S::Requested | S::Withdrawn | S::CancelledByRequester => &[],
        S::Acknowledged => &["acknowledged"],
        S::Accepted => &["accepted"],
        S::InProgress => &["started"],
        S::OnHold => &["accepted", "held"],
        S::InfoRequested => &["info_requested"],
        S::Completed => &["completed"],
        S::Rejected => &["rejected"],
        S::CancelledByRecipient => &["cancelled"],
        S::Failed => &["started", "failed"],
        S::EnteredInError => &["entered_in_error"],
    };
    for taken in path {
        let who = if is_owners(taken) { AMAL } else { NURSE };
        step(&mut town, who, referral, taken).unwrap();
    }
    match state {
        S::Withdrawn => drop(town.does(AMAL, "consent.withdrawn", v! { consent: consent })),
        S::CancelledByRequester => drop(step(&mut town, AMAL, referral, "cancelled").unwrap()),
        _ => {}
    }
    assert_eq!(town.state(referral), state);
    (town, referral)
}

#[test]
fn every_step_in_every_state() {
    for state in S::ALL {
        let (town, referral) = standing(*state);
        for taken in STEPS {
            let mut town = town.clone();
            let who = if is_owners(taken) { AMAL } else { NURSE };
            let before = town.file(CASE).clone();
            let verdict = step(&mut town, who, referral, taken);
            if let Some(then) = leads_to(*state, taken) {
                assert!(verdict.is_ok(), "{state} {taken}: {verdict:?}");
                assert_eq!(town.state(referral), then, "{state} {taken}");
            } else {
                assert_eq!(verdict, Err("referral-state"), "{state} {taken}");
                assert_eq!(*town.file(CASE), before, "a refused event changed something");
            }
        }
    }
}

/// Each step where it is legal, by everybody: the owner, the recipient, their colleagues elsewhere, another party.
#[test]
fn each_step_is_its_own_unit_s() {
    let from = |step: &str| S::ALL.iter().copied().find(|state| leads_to(*state, step).is_some()).unwrap();
    for taken in STEPS {
        let (town, referral) = standing(from(taken));
        let tries = |who: &str| step(&mut town.clone(), who, referral, taken).err().unwrap_or("accepted");
        let (owner, recipient) = match taken {
            "cancelled" => ("accepted", "accepted"),
            taken if is_owners(taken) => ("accepted", "not-yours"),
            _ => ("not-yours", "accepted"),
        };
        assert_eq!(tries(AMAL), owner, "{taken}");
        assert_eq!(tries(NURSE), recipient, "{taken}");
        // The unit counts, not the person and not the agency.
        assert_eq!(tries("h1100/badr"), owner, "{taken}");
        assert_eq!(tries("moh/doctor"), recipient, "{taken}");
        for stranger in ["h1100/clerk", "h1100/deputy", "moh/therapist", "rop/captain"] {
            assert_eq!(tries(stranger), "not-yours", "{taken} {stranger}");
        }
    }
}

#[test]
fn an_unknown_referral_is_unknown_to_every_step() {
    let (town, _) = standing(S::Requested);
    for taken in STEPS {
        let verdict = step(&mut town.clone(), AMAL, Digest([7; 32]), taken);
        assert_eq!(verdict, Err("unknown-referral"), "{taken}");
    }
}

#[test]
fn what_was_interrupted_goes_on_where_it_was() {
    for (before, stop, who, go_on) in [
        (S::Accepted, "held", NURSE, "resumed"),
        (S::InProgress, "held", NURSE, "resumed"),
        (S::Requested, "info_requested", AMAL, "info_provided"),
        (S::Acknowledged, "info_requested", AMAL, "info_provided"),
        (S::Accepted, "info_requested", AMAL, "info_provided"),
        (S::InProgress, "info_requested", AMAL, "info_provided"),
    ] {
        let (mut town, referral) = standing(before);
        step(&mut town, NURSE, referral, stop).unwrap();
        step(&mut town, who, referral, go_on).unwrap();
        assert_eq!(town.state(referral), before);
    }
}

#[test]
fn whoever_cancels_is_remembered() {
    for (who, state) in [(AMAL, S::CancelledByRequester), (NURSE, S::CancelledByRecipient)] {
        let (mut town, referral) = referred();
        step(&mut town, who, referral, "cancelled").unwrap();
        assert_eq!(town.state(referral), state);
    }
}

#[test]
fn a_redirected_referral_is_the_other_unit_s_and_stays_one_thread() {
    let (mut town, referral) = referred();
    step(&mut town, NURSE, referral, "accepted").unwrap();
    step(&mut town, NURSE, referral, "redirected").unwrap();
    assert_eq!(town.case(CASE).referrals[&referral].to, at("moh/mental-health"));
    assert_eq!(step(&mut town, NURSE, referral, "accepted"), Err("not-yours"));
    step(&mut town, "moh/therapist", referral, "acknowledged").unwrap();
    assert_eq!(town.case(CASE).referrals.len(), 1);
}

#[test]
fn a_redirection_goes_to_another_open_unit() {
    let (town, referral) = referred();
    for to in [HOSPITAL, "moh/nowhere", "nobody/desk"] {
        let code = town.refused(NURSE, "referral.redirected", v! { referral: referral, to: to });
        assert_eq!(code, "unit-unknown", "{to}");
    }
}

#[test]
fn a_referral_goes_to_an_open_unit_that_does_not_own_the_case() {
    let mut town = open("none");
    let asks = |town: &Town, to: &str| {
        town.refused(AMAL, "referral.requested", v! { to: to, legal_basis: "best_interest" })
    };
    assert_eq!(asks(&town, HOSPITAL), "accepted");
    assert_eq!(asks(&town, "h1100/office"), "accepted");
    for to in ["h1100/line", "moh/nowhere", "nobody/desk"] {
        assert_eq!(asks(&town, to), "unit-unknown", "{to}");
    }
    town.keep("moh", sijill_domain::event::UnitClosed { unit: super::country::unit("hospital-ma") });
    assert_eq!(asks(&town, HOSPITAL), "unit-unknown");
}

/// What stands in place of another leaves nothing to settle of it; what was done stays done.
#[test]
fn a_referral_may_replace_one_that_was_not_completed() {
    let (mut town, referral) = referred();
    let again = v! { to: "moh/mental-health", legal_basis: "best_interest", replaces: referral };
    let unknown = v! { to: "moh/mental-health", legal_basis: "best_interest", replaces: Digest([7; 32]) };
    assert_eq!(town.refused(AMAL, "referral.requested", unknown), "unknown-referral");
    let mut done = town.clone();
    step(&mut done, NURSE, referral, "completed").unwrap();
    assert_eq!(done.refused(AMAL, "referral.requested", again.clone()), "referral-state");
    step(&mut town, NURSE, referral, "rejected").unwrap();
    assert!(town.case(CASE).referrals[&referral].is_undisposed());
    town.does(AMAL, "referral.requested", again);
    assert!(!town.case(CASE).referrals[&referral].is_undisposed());
}

/// Only the automation speaks in the policy's name: what an officer asks for is no reason not to ask by policy.
#[test]
fn nobody_refers_in_the_policy_s_name() {
    let town = open("none");
    for claim in [
        v! { to: HOSPITAL, legal_basis: "best_interest", rule: "health/physical" },
        v! { to: HOSPITAL, legal_basis: "best_interest", policy: Json::Integer(1) },
        v! { to: HOSPITAL, legal_basis: "best_interest", cause: Digest([7; 32]) },
    ] {
        assert_eq!(town.refused(AMAL, "referral.requested", claim), "not-prescribed");
    }
}

#[test]
fn a_breach_is_a_mark_and_a_late_answer_counts() {
    let (mut town, referral) = referred();
    town.wait(4 * super::town::HOUR);
    assert!(town.case(CASE).referrals[&referral].breached);
    assert_eq!(town.state(referral), S::Requested);
    step(&mut town, NURSE, referral, "acknowledged").unwrap();
    step(&mut town, NURSE, referral, "completed").unwrap();
    assert!(town.case(CASE).referrals[&referral].is_undisposed());
    step(&mut town, AMAL, referral, "disposed").unwrap();
    assert_eq!(step(&mut town, AMAL, referral, "disposed"), Err("already-disposed"));
}

/// That the owner settled a late answer settles no refusal that comes after it.
#[test]
fn a_bad_end_is_settled_when_it_comes() {
    let (mut town, referral) = referred();
    town.wait(4 * super::town::HOUR);
    step(&mut town, AMAL, referral, "disposed").unwrap();
    let mut done = town.clone();
    step(&mut done, NURSE, referral, "completed").unwrap();
    assert!(!done.case(CASE).referrals[&referral].is_undisposed());
    for ends in ["rejected", "cancelled"] {
        let mut town = town.clone();
        step(&mut town, NURSE, referral, ends).unwrap();
        assert!(town.case(CASE).referrals[&referral].is_undisposed(), "{ends}");
        step(&mut town, AMAL, referral, "disposed").unwrap();
        assert_eq!(step(&mut town, AMAL, referral, "disposed"), Err("already-disposed"));
    }
}

/// The pathway is the machine of `docs/casework.md` §4 at every stage, neither more nor less.
#[test]
fn the_pathway_is_every_step_at_every_stage() {
    let passages = pathway();
    let stages: BTreeSet<_> = passages.iter().map(|passage| passage.to).collect();
    assert_eq!(
        stages.iter().map(|stage| stage.state).collect::<BTreeSet<_>>(),
        S::ALL.iter().copied().collect()
    );
    let begins: Vec<_> = passages.iter().filter(|passage| passage.from.is_none()).collect();
    assert!(
        matches!(begins[..], [begin] if begin.event == "referral.requested" && begin.to.state == S::Requested)
    );
    for stage in stages {
        let leads = |event: &str| -> Vec<_> {
            let here =
                passages.iter().filter(|passage| passage.from == Some(stage) && passage.event == event);
            here.map(|passage| passage.to).collect()
        };
        for step in STEPS {
            let to = leads(&format!("referral.{step}"));
            let owes_disposition =
                !stage.disposed && (stage.breached || leads_to(stage.state, "disposed").is_some());
            let expected = match (step, leads_to(stage.state, step)) {
                ("disposed", _) => owes_disposition.then_some(vec![stage.state]),
                (_, None) => None,
                ("cancelled", Some(_)) => Some(vec![S::CancelledByRequester, S::CancelledByRecipient]),
                ("resumed" | "info_provided", Some(_)) => Some(vec![stage.resumes]),
                (_, Some(then)) => Some(vec![then]),
            };
            let entered: Vec<S> = to.iter().map(|to| to.state).collect();
            assert_eq!(entered, expected.unwrap_or_default(), "{stage:?} {step}");
            // What ends badly is to be settled then, whatever was settled before.
            let settled = |to: &Stage| step == "disposed" || (stage.disposed && !to.state.is_to_dispose());
            let marks = |to: &Stage| (to.breached, to.disposed) == (stage.breached, settled(to));
            assert!(to.iter().all(marks), "{stage:?} {step}");
        }
        let marked = leads("referral.breached");
        assert_eq!(!marked.is_empty(), stage.state.is_live(), "{stage:?}");
        assert!(
            marked.iter().all(|to| to.breached && to.state == stage.state && to.resumes == stage.resumes)
        );
        let withdrawn = leads("referral.withdrawn");
        assert_eq!(!withdrawn.is_empty(), stage.state.is_live(), "{stage:?}");
        assert!(withdrawn.iter().all(|to| to.state == S::Withdrawn && to.breached == stage.breached));
    }
}
