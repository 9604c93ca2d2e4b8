//! Why a document is no policy.

/// Why a document is no policy. What is a policy and yet a bad one is a [`Finding`](super::Finding).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not TOML, not of the right shape, or a word in it is none.
    #[error("line {line}: the policy cannot be read: {reason}")]
    Malformed {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Two things of one sort have one id.
    #[error("line {line}: {what} `{id}` stands twice; what cites it would not know which")]
    Twice {
        /// Of the second.
        line: usize,
        /// Table, rule or deadline.
        what: &'static str,
        /// The id.
        id: String,
    },
    /// A deadline of a referral goes by priority, one of a case by risk.
    #[error("line {line}: deadline `{id}`: `{milestone}` is owed by a {of} and goes by its {by}")]
    DeadlineOf {
        /// Counted from 1.
        line: usize,
        /// The deadline.
        id: String,
        /// Its milestone.
        milestone: crate::Milestone,
        /// What owes it.
        of: &'static str,
        /// What it goes by.
        by: &'static str,
    },
}

impl PolicyError {
    /// The refusal's name, the same in every language and release.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "policy-malformed",
            Self::Twice { .. } => "policy-twice",
            Self::DeadlineOf { .. } => "policy-deadline-of",
        }
    }
}
