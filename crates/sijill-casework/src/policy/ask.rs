//! Asking a policy: what it prescribes, and why.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Combinations, Dimension, Policy, Rule, Table, space};
use crate::codes::{Code, Label};
use crate::{Address, Priority};

/// What is known of a case when the tables are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// What is feared for the child. None at all: no table is asked.
    pub concerns: BTreeSet<Code>,
    /// The risk.
    pub risk: Code,
    /// The child's age band.
    pub age: Code,
    /// Where the case is.
    pub governorate: Code,
    /// What is recorded of the child's situation; may be nothing.
    pub situations: BTreeSet<Code>,
}

/// A referral that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Prescription {
    /// The table it follows from.
    pub table: String,
    /// The rule of that table.
    pub rule: String,
    /// The target's id.
    pub target: String,
    /// The unit that the target is in the case's governorate.
    pub to: Address,
    /// What is asked for.
    pub service: Code,
    /// How urgent it is.
    pub priority: Priority,
    /// What is disclosed with it: `identity.name`.
    pub fields: BTreeSet<String>,
    /// What the disclosure rests on.
    pub legal_basis: Code,
    /// Why it is made.
    pub reason: Code,
}

/// What one table says to one combination, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The table.
    pub table: String,
    /// What it decides.
    pub title: Label,
    /// The concern it was asked with.
    pub concern: Code,
    /// The situation it was asked with, or `none`.
    pub situation: Code,
    /// Its rules, in file order.
    pub rules: Vec<Weighed>,
}

/// One rule held against one combination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Weighed {
    /// The rule.
    pub rule: String,
    /// Why it did not match: the dimensions whose code is none it names. Empty: it matched.
    pub missed: Vec<Dimension>,
    /// What it says, if it matched and does not say `nothing`.
    pub says: Option<Prescription>,
    /// What it rests on.
    pub source: String,
}

impl Policy {
    /// The referrals to be made, in the order of tables and in a table of rules; of several rules of a table with one
    /// target the first in file order of the highest priority. A target that has no unit in the governorate is passed over: [`Policy::check`]
    /// finds that before such a policy comes into force.
    pub fn prescribe(&self, case: &Situation) -> Vec<Prescription> {
        let asked = Combinations::of(case);
        let mut prescribed: Vec<Prescription> = Vec::new();
        for table in &self.tables {
            let from = prescribed.len();
            for rule in &table.rules {
                // The dimensions are independent: a rule matches a combination of the case's codes if it names one in each.
                let says =
                    if rule.when.missed(&asked).is_empty() { self.says(table, rule, case) } else { None };
                let Some(says) = says else { continue };
                match prescribed[from..].iter().position(|earlier| earlier.target == says.target) {
                    Some(at) if prescribed[from + at].priority >= says.priority => {}
                    Some(at) => {
                        prescribed.remove(from + at);
                        prescribed.push(says);
                    }
                    None => prescribed.push(says),
                }
            }
        }
        prescribed
    }

    /// Every table asked with every combination of one concern and one situation.
    pub fn explain(&self, case: &Situation) -> Vec<Explained> {
        let whole = Combinations::of(case);
        let mut explained = Vec::new();
        for table in &self.tables {
            for concern in &case.concerns {
                for situation in whole.codes(Dimension::Situation) {
                    explained.push(self.explain_one(table, case, concern, situation));
                }
            }
        }
        explained
    }

    fn explain_one(&self, table: &Table, case: &Situation, concern: &Code, situation: &Code) -> Explained {
        let mut situations = BTreeSet::from([situation.clone()]);
        situations.remove(&space::no_situation());
        let concerns = BTreeSet::from([concern.clone()]);
        let asked = Combinations::of(&Situation { concerns, situations, ..case.clone() });
        let weigh = |rule: &Rule| {
            let missed = rule.when.missed(&asked);
            let says = if missed.is_empty() { self.says(table, rule, case) } else { None };
            Weighed { rule: rule.id.clone(), missed, says, source: rule.source.clone() }
        };
        Explained {
            table: table.id.clone(),
            title: table.title.clone(),
            concern: concern.clone(),
            situation: situation.clone(),
            rules: table.rules.iter().map(weigh).collect(),
        }
    }

    fn says(&self, table: &Table, rule: &Rule, case: &Situation) -> Option<Prescription> {
        let then = rule.then.as_ref()?;
        Some(Prescription {
            table: table.id.clone(),
            rule: rule.id.clone(),
            target: then.to.clone(),
            to: self.target(&then.to, case.governorate.as_str())?.clone(),
            service: table.service.clone(),
            priority: then.priority,
            fields: self.fields(&then.fields),
            legal_basis: then.legal_basis.clone(),
            reason: then.reason.clone(),
        })
    }
}
