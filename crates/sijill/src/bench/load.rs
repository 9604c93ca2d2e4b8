//! Signed events in quantity: chains, each a stream of its own, so that they can be sent side by side.

use rayon::prelude::*;
use sijill_event::{Class, Digest, Draft, EventError, Json, Seen, SigningKey, Stream, StreamKind};
use uuid::Uuid;

use crate::client::now_s;
use crate::error::{Error, Result};

/// Events in a chain.
pub(super) const CHAIN: usize = 100;

/// Who signs.
pub(super) struct Officer {
    pub(super) agency: String,
    pub(super) name: String,
    pub(super) key: SigningKey,
}

/// Makes chains, never the same stream twice.
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

    /// `count` chains of `length` events, each in order, signed on all cores.
    pub(super) fn chains(&mut self, count: usize, length: usize) -> Result<Vec<Vec<String>>> {
        let first = self.next;
        self.next += count;
        let chains: std::result::Result<Vec<_>, EventError> =
            (first..first + count).into_par_iter().map(|number| self.chain(number, length)).collect();
        chains.map_err(Error::event)
    }

    fn chain(&self, number: usize, length: usize) -> std::result::Result<Vec<String>, EventError> {
        let Some(officer) = self.officers.get(number % self.officers.len().max(1)) else {
            return Ok(Vec::new());
        };
        let Some(stream) = Stream::new(StreamKind::Case, &format!("{number:08}")) else {
            return Ok(Vec::new());
        };
        let mut prev: Option<Digest> = None;
        let mut texts = Vec::with_capacity(length);
        for seq in 0..length as u64 {
            let mut draft = Draft::new("referral.accepted", 1)
                .author(&officer.agency, &officer.name)
                .aud(&self.origin)
                .jti(Uuid::now_v7())
                .iat(now_s())
                .at(&stream, seq, prev)
                .open(
                    "to",
                    Json::object([("agency", Json::from(officer.agency.as_str())), ("unit", "desk".into())]),
                )
                .disclose(Class::Casework, "priority", "urgent".into())
                .disclose(
                    Class::Narrative,
                    "note",
                    "Seen at home with the caregiver; safe for the moment.".into(),
                );
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
