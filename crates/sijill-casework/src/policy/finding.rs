//! What may be wrong with a policy, said so that its author knows what to change.

use crate::Milestone;
use crate::codes::Code;

use super::Combinations;

/// Something that makes a policy unfit to come into force. [`Finding::code`] is stable; the sentence is for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant's sentence says what it means")]
pub enum Finding {
    #[error("table `{table}` says nothing of {combination}; write a rule, if only `then = \"nothing\"`")]
    Undecided { table: String, combination: Combinations },
    #[error("table `{table}`: rules {} both decide {combination}", pair(.rules))]
    Conflict { table: String, combination: Combinations, rules: [String; 2] },
    #[error("table `{table}`, rule `{rule}` (line {line}) matches nothing")]
    Unreachable { table: String, rule: String, line: usize },
    #[error("there is no code list `{list}` to check against")]
    ListMissing { list: &'static str },
    #[error("{place}: `{code}` is no code of the list `{list}`, or is retired")]
    UnknownCode { place: String, list: &'static str, code: Code },
    #[error("{place}: there is no target `{target}`")]
    UnknownTarget { place: String, target: String },
    #[error("target `{target}` has no unit in {governorate}, where it can be needed")]
    TargetMissing { target: String, governorate: Code },
    #[error("{place}: there is no field set `{set}`")]
    UnknownFieldSet { place: String, set: String },
    #[error("field set `{set}`: `{field}` is no field that a referral can disclose")]
    UnknownField { set: String, field: String },
    #[error("{place}: nothing prescribed rests on consent; the automation has none to name")]
    ConsentPrescribed { place: String },
    #[error("no deadline for `{milestone}` of {by} `{value}`")]
    DeadlineMissing { milestone: Milestone, by: &'static str, value: String },
    #[error("deadlines {} are both for `{milestone}` of {by} `{value}`", pair(.deadlines))]
    DeadlineTwice { milestone: Milestone, by: &'static str, value: String, deadlines: [String; 2] },
    #[error("deadline `{deadline}` reminds {remind} before it is due, though it is only {within} long")]
    ReminderTooEarly { deadline: String, remind: String, within: String },
    #[error("deadline `{deadline}`: there is no ladder `{ladder}`, or it has no step")]
    UnknownLadder { deadline: String, ladder: String },
    #[error("{place} names no source; a rule must say which law, regulation or decision it rests on")]
    SourceMissing { place: String },
    #[error("{place} has no text in one of the languages")]
    TextMissing { place: String },
}

fn pair(ids: &[String; 2]) -> String {
    format!("`{}` and `{}`", ids[0], ids[1])
}

impl Finding {
    /// The finding's name, the same in every language and release.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Undecided { .. } => "policy-undecided",
            Self::Conflict { .. } => "policy-conflict",
            Self::Unreachable { .. } => "policy-rule-unreachable",
            Self::ListMissing { .. } => "policy-list-missing",
            Self::UnknownCode { .. } => "policy-code-unknown",
            Self::UnknownTarget { .. } => "policy-target-unknown",
            Self::TargetMissing { .. } => "policy-target-missing",
            Self::UnknownFieldSet { .. } => "policy-field-set-unknown",
            Self::UnknownField { .. } => "policy-field-unknown",
            Self::ConsentPrescribed { .. } => "policy-consent-prescribed",
            Self::DeadlineMissing { .. } => "policy-deadline-missing",
            Self::DeadlineTwice { .. } => "policy-deadline-twice",
            Self::ReminderTooEarly { .. } => "policy-reminder-too-early",
            Self::UnknownLadder { .. } => "policy-ladder-unknown",
            Self::SourceMissing { .. } => "policy-source-missing",
            Self::TextMissing { .. } => "policy-text-missing",
        }
    }
}
