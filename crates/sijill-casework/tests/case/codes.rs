//! Every code of a refusal, at the end of a history.

use std::collections::BTreeSet;

use sijill_casework::Refusal;
use sijill_casework::catalogue::{CaseEvent, Facts};
use sijill_casework::codes::SHIPPED;
use sijill_domain::event::{DocumentKind, OfficerRemoved};
use sijill_domain::{OfficerId, Reason};
use sijill_event::{Digest, Draft, Json};

use super::say::{filled, of, v};
use super::scene::{AMAL, CASE, CHIEF, HOSPITAL, NURSE, open, referred};
use super::town::{HOUR, Town, code, rfc3339};

const NOTHING: Digest = Digest([7; 32]);

/// Judged where documents are published, not in a case.
const ELSEWHERE: [&str; 2] = ["document-missing", "document-unsound"];

/// Words that no event can name: nothing is looked up by them.
const UNUSED: [&str; 2] = ["unknown-contact", "unknown-notice"];

type History = fn() -> &'static str;

const HISTORIES: &[(&str, History)] = &[
    ("codes-stale", a_list_moved_on),
    ("code-unknown", || open("none").refused(AMAL, "child.seen", v! { place: "the_moon" })),
    ("type-unknown", || {
        let town = open("none");
        town.clone().post(town.sign(AMAL, "case/7Q", Draft::new("case.sold", 1).jti(town.jti()))).unwrap_err()
    }),
    ("type-not-here", || {
        let mut town = open("none");
        town.asks(AMAL, "note.added", v! {}).unwrap_err()
    }),
    ("data-malformed", || {
        let town = open("none");
        let draft = Draft::new("case.merged", 1).open("into", 7_i64.into()).jti(town.jti());
        town.clone().post(town.sign(CHIEF, "case/7Q", draft)).unwrap_err()
    }),
    ("case-closed", || closed().refused(AMAL, "plan.proposed", v! {})),
    ("case-not-closed", || open("none").refused(AMAL, "case.reopened", v! {})),
    ("case-exists", || open("none").refused(AMAL, "case.opened", v! { unit: "line" })),
    ("case-unknown", || Town::new().refused(AMAL, "note.added", v! {})),
    ("case-merged", || {
        let mut town = open("none");
        town.does(CHIEF, "case.merged", v! { into: "8Q" });
        town.refused(AMAL, "plan.proposed", v! {})
    }),
    ("case-not-merged", || open("none").refused(CHIEF, "case.unmerged", v! {})),
    ("merge-into-itself", || open("none").refused(CHIEF, "case.merged", v! { into: CASE })),
    ("not-yours", || open("none").refused(NURSE, "plan.proposed", v! {})),
    ("own-work", || {
        let mut town = open("none");
        let plan = town.does(CHIEF, "plan.proposed", v! {});
        town.refused(CHIEF, "plan.approved", v! { plan: plan })
    }),
    ("nothing-to-correct", || open("none").refused(AMAL, "child.corrected", v! { corrects: NOTHING })),
    ("already-ended", || {
        let mut town = open("none");
        let order = town.does(AMAL, "order.issued", v! {});
        town.does(AMAL, "order.ended", v! { order: order });
        town.refused(AMAL, "order.ended", v! { order: order })
    }),
    ("officer-unknown", || {
        let mut town = open("none");
        let badr = OfficerId::parse("badr").unwrap();
        town.keep("h1100", OfficerRemoved { officer: badr, reason: Reason::parse("left").unwrap() });
        town.refused(AMAL, "case.assigned", v! { officer: "badr" })
    }),
    ("unit-unknown", || open("none").refused(AMAL, "case.transfer_requested", v! { to: "cpc/nowhere" })),
    ("transfer-pending", || {
        let mut town = open("none");
        town.does(AMAL, "case.transfer_requested", v! { to: "cpc/ma" });
        town.refused(AMAL, "case.transfer_requested", v! { to: "cpc/mu" })
    }),
    ("referral-open", || {
        let (mut town, _) = referred();
        closing(&mut town)
    }),
    ("referral-undisposed", || {
        let (mut town, referral) = referred();
        town.does(NURSE, "referral.rejected", v! { referral: referral });
        closing(&mut town)
    }),
    ("escalation-open", || {
        let (mut town, referral) = referred();
        town.wait(HOUR);
        town.does(NURSE, "referral.completed", v! { referral: referral });
        town.does(AMAL, "referral.disposed", v! { referral: referral });
        closing(&mut town)
    }),
    ("deadline-unknown", || open("none").refused(CHIEF, "deadline.varied", v! {})),
    ("deadline-past", || {
        let town = open("none");
        let opened = town.case(CASE).opened.to_string();
        let assess = Json::object([("milestone", Json::from("assess")), ("of", opened.into())]);
        town.refused(CHIEF, "deadline.varied", v! { deadline: assess, until: rfc3339(town.now) })
    }),
    ("owner-restricted", || open("none").refused(CHIEF, "access.restricted", v! { units: ["h1100/line"] })),
    ("already-voted", || {
        let (mut town, conference) = meeting(&["moh"]);
        town.does(NURSE, "vote.cast", v! { conference: conference });
        town.refused(NURSE, "vote.cast", v! { conference: conference })
    }),
    ("outcome-not-voted", || {
        let (mut town, conference) = meeting(&["moh"]);
        town.does(NURSE, "vote.cast", v! { conference: conference, vote: "against" });
        town.refused(AMAL, "conference.held", v! { conference: conference, outcome: "plan_confirmed" })
    }),
    ("conference-quorum", || {
        let (mut town, conference) = meeting(&["cpc", "moh", "rop"]);
        town.does(NURSE, "vote.cast", v! { conference: conference, vote: "for" });
        town.refused(AMAL, "conference.held", v! { conference: conference, outcome: "plan_confirmed" })
    }),
    ("already-confirmed", || {
        let (mut town, withdrawal) = withdrawn();
        town.does(NURSE, "withdrawal.confirmed", v! { withdrawal: withdrawal });
        town.refused(NURSE, "withdrawal.confirmed", v! { withdrawal: withdrawal })
    }),
    ("no-basis", || open("none").refused(AMAL, "referral.requested", v! { to: HOSPITAL })),
    ("referral-state", || {
        let (mut town, referral) = referred();
        town.does(NURSE, "referral.completed", v! { referral: referral });
        town.refused(NURSE, "referral.accepted", v! { referral: referral })
    }),
    ("already-disposed", || {
        let (mut town, referral) = referred();
        town.does(NURSE, "referral.rejected", v! { referral: referral });
        town.does(AMAL, "referral.disposed", v! { referral: referral });
        town.refused(AMAL, "referral.disposed", v! { referral: referral })
    }),
    ("contact-exists", || {
        let mut town = Town::new();
        town.say(AMAL, "contact/c1", "contact.logged", v! {}).unwrap();
        town.say(AMAL, "contact/c1", "contact.logged", v! {}).unwrap_err()
    }),
    ("already-reviewed", || {
        let mut town = open("none");
        let invocation = town.asks(NURSE, "break_glass.invoked", v! {}).unwrap();
        town.asks(CHIEF, "break_glass.reviewed", v! { invocation: invocation }).unwrap();
        town.asks(CHIEF, "break_glass.reviewed", v! { invocation: invocation }).unwrap_err()
    }),
    ("ground-missing", || {
        let town = open("none");
        let events = [town.case(CASE).opened];
        town.refused(AMAL, "warning.reviewed", v! { events: events, outcome: "acted" })
    }),
    ("case-erased", || {
        let mut town = super::erasure::closed();
        let order = town.asks(AMAL, "erasure.ordered", v! {}).unwrap();
        town.asks(CHIEF, "erasure.approved", v! { erasure: order }).unwrap();
        town.refused(AMAL, "note.added", v! {})
    }),
    ("case-open", || open("none").asks(AMAL, "erasure.ordered", v! {}).unwrap_err()),
    ("erasure-pending", || {
        let mut town = super::erasure::closed();
        town.asks(AMAL, "erasure.ordered", v! {}).unwrap();
        town.asks(AMAL, "erasure.ordered", v! {}).unwrap_err()
    }),
    ("erasure-of-casework", || {
        open("none").asks(AMAL, "erasure.ordered", v! { fields: ["casework.risk"] }).unwrap_err()
    }),
    ("nothing-to-erase", || {
        open("none").asks(AMAL, "erasure.ordered", v! { fields: ["identity.name"] }).unwrap_err()
    }),
    ("retention-unknown", || {
        let order = v! { ground: "retention", rule: "none" };
        super::erasure::closed().asks(AMAL, "erasure.ordered", order).unwrap_err()
    }),
    ("retention-running", || {
        let mut town = super::erasure::closed();
        super::erasure::with_retention(&mut town);
        town.asks(AMAL, "erasure.ordered", v! { ground: "retention", rule: "closed" }).unwrap_err()
    }),
    ("automation-owed", a_forgetful_ledger),
    ("not-prescribed", || {
        let town = open("none");
        let values = v! { about: NOTHING, to: HOSPITAL };
        let draft = of("notice.given").draft(&filled(&town.world, "notice.given", values)).unwrap();
        town.clone().post(town.sign("ledger/automation", "auto/7Q", draft.jti(town.jti()))).unwrap_err()
    }),
    ("unknown-breach", || open("none").refused(AMAL, "breach.notified", v! { breach: NOTHING })),
    ("unknown-conference", || open("none").refused(AMAL, "conference.held", v! { conference: NOTHING })),
    ("unknown-consent", || open("none").refused(AMAL, "consent.withdrawn", v! { consent: NOTHING })),
    ("unknown-erasure", || {
        open("none").asks(CHIEF, "erasure.approved", v! { erasure: NOTHING }).unwrap_err()
    }),
    ("unknown-escalation", || open("none").refused(CHIEF, "escalation.resolved", v! { escalation: NOTHING })),
    ("unknown-event", || {
        let classes = Json::Array(vec!["identity".into()]);
        let mut town = open("none");
        town.asks(AMAL, "access.requested", v! { classes: classes, events: [NOTHING] }).unwrap_err()
    }),
    ("unknown-invocation", || {
        let mut town = open("none");
        town.asks(CHIEF, "break_glass.reviewed", v! { invocation: NOTHING }).unwrap_err()
    }),
    ("unknown-order", || open("none").refused(AMAL, "order.transcribed", v! { order: NOTHING })),
    ("unknown-placement", || open("none").refused(AMAL, "placement.ended", v! { placement: NOTHING })),
    ("unknown-plan", || open("none").refused(CHIEF, "plan.approved", v! { plan: NOTHING })),
    ("unknown-referral", || open("none").refused(AMAL, "service.delivered", v! { referral: NOTHING })),
    ("unknown-request", || open("none").refused(CHIEF, "case.closed", v! { request: NOTHING })),
    ("unknown-withdrawal", || {
        open("none").refused(NURSE, "withdrawal.confirmed", v! { withdrawal: NOTHING })
    }),
];

#[test]
fn every_code_ends_a_history() {
    for (expected, history) in HISTORIES {
        assert_eq!(history(), *expected);
    }
}

#[test]
fn no_code_is_left_out() {
    let told: BTreeSet<&str> = HISTORIES.iter().map(|(code, _)| *code).collect();
    let apart: BTreeSet<&str> = ELSEWHERE.into_iter().chain(UNUSED).collect();
    assert!(told.is_disjoint(&apart));
    let all: BTreeSet<&str> = Refusal::examples().iter().map(Refusal::code).collect();
    assert_eq!(told.union(&apart).copied().collect::<BTreeSet<_>>(), all);
}

fn closing(town: &mut Town) -> &'static str {
    let none = Json::Array(Vec::new());
    let request = town.does(AMAL, "case.closure_requested", v! { exceptions: none });
    town.refused(CHIEF, "case.closed", v! { request: request })
}

fn closed() -> Town {
    let mut town = open("none");
    let request = town.does(AMAL, "case.closure_requested", v! {});
    town.does(CHIEF, "case.closed", v! { request: request });
    town
}

fn meeting(members: &[&str]) -> (Town, Digest) {
    let mut town = open("none");
    let members = Json::Array(members.iter().map(|member| Json::from(*member)).collect());
    let conference = town.does(AMAL, "conference.scheduled", v! { members: members });
    (town, conference)
}

fn withdrawn() -> (Town, Digest) {
    let mut town = open("none");
    let consent = town.does(AMAL, "consent.recorded", v! { agencies: ["moh"] });
    town.does(AMAL, "referral.requested", v! { to: HOSPITAL, consent: consent });
    let withdrawal = town.does(AMAL, "consent.withdrawn", v! { consent: consent });
    (town, withdrawal)
}

/// A new version of a list: who had not seen it yet may still use the one before, nobody else.
fn a_list_moved_on() -> &'static str {
    let mut town = open("none");
    let (_, bytes) = SHIPPED.iter().find(|(id, _)| *id == "see-place").unwrap();
    let next = String::from_utf8(bytes.to_vec()).unwrap().replacen("\"version\": 1", "\"version\": 2", 1);
    let before = town.size;
    town.publish(DocumentKind::CodeList, "see-place", next.as_bytes());
    let first = || Json::object([("see-place", Json::Integer(1))]);
    town.seen = Some(before);
    town.does(AMAL, "child.seen", v! { codes: first() });
    town.seen = None;
    town.does(AMAL, "child.seen", v! {});
    town.refused(AMAL, "child.seen", v! { codes: first() })
}

#[test]
fn a_version_counts_now_or_if_it_was_in_force_when_its_author_looked() {
    let mut town = open("none");
    let (_, bytes) = SHIPPED.iter().find(|(id, _)| *id == "see-place").unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut looked = vec![town.size];
    for version in [2, 3] {
        let next = text.replacen("\"version\": 1", &format!("\"version\": {version}"), 1);
        town.publish(DocumentKind::CodeList, "see-place", next.as_bytes());
        looked.push(town.size);
    }
    for (seen, then) in looked.into_iter().zip(1..) {
        town.seen = Some(seen);
        for version in 1..=3 {
            let codes = Json::object([("see-place", Json::Integer(version))]);
            let expected = if version == then || version == 3 { "accepted" } else { "codes-stale" };
            let verdict = town.refused(AMAL, "child.seen", v! { codes: codes });
            assert_eq!(verdict, expected, "version {version}, seen under {then}");
        }
    }
}

/// A ledger that takes an event before it has appended what was due.
fn a_forgetful_ledger() -> &'static str {
    let (mut town, referral) = referred();
    town.outage(HOUR);
    let values = filled(&town.world, "referral.acknowledged", v! { referral: referral });
    for (stream, kind, values) in [
        ("case/7Q", "referral.acknowledged", values),
        ("access/7Q", "break_glass.invoked", filled(&town.world, "break_glass.invoked", v! {})),
    ] {
        let event = town.sign(NURSE, stream, of(kind).draft(&values).unwrap().jti(town.jti()));
        let read = CaseEvent::read(&event.event, &Facts::of(&event)).unwrap();
        let verdict = town.file(CASE).decide(&town.world, town.next(), &event.event, &read);
        assert_eq!(verdict.map_err(code), Err("automation-owed"), "{kind}");
    }
    "automation-owed"
}
