//! Early warnings: what somebody who works on a case should look at, said by rules that anyone can read.
//!
//! A warning is a sentence about rows. It rests on events that it names, is made anew whenever it is asked for, stands in no table
//! and does nothing: it is never the only ground of a decision (`docs/planning.md`). What a person made of it is an event of the
//! case, `warning.reviewed`, and from these follows how often a rule is wrong.
//!
//! ```text
//! rules.rs   the rules, each with a version        reader.rs   the signs they look at, for who may see them
//! ```

#[cfg(feature = "engine")]
mod reader;
mod rules;

#[cfg(feature = "engine")]
pub use reader::{Reader, Standing};
pub use rules::{RULES, Rule, rule};

use std::collections::BTreeMap;

use crate::signs::{CONTACT, MISSED, joined};

/// What a warning is, and is not; said wherever warnings are shown. Arabic, English.
pub const NOTICE: [&str; 2] = [
    "الإنذار المبكر تذكير بالنظر، وليس حكمًا: لا يُتخذ قرار بناءً عليه وحده، ولا يترتب عليه إجراء آلي. ومن تصرّف بناءً عليه يوقّع ما فعل وما استند إليه غيره.",
    "An early warning is a reminder to look, not a judgement: it is never the only ground of a decision, and nothing follows from it by itself. Who acts on one signs what was done, and what else it rests on.",
];

/// Milliseconds of a day.
pub(crate) const DAY: u64 = 86_400_000;

/// An open case, as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseNow {
    /// Its id.
    pub id: String,
    /// The agency of the unit that answers for it.
    pub agency: String,
    /// That unit.
    pub unit: String,
    /// The officer in charge.
    pub officer: Option<String>,
    /// Its risk.
    pub risk: String,
}

/// An event that a rule looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sign {
    /// The entry.
    pub entry: u64,
    /// When it was sequenced, Unix milliseconds.
    pub at_ms: u64,
    /// The case or contact it is in.
    pub subject: String,
    /// What it is: a word of [`signs`](crate::signs).
    pub kind: String,
    /// The other case or contact, or the event that set the clock.
    pub other: String,
    /// Its code.
    pub code: String,
    /// The JWT's hash.
    pub event: String,
}

/// Another case that a case is linked to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// By which event.
    pub sign: Sign,
    /// The other case.
    pub other: String,
    /// Since when it has been closed; `None` if it is open.
    pub closed_ms: Option<u64>,
    /// The opening of the case that was named in the link.
    pub opened: Sign,
}

/// What is known of an open case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The case.
    pub case: CaseNow,
    /// Its own signs, ascending by entry. Of what was missed, only what has not been done since.
    pub own: Vec<Sign>,
    /// Contacts that were linked to it, ascending by entry.
    pub contacts: Vec<Sign>,
    /// Cases that it is linked to.
    pub links: Vec<Link>,
}

/// An early warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// By which rule.
    pub rule: &'static Rule,
    /// About which case.
    pub case: CaseNow,
    /// Other cases and contacts that it tells of: whoever may not know of all of them is not told.
    pub others: Vec<String>,
    /// The events it rests on, ascending by entry.
    pub rests_on: Vec<Sign>,
    /// What it says, in Arabic and English. Digits are Latin.
    pub said: [String; 2],
    /// What became of it, if somebody reviewed it.
    pub review: Option<Review>,
}

/// What somebody made of a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The case.
    pub case: String,
    /// The entry.
    pub entry: u64,
    /// When it was sequenced, Unix milliseconds.
    pub at_ms: u64,
    /// The rule.
    pub rule: String,
    /// Its version.
    pub version: u64,
    /// The hashes of the events it rested on, between commas.
    pub events: String,
    /// `no_action`, `acted` or `wrong`.
    pub outcome: String,
    /// Why.
    pub reason: String,
    /// What else was looked at.
    pub ground: Option<String>,
    /// The reviewer's agency.
    pub agency: String,
    /// The reviewer's unit.
    pub unit: String,
    /// The reviewer.
    pub officer: String,
}

/// How a rule did: of the warnings that somebody reviewed, what became of how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precision {
    /// The rule.
    pub rule: String,
    /// Its version.
    pub version: u64,
    /// How many by outcome: `no_action`, `acted`, `wrong`.
    pub outcomes: BTreeMap<String, u64>,
}

impl Precision {
    /// How many were reviewed.
    pub fn reviewed(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// How many of them were wrong.
    pub fn wrong(&self) -> u64 {
        self.outcomes.get("wrong").copied().unwrap_or(0)
    }
}

impl Sign {
    /// The stream it is in.
    pub fn stream(&self) -> String {
        let kind = match self.kind.as_str() {
            CONTACT => "contact",
            MISSED => "auto",
            _ => "case",
        };
        format!("{kind}/{}", self.subject)
    }
}

impl Warning {
    /// The hashes of the events it rests on, ascending, each once.
    pub fn events(&self) -> Vec<&str> {
        let mut events: Vec<&str> = self.rests_on.iter().map(|sign| sign.event.as_str()).collect();
        events.sort_unstable();
        events.dedup();
        events
    }

    /// When the last of what it rests on happened, Unix milliseconds.
    pub fn since_ms(&self) -> u64 {
        self.rests_on.iter().map(|sign| sign.at_ms).max().unwrap_or(0)
    }

    /// Whether it is this warning that was reviewed: by the same rule in the same version, resting on the same events.
    fn was(&self, review: &Review) -> bool {
        review.case == self.case.id
            && review.rule == self.rule.id
            && review.version == u64::from(self.rule.version)
            && review.events == joined(&self.events())
    }
}

/// All warnings about these cases at a time, the highest risk first, then the newest. What was reviewed already says so.
pub fn warnings(seen: &[Seen], reviews: &[Review], now_ms: u64) -> Vec<Warning> {
    let mut all: Vec<Warning> = Vec::new();
    for seen in seen {
        for rule in &RULES {
            for found in rules::found(rule, seen, now_ms) {
                let mut warning = Warning {
                    rule,
                    case: seen.case.clone(),
                    others: found.others,
                    rests_on: found.rests_on,
                    said: found.said,
                    review: None,
                };
                warning.rests_on.sort();
                warning.rests_on.dedup();
                warning.review = reviews.iter().rev().find(|review| warning.was(review)).cloned();
                all.push(warning);
            }
        }
    }
    let urgency = |risk: &str| ["high", "medium", "low"].iter().position(|code| *code == risk).unwrap_or(3);
    all.sort_by(|a, b| {
        let key = |w: &Warning| (urgency(&w.case.risk), std::cmp::Reverse(w.since_ms()));
        key(a).cmp(&key(b)).then_with(|| (&a.case.id, a.rule.id).cmp(&(&b.case.id, b.rule.id)))
    });
    all
}
