//! What follows for the work in a case, its owner, and those who are told of it.

use std::collections::BTreeSet;

use sijill_event::Digest;

use super::super::author::Author;
use super::super::file::{BrokenGlass, Case, PlanState, Status};
use super::Evolving;
use super::clocks::stop;
use crate::policy::Situation;
use crate::{Address, Code, Milestone};

impl Evolving<'_> {
    pub(super) fn edit(&mut self, edit: impl FnOnce(&mut Case)) {
        if let Some(case) = self.case() {
            edit(case);
        }
    }

    pub(super) fn situation(&mut self, edit: impl FnOnce(&mut Situation)) {
        self.edit(|case| edit(&mut case.situation));
    }

    pub(super) fn assess_risk(
        &mut self,
        concerns: &BTreeSet<Code>,
        risk: &Code,
        situations: &BTreeSet<Code>,
    ) {
        let Some(case) = self.case() else { return };
        let risen = rank(risk) > rank(&case.situation.risk);
        case.situation.concerns = concerns.iter().cloned().collect();
        case.situation.risk = risk.clone();
        case.situation.situations.extend(situations.iter().cloned());
        let owner = case.owner.clone();
        if risen {
            for milestone in [Milestone::Assess, Milestone::SeeChild] {
                self.end(milestone);
                self.start(milestone, None, owner.clone());
            }
        }
    }

    pub(super) fn transfer(&mut self) {
        let Some(case) = self.case() else { return };
        let Some((_, to)) = case.transfer.take() else { return };
        case.owner = to.clone();
        case.assigned = None;
        for deadline in case.deadlines.iter_mut().filter(|d| d.runs() && d.is_of_owner()) {
            deadline.owes = to.clone();
        }
        self.end(Milestone::Assign);
        self.start(Milestone::Assign, None, to);
    }

    pub(super) fn decide_plan(&mut self, plan: &Digest, state: PlanState) {
        self.edit(|case| {
            if let Some(plan) = case.plans.get_mut(plan) {
                plan.state = state;
            }
        });
    }

    pub(super) fn break_glass(&mut self) {
        let Some(by) = self.author.as_ref().map(Author::person) else { return };
        let open_for =
            self.world.policy_at(self.at.index).map_or(0, |p| p.policy.break_glass_open_for().wall_ms());
        let until = self.at.received.saturating_add(open_for);
        self.file.broken.insert(self.hash, BrokenGlass { by, until, reviewed: false });
        if let Some(owner) = self.case().map(|case| case.owner.clone()) {
            self.start(Milestone::ReviewBreakGlass, Some(self.hash), owner);
        }
    }

    pub(super) fn told(&mut self, about: &Digest, to: &Address) {
        let withdrawal = self.file.events.get(about).is_some_and(|e| e.event_type == "consent.withdrawn");
        if withdrawal {
            self.edit(|case| {
                case.withdrawals.entry(*about).or_default().told.insert(to.clone(), false);
            });
            self.start(Milestone::ConfirmWithdrawal, Some(*about), to.clone());
        }
    }

    pub(super) fn confirm(&mut self, withdrawal: &Digest) {
        let Some(unit) = self.author.as_ref().map(|author| author.unit.clone()) else { return };
        let at = self.at.received;
        self.edit(|case| {
            if let Some(told) = case.withdrawals.get_mut(withdrawal).and_then(|w| w.told.get_mut(&unit)) {
                *told = true;
            }
            let confirmed = case.deadlines.iter_mut().filter(|d| {
                d.milestone == Milestone::ConfirmWithdrawal
                    && d.subject == Some(*withdrawal)
                    && d.owes == unit
            });
            confirmed.for_each(|deadline| stop(deadline, at));
        });
    }

    pub(super) fn reopen(&mut self, owner: Address) {
        self.edit(|case| case.status = Status::Open);
        self.start(Milestone::Assess, None, owner);
    }
}

/// Risks in their order; a code the program does not know counts as the lowest.
fn rank(risk: &Code) -> u8 {
    match risk.as_str() {
        "high" => 3,
        "medium" => 2,
        "low" => 1,
        _ => 0,
    }
}
