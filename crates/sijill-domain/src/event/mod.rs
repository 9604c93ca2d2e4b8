//! The registry's events: what `data` holds, by type (`docs/ledger-format.md`, Annex B).
//!
//! One struct per event type and per action. `parse` refuses what is malformed and every member that is not
//! listed; `data` writes what `parse` reads. Whether an event is *allowed* is for [`crate::rules`] to say.
//!
//! ```
//! use sijill_domain::event::{OfficerEnrolled, OfficerKind, Role, prove};
//! use sijill_domain::{AgencyId, OfficerId, Signer, UnitId};
//! use sijill_event::SigningKey;
//!
//! let key = SigningKey::from_seed(&[7; 32]).unwrap();
//! let agency = AgencyId::parse("moh").unwrap();
//! let officer = OfficerId::parse("intake-3").unwrap();
//! let signer = Signer::Officer { agency, officer: officer.clone() };
//! let (key, proof) = prove(&key, "ledger.example/2026", &signer);
//! let enrolled = OfficerEnrolled {
//!     officer,
//!     kind: OfficerKind::Officer,
//!     unit: UnitId::parse("intake").unwrap(),
//!     roles: [Role::Casework].into(),
//!     key,
//!     proof,
//! };
//! assert_eq!(OfficerEnrolled::parse(&enrolled.data()), Ok(enrolled));
//! ```

mod agency;
mod attested;
mod audited;
mod calendar;
pub(crate) mod field;
mod genesis;
mod heads;
mod name;
mod proof;
mod proposal;
mod witnessed;
mod word;

pub use agency::{
    AgencyEvent, CertificateGranted, KeyAdded, KeyCompromised, KeyRevoked, OfficerEnrolled, OfficerMoved,
    OfficerRemoved, RolesSet, UnitCalendarSet, UnitClosed, UnitOpened, UnitRenamed,
};
pub use attested::{
    AttestedModel, CellValue, FiguresPublished, ProjectionAttested, PublishedCell, PublishedFigure,
    PublishedStock, PublishedTable,
};
pub use audited::{AuditRecorded, AuditStatus, AuditedLevel, AuditedLevels, CountedFaults};
pub use calendar::{Day, HolidayAnnounced};
pub use genesis::{Founder, LedgerCreated, LedgerRatified, ServiceKey};
pub use heads::HeadsCommitted;
pub use name::Name;
pub use proof::{Proof, prove};
pub use proposal::{
    Action, AgencyAdmit, AgencyMerge, AgencyRemove, AgencyRename, DocumentPublish, GrantsSet,
    ProposalApproved, ProposalOpened, QuorumSet, RegistrarReinstate, RegistrarSuspend, RootKeyReplace,
    RulesPut, ServiceKeyReplace, WitnessesSet,
};
pub use witnessed::{CosignedCheckpoint, LogWitnessed, WitnessRule};
pub use word::{Clock, DocumentKind, Grant, OfficerKind, Role, Service, WitnessPolicy};
