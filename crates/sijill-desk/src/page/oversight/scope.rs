//! Which figures an officer may see.

use sijill_domain::Registry;
pub(super) use sijill_projections::figure::Scope;

use crate::{DeskError, Session};

/// The figures that an officer may see at a desk, where whoever audits does so.
pub(super) fn of(registry: &Registry, session: &Session) -> Result<Scope, DeskError> {
    Scope::of(registry, &session.kid, true).ok_or(DeskError::NotYours)
}
