//! The calls that answer with figures: what there is to count, sums of it as known at any size of the log, and the facts behind
//! each sum.
//!
//! Whose figures a caller sees is one rule for the API and the pages (`sijill_projections::figure::Scope`).

mod asked;
mod facts;
mod list;
mod sums;

use std::sync::Arc;

use sijill_ledger::Stated;
use sijill_projections::figure::{Filter, Scope as Sees};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::WebError;
use crate::token::{Caller, Scope};

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::figures))
        .routes(routes!(sums::figure))
        .routes(routes!(facts::events))
}

impl App {
    /// What the caller asks for, within what it may see exactly.
    fn exactly(&self, caller: &Caller, filter: Filter) -> Result<(Sees, Filter), WebError> {
        let sees = Sees::of(&self.ledger.registry(), &caller.kid, caller.has(Scope::ReadAll));
        let refused =
            WebError::NotYours("auditors, and supervisors of the agency; others read published figures");
        let Some(sees) = sees else { return Err(refused) };
        match sees.within(filter) {
            Some(filter) => Ok((sees, filter)),
            None => Err(refused),
        }
    }
}

/// The latest attestation of read models that covers a size.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct Attestation {
    /// How many entries the log had then. If it is the size of the answer, what the answer rests on was attested.
    #[schema(minimum = 1)]
    size: u64,
    /// The entry that says so (`projection.attested`).
    index: u64,
}

impl Attestation {
    fn of(stated: &Stated, size: u64) -> Option<Self> {
        stated.attested_by(size).map(|(size, index)| Self { size, index })
    }
}
