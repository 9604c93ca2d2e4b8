//! The queues a case stands in.

use std::collections::BTreeMap;

use super::{CaseFile, Status};
use crate::Address;
use crate::Priority;

/// Why a case stands in a unit's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum DeskKind {
    /// The unit owns it.
    Owner = 0,
    /// A live referral is addressed to the unit.
    Referral = 1,
    /// An escalation was raised to it.
    Escalation = 2,
    /// It is asked to take the case.
    Transfer = 3,
    /// It has yet to confirm that it stopped using what a withdrawn consent had opened.
    Withdrawal = 4,
    /// It was told of an erasure, and has yet to confirm that it erased what it held.
    Erasure = 5,
}

impl DeskKind {
    /// Its word, as the API has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Referral => "referral",
            Self::Escalation => "escalation",
            Self::Transfer => "transfer",
            Self::Withdrawal => "withdrawal",
            Self::Erasure => "erasure",
        }
    }

    /// From the store's number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Owner, Self::Referral, Self::Escalation, Self::Transfer, Self::Withdrawal, Self::Erasure]
            .into_iter()
            .find(|kind| *kind as u8 == number)
    }
}

/// A place in a unit's queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whose queue.
    pub unit: Address,
    /// Why the case stands there.
    pub kind: DeskKind,
    /// When the first of what the unit owes in the case falls due, Unix milliseconds; `None` if nothing is running.
    pub due: Option<u64>,
    /// Whether it goes before what is not.
    pub urgent: bool,
}

impl CaseFile {
    /// The queues it stands in: one place for each unit and reason.
    pub fn queues(&self) -> Vec<Place> {
        let due = |unit: &Address| {
            let deadlines = self.case.iter().flat_map(|case| &case.deadlines);
            let running = deadlines.filter(|deadline| deadline.runs() && deadline.owes == *unit);
            running.filter_map(|deadline| deadline.due).min()
        };
        let mut places = BTreeMap::new();
        let mut add = |kind: DeskKind, unit: &Address, urgent: bool| {
            let place = places.entry((kind, unit.clone())).or_insert_with(|| Place {
                unit: unit.clone(),
                kind,
                due: due(unit),
                urgent,
            });
            place.urgent |= urgent;
        };
        for (unit, confirmed) in self.outline.erasures.values().flat_map(|erasure| &erasure.told) {
            if !confirmed {
                add(DeskKind::Erasure, unit, false);
            }
        }
        let Some(case) = &self.case else { return places.into_values().collect() };
        let high = case.situation.risk.as_str() == "high";
        if case.status == Status::Open {
            add(DeskKind::Owner, &case.owner, high);
        }
        for referral in case.referrals.values().filter(|referral| referral.state.is_live()) {
            add(DeskKind::Referral, &referral.to, referral.priority == Priority::Urgent);
        }
        for escalation in case.escalations.values().filter(|escalation| !escalation.resolved) {
            add(DeskKind::Escalation, &escalation.to, high);
        }
        if let Some((_, to)) = &case.transfer {
            add(DeskKind::Transfer, to, high);
        }
        for told in case.withdrawals.values().flat_map(|withdrawal| &withdrawal.told) {
            if !told.1 {
                add(DeskKind::Withdrawal, told.0, false);
            }
        }
        places.into_values().collect()
    }
}
