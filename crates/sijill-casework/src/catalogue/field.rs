//! How values of events are read and written: strictly, one type at a time.
//!
//! serde is not used here on purpose: its derived readers take an array for a struct and `null` for an absent
//! option, and two verifiers that disagree on that disagree on the verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use chrono::{Datelike, NaiveDate};
use sijill_domain::{AgencyId, OfficerId, UnitId};
use sijill_event::{Class, Digest, Json, Timestamp, names};

use super::value::{
    Attachment, CaseId, Codes, ContactId, DeadlineRef, ErasureGround, FieldPath, Officer, ReferralState,
    Vote, WarningGround, WarningOutcome, WarningReason,
};
use crate::{Address, Code, Milestone, Priority};

/// A value a field can hold. `None` stands for an absent one, which only `Option` accepts.
pub(crate) trait Field: Sized {
    fn read(json: Option<&Json>) -> Option<Self>;
    fn write(&self) -> Option<Json>;

    /// The codes it holds.
    fn codes(&self) -> Vec<&Code> {
        Vec::new()
    }
}

impl<T: Field> Field for Option<T> {
    fn read(json: Option<&Json>) -> Option<Self> {
        match json {
            None => Some(None),
            some => T::read(some).map(Some),
        }
    }

    fn write(&self) -> Option<Json> {
        self.as_ref().and_then(Field::write)
    }

    fn codes(&self) -> Vec<&Code> {
        self.as_ref().map(Field::codes).unwrap_or_default()
    }
}

/// In ascending order of the texts, without repetition: a set has one spelling.
impl<T: Field + Ord + Display> Field for BTreeSet<T> {
    fn read(json: Option<&Json>) -> Option<Self> {
        let elements: Vec<T> =
            json?.as_array()?.iter().map(|element| T::read(Some(element))).collect::<Option<_>>()?;
        let texts: Vec<String> = elements.iter().map(ToString::to_string).collect();
        texts.array_windows().all(|[a, b]| a < b).then(|| elements.into_iter().collect())
    }

    fn write(&self) -> Option<Json> {
        let mut elements: Vec<&T> = self.iter().collect();
        elements.sort_by_cached_key(ToString::to_string);
        elements.into_iter().map(Field::write).collect::<Option<_>>().map(Json::Array)
    }

    fn codes(&self) -> Vec<&Code> {
        self.iter().flat_map(Field::codes).collect()
    }
}

impl Field for Code {
    fn read(json: Option<&Json>) -> Option<Self> {
        Self::parse(json?.as_str()?)
    }

    fn write(&self) -> Option<Json> {
        Some(self.as_str().into())
    }

    fn codes(&self) -> Vec<&Code> {
        vec![self]
    }
}

impl Field for bool {
    fn read(json: Option<&Json>) -> Option<Self> {
        json?.as_bool()
    }

    fn write(&self) -> Option<Json> {
        Some((*self).into())
    }
}

impl Field for u64 {
    fn read(json: Option<&Json>) -> Option<Self> {
        json?.as_u64()
    }

    fn write(&self) -> Option<Json> {
        Json::try_from(*self).ok()
    }
}

/// Fields that are strings: how each is read; written with `Display`.
macro_rules! text_fields {
    ($($type:ty: $parse:expr;)*) => {$(
        impl Field for $type {
            fn read(json: Option<&Json>) -> Option<Self> {
                let parse: fn(&str) -> Option<Self> = $parse;
                parse(json?.as_str()?)
            }

            fn write(&self) -> Option<Json> {
                Some(self.to_string().into())
            }
        }
    )*};
}

text_fields! {
    String: read_text;
    AgencyId: Self::parse;
    UnitId: Self::parse;
    OfficerId: Self::parse;
    CaseId: Self::parse;
    ContactId: Self::parse;
    FieldPath: Self::parse;
    Class: Self::parse;
    Priority: Self::parse;
    Milestone: Self::parse;
    Vote: Self::parse;
    ErasureGround: Self::parse;
    WarningOutcome: Self::parse;
    WarningReason: Self::parse;
    WarningGround: Self::parse;
    ReferralState: Self::parse;
    Timestamp: Self::parse;
    NaiveDate: read_date;
    Digest: |text| Self::parse(text).ok();
}

/// What people write: not blank, no control characters but line feed and tab.
fn read_text(text: &str) -> Option<String> {
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    (!text.trim().is_empty() && !text.contains(odd)).then(|| text.to_owned())
}

/// `YYYY-MM-DD` from year 0001, and nothing else that the library would take.
fn read_date(text: &str) -> Option<NaiveDate> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (date.year() >= 1 && date.to_string() == text).then_some(date)
}

/// Objects of exactly these members, each a [`Field`].
macro_rules! objects {
    ($($name:ident { $($member:ident),* })*) => {$(
        impl Field for $name {
            fn read(json: Option<&Json>) -> Option<Self> {
                let object = json?;
                let listed = [$(stringify!($member)),*].len();
                let value = Self { $($member: Field::read(object.get(stringify!($member)))?,)* };
                (object.as_object()?.len() == listed).then_some(value)
            }

            fn write(&self) -> Option<Json> {
                Some(Json::object([$((stringify!($member), self.$member.write()?)),*]))
            }
        }
    )*};
}

objects! {
    Address { agency, unit }
    Officer { agency, officer }
    DeadlineRef { milestone, of }
    Attachment { attachment, size, media_type }
}

/// `codes`: list id to version. No lists, no member.
impl Field for Codes {
    fn read(json: Option<&Json>) -> Option<Self> {
        let Some(json) = json else { return Some(Self::default()) };
        let version = |(list, version): &(String, Json)| {
            let version = version.as_u64().filter(|version| *version >= 1)?;
            names::is_label(list).then(|| (list.clone(), version))
        };
        let lists: BTreeMap<_, _> = json.as_object()?.iter().map(version).collect::<Option<_>>()?;
        (!lists.is_empty()).then_some(Self(lists))
    }

    fn write(&self) -> Option<Json> {
        let versions = self.0.iter();
        let members: Vec<(String, Json)> =
            versions.map(|(list, version)| Some((list.clone(), version.write()?))).collect::<Option<_>>()?;
        (!members.is_empty()).then(|| Json::object(members))
    }
}

/// What was released: `[{"event", "fields"}, …]` in ascending order of the events' hashes as texts, of each event
/// at least one field.
impl Field for BTreeMap<Digest, BTreeSet<FieldPath>> {
    fn read(json: Option<&Json>) -> Option<Self> {
        let mut released = Self::new();
        let mut before = "";
        for element in json?.as_array()? {
            let text = element.get("event")?.as_str()?;
            let fields = BTreeSet::read(element.get("fields"))?;
            if element.as_object()?.len() != 2 || fields.is_empty() || text <= before {
                return None;
            }
            released.insert(Digest::parse(text).ok()?, fields);
            before = text;
        }
        Some(released)
    }

    fn write(&self) -> Option<Json> {
        let mut events: Vec<(String, Json)> = self
            .iter()
            .map(|(event, fields)| Some((event.to_string(), fields.write()?)))
            .collect::<Option<_>>()?;
        events.sort_by(|(a, _), (b, _)| a.cmp(b));
        let element = |(event, fields): (String, Json)| {
            Json::object([("event", Json::String(event)), ("fields", fields)])
        };
        Some(Json::Array(events.into_iter().map(element).collect()))
    }
}
