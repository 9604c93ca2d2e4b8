//! Whom read models that lag behind would still show too much.

use sijill_casework::catalogue::{AccessRestricted, CaseOpened, ErasureDone};

use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::state::parse;

/// Entries read at a time.
const PAGE: u32 = 1_000;

/// Types that make a circle narrower: whoever could know of a case may not any more, or there is less to know. A contact has
/// the parties of the case of its id once there is one.
const NARROWING: [&str; 3] = [AccessRestricted::TYPE, ErasureDone::TYPE, CaseOpened::TYPE];

impl Ledger {
    /// The cases and contacts that fewer may know of, or less of, than when the published log had `from` entries, ascending.
    /// Nobody is shown rows of them that are as of then.
    ///
    /// # Errors
    /// [`LedgerError`]: the store does not answer, or holds an entry that is none.
    pub async fn narrowed_since(&self, from: u64) -> Result<Vec<String>, LedgerError> {
        let (mut next, size) = (from, self.published().checkpoint.size);
        let mut narrowed = Vec::new();
        while next < size {
            let page = self.entries(next, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            next = last + 1;
            for (index, text) in &page {
                let event = parse(*index, text)?.event;
                if NARROWING.contains(&event.event_type.as_str()) {
                    narrowed.extend(event.stream.id().map(str::to_owned));
                }
            }
        }
        narrowed.sort();
        narrowed.dedup();
        Ok(narrowed)
    }
}
