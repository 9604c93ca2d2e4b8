//! Signed events in quantity: chains, each a stream of its own, so that they can be sent side by side.
//!
//! Plain ones are all alike, with two hidden values. Cases are what rule-set 2 judges, and acts on; rule-set 1 takes them
//! as they are.

use rayon::prelude::*;
use sijill_casework::catalogue;
use sijill_event::{Class, Digest, Draft, EventError, Json, Seen, SigningKey, Stream, StreamKind};
use uuid::Uuid;

use crate::client::now_s;
use crate::error::{Error, Result};

/// What happens in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Kind {
    /// A hundred events, all alike, of two hidden values each
    Plain,
    /// Ten events of a case: opened, noted, the child seen, the risk assessed
    Cases,
}

impl Kind {
    /// Events in a stream, unless a connection has but one.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Plain => 100,
            Self::Cases => 10,
        }
    }
}

const NOTE: &str = "Seen at home with the caregiver; safe for the moment.";

/// Who signs.
#[derive(Debug, Clone)]
pub(super) struct Officer {
    pub(super) agency: String,
    pub(super) unit: String,
    pub(super) name: String,
    pub(super) key: SigningKey,
}

/// Makes chains, never the same stream twice.
pub(super) struct Load {
    /// What happens in its streams.
    pub(super) kind: Kind,
    origin: String,
    officers: Vec<Officer>,
    /// Who may see every figure.
    pub(super) auditor: Officer,
    seen: Option<Seen>,
    next: usize,
}

impl Load {
    pub(super) fn new(kind: Kind, origin: String, officers: Vec<Officer>, auditor: Officer) -> Self {
        Self { kind, origin, officers, auditor, seen: None, next: 0 }
    }

    /// The checkpoint that events made from now on have seen.
    pub(super) fn saw(&mut self, size: u64, root: [u8; 32]) {
        self.seen = Some(Seen { size, root });
    }

    /// How many streams were made.
    pub(super) fn streams(&self) -> usize {
        self.next
    }

    /// The id of a stream, and who writes in it.
    pub(super) fn stream(&self, number: usize) -> Option<(String, &Officer)> {
        Some((id(number), self.officers.get(number % self.officers.len().max(1))?))
    }

    /// `count` streams of `length` events, each in order, signed on all cores.
    pub(super) fn chains(&mut self, count: usize, length: usize) -> Result<Vec<Vec<String>>> {
        let first = self.next;
        self.next += count;
        let chains: std::result::Result<Vec<_>, EventError> =
            (first..first + count).into_par_iter().map(|number| self.chain(number, length)).collect();
        chains.map_err(Error::event)
    }

    fn chain(&self, number: usize, length: usize) -> std::result::Result<Vec<String>, EventError> {
        let Some((id, officer)) = self.stream(number) else { return Ok(Vec::new()) };
        let Some(stream) = Stream::new(StreamKind::Case, &id) else { return Ok(Vec::new()) };
        let mut prev: Option<Digest> = None;
        let mut texts = Vec::with_capacity(length);
        for seq in 0..length as u64 {
            let draft = match self.kind {
                Kind::Plain => Some(plain(officer)),
                Kind::Cases => happening(number, seq, &officer.unit),
            };
            let Some(draft) = draft else { break };
            let mut draft = draft
                .author(&officer.agency, &officer.name)
                .aud(&self.origin)
                .jti(Uuid::now_v7())
                .iat(now_s())
                .at(&stream, seq, prev);
            if let Some(seen) = self.seen {
                draft = draft.seen(seen);
            }
            let signed = draft.sign(&officer.key)?;
            prev = Some(signed.event.hash());
            texts.push(signed.to_string());
        }
        Ok(texts)
    }
}

fn id(number: usize) -> String {
    format!("{number:08}")
}

fn plain(officer: &Officer) -> Draft {
    let to = [("agency", Json::from(officer.agency.as_str())), ("unit", officer.unit.as_str().into())];
    Draft::new("referral.accepted", 1)
        .open("to", Json::object(to))
        .disclose(Class::Casework, "priority", "urgent".into())
        .disclose(Class::Narrative, "note", NOTE.into())
}

/// What happens in a case: of ten one is at high risk and three at medium risk, which is assessed twice.
fn happening(number: usize, seq: u64, unit: &str) -> Option<Draft> {
    let risk = ["high", "medium", "medium", "medium", "low"].get(number % 10).unwrap_or(&"low");
    let set = |codes: &[&str]| Json::Array(codes.iter().map(|code| Json::from(*code)).collect());
    let note = Json::from(NOTE);
    let judged =
        || [("concerns", set(&["physical_abuse"])), ("risk", (*risk).into()), ("situations", set(&[]))];
    let (event_type, values) = match seq {
        0 => {
            let opened = [
                ("contacts", set(&[])),
                ("unit", unit.into()),
                ("governorate", "OM-MA".into()),
                ("age_band", "5-11".into()),
                ("sex", "female".into()),
                ("channel", "1100".into()),
            ];
            ("case.opened", Json::object(opened.into_iter().chain(judged())))
        }
        seq if seq % 5 == 2 => ("child.seen", Json::object([("place", Json::from("home")), ("note", note)])),
        seq if seq % 5 == 4 => {
            ("risk.assessed", Json::object(judged().into_iter().chain([("reasons", note)])))
        }
        _ => ("note.added", Json::object([("text", note)])),
    };
    let spec = catalogue::latest(event_type)?;
    let Json::Object(mut members) = values else { return None };
    let lists = spec.lists();
    if !lists.is_empty() {
        let first = lists.into_iter().map(|list| (list, Json::try_from(1_u64).unwrap_or(Json::Null)));
        members.push(("codes".to_owned(), Json::object(first)));
    }
    spec.draft(&Json::Object(members)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_happens_fits_the_catalogue() {
        for number in 0..10 {
            assert!((0..10).all(|seq| happening(number, seq, "desk-1").is_some()));
        }
    }
}
