//! Clocks: what is owed by when, and what the automation does when it is not (`docs/casework.md` §6, §7).

use std::sync::Arc;

use sijill_event::Digest;

use super::World;
use crate::calendar::Pause;
use crate::policy::{DeadlineRule, Policy, StepTo};
use crate::{Address, Milestone};

/// A clock. It keeps the policy it was set under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// What is owed.
    pub milestone: Milestone,
    /// The event that set it.
    pub of: Digest,
    /// That event's entry.
    pub index: u64,
    /// The referral, conference, withdrawal, … it is about; `None` for the case as a whole.
    pub subject: Option<Digest>,
    /// Who owes it.
    pub owes: Address,
    /// When it began to run, Unix milliseconds.
    pub started: u64,
    /// Version of the policy it was set under.
    pub policy: u64,
    /// The moment it counts backward from, if it does.
    pub(super) back_from: Option<u64>,
    /// The length and what follows.
    pub(super) rule: Arc<DeadlineRule>,
    pub(super) under: Arc<Policy>,
    /// The hours it runs by.
    pub(super) hours: String,
    /// When it stood still.
    pub pauses: Vec<Pause>,
    /// The absolute time a variation set.
    pub varied: Option<u64>,
    /// When it falls due by what is known of the calendar; `None` while it stands still.
    pub due: Option<u64>,
    /// When it was met or ended.
    pub met: Option<u64>,
    /// When the automation recorded that it was missed.
    pub breached: Option<u64>,
    /// Reminders, breach and escalations done so far.
    pub(super) done: u32,
}

/// What a deadline has the automation do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing<'a> {
    /// Remind who owes.
    Remind,
    /// Record that it was missed.
    Breach,
    /// Tell somebody above, the n-th step of the ladder.
    Escalate(u32, &'a StepTo),
}

impl Deadline {
    /// Whether it was neither met nor ended.
    pub fn runs(&self) -> bool {
        self.met.is_none()
    }

    /// Whether it stands still now.
    pub fn is_paused(&self) -> bool {
        self.pauses.last().is_some_and(|pause| pause.to.is_none())
    }

    /// Whether whoever owns the case owes it.
    pub(super) fn is_of_owner(&self) -> bool {
        !self.milestone.is_of_referral() && self.milestone != Milestone::ConfirmWithdrawal
    }

    /// The rule it was set by.
    pub fn rule(&self) -> &DeadlineRule {
        &self.rule
    }

    /// The hours it runs by, as the calendar names them.
    pub fn hours(&self) -> &str {
        &self.hours
    }

    /// Computes anew when it falls due.
    pub(super) fn reckon(&mut self, world: &World) {
        if !self.is_pending() {
            return;
        }
        let timing = World::timing(self.rule.clock, &self.hours);
        self.due = match (self.varied, self.back_from) {
            (Some(until), _) => Some(until),
            (None, Some(end)) => world.almanac().back(timing, end, self.rule.within),
            (None, None) => world.almanac().due(timing, self.started, self.rule.within, &self.pauses),
        };
    }

    /// Whether it may still be missed: neither met nor missed.
    pub(super) fn is_pending(&self) -> bool {
        self.runs() && self.breached.is_none()
    }

    pub(super) fn pause(&mut self, at: u64) {
        if !self.is_paused() {
            self.pauses.push(Pause { from: at, to: None });
        }
    }

    pub(super) fn resume(&mut self, at: u64) {
        if let Some(pause) = self.pauses.last_mut()
            && pause.to.is_none()
        {
            pause.to = Some(at);
        }
    }

    /// What it has the automation do next, and at which instant.
    pub(super) fn next(&self) -> Option<(u64, Doing<'_>)> {
        let due = self.due.filter(|_| self.runs())?;
        let mut steps = self.steps(due);
        steps.nth(usize::try_from(self.done).ok()?)
    }

    fn steps(&self, due: u64) -> impl Iterator<Item = (u64, Doing<'_>)> {
        let mut reminders: Vec<u64> =
            self.rule.remind.iter().map(|before| due.saturating_sub(before.wall_ms())).collect();
        reminders.sort_unstable();
        let ladder = self.rule.ladder.iter().zip(1_u32..);
        // A reminder whose time had passed when the clock was set is given at once: skipping it would renumber the rest.
        let reminders = reminders.into_iter().map(move |at| (at.max(self.started).min(due), Doing::Remind));
        reminders
            .chain(std::iter::once((due, Doing::Breach)))
            .chain(ladder.map(move |(step, n)| (due + step.after.wall_ms(), Doing::Escalate(n, &step.to))))
    }
}
