//! Pathways as a decision table: who is asked, for what, by when (`docs/casework.md` §5).
//!
//! [`Policy::parse`] reads a policy and refuses what has no meaning; [`Policy::check`] says whether it is complete,
//! free of contradictions and within the code lists; [`Policy::prescribe`] asks it.
//!
//! ```text
//! space.rs      combinations of codes, as boxes: everything a table must decide
//! read.rs       TOML → policy
//! ask.rs        prescribe, explain
//! check.rs      what is wrong with a policy
//! finding.rs    how that is said
//! diff.rs       what another version changes
//! ```

mod ask;
mod check;
mod diff;
mod error;
mod finding;
mod read;
mod space;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use ask::{Explained, Prescription, Situation, Weighed};
pub use diff::Difference;
pub use error::PolicyError;
pub use finding::Finding;
pub use space::{Combinations, Dimension, When};

use crate::codes::{Code, Label};
use crate::{Address, Amount, Clock, Milestone, Priority};

/// The policy that comes with the programme.
pub const OMAN: &[u8] = include_bytes!("../../../../schemas/policies/oman-child-protection.toml");

/// The key that stands for every governorate in a target.
const ANY: &str = "any";

/// One version of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    id: String,
    title: Label,
    manual: String,
    effective: String,
    calendar: String,
    default_hours: String,
    open_for: Amount,
    timer_grace: Amount,
    tables: Vec<Table>,
    field_sets: BTreeMap<String, FieldSet>,
    targets: BTreeMap<String, BTreeMap<Code, Address>>,
    deadlines: Vec<DeadlineRule>,
    ladders: BTreeMap<String, Vec<Step>>,
    retention: BTreeMap<String, Retention>,
}

/// One question the policy answers for every combination: whether a service is asked for, and of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its id, as a referral cites it.
    pub id: String,
    /// What it decides.
    pub title: Label,
    /// The service that is asked for.
    pub service: Code,
    /// Its rules, in file order.
    pub rules: Vec<Rule>,
}

/// For some combinations, what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its id within the table, as a referral cites it.
    pub id: String,
    /// The combinations it decides.
    pub when: When,
    /// The referral to be made; `None`: nothing, and on purpose.
    pub then: Option<Then>,
    /// Law, regulation or manual section it rests on.
    pub source: String,
    /// The foreign rule it was modelled on, if nothing of Oman's says so.
    pub precedent: Option<String>,
    /// The line it begins on.
    pub line: usize,
}

/// A referral to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Then {
    /// The target's id.
    pub to: String,
    /// How urgent it is.
    pub priority: Priority,
    /// The id of the set of fields disclosed with it.
    pub fields: String,
    /// What the disclosure rests on.
    pub legal_basis: Code,
    /// Why it is made.
    pub reason: Code,
}

/// The least that a recipient must know, and why no less will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSet {
    /// `<class>.<name>`, as fields of events are called.
    pub fields: BTreeSet<String>,
    /// Why these.
    pub why: Label,
}

/// How long something may take, and what happens when it takes longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlineRule {
    /// Its id, as a breach cites it.
    pub id: String,
    /// What is owed.
    pub milestone: Milestone,
    /// For which priorities (of a referral) or risks (of a case); `None`: all.
    pub when: Option<BTreeSet<Code>>,
    /// How long.
    pub within: Amount,
    /// How time is counted.
    pub clock: Clock,
    /// Reasons of a hold that stop the clock.
    pub pause_on: BTreeSet<Code>,
    /// Whether the clock stands still while the recipient waits for an answer.
    pub pause_on_question: bool,
    /// How long before it is due a reminder goes out.
    pub remind: Vec<Amount>,
    /// The id of the ladder.
    pub ladder_id: String,
    /// The ladder itself; empty if there is none of that id, which [`Policy::check`] finds.
    pub ladder: Vec<Step>,
    /// Law, regulation or manual section it rests on.
    pub source: String,
    /// The foreign rule it was modelled on, if nothing of Oman's says so.
    pub precedent: Option<String>,
}

impl DeadlineRule {
    /// Whether it is the rule for this priority or risk.
    pub fn is_for(&self, value: &str) -> bool {
        self.when.as_ref().is_none_or(|values| values.contains(value))
    }
}

/// Who is told, how long after a deadline was missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Counted from the moment it was due, by the wall clock.
    pub after: Amount,
    /// Who is told.
    pub to: StepTo,
}

/// How long values are kept before the rule is ground to erase them. It erases nothing by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Of what.
    pub of: Retained,
    /// How long, by the wall clock: a case since it was closed or merged, a contact since it was logged.
    pub keep: Amount,
    /// Law, regulation or manual section it rests on.
    pub source: String,
    /// The foreign rule it was modelled on, if nothing of Oman's says so.
    pub precedent: Option<String>,
}

/// What a retention rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Retained {
    /// Cases.
    Case,
    /// Contacts, whether or not a case came of them.
    Contact,
}

/// Whom an escalation goes to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepTo {
    /// The supervisors of the unit that owes.
    Supervisor,
    /// The unit that owns the case.
    Owner,
    /// A target of the policy, in the case's governorate.
    Target(String),
}

impl fmt::Display for StepTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Supervisor => "supervisor",
            Self::Owner => "owner",
            Self::Target(id) => id,
        })
    }
}

impl Policy {
    /// Its id, as it is published under.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What people call it.
    pub fn title(&self) -> &Label {
        &self.title
    }

    /// The manual it puts into rules.
    pub fn manual(&self) -> &str {
        &self.manual
    }

    /// The day it is meant for, `YYYY-MM-DD`. What is in force is decided by the log alone.
    pub fn effective(&self) -> &str {
        &self.effective
    }

    /// The id of the calendar document.
    pub fn calendar(&self) -> &str {
        &self.calendar
    }

    /// The hours of units that set none.
    pub fn default_hours(&self) -> &str {
        &self.default_hours
    }

    /// How long a broken glass stays open.
    pub fn break_glass_open_for(&self) -> Amount {
        self.open_for
    }

    /// How late the automation may be before an act counts as delayed.
    pub fn timer_grace(&self) -> Amount {
        self.timer_grace
    }

    /// Its tables, in file order.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Its deadlines, in file order.
    pub fn deadlines(&self) -> &[DeadlineRule] {
        &self.deadlines
    }

    /// Every unit a referral or an escalation may go to, for a registry to say whether it is there.
    pub fn targets(&self) -> impl Iterator<Item = &Address> {
        self.targets.values().flat_map(BTreeMap::values).collect::<BTreeSet<_>>().into_iter()
    }

    /// The unit that a target is in a governorate.
    pub fn target(&self, id: &str, governorate: &str) -> Option<&Address> {
        let units = self.targets.get(id)?;
        units.get(governorate).or_else(|| units.get(ANY))
    }

    /// The rule for what is owed, by the referral's priority or the case's risk.
    pub fn deadline(&self, milestone: Milestone, value: &str) -> Option<&DeadlineRule> {
        self.deadlines.iter().find(|rule| rule.milestone == milestone && rule.is_for(value))
    }

    /// A retention rule by its id.
    pub fn retention(&self, id: &str) -> Option<&Retention> {
        self.retention.get(id)
    }

    fn fields(&self, set: &str) -> BTreeSet<String> {
        self.field_sets.get(set).map(|set| set.fields.clone()).unwrap_or_default()
    }
}
