//! Selective disclosure inside the payload: where digests may stand (RFC 9901, narrowed by §2).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Digest, EventError, Json};

/// The disclosure classes: who may see a value. What is in no class is open (`routing`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Service, priority, reason, deadline, concern, age band: agencies on the case, oversight, auditors.
    Casework,
    /// Names, civil number, date of birth, contacts.
    Identity,
    /// Free text and attachments.
    Narrative,
    /// Medical, forensic, legal: named roles only.
    Sensitive,
    /// Who reported.
    Reporter,
}

impl Class {
    /// All classes, in their order.
    pub const ALL: [Self; 5] =
        [Self::Casework, Self::Identity, Self::Narrative, Self::Sensitive, Self::Reporter];

    /// The class of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }

    /// Its name: the member of `data` that holds its digests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Casework => "casework",
            Self::Identity => "identity",
            Self::Narrative => "narrative",
            Self::Sensitive => "sensitive",
            Self::Reporter => "reporter",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether `name` means something to an SD-JWT reader wherever it stands in a payload.
pub(crate) fn is_reserved(name: &str) -> bool {
    matches!(name, "_sd" | "..." | "_sd_alg")
}

/// The open members of `data`, and the digests of each class in the order they stand.
pub(crate) type OpenAndHidden = (Vec<(String, Json)>, Vec<(Class, Vec<Digest>)>);

/// Parts the members of `data`. Refused: `sd-misplaced`, `sd-class`, `sd-digest`, `sd-order`, `sd-duplicate`.
pub(crate) fn part(members: Vec<(String, Json)>) -> Result<OpenAndHidden, EventError> {
    let (mut open, mut hidden) = (Vec::with_capacity(members.len()), Vec::new());
    for (name, value) in members {
        if let Some(class) = Class::parse(&name) {
            hidden.push((class, read_digests(class, &value)?));
        } else if is_reserved(&name) || value.has_member(&is_reserved) {
            return Err(EventError::SdMisplaced);
        } else {
            open.push((name, value));
        }
    }
    let mut all: Vec<&Digest> = hidden.iter().flat_map(|(_, digests)| digests).collect();
    all.sort_unstable();
    if all.array_windows().any(|[a, b]| a == b) {
        return Err(EventError::SdDuplicate);
    }
    Ok((open, hidden))
}

fn read_digests(class: Class, value: &Json) -> Result<Vec<Digest>, EventError> {
    let texts = match value.as_object() {
        Some([(name, Json::Array(texts))]) if name == "_sd" && !texts.is_empty() => texts,
        _ => return Err(EventError::SdClass(class)),
    };
    let texts: Vec<&str> = texts
        .iter()
        .map(|text| text.as_str().ok_or(EventError::SdDigest(class)))
        .collect::<Result<_, _>>()?;
    // The order is that of the texts, which is not that of the bytes they stand for.
    if !texts.is_sorted_by(|a, b| a < b) {
        return Err(EventError::SdOrder(class));
    }
    texts.into_iter().map(|text| Digest::parse(text).map_err(|_| EventError::SdDigest(class))).collect()
}
