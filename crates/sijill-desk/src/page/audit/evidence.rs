//! Evidence from the running ledger, as of the newest checkpoint that witnesses cosigned, if it covers what is asked for.

use std::collections::BTreeSet;

use sijill_audit::{Archive, Evidence, Unreadable};
use sijill_event::{Stream, StreamKind};
use sijill_ledger::{Ledger, LedgerError};
use sijill_log::Hash;
use tokio::runtime::Handle;

use crate::DeskError;

/// Evidence of these published entries, without disclosed values.
pub(super) async fn gathered(ledger: &Ledger, wanted: BTreeSet<u64>) -> Result<Evidence, DeskError> {
    let covers = |size: u64| wanted.last().is_some_and(|last| *last < size);
    let cosigned = ledger.cosigned().filter(|cosigned| covers(cosigned.checkpoint().size));
    let published = ledger.published();
    let (note, size) = match cosigned {
        Some(cosigned) => (cosigned.note.to_string(), cosigned.checkpoint().size),
        None => (published.note.to_string(), published.checkpoint.size),
    };
    let length = match Stream::parse("log") {
        Some(stream) => ledger.next(&stream).await?.seq,
        None => 0,
    };
    let shelf = Shelf { ledger: ledger.clone(), note, size, length, runtime: Handle::current() };
    let evidence = tokio::task::spawn_blocking(move || Evidence::prove(&shelf, &wanted, false)).await;
    evidence.map_err(|_| DeskError::Unavailable)?.map_err(|_| DeskError::Unavailable)
}

/// The ledger, to be asked from a thread that may wait.
struct Shelf {
    ledger: Ledger,
    note: String,
    size: u64,
    /// Events in stream `log`.
    length: u64,
    runtime: Handle,
}

impl Shelf {
    fn wait<T>(&self, answer: impl Future<Output = Result<T, LedgerError>>) -> Result<T, Unreadable> {
        self.runtime.block_on(answer).map_err(|error| Unreadable::Source(error.to_string()))
    }
}

impl Archive for Shelf {
    fn checkpoint(&self) -> Result<String, Unreadable> {
        Ok(self.note.clone())
    }

    fn entries(&self, indexes: &BTreeSet<u64>) -> Result<Vec<(u64, String)>, Unreadable> {
        let mut found = Vec::with_capacity(indexes.len());
        for index in indexes {
            let page = self.wait(self.ledger.entries(*index, 1))?;
            found.extend(page.into_iter().filter(|(at, _)| at == index));
        }
        Ok(found)
    }

    fn registry(&self, before: u64) -> Result<Vec<(u64, String)>, Unreadable> {
        self.wait(self.ledger.registry_entries(before))
    }

    fn log_length(&self) -> Result<u64, Unreadable> {
        Ok(self.length)
    }

    fn log_entries(&self, seq: u64, limit: u32) -> Result<Vec<(u64, String)>, Unreadable> {
        let Some(stream) = Stream::new(StreamKind::Log, "").or_else(|| Stream::parse("log")) else {
            return Ok(Vec::new());
        };
        let page = self.wait(self.ledger.stream_entries(&stream, seq, limit))?;
        Ok(page.into_iter().filter(|(index, _)| *index < self.size).collect())
    }

    fn disclosures(&self, _: &BTreeSet<u64>) -> Result<Vec<(u64, String)>, Unreadable> {
        Ok(Vec::new())
    }

    fn subtrees(&self, size: u64, subtrees: &[(u8, u64)]) -> Result<Vec<Hash>, Unreadable> {
        self.wait(self.ledger.subtrees(size, subtrees))
    }
}
