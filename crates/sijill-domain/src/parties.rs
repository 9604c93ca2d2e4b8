//! The parties of a stream.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use sijill_event::{Stream, StreamKind};

use crate::AgencyId;

/// A set of agencies: those that wrote in a stream or that its events were addressed to, by the ids they had.
/// Who they are *now* is the registry's knowledge. As text, for the store, the ids in ascending order with
/// commas between.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Parties(BTreeSet<AgencyId>);

/// The text is not agency ids with commas between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("parties are agency ids with commas between")]
pub struct PartiesMalformed;

/// The streams that may hold the parties to `stream`, never none. Its parties are those of the first of these that has
/// any; parties that an event of `stream` adds are added to the first of these (`docs/casework.md` §1).
///
/// A case has one set of parties, that of `case/X`, whoever acts in it: `auto/X` shares it, and so does `access/X`, which
/// for a contact that is no case yet has those of `contact/X`. Every other stream has its own.
///
/// ```
/// use sijill_domain::party_streams;
/// use sijill_event::Stream;
///
/// let streams = party_streams(&Stream::parse("access/7Q").unwrap());
/// assert_eq!(streams.iter().map(Stream::as_str).collect::<Vec<_>>(), ["case/7Q", "contact/7Q"]);
/// ```
pub fn party_streams(stream: &Stream) -> Vec<Stream> {
    let kinds: &[StreamKind] = match stream.kind() {
        StreamKind::Auto => &[StreamKind::Case],
        StreamKind::Access => &[StreamKind::Case, StreamKind::Contact],
        _ => return vec![stream.clone()],
    };
    kinds.iter().filter_map(|kind| Stream::new(*kind, stream.id()?)).collect()
}

impl Parties {
    /// No parties: those of a stream before its first event.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a party; `false` if it is one already.
    pub fn insert(&mut self, agency: AgencyId) -> bool {
        self.0.insert(agency)
    }

    /// Adds all of `others`.
    pub fn extend(&mut self, others: &Self) {
        self.0.extend(others.0.iter().cloned());
    }

    /// Whether the agency is a party under this very id.
    pub fn contains(&self, agency: &str) -> bool {
        self.0.contains(agency)
    }

    /// In ascending order.
    pub fn iter(&self) -> impl Iterator<Item = &AgencyId> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl FromIterator<AgencyId> for Parties {
    fn from_iter<I: IntoIterator<Item = AgencyId>>(agencies: I) -> Self {
        Self(agencies.into_iter().collect())
    }
}

impl FromStr for Parties {
    type Err = PartiesMalformed;

    fn from_str(text: &str) -> Result<Self, PartiesMalformed> {
        if text.is_empty() {
            return Ok(Self::new());
        }
        text.split(',').map(|id| AgencyId::parse(id).ok_or(PartiesMalformed)).collect()
    }
}

impl fmt::Display for Parties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, agency) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            f.write_str(agency.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        for text in ["", "moh", "moe,moh,rop"] {
            assert_eq!(text.parse::<Parties>().map(|parties| parties.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("rop,moh".parse::<Parties>().map(|parties| parties.to_string()), Ok("moh,rop".to_owned()));
    }

    #[test]
    fn only_what_is_done_in_a_case_shares_its_parties() {
        for (stream, kept) in [
            ("case/x", "case/x"),
            ("auto/x", "case/x"),
            ("access/x", "case/x contact/x"),
            ("contact/x", "contact/x"),
            ("agency/x", "agency/x"),
            ("ledger", "ledger"),
            ("log", "log"),
        ] {
            let streams = party_streams(&Stream::parse(stream).unwrap());
            assert_eq!(streams.iter().map(Stream::as_str).collect::<Vec<_>>().join(" "), kept, "{stream}");
        }
    }

    #[test]
    fn malformed_text_is_refused() {
        for text in [",", "moh,", "moh,,rop", "MOH", "moh, rop", "ledger"] {
            assert_eq!(text.parse::<Parties>(), Err(PartiesMalformed), "{text}");
        }
    }
}
