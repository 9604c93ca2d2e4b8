//! What the owner owes the child: to know it, to see it, to assess, to plan, to come back, to end. And what is owed to those
//! above: whoever was told that something is late says what became of it.

use sijill_casework::case::{Deadline, PlanState, Status};
use sijill_casework::catalogue::ReferralState;
use sijill_casework::{Address, Code, Milestone};
use sijill_event::Json;

use super::{Tempo, Thinking, address, after, at_once, by_wall, hash, set, slot, supervisor};
use crate::demo::arrivals::sex_of;
use crate::demo::calendar::DAY;
use crate::demo::figures::SEXES;

pub(super) fn think(thinking: &mut Thinking<'_>) {
    resolve(thinking);
    match thinking.case.status {
        Status::Open => {
            begin(thinking);
            see(thinking);
            pass_on(thinking);
            if thinking.is_with_committee() {
                assess(thinking);
                plan(thinking);
                come_back(thinking);
                end(thinking);
            }
        }
        Status::Closed(_) => look_back(thinking),
        Status::Merged(_) => {}
    }
}

fn running<'a>(thinking: &Thinking<'a>, milestone: Milestone) -> Option<&'a Deadline> {
    thinking.case.deadlines.iter().find(|deadline| deadline.runs() && deadline.milestone == milestone)
}

fn text(words: &str, thinking: &Thinking<'_>) -> Json {
    format!("Made-up {words} of case {}.", thinking.file.id).into()
}

fn begin(thinking: &mut Thinking<'_>) {
    let (case, id) = (thinking.case, &thinking.file.id);
    let (opened, owner) = (case.opened_at, &case.owner);
    if case.assigned.is_none() {
        let since = thinking.last("case.transferred").unwrap_or(opened);
        let overlooked = thinking.happens("is assigned late", 6);
        let at = match (overlooked, case.situation.risk.as_str()) {
            (true, _) => by_wall(since, thinking.between("assigned", 190, 260)),
            (false, "high") => at_once(since, thinking.between("assigned", 3, 41)),
            (false, _) => by_wall(since, thinking.between("assigned", 3, 61)),
        };
        let worker = thinking.worker(owner);
        let values = [("officer", worker.officer.as_str().into())];
        thinking.push(at, worker, "case.assigned", &values);
    }
    if thinking.count("child.registered") == 0 {
        let situations: Vec<&str> = case.situation.situations.iter().map(Code::as_str).collect();
        let sex = thinking.chance.pick(&sex_of(id), SEXES);
        let disabled = case.situation.situations.iter().any(|code| code.as_str() == "disability");
        let mut values = vec![
            ("age_band", case.situation.age.as_str().into()),
            ("sex", sex.into()),
            ("situations", set(&situations)),
            ("name", format!("Child {id} (synthetic)").into()),
            ("civil_number", format!("SYN-{id}").into()),
            ("guardian", format!("Guardian {id} (synthetic)").into()),
        ];
        values.extend(disabled.then(|| ("disability", text("note on a disability", thinking))));
        let at = by_wall(opened, thinking.between("registered", 5, 25));
        return thinking.push(at, thinking.owner(), "child.registered", &values);
    }
    let registered = thinking.last("child.registered").unwrap_or(opened);
    if thinking.count("party.added") == 0 && thinking.happens("mother is known", 50) {
        let values = [
            ("relation", "mother".into()),
            ("alleged", false.into()),
            ("name", format!("Mother {id} (synthetic)").into()),
        ];
        let at = thinking.after(owner, registered, 30);
        thinking.push(at, thinking.owner(), "party.added", &values);
    }
    if thinking.count("note.added") == 0 && thinking.happens("is noted", 40) {
        let at = thinking.after(owner, registered, thinking.between("noted", 60, 900));
        thinking.push(at, thinking.owner(), "note.added", &[("text", text("note", thinking))]);
    }
}

/// Somebody of the committee sees the child, as owner or for its referral; at high risk the hospital may be the first.
fn see(thinking: &mut Thinking<'_>) {
    let Some(deadline) = running(thinking, Milestone::SeeChild) else { return };
    let case = thinking.case;
    let working = |agency: &str| {
        let mut referrals = case.referrals.values();
        let taken = referrals.find(|referral| {
            referral.to.agency.as_str() == agency
                && matches!(referral.state, ReferralState::Accepted | ReferralState::InProgress)
        });
        taken.map(|referral| (referral.to.clone(), referral.since))
    };
    let committee = Some((case.owner.clone(), deadline.started)).filter(|_| thinking.is_with_committee());
    let seen_by = committee.or_else(|| working("cpc")).map(|by| (by, "home"));
    let Some(((unit, since), place)) = seen_by.or_else(|| Some((working("moh")?, "hospital"))) else {
        return;
    };
    let (since, high) = (since.max(deadline.started), case.situation.risk.as_str() == "high");
    let at = match (high, thinking.happens("is seen late", 6)) {
        (true, false) => by_wall(since, thinking.between("seen", 40, 500)),
        (true, true) => by_wall(since, thinking.between("seen", 1_500, 2_000)),
        (false, false) => after(thinking.world, Tempo::Office, since, thinking.between("seen", 60, 800)),
        (false, true) => after(thinking.world, Tempo::Office, since, thinking.between("seen", 3_000, 4_500)),
    };
    let by = thinking.worker(&unit);
    if thinking.count("child.not_seen") == 0 && thinking.happens("is not at home", 12) {
        let first = slot(since + at.saturating_sub(since) / 2, Tempo::Always);
        thinking.push(first, by.clone(), "child.not_seen", &[("reason", "not_at_home".into())]);
    }
    thinking.push(at, by, "child.seen", &[("place", place.into())]);
}

/// A case that began elsewhere goes to the committee of the governorate.
fn pass_on(thinking: &mut Thinking<'_>) {
    let case = thinking.case;
    if let Some((request, to)) = &case.transfer {
        let Some(asked) = thinking.file.events.get(request) else { return };
        let refused = thinking.count("case.transfer_refused") == 0 && thinking.is_one_in(19, 6);
        let at =
            after(thinking.world, Tempo::Office, asked.received, thinking.between("taken over", 20, 120));
        let by = thinking.worker(to);
        if refused {
            let values = [("request", hash(request)), ("reason", "insufficient_information".into())];
            return thinking.push(at, by, "case.transfer_refused", &values);
        }
        return thinking.push(at, by, "case.transferred", &[("request", hash(request))]);
    }
    if thinking.is_with_committee() || thinking.count("child.registered") == 0 {
        return;
    }
    let governorate = case.situation.governorate.as_str().trim_start_matches("OM-").to_lowercase();
    let since = thinking.last("case.transfer_refused").unwrap_or(case.opened_at);
    let at = after(thinking.world, Tempo::Office, since, thinking.between("passed on", 40, 200));
    let values = [("to", address(&format!("cpc/{governorate}"))), ("reason", "intake".into())];
    thinking.push(at, thinking.owner(), "case.transfer_requested", &values);
}

fn assess(thinking: &mut Thinking<'_>) {
    let case = thinking.case;
    let Some(seen) = thinking.last("child.seen") else { return };
    let (owner, situation) = (&case.owner, &case.situation);
    let by = thinking.owner();
    if thinking.count("risk.assessed") == 0 {
        let now = situation.risk.as_str();
        let moved = thinking.pick("risk then", &[("same", 70), ("up", 12), ("down", 18)]);
        let risk = match (now, moved) {
            ("low", "up") | ("high", "down") => "medium",
            ("medium", "up") => "high",
            ("medium", "down") => "low",
            _ => now,
        };
        let concerns: Vec<&str> = situation.concerns.iter().map(Code::as_str).collect();
        let situations: Vec<&str> = situation.situations.iter().map(Code::as_str).collect();
        let values = [
            ("concerns", set(&concerns)),
            ("risk", risk.into()),
            ("situations", set(&situations)),
            ("reasons", text("reasons", thinking)),
        ];
        let at = thinking.after(owner, seen, thinking.between("risk", 30, 240));
        return thinking.push(at, by, "risk.assessed", &values);
    }
    let assessed = thinking.last("risk.assessed").unwrap_or(seen);
    if situation.risk.as_str() == "high" && thinking.count("safety_plan.made") == 0 {
        let at = thinking.after(owner, assessed, 60);
        thinking.push(at, by.clone(), "safety_plan.made", &[("plan", text("safety plan", thinking))]);
    }
    if let Some(deadline) = running(thinking, Milestone::Assess) {
        let late = thinking.happens("is assessed late", 6);
        let since = assessed.max(deadline.started);
        let at = match (late, situation.risk.as_str()) {
            (true, _) => thinking.after(owner, since, thinking.between("assessed", 2_200, 3_500)),
            (false, "high") => by_wall(since, thinking.between("assessed", 200, 2_000)),
            (false, _) => thinking.after(owner, since, thinking.between("assessed", 100, 700)),
        };
        let values = [("needs", set(&["psychosocial"])), ("findings", text("findings", thinking))];
        thinking.push(at, by, "assessment.completed", &values);
    }
}

fn plan(thinking: &mut Thinking<'_>) {
    let case = thinking.case;
    let Some(assessed) = thinking.last("assessment.completed") else { return };
    let proposed = case.plans.iter().find(|(_, plan)| plan.state == PlanState::Proposed);
    if let Some((plan, _)) = proposed {
        let Some(since) = thinking.last("plan.proposed") else { return };
        let at = thinking.after(&case.owner, since, thinking.between("plan judged", 40, 500));
        let by = supervisor(&case.owner);
        if thinking.count("plan.rejected") == 0 && thinking.happens("plan is sent back", 10) {
            let values = [("plan", hash(plan)), ("reason", "child_not_heard".into())];
            return thinking.push(at, by, "plan.rejected", &values);
        }
        return thinking.push(at, by, "plan.approved", &[("plan", hash(plan))]);
    }
    let settled = running(thinking, Milestone::Plan).is_none();
    if settled && case.plans.values().any(|plan| plan.state == PlanState::Approved) {
        let Some(since) = thinking.last("plan.approved").filter(|_| thinking.count("service.delivered") == 0)
        else {
            return;
        };
        let at = thinking.after(&case.owner, since, thinking.between("service", 200, 900));
        return thinking.push(
            at,
            thinking.owner(),
            "service.delivered",
            &[("service", "psychosocial".into())],
        );
    }
    // What was assessed anew is planned anew.
    let since = thinking.last("plan.rejected").unwrap_or(0).max(assessed);
    let late = thinking.happens("is planned late", 5);
    let (from, to) = match (late, case.situation.risk.as_str()) {
        (true, _) => (4_400, 5_500),
        (false, "high") => (60, 300),
        (false, _) => (120, 1_000),
    };
    let at = thinking.after(&case.owner, since, thinking.between("planned", from, to));
    let values = [("services", set(&["psychosocial"])), ("goals", text("goals", thinking))];
    thinking.push(at, thinking.owner(), "plan.proposed", &values);
}

fn come_back(thinking: &mut Thinking<'_>) {
    let Some(deadline) = running(thinking, Milestone::FollowUp) else { return };
    let (from, to) = match (thinking.case.situation.risk.as_str(), thinking.happens("is forgotten", 5)) {
        (_, true) => (15, 18),
        ("high", _) => (3, 6),
        ("medium", _) => (5, 10),
        _ => (6, 12),
    };
    let days = thinking.between(&format!("come back {}", deadline.index), from, to);
    let minutes = thinking.between("hour of coming back", 30, 200);
    let at = after(thinking.world, Tempo::Office, deadline.started + days * DAY, minutes);
    let outcome = thinking.pick("outcome", &[("improved", 70), ("unchanged", 25), ("worse", 5)]);
    let values = [("outcome", outcome.into()), ("note", text("visit", thinking))];
    thinking.push(at, thinking.owner(), "follow_up.recorded", &values);
}

fn end(thinking: &mut Thinking<'_>) {
    let (case, file) = (thinking.case, thinking.file);
    if let Some(closure) = &case.closure {
        let Some(asked) = file.events.get(&closure.request) else { return };
        let at = thinking.after(&case.owner, asked.received, thinking.between("closed", 30, 300));
        let by = supervisor(&case.owner);
        if thinking.count("case.closure_refused") == 0 && thinking.happens("closing is refused", 12) {
            let values = [("request", hash(&closure.request)), ("reason", "record_incomplete".into())];
            return thinking.push(at, by, "case.closure_refused", &values);
        }
        return thinking.push(at, by, "case.closed", &[("request", hash(&closure.request))]);
    }
    let pending =
        case.referrals.values().any(|referral| referral.state.is_live() || referral.is_undisposed())
            || case.escalations.values().any(|escalation| !escalation.resolved)
            || case.conferences.values().any(|conference| !conference.held)
            || file.broken.values().any(|broken| !broken.reviewed)
            || !case.breaches.is_empty()
            || running(thinking, Milestone::Assess).is_some();
    let Some(visited) = thinking.last("follow_up.recorded") else { return };
    if pending || (case.situation.risk.as_str() == "high" && thinking.count("follow_up.recorded") < 2) {
        return;
    }
    // The last thing that was in the way went out of it when anything last happened.
    let last = file.events.values().map(|noted| noted.received).max().unwrap_or(visited);
    let at = thinking.after(&case.owner, last, thinking.between("to close", 100, 500));
    let values = [
        ("exceptions", set(&[])),
        ("reason", "goals_met".into()),
        ("summary", text("summary of the end", thinking)),
    ];
    thinking.push(at, thinking.owner(), "case.closure_requested", &values);
}

fn look_back(thinking: &mut Thinking<'_>) {
    let Some(closed) = thinking.last("case.closed") else { return };
    let owner = thinking.case.owner.clone();
    if thinking.count("feedback.recorded") == 0 && thinking.happens("is asked how it was", 30) {
        let at = thinking.after(&owner, closed, thinking.between("asked", 300, 900));
        let values = [("by", "caregiver".into()), ("satisfaction", "satisfied".into())];
        thinking.push(at, thinking.owner(), "feedback.recorded", &values);
    }
    if thinking.count("case.reopened") == 0 && thinking.is_one_in(9, 7) {
        let at = thinking.after(&owner, closed, thinking.between("reopened", 400, 800));
        thinking.push(at, thinking.owner(), "case.reopened", &[("reason", "new_report".into())]);
    }
}

/// Who was told that something is late looks after it.
fn resolve(thinking: &mut Thinking<'_>) {
    let case = thinking.case;
    for (escalation, raised) in case.escalations.iter().filter(|(_, raised)| !raised.resolved) {
        let Some(noted) = thinking.file.events.get(escalation) else { continue };
        let minutes = thinking.between(&format!("escalation {}", noted.index), 20, 240);
        let (to, at): (&Address, u64) = (&raised.to, thinking.after(&raised.to, noted.received, minutes));
        let values = [("escalation", hash(escalation)), ("outcome", "taken_up".into())];
        let by = thinking.worker(to);
        thinking.push(at, by, "escalation.resolved", &values);
    }
}
