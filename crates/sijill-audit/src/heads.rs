//! What `heads.committed` commits the ledger to, computed anew (`docs/ledger-format.md`, Annex E).
//!
//! A record speaks of a tree that was just left ([`HeadsCommitted::REACH`]), and no record reaches back behind the one
//! before it. So the maps are kept as of the last record, and only what changed lately is kept apart from them.

use std::collections::{HashMap, VecDeque};

use sijill_domain::Registry;
use sijill_domain::event::HeadsCommitted;
use sijill_domain::heads::{Head, KeyStatus};
use sijill_event::{Digest, Stream};
use sijill_log::{Hash, SparseMap};

use crate::fault::{FaultCode, Faults};

/// Both maps, and how far records have come.
pub(crate) struct Heads {
    streams: Growing<Head>,
    keys: Growing<KeyStatus>,
    /// How much of what became of keys was taken in.
    touched: usize,
    /// The largest tree that a record was about.
    size: u64,
}

/// A map that grows with the log.
struct Growing<T> {
    map: SparseMap,
    value: fn(&T) -> Hash,
    /// What every later record counts, and no map does yet.
    settled: HashMap<Hash, T>,
    /// What a later record may have come too early for, with the entry that did it.
    recent: VecDeque<(u64, Hash, T)>,
}

impl Heads {
    pub(crate) fn new() -> Self {
        Self { streams: Growing::new(Head::value), keys: Growing::new(KeyStatus::value), touched: 0, size: 0 }
    }

    /// The entry is the last of its stream.
    pub(crate) fn moved(&mut self, index: u64, stream: &Stream, seq: u64, last: Digest) {
        self.streams.put(index, Head::key(stream.as_str()), Head { seq, last });
    }

    /// The registry has taken the entry, or what is due with it.
    pub(crate) fn registered(&mut self, index: u64, registry: &Registry) {
        for kid in registry.touched().iter().skip(self.touched) {
            if let Some(status) = registry.key(kid).and_then(KeyStatus::of) {
                self.keys.put(index, KeyStatus::key(kid), status);
            }
        }
        self.touched = registry.touched().len();
    }

    /// Judges an accepted record. `held`: how many entries the log has from its beginning without a gap.
    ///
    /// Answers `false` if there is nothing to judge it by.
    pub(crate) fn judge(
        &mut self,
        index: u64,
        said: &HeadsCommitted,
        held: u64,
        faults: &mut Faults,
    ) -> bool {
        let before = self.size;
        self.size = before.max(said.size);
        if said.size > held {
            return false;
        }
        if said.size <= before {
            let message = format!(
                "entry {index} commits to the heads of {} entries, and one before it did to those of {before}",
                said.size
            );
            faults.add(FaultCode::Heads, index, message);
            return true;
        }
        let streams = self.streams.root_at(said.size) == Hash(said.streams.0);
        let keys = self.keys.root_at(said.size) == Hash(said.keys.0);
        let wrong = match (streams, keys) {
            (true, true) => return true,
            (false, true) => "where streams ended",
            (true, false) => "what keys were",
            (false, false) => "where streams ended and what keys were",
        };
        let message = format!(
            "entry {index} commits to something else than the first {} entries give: {wrong} was another",
            said.size
        );
        faults.add(FaultCode::Heads, index, message);
        true
    }
}

impl<T> Growing<T> {
    fn new(value: fn(&T) -> Hash) -> Self {
        Self { map: SparseMap::new(), value, settled: HashMap::new(), recent: VecDeque::new() }
    }

    fn put(&mut self, index: u64, key: Hash, value: T) {
        self.recent.push_back((index, key, value));
        // Not what a record at this very entry may be too early for.
        self.settle(index.saturating_sub(HeadsCommitted::REACH));
    }

    /// What the entries below `size` did counts from now on.
    fn settle(&mut self, size: u64) {
        while let Some((_, key, value)) = self.recent.pop_front_if(|(index, ..)| *index < size) {
            self.settled.insert(key, value);
        }
    }

    fn root_at(&mut self, size: u64) -> Hash {
        self.settle(size);
        let value = self.value;
        self.map = self.map.with(self.settled.drain().map(|(key, what)| (key, value(&what))));
        self.map.root()
    }
}
