//! The documents that come with the programme, as `schemas/` has them: what a new ledger may publish first.

use sijill_domain::event::DocumentKind;

pub use crate::codes::SHIPPED as CODE_LISTS;

/// Oman's pathways.
pub const POLICY: &[u8] = include_bytes!("../../../schemas/policies/oman-child-protection.toml");
/// Oman's calendar.
pub const CALENDAR: &[u8] = include_bytes!("../../../schemas/calendars/oman.toml");

/// All of them in the order in which they are to be published: kind, id, bytes. Each is version 1.
pub fn documents() -> impl Iterator<Item = (DocumentKind, &'static str, &'static [u8])> {
    let lists = CODE_LISTS.iter().map(|(id, bytes)| (DocumentKind::CodeList, *id, *bytes));
    let others =
        [(DocumentKind::Calendar, "oman", CALENDAR), (DocumentKind::Policy, "child-protection", POLICY)];
    lists.chain(others)
}
