//! Whether the witnesses that cosigned are enough, since when, and whether two quorums can ever disagree.

use super::{Member, Policy, Witness};
use crate::{Checkpoint, LogError, Note, cosignature};

/// Which witnesses of a policy cosigned a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// Name of each witness in the policy and the time of its cosignature in Unix seconds, in the policy's order.
    pub cosigned: Vec<(String, u64)>,
    /// Whether they are a quorum.
    pub quorum: bool,
    /// When the quorum had seen the checkpoint; `None` without a quorum, and under `quorum none`.
    pub time: Option<QuorumTime>,
}

/// The time a quorum vouches for, in Unix seconds, so that no set of witnesses too small to be part of the decision can
/// move it: with a threshold of k, fewer than k false clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuorumTime {
    /// Upper bound: the earliest time by which a quorum had cosigned (the k-th smallest). What the checkpoint covers
    /// existed by then.
    pub by: u64,
    /// Lower bound: the latest time from which on a quorum cosigned (the k-th largest). What cites this checkpoint as
    /// witnessed was made after it.
    pub since: u64,
}

impl Policy {
    /// Which witnesses cosigned the note, and whether they are a quorum. Refuses a note that is no checkpoint or carries a
    /// wrong cosignature of one of the witnesses. The log's signature is not looked at: [`Policy::open`] does both.
    pub fn satisfied_by(&self, note: &Note) -> Result<Witnessed, LogError> {
        Checkpoint::parse(note.text())?;
        let mut cosigned = Vec::new();
        for witness in self.witnesses() {
            if let Some(time) = cosignature::verify(note, &witness.key)? {
                cosigned.push((witness.name.clone(), time));
            }
        }
        let among = |bound: &dyn Fn(u64) -> bool| {
            self.is_quorum(|witness| {
                cosigned.iter().any(|(name, time)| *name == witness.name && bound(*time))
            })
        };
        let quorum = among(&|_| true);
        let times = || cosigned.iter().map(|(_, time)| *time);
        let by = times().filter(|&bound| among(&|time| time <= bound)).min();
        let since = times().filter(|&bound| among(&|time| time >= bound)).max();
        let time =
            by.zip(since).filter(|_| self.quorum.is_some()).map(|(by, since)| QuorumTime { by, since });
        Ok(Witnessed { cosigned, quorum, time })
    }

    /// Whether these witnesses are a quorum. Always true under `quorum none`.
    pub fn is_quorum(&self, cosigned: impl Fn(&Witness) -> bool) -> bool {
        let Some(quorum) = self.quorum else { return true };
        let mut witnessed = Vec::with_capacity(self.members.len());
        for member in &self.members {
            witnessed.push(match member {
                Member::Witness(witness) => cosigned(witness),
                Member::Group(group) => {
                    group.members.iter().filter(|&&member| witnessed[member]).count() >= group.threshold
                }
            });
        }
        witnessed[quorum]
    }

    /// Whether any two quorums share a witness. If not, two views of the log could each be witnessed in full. False under
    /// `quorum none`.
    ///
    /// Exact for every policy: as each witness stands once, a group can be met twice by disjoint sets just if its
    /// members can be dealt out so, where a member that can itself be met twice counts for both sides.
    pub fn quorums_intersect(&self) -> bool {
        let Some(quorum) = self.quorum else { return false };
        let mut splits = Vec::with_capacity(self.members.len());
        for member in &self.members {
            splits.push(match member {
                Member::Witness(_) => false,
                Member::Group(group) => {
                    let twice = group.members.iter().filter(|&&member| splits[member]).count();
                    group.threshold * 2 <= group.members.len() + twice
                }
            });
        }
        !splits[quorum]
    }
}
