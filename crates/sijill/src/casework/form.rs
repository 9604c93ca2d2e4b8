//! `field=value` → the data of an event, checked as the ledger would, with the reason in words.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sijill_casework::catalogue::{self, FieldClass, FieldSpec, Kind, TypeSpec};
use sijill_event::{Json, parse_json};

use super::explain;
use super::in_force::InForce;
use crate::error::{Error, Result};
use crate::new_event::NewEvent;

/// The type of this name that is written today, or which there are.
pub fn spec(event_type: &str) -> Result<&'static TypeSpec> {
    catalogue::latest(event_type).ok_or_else(|| {
        let (sort, _) = event_type.split_once('.').unwrap_or((event_type, ""));
        let like: Vec<&str> =
            explain::signed().map(|spec| spec.name).filter(|name| name.starts_with(sort)).collect();
        let which = if like.is_empty() {
            "`sijill case explain` lists all types".to_owned()
        } else {
            format!("there are {}", like.join(", "))
        };
        Error::Usage(format!("`{event_type}` is no event type: {which}"))
    })
}

/// What `given` makes of an event of this type in `id`'s stream.
pub fn fill(spec: &'static TypeSpec, id: &str, given: &[String], lists: &InForce) -> Result<NewEvent> {
    let mut values = read(spec, given, lists)?;
    complete(spec, &mut values, lists);
    let missing: Vec<&FieldSpec> =
        spec.fields.iter().filter(|field| field.required && !values.contains_key(field.name)).collect();
    if !missing.is_empty() {
        return Err(Error::Usage(sentence_of_missing(spec, &missing, lists)));
    }
    let (mut open, mut classes) = (Vec::new(), BTreeMap::<&str, Vec<(String, Json)>>::new());
    for field in spec.fields {
        let value = values.remove(field.name);
        match (field.class, value) {
            (FieldClass::Routing, Some(value)) => open.push((field.name.to_owned(), value)),
            (FieldClass::Routing, None) => {}
            // The number of digests per class is fixed: what is left out is disclosed as null.
            (FieldClass::Disclosed(class), value) => {
                let value = value.unwrap_or(Json::Null);
                classes.entry(class.as_str()).or_default().push((field.name.to_owned(), value));
            }
        }
    }
    if let Some(codes) = lists.versions(spec.lists())? {
        open.push(("codes".to_owned(), codes));
    }
    open.extend(classes.into_iter().map(|(class, values)| (class.to_owned(), Json::Object(values))));
    let stream = explain::stream(spec, id)?;
    let mut event = NewEvent::registry(stream, spec.name, Json::Object(open));
    event.v = spec.v;
    Ok(event)
}

fn read(spec: &'static TypeSpec, given: &[String], lists: &InForce) -> Result<BTreeMap<&'static str, Json>> {
    let mut values = BTreeMap::new();
    for argument in given {
        let Some((name, text)) = argument.split_once('=') else {
            return Err(Error::Usage(format!("`{argument}` is not FIELD=VALUE")));
        };
        let Some(field) = spec.field(name) else {
            let names: Vec<&str> = spec.fields.iter().map(|field| field.name).collect();
            let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(Error::Usage(format!("{} has no field `{name}`; its fields: {has}", spec.name)));
        };
        let value = value(field, text, lists)?;
        if values.insert(field.name, value).is_some() {
            return Err(Error::Usage(format!(
                "`{name}` is given twice; the elements of a set are divided by commas"
            )));
        }
    }
    Ok(values)
}

/// What need not be typed: a set that may be empty is, and the owning unit is the author's own.
fn complete(spec: &'static TypeSpec, values: &mut BTreeMap<&'static str, Json>, lists: &InForce) {
    for field in spec.fields.iter().filter(|field| field.required) {
        let none = Json::Array(Vec::new());
        match (field.kind, lists.unit()) {
            (Kind::Unit, Some(unit)) => _ = values.entry(field.name).or_insert_with(|| unit.into()),
            (kind, _) if is_set(kind) && kind.fits(&none) => _ = values.entry(field.name).or_insert(none),
            _ => {}
        }
    }
}

fn sentence_of_missing(spec: &TypeSpec, missing: &[&FieldSpec], lists: &InForce) -> String {
    let mut sentence = format!("{} needs", spec.name);
    for field in missing {
        let _ = write!(sentence, "\n  {}= ({}): {}", field.name, field.label.en, explain::fits(field, lists));
    }
    sentence
}

/// The value of a field as it is typed. Values of personal data are best read from a file: `field=@FILE`.
fn value(field: &'static FieldSpec, text: &str, lists: &InForce) -> Result<Json> {
    let wrong = || {
        Error::Usage(format!(
            "{} ({}): `{text}` does not fit; {}",
            field.name,
            field.label.en,
            explain::fits(field, lists)
        ))
    };
    let content;
    let text = match text.strip_prefix('@') {
        Some(path) => {
            content = std::fs::read_to_string(path).map_err(Error::unreadable(path))?;
            content.trim_end_matches(['\n', '\r'])
        }
        None => text,
    };
    let json = json(field.kind, text).ok_or_else(wrong)?;
    if !field.kind.fits(&json) {
        return Err(wrong());
    }
    let Some(list) = field.kind.list().filter(|list| lists.book().list(list).is_some()) else {
        return Ok(json);
    };
    let codes = json.as_array().unwrap_or(std::slice::from_ref(&json));
    let known = lists.codes(list);
    for code in codes.iter().filter_map(Json::as_str) {
        if !known.iter().any(|entry| entry.code.as_str() == code) {
            let fits = explain::fits(field, lists);
            return Err(Error::Usage(format!(
                "{} ({}): `{code}` is no code; {fits}",
                field.name, field.label.en
            )));
        }
    }
    Ok(json)
}

fn json(kind: Kind, text: &str) -> Option<Json> {
    Some(match kind {
        Kind::Bool => match text {
            "true" | "yes" => true.into(),
            "false" | "no" => false.into(),
            _ => return None,
        },
        Kind::Integer(_) => Json::Integer(text.parse().ok()?),
        Kind::Address => pair(text, ["agency", "unit"], '/')?,
        Kind::Officer => pair(text, ["agency", "officer"], '/')?,
        Kind::Deadline => pair(text, ["milestone", "of"], ':')?,
        Kind::Addresses(_) => set(text, |one| pair(one, ["agency", "unit"], '/'))?,
        Kind::Officers(_) => set(text, |one| pair(one, ["agency", "officer"], '/'))?,
        Kind::Attachment | Kind::Released => parse_json(text.as_bytes()).ok()?,
        kind if is_set(kind) => set(text, |one| Some(one.into()))?,
        _ => text.into(),
    })
}

/// Whether a field of this kind holds an array.
pub(super) fn is_set(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Codes(..)
            | Kind::Words(..)
            | Kind::Digests(_)
            | Kind::Addresses(_)
            | Kind::Agencies(_)
            | Kind::Officers(_)
            | Kind::Contacts(_)
            | Kind::Fields(_)
    )
}

fn pair(text: &str, [first, second]: [&str; 2], between: char) -> Option<Json> {
    let (a, b) = text.split_once(between)?;
    Some(Json::object([(first, Json::from(a)), (second, b.into())]))
}

/// A set has one spelling: in ascending order of the texts, each once.
fn set(text: &str, element: impl Fn(&str) -> Option<Json>) -> Option<Json> {
    let mut texts: Vec<&str> = text.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
    texts.sort_unstable();
    texts.dedup();
    texts.into_iter().map(element).collect::<Option<_>>().map(Json::Array)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(event_type: &str, given: &[&str]) -> Result<NewEvent> {
        let given: Vec<String> = given.iter().map(ToString::to_string).collect();
        fill(spec(event_type)?, "C1", &given, &InForce::shipped()?)
    }

    fn why(event_type: &str, given: &[&str]) -> String {
        let error = filled(event_type, given).expect_err("refused");
        assert_eq!(error.code(), "usage");
        error.to_string()
    }

    #[test]
    fn values_take_the_form_of_their_kind() {
        let hash = sijill_event::Digest::of("x").to_string();
        let event = filled(
            "referral.requested",
            &[
                "to=moh/hospital-ma",
                "fields=narrative.summary,identity.name",
                &format!("consent={hash}"),
                "service=health",
                "priority=urgent",
            ],
        )
        .expect("filled");
        assert_eq!((event.stream.as_str(), event.v), ("case/C1", 1));
        let data = event.data;
        assert_eq!(
            data.get("to").map(Json::to_string).as_deref(),
            Some(r#"{"agency":"moh","unit":"hospital-ma"}"#)
        );
        assert_eq!(
            data.get("fields").map(Json::to_string).as_deref(),
            Some(r#"["identity.name","narrative.summary"]"#),
            "sorted"
        );
        let casework = data.get("casework").expect("casework");
        assert_eq!(casework.get("rule"), Some(&Json::Null), "absent ones are disclosed as null");
        assert_eq!(data.get("codes").and_then(|codes| codes.get("service")).and_then(Json::as_u64), Some(1));
    }

    #[test]
    fn texts_come_from_files_and_absent_ones_are_null() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "said in confidence\n").expect("written");
        let note = format!("note=@{}", file.path().display());
        let noted = |given: &[&str]| {
            let data = filled("child.seen", given).expect("filled").data;
            data.get("narrative").and_then(|values| values.get("note")).cloned()
        };
        assert_eq!(noted(&["place=home", &note]), Some("said in confidence".into()));
        assert_eq!(noted(&["place=home"]), Some(Json::Null));
        assert_eq!(
            filled("child.seen", &["place=home", "note=@/nowhere"]).expect_err("none").code(),
            "file-unreadable"
        );
    }

    #[test]
    fn what_does_not_fit_is_named_with_what_does() {
        assert!(why("case.opend", &[]).contains("case.opened"));
        assert!(why("tea.made", &[]).contains("explain"));
        assert!(why("case.opened", &["colour=red"]).contains("its fields: contacts, unit, concerns"));
        assert!(why("case.opened", &["risk"]).contains("FIELD=VALUE"));
        assert!(why("case.opened", &["risk=low", "risk=high"]).contains("twice"));
        let said = why("case.opened", &["risk=huge"]);
        assert!(said.contains("`huge`") && said.contains("high") && said.contains("Medium"), "{said}");
        let said = why("case.opened", &["risk=high"]);
        assert!(
            said.contains("concerns=") && said.contains("Protection concerns") && said.contains("unit="),
            "{said}"
        );
        assert!(!said.contains("contacts="), "a set that may be empty is");
        assert!(why("referral.accepted", &["referral=short"]).contains("43 characters"));
        assert!(why("case.transfer_requested", &["to=mosd"]).contains("AGENCY/UNIT"));
        assert!(why("party.added", &["alleged=maybe"]).contains("true or false"));
    }
}
