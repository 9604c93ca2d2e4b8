//! The words that policy, clocks and cases share.

use std::fmt;

use serde::Serialize;
use sijill_domain::{AgencyId, UnitId};

/// A unit of an agency: what cases and referrals are addressed to. As text `agency/unit`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Address {
    /// The agency, by the id it had when it was addressed.
    pub agency: AgencyId,
    /// Its unit.
    pub unit: UnitId,
}

impl Address {
    /// Reads `agency/unit`; `None` if it is malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let (agency, unit) = text.split_once('/')?;
        Some(Self { agency: AgencyId::parse(agency)?, unit: UnitId::parse(unit)? })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.agency, self.unit)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word as events and documents spell it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads the word; `None` if there is no such.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

pub(crate) use words;

words! {
    /// How urgent a referral is (FHIR request priority, cut to what the desks tell apart). Ascending.
    Priority {
        /// In its turn.
        Routine = "routine",
        /// Before everything routine, at any hour.
        Urgent = "urgent",
    }
}

words! {
    /// How time is counted.
    Clock {
        /// As it passes.
        Wall = "wall",
        /// While the unit that owes is at work.
        Working = "working",
    }
}

words! {
    /// What is owed by a deadline. The order is that of acts due at one instant.
    Milestone {
        /// Of a referral: that the unit has it.
        Acknowledge = "acknowledge",
        /// Of a referral: that the unit takes it.
        Accept = "accept",
        /// Of a referral: its end.
        Complete = "complete",
        /// Of a case: an officer in charge.
        Assign = "assign",
        /// Of a case: the child is seen.
        SeeChild = "see_child",
        /// Of a case: an assessment.
        Assess = "assess",
        /// Of a case: an approved plan.
        Plan = "plan",
        /// Of a case: the next follow-up.
        FollowUp = "follow_up",
        /// Of a conference: papers before it; counts backward.
        ConferencePapers = "conference_papers",
        /// Of a broken glass: its review.
        ReviewBreakGlass = "review_break_glass",
        /// Of a withdrawn consent: that a receiver stopped.
        ConfirmWithdrawal = "confirm_withdrawal",
        /// Of a personal data breach: that it was notified.
        NotifyBreach = "notify_breach",
    }
}

impl Milestone {
    /// Whether it is a referral's; otherwise a case's.
    pub fn is_of_referral(self) -> bool {
        matches!(self, Self::Acknowledge | Self::Accept | Self::Complete)
    }
}

/// A length of time as a document writes it: `30m`, `24h`, `5d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Amount {
    /// Milliseconds.
    Time(u64),
    /// Days: of 24 hours by the wall clock; by working time each working day counts one, however long its hours.
    Days(u32),
}

impl Amount {
    /// Reads `30m`, `24h`, `5d`: digits and a unit; at most 5 digits. `None` if it is malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.get(..text.len().checked_sub(1)?)?;
        if number.is_empty() || number.len() > 5 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let count: u32 = number.parse().ok()?;
        match text.as_bytes().last()? {
            b'm' => Some(Self::Time(u64::from(count) * 60_000)),
            b'h' => Some(Self::Time(u64::from(count) * 3_600_000)),
            b'd' => Some(Self::Days(count)),
            _ => None,
        }
    }

    /// Milliseconds by the wall clock.
    pub fn wall_ms(self) -> u64 {
        match self {
            Self::Time(ms) => ms,
            Self::Days(days) => u64::from(days) * 86_400_000,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(ms) if ms % 3_600_000 == 0 => write!(f, "{}h", ms / 3_600_000),
            Self::Time(ms) => write!(f, "{}m", ms / 60_000),
            Self::Days(days) => write!(f, "{days}d"),
        }
    }
}
