//! What another version of a policy changes: read by those who vote on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Combinations, DeadlineRule, Policy, Retained, Rule, Step, Table, space};
use crate::codes::{Code, CodeBook};
use crate::{Address, Milestone};

/// One change. As text, a sentence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// What a table says to some combinations.
    Decision {
        /// The table.
        table: String,
        /// To which it says something else now; boxes that share nothing.
        combinations: Vec<Combinations>,
        /// What it said.
        before: String,
        /// What it says.
        after: String,
    },
    /// Something that is not asked by combination: a deadline, a ladder, a target, a setting.
    Setting {
        /// What it is.
        what: String,
        /// What it was; `None` if it is new.
        before: Option<String>,
        /// What it is; `None` if it is gone.
        after: Option<String>,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decision { table, combinations, before, after } => {
                let count: usize = combinations.iter().map(Combinations::len).sum();
                let noun = if count == 1 { "combination" } else { "combinations" };
                write!(f, "Table `{table}`: {after} instead of {before}, for {count} {noun}: ")?;
                let boxes: Vec<String> = combinations.iter().map(ToString::to_string).collect();
                write!(f, "{}.", boxes.join("; "))
            }
            Self::Setting { what, before: Some(before), after: Some(after) } => {
                write!(f, "{what}: {after} instead of {before}.")
            }
            Self::Setting { what, before: None, after: Some(after) } => write!(f, "{what} is new: {after}."),
            Self::Setting { what, before: Some(before), after: None } => {
                write!(f, "{what} is gone: {before}.")
            }
            Self::Setting { what, before: None, after: None } => write!(f, "{what}: nothing."),
        }
    }
}

impl Policy {
    /// What changes when `after` takes the place of `before`, with these code lists. Nothing: they decide alike, though
    /// their sources and texts may differ.
    pub fn diff(before: &Self, after: &Self, book: &CodeBook) -> Vec<Difference> {
        let whole = Combinations::all(book);
        let mut differences = Vec::new();
        let ids =
            before.tables.iter().chain(after.tables.iter().filter(|table| before.table(&table.id).is_none()));
        for table in ids {
            decisions(&whole, &table.id, (before, after), &mut differences);
        }
        let (was, is) = (before.settings(&whole), after.settings(&whole));
        let settings: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        for what in settings {
            let (before, after) = (was.get(what), is.get(what));
            if before != after {
                let (before, after) = (before.cloned(), after.cloned());
                differences.push(Difference::Setting { what: what.clone(), before, after });
            }
        }
        differences
    }

    fn table(&self, id: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.id == id)
    }

    /// What a table does with every combination: what it says, and to which.
    fn outcomes(&self, whole: &Combinations, table: &str) -> Vec<(String, Combinations)> {
        let Some(table) = self.table(table) else { return vec![("no such table".to_owned(), whole.clone())] };
        let within = |rule: &Rule| Some((self.sentence(table, rule), rule.when.within(whole)?));
        let mut outcomes: Vec<(String, Combinations)> = table.rules.iter().filter_map(within).collect();
        let undecided = whole.without_all(outcomes.iter().map(|(_, combinations)| combinations));
        outcomes.extend(undecided.into_iter().map(|left| ("undecided".to_owned(), left)));
        outcomes
    }

    fn sentence(&self, table: &Table, rule: &Rule) -> String {
        let Some(then) = &rule.then else { return "nothing".to_owned() };
        let fields: Vec<String> = self.fields(&then.fields).into_iter().collect();
        format!(
            "{} referral to `{}` for `{}` ({}, {}; disclosing {})",
            then.priority,
            then.to,
            table.service,
            then.reason,
            then.legal_basis,
            if fields.is_empty() { "nothing".to_owned() } else { fields.join(", ") }
        )
    }

    /// Everything but the tables, each as one line by its name. Deadlines by what they are for, not by their ids: a rule
    /// that is split in two changes nothing.
    fn settings(&self, whole: &Combinations) -> BTreeMap<String, String> {
        let mut lines = BTreeMap::from([
            ("Calendar".to_owned(), format!("`{}`, hours `{}`", self.calendar, self.default_hours)),
            ("Broken glass is open for".to_owned(), self.open_for.to_string()),
            ("Grace of the automation".to_owned(), self.timer_grace.to_string()),
        ]);
        for milestone in Milestone::ALL {
            let values: Vec<String> = if milestone.is_of_referral() {
                crate::Priority::ALL.iter().map(ToString::to_string).collect()
            } else {
                whole.codes(super::Dimension::Risk).iter().map(ToString::to_string).collect()
            };
            for value in values {
                if let Some(rule) = self.deadline(*milestone, &value) {
                    lines.insert(format!("Deadline `{milestone}` of `{value}`"), deadline(rule));
                }
            }
        }
        for (id, steps) in &self.ladders {
            lines.insert(format!("Ladder `{id}`"), ladder(steps));
        }
        for (id, units) in &self.targets {
            for (governorate, unit) in units {
                let unit: &Address = unit;
                lines.insert(format!("Target `{id}` in {governorate}"), unit.to_string());
            }
        }
        for (id, rule) in &self.retention {
            let of = if rule.of == Retained::Case { "cases" } else { "contacts" };
            lines.insert(format!("Retention `{id}`"), format!("{of} for {}", rule.keep));
        }
        lines
    }
}

fn decisions(
    whole: &Combinations,
    table: &str,
    (before, after): (&Policy, &Policy),
    differences: &mut Vec<Difference>,
) {
    let is = after.outcomes(whole, table);
    let mut changed: BTreeMap<(String, String), Vec<Combinations>> = BTreeMap::new();
    for (was, where_was) in before.outcomes(whole, table) {
        for (now, where_now) in &is {
            if was != *now
                && let Some(both) = where_was.and(where_now)
            {
                changed.entry((was.clone(), now.clone())).or_default().push(both);
            }
        }
    }
    differences.extend(changed.into_iter().map(|((before, after), boxes)| {
        let (table, combinations) = (table.to_owned(), space::merged(boxes));
        Difference::Decision { table, combinations, before, after }
    }));
}

fn deadline(rule: &DeadlineRule) -> String {
    let codes: Vec<&str> = rule.pause_on.iter().map(Code::as_str).collect();
    let remind: Vec<String> = rule.remind.iter().map(|amount| format!("{amount} before")).collect();
    let said = |words: Vec<String>| if words.is_empty() { "never".to_owned() } else { words.join(", ") };
    format!(
        "within {} by the {} clock, paused on: {}{}, reminders: {}, ladder `{}`",
        rule.within,
        rule.clock,
        said(codes.into_iter().map(str::to_owned).collect()),
        if rule.pause_on_question { "" } else { " (not by a question)" },
        said(remind),
        rule.ladder_id
    )
}

fn ladder(steps: &[Step]) -> String {
    let steps: Vec<String> = steps.iter().map(|step| format!("{} after {}", step.to, step.after)).collect();
    steps.join(", ")
}
