//! Holds an answer against the schema that `/openapi.json` has for it: the keywords that occur there, and no member unsaid.

use serde_json::Value;

/// Panics unless `value` is what the schema of this name describes.
pub(crate) fn conforms(name: &str, value: &Value) {
    let document = serde_json::to_value(sijill_web::openapi()).expect("JSON");
    let schema = document
        .pointer(&format!("/components/schemas/{name}"))
        .unwrap_or_else(|| panic!("no schema {name}"));
    if let Err(why) = check(&document, schema, value, name) {
        panic!("{why}");
    }
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema =
            document.pointer(reference.trim_start_matches('#')).ok_or(format!("{at}: {reference}"))?;
        return check(document, schema, value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let verdicts: Vec<_> = choices.iter().map(|choice| check(document, choice, value, at)).collect();
        let fitting = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
        return if fitting == 1 {
            Ok(())
        } else {
            Err(format!("{at}: {fitting} of {verdicts:?} fit {value}"))
        };
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !kinds.is_empty() && !kinds.contains(&kind) {
        return Err(format!("{at}: {value} is not {kinds:?}"));
    }
    if schema["enum"].as_array().is_some_and(|values| !values.contains(value)) {
        return Err(format!("{at}: {value} is none of {}", schema["enum"]));
    }
    for (n, element) in value.as_array().into_iter().flatten().enumerate() {
        check(document, &schema["items"], element, &format!("{at}[{n}]"))?;
    }
    let Some(members) = value.as_object() else { return Ok(()) };
    for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        members.get(required).ok_or_else(|| format!("{at} lacks {required}"))?;
    }
    // An object of which nothing is said may hold anything.
    let open = schema["properties"].is_null() && schema["additionalProperties"].is_null();
    for (name, member) in members.iter().filter(|_| !open) {
        let said = schema["properties"].get(name).or(schema.get("additionalProperties"));
        check(
            document,
            said.ok_or_else(|| format!("{at}.{name} is not described"))?,
            member,
            &format!("{at}.{name}"),
        )?;
    }
    Ok(())
}
