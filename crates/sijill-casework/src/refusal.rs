//! Every way in which an event of a case or contact is refused under rule-set 2.

use std::fmt;

/// What an event names by the hash of the JWT that made it: the word after `unknown-` in a refusal's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant is the word it is written as")]
pub enum Thing {
    Breach,
    Conference,
    Consent,
    Contact,
    Erasure,
    Escalation,
    Event,
    Invocation,
    Notice,
    Order,
    Placement,
    Plan,
    Referral,
    Request,
    Withdrawal,
}

impl Thing {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Breach,
        Self::Conference,
        Self::Consent,
        Self::Contact,
        Self::Erasure,
        Self::Escalation,
        Self::Event,
        Self::Invocation,
        Self::Notice,
        Self::Order,
        Self::Placement,
        Self::Plan,
        Self::Referral,
        Self::Request,
        Self::Withdrawal,
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        // Past `unknown-`, which is as long in every one of them.
        self.unknown().get(8..).unwrap_or_default()
    }

    fn unknown(self) -> &'static str {
        match self {
            Self::Breach => "unknown-breach",
            Self::Conference => "unknown-conference",
            Self::Consent => "unknown-consent",
            Self::Contact => "unknown-contact",
            Self::Erasure => "unknown-erasure",
            Self::Escalation => "unknown-escalation",
            Self::Event => "unknown-event",
            Self::Invocation => "unknown-invocation",
            Self::Notice => "unknown-notice",
            Self::Order => "unknown-order",
            Self::Placement => "unknown-placement",
            Self::Plan => "unknown-plan",
            Self::Referral => "unknown-referral",
            Self::Request => "unknown-request",
            Self::Withdrawal => "unknown-withdrawal",
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an event is refused (`docs/casework.md`). [`code`](Self::code) is stable; the sentence helps a person
/// and may change. No sentence repeats a value of the event beyond ids, codes, hashes and event types.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each variant is its documentation")]
pub enum Refusal {
    // §2: documents and codes.
    #[error("the ledger does not hold the bytes of document {0}; bring them before it is proposed")]
    DocumentMissing(String),
    #[error("document {id} is not sound: {why}")]
    DocumentUnsound { id: String, why: String },
    #[error("version {version} of code list `{list}` is neither in force now nor was when the author looked")]
    CodesStale { list: String, version: u64 },
    #[error("code `{code}` is not in code list `{list}`, or was retired there")]
    CodeUnknown { list: String, code: String },

    // §3: types and their shape.
    #[error("there is no event type `{kind}` in version {v}")]
    TypeUnknown { kind: String, v: u16 },
    #[error("event type `{kind}` does not belong in stream `{stream}`")]
    TypeNotHere { kind: String, stream: String },
    #[error("in `{kind}`, {what} is missing, malformed or not what the type's schema lists")]
    DataMalformed { kind: String, what: String },

    // §4: state and rules of a case.
    #[error("the case is closed; reopen it first")]
    CaseClosed,
    #[error("the case is open")]
    CaseNotClosed,
    #[error("this id is taken: `case.opened` is the first event of its stream, and no contact has its id")]
    CaseExists,
    #[error("there is no such case: `case.opened` comes first")]
    CaseUnknown,
    #[error("the case was merged into case {0}; work goes on there")]
    CaseMerged(String),
    #[error("the case is not merged")]
    CaseNotMerged,
    #[error("a case cannot be merged into itself")]
    MergeIntoItself,
    #[error("this is for {0} to do")]
    NotYours(&'static str),
    #[error("nobody decides on their own work; let another supervisor do it")]
    OwnWork,
    #[error("the corrected event is not in this stream, or is of another sort")]
    NothingToCorrect,
    #[error("there is no {0} with this hash in the case")]
    Unknown(Thing),
    #[error("the {0} has ended or was decided already")]
    AlreadyEnded(Thing),
    #[error("officer {0} is not enrolled in the agency, or was removed")]
    OfficerUnknown(String),
    #[error("unit {0} is not an open unit, or not another than the present one")]
    UnitUnknown(String),
    #[error("a request to transfer the case is open; it is answered before there is another")]
    TransferPending,
    #[error("referral {0} is neither ended nor withdrawn, and the request does not name it as an exception")]
    ReferralOpen(String),
    #[error("what became of referral {0} has not been settled by the owner (`referral.disposed`)")]
    ReferralUndisposed(String),
    #[error("escalation {0} is open; resolve it first")]
    EscalationOpen(String),
    #[error("no deadline of this milestone that this entry set is running")]
    DeadlineUnknown,
    #[error("the new time of a deadline is later than now")]
    DeadlinePast,
    #[error("the unit that owns the case cannot be kept out of it as a whole")]
    OwnerRestricted,
    #[error("the officer has voted in this conference already")]
    AlreadyVoted,
    #[error("the outcome is not the one the members' votes decide")]
    OutcomeNotVoted,
    #[error("{voted} of the conference's {members} member agencies voted: fewer than half")]
    ConferenceQuorum { voted: usize, members: usize },
    #[error("this was confirmed already")]
    AlreadyConfirmed,
    #[error(
        "a referral rests on one thing: a consent that stands and covers the agency, or a legal basis other than `consent`"
    )]
    NoBasis,
    #[error("a referral that is `{state}` cannot become this")]
    ReferralState { state: &'static str },
    #[error("the referral was disposed of already")]
    AlreadyDisposed,
    #[error("the contact was logged before: `contact.logged` is the first event of its stream")]
    ContactExists,
    #[error("this was reviewed already")]
    AlreadyReviewed,
    #[error("a warning is never the only ground: who acts on one says what else was looked at")]
    GroundMissing,

    // §10: erasure.
    #[error("the case was erased by order, and takes nothing more; what is new goes into a new one")]
    CaseErased,
    #[error(
        "the case or a referral of it is open: it is erased whole once it is closed; until then, field by field"
    )]
    CaseOpen,
    #[error("an order to erase is open; it is approved or refused before there is another")]
    ErasurePending,
    #[error(
        "values of class `casework` are what the rules rest on: they are erased only with the whole case"
    )]
    ErasureOfCasework,
    #[error("no event that the order names has any of its fields")]
    NothingToErase,
    #[error("the policy in force has no retention rule `{0}` for this")]
    RetentionUnknown(String),
    #[error("what the retention rule says to keep is not over yet")]
    RetentionRunning,

    // §7: automation.
    #[error("the automation has something to do in this case first")]
    AutomationOwed,
    #[error("this is not what the policy and the state of the case prescribe here")]
    NotPrescribed,
}

impl Refusal {
    /// One of each refusal, in the order of `docs/casework.md`: for documentation and for tests that must miss
    /// none.
    pub fn examples() -> Vec<Self> {
        let x = || "x".to_owned();
        let mut all = vec![
            Self::DocumentMissing(x()),
            Self::DocumentUnsound { id: x(), why: x() },
            Self::CodesStale { list: x(), version: 1 },
            Self::CodeUnknown { list: x(), code: x() },
            Self::TypeUnknown { kind: x(), v: 1 },
            Self::TypeNotHere { kind: x(), stream: x() },
            Self::DataMalformed { kind: x(), what: x() },
            Self::CaseClosed,
            Self::CaseNotClosed,
            Self::CaseExists,
            Self::CaseUnknown,
            Self::CaseMerged(x()),
            Self::CaseNotMerged,
            Self::MergeIntoItself,
            Self::NotYours("the owner"),
            Self::OwnWork,
            Self::NothingToCorrect,
            Self::AlreadyEnded(Thing::Plan),
            Self::OfficerUnknown(x()),
            Self::UnitUnknown(x()),
            Self::TransferPending,
            Self::ReferralOpen(x()),
            Self::ReferralUndisposed(x()),
            Self::EscalationOpen(x()),
            Self::DeadlineUnknown,
            Self::DeadlinePast,
            Self::OwnerRestricted,
            Self::AlreadyVoted,
            Self::OutcomeNotVoted,
            Self::ConferenceQuorum { voted: 0, members: 1 },
            Self::AlreadyConfirmed,
            Self::NoBasis,
            Self::ReferralState { state: "completed" },
            Self::AlreadyDisposed,
            Self::ContactExists,
            Self::AlreadyReviewed,
            Self::GroundMissing,
            Self::CaseErased,
            Self::CaseOpen,
            Self::ErasurePending,
            Self::ErasureOfCasework,
            Self::NothingToErase,
            Self::RetentionUnknown(x()),
            Self::RetentionRunning,
            Self::AutomationOwed,
            Self::NotPrescribed,
        ];
        all.extend(Thing::ALL.map(Self::Unknown));
        all
    }

    /// The stable kebab-case code of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::DocumentMissing(_) => "document-missing",
            Self::DocumentUnsound { .. } => "document-unsound",
            Self::CodesStale { .. } => "codes-stale",
            Self::CodeUnknown { .. } => "code-unknown",
            Self::TypeUnknown { .. } => "type-unknown",
            Self::TypeNotHere { .. } => "type-not-here",
            Self::DataMalformed { .. } => "data-malformed",
            Self::CaseClosed => "case-closed",
            Self::CaseNotClosed => "case-not-closed",
            Self::CaseExists => "case-exists",
            Self::CaseUnknown => "case-unknown",
            Self::CaseMerged(_) => "case-merged",
            Self::CaseNotMerged => "case-not-merged",
            Self::MergeIntoItself => "merge-into-itself",
            Self::NotYours(_) => "not-yours",
            Self::OwnWork => "own-work",
            Self::NothingToCorrect => "nothing-to-correct",
            Self::Unknown(thing) => thing.unknown(),
            Self::AlreadyEnded(_) => "already-ended",
            Self::OfficerUnknown(_) => "officer-unknown",
            Self::UnitUnknown(_) => "unit-unknown",
            Self::TransferPending => "transfer-pending",
            Self::ReferralOpen(_) => "referral-open",
            Self::ReferralUndisposed(_) => "referral-undisposed",
            Self::EscalationOpen(_) => "escalation-open",
            Self::DeadlineUnknown => "deadline-unknown",
            Self::DeadlinePast => "deadline-past",
            Self::OwnerRestricted => "owner-restricted",
            Self::AlreadyVoted => "already-voted",
            Self::OutcomeNotVoted => "outcome-not-voted",
            Self::ConferenceQuorum { .. } => "conference-quorum",
            Self::AlreadyConfirmed => "already-confirmed",
            Self::NoBasis => "no-basis",
            Self::ReferralState { .. } => "referral-state",
            Self::AlreadyDisposed => "already-disposed",
            Self::ContactExists => "contact-exists",
            Self::AlreadyReviewed => "already-reviewed",
            Self::GroundMissing => "ground-missing",
            Self::CaseErased => "case-erased",
            Self::CaseOpen => "case-open",
            Self::ErasurePending => "erasure-pending",
            Self::ErasureOfCasework => "erasure-of-casework",
            Self::NothingToErase => "nothing-to-erase",
            Self::RetentionUnknown(_) => "retention-unknown",
            Self::RetentionRunning => "retention-running",
            Self::AutomationOwed => "automation-owed",
            Self::NotPrescribed => "not-prescribed",
        }
    }

    pub(crate) fn malformed(kind: &str, what: &str) -> Self {
        Self::DataMalformed { kind: kind.to_owned(), what: what.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_kebab_case() {
        let codes: Vec<_> = Refusal::examples().iter().map(Refusal::code).collect();
        let distinct: std::collections::BTreeSet<_> = codes.iter().collect();
        assert_eq!(distinct.len(), codes.len());
        assert!(codes.iter().all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
    }

    #[test]
    fn a_thing_is_the_word_in_its_code() {
        for thing in Thing::ALL {
            assert_eq!(Refusal::Unknown(thing).code(), format!("unknown-{thing}"));
        }
    }
}
