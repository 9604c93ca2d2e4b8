//! What is not of the catalogue is refused, with the code that says why.

use std::collections::BTreeMap;

use sijill_casework::Refusal;
use sijill_casework::catalogue::{CaseEvent, Facts, FieldClass, TypeSpec, Unread, latest, spec};
use sijill_event::{Class, Draft, Json, SdJwt, StreamKind};

use crate::generate::{samples, sign, sign_in};

fn refused(spec: &TypeSpec, values: Vec<(String, Json)>) -> String {
    match spec.draft(&Json::Object(values)) {
        Err(Refusal::DataMalformed { kind, what }) if kind == spec.name => what,
        other => panic!("{} {other:?}", spec.name),
    }
}

#[test]
fn drafts_of_wrong_values_are_refused() {
    let wrong = Json::object([("wrong", Json::Null)]);
    for (spec, values) in samples() {
        let members = values.as_object().expect("an object").to_vec();
        let without = |name: &str| members.iter().filter(|(n, _)| n != name).cloned().collect::<Vec<_>>();
        let with = |name: &str, value: &Json| {
            let mut members = without(name);
            members.push((name.to_owned(), value.clone()));
            members
        };
        for field in spec.fields {
            assert_eq!(refused(spec, with(field.name, &wrong)), field.name);
            assert_eq!(refused(spec, with(field.name, &Json::Null)), field.name);
            if field.required {
                assert_eq!(refused(spec, without(field.name)), field.name);
            } else {
                assert!(spec.draft(&Json::Object(without(field.name))).is_ok());
            }
        }
        assert_eq!(refused(spec, with("colour", &"red".into())), "a field that is not listed");
        let some = Json::object([("colour", Json::Integer(1))]);
        if spec.lists().is_empty() {
            assert_eq!(refused(spec, with("codes", &some)), "a field that is not listed");
        } else {
            assert_eq!(refused(spec, without("codes")), "codes");
            assert_eq!(refused(spec, with("codes", &some)), "codes");
            let mut versions = values.get("codes").and_then(Json::as_object).expect("codes").to_vec();
            versions[0].1 = Json::Integer(0);
            assert_eq!(refused(spec, with("codes", &Json::Object(versions.clone()))), "codes");
            versions[0].1 = Json::Integer(1);
            versions.push(("colour".to_owned(), Json::Integer(1)));
            assert_eq!(refused(spec, with("codes", &Json::Object(versions))), "codes");
        }
        assert!(matches!(spec.draft(&Json::Null), Err(Refusal::DataMalformed { .. })));
    }
}

/// Refused at admission and by every reader, with the same words.
fn signed_is_refused(spec: &TypeSpec, signed: &SdJwt, refusal: &Refusal) {
    assert_eq!(spec.check(signed).as_ref(), Err(refusal));
    let read = CaseEvent::read(&signed.event, &Facts::of(signed));
    assert_eq!(read, Err(Unread::Refused(refusal.clone())));
}

fn malformed(spec: &TypeSpec, what: &str) -> Refusal {
    Refusal::DataMalformed { kind: spec.name.to_owned(), what: what.to_owned() }
}

fn child_seen() -> (&'static TypeSpec, Draft) {
    let codes = Json::object([("see-place", Json::Integer(1))]);
    let values = Json::object([("place", Json::from("home")), ("codes", codes)]);
    let spec = latest("child.seen").expect("a type");
    (spec, spec.draft(&values).expect("values of the type"))
}

#[test]
fn signed_events_that_are_not_of_the_type_are_refused() {
    let (spec, draft) = child_seen();
    assert_eq!(spec.check(&sign(spec, draft.clone())), Ok(()));

    let more = draft.clone().open("colour", "red".into());
    signed_is_refused(spec, &sign(spec, more), &malformed(spec, "a member that is not listed"));
    let more = draft.clone().disclose(Class::Casework, "colour", "red".into());
    let counted = |class: &str, rest: &str| {
        malformed(spec, &format!("the number of digests in class {class} ({rest})"))
    };
    signed_is_refused(
        spec,
        &sign(spec, more),
        &counted("casework", "2 there; wanted: place, null where left out"),
    );
    let another_class = draft.disclose(Class::Identity, "name", "x".into());
    signed_is_refused(spec, &sign(spec, another_class), &counted("identity", "1 there; none wanted"));

    let of = |place: (Class, &str, Json), codes: Json| {
        let (class, name, value) = place;
        let draft = Draft::new("child.seen", 1).open("codes", codes);
        draft.disclose(class, name, value).disclose(Class::Narrative, "note", Json::Null)
    };
    let codes = || Json::object([("see-place", Json::Integer(1))]);
    let wrong = [
        of((Class::Casework, "place", Json::Null), codes()),
        of((Class::Casework, "place", Json::Integer(1)), codes()),
        of((Class::Casework, "where", "home".into()), codes()),
    ];
    for draft in wrong {
        signed_is_refused(spec, &sign(spec, draft), &malformed(spec, "place"));
    }
    for codes in [Json::object([("risk", Json::Integer(1))]), Json::object::<&str>([]), Json::Null] {
        let draft = of((Class::Casework, "place", "home".into()), codes);
        signed_is_refused(spec, &sign(spec, draft), &malformed(spec, "codes"));
    }
}

/// A field in the wrong class, where the numbers are right: only who holds all disclosures can tell.
#[test]
fn admission_looks_into_every_class() {
    let spec = latest("note.added").expect("a type");
    for draft in [
        Draft::new("note.added", 1).disclose(Class::Narrative, "note", "x".into()),
        Draft::new("note.added", 1).disclose(Class::Narrative, "text", Json::Null),
    ] {
        let signed = sign(spec, draft);
        assert_eq!(spec.check(&signed), Err(malformed(spec, "text")));
        assert!(CaseEvent::read(&signed.event, &Facts::of(&signed)).is_ok());
    }
    let (spec, draft) = child_seen();
    let signed = sign(spec, draft);
    let bare = SdJwt::gather(signed.event, Vec::new()).expect("an event");
    assert_eq!(spec.check(&bare), Err(malformed(spec, "place")));
}

/// `null` is not an absent member, in either direction.
#[test]
fn an_absent_open_member_is_left_out() {
    let spec = latest("service.delivered").expect("a type");
    let draft = || {
        let (ar, codes) = ("service", Json::object([("service", Json::Integer(1))]));
        Draft::new(spec.name, spec.v)
            .open("codes", codes)
            .disclose(Class::Casework, ar, "shelter".into())
            .disclose(Class::Narrative, "note", Json::Null)
            .disclose(Class::Sensitive, "result", Json::Null)
            .disclose(Class::Sensitive, "result_document", Json::Null)
    };
    assert_eq!(spec.check(&sign(spec, draft())), Ok(()));
    signed_is_refused(spec, &sign(spec, draft().open("referral", Json::Null)), &malformed(spec, "referral"));
}

#[test]
fn what_can_be_seen_without_the_values_is_refused_without_them() {
    let (spec, draft) = child_seen();
    let signed = sign(spec, draft.open("colour", "red".into()));
    let refusal = malformed(spec, "a member that is not listed");
    assert_eq!(CaseEvent::read(&signed.event, &Facts::Withheld), Err(Unread::Refused(refusal)));
}

#[test]
fn facts_that_are_not_the_events_are_refused() {
    let (spec, draft) = child_seen();
    let signed = sign(spec, draft);
    let facts = |names: &[&str]| {
        let values: BTreeMap<_, _> = names.iter().map(|name| ((*name).to_owned(), Json::from("x"))).collect();
        Facts::Known(values)
    };
    let read = |names: &[&str]| CaseEvent::read(&signed.event, &facts(names));
    assert!(read(&["place"]).is_ok());
    assert_eq!(read(&[]), Err(Unread::Refused(malformed(spec, "place"))));
    let more = malformed(spec, "a disclosure that is not listed");
    assert_eq!(read(&["place", "colour"]), Err(Unread::Refused(more)));
}

#[test]
fn types_and_versions_that_do_not_exist_are_refused() {
    for (kind, v) in [("child.flown", 1), ("child.seen", 2), ("contact.logged", 3)] {
        assert!(spec(kind, v).is_none());
        let signed = sign_in(StreamKind::Case, Draft::new(kind, v));
        let unknown = Refusal::TypeUnknown { kind: kind.to_owned(), v };
        let read = CaseEvent::read(&signed.event, &Facts::of(&signed));
        assert_eq!(read, Err(Unread::Refused(unknown.clone())));
        assert_eq!(child_seen().0.check(&signed), Err(unknown));
    }
}

#[test]
fn a_type_belongs_in_its_streams_only() {
    let kinds = [
        StreamKind::Ledger,
        StreamKind::Log,
        StreamKind::Agency,
        StreamKind::Contact,
        StreamKind::Case,
        StreamKind::Auto,
        StreamKind::Access,
    ];
    for (spec, values) in samples() {
        for kind in kinds {
            let signed = sign_in(kind, spec.draft(&values).expect("values of the type"));
            let read = CaseEvent::read(&signed.event, &Facts::of(&signed));
            if spec.streams.contains(&kind) {
                assert!(read.is_ok());
            } else {
                let stream = signed.event.stream.to_string();
                let elsewhere = Refusal::TypeNotHere { kind: spec.name.to_owned(), stream };
                assert_eq!(read, Err(Unread::Refused(elsewhere)));
            }
        }
    }
}

/// What no rule may rest on does not decide whether there is a verdict.
#[test]
fn only_casework_values_are_needed() {
    let (spec, draft) = child_seen();
    let signed = sign(spec, draft);
    let casework = signed.disclosures.iter().filter(|(class, _)| *class == Class::Casework);
    let some = casework.map(|(_, disclosure)| disclosure.clone()).collect();
    let part = SdJwt::gather(signed.event.clone(), some).expect("an event");
    assert!(part.undisclosed().next().is_some());
    assert!(spec.of_class(FieldClass::Disclosed(Class::Narrative)).next().is_some());
    assert!(CaseEvent::read(&part.event, &Facts::of(&part)).is_ok());
}
