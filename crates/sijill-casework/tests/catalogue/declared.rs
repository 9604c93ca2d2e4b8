//! The declarations themselves: labels in both languages, names, and the list of `docs/casework.md`.

use std::collections::BTreeSet;

use sijill_casework::catalogue::{
    Bilingual, CATALOGUE, FieldClass, Kind, ReferralState, Vote, Word, latest, spec,
};
use sijill_casework::{Milestone, Priority};
use sijill_event::{Class, names};

const CASEWORK: &str = include_str!("../../../../docs/casework.md");

fn is_arabic(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{6ff}')
}

fn is_in_both(text: Bilingual) -> bool {
    let ar = text.ar.chars().any(is_arabic) && !text.ar.chars().any(|c| c.is_ascii_alphabetic());
    let en = text.en.chars().any(|c| c.is_ascii_alphabetic()) && !text.en.chars().any(is_arabic);
    ar && en && text.ar.trim() == text.ar && text.en.trim() == text.en
}

#[test]
fn every_text_is_in_arabic_and_english() {
    for spec in CATALOGUE {
        assert!(is_in_both(spec.title), "{}", spec.name);
        assert!(is_in_both(spec.description), "{}", spec.name);
        for field in spec.fields {
            assert!(is_in_both(field.label), "{} {}", spec.name, field.name);
            assert!(field.help.is_none_or(is_in_both), "{} {}", spec.name, field.name);
            if let Kind::Word(words) | Kind::Words(words, _) = field.kind {
                assert!(words.iter().all(|word| is_in_both(word.label)), "{} {}", spec.name, field.name);
            }
        }
    }
}

/// What nobody is called before anyone has judged.
#[test]
fn no_text_judges() {
    let loaded = [
        "victim",
        "perpetrator",
        "abuser",
        "offender",
        "suspect",
        "ضحية",
        "الجاني",
        "المعتدي",
        "المجرم",
        "مشتبه",
    ];
    for spec in CATALOGUE {
        let fields = spec.fields.iter().flat_map(|field| [Some(field.label), field.help]).flatten();
        for text in [spec.title, spec.description].into_iter().chain(fields) {
            let said = |word: &&&str| text.ar.contains(**word) || text.en.to_lowercase().contains(**word);
            assert_eq!(loaded.iter().find(said), None, "{}: {}", spec.name, text.en);
        }
    }
}

#[test]
fn names_are_names_and_mean_one_thing() {
    let mut types = BTreeSet::new();
    for spec in CATALOGUE {
        assert!(names::is_event_type(spec.name) && types.insert((spec.name, spec.v)));
        assert!(!spec.streams.is_empty());
        let mut fields = BTreeSet::from(["codes"]);
        for field in spec.fields {
            assert!(names::is_field_name(field.name), "{}", field.name);
            assert!(Class::parse(field.name).is_none(), "{} is where a class stands", field.name);
            assert!(fields.insert(field.name), "{} {}", spec.name, field.name);
        }
        assert!(spec.lists().iter().all(|list| names::is_label(list)));
        assert!(std::ptr::eq(sijill_casework::catalogue::spec(spec.name, spec.v).expect("itself"), spec));
    }
}

/// Whom `data.to.agency` names becomes a party (Annex B): `to` is open, and an address or an officer.
#[test]
fn to_is_open_and_names_an_agency() {
    let of = |name| CATALOGUE.iter().flat_map(|spec| spec.fields).filter(move |field| field.name == name);
    assert!(of("to").count() > 3);
    assert!(of("to").all(|field| {
        field.class == FieldClass::Routing && matches!(field.kind, Kind::Address | Kind::Officer)
    }));
}

/// §3: streams and types, bullet by bullet.
#[test]
fn the_catalogue_is_what_the_document_lists() {
    let section = CASEWORK.split("\n## ").find(|section| section.starts_with("3. Event types")).expect("§3");
    let mut documented = BTreeSet::new();
    for bullet in section.split("\n- ").skip(1) {
        let mut quoted = bullet.split('`').skip(1).step_by(2);
        let (stream, _) = quoted.next().and_then(|stream| stream.split_once('/')).expect("a stream");
        let end = bullet.find("\n\n").unwrap_or(bullet.len());
        for name in bullet[..end].split('`').skip(1).step_by(2).filter(|name| name.contains('.')) {
            let name = if name.starts_with('.') { format!("referral{name}") } else { name.to_owned() };
            documented.insert((stream.to_owned(), name));
        }
    }
    let of = |spec: &'static sijill_casework::catalogue::TypeSpec| {
        spec.streams.iter().map(|kind| (kind.as_str().to_owned(), spec.name.to_owned()))
    };
    let declared: BTreeSet<_> = CATALOGUE.iter().flat_map(of).collect();
    assert_eq!(declared, documented);
}

fn words(event_type: &str, field: &str) -> BTreeSet<&'static str> {
    let kind = latest(event_type).and_then(|spec| spec.field(field)).expect("a field").kind;
    let words: &[Word] = match kind {
        Kind::Word(words) | Kind::Words(words, _) => words,
        other => panic!("{other:?}"),
    };
    words.iter().map(|word| word.word).collect()
}

/// Labels are written beside the words of an enumeration: one for each.
#[test]
fn each_word_has_its_label() {
    let priorities = Priority::ALL.iter().map(|word| word.as_str()).collect();
    assert_eq!(words("referral.requested", "priority"), priorities);
    assert_eq!(words("vote.cast", "vote"), Vote::ALL.iter().map(|word| word.as_str()).collect());
    let milestones = Milestone::ALL.iter().map(|word| word.as_str()).collect();
    assert_eq!(words("reminder.sent", "milestone"), milestones);
    let states = ReferralState::ALL.iter().map(|word| word.as_str()).collect();
    assert_eq!(words("referral.breached", "state"), states);
    assert_eq!(words("access.requested", "classes"), Class::ALL.iter().map(|word| word.as_str()).collect());
}

#[test]
fn the_latest_version_is_the_highest() {
    assert_eq!(latest("contact.logged").map(|spec| spec.v), Some(2));
    assert_eq!(spec("contact.logged", 1).map(|spec| spec.v), Some(1));
    assert!(latest("contact.lost").is_none());
}

/// Every list that a field draws on is published.
#[test]
fn the_code_lists_exist() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/codes");
    for list in CATALOGUE.iter().flat_map(sijill_casework::catalogue::TypeSpec::lists) {
        assert!(dir.join(format!("{list}.json")).is_file(), "{list}");
    }
}
