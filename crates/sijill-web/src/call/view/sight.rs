//! Whose rows a caller sees.

use std::sync::Arc;

use sijill_projections::engine::Base;
use sijill_projections::query::{Reader, Sight};

use crate::app::App;
use crate::error::WebError;
use crate::token::Caller;

/// Entries that the read models may be behind before answers wait for them.
const BEHIND: u64 = 10_000;

impl App {
    /// The read models.
    pub(crate) fn read_models(&self) -> Result<&Arc<dyn Base>, WebError> {
        self.settings.read_models.as_ref().ok_or(WebError::ViewNotBuilt)
    }

    /// Whose rows the caller sees: those of an officer who works on cases, or audits, as the registry has it now.
    pub(in crate::call) fn sight(&self, caller: &Caller) -> Result<Sight, WebError> {
        let refused =
            WebError::NotYours("officers who work on cases, and auditors; others read published figures");
        let Some(reader) = self.reader(caller).filter(|reader| reader.works || reader.audits) else {
            return Err(refused);
        };
        let (author, registry) = (&reader.author, reader.registry());
        let merged =
            registry.agencies().map(|(id, _)| id).filter(|id| registry.now(id.as_str()) == Some(&author.now));
        Ok(Sight::Of(Reader {
            audits: reader.audits,
            works: reader.works,
            supervises: author.supervises(registry, &author.unit),
            agency: author.agency.to_string(),
            agencies: merged.map(ToString::to_string).collect(),
            unit: author.unit.unit.to_string(),
            officer: author.officer.to_string(),
            now: reader.at.received,
        }))
    }

    /// The cases and contacts that fewer may know of, or less of, than the read models say yet. Nobody is shown rows of them
    /// until the models have taken that in, which is a moment. They stand at `position`.
    pub(in crate::call) async fn withheld(&self, position: u64) -> Result<Vec<String>, WebError> {
        if self.ledger.published().checkpoint.size.saturating_sub(position) > BEHIND {
            return Err(WebError::ViewBehind { position });
        }
        Ok(self.ledger.narrowed_since(position).await?)
    }
}
