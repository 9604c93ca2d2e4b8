//! What the fields of events hold beyond ids, codes and texts.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use sijill_domain::{AgencyId, OfficerId};
use sijill_event::{Class, Digest, names};

use crate::Milestone;
use crate::word::words;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident, $is:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Reads it; `None` if it is malformed.
            pub fn parse(text: &str) -> Option<Self> {
                let is: fn(&str) -> bool = $is;
                is(text).then(|| Self(text.into()))
            }

            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

texts! {
    /// The id of a case: `X` of the streams `case/X`, `auto/X` and `access/X`.
    CaseId, names::is_stream_id;
    /// The id of a contact: `X` of the stream `contact/X`.
    ContactId, names::is_stream_id;
    /// A disclosed field by class and name, wherever it occurs in a case: `identity.name`.
    FieldPath, |text| text.split_once('.').is_some_and(|(class, name)| {
        Class::parse(class).is_some() && names::is_field_name(name)
    });
}

impl FieldPath {
    /// The field `name` of `class`; `None` if the name is malformed.
    pub fn new(class: Class, name: &str) -> Option<Self> {
        Self::parse(&format!("{class}.{name}"))
    }

    /// The class it is of.
    pub fn class(&self) -> Class {
        let class = self.0.split_once('.').and_then(|(class, _)| Class::parse(class));
        // `parse` let nothing else in.
        class.unwrap_or(Class::Reporter)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.split_once('.').map_or("", |(_, name)| name)
    }
}

/// An officer of an agency. As text `agency/officer`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Officer {
    /// The agency it is enrolled in.
    pub agency: AgencyId,
    /// Its id there.
    pub officer: OfficerId,
}

impl fmt::Display for Officer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.agency, self.officer)
    }
}

/// One deadline of a case: what is owed, and the entry that set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct DeadlineRef {
    /// What is owed.
    pub milestone: Milestone,
    /// Hash of the JWT that started the clock.
    pub of: Digest,
}

/// A file that an event cites: its ciphertext is in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attachment {
    /// SHA-256 of the plain bytes.
    pub attachment: Digest,
    /// Their number, at least 1.
    pub size: u64,
    /// What it is, such as `application/pdf`.
    pub media_type: String,
}

/// The versions of the code lists that an event's codes are of, by list id: member `codes` of `data`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Codes(pub(crate) BTreeMap<String, u64>);

impl Codes {
    /// The version of this list, at least 1.
    pub fn version(&self, list: &str) -> Option<u64> {
        self.0.get(list).copied()
    }

    /// Versions by list id.
    pub fn as_map(&self) -> &BTreeMap<String, u64> {
        &self.0
    }

    /// List ids and versions, in ascending order of id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(list, version)| (list.as_str(), *version))
    }

    /// Whether the event draws on no lists.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, u64)> for Codes {
    fn from_iter<I: IntoIterator<Item = (String, u64)>>(lists: I) -> Self {
        Self(lists.into_iter().collect())
    }
}

words! {
    /// A member's vote in a conference.
    Vote {
        /// For the proposal.
        For = "for",
        /// Against it.
        Against = "against",
        /// Neither; it counts for the quorum.
        Abstain = "abstain",
    }
}

words! {
    /// On what ground values are erased.
    ErasureGround {
        /// The child, or who may speak for it, asks for it.
        Request = "request",
        /// The consent they were recorded on was withdrawn.
        ConsentWithdrawn = "consent_withdrawn",
        /// They should never have been recorded.
        Unlawful = "unlawful",
        /// A court orders it.
        CourtOrder = "court_order",
        /// What they were recorded for is over.
        PurposeOver = "purpose_over",
        /// A retention rule of the policy says so.
        Retention = "retention",
    }
}

words! {
    /// What became of an early warning.
    WarningOutcome {
        /// It was right, or may have been; nothing had to be done.
        NoAction = "no_action",
        /// Something was done, on further ground.
        Acted = "acted",
        /// It should not have been given.
        Wrong = "wrong",
    }
}

words! {
    /// Why a review of an early warning came out as it did.
    WarningReason {
        /// What it says was known, and is worked on.
        AlreadyKnown = "already_known",
        /// The risk is higher than it was assessed.
        RiskHigher = "risk_higher",
        /// Work that was owed was not done.
        WorkMissing = "work_missing",
        /// The family needs to be looked at as one.
        Family = "family",
        /// What the ledger says is not right.
        RecordWrong = "record_wrong",
        /// What was put together does not belong together.
        Unrelated = "unrelated",
        /// Something else; the note says what.
        Other = "other",
    }
}

words! {
    /// What else was looked at before anything was done: a warning is never the only ground.
    WarningGround {
        /// Somebody met the child.
        ChildSeen = "child_seen",
        /// Somebody asked the family.
        FamilyAsked = "family_asked",
        /// Somebody read the case.
        FileRead = "file_read",
        /// Another agency was asked.
        AgencyAsked = "agency_asked",
        /// There was a new report.
        NewReport = "new_report",
        /// It was discussed with the supervisor.
        Supervision = "supervision",
    }
}

words! {
    /// Where a referral stands.
    ReferralState {
        /// Addressed to a unit.
        Requested = "requested",
        /// The unit has it.
        Acknowledged = "acknowledged",
        /// The unit takes it.
        Accepted = "accepted",
        /// The unit works on it.
        InProgress = "in_progress",
        /// The unit waits for something.
        OnHold = "on_hold",
        /// The unit has asked the owner something.
        InfoRequested = "info_requested",
        /// Done.
        Completed = "completed",
        /// The unit refused it.
        Rejected = "rejected",
        /// The owner called it off.
        CancelledByRequester = "cancelled_by_requester",
        /// The unit called it off.
        CancelledByRecipient = "cancelled_by_recipient",
        /// The unit could not do it.
        Failed = "failed",
        /// It should never have been.
        EnteredInError = "entered_in_error",
        /// What it rested on is gone.
        Withdrawn = "withdrawn",
    }
}
