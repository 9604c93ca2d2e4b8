//! The registry: the state that the entries so far have left, and how one more changes it.
//!
//! ```text
//! apply = advance (what was scheduled and is due)  →  decide (may it?)  →  evolve (then this follows)
//! ```
//!
//! `decide` is pure and `evolve` cannot fail, so a refused event leaves no trace but the advance, and a replay
//! of the accepted events gives the state that live operation had.

mod agency;
mod change;
mod key;
mod proposal;
mod query;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use sijill_event::{Digest, Event, Kid};

pub use agency::{Agency, Naming, Officer, Standing, Unit, name_at};
pub(crate) use change::{Change, Passage};
pub use key::{KeyRecord, Owner, Signer};
pub use proposal::{Announced, Proposal, Published, Status};
pub use query::{Queue, Scope};

use crate::event::{Clock, DocumentKind, WitnessRule};
use crate::{AgencyId, Origin, Parties, Refusal, UnitId, rules};

/// Where an event stands, or would, in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The entry's index.
    pub index: u64,
    /// When the ledger sequenced it, Unix milliseconds.
    pub received: u64,
}

/// The registry of authority after some entries. Clones share what does not change: to keep one per batch, or
/// one per reader, costs little.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Registry {
    #[serde(flatten)]
    charter: Option<Arc<Charter>>,
    /// Founders that have not ratified yet.
    unratified: BTreeSet<AgencyId>,
    quorum: u64,
    rules: u64,
    agencies: BTreeMap<AgencyId, Arc<Agency>>,
    keys: Arc<BTreeMap<Kid, KeyRecord>>,
    /// The keys that something became of, each time anew, in log order.
    #[serde(skip)]
    touched: Arc<Vec<Kid>>,
    proposals: Arc<BTreeMap<Digest, Proposal>>,
    documents: Arc<BTreeMap<DocumentKind, BTreeMap<UnitId, Vec<Published>>>>,
    /// Holidays announced, in log order.
    announced: Arc<Vec<Announced>>,
    /// Which rule-set was put in force by which entry, in log order.
    #[serde(skip)]
    rules_since: Vec<(u64, u64)>,
    /// What is to be enacted, by (effective, index of the deciding approval).
    #[serde(skip)]
    scheduled: BTreeMap<(u64, u64), Digest>,
}

/// What entry 0 fixed, all but the witness policy for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Charter {
    origin: Origin,
    /// Hash of entry 0's JWT.
    created: Digest,
    clock: Clock,
    founders: BTreeSet<AgencyId>,
    witnesses: WitnessRule,
}

/// An event that may be: what the ledger needs to know of it, and what [`Registry::evolve`] will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Who becomes a party with it, to the first of its stream's [`party_streams`](crate::party_streams).
    pub new_parties: Parties,
    pub(crate) change: Change,
}

impl Registry {
    /// Before genesis: nothing but a `ledger.created` may come.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next event of the log: [`advance`](Self::advance), [`decide`](Self::decide),
    /// [`evolve`](Self::evolve). `parties` are those to its stream so far
    /// ([`party_streams`](crate::party_streams) says where they are). On refusal nothing but the advance has happened.
    pub fn apply(&mut self, at: Position, event: &Event, parties: &Parties) -> Result<Accepted, Refusal> {
        self.advance(at);
        let accepted = rules::judge(self, at, event, parties)?;
        self.follow(at, event, &accepted);
        Ok(accepted)
    }

    /// Enacts the scheduled proposals that are due before the entry at `at` is judged, in order; one that
    /// cannot be enacted any more is void. Does nothing the second time.
    pub fn advance(&mut self, at: Position) {
        let index = at.index.saturating_sub(1);
        while let Some(due) = self.scheduled.first_entry()
            && due.key().0 <= at.received
        {
            let ((effective, _), proposal) = due.remove_entry();
            let Some(action) = self.proposals.get(&proposal).map(|proposal| proposal.action.clone()) else {
                continue;
            };
            let status = match rules::permit(self, &action) {
                Ok(()) => {
                    self.enact(&action, index, effective);
                    Status::Enacted(index)
                }
                Err(refusal) => Status::Void { index, code: refusal.code() },
            };
            self.set_status(&proposal, status);
        }
    }

    /// Whether [`advance`](Self::advance) to `received` would enact anything.
    pub fn is_due(&self, received: u64) -> bool {
        self.scheduled.first_key_value().is_some_and(|((effective, _), _)| *effective <= received)
    }

    /// Whether `event` may be the entry at `at`, in a stream that has these `parties` so far, on the state after
    /// what is due then was enacted. Changes nothing. The signature itself is not checked here.
    pub fn decide(&self, at: Position, event: &Event, parties: &Parties) -> Result<Accepted, Refusal> {
        if !self.is_due(at.received) {
            return rules::judge(self, at, event, parties);
        }
        let mut advanced = self.clone();
        advanced.advance(at);
        rules::judge(&advanced, at, event, parties)
    }

    /// What follows from an event that [`decide`](Self::decide) accepted on this state at this position.
    pub fn evolve(&mut self, at: Position, event: &Event, accepted: &Accepted) {
        self.advance(at);
        self.follow(at, event, accepted);
    }
}
