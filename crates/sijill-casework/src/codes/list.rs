//! One code list, one version.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sijill_domain::UnitId;

/// A code of a list: `[A-Za-z0-9][A-Za-z0-9_-]{0,63}`. What it means is for the list to say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(Arc<str>);

impl Code {
    /// Reads a code; `None` if it is malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        let starts = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        (starts && text.len() <= 64 && text.bytes().all(inner)).then(|| Self(text.into()))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Code {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a code is letters, digits, `_` and `-`"))
    }
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Arabic.
    pub ar: String,
    /// English.
    pub en: String,
}

/// What one code means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeEntry {
    /// The code.
    pub code: Code,
    /// What people read.
    pub label: Label,
    /// When it is to be used.
    pub definition: Label,
    /// The code of another list (or of this one) that it belongs to: a wilayat's governorate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Code>,
    /// No longer to be used in new events.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

/// A code list as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeList {
    /// The list's id, as it is published under.
    pub list: UnitId,
    /// 1, 2, 3…
    pub version: u64,
    /// What the list is.
    pub title: Label,
    /// Where the codes come from.
    pub source: String,
    /// The codes, in the order people should see them.
    pub codes: Vec<CodeEntry>,
}

/// Why a document is no code list, or not the next version of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeListError {
    /// Not JSON of the right shape.
    #[error("the code list cannot be read: {0}")]
    Malformed(String),
    /// A code stands twice.
    #[error("code `{0}` stands twice")]
    Twice(Code),
    /// A label or definition is empty.
    #[error("code `{0}` lacks a label or definition in one of the languages")]
    Unlabelled(Code),
    /// A code of the version before is gone, or means something else now.
    #[error(
        "code `{0}` of the version before is missing or was given another meaning; retire it, never reuse it"
    )]
    Reused(Code),
}

impl CodeList {
    /// Reads a list and checks it by itself.
    pub fn parse(json: &[u8]) -> Result<Self, CodeListError> {
        let list: Self =
            serde_json::from_slice(json).map_err(|error| CodeListError::Malformed(error.to_string()))?;
        let mut seen = std::collections::BTreeSet::new();
        for entry in &list.codes {
            if !seen.insert(&entry.code) {
                return Err(CodeListError::Twice(entry.code.clone()));
            }
            let texts = [&entry.label.ar, &entry.label.en, &entry.definition.ar, &entry.definition.en];
            if texts.iter().any(|text| text.trim().is_empty()) {
                return Err(CodeListError::Unlabelled(entry.code.clone()));
            }
        }
        Ok(list)
    }

    /// Whether this may be published after `before`: every code is still there, under the same English label
    /// or an English label that only its retirement changed.
    pub fn follows(&self, before: &Self) -> Result<(), CodeListError> {
        let now: BTreeMap<&Code, &CodeEntry> = self.codes.iter().map(|entry| (&entry.code, entry)).collect();
        for entry in &before.codes {
            let same = now.get(&entry.code).is_some_and(|now| {
                now.label.en == entry.label.en
                    && now.parent == entry.parent
                    && (now.retired || !entry.retired)
            });
            if !same {
                return Err(CodeListError::Reused(entry.code.clone()));
            }
        }
        Ok(())
    }

    /// The code's entry, retired or not.
    pub fn get(&self, code: &str) -> Option<&CodeEntry> {
        self.codes.iter().find(|entry| entry.code.as_str() == code)
    }

    /// Whether the code may be used in a new event.
    pub fn is_current(&self, code: &str) -> bool {
        self.get(code).is_some_and(|entry| !entry.retired)
    }
}
