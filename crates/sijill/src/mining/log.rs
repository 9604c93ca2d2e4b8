//! What an event log consists of, by OCEL 2.0: events and objects with attributes, and how they are related. XES has the
//! same events, of cases alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::DateTime;
use serde::{Serialize, Serializer};

use super::chapter::Chapter;
use crate::error::Result;

/// Where a log comes from: whoever holds a checkpoint of this size and root can check it against the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// The ledger's name.
    pub origin: String,
    /// How many entries it had.
    pub size: u64,
    /// Their Merkle root, base64url; it was computed from the entries that were read.
    pub root: String,
    /// What the events' times are.
    pub time: TimeOf,
}

/// Which of an event's times is its time in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum TimeOf {
    /// When the ledger sequenced it
    Received,
    /// When it happened, as its author claims; where nothing is claimed, when the ledger sequenced it
    Occurred,
}

impl TimeOf {
    /// As text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Occurred => "occurred",
        }
    }
}

/// A time, Unix microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

impl Moment {
    /// The beginning of Unix time: when OCEL says that what is told without a time began.
    pub const BEGINNING: Self = Self(0);

    /// This many milliseconds of Unix time.
    pub fn of_ms(unix_ms: impl TryInto<i64>) -> Self {
        Self(unix_ms.try_into().unwrap_or(i64::MAX).saturating_mul(1_000))
    }
}

/// RFC 3339 in UTC with six digits: every tool reads it, and as texts they compare as they follow each other.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// From the year 1 to where four digits of the year end.
        const WRITABLE: (i64, i64) = (-62_135_596_800_000_000, 253_402_300_799_999_999);
        let time = DateTime::from_timestamp_micros(self.0.clamp(WRITABLE.0, WRITABLE.1)).unwrap_or_default();
        write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%S%.6f+00:00"))
    }
}

/// What an attribute's values are, of all its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// An integer.
    Whole,
    /// True or false.
    Truth,
    /// A time, RFC 3339 with offset.
    Time,
}

impl Kind {
    /// As OCEL spells it.
    pub fn ocel(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Whole => "integer",
            Self::Truth => "boolean",
            Self::Time => "time",
        }
    }

    /// What holds values of both kinds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self == other { self } else { Self::Text }
    }
}

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// An integer.
    Whole(i64),
    /// True or false.
    Truth(bool),
    /// A time, as it was claimed or in UTC.
    Time(String),
}

impl Value {
    /// A text.
    pub fn text(text: impl fmt::Display) -> Self {
        Self::Text(text.to_string())
    }

    /// A time.
    pub fn time(moment: Moment) -> Self {
        Self::Time(moment.to_string())
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Whole(_) => Kind::Whole,
            Self::Truth(_) => Kind::Truth,
            Self::Time(_) => Kind::Time,
        }
    }

    /// The same value as one of this kind: as it is, or as a text.
    #[must_use]
    pub fn to_kind(&self, kind: Kind) -> Self {
        if kind == self.kind() { self.clone() } else { Self::Text(self.to_string()) }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Time(text) => f.write_str(text),
            Self::Whole(number) => number.fmt(f),
            Self::Truth(truth) => truth.fmt(f),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) | Self::Time(text) => serializer.serialize_str(text),
            Self::Whole(number) => serializer.serialize_i64(*number),
            Self::Truth(truth) => serializer.serialize_bool(*truth),
        }
    }
}

/// The attributes of each event type.
pub type Declared = BTreeMap<String, BTreeMap<String, Kind>>;

/// Objects, each with what it is to the event or object that they are related to: (object, qualifier).
pub type Relations = BTreeSet<(String, String)>;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Index of its entry in the ledger.
    pub index: u64,
    /// Its time.
    pub time: Moment,
    /// Its type.
    pub event_type: String,
    /// Its attributes.
    pub attributes: Vec<(String, Value)>,
    /// The objects it is about.
    pub objects: Relations,
}

impl Event {
    /// Its id: by the index it is proved with.
    pub fn id(&self) -> String {
        format!("entry/{}", self.index)
    }

    /// The value of an attribute.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }
}

/// What events are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectType {
    /// A case.
    Case,
    /// A contact.
    Contact,
    /// A referral: one thread, whoever it is addressed to at last.
    Referral,
    /// A plan.
    Plan,
    /// A clock: what is owed, and the event that set it.
    Deadline,
    /// A unit of an agency.
    Unit,
    /// An officer of an agency, by its pseudonym.
    Officer,
}

impl ObjectType {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Case, Self::Contact, Self::Referral, Self::Plan, Self::Deadline, Self::Unit, Self::Officer];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Contact => "contact",
            Self::Referral => "referral",
            Self::Plan => "plan",
            Self::Deadline => "deadline",
            Self::Unit => "unit",
            Self::Officer => "officer",
        }
    }

    /// The id of the object of this type with this name.
    pub fn id(self, name: impl fmt::Display) -> String {
        format!("{}/{name}", self.as_str())
    }

    /// What is told of objects of this type.
    pub fn attributes(self) -> &'static [(&'static str, Kind)] {
        use Kind::{Text, Time, Truth, Whole};
        match self {
            Self::Case => &[
                ("age_band", Text),
                ("assigned", Text),
                ("concerns", Text),
                ("governorate", Text),
                ("owner", Text),
                ("reported", Time),
                ("risk", Text),
                ("situations", Text),
                ("status", Text),
            ],
            Self::Contact => &[("logged_by", Text)],
            Self::Referral => &[
                ("automatic", Truth),
                ("basis", Text),
                ("breached", Truth),
                ("disposed", Truth),
                ("priority", Text),
                ("service", Text),
                ("state", Text),
                ("to", Text),
            ],
            Self::Plan => &[("state", Text)],
            Self::Deadline => &[
                ("due", Time),
                ("milestone", Text),
                ("owes", Text),
                ("policy", Whole),
                ("started", Time),
                ("state", Text),
            ],
            Self::Unit => &[("agency", Text), ("name_ar", Text), ("name_en", Text)],
            Self::Officer => &[("agency", Text), ("kind", Text)],
        }
    }
}

/// What an attribute of an object is from a time on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The attribute.
    pub name: &'static str,
    /// Its value.
    pub value: Value,
    /// From when on.
    pub time: Moment,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its id.
    pub id: String,
    /// Its type.
    pub kind: ObjectType,
    /// When it is first heard of.
    pub since: Moment,
    /// Its attributes, in the order in which they changed.
    pub changes: Vec<Change>,
    /// The objects it is related to.
    pub objects: Relations,
}

/// What writes a log.
pub trait Writer {
    /// Whether it tells of objects, or of traces alone.
    const OBJECTS: bool;

    /// Writes what is told of one id. `false` if the format has no place for it.
    fn chapter(&mut self, chapter: &Chapter) -> Result<bool>;

    /// Writes the objects that several cases share, and what ends the log.
    fn finish(self, shared: &[Object]) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_spelling() {
        assert_eq!(Moment::BEGINNING.to_string(), "1970-01-01T00:00:00.000000+00:00");
        assert_eq!(Moment(1_769_923_203_155_007).to_string(), "2026-02-01T05:20:03.155007+00:00");
        assert_eq!(Moment::of_ms(u64::MAX).to_string(), "9999-12-31T23:59:59.999999+00:00");
        assert_eq!(Moment::of_ms(-1).to_string(), "1969-12-31T23:59:59.999000+00:00");
    }

    #[test]
    fn attributes_of_objects_stand_in_order() {
        for kind in ObjectType::ALL {
            assert!(kind.attributes().is_sorted_by(|(a, _), (b, _)| a < b), "{}", kind.as_str());
        }
    }

    #[test]
    fn what_is_not_of_the_kind_declared_is_a_text() {
        assert_eq!(Kind::Whole.or(Kind::Truth), Kind::Text);
        assert_eq!(Kind::Time.or(Kind::Time), Kind::Time);
        assert_eq!(Value::Whole(7).to_kind(Kind::Text), Value::text(7));
        assert_eq!(Value::Truth(true).to_kind(Kind::Truth), Value::Truth(true));
    }
}
