//! Names that cannot be malformed (Annex A).

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sijill_event::names;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $is:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Reads an id; `None` if it is malformed.
            pub fn parse(text: &str) -> Option<Self> {
                $is(text).then(|| Self(text.into()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        // Ordered, hashed and compared as its text, so maps can be asked with a `&str`.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom(concat!("not a ", stringify!($name))))
            }
        }
    };
}

id! {
    /// An agency, for good: names change, ids do not. `[a-z0-9][a-z0-9-]{0,31}`, not `ledger`.
    AgencyId, names::is_agency_id
}
id! {
    /// A unit of an agency, or whatever else has such an id: a document, a certificate.
    UnitId, names::is_label
}
id! {
    /// A person or system inside an agency: a staff pseudonym, never a name. `[a-z0-9][a-z0-9._-]{0,63}`.
    OfficerId, names::is_officer_id
}
id! {
    /// Why, as a code: `[a-z][a-z0-9_]{0,63}`.
    Reason, names::is_field_name
}
id! {
    /// The name of a ledger, `aud` of its events: 1 to 255 characters of `!`…`~` without `+`.
    Origin, names::is_origin
}
