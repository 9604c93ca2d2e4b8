//! What things are called, in both languages.

use serde::Serialize;
use sijill_event::Json;

use super::field::{Field, Members};

/// A name in Arabic and in English, each 1 to 200 characters (code points).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Name {
    ar: String,
    en: String,
}

impl Name {
    /// `None` if either is empty or too long.
    pub fn new(ar: &str, en: &str) -> Option<Self> {
        let fits = |text: &str| (1..=200).contains(&text.chars().count());
        (fits(ar) && fits(en)).then(|| Self { ar: ar.to_owned(), en: en.to_owned() })
    }

    /// In Arabic.
    pub fn ar(&self) -> &str {
        &self.ar
    }

    /// In English.
    pub fn en(&self) -> &str {
        &self.en
    }
}

impl Field for Name {
    fn read(json: Option<&Json>) -> Option<Self> {
        let mut members = Members::of(json?);
        let name = Self::new(&members.take::<String>("ar").ok()?, &members.take::<String>("en").ok()?)?;
        members.end().ok()?;
        Some(name)
    }

    fn write(&self) -> Option<Json> {
        Some(Json::object([("ar", self.ar.as_str().into()), ("en", self.en.as_str().into())]))
    }
}
