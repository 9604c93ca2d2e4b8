//! What an evidence file comes to, entry by entry (`docs/ledger-format.md`, Annex D, *Verdict*).

use std::collections::BTreeMap;

use serde::Serialize;
use sijill_event::{Entry, StreamKind};

use crate::fault::{Fault, FaultCode};
use crate::interval::Interval;

/// Who said what when, of one entry in evidence; and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Position in the log.
    pub index: u64,
    /// Its stream.
    pub stream: String,
    /// Its position there.
    pub seq: u64,
    /// The event's type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The agency that spoke, or `ledger`.
    pub iss: String,
    /// The officer or service.
    pub sub: String,
    /// On whose behalf.
    pub act: Option<String>,
    /// When it was signed, as claimed, Unix seconds.
    pub iat: u64,
    /// When it happened, as claimed, RFC 3339.
    pub occurred: Option<String>,
    /// When the ledger says it sequenced it, Unix milliseconds.
    pub received: u64,
    /// When it was signed and was in the log, by witnesses.
    #[serde(flatten)]
    pub interval: Interval,
    /// What is wrong with it.
    pub faults: Vec<FaultCode>,
}

impl Account {
    /// Of an entry that evidence was made for; `None` for those that others rest on.
    pub(crate) fn of(index: u64, entry: &Entry) -> Option<Self> {
        let event = &entry.event;
        let of_the_ledger =
            matches!(event.stream.kind(), StreamKind::Ledger | StreamKind::Agency | StreamKind::Log);
        (!of_the_ledger).then(|| Self {
            index,
            stream: event.stream.to_string(),
            seq: event.seq,
            event_type: event.event_type.clone(),
            iss: event.iss.clone(),
            sub: event.sub.clone(),
            act: event.act.clone(),
            iat: event.iat,
            occurred: event.occurred.as_ref().map(ToString::to_string),
            received: entry.received,
            interval: Interval::default(),
            faults: Vec::new(),
        })
    }

    /// With what was found at the end.
    pub(crate) fn complete(&mut self, intervals: &BTreeMap<u64, Interval>, faults: &[Fault]) {
        self.interval = intervals.get(&self.index).copied().unwrap_or_default();
        let here = faults.iter().filter(|fault| fault.index == Some(self.index));
        self.faults = here.map(|fault| fault.code).collect();
    }
}
