//! What people say: values of an event by field, the required ones filled in where a test does not care.

use sijill_casework::Address;
use sijill_casework::case::World;
use sijill_casework::catalogue::{Kind, TypeSpec, latest};
use sijill_event::{Digest, Json};

/// What can stand for a value.
pub(crate) trait Said {
    fn said(self) -> Json;
}

impl Said for Json {
    fn said(self) -> Json {
        self
    }
}

impl Said for &str {
    /// A text, or the address it is in a field for one: see [`filled`].
    fn said(self) -> Json {
        self.into()
    }
}

impl Said for String {
    fn said(self) -> Json {
        self.into()
    }
}

impl Said for Digest {
    fn said(self) -> Json {
        self.to_string().into()
    }
}

impl Said for bool {
    fn said(self) -> Json {
        self.into()
    }
}

impl<T: Said, const N: usize> Said for [T; N] {
    /// A set: in ascending order of the texts.
    fn said(self) -> Json {
        let mut all: Vec<Json> = self.into_iter().map(Said::said).collect();
        all.sort_by_key(ToString::to_string);
        Json::Array(all)
    }
}

/// `v! { risk: "high", concerns: ["neglect"] }`
macro_rules! v {
    ($($field:ident: $value:expr),* $(,)?) => {
        sijill_event::Json::Object(vec![$((stringify!($field).to_owned(), $crate::say::Said::said($value))),*])
    };
}
pub(crate) use v;

/// The values with the required fields that are missing, and `codes` of today.
pub(crate) fn filled(world: &World, kind: &str, values: Json) -> Json {
    let spec = latest(kind).unwrap_or_else(|| panic!("no type {kind}"));
    let Json::Object(given) = values else { panic!("an object") };
    let mut members: Vec<(String, Json)> = given
        .into_iter()
        .map(|(name, value)| {
            let kind = spec.field(&name).map(|field| field.kind);
            let value = kind.map_or(value.clone(), |kind| meant(kind, value));
            (name, value)
        })
        .collect();
    for field in spec.fields.iter().filter(|field| field.required) {
        if !members.iter().any(|(name, _)| name == field.name) {
            members.push((field.name.to_owned(), ordinary(world, field.kind)));
        }
    }
    if !members.iter().any(|(name, _)| name == "codes") {
        members.extend(world.codes(spec.lists()).map(|codes| ("codes".to_owned(), codes)));
    }
    Json::Object(members)
}

/// `agency/unit` and `agency/officer` written out as the objects they are.
fn meant(kind: Kind, value: Json) -> Json {
    let pair = |value: &Json, member: &str| {
        let Some((agency, other)) = value.as_str().and_then(|text| text.split_once('/')) else {
            return value.clone();
        };
        Json::object([("agency", Json::from(agency)), (member, other.into())])
    };
    let all = |value: &Json, member: &str| {
        Json::Array(value.as_array().unwrap().iter().map(|one| pair(one, member)).collect())
    };
    match kind {
        Kind::Address => pair(&value, "unit"),
        Kind::Addresses(_) => all(&value, "unit"),
        Kind::Officer => pair(&value, "officer"),
        Kind::Officers(_) => all(&value, "officer"),
        _ => value,
    }
}

/// A value that a test does not care about.
fn ordinary(world: &World, kind: Kind) -> Json {
    let first = |list: &str, least: usize| {
        let book = world.book();
        let mut codes: Vec<String> = book.current(list).take(least).map(ToString::to_string).collect();
        codes.sort();
        codes
    };
    let unknown = || Json::from(Digest([0; 32]).to_string());
    match kind {
        Kind::Text(_) => "س".into(),
        Kind::Code(list) => first(list, 1).remove(0).into(),
        Kind::Codes(list, least) => Json::Array(first(list, least).into_iter().map(Json::String).collect()),
        Kind::Word(words) => words[0].word.into(),
        Kind::Words(words, least) => {
            Json::Array(words.iter().take(least).map(|word| word.word.into()).collect())
        }
        Kind::Digest => unknown(),
        Kind::Digests(least) => Json::Array((0..least).map(|_| unknown()).collect()),
        Kind::Address => address("moh/hospital-ma"),
        Kind::Agency => "moh".into(),
        Kind::Agencies(_) => Json::Array(vec!["moh".into()]),
        Kind::Unit => "line".into(),
        Kind::OfficerId => "amal".into(),
        Kind::Case => "elsewhere".into(),
        Kind::Deadline => Json::object([("milestone", Json::from("assess")), ("of", unknown())]),
        Kind::Timestamp => "2026-12-01T09:00:00+04:00".into(),
        Kind::Date => "2026-12-01".into(),
        Kind::Integer(least) => Json::try_from(least).unwrap(),
        Kind::Bool => false.into(),
        Kind::Attachment => Json::object([
            ("attachment", unknown()),
            ("size", Json::Integer(1)),
            ("media_type", "application/pdf".into()),
        ]),
        Kind::Addresses(_) | Kind::Officers(_) | Kind::Contacts(_) | Kind::Fields(_) | Kind::Released => {
            Json::Array(Vec::new())
        }
        Kind::Officer => panic!("a test says whom it means"),
    }
}

fn address(text: &str) -> Json {
    let Address { agency, unit } = Address::parse(text).unwrap();
    Json::object([("agency", Json::from(agency.as_str())), ("unit", unit.as_str().into())])
}

/// What is known of today's version of a type.
pub(crate) fn of(kind: &str) -> &'static TypeSpec {
    latest(kind).unwrap()
}
