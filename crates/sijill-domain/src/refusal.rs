//! Every way in which the registry of authority refuses an event.

/// Why an event is refused (`docs/ledger-format.md`, Annex B; the last three `docs/casework.md` §1). [`code`](Self::code) is stable; the sentence
/// helps a person and may change. No sentence repeats a value of the event beyond ids and event types.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each variant is its documentation")]
pub enum Refusal {
    #[error("the key does not speak for this `iss` and `sub` at this position")]
    KeyNotValid,
    #[error("`act` is for services that sign on an officer's behalf")]
    ActNotAllowed,
    #[error("in `{kind}`, {what} is missing, malformed or not what Annex B lists")]
    DataMalformed { kind: String, what: &'static str },

    #[error("nothing but `ledger.created`, then `ledger.ratified` by each founder, may come first")]
    NotRatified,
    #[error("agency {0} has ratified the ledger already")]
    AlreadyRatified(String),
    #[error("event type `{kind}` does not belong in stream `{stream}`")]
    TypeNotHere { kind: String, stream: String },
    #[error("stream `{0}` takes no events under this rule-set")]
    StreamReserved(String),

    #[error("governance is signed by the root key of a member agency")]
    NotAMember,
    #[error("no proposal was opened by the JWT with this hash")]
    ProposalUnknown,
    #[error("the proposal has passed already or was void")]
    ProposalClosed,
    #[error("agency {0} has approved this proposal already")]
    AlreadyApproved(String),
    #[error("a quorum of {quorum} among {members} members is not more than half and at most all of them")]
    QuorumArithmetic { quorum: u64, members: usize },
    #[error("the next version of this document is {next}")]
    VersionNotNext { next: u64 },
    #[error("there is no rule-set {0}, or a later one is in force")]
    RulesUnknown(u64),

    #[error("agency {0} is known already")]
    AgencyKnown(String),
    #[error("agency {0} does not exist, was removed or was merged")]
    AgencyUnknown(String),
    #[error("agency {0} cannot be merged into itself")]
    MergeIntoItself(String),
    #[error("the signer is not a registrar of agency {0}")]
    NotRegistrar(String),
    #[error("unit {0} is known already")]
    UnitKnown(String),
    #[error("unit {0} is not an open unit of the agency")]
    UnitUnknown(String),
    #[error("officer {0} is known already")]
    OfficerKnown(String),
    #[error("officer {0} is not enrolled in the agency, or was removed")]
    OfficerUnknown(String),

    #[error("the key is known already: a key has one owner, for good")]
    KeyKnown,
    #[error("the key is not one of the agency's officers' that can be revoked")]
    KeyUnknown,
    #[error("the proof of possession does not prove that its owner holds the key")]
    Possession,

    #[error("the agency has not been granted what role {0} needs")]
    RoleNotGranted(&'static str),
    #[error("the signer is not an officer with role {0}")]
    RoleMissing(&'static str),
    #[error("in an imported ledger every event says when it `occurred`")]
    OccurredMissing,
    #[error("agency {0} is not a party to this stream")]
    NotAParty(String),

    #[error("the agency has no grant `{0}`, or this was not signed with its root key")]
    GrantMissing(&'static str),
    #[error("only the ledger's service `{0}` writes in this stream")]
    NotTheService(&'static str),
    #[error("stream `{0}` is of no case or contact that is there")]
    CaseUnknown(String),
}

impl Refusal {
    /// One of each refusal, in the order of Annex B: for documentation and for tests that must miss none.
    pub fn examples() -> Vec<Self> {
        let x = || "x".to_owned();
        vec![
            Self::KeyNotValid,
            Self::ActNotAllowed,
            Self::DataMalformed { kind: x(), what: "name" },
            Self::NotRatified,
            Self::AlreadyRatified(x()),
            Self::TypeNotHere { kind: x(), stream: x() },
            Self::StreamReserved(x()),
            Self::NotAMember,
            Self::ProposalUnknown,
            Self::ProposalClosed,
            Self::AlreadyApproved(x()),
            Self::QuorumArithmetic { quorum: 1, members: 2 },
            Self::VersionNotNext { next: 1 },
            Self::RulesUnknown(2),
            Self::AgencyKnown(x()),
            Self::AgencyUnknown(x()),
            Self::MergeIntoItself(x()),
            Self::NotRegistrar(x()),
            Self::UnitKnown(x()),
            Self::UnitUnknown(x()),
            Self::OfficerKnown(x()),
            Self::OfficerUnknown(x()),
            Self::KeyKnown,
            Self::KeyUnknown,
            Self::Possession,
            Self::RoleNotGranted("casework"),
            Self::RoleMissing("casework"),
            Self::OccurredMissing,
            Self::NotAParty(x()),
            Self::GrantMissing("calendar"),
            Self::NotTheService("automation"),
            Self::CaseUnknown(x()),
        ]
    }

    /// The stable kebab-case code of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::KeyNotValid => "key-not-valid",
            Self::ActNotAllowed => "act-not-allowed",
            Self::DataMalformed { .. } => "data-malformed",
            Self::NotRatified => "not-ratified",
            Self::AlreadyRatified(_) => "already-ratified",
            Self::TypeNotHere { .. } => "type-not-here",
            Self::StreamReserved(_) => "stream-reserved",
            Self::NotAMember => "not-a-member",
            Self::ProposalUnknown => "proposal-unknown",
            Self::ProposalClosed => "proposal-closed",
            Self::AlreadyApproved(_) => "already-approved",
            Self::QuorumArithmetic { .. } => "quorum-arithmetic",
            Self::VersionNotNext { .. } => "version-not-next",
            Self::RulesUnknown(_) => "rules-unknown",
            Self::AgencyKnown(_) => "agency-known",
            Self::AgencyUnknown(_) => "agency-unknown",
            Self::MergeIntoItself(_) => "merge-into-itself",
            Self::NotRegistrar(_) => "not-registrar",
            Self::UnitKnown(_) => "unit-known",
            Self::UnitUnknown(_) => "unit-unknown",
            Self::OfficerKnown(_) => "officer-known",
            Self::OfficerUnknown(_) => "officer-unknown",
            Self::KeyKnown => "key-known",
            Self::KeyUnknown => "key-unknown",
            Self::Possession => "possession",
            Self::RoleNotGranted(_) => "role-not-granted",
            Self::RoleMissing(_) => "role-missing",
            Self::OccurredMissing => "occurred-missing",
            Self::NotAParty(_) => "not-a-party",
            Self::GrantMissing(_) => "grant-missing",
            Self::NotTheService(_) => "not-the-service",
            Self::CaseUnknown(_) => "case-unknown",
        }
    }

    pub(crate) fn malformed(kind: &str, what: &'static str) -> Self {
        Self::DataMalformed { kind: kind.to_owned(), what }
    }

    /// Whether an audit reports this as `key-not-valid`; every other refusal is `not-authorised` (Annex C).
    pub fn is_key_fault(&self) -> bool {
        matches!(self, Self::KeyNotValid)
    }
}
