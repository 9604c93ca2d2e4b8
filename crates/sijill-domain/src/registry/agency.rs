//! What the registry knows of an agency.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sijill_event::Timestamp;

use crate::event::{Grant, Name, OfficerKind, Role};
use crate::{AgencyId, OfficerId, UnitId};

/// An agency. Its id is for good; what it is called has a history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Agency {
    /// What it was called since when, oldest first.
    pub names: Vec<Naming>,
    /// What it may have officers for.
    pub grants: BTreeSet<Grant>,
    /// Whether it votes.
    pub member: bool,
    /// Whether it is there still.
    pub standing: Standing,
    /// Its units, closed ones too.
    pub units: BTreeMap<UnitId, Unit>,
    /// Its officers, removed ones too.
    pub officers: BTreeMap<OfficerId, Officer>,
}

/// A name and from when it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Naming {
    /// Unix milliseconds: `received` of the entry that gave the name, or the time it was scheduled for.
    pub since: u64,
    /// The name.
    pub name: Name,
}

/// Whether an agency is there still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is.
    Active,
    /// It left; none of its keys signs.
    Removed,
    /// It became part of this one. Its officers sign on.
    Merged(AgencyId),
}

/// A unit: what cases and referrals are addressed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// What it was called since when, oldest first.
    pub names: Vec<Naming>,
    /// Whether it is open. A closed one stays closed.
    pub open: bool,
    /// The hours it works by, if it named any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<UnitId>,
    /// Which hours it named in which entry, oldest first.
    #[serde(skip)]
    pub(super) calendars: Vec<(u64, UnitId)>,
}

/// A person or system that signs for an agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Officer {
    /// A person or a system.
    pub kind: OfficerKind,
    /// Where it works.
    pub unit: UnitId,
    /// Where it worked from which entry on, oldest first.
    #[serde(skip)]
    pub(super) units: Vec<(u64, UnitId)>,
    /// What it was given to do. What counts is [`Agency::may_use`].
    pub roles: BTreeSet<Role>,
    /// What it was trained in, and until when that counts.
    pub certificates: BTreeMap<UnitId, Timestamp>,
    /// Whether the members suspended it as registrar.
    pub suspended: bool,
    /// Whether it left.
    pub removed: bool,
}

impl Agency {
    pub(super) fn new(name: &Name, since: u64, grants: &BTreeSet<Grant>, member: bool) -> Self {
        Self {
            names: vec![Naming { since, name: name.clone() }],
            grants: grants.clone(),
            member,
            standing: Standing::Active,
            units: BTreeMap::new(),
            officers: BTreeMap::new(),
        }
    }

    /// Neither removed nor merged.
    pub fn is_active(&self) -> bool {
        self.standing == Standing::Active
    }

    /// Removed; merged does not count.
    pub fn is_removed(&self) -> bool {
        self.standing == Standing::Removed
    }

    /// The unit, if it is open.
    pub fn open_unit(&self, unit: &str) -> Option<&Unit> {
        self.units.get(unit).filter(|unit| unit.open)
    }

    /// The officer, if it was enrolled and not removed.
    pub fn officer(&self, officer: &str) -> Option<&Officer> {
        self.officers.get(officer).filter(|officer| !officer.removed)
    }

    /// Whether its officers may have this role, and use it.
    pub fn is_granted(&self, role: Role) -> bool {
        role.grant().is_none_or(|grant| self.grants.contains(&grant))
    }

    /// Whether the officer has the role, the agency the grant for it, and nobody suspended it.
    pub fn may_use(&self, officer: &Officer, role: Role) -> bool {
        let suspended = role == Role::Registrar && officer.suspended;
        officer.roles.contains(&role) && self.is_granted(role) && !suspended
    }
}

impl Officer {
    /// Where it works when it signs the entry at `index`.
    pub fn unit_at(&self, index: u64) -> &UnitId {
        at(&self.units, index).unwrap_or(&self.unit)
    }
}

/// What the last entry before `index` said.
fn at(history: &[(u64, UnitId)], index: u64) -> Option<&UnitId> {
    history.iter().rev().find(|(since, _)| *since < index).map(|(_, id)| id)
}

impl Unit {
    /// The hours it works by at the entry at `index`, if it had named any.
    pub fn calendar_at(&self, index: u64) -> Option<&UnitId> {
        at(&self.calendars, index)
    }

    pub(super) fn new(name: &Name, since: u64) -> Self {
        Self {
            names: vec![Naming { since, name: name.clone() }],
            open: true,
            calendar: None,
            calendars: Vec::new(),
        }
    }
}

/// What something was called at a time; `None` before it was called anything.
pub fn name_at(names: &[Naming], unix_ms: u64) -> Option<&Name> {
    names.iter().rev().find(|naming| naming.since <= unix_ms).map(|naming| &naming.name)
}
