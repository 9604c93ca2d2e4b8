//! The authority level: replaying the registry (Annex B) on every entry whose signature stands.

use sijill_domain::{Parties, Position, Refusal, Registry};
use sijill_event::Entry;

use crate::fault::{FaultCode, Faults};

/// The replay.
pub(crate) enum Authority {
    /// Entry 0 has not been seen.
    Before,
    /// Entry 0 created the ledger.
    Replaying(Box<Registry>),
    /// There is nothing to judge by: whoever entry 0 should have given authority is not known.
    Stopped,
}

/// What became of an entry.
#[derive(Default)]
pub(crate) struct Verdict {
    /// Whether the entry was judged in full.
    pub(crate) judged: bool,
    /// Whether it was accepted.
    pub(crate) accepted: bool,
    /// Who becomes a party with it.
    pub(crate) new_parties: Parties,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::Before
    }

    /// Passes over an entry that is malformed or whose signature does not stand, and over one that is not there.
    pub(crate) fn skip(&mut self, index: u64, faults: &mut Faults) {
        if !matches!(self, Self::Before) {
            return;
        }
        let stands_already = [FaultCode::EntryFormat, FaultCode::KeyUnknown, FaultCode::EventSignature];
        if index > 0 || !stands_already.iter().any(|code| faults.holds(*code, 0)) {
            faults.add(
                FaultCode::NotAuthorised,
                0,
                "entry 0, which creates the ledger and its authority, is not there",
            );
        }
        *self = Self::Stopped;
    }

    /// Judges an entry. `unsure`: entries that are not known may have added to the parties of its stream.
    pub(crate) fn judge(
        &mut self,
        index: u64,
        entry: &Entry,
        parties: &Parties,
        unsure: bool,
        faults: &mut Faults,
    ) -> Verdict {
        if matches!(self, Self::Before) {
            if index > 0 {
                self.skip(index, faults);
            } else {
                return self.found(entry, faults);
            }
        }
        let Self::Replaying(registry) = self else { return Verdict::default() };
        let at = Position { index, received: entry.received };
        match registry.apply(at, &entry.event, parties) {
            Ok(accepted) => Verdict { judged: true, accepted: true, new_parties: accepted.new_parties },
            Err(Refusal::NotAParty(_) | Refusal::CaseUnknown(_)) if unsure => Verdict::default(),
            Err(refusal) => {
                let code =
                    if refusal.is_key_fault() { FaultCode::KeyNotValid } else { FaultCode::NotAuthorised };
                faults.add(code, index, format!("entry {index}: {refusal} ({})", refusal.code()));
                Verdict { judged: true, ..Verdict::default() }
            }
        }
    }

    fn found(&mut self, entry: &Entry, faults: &mut Faults) -> Verdict {
        let mut registry = Registry::new();
        let at = Position { index: 0, received: entry.received };
        match registry.apply(at, &entry.event, &Parties::new()) {
            Ok(accepted) => {
                *self = Self::Replaying(Box::new(registry));
                Verdict { judged: true, accepted: true, new_parties: accepted.new_parties }
            }
            Err(refusal) => {
                let message = format!("entry 0 does not create the ledger: {refusal} ({})", refusal.code());
                faults.add(FaultCode::NotAuthorised, 0, message);
                *self = Self::Stopped;
                Verdict { judged: true, ..Verdict::default() }
            }
        }
    }

    /// The rule-set in force for an entry; what is due with it is brought into force.
    pub(crate) fn rules(&mut self, index: u64, entry: &Entry) -> Option<u64> {
        let Self::Replaying(registry) = self else { return None };
        registry.advance(Position { index, received: entry.received });
        registry.rules()
    }

    /// Whether something scheduled comes into force with an entry received then.
    pub(crate) fn is_due(&self, received: u64) -> bool {
        self.registry().is_some_and(|registry| registry.is_due(received))
    }

    /// The registry, once there is one.
    pub(crate) fn registry(&self) -> Option<&Registry> {
        match self {
            Self::Replaying(registry) => Some(registry),
            _ => None,
        }
    }

    /// Whether the replay got past entry 0.
    pub(crate) fn is_replaying(&self) -> bool {
        matches!(self, Self::Replaying(_))
    }
}
