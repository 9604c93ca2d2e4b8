//! What people agree to, and what a committee decides: consents and their withdrawal, conferences and votes, orders.

use sijill_casework::Address;
use sijill_casework::case::{Basis, Conference};
use sijill_casework::catalogue::ReferralState;
use sijill_event::{Digest, Json};

use super::referrals::request;
use super::{Tempo, Thinking, after, by_wall, hash, set, slot};
use crate::demo::calendar::{DAY, HOUR, MINUTE, january, rfc3339};
use crate::demo::stage::Who;

const MEMBERS: [&str; 4] = ["cpc", "moh", "mosd", "rop"];
/// What psychosocial help needs to know.
const HELP: &[&str] = &["identity.name", "identity.guardian", "narrative.findings"];
/// The Family Counselling Section takes nothing new after that: it is to close.
const COUNSELLING_TAKES: u64 = january(12, 0, 0);

pub(super) fn think(thinking: &mut Thinking<'_>) {
    confirm(thinking);
    if !thinking.is_open() || !thinking.is_with_committee() {
        return;
    }
    agree(thinking);
    confer(thinking);
    shelter(thinking);
}

/// Help that needs the family's consent; some families think again.
fn agree(thinking: &mut Thinking<'_>) {
    let Some(seen) = thinking.last("child.seen") else { return };
    let (case, owner) = (thinking.case, thinking.case.owner.clone());
    let thinks_again = thinking.is_one_in(11, 4);
    if !thinks_again && !thinking.happens("agrees to help", 15) {
        return;
    }
    let Some((consent, given)) = case.consents.iter().next() else {
        let at = thinking.after(&owner, seen, thinking.between("agrees", 30, 300));
        let values = [("agencies", set(&["moh", "mosd"])), ("given_by", "mother".into())];
        return thinking.push(at, thinking.owner(), "consent.recorded", &values);
    };
    let rests = |basis: &Basis| *basis == Basis::Consent(*consent);
    let helped = case.referrals.values().find(|referral| rests(&referral.basis));
    let Some(helped) = helped else {
        let Some(since) = thinking.last("consent.recorded").filter(|_| given.withdrawn.is_none()) else {
            return;
        };
        let at = thinking.after(&owner, since, 30);
        let (to, service) = if at < COUNSELLING_TAKES {
            ("mosd/counselling", "psychosocial")
        } else {
            ("moh/mental-health", "mental_health")
        };
        return request(thinking, at, to, service, ("consent", hash(consent)), HELP);
    };
    let asked = thinking.last("consent.recorded").unwrap_or(seen);
    if thinks_again && given.withdrawn.is_none() && helped.state.is_live() {
        let at = thinking.after(&owner, asked, thinking.between("thinks again", 120, 300));
        let values = [("consent", hash(consent)), ("by", "mother".into())];
        thinking.push(at, thinking.owner(), "consent.withdrawn", &values);
    }
}

/// Those who were told of a withdrawal say that they have stopped.
fn confirm(thinking: &mut Thinking<'_>) {
    let case = thinking.case;
    for (withdrawal, told) in &case.withdrawals {
        let Some(noted) = thinking.file.events.get(withdrawal) else { continue };
        for (unit, _) in told.told.iter().filter(|(_, confirmed)| !**confirmed) {
            let at = thinking.after(unit, noted.received, thinking.between("confirms", 60, 500));
            let by = thinking.worker(unit);
            thinking.push(at, by, "withdrawal.confirmed", &[("withdrawal", hash(withdrawal))]);
        }
    }
}

/// At high risk those who know the child sit together.
fn confer(thinking: &mut Thinking<'_>) {
    let Some(assessed) = thinking.last("assessment.completed") else { return };
    let owner = thinking.case.owner.clone();
    let Some((conference, record)) = thinking.case.conferences.iter().next() else {
        if thinking.case.situation.risk.as_str() != "high" || !thinking.happens("is conferred about", 60) {
            return;
        }
        let at = thinking.after(&owner, assessed, thinking.between("scheduled", 30, 300));
        let day = at.saturating_add(9 * DAY) / HOUR * HOUR;
        let meets = thinking.world.almanac().next_open("office", day).unwrap_or(day);
        let values = [
            ("members", set(&MEMBERS)),
            ("at", rfc3339(meets.div_ceil(HOUR) * HOUR).into()),
            ("kind", "committee_session".into()),
            ("reason", "complex_situation".into()),
        ];
        return thinking.push(at, thinking.owner(), "conference.scheduled", &values);
    };
    if record.held {
        return;
    }
    // The papers: what is known is written up again for those who meet.
    let scheduled = thinking.last("conference.scheduled").unwrap_or(assessed);
    if assessed < scheduled {
        let minutes = if thinking.happens("papers are late", 25) { 1_700 } else { 300 };
        let at = thinking.after(&owner, scheduled, minutes);
        let values = [("needs", set(&["psychosocial"])), ("findings", "Made-up papers.".into())];
        thinking.push(at, thinking.owner(), "assessment.completed", &values);
    }
    vote(thinking, conference, record, &owner);
}

fn vote(thinking: &mut Thinking<'_>, conference: &Digest, record: &Conference, owner: &Address) {
    let at = slot(record.at + thinking.between("voted", 20, 40) * MINUTE, Tempo::Always);
    for member in MEMBERS {
        if record.votes.keys().any(|(agency, _)| agency.as_str() == member) {
            continue;
        }
        let mut values = vec![("conference", hash(conference)), ("vote", word(thinking, member).into())];
        if word(thinking, member) == "against" {
            values.push(("dissent", "Made-up dissent.".into()));
        }
        let by = sits(thinking, member, owner);
        thinking.push(at, by, "vote.cast", &values);
    }
    if record.votes.len() == MEMBERS.len() {
        let at = slot(record.at + thinking.between("held", 70, 120) * MINUTE, Tempo::Always);
        let values = [("conference", hash(conference)), ("outcome", outcome(thinking).into())];
        thinking.push(at, thinking.owner(), "conference.held", &values);
    }
}

/// Who sits there for an agency.
fn sits(thinking: &Thinking<'_>, agency: &str, owner: &Address) -> Who {
    match agency {
        "moh" => Who::new("moh", format!("hospital-{}-1", owner.unit)),
        "mosd" => Who::new("mosd", "family-protection-1"),
        "rop" => Who::new("rop", "desk-1"),
        _ => thinking.worker(owner),
    }
}

fn word(thinking: &Thinking<'_>, agency: &str) -> &'static str {
    thinking.pick(&format!("vote of {agency}"), &[("for", 75), ("against", 15), ("abstain", 10)])
}

/// What the votes decide.
fn outcome(thinking: &Thinking<'_>) -> &'static str {
    let count = |wanted: &str| MEMBERS.iter().filter(|member| word(thinking, member) == wanted).count();
    if count("for") <= count("against") {
        return "no_decision";
    }
    thinking.pick("outcome of the conference", &[("recommend_placement", 60), ("plan_confirmed", 40)])
}

/// A child that cannot stay goes to the shelter, on the prosecution's order.
fn shelter(thinking: &mut Thinking<'_>) {
    let Some(held) = thinking.last("conference.held") else { return };
    if outcome(thinking) != "recommend_placement" {
        return;
    }
    let owner = thinking.case.owner.clone();
    let by = thinking.owner();
    let Some(ordered) = thinking.last("order.issued") else {
        let at = thinking.after(&owner, held, thinking.between("ordered", 60, 300));
        let values = [("kind", "placement_order".into()), ("issuer", "pp".into())];
        return thinking.push(at, by, "order.issued", &values);
    };
    let mut referrals = thinking.case.referrals.values();
    let Some(asked) = referrals.find(|referral| referral.to.agency.as_str() == "wefaq") else {
        let at = after(thinking.world, Tempo::Office, ordered, 30);
        let basis = ("legal_basis", Json::from("prosecution_order"));
        let fields = ["identity.name", "identity.birth_date", "narrative.summary"];
        return request(thinking, at, "wefaq/desk", "shelter", basis, &fields);
    };
    let taken =
        matches!(asked.state, ReferralState::Accepted | ReferralState::InProgress | ReferralState::Completed);
    if taken && thinking.count("placement.started") == 0 {
        let at = by_wall(asked.since, 120);
        let values = [
            ("kind", "shelter".into()),
            ("legal_basis", "prosecution_order".into()),
            ("place", "Shelter (synthetic)".into()),
        ];
        thinking.push(at, by, "placement.started", &values);
    }
}
