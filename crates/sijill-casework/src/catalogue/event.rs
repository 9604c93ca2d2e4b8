//! How an event type is declared: one place for its struct, fields, classes and labels.

use std::collections::BTreeMap;

use sijill_event::{Class, Event, Json, SdJwt};

use super::field::Field;
use super::spec::TypeSpec;
use crate::Refusal;

/// What of an event's casework values is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Facts {
    /// All of them, by field name; `null` where an optional field was left out.
    Known(BTreeMap<String, Json>),
    /// Not all: some were withheld or erased.
    Withheld,
}

impl Facts {
    /// What the disclosures that are here tell.
    pub fn of(sd_jwt: &SdJwt) -> Self {
        if sd_jwt.undisclosed().any(|(class, _)| class == Class::Casework) {
            return Self::Withheld;
        }
        let casework = sd_jwt.disclosures.iter().filter(|(class, _)| *class == Class::Casework);
        Self::Known(casework.map(|(_, d)| (d.name.clone(), d.value.clone())).collect())
    }
}

/// Why an event could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It is not one of the catalogue.
    Refused(Refusal),
    /// It has casework values and they are not all there: no verdict is possible.
    Withheld,
}

impl From<Refusal> for Unread {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The open members and the casework values of an event, both checked against its [`TypeSpec`].
pub(crate) struct Values<'a> {
    pub(super) open: &'a Json,
    pub(super) casework: &'a BTreeMap<String, Json>,
}

impl Values<'_> {
    /// An open member. Refused: its name.
    pub(super) fn open<T: Field>(&self, name: &'static str) -> Result<T, &'static str> {
        T::read(self.open.get(name)).ok_or(name)
    }

    /// A casework value; `null` is an absent one. Refused: its name.
    pub(super) fn casework<T: Field>(&self, name: &'static str) -> Result<T, &'static str> {
        T::read(self.casework.get(name).filter(|value| !value.is_null())).ok_or(name)
    }
}

/// The codes of one field, with their list.
pub(super) fn codes_of<'a>(
    spec: &TypeSpec,
    name: &str,
    value: &'a impl Field,
) -> Vec<(&'static str, &'a crate::Code)> {
    let list = spec.field(name).and_then(|field| field.kind.list());
    list.map(|list| value.codes().into_iter().map(|code| (list, code)).collect()).unwrap_or_default()
}

/// The kinds of fields as declarations name them: the type of the struct's member, and the [`Kind`](super::Kind).
macro_rules! kind {
    (type : $($kind:tt)*) => { $crate::catalogue::event::kind!(type $($kind)*) };
    (type ? $($kind:tt)*) => { Option<$crate::catalogue::event::kind!(type $($kind)*)> };
    (type Text) => { String };
    (type Code) => { $crate::Code };
    (type Codes) => { std::collections::BTreeSet<$crate::Code> };
    (type Priority) => { $crate::Priority };
    (type Milestone) => { $crate::Milestone };
    (type Vote) => { $crate::catalogue::Vote };
    (type Ground) => { $crate::catalogue::ErasureGround };
    (type Outcome) => { $crate::catalogue::WarningOutcome };
    (type WarningReason) => { $crate::catalogue::WarningReason };
    (type WarningGround) => { $crate::catalogue::WarningGround };
    (type State) => { $crate::catalogue::ReferralState };
    (type Classes) => { std::collections::BTreeSet<sijill_event::Class> };
    (type Digest) => { sijill_event::Digest };
    (type Digests) => { std::collections::BTreeSet<sijill_event::Digest> };
    (type Address) => { $crate::Address };
    (type Addresses) => { std::collections::BTreeSet<$crate::Address> };
    (type Agency) => { sijill_domain::AgencyId };
    (type Agencies) => { std::collections::BTreeSet<sijill_domain::AgencyId> };
    (type Unit) => { sijill_domain::UnitId };
    (type OfficerId) => { sijill_domain::OfficerId };
    (type Officer) => { $crate::catalogue::Officer };
    (type Officers) => { std::collections::BTreeSet<$crate::catalogue::Officer> };
    (type Case) => { $crate::catalogue::CaseId };
    (type Contacts) => { std::collections::BTreeSet<$crate::catalogue::ContactId> };
    (type Fields) => { std::collections::BTreeSet<$crate::catalogue::FieldPath> };
    (type Deadline) => { $crate::catalogue::DeadlineRef };
    (type Released) => {
        std::collections::BTreeMap<
            sijill_event::Digest,
            std::collections::BTreeSet<$crate::catalogue::FieldPath>,
        >
    };
    (type Timestamp) => { sijill_event::Timestamp };
    (type Date) => { chrono::NaiveDate };
    (type Integer) => { u64 };
    (type Bool) => { bool };
    (spec Priority) => { $crate::catalogue::Kind::Word($crate::catalogue::kind::PRIORITY) };
    (spec Milestone) => { $crate::catalogue::Kind::Word($crate::catalogue::kind::MILESTONE) };
    (spec Vote) => { $crate::catalogue::Kind::Word($crate::catalogue::kind::VOTE) };
    (spec Ground) => { $crate::catalogue::Kind::Word($crate::catalogue::kind::ERASURE_GROUND) };
    (spec Outcome) => { $crate::catalogue::Kind::Word($crate::catalogue::kind::WARNING_OUTCOME) };
    (spec WarningReason) => { $crate::catalogue::Kind::Word($crate::catalogue::kind::WARNING_REASON) };
    (spec WarningGround) => { $crate::catalogue::Kind::Word($crate::catalogue::kind::WARNING_GROUND) };
    (spec State) => { $crate::catalogue::Kind::Word($crate::catalogue::kind::REFERRAL_STATE) };
    (spec Classes($least:expr)) => {
        $crate::catalogue::Kind::Words($crate::catalogue::kind::CLASS, $least)
    };
    (spec $kind:ident $($rest:tt)*) => { $crate::catalogue::Kind::$kind $($rest)* };
    (required :) => { true };
    (required ?) => { false };
}
pub(super) use kind;

/// One field's [`FieldSpec`](super::FieldSpec).
macro_rules! field {
    ($class:ident, $name:ident, $mark:tt, [$($kind:tt)*], $ar:literal, $en:literal $(, $help_ar:literal, $help_en:literal)?) => {
        $crate::catalogue::FieldSpec {
            name: stringify!($name),
            class: $crate::catalogue::event::field!(class $class),
            kind: $crate::catalogue::event::kind!(spec $($kind)*),
            required: $crate::catalogue::event::kind!(required $mark),
            label: $crate::catalogue::Bilingual { ar: $ar, en: $en },
            help: $crate::catalogue::event::field!(help $($help_ar, $help_en)?),
        }
    };
    (class routing) => { $crate::catalogue::FieldClass::Routing };
    (class casework) => { $crate::catalogue::FieldClass::Disclosed(sijill_event::Class::Casework) };
    (class identity) => { $crate::catalogue::FieldClass::Disclosed(sijill_event::Class::Identity) };
    (class narrative) => { $crate::catalogue::FieldClass::Disclosed(sijill_event::Class::Narrative) };
    (class sensitive) => { $crate::catalogue::FieldClass::Disclosed(sijill_event::Class::Sensitive) };
    (class reporter) => { $crate::catalogue::FieldClass::Disclosed(sijill_event::Class::Reporter) };
    (help) => { None };
    (help $ar:literal, $en:literal) => { Some($crate::catalogue::Bilingual { ar: $ar, en: $en }) };
}
pub(super) use field;

/// Declares an event type:
///
/// ```text
/// event! {
///     /// What it says, in English.
///     ChildSeen = "child.seen" v 1 in [Case], "title ar" / "title en", "what it says, in Arabic";
///     routing { … }                             the struct's members: what everyone and the rules may see
///     casework { place: Code("see-place"), "label ar", "label en"; … }
///     narrative { note?: Text(LONG), "label ar", "label en", "help ar", "help en"; }
/// }
/// ```
///
/// `name: Kind` is required, `name?: Kind` optional. Only routing and casework fields become members of the
/// struct: no rule may rest on what can be withheld from whoever checks it.
macro_rules! event {
    (
        $(#[doc = $doc:literal])+
        $name:ident = $type:literal v $v:literal in [$($stream:ident),+],
        $title_ar:literal / $title_en:literal, $about_ar:literal;
        routing { $($r:ident $rmark:tt $(:)? $rkind:ident $(($($rarg:expr),*))?, $($rlabel:literal),*;)* }
        casework { $($c:ident $cmark:tt $(:)? $ckind:ident $(($($carg:expr),*))?, $($clabel:literal),*;)* }
        $($class:ident {
            $($h:ident $hmark:tt $(:)? $hkind:ident $(($($harg:expr),*))?, $($hlabel:literal),*;)*
        })*
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $(#[doc = concat!("`", stringify!($r), "`, open. ", $($rlabel, ". "),*)]
            pub $r: $crate::catalogue::event::kind!(type $rmark $rkind),)*
            $(#[doc = concat!("`", stringify!($c), "`. ", $($clabel, ". "),*)]
            pub $c: $crate::catalogue::event::kind!(type $cmark $ckind),)*
            /// Versions of the code lists its codes are of.
            pub codes: $crate::catalogue::Codes,
        }

        impl $name {
            /// The event type.
            pub const TYPE: &'static str = $type;
            /// The version of its schema.
            pub const V: u16 = $v;
            /// What is known of it.
            pub const SPEC: $crate::catalogue::TypeSpec = $crate::catalogue::TypeSpec {
                name: $type,
                v: $v,
                streams: &[$(sijill_event::StreamKind::$stream),+],
                title: $crate::catalogue::Bilingual { ar: $title_ar, en: $title_en },
                description: $crate::catalogue::Bilingual {
                    ar: $about_ar,
                    en: concat!($($doc),+).trim_ascii(),
                },
                fields: &[
                    $($crate::catalogue::event::field!(
                        routing, $r, $rmark, [$rkind $(($($rarg),*))?], $($rlabel),*),)*
                    $($crate::catalogue::event::field!(
                        casework, $c, $cmark, [$ckind $(($($carg),*))?], $($clabel),*),)*
                    $($($crate::catalogue::event::field!(
                        $class, $h, $hmark, [$hkind $(($($harg),*))?], $($hlabel),*),)*)*
                ],
            };

            pub(crate) fn read(
                event: &sijill_event::Event,
                facts: &$crate::catalogue::Facts,
            ) -> Result<Self, $crate::catalogue::Unread> {
                let spec = &Self::SPEC;
                let values = spec.values(event, facts)?;
                Self::take(&values).map_err(|field| spec.malformed(field).into())
            }

            pub(super) fn take(values: &$crate::catalogue::event::Values<'_>) -> Result<Self, &'static str> {
                Ok(Self {
                    $($r: values.open(stringify!($r))?,)*
                    $($c: values.casework(stringify!($c))?,)*
                    codes: values.open("codes")?,
                })
            }

            /// Its values by field name, absent ones left out: what [`TypeSpec::draft`](crate::catalogue::TypeSpec::draft)
            /// takes, if the type has no required fields of other classes.
            pub fn values(&self) -> sijill_event::Json {
                use $crate::catalogue::field::Field;
                let members = [
                    $((stringify!($r), self.$r.write()),)*
                    $((stringify!($c), self.$c.write()),)*
                    ("codes", self.codes.write()),
                ];
                let present = members.into_iter().filter_map(|(name, json)| Some((name, json?)));
                sijill_event::Json::object(present)
            }

            /// The codes it uses, each with its list.
            pub fn codes_used(&self) -> Vec<(&'static str, &$crate::Code)> {
                let used: Vec<Vec<(&'static str, &$crate::Code)>> = vec![
                    $($crate::catalogue::event::codes_of(&Self::SPEC, stringify!($r), &self.$r),)*
                    $($crate::catalogue::event::codes_of(&Self::SPEC, stringify!($c), &self.$c),)*
                ];
                used.concat()
            }
        }
    };
}
pub(super) use event;

/// Whether the event is where its type belongs.
pub(super) fn is_here(spec: &TypeSpec, event: &Event) -> bool {
    spec.streams.contains(&event.stream.kind())
}
