//! What was signed under an earlier version is read as what it would be today.

use sijill_casework::catalogue::{CaseEvent, ContactLogged, Facts, latest, spec};
use sijill_casework::{Code, Refusal};
use sijill_event::{Class, SdJwt};

/// An invented contact, signed under version 1, which did not ask for the wilayat. Never to be written anew: it
/// stands for what is in archives.
const CONTACT_LOGGED_V1: &str = include_str!("fixtures/contact.logged.v1.sd-jwt");

fn code(text: &str) -> Code {
    Code::parse(text).expect("a code")
}

#[test]
fn a_stored_event_of_version_1_is_read() {
    let stored = SdJwt::parse(CONTACT_LOGGED_V1.trim_end()).expect("an event");
    assert_eq!(stored.event.v, 1);
    assert_eq!(spec("contact.logged", 1).expect("version 1").check(&stored), Ok(()));
    let of_today = latest("contact.logged").expect("a type").check(&stored);
    assert_eq!(of_today, Err(Refusal::TypeUnknown { kind: "contact.logged".to_owned(), v: 1 }));

    let lists = [
        "age-band",
        "channel",
        "concern",
        "contact-action",
        "contact-category",
        "contact-type",
        "governorate",
        "reporter-relation",
        "sex",
    ];
    let today = ContactLogged {
        kind: code("someone_about_child"),
        category: Some(code("violence")),
        action: None,
        channel: code("1100"),
        governorate: Some(code("OM-DA")),
        wilayat: None,
        repeat: true,
        reported: None,
        age_band: Some(code("5-9")),
        sex: Some(code("female")),
        concerns: [code("neglect"), code("physical_abuse")].into(),
        codes: lists.map(|list| (list.to_owned(), 1)).into_iter().collect(),
    };
    let read = CaseEvent::read(&stored.event, &Facts::of(&stored)).expect("an event of the catalogue");
    assert_eq!(read, CaseEvent::ContactLogged(today));
    assert_eq!(read.spec().v, 2);
    let told = stored.value(Class::Narrative, "summary").and_then(|summary| summary.as_str());
    assert_eq!(told, Some("جارة تسمع بكاء طفلة كل ليلة"));
}
