//! When entries were signed and received, by the clocks of witnesses (`docs/ledger-format.md`, Annex F).
//!
//! ```text
//! record 1 ──────┐ since            by ┌────── record 2
//!                └─ seen ── entry ── received ─┘
//! ```
//!
//! A record bounds from below what cites a tree that holds it, and from above what its checkpoint covers. An entry is settled
//! by the first record that covers it; until then it is kept aside, some 50 bytes each.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use sijill_domain::event::LogWitnessed;
use sijill_log::{Note, Policy, QuorumTime};

use crate::examine::{Read, Seen};
use crate::fault::{FaultCode, Faults};

/// How far `received`, or a claimed time, may lie outside what witnesses say, seconds.
const SKEW: u64 = 300;

/// How much of a ledger has a provable interval.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Intervals {
    /// Entries with both bounds.
    pub both: u64,
    /// Entries with the lower one alone.
    pub after: u64,
    /// Entries with the upper one alone.
    pub before: u64,
    /// Entries whose `iat` lies outside, by index. No fault: a clock was wrong, or a claim is.
    pub outside: Vec<Outside>,
}

/// An entry that claims to be signed when it was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outside {
    /// Position in the log.
    pub index: u64,
    /// The claim, Unix seconds.
    pub iat: u64,
    /// The interval's lower bound, Unix seconds.
    pub after: Option<u64>,
    /// Its upper bound.
    pub before: Option<u64>,
}

/// A provable interval, Unix seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Interval {
    /// It was signed after this.
    pub after: Option<u64>,
    /// It was in the log before this.
    pub before: Option<u64>,
}

impl Interval {
    /// Whether a claimed time, Unix seconds, lies in it, give or take the skew.
    pub fn admits(&self, claimed: u64) -> bool {
        self.after.is_none_or(|after| claimed.saturating_add(SKEW) >= after)
            && self.before.is_none_or(|before| claimed <= before.saturating_add(SKEW))
    }
}

/// A `log.witnessed` that counts.
struct Record {
    index: u64,
    size: u64,
    time: QuorumTime,
}

/// An entry that no record covers yet.
struct Open {
    index: u64,
    received: u64,
    iat: u64,
    after: Option<u64>,
    /// Whether its signature stands: otherwise nobody signed it, at any time.
    signed: bool,
}

/// What the entries so far say of time.
#[derive(Default)]
pub(crate) struct Times {
    /// The trusted policy, if it asks for witnesses.
    policy: Option<Policy>,
    /// Whether an entry is settled by the first record that covers it: records come in order of size. Evidence has checkpoints
    /// besides, and is settled at its end.
    at_once: bool,
    records: Vec<Record>,
    open: VecDeque<Open>,
    found: Intervals,
    /// Every interval, where each is to be told.
    told: Option<BTreeMap<u64, Interval>>,
}

impl Times {
    /// `whole`: the source is to hold every entry. Otherwise every interval is kept.
    pub(crate) fn new(policy: Option<&Policy>, whole: bool) -> Self {
        let policy = policy.filter(|policy| !policy.is_quorum(|_| false)).cloned();
        let told = (!whole && policy.is_some()).then(BTreeMap::new);
        Self { policy, at_once: whole, told, ..Self::default() }
    }

    /// Takes the next well-formed entry.
    pub(crate) fn take(&mut self, index: u64, read: &Read, signed: bool, live: bool, faults: &mut Faults) {
        if self.policy.is_none() {
            return;
        }
        let (received, event) = (read.entry.received, &read.entry.event);
        if let Some(record) =
            self.records.last().filter(|record| live && is_before(received, record.time.since))
        {
            let message = format!(
                "entry {index} was received at {received} ms, yet the log held the record {} by then, which witnesses \
                 cosigned not before {} s",
                record.index, record.time.since
            );
            faults.add(FaultCode::ReceivedTime, index, message);
        }
        let seen = event.seen.filter(|_| signed && read.seen == Seen::Good);
        let after = seen.and_then(|seen| {
            let below = self.records.partition_point(|record| record.index < seen.size);
            Some(self.records.get(below.checked_sub(1)?)?.time.since)
        });
        self.open.push_back(Open { index, received, iat: event.iat, after, signed });
    }

    /// Takes the record that the entry just taken is, if it counts: authority accepted it.
    pub(crate) fn take_record(&mut self, index: u64, read: &Read, live: bool, faults: &mut Faults) {
        let event = &read.entry.event;
        let (Some(policy), Seen::Good, Some(seen)) = (&self.policy, read.seen, event.seen) else { return };
        if event.event_type != LogWitnessed::TYPE
            || self.records.last().is_some_and(|last| last.size >= seen.size)
        {
            return;
        }
        let Ok(said) = LogWitnessed::parse(&event.data) else { return };
        let Some(time) = quorum_time(policy, said.checkpoint.note()) else { return };
        self.records.push(Record { index, size: seen.size, time });
        if self.at_once {
            while let Some(open) = self.open.pop_front_if(|open| open.index < seen.size) {
                self.settle(&open, Some(time.by), live, faults);
            }
        }
    }

    /// Settles what is open, by checkpoints that were witnessed besides those of the records, each as size and upper bound.
    /// `None` without a policy that asks for witnesses.
    pub(crate) fn end(
        mut self,
        mut witnessed: Vec<(u64, u64)>,
        live: bool,
        faults: &mut Faults,
    ) -> Option<(Intervals, BTreeMap<u64, Interval>)> {
        self.policy.as_ref()?;
        if !self.at_once {
            witnessed.extend(self.records.iter().map(|record| (record.size, record.time.by)));
        }
        witnessed.sort_unstable();
        for open in std::mem::take(&mut self.open) {
            let covering = witnessed.partition_point(|(size, _)| *size <= open.index);
            self.settle(&open, witnessed.get(covering).map(|(_, by)| *by), live, faults);
        }
        Some((self.found, self.told.unwrap_or_default()))
    }

    fn settle(&mut self, open: &Open, before: Option<u64>, live: bool, faults: &mut Faults) {
        let Open { index, received, iat, after, signed } = *open;
        if let Some(by) = before.filter(|by| live && is_after(received, *by)) {
            let message = format!(
                "entry {index} is said to be received at {received} ms, and a quorum of witnesses cosigned a log that held it \
                 by {by} s"
            );
            faults.add(FaultCode::ReceivedTime, index, message);
        }
        let interval = Interval { after, before };
        match (after, before) {
            _ if !signed => return,
            (None, None) => return,
            (Some(_), Some(_)) => self.found.both += 1,
            (Some(_), None) => self.found.after += 1,
            (None, Some(_)) => self.found.before += 1,
        }
        if live && !interval.admits(iat) {
            self.found.outside.push(Outside { index, iat, after, before });
        }
        if let Some(told) = &mut self.told {
            told.insert(index, interval);
        }
    }
}

/// The quorum time of a checkpoint; `None` if the policy asks for more, or one of its witnesses' lines is wrong.
pub(crate) fn quorum_time(policy: &Policy, note: &Note) -> Option<QuorumTime> {
    policy.satisfied_by(note).ok().and_then(|witnessed| witnessed.time)
}

/// Whether milliseconds lie before seconds by more than the skew.
fn is_before(received: u64, since: u64) -> bool {
    u128::from(received) + 1000 * u128::from(SKEW) < 1000 * u128::from(since)
}

/// Whether milliseconds lie behind seconds by more than the skew.
fn is_after(received: u64, by: u64) -> bool {
    u128::from(received) > 1000 * (u128::from(by) + u128::from(SKEW))
}
