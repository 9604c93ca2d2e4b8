//! Streams: the chains of events inside the log.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::names;

/// What a stream holds (`docs/ledger-format.md` §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamKind {
    /// `ledger`: governance.
    Ledger,
    /// `log`: the ledger's own records.
    Log,
    /// `agency/<agency id>`: one agency's registry.
    Agency,
    /// `contact/<id>`: a contact that is not a case yet.
    Contact,
    /// `case/<id>`: what people do in a case.
    Case,
    /// `auto/<case id>`: what the automation does in it.
    Auto,
    /// `access/<case id>`: requests for and releases of its disclosures.
    Access,
}

impl StreamKind {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "ledger" => Self::Ledger,
            "log" => Self::Log,
            "agency" => Self::Agency,
            "contact" => Self::Contact,
            "case" => Self::Case,
            "auto" => Self::Auto,
            "access" => Self::Access,
            _ => return None,
        })
    }

    /// The part of a stream's name before the slash.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Log => "log",
            Self::Agency => "agency",
            Self::Contact => "contact",
            Self::Case => "case",
            Self::Auto => "auto",
            Self::Access => "access",
        }
    }
}

/// The name of a stream: `ledger`, `log`, or a kind and an id as in `case/Ab-7`. Ordered as its text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream {
    text: Box<str>,
    kind: StreamKind,
}

impl Stream {
    /// Reads a stream's name; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, id) = match text.split_once('/') {
            Some((kind, id)) => (StreamKind::parse(kind)?, Some(id)),
            None => (StreamKind::parse(text)?, None),
        };
        let well_formed = match (kind, id) {
            (StreamKind::Ledger | StreamKind::Log, None) => true,
            (StreamKind::Ledger | StreamKind::Log, Some(_)) | (_, None) => false,
            (StreamKind::Agency, Some(id)) => names::is_agency_id(id),
            (_, Some(id)) => names::is_stream_id(id),
        };
        well_formed.then(|| Self { text: text.into(), kind })
    }

    /// The stream of `kind` with this id; `None` if the id is malformed, or present on a kind without one.
    pub fn new(kind: StreamKind, id: &str) -> Option<Self> {
        if id.is_empty() {
            Self::parse(kind.as_str())
        } else {
            Self::parse(&format!("{}/{id}", kind.as_str()))
        }
    }

    /// What the stream holds.
    pub fn kind(&self) -> StreamKind {
        self.kind
    }

    /// The part after the slash: an agency, contact or case id. `None` for `ledger` and `log`.
    pub fn id(&self) -> Option<&str> {
        self.text.split_once('/').map(|(_, id)| id)
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({})", self.text)
    }
}

impl Serialize for Stream {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Stream {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not the name of a stream"))
    }
}
