//! The published schema of an event type: JSON Schema 2020-12 of the object `{field: value}` that
//! [`TypeSpec::draft`] takes.

use serde_json::{Map, Value, json};
use sijill_event::MAX_INTEGER;

use super::kind::{Kind, Word};
use super::spec::{Bilingual, FieldSpec, TypeSpec};

const DIGEST: &str = "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$";
const LABEL: &str = "^[a-z0-9][a-z0-9-]{0,31}$";
const OFFICER: &str = "^[a-z0-9][a-z0-9._-]{0,63}$";
const STREAM_ID: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$";
const CODE: &str = "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$";
const FIELD: &str = "^(casework|identity|narrative|sensitive|reporter)\\.[a-z][a-z0-9_]{0,63}$";
/// Not blank, and no control characters but line feed and tab.
const TEXT: &str = "^(?=[\\s\\S]*\\S)[^\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]*$";

impl TypeSpec {
    /// The schema. Beside the standard words: `x-class` and `x-label` of each field, `x-code-list` where a code
    /// stands for a meaning, `x-ordered` where a set must be in ascending order of its texts, `x-streams` and
    /// `x-fields` (the order in which people should see the fields) of the type.
    pub fn json_schema(&self) -> Value {
        let mut properties: Map<String, Value> =
            self.fields.iter().map(|field| (field.name.to_owned(), of_field(field))).collect();
        let required = self.fields.iter().filter(|field| field.required).map(|field| field.name);
        let mut required: Vec<&str> = required.collect();
        if !self.lists().is_empty() {
            properties.insert("codes".to_owned(), self.codes_schema());
            required.push("codes");
        }
        let streams: Vec<&str> = self.streams.iter().map(|kind| kind.as_str()).collect();
        let fields: Vec<&str> = self.fields.iter().map(|field| field.name).collect();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": format!("urn:sijill:event:{}:{}", self.name, self.v),
            "title": self.title.en,
            "description": self.description.en,
            "x-label": label(self.title),
            "x-description": label(self.description),
            "x-type": self.name,
            "x-version": self.v,
            "x-streams": streams,
            "x-fields": fields,
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }

    fn codes_schema(&self) -> Value {
        let lists = self.lists();
        let versions: Map<String, Value> =
            lists.iter().map(|list| ((*list).to_owned(), integer(1))).collect();
        json!({
            "title": "Versions of the code lists",
            "description": "The version in force of each code list that the event draws on, by the list's id.",
            "x-label": { "ar": "إصدارات قوائم الرموز", "en": "Versions of the code lists" },
            "x-description": {
                "ar": "الإصدار الساري من كل قائمة رموز يستعملها القيد، بمعرّف القائمة.",
                "en": "The version in force of each code list that the event draws on, by the list's id.",
            },
            "x-class": "routing",
            "type": "object",
            "properties": versions,
            "required": lists,
            "additionalProperties": false,
        })
    }
}

fn of_field(field: &FieldSpec) -> Value {
    let mut schema = of_kind(field.kind);
    if let Value::Object(members) = &mut schema {
        members.insert("title".to_owned(), field.label.en.into());
        members.insert("x-label".to_owned(), label(field.label));
        members.insert("x-class".to_owned(), field.class.as_str().into());
        let (ar, en) = match field.help {
            Some(help) => (help.ar.to_owned(), help.en.to_owned()),
            None => field.kind.described(),
        };
        members.insert("description".to_owned(), en.as_str().into());
        members.insert("x-description".to_owned(), json!({ "ar": ar, "en": en }));
        if let Some(list) = field.kind.list() {
            members.insert("x-code-list".to_owned(), list.into());
        }
    }
    schema
}

fn of_kind(kind: Kind) -> Value {
    match kind {
        Kind::Text(max) => {
            json!({ "type": "string", "minLength": 1, "maxLength": max, "pattern": TEXT })
        }
        Kind::Code(_) => text(CODE),
        Kind::Codes(_, least) => set(&text(CODE), least),
        Kind::Word(words) => of_words(words),
        Kind::Words(words, least) => set(&of_words(words), least),
        Kind::Digest => text(DIGEST),
        Kind::Digests(least) => set(&text(DIGEST), least),
        Kind::Address => address(),
        Kind::Addresses(least) => set(&address(), least),
        Kind::Agency => agency(),
        Kind::Agencies(least) => set(&agency(), least),
        Kind::Unit => text(LABEL),
        Kind::OfficerId => text(OFFICER),
        Kind::Officer => officer(),
        Kind::Officers(least) => set(&officer(), least),
        Kind::Case => text(STREAM_ID),
        Kind::Contacts(least) => set(&text(STREAM_ID), least),
        Kind::Fields(least) => set(&text(FIELD), least),
        Kind::Deadline => object(&[("milestone", of_words(super::kind::MILESTONE)), ("of", text(DIGEST))]),
        Kind::Released => {
            let event = object(&[("event", text(DIGEST)), ("fields", set(&text(FIELD), 1))]);
            json!({ "type": "array", "items": event, "x-ordered": "event" })
        }
        Kind::Timestamp => json!({ "type": "string", "format": "date-time" }),
        Kind::Date => json!({ "type": "string", "format": "date" }),
        Kind::Integer(least) => integer(least),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Attachment => object(&[
            ("attachment", text(DIGEST)),
            ("size", integer(1)),
            ("media_type", json!({ "type": "string", "maxLength": 127, "pattern": "^[!-~]+/[!-~]+$" })),
        ]),
    }
}

fn text(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

fn integer(least: u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": MAX_INTEGER })
}

fn of_words(words: &[Word]) -> Value {
    let words: Vec<Value> = words
        .iter()
        .map(|word| json!({ "const": word.word, "title": word.label.en, "x-label": label(word.label) }))
        .collect();
    json!({ "type": "string", "oneOf": words })
}

fn set(of: &Value, least: usize) -> Value {
    json!({ "type": "array", "items": of, "minItems": least, "uniqueItems": true, "x-ordered": true })
}

fn object(members: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": names, "additionalProperties": false })
}

fn agency() -> Value {
    json!({ "type": "string", "pattern": LABEL, "not": { "const": "ledger" } })
}

fn address() -> Value {
    object(&[("agency", agency()), ("unit", text(LABEL))])
}

fn officer() -> Value {
    object(&[("agency", agency()), ("officer", text(OFFICER))])
}

fn label(text: Bilingual) -> Value {
    json!({ "ar": text.ar, "en": text.en })
}
