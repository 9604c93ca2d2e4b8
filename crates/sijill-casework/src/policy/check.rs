//! Whether a policy is complete, free of contradictions, and within the code lists.

use std::collections::{BTreeMap, BTreeSet};

use sijill_event::Class;

use super::{ANY, Combinations, DeadlineRule, Dimension, Finding, Policy, Rule, StepTo, Table, space};
use crate::catalogue::{CATALOGUE, FieldClass, FieldSpec};
use crate::codes::{Code, CodeBook, Label};
use crate::{Milestone, Priority};

/// The lists a policy draws on beside those of its dimensions.
const LISTS: [&str; 4] = ["service", "legal-basis", "referral-reason", "hold-reason"];

impl Policy {
    /// Everything that makes it unfit to come into force; nothing, if it is sound. Whether its units are there is for a
    /// registry to say ([`Policy::targets`]).
    pub fn check(&self, book: &CodeBook) -> Vec<Finding> {
        let whole = Combinations::all(book);
        let mut check = Check { policy: self, book, whole, needed: BTreeMap::new(), found: Vec::new() };
        check.lists();
        check.text("the policy", &self.title);
        for table in &self.tables {
            check.table(table);
        }
        for (id, set) in &self.field_sets {
            check.text(&format!("field set `{id}`"), &set.why);
            for field in set.fields.iter().filter(|field| !can_be_disclosed(field)) {
                check.found.push(Finding::UnknownField { set: id.clone(), field: field.clone() });
            }
        }
        check.deadlines();
        for (id, rule) in &self.retention {
            check.source(&format!("retention `{id}`"), &rule.source);
        }
        check.targets();
        check.found
    }
}

/// Whether some event has the field, and it is of a class that goes to others by referral: casework values go to every
/// party anyway, and who reported to nobody.
fn can_be_disclosed(field: &str) -> bool {
    let Some((class, name)) = field.split_once('.') else { return false };
    let discloses = |spec: &FieldSpec| match spec.class {
        FieldClass::Disclosed(Class::Casework | Class::Reporter) | FieldClass::Routing => false,
        FieldClass::Disclosed(of) => Class::parse(class) == Some(of) && spec.name == name,
    };
    CATALOGUE.iter().any(|kind| kind.fields.iter().any(discloses))
}

struct Check<'a> {
    policy: &'a Policy,
    book: &'a CodeBook,
    whole: Combinations,
    /// Which targets can be needed in which governorates.
    needed: BTreeMap<&'a str, BTreeSet<Code>>,
    found: Vec<Finding>,
}

impl<'a> Check<'a> {
    fn lists(&mut self) {
        let all = Dimension::ALL.map(Dimension::list).into_iter().chain(LISTS);
        let missing = all.filter(|list| self.book.list(list).is_none());
        self.found.extend(missing.map(|list| Finding::ListMissing { list }));
    }

    fn text(&mut self, place: &str, text: &Label) {
        if text.ar.trim().is_empty() || text.en.trim().is_empty() {
            self.found.push(Finding::TextMissing { place: place.to_owned() });
        }
    }

    fn source(&mut self, place: &str, source: &str) {
        if source.trim().is_empty() {
            self.found.push(Finding::SourceMissing { place: place.to_owned() });
        }
    }

    fn code(&mut self, place: &str, list: &'static str, code: &Code) {
        if self.book.list(list).is_some_and(|list| !list.is_current(code.as_str())) {
            self.found.push(Finding::UnknownCode { place: place.to_owned(), list, code: code.clone() });
        }
    }

    fn table(&mut self, table: &'a Table) {
        let place = format!("table `{}`", table.id);
        self.text(&place, &table.title);
        self.code(&place, "service", &table.service);
        let mut decided: Vec<(&Rule, Combinations)> = Vec::new();
        for rule in &table.rules {
            self.rule(table, rule);
            let Some(matches) = rule.when.within(&self.whole) else {
                let (table, id) = (table.id.clone(), rule.id.clone());
                self.found.push(Finding::Unreachable { table, rule: id, line: rule.line });
                continue;
            };
            if let Some(then) = &rule.then {
                let governorates = matches.codes(Dimension::Governorate).iter().cloned();
                self.needed.entry(&then.to).or_default().extend(governorates);
            }
            for (earlier, already) in &decided {
                if let Some(combination) = already.and(&matches) {
                    let rules = [earlier.id.clone(), rule.id.clone()];
                    self.found.push(Finding::Conflict { table: table.id.clone(), combination, rules });
                }
            }
            decided.push((rule, matches));
        }
        let undecided = self.whole.without_all(decided.iter().map(|(_, matches)| matches));
        let undecided = undecided
            .into_iter()
            .map(|combination| Finding::Undecided { table: table.id.clone(), combination });
        self.found.extend(undecided);
    }

    fn rule(&mut self, table: &'a Table, rule: &'a Rule) {
        let place = format!("table `{}`, rule `{}` (line {})", table.id, rule.id, rule.line);
        self.source(&place, &rule.source);
        for dimension in Dimension::ALL {
            for code in rule.when.named(dimension).into_iter().flatten() {
                let no_situation = dimension == Dimension::Situation && *code == space::no_situation();
                if !no_situation {
                    self.code(&place, dimension.list(), code);
                }
            }
        }
        let Some(then) = &rule.then else { return };
        self.code(&place, "legal-basis", &then.legal_basis);
        self.code(&place, "referral-reason", &then.reason);
        if then.legal_basis.as_str() == "consent" {
            self.found.push(Finding::ConsentPrescribed { place: place.clone() });
        }
        if !self.policy.field_sets.contains_key(&then.fields) {
            self.found.push(Finding::UnknownFieldSet { place: place.clone(), set: then.fields.clone() });
        }
        self.target(&place, &then.to);
    }

    fn target(&mut self, place: &str, id: &str) {
        if !self.policy.targets.contains_key(id) {
            self.found.push(Finding::UnknownTarget { place: place.to_owned(), target: id.to_owned() });
        }
    }

    fn deadlines(&mut self) {
        for deadline in &self.policy.deadlines {
            self.deadline(deadline);
        }
        for milestone in Milestone::ALL.iter().copied() {
            let (by, values): (_, Vec<String>) = if milestone.is_of_referral() {
                ("priority", Priority::ALL.iter().map(ToString::to_string).collect())
            } else {
                ("risk", self.whole.codes(Dimension::Risk).iter().map(ToString::to_string).collect())
            };
            for value in values {
                let mut rules = self
                    .policy
                    .deadlines
                    .iter()
                    .filter(|rule| rule.milestone == milestone && rule.is_for(&value))
                    .map(|rule| rule.id.clone());
                match (rules.next(), rules.next()) {
                    (None, _) => self.found.push(Finding::DeadlineMissing { milestone, by, value }),
                    (Some(_), None) => {}
                    (Some(one), Some(other)) => {
                        let deadlines = [one, other];
                        self.found.push(Finding::DeadlineTwice { milestone, by, value, deadlines });
                    }
                }
            }
        }
    }

    fn deadline(&mut self, rule: &'a DeadlineRule) {
        let place = format!("deadline `{}`", rule.id);
        self.source(&place, &rule.source);
        for reason in &rule.pause_on {
            self.code(&place, "hold-reason", reason);
        }
        for value in rule.when.iter().flatten() {
            if !rule.milestone.is_of_referral() {
                self.code(&place, "risk", value);
            } else if Priority::parse(value.as_str()).is_none() {
                let code = value.clone();
                self.found.push(Finding::UnknownCode { place: place.clone(), list: "priority", code });
            }
        }
        for remind in rule.remind.iter().filter(|remind| remind.wall_ms() >= rule.within.wall_ms()) {
            let (deadline, remind) = (rule.id.clone(), remind.to_string());
            self.found.push(Finding::ReminderTooEarly { deadline, remind, within: rule.within.to_string() });
        }
        if rule.ladder.is_empty() {
            let (deadline, ladder) = (rule.id.clone(), rule.ladder_id.clone());
            self.found.push(Finding::UnknownLadder { deadline, ladder });
        }
    }

    /// After everything that needs targets.
    fn targets(&mut self) {
        for (id, steps) in &self.policy.ladders {
            for step in steps {
                // A case may be anywhere, and so may a delay.
                if let StepTo::Target(target) = &step.to {
                    self.target(&format!("ladder `{id}`"), target);
                    let everywhere = self.whole.codes(Dimension::Governorate).iter().cloned();
                    self.needed.entry(target).or_default().extend(everywhere);
                }
            }
        }
        for (target, governorates) in std::mem::take(&mut self.needed) {
            let Some(units) = self.policy.targets.get(target) else { continue };
            if !units.contains_key(ANY) {
                let missing = governorates.into_iter().filter(|code| !units.contains_key(code.as_str()));
                let missing = missing
                    .map(|governorate| Finding::TargetMissing { target: target.to_owned(), governorate });
                self.found.extend(missing);
            }
        }
        for (id, units) in &self.policy.targets {
            for governorate in units.keys().filter(|key| key.as_str() != ANY) {
                self.code(&format!("target `{id}`"), "governorate", governorate);
            }
        }
    }
}
