//! What is not there is not judged, and nobody is blamed for it.

use sijill_audit::FaultCode::DocumentMismatch;
use sijill_audit::{Level, Status};
use sijill_casework::shipped;
use sijill_event::Digest;

use crate::copy::Copy;
use crate::story::story;
use crate::{faults, report};

/// The rules level of a copy that no fault is found in.
fn rules(copy: &Copy) -> Level {
    let report = report(copy);
    assert!(report.is_faultless(), "{:?}", report.faults);
    report.levels.rules
}

/// How many entries are of this case.
fn of_case(copy: &Copy, id: &str) -> u64 {
    let streams = ["case", "auto", "access"].map(|kind| format!("{kind}/{id}"));
    let here = |index: &u64| streams.contains(&copy.entry(*index).event.stream.to_string());
    (0..copy.size()).filter(here).count() as u64
}

#[test]
fn without_any_disclosure_no_case_is_judged() {
    let mut copy = story().copy.clone();
    copy.disclosures.clear();
    copy.all = false;
    let level = rules(&copy);
    let cases: u64 = ["c1", "c2", "c3"].iter().map(|id| of_case(&copy, id)).sum();
    assert_eq!((level.status, level.unchecked), (Status::Partial, cases));
    assert_eq!(level.checked, copy.size() - cases);
    assert!(level.why.expect("it says why").starts_with(&format!("{cases} entries ")));
}

/// Wherever the values of one entry are withheld, its case is unchecked from there on, and no other.
#[test]
fn withheld_values_leave_the_rest_of_their_case_unchecked() {
    let story = story();
    let withheld: Vec<u64> = (0..story.copy.size())
        .filter(|index| story.copy.entry(*index).event.stream.id() == Some("c1"))
        .filter(|index| {
            let digests = story.copy.entry(*index).event.digests;
            digests.iter().any(|(class, _)| *class == sijill_event::Class::Casework)
        })
        .collect();
    assert!(withheld.len() > 20);
    for index in withheld.into_iter().step_by(5) {
        let mut copy = story.copy.clone();
        copy.disclosures.retain(|(of, _)| *of != index);
        copy.all = false;
        let level = rules(&copy);
        let later = of_case(&copy, "c1") - of_case(&copy.up_to(index), "c1");
        assert_eq!(
            (level.status, level.unchecked),
            (Status::Partial, later),
            "without the values of {index}"
        );
    }
}

#[test]
fn without_the_policy_or_the_calendar_no_case_is_judged() {
    let story = story();
    let cases: u64 = ["c1", "c2", "c3"].iter().map(|id| of_case(&story.copy, id)).sum();
    for document in [shipped::POLICY, shipped::CALENDAR] {
        let hash = Digest::of(document);
        let mut without = story.copy.clone();
        without.documents.remove(&hash).expect("it was held");
        let mut altered = story.copy.clone();
        altered.documents.insert(hash, b"something else".to_vec());
        for (copy, expected) in [(without, vec![]), (altered, vec![(DocumentMismatch, None)])] {
            assert_eq!(faults(&copy), expected);
            let level = report(&copy).levels.rules;
            assert_eq!((level.status, level.unchecked), (Status::Partial, cases));
            let why = format!("{cases} entries rest on a published document that is not held");
            assert_eq!(level.why, Some(why));
        }
    }
}

/// Also one that nothing rests on: whoever is handed another text under a published name is told.
#[test]
fn a_document_with_other_bytes_is_a_fault_of_integrity() {
    let mut copy = story().copy.clone();
    let (_, bytes) = shipped::CODE_LISTS.iter().find(|(id, _)| *id == "order-kind").expect("a list");
    copy.documents.insert(Digest::of(bytes), b"something else".to_vec());
    copy.documents.insert(Digest::of("never published"), b"something else".to_vec());
    let report = report(&copy);
    assert_eq!(faults(&copy), [(DocumentMismatch, None)]);
    assert!(report.faults[0].message.contains(&Digest::of(bytes).to_string()), "{:?}", report.faults);
    let levels = report.levels;
    assert_eq!((levels.integrity.status, levels.rules.status), (Status::Faults, Status::Clean));
}

#[test]
fn without_a_code_list_what_uses_it_is_not_judged() {
    let story = story();
    let (_, bytes) = shipped::CODE_LISTS.iter().find(|(id, _)| *id == "closure").expect("a list");
    let mut copy = story.copy.clone();
    copy.documents.remove(&Digest::of(bytes)).expect("it was held");
    let level = rules(&copy);
    assert_eq!((level.status, level.unchecked), (Status::Partial, 1));
    assert_eq!(level.why, Some("1 entry rests on a published document that is not held".to_owned()));
    // One that nothing uses is not missed.
    let (_, bytes) = shipped::CODE_LISTS.iter().find(|(id, _)| *id == "order-kind").expect("a list");
    let mut copy = story.copy.clone();
    copy.documents.remove(&Digest::of(bytes)).expect("it was held");
    assert_eq!(rules(&copy).status, Status::Clean);
}
