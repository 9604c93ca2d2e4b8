//! Stream `agency/X`: units, officers, keys.

use std::collections::BTreeSet;

use sijill_event::{Json, Kid, PublicKey, Timestamp};

use super::field::data;
use super::{Name, OfficerKind, Proof, Role};
use crate::{OfficerId, Reason, Refusal, UnitId};

data! {
    /// A unit begins: cases, referrals and officers can be addressed to it.
    UnitOpened = "unit.opened" {
        /// Its id, for good.
        unit: UnitId,
        /// What it is called.
        name: Name,
    }
}

data! {
    /// A unit is called something else from now on.
    UnitRenamed = "unit.renamed" {
        /// Which unit.
        unit: UnitId,
        /// What it is called now.
        name: Name,
    }
}

data! {
    /// A unit ends. It stays known and is never opened again.
    UnitClosed = "unit.closed" {
        /// Which unit.
        unit: UnitId,
    }
}

data! {
    /// A person or system may sign for the agency.
    OfficerEnrolled = "officer.enrolled" {
        /// Its id, for good.
        officer: OfficerId,
        /// A person or a system.
        kind: OfficerKind,
        /// The unit it works in.
        unit: UnitId,
        /// What it may do.
        roles: BTreeSet<Role>,
        /// Its first key.
        key: PublicKey,
        /// That it holds the key.
        proof: Proof,
    }
}

data! {
    /// An officer works in another unit from now on.
    OfficerMoved = "officer.moved" {
        /// Which officer.
        officer: OfficerId,
        /// Where to.
        unit: UnitId,
    }
}

data! {
    /// An officer leaves for good; its keys are revoked.
    OfficerRemoved = "officer.removed" {
        /// Which officer.
        officer: OfficerId,
        /// Why.
        reason: Reason,
    }
}

data! {
    /// What an officer may do from now on.
    RolesSet = "roles.set" {
        /// Which officer.
        officer: OfficerId,
        /// All its roles.
        roles: BTreeSet<Role>,
    }
}

data! {
    /// An officer was trained.
    CertificateGranted = "certificate.granted" {
        /// Which officer.
        officer: OfficerId,
        /// In what.
        certificate: UnitId,
        /// Until when that counts.
        expires: Timestamp,
    }
}

data! {
    /// Working time of a unit is counted by these hours of the calendar from then on. Rule-set 2.
    UnitCalendarSet = "unit.calendar_set" {
        /// Which unit.
        unit: UnitId,
        /// The id of hours in the calendar document, e.g. `office`.
        calendar: UnitId,
    }
}

data! {
    /// An officer signs with one more key.
    KeyAdded = "key.added" {
        /// Which officer.
        officer: OfficerId,
        /// The key.
        key: PublicKey,
        /// That it holds the key.
        proof: Proof,
    }
}

data! {
    /// A key signs nothing after this entry.
    KeyRevoked = "key.revoked" {
        /// Which key.
        kid: Kid,
        /// Why.
        reason: Reason,
    }
}

data! {
    /// A key signs nothing after this entry, and what it signed before is in doubt.
    KeyCompromised = "key.compromised" {
        /// Which key.
        kid: Kid,
        /// What was received from then on is disputed.
        since: Timestamp,
    }
}

/// The event types of stream `agency/X`.
macro_rules! agency_events {
    ($($name:ident,)*) => {
        /// An event of stream `agency/X`, read.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant is the struct it holds")]
        pub enum AgencyEvent { $($name($name),)* }

        impl AgencyEvent {
            /// All the types.
            pub const TYPES: &'static [&'static str] = &[$($name::TYPE,)*];

            /// Reads `data` of an event of this type; `None` if the type is not one of stream `agency/X`.
            /// Refused: `data-malformed`.
            pub fn parse(event_type: &str, data: &Json) -> Option<Result<Self, Refusal>> {
                match event_type {
                    $($name::TYPE => Some($name::parse(data).map(Self::$name)),)*
                    _ => None,
                }
            }

            /// The event type.
            pub fn event_type(&self) -> &'static str {
                match self { $(Self::$name(_) => $name::TYPE,)* }
            }

            /// The event's `data`.
            pub fn data(&self) -> Json {
                match self { $(Self::$name(event) => event.data(),)* }
            }
        }

        $(impl From<$name> for AgencyEvent {
            fn from(event: $name) -> Self {
                Self::$name(event)
            }
        })*
    };
}

agency_events! {
    UnitOpened,
    UnitRenamed,
    UnitClosed,
    UnitCalendarSet,
    OfficerEnrolled,
    OfficerMoved,
    OfficerRemoved,
    RolesSet,
    CertificateGranted,
    KeyAdded,
    KeyRevoked,
    KeyCompromised,
}
