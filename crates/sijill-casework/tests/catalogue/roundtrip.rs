//! What is drafted, signed and parsed is read as it was.

use proptest::prelude::*;
use sijill_casework::catalogue::{CATALOGUE, CaseEvent, Facts, FieldClass, TypeSpec, Unread, latest};
use sijill_event::{Class, Json, SdJwt};

use crate::generate::{in_order, samples, sign, values_of_all};

/// The values that a struct holds.
fn of_struct(spec: &TypeSpec, values: &Json) -> Vec<(String, Json)> {
    let held = |name: &str| {
        name == "codes"
            || spec.field(name).is_some_and(|field| {
                matches!(field.class, FieldClass::Routing | FieldClass::Disclosed(Class::Casework))
            })
    };
    in_order(values).into_iter().filter(|(name, _)| held(name)).collect()
}

/// The codes among the values, as `list code`, ascending.
fn codes(spec: &TypeSpec, values: &Json, of: impl Fn(FieldClass) -> bool) -> Vec<String> {
    let mut codes = Vec::new();
    for field in spec.fields.iter().filter(|field| of(field.class)) {
        let (Some(list), Some(value)) = (field.kind.list(), values.get(field.name)) else { continue };
        let texts = value.as_array().unwrap_or(std::slice::from_ref(value));
        codes.extend(texts.iter().map(|text| format!("{list} {}", text.as_str().expect("a code"))));
    }
    codes.sort();
    codes
}

fn listed<C: std::fmt::Display>(codes: impl IntoIterator<Item = (&'static str, C)>) -> Vec<String> {
    let mut codes: Vec<_> = codes.into_iter().map(|(list, code)| format!("{list} {code}")).collect();
    codes.sort();
    codes
}

fn round(spec: &'static TypeSpec, values: &Json) {
    let signed = sign(spec, spec.draft(values).expect("values of the type"));
    let parsed = SdJwt::parse(&signed.to_string()).expect("what was signed");
    assert_eq!(spec.check(&parsed), Ok(()));
    for field in spec.fields {
        let FieldClass::Disclosed(class) = field.class else { continue };
        let value = values.get(field.name).unwrap_or(&Json::Null);
        assert_eq!(parsed.value(class, field.name), Some(value));
    }

    let read = CaseEvent::read(&parsed.event, &Facts::of(&parsed)).expect("an event of the catalogue");
    assert_eq!(read.event_type(), spec.name);
    assert_eq!(read.spec().v, latest(spec.name).expect("the newest").v);
    assert_eq!(in_order(&read.values()), of_struct(spec, values));
    assert_eq!(
        Json::object(
            read.codes().iter().map(|(list, version)| { (list, Json::try_from(version).expect("small")) })
        ),
        values.get("codes").cloned().unwrap_or(Json::Object(Vec::new()))
    );
    let to_rules = |class| matches!(class, FieldClass::Routing | FieldClass::Disclosed(Class::Casework));
    assert_eq!(listed(read.codes_used()), codes(spec, values, to_rules));
    assert_eq!(listed(spec.codes(&parsed)), codes(spec, values, |_| true));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_drafted_event_is_read_as_it_was(all in values_of_all()) {
        for (spec, values) in CATALOGUE.iter().zip(&all) {
            round(spec, values);
        }
    }
}

/// Without casework values no verdict is possible where there should be some, and the same one where there are none.
#[test]
fn withheld_values_are_no_refusal() {
    let (mut without, mut with) = (0, 0);
    for (spec, values) in samples() {
        let signed = sign(spec, spec.draft(&values).expect("values of the type"));
        let full = CaseEvent::read(&signed.event, &Facts::of(&signed));
        let bare = SdJwt::gather(signed.event, Vec::new()).expect("an event");
        let facts = Facts::of(&bare);
        let read = CaseEvent::read(&bare.event, &facts);
        if spec.of_class(FieldClass::Disclosed(Class::Casework)).next().is_none() {
            assert_eq!(read, full);
            assert_eq!(CaseEvent::read(&bare.event, &Facts::Withheld), full);
            without += 1;
        } else {
            assert_eq!(facts, Facts::Withheld);
            assert_eq!(read, Err(Unread::Withheld));
            with += 1;
        }
    }
    assert!(without > 10 && with > 10);
}

/// What is not open and not casework never gets into what the rules, and their logs, hold.
#[test]
fn hidden_values_are_not_in_the_structs() {
    const SECRET: &str = "لا يُرى";
    let (mut hidden, mut delivered) = (0, 0);
    for (spec, values) in samples() {
        let mut members = values.as_object().expect("an object").to_vec();
        for field in spec.fields {
            let shown = matches!(field.class, FieldClass::Routing | FieldClass::Disclosed(Class::Casework));
            if !shown && field.kind.fits(&SECRET.into()) {
                members.retain(|(name, _)| name != field.name);
                members.push((field.name.to_owned(), SECRET.into()));
                hidden += 1;
            }
        }
        let signed = sign(spec, spec.draft(&Json::Object(members)).expect("values of the type"));
        let read = CaseEvent::read(&signed.event, &Facts::of(&signed)).expect("an event of the catalogue");
        delivered += signed.disclosures.iter().filter(|(_, d)| d.value.as_str() == Some(SECRET)).count();
        assert!(!format!("{read:?}").contains(SECRET) && !read.values().to_string().contains(SECRET));
    }
    assert!(hidden > 50 && delivered == hidden);
}
