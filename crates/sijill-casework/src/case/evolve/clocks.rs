//! What follows for the clocks: which start, are met, missed, varied.

use std::sync::Arc;

use sijill_event::{Digest, Timestamp};

use super::super::deadline::Deadline;
use super::Evolving;
use crate::catalogue::DeadlineVaried;
use crate::{Address, Milestone};

impl Evolving<'_> {
    pub(super) fn vary(&mut self, act: &DeadlineVaried) {
        let until = u64::try_from(Timestamp::unix_ms(&act.until)).ok();
        self.edit(|case| {
            let varied = case
                .deadlines
                .iter_mut()
                .filter(|d| d.runs() && d.of == act.deadline.of && d.milestone == act.deadline.milestone);
            for deadline in varied {
                deadline.varied = until;
                deadline.due = None;
            }
        });
    }

    /// Closing or merging ends what the work owed; what is owed to people outlives it.
    pub(super) fn end_work(&mut self) {
        let at = self.at.received;
        self.edit(|case| {
            for deadline in &mut case.deadlines {
                let outlives = matches!(
                    deadline.milestone,
                    Milestone::ReviewBreakGlass | Milestone::ConfirmWithdrawal | Milestone::NotifyBreach
                );
                if !outlives {
                    stop(deadline, at);
                }
            }
        });
    }

    /// The case's deadlines of this milestone are met.
    pub(super) fn meet(&mut self, milestone: Milestone) {
        let at = self.at.received;
        self.edit(|case| {
            case.deadlines.iter_mut().filter(|d| d.milestone == milestone).for_each(|d| stop(d, at));
        });
    }

    /// They no longer count, for a new one is about to be set.
    pub(super) fn end(&mut self, milestone: Milestone) {
        self.meet(milestone);
    }

    pub(super) fn meet_about(&mut self, milestone: Milestone, subject: &Digest) {
        let at = self.at.received;
        self.edit(|case| {
            let about = |d: &&mut Deadline| d.milestone == milestone && d.subject == Some(*subject);
            case.deadlines.iter_mut().filter(about).for_each(|d| stop(d, at));
        });
    }

    pub(super) fn done(&mut self, milestone: Milestone, of: &Digest) {
        self.with(milestone, of, |deadline| deadline.done += 1);
    }

    /// It was missed. The ladder counts from when it was due then, whatever becomes of the calendar.
    pub(super) fn mark(&mut self, milestone: Milestone, of: &Digest, due: u64) {
        let at = self.at.received;
        self.with(milestone, of, |deadline| (deadline.due, deadline.breached) = (Some(due), Some(at)));
    }

    pub(super) fn with(&mut self, milestone: Milestone, of: &Digest, edit: impl FnOnce(&mut Deadline)) {
        self.edit(|case| {
            let mut deadlines = case.deadlines.iter_mut();
            if let Some(deadline) = deadlines.find(|d| d.of == *of && d.milestone == milestone) {
                edit(deadline);
            }
        });
    }

    pub(super) fn start(&mut self, milestone: Milestone, subject: Option<Digest>, owes: Address) {
        self.start_at(milestone, subject, owes, None);
    }

    pub(super) fn start_back(&mut self, milestone: Milestone, subject: Digest, owes: Address, from: u64) {
        self.start_at(milestone, Some(subject), owes, Some(from));
    }

    pub(super) fn start_at(
        &mut self,
        milestone: Milestone,
        subject: Option<Digest>,
        owes: Address,
        back_from: Option<u64>,
    ) {
        let Some(in_force) = self.world.policy_at(self.at.index) else { return };
        let (hash, at) = (self.hash, self.at);
        let Some(case) = self.file.case.as_mut() else { return };
        let value = match subject.and_then(|subject| case.referrals.get(&subject)) {
            Some(referral) if milestone.is_of_referral() => referral.priority.as_str().to_owned(),
            _ => case.situation.risk.to_string(),
        };
        let Some(rule) = in_force.policy.deadline(milestone, &value) else { return };
        let claimed = matches!(milestone, Milestone::Assign | Milestone::Assess | Milestone::SeeChild)
            && case.opened == hash;
        let hours = self.world.hours(at.index, &owes, &in_force.policy).to_owned();
        let mut deadline = Deadline {
            milestone,
            of: hash,
            index: at.index,
            subject,
            owes,
            started: if claimed { case.reported } else { at.received },
            policy: in_force.version,
            back_from,
            rule: Arc::new(rule.clone()),
            under: Arc::clone(&in_force.policy),
            hours,
            pauses: Vec::new(),
            varied: None,
            due: None,
            met: None,
            breached: None,
            done: 0,
        };
        deadline.reckon(self.world);
        case.deadlines.push(deadline);
    }
}

pub(super) fn stop(deadline: &mut Deadline, at: u64) {
    if deadline.runs() {
        deadline.met = Some(at);
    }
}
