//! Whose rows a caller sees.

use std::sync::Arc;

use sijill_casework::catalogue::{AccessRestricted, CaseOpened, ErasureDone};
use sijill_event::Entry;
use sijill_projections::engine::Base;
use sijill_projections::query::{Reader, Sight};

use crate::app::App;
use crate::error::WebError;
use crate::token::Caller;

/// Entries that the read models may be behind before answers wait for them.
const BEHIND: u64 = 10_000;
/// Entries read at a time.
const PAGE: u32 = 1_000;

/// Types that make a circle narrower: whoever could know of a case may not any more, or there is less to know. A contact has
/// the parties of the case of its id once there is one.
const NARROWING: [&str; 3] = [AccessRestricted::TYPE, ErasureDone::TYPE, CaseOpened::TYPE];

impl App {
    /// The read models.
    pub(in crate::call) fn read_models(&self) -> Result<&Arc<dyn Base>, WebError> {
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
        let mut next = position;
        let size = self.ledger.published().checkpoint.size;
        if size.saturating_sub(next) > BEHIND {
            return Err(WebError::ViewBehind { position: next });
        }
        let mut withheld = Vec::new();
        while next < size {
            let page = self.ledger.entries(next, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            next = last + 1;
            for (_, text) in &page {
                let entry = Entry::parse(text.as_bytes()).map_err(|_| WebError::Internal)?;
                if NARROWING.contains(&entry.event.event_type.as_str()) {
                    withheld.extend(entry.event.stream.id().map(str::to_owned));
                }
            }
        }
        withheld.sort();
        withheld.dedup();
        Ok(withheld)
    }
}
