//! What an event says openly (`routing`) and of class casework, as attributes named `<class>.<field>`.

use sijill_casework::catalogue::{self, Kind as FieldKind, TypeSpec};
use sijill_event::{Class, Disclosure, Event, Json, Timestamp};

use super::log::{Kind, Moment, Value};

/// What every event has besides what it says, if there is anything to tell.
pub const COMMON: [(&str, Kind); 9] = [
    ("actor", Kind::Text),
    ("automatic", Kind::Truth),
    ("hash", Kind::Text),
    ("index", Kind::Whole),
    ("occurred", Kind::Time),
    ("received", Kind::Time),
    ("stream", Kind::Text),
    ("unit", Kind::Text),
    ("withheld", Kind::Whole),
];

/// The values that an event has openly, as it was signed, then its casework values that are held, by name. Absent ones
/// are left out, and so is `codes`, which says of which version the code lists were.
pub fn fields(event: &Event, casework: &[Disclosure]) -> Vec<(String, Value)> {
    let spec = catalogue::spec(&event.event_type, event.v);
    let open = event.data.as_object().into_iter().flatten();
    let open = open.filter(|(name, value)| name != "codes" || value.as_object().is_none());
    let open = open.map(|(name, value)| ("routing", name.as_str(), value));
    let mut held: Vec<_> =
        casework.iter().map(|one| (Class::Casework.as_str(), one.name.as_str(), &one.value)).collect();
    held.sort_by_key(|(_, name, _)| *name);
    let all = open.chain(held);
    all.filter_map(|(class, name, json)| Some((format!("{class}.{name}"), value(spec, name, json)?)))
        .collect()
}

fn value(spec: Option<&TypeSpec>, name: &str, json: &Json) -> Option<Value> {
    let kind = spec.and_then(|spec| spec.field(name)).map(|field| field.kind);
    Some(match (kind, json) {
        // What was shown and what was destroyed are lists as long as the case; how long they are says enough.
        (Some(FieldKind::Released), Json::Array(all)) => count(all),
        (Some(FieldKind::Digests(_)), Json::Array(all)) if name == "digests" => count(all),
        // What the automation does at a time, it says in milliseconds.
        (Some(FieldKind::Integer(_)), Json::Integer(unix_ms)) if name == "due" => {
            Value::time(Moment::of_ms(*unix_ms))
        }
        (_, Json::Null) => return None,
        (_, Json::Bool(truth)) => Value::Truth(*truth),
        (_, Json::Integer(number)) => Value::Whole(*number),
        (_, Json::String(text)) if Timestamp::parse(text).is_some() => Value::Time(text.clone()),
        (_, json) => Value::Text(text(json)),
    })
}

fn count(all: &[Json]) -> Value {
    Value::Whole(i64::try_from(all.len()).unwrap_or(i64::MAX))
}

/// A text as it is, `{agency, unit}` and the like as `agency/unit`, a set of such with blanks between; anything else as
/// JSON.
fn text(json: &Json) -> String {
    if let Json::String(text) = json {
        return text.clone();
    }
    let word = |json: &Json| match json {
        Json::String(text) => Some(text.clone()),
        json => pair(json).map(|(one, other)| format!("{one}/{other}")),
    };
    let words: Option<Vec<String>> = match json {
        Json::Array(elements) => elements.iter().map(word).collect(),
        json => word(json).map(|word| vec![word]),
    };
    let plain = |word: &String| !word.is_empty() && !word.contains(char::is_whitespace);
    words.filter(|words| words.iter().all(plain)).map_or_else(|| json.to_string(), |words| words.join(" "))
}

/// The two texts of `{agency, unit}`, `{agency, officer}` or `{milestone, of}`.
pub fn pair(json: &Json) -> Option<(&str, &str)> {
    const PAIRS: [(&str, &str); 3] = [("agency", "unit"), ("agency", "officer"), ("milestone", "of")];
    let members = json.as_object()?;
    let (one, other) = PAIRS
        .into_iter()
        .find(|(one, other)| members.len() == 2 && json.get(one).is_some() && json.get(other).is_some())?;
    Some((json.get(one)?.as_str()?, json.get(other)?.as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(json: &str) -> Option<Value> {
        value(None, "x", &sijill_event::parse_json(json.as_bytes()).expect("JSON"))
    }

    #[test]
    fn values_by_their_shape() {
        assert_eq!(told("null"), None);
        assert_eq!(told("true"), Some(Value::Truth(true)));
        assert_eq!(told("-7"), Some(Value::Whole(-7)));
        assert_eq!(told("\"زيارة\\n\""), Some(Value::text("زيارة\n")));
        let time = "2026-01-02T03:04:05.5+04:00";
        assert_eq!(told(&format!("\"{time}\"")), Some(Value::Time(time.to_owned())));
        assert_eq!(told("\"2026-01-02\""), Some(Value::text("2026-01-02")));
        assert_eq!(told(r#"["a","b"]"#), Some(Value::text("a b")));
        assert_eq!(told(r#"["a b","c"]"#), Some(Value::text(r#"["a b","c"]"#)));
        assert_eq!(told("[]"), Some(Value::text("")));
        assert_eq!(told(r#"{"agency":"moh","unit":"hospital"}"#), Some(Value::text("moh/hospital")));
        assert_eq!(told(r#"[{"agency":"a","officer":"b"}]"#), Some(Value::text("a/b")));
        assert_eq!(told(r#"{"agency":"moh"}"#), Some(Value::text(r#"{"agency":"moh"}"#)));
        assert_eq!(told(r#"{"agency":"moh","unit":7}"#), Some(Value::text(r#"{"agency":"moh","unit":7}"#)));
    }

    #[test]
    fn values_by_their_field() {
        let spec = catalogue::spec("reminder.sent", 1);
        let due = value(spec, "due", &Json::Integer(1_769_923_203_155));
        assert_eq!(due, Some(Value::Time("2026-02-01T05:20:03.155000+00:00".to_owned())));
        let spec = catalogue::spec("access.released", 1);
        let released = Json::Array(vec![Json::Null, Json::Null]);
        assert_eq!(value(spec, "released", &released), Some(Value::Whole(2)));
        let spec = catalogue::spec("erasure.done", 1);
        assert_eq!(value(spec, "digests", &released), Some(Value::Whole(2)));
    }
}
