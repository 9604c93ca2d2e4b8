//! The event catalogue: every event type of a case or contact (`docs/casework.md` §3).
//!
//! A type is declared in one place: struct, fields, classes, labels in both languages. From the declaration come
//! the strict reader ([`CaseEvent::read`]), the check at admission ([`TypeSpec::check`]), the form that people fill
//! in ([`TypeSpec::draft`]) and the published schema ([`TypeSpec::json_schema`], `schemas/events/`).
//!
//! ```text
//! event.rs     how a type is declared        spec.rs, kind.rs   what is known of types and fields
//! field.rs     how values are read, written  value.rs           what they are
//! check.rs     admission, drafts             schema.rs          JSON Schema
//! describe.rs  what is put into fields
//! contact, opening, work, consent, committee, referral, ending, warning, automation, access, erasure    the types
//! earlier.rs   versions no longer written    types.rs           all of them together
//! ```
//!
//! A released version is never edited: a type that must change gets the next version, its old declaration goes to
//! `earlier.rs` with what it would be today.

mod access;
mod automation;
mod check;
mod committee;
mod consent;
mod contact;
mod describe;
mod earlier;
mod ending;
mod erasure;
mod event;
mod field;
mod kind;
mod opening;
mod referral;
mod schema;
mod spec;
mod types;
mod value;
mod warning;
mod work;

pub use access::*;
pub use automation::*;
pub use committee::*;
pub use consent::*;
pub use contact::*;
pub use earlier::*;
pub use ending::*;
pub use erasure::*;
pub use event::{Facts, Unread};
pub use kind::{Kind, Word};
pub use opening::*;
pub use referral::*;
pub use spec::{Bilingual, FieldClass, FieldSpec, TypeSpec};
pub use types::{CATALOGUE, CaseEvent};
pub use value::{
    Attachment, CaseId, Codes, ContactId, DeadlineRef, ErasureGround, FieldPath, Officer, ReferralState,
    Vote, WarningGround, WarningOutcome, WarningReason,
};
pub use warning::*;
pub use work::*;

/// Characters of a name, a title, an address.
const SHORT: usize = 200;

/// Characters of what people tell: with four bytes each they still fit into a disclosure. What is longer is a
/// document.
const LONG: usize = 7000;

/// What is known of a type in one version.
pub fn spec(event_type: &str, v: u16) -> Option<&'static TypeSpec> {
    CATALOGUE.iter().find(|spec| spec.v == v && spec.name == event_type)
}

/// The version of a type that is written today.
pub fn latest(event_type: &str) -> Option<&'static TypeSpec> {
    CATALOGUE.iter().filter(|spec| spec.name == event_type).max_by_key(|spec| spec.v)
}
