//! What the ledger said of its own figures, on stream `log`.

use std::collections::BTreeMap;
use std::sync::Arc;

use sijill_domain::event::{FiguresPublished, ProjectionAttested};
use sijill_event::{Event, Stream};
use sijill_projections::publication::Past;

use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::state::parse;

/// Entries read at a time.
const PAGE: u32 = 200;

/// What the ledger said of its own figures.
#[derive(Debug, Clone, Default)]
pub struct Stated {
    /// The sizes that read models were attested at, each with the entry that says so.
    attested: BTreeMap<u64, u64>,
    /// What was published of each month, in their order, with the entry that says so.
    publications: Vec<(u64, FiguresPublished)>,
    past: Past,
    /// How many entries of the stream this is.
    read: u64,
}

impl Stated {
    /// The latest size up to this one that read models were attested at, and the entry that says so.
    pub fn attested_by(&self, size: u64) -> Option<(u64, u64)> {
        self.attested.range(..=size).next_back().map(|(size, index)| (*size, *index))
    }

    /// What was published of each month, ascending, with the entry that says so.
    pub fn publications(&self) -> &[(u64, FiguresPublished)] {
        &self.publications
    }

    /// What was published of this month, `202611`, and the entry that says so.
    pub fn publication(&self, month: u64) -> Option<&(u64, FiguresPublished)> {
        self.publications.iter().find(|(_, said)| said.month == month)
    }

    /// What bears on the publication of the next month.
    pub fn past(&self) -> &Past {
        &self.past
    }

    /// Takes the next entry of the stream. What it says of a month again counts for nothing; an audit finds it.
    pub fn take(&mut self, index: u64, event: &Event) {
        self.read += 1;
        if event.event_type == ProjectionAttested::TYPE
            && let Ok(said) = ProjectionAttested::parse(&event.data)
        {
            self.attested.insert(said.size, index);
        }
        if event.event_type == FiguresPublished::TYPE
            && let Ok(said) = FiguresPublished::parse(&event.data)
            && self.publications.last().is_none_or(|(_, last)| last.month < said.month)
        {
            self.past.take(&said);
            self.publications.push((index, said));
        }
    }
}

impl Ledger {
    /// What the published log says of its own figures. It is read once and kept; each call reads what is new.
    pub async fn stated(&self) -> Result<Arc<Stated>, LedgerError> {
        let stream =
            Stream::parse("log").ok_or_else(|| LedgerError::OutOfRange("no stream `log`".to_owned()))?;
        let mut kept = self.kept_stated().lock().await;
        loop {
            let page = self.stream_entries(&stream, kept.read, PAGE).await?;
            if page.is_empty() {
                return Ok(Arc::clone(&kept));
            }
            let stated = Arc::make_mut(&mut kept);
            for (index, text) in page {
                stated.take(index, &parse(index, &text)?.event);
            }
        }
    }
}
