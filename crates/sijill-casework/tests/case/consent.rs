//! On what grounds agencies may know, and what follows when the grounds are gone.

use sijill_casework::Milestone;
use sijill_casework::catalogue::ReferralState;
use sijill_event::{Digest, Json};

use super::say::v;
use super::scene::{AMAL, CASE, HOSPITAL, NURSE, open};
use super::town::{DAY, Town};

fn consented(agencies: &[&str]) -> (Town, Digest) {
    let mut town = open("none");
    let agencies = Json::Array(agencies.iter().map(|agency| Json::from(*agency)).collect());
    let consent = town.does(AMAL, "consent.recorded", v! { agencies: agencies });
    (town, consent)
}

#[test]
fn a_referral_rests_on_one_thing_that_stands() {
    let (mut town, consent) = consented(&["moh"]);
    let asks = |town: &Town, values| town.refused(AMAL, "referral.requested", values);
    assert_eq!(asks(&town, v! { to: HOSPITAL, consent: consent }), "accepted");
    assert_eq!(asks(&town, v! { to: HOSPITAL, legal_basis: "court_order" }), "accepted");
    assert_eq!(asks(&town, v! { to: HOSPITAL }), "no-basis");
    assert_eq!(asks(&town, v! { to: HOSPITAL, legal_basis: "consent" }), "no-basis");
    assert_eq!(asks(&town, v! { to: HOSPITAL, legal_basis: "court_order", consent: consent }), "no-basis");
    assert_eq!(asks(&town, v! { to: HOSPITAL, consent: Digest([7; 32]) }), "no-basis");
    assert_eq!(
        asks(&town, v! { to: "rop/desk", consent: consent }),
        "no-basis",
        "it does not cover the police"
    );
    town.does(AMAL, "consent.withdrawn", v! { consent: consent });
    assert_eq!(asks(&town, v! { to: HOSPITAL, consent: consent }), "no-basis");
    assert_eq!(town.refused(AMAL, "consent.withdrawn", v! { consent: consent }), "already-ended");
}

#[test]
fn consent_is_no_legal_basis() {
    let town = open("none");
    let basis = |code: &str| v! { agencies: ["moh"], basis: code };
    assert_eq!(town.refused(AMAL, "legal_basis.invoked", basis("consent")), "no-basis");
    assert_eq!(town.refused(AMAL, "legal_basis.invoked", basis("vital_interest")), "accepted");
}

/// A consent covers an agency under whatever name it goes now.
#[test]
fn a_consent_covers_what_an_agency_has_become() {
    let (mut town, consent) = consented(&["moh"]);
    let to_cpc = v! { to: "cpc/ma", consent: consent };
    assert_eq!(town.refused(AMAL, "referral.requested", to_cpc.clone()), "no-basis");
    let (agency, into) = (super::country::agency("moh"), super::country::agency("cpc"));
    town.decide(sijill_domain::event::AgencyMerge { agency, into, quorum: None });
    assert_eq!(town.refused(AMAL, "referral.requested", to_cpc), "accepted");
}

/// What rests on the consent alone ends, in the order it was asked for; each receiver is told once and confirms once.
#[test]
fn a_withdrawn_consent_ends_what_rests_on_it_alone() {
    let (mut town, consent) = consented(&["cpc", "moh", "rop"]);
    let asks =
        |town: &mut Town, to: &str| town.does(AMAL, "referral.requested", v! { to: to, consent: consent });
    let on_consent = ["moh/mental-health", HOSPITAL, "moh/mental-health"].map(|to| asks(&mut town, to));
    let done = asks(&mut town, HOSPITAL);
    town.does(NURSE, "referral.completed", v! { referral: done });
    let to_police = asks(&mut town, "rop/desk");
    town.does(AMAL, "legal_basis.invoked", v! { agencies: ["rop"], basis: "prosecution_order" });
    let by_law = town.refer("cpc/ma", "urgent");
    let from = town.size;
    let withdrawal = town.does(AMAL, "consent.withdrawn", v! { consent: consent });
    let acts = town.acts(CASE, from);
    let ended: Vec<_> = acts.iter().filter_map(|act| act.values.get("referral")).collect();
    let expected = on_consent.map(|referral| Json::from(referral.to_string()));
    assert_eq!(ended, expected.iter().collect::<Vec<_>>());
    let told =
        acts.iter().filter(|act| act.event_type == "notice.given").filter_map(|act| act.values.get("to"));
    let told: Vec<_> = told.map(|to| to.get("unit").unwrap().as_str().unwrap()).collect();
    assert_eq!(told, ["hospital-ma", "mental-health"]);
    let first = acts.first().unwrap().event_type;
    assert_eq!((first, acts.len()), ("referral.withdrawn", 5));
    assert!(on_consent.iter().all(|referral| town.state(*referral) == ReferralState::Withdrawn));
    assert_eq!(town.state(done), ReferralState::Completed);
    assert!(town.state(to_police).is_live() && town.state(by_law).is_live());
    for who in [NURSE, "moh/therapist"] {
        let confirms = v! { withdrawal: withdrawal };
        town.does(who, "withdrawal.confirmed", confirms.clone());
        assert_eq!(town.refused(who, "withdrawal.confirmed", confirms), "already-confirmed");
    }
    assert_eq!(
        town.refused("rop/officer", "withdrawal.confirmed", v! { withdrawal: withdrawal }),
        "not-yours"
    );
}

/// Each receiver has its own clock; confirming stops one's own.
#[test]
fn every_receiver_confirms_for_itself() {
    let (mut town, consent) = consented(&["moh"]);
    for to in [HOSPITAL, "moh/mental-health"] {
        town.does(AMAL, "referral.requested", v! { to: to, consent: consent });
    }
    let withdrawal = town.does(AMAL, "consent.withdrawn", v! { consent: consent });
    town.does(NURSE, "withdrawal.confirmed", v! { withdrawal: withdrawal });
    let from = town.size;
    town.wait(10 * DAY);
    let acts = town.acts(CASE, from);
    let late: Vec<_> = acts
        .iter()
        .filter(|act| act.values.get("milestone") == Some(&Milestone::ConfirmWithdrawal.as_str().into()))
        .filter(|act| act.event_type == "deadline.breached")
        .filter_map(|act| act.values.get("owes")?.get("unit")?.as_str())
        .collect();
    assert_eq!(late, ["mental-health"]);
}

#[test]
fn a_second_consent_keeps_what_rested_on_the_first() {
    let (mut town, first) = consented(&["moh"]);
    let referral = town.does(AMAL, "referral.requested", v! { to: HOSPITAL, consent: first });
    let second = town.does(AMAL, "consent.recorded", v! { agencies: ["moh"], expires: "2026-09-05" });
    let mut later = town.clone();
    let from = town.size;
    town.does(AMAL, "consent.withdrawn", v! { consent: first });
    assert!(town.acts(CASE, from).is_empty() && town.state(referral).is_live());
    // An expired consent keeps nothing.
    later.wait(10 * DAY);
    later.does(AMAL, "consent.withdrawn", v! { consent: first });
    assert_eq!(later.state(referral), ReferralState::Withdrawn);
    assert_eq!(later.refused(AMAL, "consent.withdrawn", v! { consent: second }), "accepted");
}

/// What came to rest on another consent ends with that one.
#[test]
fn a_referral_ends_with_the_last_consent_it_could_rest_on() {
    let (mut town, first) = consented(&["moh"]);
    let referral = town.does(AMAL, "referral.requested", v! { to: HOSPITAL, consent: first });
    let [second, other] =
        ["moh", "rop"].map(|agency| town.does(AMAL, "consent.recorded", v! { agencies: [agency] }));
    for consent in [first, other] {
        town.does(AMAL, "consent.withdrawn", v! { consent: consent });
        assert!(town.state(referral).is_live());
    }
    let withdrawal = town.does(AMAL, "consent.withdrawn", v! { consent: second });
    assert_eq!(town.state(referral), ReferralState::Withdrawn);
    town.does(NURSE, "withdrawal.confirmed", v! { withdrawal: withdrawal });
}

/// A redirection tells another unit what the first was told: of another agency only if something lets it know.
#[test]
fn a_referral_is_passed_on_only_to_whom_it_may_be_told() {
    let (mut town, consent) = consented(&["moh"]);
    let on_consent = town.does(AMAL, "referral.requested", v! { to: HOSPITAL, consent: consent });
    let by_law = town.refer(HOSPITAL, "urgent");
    let passes = |town: &Town, referral: Digest, to: &str| {
        town.refused(NURSE, "referral.redirected", v! { referral: referral, to: to })
    };
    assert_eq!(passes(&town, by_law, "rop/desk"), "accepted");
    assert_eq!(passes(&town, on_consent, "moh/mental-health"), "accepted");
    assert_eq!(passes(&town, on_consent, "rop/desk"), "no-basis");
    town.does(AMAL, "legal_basis.invoked", v! { agencies: ["rop"], basis: "prosecution_order" });
    assert_eq!(passes(&town, on_consent, "rop/desk"), "accepted");
}
