//! Broken glass and restriction.

use sijill_casework::Milestone;
use sijill_event::{Digest, Json};

use super::say::v;
use super::scene::{AMAL, CASE, CHIEF, open};
use super::town::{DAY, HOUR, Town};

const POLICE: &str = "rop/captain";

fn broken() -> (Town, Digest) {
    let mut town = open("none");
    let invocation = town.asks(POLICE, "break_glass.invoked", v! {}).unwrap();
    (town, invocation)
}

#[test]
fn the_owner_is_told_directly_after_the_glass_broke() {
    let (town, invocation) = broken();
    let last = town.entries(CASE).next_back().unwrap();
    let act = last.act.as_ref().unwrap();
    assert_eq!(act.event_type, "notice.given");
    assert_eq!(act.values.get("about"), Some(&invocation.to_string().into()));
    assert_eq!(act.values.get("to").unwrap().get("agency").unwrap().as_str(), Some("h1100"));
    assert_eq!(last.at.received, town.now);
    assert_eq!(town.file(CASE).broken[&invocation].until, town.now + 3 * HOUR);
}

#[test]
fn a_supervisor_of_the_owner_reviews_it_once() {
    let (mut town, invocation) = broken();
    let reviews = |town: &Town, who: &str| {
        let verdict = town.clone().asks(who, "break_glass.reviewed", v! { invocation: invocation });
        verdict.err().unwrap_or("accepted")
    };
    for (who, expected) in
        [(AMAL, "not-yours"), (POLICE, "not-yours"), ("cpc/lead", "not-yours"), (CHIEF, "accepted")]
    {
        assert_eq!(reviews(&town, who), expected, "{who}");
    }
    town.asks("h1100/deputy", "break_glass.reviewed", v! { invocation: invocation }).unwrap();
    assert_eq!(reviews(&town, CHIEF), "already-reviewed");
    let mut deadlines = town.case(CASE).deadlines.iter();
    let review = deadlines.find(|deadline| deadline.milestone == Milestone::ReviewBreakGlass).unwrap();
    assert!(!review.runs());
}

#[test]
fn nobody_reviews_what_they_broke() {
    let mut town = open("none");
    let invocation = town.asks("h1100/deputy", "break_glass.invoked", v! {}).unwrap();
    let own = town.clone().asks("h1100/deputy", "break_glass.reviewed", v! { invocation: invocation });
    assert_eq!(own, Err("own-work"));
    town.asks(CHIEF, "break_glass.reviewed", v! { invocation: invocation }).unwrap();
}

#[test]
fn a_review_that_does_not_come_is_missed() {
    let (mut town, invocation) = broken();
    let from = town.size;
    town.wait(3 * DAY);
    let of = Json::from(invocation.to_string());
    let told = town.acts(CASE, from).into_iter().filter(|act| act.values.get("of") == Some(&of));
    let told: Vec<_> = told.map(|act| act.event_type).collect();
    assert_eq!(told, ["reminder.sent", "deadline.breached", "escalation.raised", "escalation.raised"]);
}

/// Nobody would be told of it, and no clock would have it reviewed: who works the case may be told what was said.
#[test]
fn the_glass_of_a_contact_cannot_be_broken() {
    let mut town = Town::new();
    town.say(AMAL, "contact/c1", "contact.logged", v! {}).unwrap();
    for who in [AMAL, POLICE, CHIEF] {
        assert_eq!(town.say(who, "access/c1", "break_glass.invoked", v! {}), Err("case-unknown"), "{who}");
    }
}

#[test]
fn only_the_unit_that_logged_a_contact_writes_in_it() {
    let mut town = Town::new();
    assert_eq!(town.say(AMAL, "contact/c1", "child.looked_up", v! {}), Err("case-unknown"));
    let logged = town.say(AMAL, "contact/c1", "contact.logged", v! {}).unwrap();
    let corrected = v! { corrects: logged };
    for (kind, values) in
        [("child.looked_up", v! {}), ("contact.linked", v! {}), ("contact.corrected", corrected)]
    {
        let verdict = town.say("h1100/clerk", "contact/c1", kind, values.clone());
        assert_eq!(verdict, Err("not-yours"), "{kind}");
        town.say("h1100/badr", "contact/c1", kind, values).unwrap();
    }
    let nothing = v! { corrects: Digest([7; 32]) };
    assert_eq!(town.say(AMAL, "contact/c1", "contact.corrected", nothing), Err("nothing-to-correct"));
    assert_eq!(town.say(AMAL, "case/c1", "case.opened", v! { unit: "line" }), Err("case-exists"));
    town.opened("none");
    assert_eq!(town.say(AMAL, "contact/7Q", "contact.logged", v! {}), Err("contact-exists"));
}

/// No case is without anybody who may look at it.
#[test]
fn whoever_owns_a_case_may_see_it() {
    let mut town = open("none");
    let to = |unit: &str| v! { to: unit };
    town.does(CHIEF, "access.restricted", v! { units: ["cpc/ma"] });
    assert_eq!(town.refused(AMAL, "case.transfer_requested", to("cpc/ma")), "owner-restricted");
    let request = town.does(AMAL, "case.transfer_requested", to("cpc/mu"));
    assert_eq!(town.refused("cpc/other", "case.transferred", v! { request: request }), "accepted");
    town.does(CHIEF, "access.restricted", v! { units: ["cpc/mu"] });
    assert_eq!(town.refused("cpc/other", "case.transferred", v! { request: request }), "owner-restricted");
    assert_eq!(town.refused("cpc/other", "case.transfer_refused", v! { request: request }), "accepted");
}

#[test]
fn there_is_nothing_to_see_where_there_is_nothing() {
    let mut town = Town::new();
    let classes = Json::Array(vec!["identity".into()]);
    assert_eq!(town.asks(AMAL, "break_glass.invoked", v! {}), Err("case-unknown"));
    assert_eq!(town.asks(AMAL, "access.requested", v! { classes: classes }), Err("case-unknown"));
}
