//! Signed events in quantity: cases, each a stream of its own, so that they can be sent side by side.
//!
//! The same events for both rule-sets: rule-set 1 takes them as they are, rule-set 2 judges each, and acts on some.

use rayon::prelude::*;
use sijill_casework::catalogue;
use sijill_event::{Digest, Draft, EventError, Json, Seen, SigningKey, Stream, StreamKind};
use uuid::Uuid;

use crate::client::now_s;
use crate::error::{Error, Result};

/// Events in a case, unless a connection has but one.
pub(super) const CASE: usize = 10;

/// Who signs.
#[derive(Debug, Clone)]
pub(super) struct Officer {
    pub(super) agency: String,
    pub(super) unit: String,
    pub(super) name: String,
    pub(super) key: SigningKey,
}

/// Makes cases, never the same one twice.
pub(super) struct Load {
    origin: String,
    officers: Vec<Officer>,
    seen: Option<Seen>,
    next: usize,
}

impl Load {
    pub(super) fn new(origin: String, officers: Vec<Officer>) -> Self {
        Self { origin, officers, seen: None, next: 0 }
    }

    /// The checkpoint that events made from now on have seen.
    pub(super) fn saw(&mut self, size: u64, root: [u8; 32]) {
        self.seen = Some(Seen { size, root });
    }

    /// How many cases were made.
    pub(super) fn cases(&self) -> usize {
        self.next
    }

    /// The id of a case, and who opened it.
    pub(super) fn case(&self, number: usize) -> Option<(String, &Officer)> {
        Some((id(number), self.officers.get(number % self.officers.len().max(1))?))
    }

    /// `count` cases of `length` events, each in order, signed on all cores.
    pub(super) fn chains(&mut self, count: usize, length: usize) -> Result<Vec<Vec<String>>> {
        let first = self.next;
        self.next += count;
        let chains: std::result::Result<Vec<_>, EventError> =
            (first..first + count).into_par_iter().map(|number| self.chain(number, length)).collect();
        chains.map_err(Error::event)
    }

    fn chain(&self, number: usize, length: usize) -> std::result::Result<Vec<String>, EventError> {
        let Some((id, officer)) = self.case(number) else { return Ok(Vec::new()) };
        let Some(stream) = Stream::new(StreamKind::Case, &id) else { return Ok(Vec::new()) };
        let mut prev: Option<Digest> = None;
        let mut texts = Vec::with_capacity(length);
        for seq in 0..length as u64 {
            let Some(draft) = happening(number, seq, &officer.unit) else { break };
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

/// What happens in a case: of ten one is at high risk and three at medium risk, which is assessed twice.
fn happening(number: usize, seq: u64, unit: &str) -> Option<Draft> {
    let risk = ["high", "medium", "medium", "medium", "low"].get(number % 10).unwrap_or(&"low");
    let set = |codes: &[&str]| Json::Array(codes.iter().map(|code| Json::from(*code)).collect());
    let note = Json::from("Seen at home with the caregiver; safe for the moment.");
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
