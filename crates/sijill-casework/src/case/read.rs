//! What the state's code asks of an event that was read, beyond its fields.

use sijill_event::Digest;

use crate::catalogue::CaseEvent;

impl CaseEvent {
    /// Whether it is one that the access service signs.
    pub fn is_of_service(&self) -> bool {
        self.is_answer() || matches!(self, Self::ErasureDone(_))
    }

    /// Whether it answers a request for values.
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::AccessReleased(_) | Self::ExportReleased(_))
    }

    /// Whether it is about erasure: judged by the same rules whether the values are there or not.
    pub fn is_of_erasure(&self) -> bool {
        matches!(
            self,
            Self::ErasureOrdered(_)
                | Self::ErasureApproved(_)
                | Self::ErasureRefused(_)
                | Self::ErasureDone(_)
                | Self::ErasureConfirmed(_)
        )
    }

    /// The referral it belongs to, if it names one.
    pub fn referral(&self) -> Option<&Digest> {
        match self {
            Self::ReferralAcknowledged(act) => Some(&act.referral),
            Self::ReferralAccepted(act) => Some(&act.referral),
            Self::ReferralStarted(act) => Some(&act.referral),
            Self::ReferralHeld(act) => Some(&act.referral),
            Self::ReferralResumed(act) => Some(&act.referral),
            Self::ReferralInfoRequested(act) => Some(&act.referral),
            Self::ReferralInfoProvided(act) => Some(&act.referral),
            Self::ReferralCompleted(act) => Some(&act.referral),
            Self::ReferralRejected(act) => Some(&act.referral),
            Self::ReferralRedirected(act) => Some(&act.referral),
            Self::ReferralCancelled(act) => Some(&act.referral),
            Self::ReferralFailed(act) => Some(&act.referral),
            Self::ReferralEnteredInError(act) => Some(&act.referral),
            Self::ReferralDisposed(act) => Some(&act.referral),
            Self::ReferralWithdrawn(act) => Some(&act.referral),
            Self::ReferralBreached(act) => Some(&act.referral),
            Self::ServiceDelivered(act) => act.referral.as_ref(),
            _ => None,
        }
    }
}
