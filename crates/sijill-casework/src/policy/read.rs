//! TOML → policy.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::space::{Dimension, When};
use super::{
    DeadlineRule, FieldSet, Policy, PolicyError, Retained, Retention, Rule, Step, StepTo, Table, Then,
};
use crate::codes::{Code, Label};
use crate::{Address, Amount, Clock, Milestone, Priority};

/// A word of the document with a form of its own.
trait Word: Sized {
    const FORM: &'static str;
    fn read(text: &str) -> Option<Self>;
}

macro_rules! words {
    ($($word:ty, $form:literal;)*) => {$(
        impl Word for $word {
            const FORM: &'static str = $form;
            fn read(text: &str) -> Option<Self> {
                <$word>::parse(text)
            }
        }
    )*};
}

words! {
    Address, "a unit is written `agency/unit`";
    Amount, "a length of time is written `30m`, `24h` or `5d`";
    Clock, "a clock is `wall` or `working`";
    Milestone, "this is no milestone";
    Priority, "a priority is `routine` or `urgent`";
}

/// A word where TOML has a string.
struct Read<T>(T);

impl<'de, T: Word> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::read(&text).map(Self).ok_or_else(|| serde::de::Error::custom(format!("`{text}`: {}", T::FORM)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    policy: Head,
    calendar: Calendar,
    break_glass: BreakGlass,
    grace: Grace,
    #[serde(default)]
    table: Vec<TableText>,
    #[serde(default)]
    field_set: BTreeMap<String, FieldSetText>,
    #[serde(default)]
    target: BTreeMap<String, BTreeMap<Code, Read<Address>>>,
    #[serde(default)]
    deadline: Vec<DeadlineText>,
    #[serde(default)]
    ladder: BTreeMap<String, LadderText>,
    #[serde(default)]
    retention: BTreeMap<String, RetentionText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    id: String,
    title: Label,
    manual: String,
    effective: chrono::NaiveDate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Calendar {
    id: String,
    default: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakGlass {
    open_for: Read<Amount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grace {
    timer: Read<Amount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableText {
    id: Spanned<String>,
    title: Label,
    service: Code,
    #[serde(default)]
    rule: Vec<RuleText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    id: Spanned<String>,
    #[serde(default)]
    when: WhenText,
    then: ThenText,
    #[serde(default)]
    source: String,
    precedent: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct WhenText {
    concern: Option<BTreeSet<Code>>,
    risk: Option<BTreeSet<Code>>,
    age: Option<BTreeSet<Code>>,
    governorate: Option<BTreeSet<Code>>,
    situation: Option<BTreeSet<Code>>,
}

impl WhenText {
    fn into_when(mut self) -> When {
        When(Dimension::ALL.map(|dimension| match dimension {
            Dimension::Concern => self.concern.take(),
            Dimension::Risk => self.risk.take(),
            Dimension::Age => self.age.take(),
            Dimension::Governorate => self.governorate.take(),
            Dimension::Situation => self.situation.take(),
        }))
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "`then` is `\"nothing\"` or `{ to, priority, fields, legal_basis, reason }`")]
enum ThenText {
    Nothing(Nothing),
    Refer(ReferText),
}

#[derive(Deserialize)]
enum Nothing {
    #[serde(rename = "nothing")]
    Nothing,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReferText {
    to: String,
    priority: Read<Priority>,
    fields: String,
    legal_basis: Code,
    reason: Code,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldSetText {
    fields: BTreeSet<String>,
    why: Label,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Of {
    Referral,
    Case,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeadlineText {
    id: Spanned<String>,
    of: Of,
    milestone: Read<Milestone>,
    #[serde(default)]
    when: ValuesText,
    within: Read<Amount>,
    clock: Read<Clock>,
    #[serde(default)]
    pause_on: BTreeSet<Code>,
    #[serde(default = "unless_it_says_otherwise")]
    pause_on_question: bool,
    #[serde(default)]
    remind: Vec<Read<Amount>>,
    ladder: String,
    #[serde(default)]
    source: String,
    precedent: Option<String>,
}

fn unless_it_says_otherwise() -> bool {
    true
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct ValuesText {
    priority: Option<BTreeSet<Code>>,
    risk: Option<BTreeSet<Code>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetentionText {
    of: Retained,
    keep: Read<Amount>,
    #[serde(default)]
    source: String,
    precedent: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LadderText {
    steps: Vec<StepText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepText {
    after: Read<Amount>,
    to: String,
}

/// The document's text, to say on which line something is.
struct Lines<'a>(&'a str);

impl Lines<'_> {
    fn of(&self, offset: usize) -> usize {
        1 + self.0.bytes().take(offset).filter(|byte| *byte == b'\n').count()
    }

    /// Refuses the second of two equal ids.
    fn unique<'a>(
        &self,
        what: &'static str,
        ids: impl Iterator<Item = &'a Spanned<String>>,
    ) -> Result<(), PolicyError> {
        let mut seen = BTreeSet::new();
        for id in ids {
            if !seen.insert(id.get_ref()) {
                let (line, id) = (self.of(id.span().start), id.get_ref().clone());
                return Err(PolicyError::Twice { line, what, id });
            }
        }
        Ok(())
    }

    fn table(&self, table: TableText) -> Result<Table, PolicyError> {
        self.unique("rule", table.rule.iter().map(|rule| &rule.id))?;
        let rules = table.rule.into_iter().map(|rule| self.rule(rule)).collect();
        Ok(Table { id: table.id.into_inner(), title: table.title, service: table.service, rules })
    }

    fn rule(&self, rule: RuleText) -> Rule {
        Rule {
            line: self.of(rule.id.span().start),
            id: rule.id.into_inner(),
            when: rule.when.into_when(),
            then: match rule.then {
                ThenText::Nothing(Nothing::Nothing) => None,
                ThenText::Refer(refer) => Some(Then {
                    to: refer.to,
                    priority: refer.priority.0,
                    fields: refer.fields,
                    legal_basis: refer.legal_basis,
                    reason: refer.reason,
                }),
            },
            source: rule.source,
            precedent: rule.precedent,
        }
    }

    fn deadline(
        &self,
        text: DeadlineText,
        ladders: &BTreeMap<String, Vec<Step>>,
    ) -> Result<DeadlineRule, PolicyError> {
        let milestone = text.milestone.0;
        let (of, by) = if milestone.is_of_referral() {
            (Of::Referral, ("referral", "priority"))
        } else {
            (Of::Case, ("case", "risk"))
        };
        let foreign = if of == Of::Referral { &text.when.risk } else { &text.when.priority };
        if text.of != of || foreign.is_some() {
            let line = self.of(text.id.span().start);
            let id = text.id.into_inner();
            return Err(PolicyError::DeadlineOf { line, id, milestone, of: by.0, by: by.1 });
        }
        Ok(DeadlineRule {
            id: text.id.into_inner(),
            milestone,
            when: text.when.priority.or(text.when.risk),
            within: text.within.0,
            clock: text.clock.0,
            pause_on: text.pause_on,
            pause_on_question: text.pause_on_question,
            remind: text.remind.into_iter().map(|amount| amount.0).collect(),
            ladder: ladders.get(&text.ladder).cloned().unwrap_or_default(),
            ladder_id: text.ladder,
            source: text.source,
            precedent: text.precedent,
        })
    }
}

fn step(step: StepText) -> Step {
    let to = match step.to.as_str() {
        "supervisor" => StepTo::Supervisor,
        "owner" => StepTo::Owner,
        _ => StepTo::Target(step.to),
    };
    Step { after: step.after.0, to }
}

impl Policy {
    /// Reads a policy. Whether it is a good one is for [`Policy::check`] to say.
    pub fn parse(toml: &[u8]) -> Result<Self, PolicyError> {
        let text = str::from_utf8(toml).map_err(|error| {
            let line = 1 + toml.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count();
            PolicyError::Malformed { line, reason: "it is not UTF-8".to_owned() }
        })?;
        let lines = Lines(text);
        let document: Document = toml::from_str(text).map_err(|error| {
            let line = lines.of(error.span().map_or(0, |span| span.start));
            PolicyError::Malformed { line, reason: error.message().to_owned() }
        })?;
        lines.unique("table", document.table.iter().map(|table| &table.id))?;
        lines.unique("deadline", document.deadline.iter().map(|deadline| &deadline.id))?;

        let ladders: BTreeMap<String, Vec<Step>> = document
            .ladder
            .into_iter()
            .map(|(id, ladder)| (id, ladder.steps.into_iter().map(step).collect()))
            .collect();
        let tables = document.table.into_iter().map(|table| lines.table(table)).collect::<Result<_, _>>()?;
        let deadlines = document
            .deadline
            .into_iter()
            .map(|deadline| lines.deadline(deadline, &ladders))
            .collect::<Result<_, _>>()?;
        let units =
            |units: BTreeMap<Code, Read<Address>>| units.into_iter().map(|(at, to)| (at, to.0)).collect();
        let retention = |text: RetentionText| {
            let (of, keep) = (text.of, text.keep.0);
            Retention { of, keep, source: text.source, precedent: text.precedent }
        };
        let set = |set: FieldSetText| FieldSet { fields: set.fields, why: set.why };
        Ok(Self {
            id: document.policy.id,
            title: document.policy.title,
            manual: document.policy.manual,
            effective: document.policy.effective.to_string(),
            calendar: document.calendar.id,
            default_hours: document.calendar.default,
            open_for: document.break_glass.open_for.0,
            timer_grace: document.grace.timer.0,
            tables,
            field_sets: document.field_set.into_iter().map(|(id, text)| (id, set(text))).collect(),
            targets: document.target.into_iter().map(|(id, text)| (id, units(text))).collect(),
            deadlines,
            ladders,
            retention: document.retention.into_iter().map(|(id, text)| (id, retention(text))).collect(),
        })
    }
}
