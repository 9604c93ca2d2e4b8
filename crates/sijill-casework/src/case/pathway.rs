//! Every way through the referral's machine, found by trying each step at each stage: what process mining compares the
//! real paths with. No rule stands here.

use std::collections::BTreeSet;

use super::referral::{Stage, Step};
use crate::catalogue::{ReferralBreached, ReferralRequested, ReferralState, ReferralWithdrawn};

/// One step that the rules allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Passage {
    /// Where the referral stands before; `None` before there is one.
    pub from: Option<Stage>,
    /// The type of the event.
    pub event: &'static str,
    /// Where it stands after.
    pub to: Stage,
}

/// Every step that can come, from the request on, in ascending order. A referral may be at any stage when a log ends.
///
/// `referral.cancelled` leads to two stages, by who signs it. What settles a referral from outside, a new one in its
/// place, is no step of its own and not among them.
pub fn pathway() -> BTreeSet<Passage> {
    let begins = Stage {
        state: ReferralState::Requested,
        resumes: ReferralState::Requested,
        breached: false,
        disposed: false,
    };
    let mut passages = BTreeSet::from([Passage { from: None, event: ReferralRequested::TYPE, to: begins }]);
    let (mut found, mut ahead) = (BTreeSet::from([begins]), vec![begins]);
    while let Some(stage) = ahead.pop() {
        for (event, to) in steps(stage) {
            passages.insert(Passage { from: Some(stage), event, to });
            if found.insert(to) {
                ahead.push(to);
            }
        }
    }
    passages
}

fn steps(stage: Stage) -> Vec<(&'static str, Stage)> {
    let mut steps = Vec::new();
    for (event, step) in Step::ALL.into_iter().filter(|(_, step)| step.is_open(stage)) {
        // Only a cancellation heeds who takes it.
        for by_owner in [false, true] {
            let to = match step.leads_to(stage, by_owner) {
                Some(entered) => stage.enter(entered),
                None => Stage { disposed: true, ..stage },
            };
            steps.push((event, to.plain()));
        }
    }
    if stage.state.is_live() {
        // What the automation does to it, at any live stage.
        steps.push((ReferralWithdrawn::TYPE, stage.enter(ReferralState::Withdrawn).plain()));
        steps.push((ReferralBreached::TYPE, Stage { breached: true, ..stage }));
    }
    steps
}

impl Stage {
    /// Two stages between which no rule tells are one.
    fn plain(self) -> Self {
        let waits = matches!(self.state, ReferralState::OnHold | ReferralState::InfoRequested);
        Self { resumes: if waits { self.resumes } else { ReferralState::Requested }, ..self }
    }
}
