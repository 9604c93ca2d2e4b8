//! How the members of an event's `data` are read and written: strictly, one type at a time.
//!
//! serde is not used here on purpose: its derived readers take an array for a struct and `null` for an absent
//! option, and two verifiers that disagree on that disagree on the verdict.

use std::collections::BTreeSet;

use sijill_event::{Digest, Json, Kid, PublicKey, Timestamp};

use super::{CosignedCheckpoint, Day, Proof, WitnessRule};
use crate::{AgencyId, OfficerId, Origin, Reason, UnitId};

/// The member that is missing, malformed or not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wrong(pub(crate) &'static str);

/// A value that can be a member of `data`. `None` stands for an absent member, which only `Option` accepts.
pub(crate) trait Field: Sized {
    fn read(json: Option<&Json>) -> Option<Self>;
    fn write(&self) -> Option<Json>;
}

/// The members of one object, each to be taken once.
pub(crate) struct Members<'a> {
    object: &'a Json,
    taken: usize,
}

impl<'a> Members<'a> {
    pub(crate) fn of(object: &'a Json) -> Self {
        Self { object, taken: 0 }
    }

    pub(crate) fn take<T: Field>(&mut self, name: &'static str) -> Result<T, Wrong> {
        let json = self.object.get(name);
        self.taken += usize::from(json.is_some());
        T::read(json).ok_or(Wrong(name))
    }

    /// Names are distinct, so as many members as were taken means no others.
    pub(crate) fn end(self) -> Result<(), Wrong> {
        match self.object.as_object() {
            Some(members) if members.len() == self.taken => Ok(()),
            _ => Err(Wrong("a member that is not listed")),
        }
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
}

impl<T: Field> Field for Vec<T> {
    fn read(json: Option<&Json>) -> Option<Self> {
        json?.as_array()?.iter().map(|element| T::read(Some(element))).collect()
    }

    fn write(&self) -> Option<Json> {
        Some(Json::Array(self.iter().filter_map(Field::write).collect()))
    }
}

/// In ascending order without repetition: a set has one spelling.
impl<T: Field + Ord> Field for BTreeSet<T> {
    fn read(json: Option<&Json>) -> Option<Self> {
        let elements = Vec::<T>::read(json)?;
        let ascending = elements.array_windows().all(|[a, b]| a < b);
        ascending.then(|| elements.into_iter().collect())
    }

    fn write(&self) -> Option<Json> {
        Some(Json::Array(self.iter().filter_map(Field::write).collect()))
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

/// Every number in the registry's data counts from 1: quorum, versions.
impl Field for u64 {
    fn read(json: Option<&Json>) -> Option<Self> {
        json?.as_u64().filter(|number| *number >= 1)
    }

    fn write(&self) -> Option<Json> {
        Json::try_from(*self).ok()
    }
}

/// Fields that are strings: how each is read, and written with `Display`.
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
    String: |text| Some(text.to_owned());
    AgencyId: Self::parse;
    UnitId: Self::parse;
    OfficerId: Self::parse;
    Reason: Self::parse;
    Origin: Self::parse;
    Timestamp: Self::parse;
    Day: Self::parse;
    CosignedCheckpoint: Self::parse;
    WitnessRule: Self::parse;
    Proof: Self::parse;
    Digest: |text| Self::parse(text).ok();
    Kid: |text| Self::parse(text).ok();
}

impl Field for PublicKey {
    fn read(json: Option<&Json>) -> Option<Self> {
        Self::from_jwk(json?).ok()
    }

    fn write(&self) -> Option<Json> {
        Some(self.to_jwk())
    }
}

/// An enumeration of words, in ascending order of their text: `Ord` is the order of the words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All of them, in ascending order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word as events spell it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads the word; `None` if there is no such.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl crate::event::field::Field for $name {
            fn read(json: Option<&sijill_event::Json>) -> Option<Self> {
                Self::parse(json?.as_str()?)
            }

            fn write(&self) -> Option<sijill_event::Json> {
                Some(self.as_str().into())
            }
        }
    };
}
pub(crate) use words;

/// An object of exactly these members, all of them [`Field`]s; an `Option` may be absent.
macro_rules! object {
    ($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name { $($(#[$member_doc])* pub $member: $type,)* }

        impl $name {
            pub(crate) fn take(members: &mut $crate::event::field::Members<'_>)
                -> Result<Self, $crate::event::field::Wrong>
            {
                Ok(Self { $($member: members.take(stringify!($member))?,)* })
            }

            pub(crate) fn members(&self) -> Vec<(String, sijill_event::Json)> {
                let members = [$((stringify!($member), $crate::event::field::Field::write(&self.$member)),)*];
                members.into_iter().filter_map(|(name, json)| Some((name.to_owned(), json?))).collect()
            }
        }

        impl $crate::event::field::Field for $name {
            fn read(json: Option<&sijill_event::Json>) -> Option<Self> {
                let mut members = $crate::event::field::Members::of(json?);
                let object = Self::take(&mut members).ok()?;
                members.end().ok()?;
                Some(object)
            }

            fn write(&self) -> Option<sijill_event::Json> {
                Some(sijill_event::Json::Object(self.members()))
            }
        }
    };
}
pub(crate) use object;

/// The `data` of an event type: an [`object!`] that knows the type's name.
macro_rules! data {
    ($(#[$doc:meta])* $name:ident = $kind:literal { $($members:tt)* }) => {
        $crate::event::field::object! { $(#[$doc])* $name { $($members)* } }

        impl $name {
            /// The event type.
            pub const TYPE: &'static str = $kind;

            /// Reads `data`. Refused: `data-malformed`.
            pub fn parse(data: &sijill_event::Json) -> Result<Self, $crate::Refusal> {
                let mut members = $crate::event::field::Members::of(data);
                let read = Self::take(&mut members).and_then(|object| members.end().map(|()| object));
                read.map_err(|wrong| $crate::Refusal::malformed(Self::TYPE, wrong.0))
            }

            /// The event's `data`.
            pub fn data(&self) -> sijill_event::Json {
                sijill_event::Json::Object(self.members())
            }
        }
    };
}
pub(crate) use data;
