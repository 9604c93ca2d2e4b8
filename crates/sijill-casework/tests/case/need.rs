//! Need to know: who is shown what.

use std::collections::BTreeSet;

use sijill_casework::case::Author;
use sijill_domain::{AgencyId, OfficerId};
use sijill_event::{Class, Digest, Json};

use super::say::v;
use super::scene::{AMAL, CASE, CHIEF, HOSPITAL, NURSE, open};
use super::town::{DAY, HOUR, Town};

const SENSITIVE: [Class; 2] = [Class::Identity, Class::Sensitive];

/// What an officer would be shown of a case or contact, as `type class.name`.
fn sees(town: &Town, id: &str, who: &str, classes: &[Class]) -> BTreeSet<String> {
    let (agency, officer) = who.split_once('/').unwrap();
    let (agency, officer) = (AgencyId::parse(agency).unwrap(), OfficerId::parse(officer).unwrap());
    let reader = Author::reader(town.registry(), &agency, &officer).unwrap();
    let file = town.file(id);
    let classes = classes.iter().copied().collect();
    let released = file.permitted(&town.world, town.next(), &reader, None, &classes);
    let of = |hash: &Digest| file.events[hash].event_type;
    released
        .iter()
        .flat_map(|(hash, fields)| fields.iter().map(move |field| format!("{} {field}", of(hash))))
        .collect()
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(ToString::to_string).collect()
}

const CHILD: [&str; 6] = [
    "child.registered identity.address",
    "child.registered identity.birth_date",
    "child.registered identity.civil_number",
    "child.registered identity.guardian",
    "child.registered identity.name",
    "child.registered identity.phone",
];
const HEALTH: [&str; 2] = ["child.registered sensitive.disability", "child.registered sensitive.health"];

/// A child registered by the owner; the hospital may know its name and its health.
fn told() -> (Town, Digest) {
    let mut town = open("none");
    town.does(AMAL, "child.registered", v! {});
    let fields = ["identity.name", "sensitive.health"];
    let referral = v! { to: HOSPITAL, legal_basis: "vital_interest", fields: fields };
    let referral = town.does(AMAL, "referral.requested", referral);
    (town, referral)
}

#[test]
fn the_owner_sees_the_case_and_the_specialist_what_is_sensitive() {
    let (town, _) = told();
    for who in [AMAL, CHIEF, "h1100/deputy"] {
        assert_eq!(sees(&town, CASE, who, &SENSITIVE), set(&CHILD), "{who}");
    }
    let all: Vec<&str> = CHILD.iter().chain(&HEALTH).copied().collect();
    assert_eq!(sees(&town, CASE, "h1100/medic", &SENSITIVE), set(&all));
    // A colleague in another unit, who supervises nobody.
    assert!(sees(&town, CASE, "h1100/clerk", &SENSITIVE).is_empty());
}

#[test]
fn a_recipient_sees_the_fields_of_its_referral_while_it_lives() {
    let (mut town, referral) = told();
    assert_eq!(sees(&town, CASE, NURSE, &SENSITIVE), set(&["child.registered identity.name"]));
    let with_health = set(&["child.registered identity.name", "child.registered sensitive.health"]);
    assert_eq!(sees(&town, CASE, "moh/doctor", &SENSITIVE), with_health);
    // The referral itself, and what belongs to it, is theirs to read; nothing else of that class.
    town.does(AMAL, "note.added", v! {});
    let narrative = |town: &Town| sees(town, CASE, NURSE, &[Class::Narrative]);
    assert_eq!(narrative(&town), set(&["referral.requested narrative.note"]));
    town.does(NURSE, "referral.info_requested", v! { referral: referral });
    town.does(AMAL, "referral.info_provided", v! { referral: referral });
    let own = [
        "referral.requested narrative.note",
        "referral.info_requested narrative.question",
        "referral.info_provided narrative.answer",
    ];
    assert_eq!(narrative(&town), set(&own));
    for stranger in ["moh/therapist", "moh/head", "rop/captain", "cpc/worker"] {
        assert!(stranger == "moh/head" || sees(&town, CASE, stranger, &SENSITIVE).is_empty(), "{stranger}");
    }
    town.does(NURSE, "referral.completed", v! { referral: referral });
    assert!(sees(&town, CASE, "moh/doctor", &[Class::Identity]).is_empty());
    // What the unit wrote itself stays its own.
    let report = ["referral.info_requested narrative.question", "referral.completed narrative.report"];
    assert_eq!(narrative(&town), set(&report));
}

#[test]
fn a_redirection_takes_the_view_along() {
    let (mut town, referral) = told();
    town.does(NURSE, "referral.redirected", v! { referral: referral, to: "moh/mental-health" });
    assert!(sees(&town, CASE, NURSE, &[Class::Identity]).is_empty());
    assert_eq!(
        sees(&town, CASE, "moh/therapist", &[Class::Identity]),
        set(&["child.registered identity.name"])
    );
}

/// A consent that was withdrawn or has expired opens nothing, unless the disclosure rests on something else by now.
#[test]
fn what_rests_on_nothing_is_not_shown() {
    let mut town = open("none");
    town.does(AMAL, "child.registered", v! {});
    let consent = town.does(AMAL, "consent.recorded", v! { agencies: ["moh"], expires: "2026-09-03" });
    let referral = v! { to: HOSPITAL, consent: consent, fields: ["identity.name"] };
    let referral = town.does(AMAL, "referral.requested", referral);
    let name = set(&["child.registered identity.name"]);
    assert_eq!(sees(&town, CASE, NURSE, &[Class::Identity]), name);
    let mut expired = town.clone();
    expired.wait(3 * DAY);
    assert!(expired.state(referral).is_live());
    assert!(sees(&expired, CASE, NURSE, &[Class::Identity]).is_empty());
    let again = v! { to: HOSPITAL, consent: consent };
    assert_eq!(expired.refused(AMAL, "referral.requested", again), "no-basis");
    expired.does(AMAL, "legal_basis.invoked", v! { agencies: ["moh"], basis: "court_order" });
    assert_eq!(sees(&expired, CASE, NURSE, &[Class::Identity]), name);
    town.does(AMAL, "consent.withdrawn", v! { consent: consent });
    assert!(sees(&town, CASE, NURSE, &[Class::Identity]).is_empty());
}

#[test]
fn an_auditor_sees_casework_and_nothing_more() {
    let (town, _) = told();
    let auditor = "mosd/auditor";
    assert!(sees(&town, CASE, auditor, &[Class::Casework]).contains("case.opened casework.risk"));
    let others = [Class::Identity, Class::Narrative, Class::Sensitive, Class::Reporter];
    assert!(sees(&town, CASE, auditor, &others).is_empty());
}

#[test]
fn who_reported_is_for_the_unit_that_took_the_report() {
    let mut town = Town::new();
    town.say(AMAL, "contact/c1", "contact.logged", v! {}).unwrap();
    town.say(AMAL, "contact/c1", "contact.linked", v! { case: "7Q", to: "cpc/ma" }).unwrap();
    let reporter = [
        "contact.logged reporter.reporter_name",
        "contact.logged reporter.reporter_phone",
        "contact.logged reporter.reporter_relation",
    ];
    assert_eq!(sees(&town, "c1", AMAL, &[Class::Reporter]), set(&reporter));
    let identity = sees(&town, "c1", AMAL, &[Class::Identity]);
    assert_eq!(identity.len(), 5);
    // The unit that works the case sees the child, not the reporter.
    assert_eq!(sees(&town, "c1", "cpc/worker", &[Class::Identity]), identity);
    assert!(sees(&town, "c1", "cpc/worker", &[Class::Reporter]).is_empty());
    for who in ["h1100/deputy", "moh/doctor", "rop/officer"] {
        assert!(sees(&town, "c1", who, &[Class::Identity, Class::Reporter]).is_empty(), "{who}");
    }
}

/// A colleague of whoever took the call is kept out of what was said as well.
#[test]
fn a_contact_is_restricted_like_a_case() {
    let mut town = Town::new();
    town.say(AMAL, "contact/c1", "contact.logged", v! {}).unwrap();
    let badr = "h1100/badr";
    let restricts =
        |town: &mut Town, who: &str, values| town.say(who, "contact/c1", "access.restricted", values);
    assert_eq!(restricts(&mut town, AMAL, v! { officers: [badr] }), Err("not-yours"));
    assert_eq!(restricts(&mut town, CHIEF, v! { units: ["h1100/line"] }), Err("owner-restricted"));
    let all = [Class::Casework, Class::Identity, Class::Narrative, Class::Reporter];
    assert!(!sees(&town, "c1", badr, &all).is_empty());
    restricts(&mut town, "h1100/deputy", v! { officers: [badr] }).unwrap();
    assert!(sees(&town, "c1", badr, &all).is_empty());
    assert!(!sees(&town, "c1", AMAL, &all).is_empty());
}

#[test]
fn broken_glass_opens_for_three_hours_and_to_one_person() {
    let (mut town, _) = told();
    let police = "rop/officer";
    town.asks(police, "break_glass.invoked", v! {}).unwrap();
    assert_eq!(sees(&town, CASE, police, &SENSITIVE), set(&CHILD), "no specialist: nothing sensitive");
    assert!(sees(&town, CASE, "rop/captain", &SENSITIVE).is_empty());
    town.wait(3 * HOUR - 1);
    assert!(!sees(&town, CASE, police, &SENSITIVE).is_empty());
    town.wait(1);
    assert!(sees(&town, CASE, police, &SENSITIVE).is_empty());
}

/// Restriction comes before everything: owner, author, supervisor, broken glass.
#[test]
fn the_restricted_see_nothing_at_all() {
    let (mut town, _) = told();
    town.asks("rop/officer", "break_glass.invoked", v! {}).unwrap();
    let restriction = v! { officers: [AMAL, "h1100/deputy", "mosd/auditor"], units: ["rop/desk", HOSPITAL] };
    town.does(CHIEF, "access.restricted", restriction);
    let all = [Class::Casework, Class::Identity, Class::Narrative, Class::Sensitive];
    for who in [AMAL, "h1100/deputy", "mosd/auditor", "rop/officer", NURSE] {
        assert!(sees(&town, CASE, who, &all).is_empty(), "{who}");
    }
    assert!(!sees(&town, CASE, "h1100/badr", &all).is_empty());
    town.does(CHIEF, "access.restricted", v! { officers: Json::Array(vec![]), units: Json::Array(vec![]) });
    assert!(!sees(&town, CASE, AMAL, &all).is_empty(), "the set is replaced");
}

/// A set of hashes is written in the order of the texts they are, which is not that of the bytes.
#[test]
fn an_answer_lists_any_number_of_events() {
    let (mut town, _) = told();
    for _ in 0..12 {
        town.does(AMAL, "note.added", v! {});
    }
    let classes = Json::Array(vec!["narrative".into()]);
    town.asks(CHIEF, "access.requested", v! { classes: classes }).unwrap();
    let answer = town.entries(CASE).next_back().unwrap().act.clone().unwrap();
    let events = answer.values.get("released").unwrap().as_array().unwrap();
    let events: Vec<_> = events.iter().map(|event| event.get("event").unwrap().as_str().unwrap()).collect();
    assert!(events.len() > 12 && events.is_sorted());
}

/// A request is answered at once with exactly what the rule permits, of what was asked.
#[test]
fn a_request_is_answered_directly_after_it() {
    let (mut town, _) = told();
    let mut events = town.file(CASE).events.iter();
    let child = *events.find(|(_, noted)| noted.event_type == "child.registered").unwrap().0;
    let classes = || Json::Array(vec!["identity".into(), "sensitive".into()]);
    for (who, fields) in [(NURSE, Some(vec!["identity.name"])), ("rop/officer", None)] {
        let from = town.size;
        let request = town.asks(who, "access.requested", v! { classes: classes(), events: [child] }).unwrap();
        let kinds: Vec<_> = town.story(CASE, from).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, ["access.requested", "access.released"]);
        let answer = town.entries(CASE).next_back().unwrap().act.clone().unwrap();
        assert_eq!(answer.values.get("request"), Some(&request.to_string().into()));
        let released = fields.map(|fields| {
            let fields = Json::Array(fields.into_iter().map(Json::from).collect());
            Json::object([("event", Json::from(child.to_string())), ("fields", fields)])
        });
        assert_eq!(
            answer.values.get("released"),
            Some(&Json::Array(released.into_iter().collect())),
            "{who}"
        );
    }
    // Another answer would not be one.
    let mut asked = town.file(CASE).clone();
    assert!(!asked.owes());
    asked.settle(&town.world);
    assert_eq!(asked.answer(&town.world, town.next()), None);
}
