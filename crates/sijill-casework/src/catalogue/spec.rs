//! What is known of an event type: its streams, fields, classes and labels.

use std::collections::BTreeSet;

use serde::Serialize;
use sijill_event::{Class, StreamKind};

use super::kind::Kind;

/// A text in Arabic and English.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bilingual {
    /// Arabic.
    pub ar: &'static str,
    /// English.
    pub en: &'static str,
}

/// Who may see a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldClass {
    /// An open member of `data`: everyone who may see the timeline, for ever.
    Routing,
    /// A disclosure, which can be withheld and erased.
    Disclosed(Class),
}

impl FieldClass {
    /// The class as schemas spell it (`x-class`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Routing => "routing",
            Self::Disclosed(class) => class.as_str(),
        }
    }
}

/// One field of an event type.
#[derive(Debug, Clone, Copy)]
pub struct FieldSpec {
    /// Its name; no other field of the type has it, whatever the class.
    pub name: &'static str,
    /// Who may see it.
    pub class: FieldClass,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must have a value.
    pub required: bool,
    /// What people read beside it.
    pub label: Bilingual,
    /// What more they should know when they fill it in.
    pub help: Option<Bilingual>,
}

/// One version of an event type.
#[derive(Debug, Clone, Copy)]
pub struct TypeSpec {
    /// The type, such as `referral.accepted`.
    pub name: &'static str,
    /// The version of its schema.
    pub v: u16,
    /// The kinds of streams it belongs in.
    pub streams: &'static [StreamKind],
    /// What people call it.
    pub title: Bilingual,
    /// What it says.
    pub description: Bilingual,
    /// Its fields: routing, casework, then the others. `codes` is not among them: see [`lists`](Self::lists).
    pub fields: &'static [FieldSpec],
}

impl TypeSpec {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&'static FieldSpec> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The fields of a class, in their order.
    pub fn of_class(&self, class: FieldClass) -> impl Iterator<Item = &'static FieldSpec> {
        self.fields.iter().filter(move |field| field.class == class)
    }

    /// The code lists its fields draw on: the members of `codes`, which is there unless this is empty.
    pub fn lists(&self) -> BTreeSet<&'static str> {
        self.fields.iter().filter_map(|field| field.kind.list()).collect()
    }
}
