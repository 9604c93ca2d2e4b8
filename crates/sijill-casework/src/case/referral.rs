//! The referral's machine (FHIR Task's states, cut to what two agencies need): `docs/casework.md` §4.

use std::collections::BTreeSet;

use sijill_event::Digest;

use super::Author;
use super::file::Case;
use crate::catalogue::{
    ReferralAccepted, ReferralAcknowledged, ReferralCancelled, ReferralCompleted, ReferralDisposed,
    ReferralEnteredInError, ReferralFailed, ReferralHeld, ReferralInfoProvided, ReferralInfoRequested,
    ReferralRedirected, ReferralRejected, ReferralRequested, ReferralResumed, ReferralStarted, ReferralState,
};
use crate::refusal::Thing;
use crate::{Address, Code, Priority, Refusal};

/// A referral: one thread, whoever it is addressed to at last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    /// The entry that requested it.
    pub index: u64,
    /// Whether the automation requested it.
    pub automatic: bool,
    /// Whom it is addressed to now.
    pub to: Address,
    /// What is asked for.
    pub service: Code,
    /// How urgent.
    pub priority: Priority,
    /// What disclosure to the addressee rests on.
    pub basis: Basis,
    /// What the addressee may be shown: `<class>.<name>`.
    pub fields: BTreeSet<String>,
    /// Where it stands.
    pub state: ReferralState,
    /// Since when, Unix milliseconds: every change of state keeps its own time.
    pub since: u64,
    /// Where it goes back to when it is resumed or the question is answered.
    pub(super) resumes: ReferralState,
    /// Whether a deadline of it was missed.
    pub breached: bool,
    /// Whether the owner has settled what becomes of it.
    pub disposed: bool,
}

/// The legal basis that is none unless the consent is named (code list `legal-basis`).
pub(super) const CONSENT: &str = "consent";

/// What disclosure rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// This consent.
    Consent(Digest),
    /// A legal basis, by its code.
    Legal(Code),
}

impl Basis {
    /// What a request says that it rests on; `None` if on nothing, or on both.
    pub(super) fn of(act: &ReferralRequested) -> Option<Self> {
        match (&act.consent, &act.legal_basis) {
            (Some(consent), None) => Some(Self::Consent(*consent)),
            (None, Some(basis)) if basis.as_str() != CONSENT => Some(Self::Legal(basis.clone())),
            _ => None,
        }
    }
}

impl ReferralState {
    /// Neither ended nor withdrawn.
    pub fn is_live(self) -> bool {
        matches!(
            self,
            Self::Requested
                | Self::Acknowledged
                | Self::Accepted
                | Self::InProgress
                | Self::OnHold
                | Self::InfoRequested
        )
    }

    /// Ended in a way that leaves the owner something to settle.
    pub fn is_to_dispose(self) -> bool {
        matches!(self, Self::Rejected | Self::Failed | Self::CancelledByRecipient | Self::Withdrawn)
    }
}

impl Referral {
    /// Whether the case may not close before the owner has settled what becomes of it.
    pub fn is_undisposed(&self) -> bool {
        self.stage().is_undisposed()
    }

    /// Where it stands, as far as the machine goes by it.
    pub(super) fn stage(&self) -> Stage {
        let Self { state, resumes, breached, disposed, .. } = *self;
        Stage { state, resumes, breached, disposed }
    }
}

/// What of a referral decides which steps may be taken: the machine's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stage {
    /// Where it stands.
    pub state: ReferralState,
    /// Where it goes back to when it is resumed or the question is answered; says nothing in other states.
    pub resumes: ReferralState,
    /// Whether a deadline of it was missed.
    pub breached: bool,
    /// Whether the owner has settled what becomes of it.
    pub disposed: bool,
}

impl Stage {
    fn is_undisposed(self) -> bool {
        !self.disposed && (self.state.is_to_dispose() || self.breached)
    }

    /// In another state, or in the same one anew. That the owner settled a breach settles no bad end that comes after it.
    pub(super) fn enter(self, state: ReferralState) -> Self {
        let waits = matches!(state, ReferralState::OnHold | ReferralState::InfoRequested);
        let resumes = if waits { self.state } else { self.resumes };
        Self { state, resumes, disposed: self.disposed && !state.is_to_dispose(), ..self }
    }
}

/// What may be done to a referral, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Acknowledge,
    Accept,
    Start,
    Hold,
    Resume,
    AskInfo,
    GiveInfo,
    Complete,
    Reject,
    Redirect,
    Cancel,
    Fail,
    EnterInError,
    Dispose,
}

impl Step {
    /// Each step, and the type of event that takes it.
    pub(super) const ALL: [(&'static str, Self); 14] = [
        (ReferralAcknowledged::TYPE, Self::Acknowledge),
        (ReferralAccepted::TYPE, Self::Accept),
        (ReferralStarted::TYPE, Self::Start),
        (ReferralHeld::TYPE, Self::Hold),
        (ReferralResumed::TYPE, Self::Resume),
        (ReferralInfoRequested::TYPE, Self::AskInfo),
        (ReferralInfoProvided::TYPE, Self::GiveInfo),
        (ReferralCompleted::TYPE, Self::Complete),
        (ReferralRejected::TYPE, Self::Reject),
        (ReferralRedirected::TYPE, Self::Redirect),
        (ReferralCancelled::TYPE, Self::Cancel),
        (ReferralFailed::TYPE, Self::Fail),
        (ReferralEnteredInError::TYPE, Self::EnterInError),
        (ReferralDisposed::TYPE, Self::Dispose),
    ];

    /// The step that an event of this type takes; `None` if it takes none.
    pub(super) fn of(event_type: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == event_type).map(|(_, step)| *step)
    }

    /// Whether the step may be taken now by this author.
    pub(super) fn check(self, case: &Case, referral: &Digest, author: &Author) -> Result<(), Refusal> {
        let record = case.referrals.get(referral).ok_or(Refusal::Unknown(Thing::Referral))?;
        let owner = author.unit == case.owner;
        let recipient = author.unit == record.to;
        let yours = match self {
            Self::GiveInfo | Self::EnterInError | Self::Dispose => owner,
            Self::Cancel => owner || recipient,
            _ => recipient,
        };
        if !yours {
            return Err(Refusal::NotYours(
                if matches!(self, Self::GiveInfo | Self::EnterInError | Self::Dispose) {
                    "the unit that owns the case"
                } else {
                    "the unit the referral is addressed to"
                },
            ));
        }
        match self {
            Self::Dispose if record.disposed => Err(Refusal::AlreadyDisposed),
            _ if self.is_open(record.stage()) => Ok(()),
            _ => Err(Refusal::ReferralState { state: record.state.as_str() }),
        }
    }

    /// Whether the step may be taken at this stage, by whoever it is for.
    pub(super) fn is_open(self, stage: Stage) -> bool {
        use ReferralState::{Accepted, Acknowledged, InProgress, InfoRequested, OnHold, Requested};
        let now = stage.state;
        match self {
            Self::Acknowledge => now == Requested,
            Self::Accept | Self::Reject => matches!(now, Requested | Acknowledged | InfoRequested),
            Self::Start => matches!(now, Requested | Acknowledged | InfoRequested | Accepted),
            Self::Hold => matches!(now, Accepted | InProgress),
            Self::Resume => now == OnHold,
            Self::AskInfo => matches!(now, Requested | Acknowledged | Accepted | InProgress),
            Self::GiveInfo => now == InfoRequested,
            Self::Complete | Self::Cancel | Self::EnterInError => now.is_live(),
            Self::Redirect => matches!(now, Requested | Acknowledged | Accepted | InfoRequested),
            Self::Fail => matches!(now, Accepted | InProgress | OnHold),
            Self::Dispose => stage.is_undisposed(),
        }
    }

    /// Where the referral stands after it; `None` if it stays where it is.
    pub(super) fn leads_to(self, stage: Stage, by_owner: bool) -> Option<ReferralState> {
        use ReferralState as S;
        match self {
            Self::Acknowledge => Some(S::Acknowledged),
            Self::Accept => Some(S::Accepted),
            Self::Start => Some(S::InProgress),
            Self::Hold => Some(S::OnHold),
            Self::AskInfo => Some(S::InfoRequested),
            Self::Resume | Self::GiveInfo => Some(stage.resumes),
            Self::Complete => Some(S::Completed),
            Self::Reject => Some(S::Rejected),
            Self::Redirect => Some(S::Requested),
            Self::Cancel if by_owner => Some(S::CancelledByRequester),
            Self::Cancel => Some(S::CancelledByRecipient),
            Self::Fail => Some(S::Failed),
            Self::EnterInError => Some(S::EnteredInError),
            Self::Dispose => None,
        }
    }
}
