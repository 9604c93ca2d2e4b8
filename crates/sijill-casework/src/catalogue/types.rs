//! All the types together.

use sijill_event::{Event, Json};

use super::access::{AccessReleased, AccessRequested, BreakGlassInvoked, BreakGlassReviewed, ExportReleased};
use super::automation::{
    DeadlineBreached, EscalationRaised, NoticeGiven, ReferralBreached, ReferralWithdrawn, ReminderSent,
};
use super::committee::{
    ConferenceHeld, ConferenceScheduled, OrderEnded, OrderIssued, OrderTranscribed, VoteCast,
};
use super::consent::{
    AccessRestricted, BreachNotified, BreachRecorded, ConsentRecorded, ConsentWithdrawn, LegalBasisInvoked,
    WithdrawalConfirmed,
};
use super::contact::{ChildLookedUp, ContactCorrected, ContactLinked, ContactLogged};
use super::earlier::ContactLoggedV1;
use super::ending::{
    CaseClosed, CaseClosureRefused, CaseClosureRequested, CaseReopened, DeadlineVaried, EscalationResolved,
    FeedbackRecorded,
};
use super::erasure::{ErasureApproved, ErasureConfirmed, ErasureDone, ErasureOrdered, ErasureRefused};
use super::event::Values;
use super::opening::{
    CaseAssigned, CaseLinked, CaseMerged, CaseOpened, CaseTransferRefused, CaseTransferRequested,
    CaseTransferred, CaseUnmerged, ChildCorrected, ChildRegistered, PartyAdded, PartyCorrected,
};
use super::referral::{
    ReferralAccepted, ReferralAcknowledged, ReferralCancelled, ReferralCompleted, ReferralDisposed,
    ReferralEnteredInError, ReferralFailed, ReferralHeld, ReferralInfoProvided, ReferralInfoRequested,
    ReferralRedirected, ReferralRejected, ReferralRequested, ReferralResumed, ReferralStarted,
};
use super::warning::WarningReviewed;
use super::work::{
    AssessmentCompleted, ChildNotSeen, ChildSeen, DocumentAttached, FollowUpRecorded, NoteAdded,
    PlacementEnded, PlacementStarted, PlanApproved, PlanProposed, PlanRejected, RiskAssessed, SafetyPlanMade,
    ServiceDelivered,
};
use super::{Codes, Facts, TypeSpec, Unread};
use crate::{Code, Refusal};

macro_rules! types {
    ($($name:ident $(<- $earlier:ident)*,)*) => {
        /// An event of a case or contact, read: its routing and casework fields. Whatever version it was signed
        /// under, it is the newest one here.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant is the struct it holds")]
        pub enum CaseEvent { $($name($name),)* }

        /// Every type in every version.
        pub static CATALOGUE: &[TypeSpec] = &[$($($earlier::SPEC,)* $name::SPEC,)*];

        impl CaseEvent {
            /// Reads an event of streams `contact/…`, `case/…`, `auto/…` and `access/…`. Whether its codes stand
            /// in their lists, and whether it is allowed, is for others to judge. Refused: `type-unknown`,
            /// `type-not-here`, `data-malformed`.
            pub fn read(event: &Event, facts: &Facts) -> Result<Self, Unread> {
                match (event.event_type.as_str(), event.v) {
                    $(
                        ($name::TYPE, $name::V) => $name::read(event, facts).map(Self::$name),
                        $(($earlier::TYPE, $earlier::V) => {
                            $earlier::read(event, facts).map(|earlier| Self::$name(earlier.into()))
                        })*
                    )*
                    (kind, v) => Err(Refusal::TypeUnknown { kind: kind.to_owned(), v }.into()),
                }
            }

            /// An event of the newest version of a type, of `{field: value}` as [`values`](Self::values) has them;
            /// `None` if there is no such type, or a required routing or casework field is missing or malformed. For
            /// asking what would be if it were signed: [`CaseFile::may`](crate::case::CaseFile::may).
            pub fn of_values(event_type: &str, values: &Json) -> Option<Self> {
                let casework = values.as_object()?.iter().cloned().collect();
                let values = Values { open: values, casework: &casework };
                match event_type {
                    $($name::TYPE => $name::take(&values).ok().map(Self::$name),)*
                    _ => None,
                }
            }

            /// The event type.
            pub fn event_type(&self) -> &'static str {
                self.spec().name
            }

            /// What is known of its type, in the newest version.
            pub fn spec(&self) -> &'static TypeSpec {
                match self { $(Self::$name(_) => &$name::SPEC,)* }
            }

            /// Its values by field name, absent ones left out.
            pub fn values(&self) -> Json {
                match self { $(Self::$name(event) => event.values(),)* }
            }

            /// The versions of the code lists its codes are of.
            pub fn codes(&self) -> &Codes {
                match self { $(Self::$name(event) => &event.codes,)* }
            }

            /// The codes it uses, each with its list.
            pub fn codes_used(&self) -> Vec<(&'static str, &Code)> {
                match self { $(Self::$name(event) => event.codes_used(),)* }
            }
        }

        $(impl From<$name> for CaseEvent {
            fn from(event: $name) -> Self {
                Self::$name(event)
            }
        })*
    };
}

types! {
    ContactLogged <- ContactLoggedV1,
    ContactCorrected,
    ContactLinked,
    ChildLookedUp,
    CaseOpened,
    ChildRegistered,
    ChildCorrected,
    PartyAdded,
    PartyCorrected,
    CaseLinked,
    CaseMerged,
    CaseUnmerged,
    CaseAssigned,
    CaseTransferRequested,
    CaseTransferRefused,
    CaseTransferred,
    RiskAssessed,
    AssessmentCompleted,
    SafetyPlanMade,
    PlanProposed,
    PlanApproved,
    PlanRejected,
    ServiceDelivered,
    ChildSeen,
    ChildNotSeen,
    FollowUpRecorded,
    PlacementStarted,
    PlacementEnded,
    NoteAdded,
    DocumentAttached,
    ConsentRecorded,
    ConsentWithdrawn,
    WithdrawalConfirmed,
    LegalBasisInvoked,
    AccessRestricted,
    BreachRecorded,
    BreachNotified,
    ConferenceScheduled,
    VoteCast,
    ConferenceHeld,
    OrderIssued,
    OrderTranscribed,
    OrderEnded,
    ReferralRequested,
    ReferralAcknowledged,
    ReferralAccepted,
    ReferralStarted,
    ReferralHeld,
    ReferralResumed,
    ReferralInfoRequested,
    ReferralInfoProvided,
    ReferralCompleted,
    ReferralRejected,
    ReferralRedirected,
    ReferralCancelled,
    ReferralFailed,
    ReferralEnteredInError,
    ReferralDisposed,
    CaseClosureRequested,
    CaseClosureRefused,
    CaseClosed,
    CaseReopened,
    FeedbackRecorded,
    DeadlineVaried,
    EscalationResolved,
    WarningReviewed,
    ReferralWithdrawn,
    ReminderSent,
    ReferralBreached,
    DeadlineBreached,
    EscalationRaised,
    NoticeGiven,
    AccessRequested,
    AccessReleased,
    BreakGlassInvoked,
    BreakGlassReviewed,
    ExportReleased,
    ErasureOrdered,
    ErasureApproved,
    ErasureRefused,
    ErasureDone,
    ErasureConfirmed,
}
