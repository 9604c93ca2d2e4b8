//! JSON in the strict profile of `docs/ledger-format.md` §2 and Annex A.
//!
//! Two readers that disagree on what a document says are the classic hole of signed JSON. So a document that
//! any two readers could read differently is refused: duplicate names, lone surrogates, U+0000, fractions and
//! exponents, integers a double cannot hold, deep nesting.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::EventError;

/// The largest integer, and the largest negative one without its sign: what every JSON reader holds exactly.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// How many arrays and objects may be nested, the outermost counting 1.
pub const MAX_DEPTH: u8 = 8;

/// Objects of up to this many members are searched for duplicates pairwise, larger ones by sorting: a hostile
/// object of thousands of members must not cost the square.
const FEW_MEMBERS: usize = 16;

/// A JSON value. Members of an object keep their order; their names are distinct.
///
/// Serialises as compact JSON. To read one into a Rust type, see [`Json::decode`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// An integer of at most [`MAX_INTEGER`] in size.
    Integer(i64),
    /// A string without U+0000.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, in the order it was written.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The member `name`, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.as_object()?.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The number, if this is one.
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    /// The number, if this is one that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_i64().and_then(|number| number.try_into().ok())
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The elements, if this is an array.
    pub fn as_array(&self) -> Option<&[Json]> {
        if let Self::Array(elements) = self { Some(elements) } else { None }
    }

    /// The members, if this is an object.
    pub fn as_object(&self) -> Option<&[(String, Json)]> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// An object of these members. Duplicate names are found when the result is signed or parsed.
    pub fn object<N: Into<String>>(members: impl IntoIterator<Item = (N, Json)>) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// Whether any object in this value, at any depth, has a member whose name satisfies `is`.
    pub(crate) fn has_member(&self, is: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Array(elements) => elements.iter().any(|value| value.has_member(is)),
            Self::Object(members) => members.iter().any(|(name, value)| is(name) || value.has_member(is)),
            _ => false,
        }
    }
}

impl fmt::Display for Json {
    /// Compact JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<Vec<Json>> for Json {
    fn from(elements: Vec<Json>) -> Self {
        Self::Array(elements)
    }
}

impl TryFrom<u64> for Json {
    type Error = EventError;

    /// Refused above [`MAX_INTEGER`]: `json-number`.
    fn try_from(number: u64) -> Result<Self, EventError> {
        if number > MAX_INTEGER {
            return Err(EventError::JsonNumber);
        }
        i64::try_from(number).map(Self::Integer).map_err(|_| EventError::JsonNumber)
    }
}

impl TryFrom<serde_json::Value> for Json {
    type Error = EventError;

    /// Refused as [`parse_json`] refuses the same text.
    fn try_from(value: serde_json::Value) -> Result<Self, EventError> {
        parse_json(value.to_string().as_bytes())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(elements) => serializer.collect_seq(elements),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

/// Reads one JSON document. Refused: `json-utf8`, `json-syntax`, `json-duplicate-member`, `json-number`,
/// `json-string`, `json-depth`.
pub fn parse_json(bytes: &[u8]) -> Result<Json, EventError> {
    let text = std::str::from_utf8(bytes).map_err(|_| EventError::JsonUtf8)?;
    if text.starts_with('\u{feff}') {
        return Err(EventError::JsonUtf8);
    }
    let refusal = Cell::new(None);
    let mut reader = serde_json::Deserializer::from_str(text);
    let strict = Strict { depth: 0, refusal: &refusal };
    strict
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| refusal.take().unwrap_or_else(|| refused_by_reader(&error)))
}

/// What `serde_json` itself refuses. It keeps its reasons private except as text; that the texts are still
/// these is tested by the vectors.
fn refused_by_reader(error: &serde_json::Error) -> EventError {
    let text = error.to_string();
    let is = |reason| text.starts_with(reason);
    if is("invalid number") || is("number out of range") {
        EventError::JsonNumber
    } else if is("lone leading surrogate") || is("unexpected end of hex escape") {
        EventError::JsonString
    } else {
        EventError::JsonSyntax
    }
}

/// Builds a [`Json`] inside `depth` containers. Its own refusals go to `refusal`, since `serde_json` carries
/// only text.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: u8,
    refusal: &'a Cell<Option<EventError>>,
}

impl Strict<'_> {
    fn refuse<T, E: Error>(self, error: EventError) -> Result<T, E> {
        let text = E::custom(error.code());
        self.refusal.set(Some(error));
        Err(text)
    }

    fn text<E: Error>(self, text: String) -> Result<String, E> {
        if text.as_bytes().contains(&0) { self.refuse(EventError::JsonString) } else { Ok(text) }
    }

    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return self.refuse(EventError::JsonDepth);
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json, E> {
        Json::try_from(number).or_else(|error| self.refuse(error))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json, E> {
        if number.unsigned_abs() > MAX_INTEGER {
            return self.refuse(EventError::JsonNumber);
        }
        Ok(Json::Integer(number))
    }

    // Fractions, exponents, -0 and whatever is too large for 64 bits arrive as doubles.
    fn visit_f64<E: Error>(self, _: f64) -> Result<Json, E> {
        self.refuse(EventError::JsonNumber)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        self.text(text.to_owned()).map(Json::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut elements = Vec::new();
        while let Some(value) = array.next_element_seed(inner)? {
            elements.push(value);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut members = Vec::new();
        while let Some(name) = object.next_key()? {
            let name = self.text(name)?;
            members.push((name, object.next_value_seed(inner)?));
        }
        if has_duplicates(&members) {
            return self.refuse(EventError::JsonDuplicateMember);
        }
        Ok(Json::Object(members))
    }
}

fn has_duplicates(members: &[(String, Json)]) -> bool {
    if members.len() <= FEW_MEMBERS {
        return members
            .iter()
            .enumerate()
            .any(|(i, (name, _))| members.iter().take(i).any(|(earlier, _)| earlier == name));
    }
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.array_windows().any(|[a, b]| a == b)
}
