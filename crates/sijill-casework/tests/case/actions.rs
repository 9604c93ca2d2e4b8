//! What the file says somebody may do is what happens when they do it.

use sijill_casework::case::{Author, CaseFile, Subject};
use sijill_casework::catalogue::{CATALOGUE, latest};
use sijill_domain::{AgencyId, OfficerId};
use sijill_event::{Json, StreamKind};

use super::say::v;
use super::scene::{AMAL, CASE, CHIEF, NURSE, open};
use super::town::{HOUR, Town};
use super::yours::{PEOPLE, rich};

fn author(town: &Town, who: &str) -> Author {
    let (agency, officer) = who.split_once('/').unwrap();
    let (agency, officer) = (AgencyId::parse(agency).unwrap(), OfficerId::parse(officer).unwrap());
    Author::reader(&town.registry, &agency, &officer).unwrap()
}

fn may(town: &Town, who: &str, kind: &str, subject: Option<&Subject>) -> &'static str {
    let file = town.file(CASE);
    match file.may(&town.world, town.next(), &author(town, who), kind, subject) {
        Ok(()) => "accepted",
        Err(refusal) => refusal.code(),
    }
}

/// What somebody fills in, beside the subject.
fn chosen(file: &CaseFile, kind: &str, subject: Option<&Subject>) -> Json {
    let mut values = match kind {
        "case.transfer_requested" => v! { to: "cpc/ma" },
        "referral.requested" => v! { to: "moe/school-social-work", legal_basis: "best_interest" },
        "referral.redirected" => v! { to: "moe/school-social-work" },
        "legal_basis.invoked" => v! { agencies: ["moh"], basis: "court_order" },
        "access.restricted" => v! { officers: ["h1100/badr"] },
        "erasure.ordered" => v! { fields: ["narrative.summary"] },
        "deadline.varied" => v! { until: "2030-01-01T00:00:00Z" },
        _ => v! {},
    };
    let field = latest(kind).unwrap().subject();
    if let (Json::Object(members), Some(subject), Some(field)) = (&mut values, subject, field) {
        members.push((field.name.to_owned(), subject.to_json()));
    }
    assert!(file.gaps == 0);
    values
}

/// Every type, about everything it can be about, by everybody.
fn agrees(town: &Town) -> usize {
    let mut accepted = 0;
    for spec in CATALOGUE.iter().filter(|spec| latest(spec.name).is_some_and(|latest| latest.v == spec.v)) {
        let Some(kind) = spec.signed_in().filter(|kind| *kind != StreamKind::Contact) else { continue };
        let file = town.file(CASE);
        let subjects = file.subjects(spec.name);
        assert!(spec.subject().is_some() || subjects.is_empty(), "{}", spec.name);
        let subjects: Vec<Option<Subject>> = match spec.subject() {
            Some(_) => subjects.into_iter().map(Some).collect(),
            None => vec![None],
        };
        for subject in &subjects {
            for who in PEOPLE {
                let values = chosen(file, spec.name, subject.as_ref());
                let mut then = town.clone();
                let stream = format!("{}/{CASE}", kind.as_str());
                let happens =
                    then.say(who, &stream, spec.name, values).map_or_else(|code| code, |_| "accepted");
                let said = may(town, who, spec.name, subject.as_ref());
                assert_eq!(said, happens, "{who} {} {subject:?}", spec.name);
                accepted += usize::from(said == "accepted");
            }
        }
    }
    accepted
}

#[test]
fn what_is_said_to_be_allowed_is_and_nothing_else() {
    let (mut town, made) = rich();
    assert!(agrees(&town) > 100);
    let referral = made["referral.requested"];
    for (who, kind) in [(NURSE, "referral.accepted"), (NURSE, "referral.held"), (NURSE, "referral.resumed")] {
        town.does(who, kind, v! { referral: referral });
        agrees(&town);
    }
    town.asks("rop/officer", "break_glass.invoked", v! {}).unwrap();
    town.does(CHIEF, "plan.approved", v! { plan: made["plan.proposed"] });
    town.does(AMAL, "placement.ended", v! { placement: made["placement.started"] });
    town.wait(26 * HOUR);
    agrees(&town);
    let mut merged = open("none");
    merged.does(CHIEF, "case.merged", v! { into: "8R" });
    agrees(&merged);
}

#[test]
fn what_is_not_there_cannot_be_acted_on() {
    let town = open("none");
    for (kind, code) in [
        ("plan.approved", "unknown-plan"),
        ("child.corrected", "nothing-to-correct"),
        ("deadline.varied", "deadline-unknown"),
        ("referral.acknowledged", "unknown-referral"),
        ("break_glass.reviewed", "unknown-invocation"),
        ("case.closed", "unknown-request"),
        ("access.released", "not-yours"),
        ("reminder.sent", "not-yours"),
        ("contact.logged", "contact-exists"),
        ("nothing.done", "type-unknown"),
    ] {
        assert_eq!(may(&town, CHIEF, kind, None), code, "{kind}");
    }
}
