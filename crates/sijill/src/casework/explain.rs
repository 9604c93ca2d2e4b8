//! What the fields of a type are, and what fits in them.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sijill_casework::catalogue::{CATALOGUE, FieldSpec, Kind, TypeSpec, latest};
use sijill_event::{Stream, StreamKind};

use super::in_force::InForce;
use crate::error::{Error, Result};

/// Codes that are told one by one; of longer lists `explain` tells the rest.
const TOLD: usize = 40;

/// The types that officers sign, in their newest version.
pub fn signed() -> impl Iterator<Item = &'static TypeSpec> {
    CATALOGUE
        .iter()
        .filter(|spec| latest(spec.name).is_some_and(|newest| newest.v == spec.v) && kind(spec).is_some())
}

/// Where officers sign events of the type; `None` if only services of the ledger do.
fn kind(spec: &TypeSpec) -> Option<StreamKind> {
    let of_service = matches!(spec.name, "access.released" | "export.released");
    spec.streams.iter().copied().find(|kind| *kind != StreamKind::Auto).filter(|_| !of_service)
}

/// The stream in which an event of the type goes.
pub fn stream(spec: &TypeSpec, id: &str) -> Result<Stream> {
    let Some(kind) = kind(spec) else {
        return Err(Error::Usage(format!("{} is signed by the ledger's own services alone", spec.name)));
    };
    Stream::new(kind, id)
        .ok_or_else(|| Error::Usage(format!("`{id}` is no id of a case: letters, digits and -, at most 64")))
}

/// What fits in a field, as a sentence.
pub fn fits(field: &FieldSpec, lists: &InForce) -> String {
    match field.kind {
        Kind::Text(max) => format!("a text of at most {max} characters, or @FILE"),
        Kind::Code(list) => format!("a code of `{list}`:{}", codes(list, lists)),
        Kind::Codes(list, least) => {
            format!("{} codes of `{list}`, divided by commas:{}", at_least(least), codes(list, lists))
        }
        Kind::Word(words) => format!("one of {}", joined(words.iter().map(|word| word.word))),
        Kind::Words(words, least) => {
            format!(
                "{} of {}, divided by commas",
                at_least(least),
                joined(words.iter().map(|word| word.word))
            )
        }
        Kind::Digest => "the hash of an event: 43 characters of base64url".to_owned(),
        Kind::Digests(least) => format!("{} hashes of events, divided by commas", at_least(least)),
        Kind::Address => "AGENCY/UNIT".to_owned(),
        Kind::Addresses(least) => format!("{} AGENCY/UNIT, divided by commas", at_least(least)),
        Kind::Agency => "an agency's id".to_owned(),
        Kind::Agencies(least) => format!("{} agencies' ids, divided by commas", at_least(least)),
        Kind::Unit => "the id of a unit of your agency".to_owned(),
        Kind::OfficerId => "the id of an officer of your agency".to_owned(),
        Kind::Officer => "AGENCY/OFFICER".to_owned(),
        Kind::Officers(least) => format!("{} AGENCY/OFFICER, divided by commas", at_least(least)),
        Kind::Case => "a case's id".to_owned(),
        Kind::Contacts(least) => format!("{} contacts' ids, divided by commas", at_least(least)),
        Kind::Fields(least) => {
            format!("{} CLASS.FIELD, such as identity.name, divided by commas", at_least(least))
        }
        Kind::Deadline => "MILESTONE:HASH, the hash of the event that set the clock".to_owned(),
        Kind::Released => "what was released, as JSON".to_owned(),
        Kind::Timestamp => "a date and time with offset, such as 2026-03-01T02:00:00+04:00".to_owned(),
        Kind::Date => "a date, such as 2026-03-01".to_owned(),
        Kind::Integer(least) => format!("a number, at least {least}"),
        Kind::Bool => "true or false".to_owned(),
        Kind::Attachment => {
            r#"an uploaded file, as {"attachment":HASH,"size":N,"media_type":"…"}"#.to_owned()
        }
    }
}

fn at_least(least: usize) -> String {
    if least == 0 { "any number of".to_owned() } else { format!("{least} or more") }
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

fn codes(list: &str, lists: &InForce) -> String {
    let all = lists.codes(list);
    let mut text = String::new();
    for entry in all.iter().take(TOLD) {
        let _ = write!(text, "\n    {}  {} / {}", entry.code, entry.label.en, entry.label.ar);
    }
    match all.len() {
        0 => text += " (its text is not held here)",
        more if more > TOLD => _ = write!(text, "\n    … and {} more", more - TOLD),
        _ => {}
    }
    text
}

/// All types, a line each.
pub fn list() -> (String, Value) {
    let lines: Vec<String> =
        signed().map(|spec| format!("{:<26}{} / {}", spec.name, spec.title.en, spec.title.ar)).collect();
    let value: Vec<Value> =
        signed().map(|spec| json!({"type": spec.name, "v": spec.v, "title": spec.title})).collect();
    (lines.join("\n"), json!({"types": value}))
}

/// One type: what it says, and its fields.
pub fn one(spec: &TypeSpec, lists: &InForce) -> (String, Value) {
    let mut text = format!(
        "{} (version {})\n{} / {}\n{}\n{}",
        spec.name, spec.v, spec.title.en, spec.title.ar, spec.description.en, spec.description.ar
    );
    for field in spec.fields {
        let needed = if field.required { "required" } else { "optional" };
        let _ = write!(
            text,
            "\n\n  {}  ({}, {needed})  {} / {}",
            field.name,
            field.class.as_str(),
            field.label.en,
            field.label.ar
        );
        if let Some(help) = field.help {
            let _ = write!(text, "\n    {}\n    {}", help.en, help.ar);
        }
        let _ = write!(text, "\n    {}", fits(field, lists));
    }
    let fields: Vec<Value> = spec
        .fields
        .iter()
        .map(|field| {
            let codes: Vec<Value> = field.kind.list().map(|list| lists.codes(list)).unwrap_or_default().iter()
                .map(|entry| json!({"code": entry.code, "label": entry.label})).collect();
            json!({
                "name": field.name, "class": field.class.as_str(), "required": field.required, "label": field.label,
                "help": field.help, "list": field.kind.list(), "codes": codes,
            })
        })
        .collect();
    let value = json!({
        "type": spec.name, "v": spec.v, "title": spec.title, "description": spec.description, "fields": fields,
    });
    (text, value)
}
