//! Whether a key store is the one that belongs to a database, and as new as it: looked at from both ends of the log.

use std::collections::HashMap;

use sijill_casework::catalogue::ErasureDone;
use sijill_event::{Entry, Json};
use sijill_store::{KeyStore, MAX_PAGE, Store, StoredDisclosure};

use crate::error::Result;

/// Entries whose values are looked at together, from the end of the log on.
const WINDOW: u64 = 1_000;

/// The first entry found whose values the key store does not open, among the oldest and the newest that there are; `None` if
/// those open. A key is durable before its entry is there, so one that is not there was lost, unless an erasure destroyed it.
pub(crate) async fn lost(store: &dyn Store, keys: &dyn KeyStore, size: u64) -> Result<Option<u64>> {
    let mut look = Look { store, keys, erased: HashMap::new() };
    let mut after = None;
    loop {
        let page = store.disclosures(0..size, after, MAX_PAGE).await?;
        let Some(last) = page.last() else { return Ok(None) };
        after = Some((last.index, last.digest));
        match look.first(page.iter()).await? {
            Some(Found::Open) => break,
            Some(Found::Lost(index)) => return Ok(Some(index)),
            None => {}
        }
    }
    let mut end = size;
    loop {
        let from = end.saturating_sub(WINDOW);
        let rows = window(store, from..end).await?;
        match look.first(rows.iter().rev()).await? {
            Some(Found::Lost(index)) => return Ok(Some(index)),
            Some(Found::Open) => return Ok(None),
            None if from == 0 => return Ok(None),
            None => end = from,
        }
    }
}

async fn window(store: &dyn Store, range: std::ops::Range<u64>) -> Result<Vec<StoredDisclosure>> {
    let (mut rows, mut after): (Vec<StoredDisclosure>, _) = (Vec::new(), None);
    loop {
        let page = store.disclosures(range.clone(), after, MAX_PAGE).await?;
        let Some(last) = page.last() else { return Ok(rows) };
        after = Some((last.index, last.digest));
        rows.extend(page);
    }
}

enum Found {
    /// A key that is held.
    Open,
    /// One that is not, of this entry.
    Lost(u64),
}

struct Look<'a> {
    store: &'a dyn Store,
    keys: &'a dyn KeyStore,
    /// Whether an erasure is under way in a case.
    erased: HashMap<String, bool>,
}

impl Look<'_> {
    /// What the first of these rows shows that shows anything: an erased one does not, nor one that is to go.
    async fn first(&mut self, rows: impl Iterator<Item = &StoredDisclosure>) -> Result<Option<Found>> {
        for row in rows {
            let Some(sealed) = &row.sealed else { continue };
            if !self.keys.get(&[sealed.key_id]).await?.is_empty() {
                return Ok(Some(Found::Open));
            }
            // Another server may have destroyed it, or sealed the value anew, since the row was read.
            if self.is_there(row).await? && !self.is_going(row.index).await? {
                return Ok(Some(Found::Lost(row.index)));
            }
        }
        Ok(None)
    }

    /// Whether the row is as it was.
    async fn is_there(&self, row: &StoredDisclosure) -> Result<bool> {
        let now = window(self.store, row.index..row.index + 1).await?;
        Ok(now.iter().any(|held| held == row))
    }

    /// Whether values of this entry's case are being destroyed: its keys go before `erasure.done`, and a server may have been
    /// killed in between.
    async fn is_going(&mut self, index: u64) -> Result<bool> {
        let page = self.store.entries(index, 1).await?;
        let entry = page.first().and_then(|(_, text)| Entry::parse(text.as_bytes()).ok());
        let Some(case) = entry.as_ref().and_then(|entry| entry.event.stream.id()) else { return Ok(false) };
        if let Some(known) = self.erased.get(case) {
            return Ok(*known);
        }
        let going = self.last_of(&format!("access/{case}")).await?.is_some_and(|last| is_approved(&last));
        self.erased.insert(case.to_owned(), going);
        Ok(going)
    }

    async fn last_of(&self, stream: &str) -> Result<Option<Entry>> {
        let heads = self.store.stream_heads(&[stream.to_owned()]).await?;
        let Some(head) = heads.first() else { return Ok(None) };
        let page = self.store.stream_entries(stream, head.seq, 1).await?;
        Ok(page.first().and_then(|(_, text)| Entry::parse(text.as_bytes()).ok()))
    }
}

/// After its approval an erasure is the case's only next event, in as many parts as it takes.
fn is_approved(last: &Entry) -> bool {
    let event = &last.event;
    let number = |name| event.data.get(name).and_then(Json::as_u64);
    match event.event_type.as_str() {
        "erasure.approved" => true,
        ErasureDone::TYPE => number("part") < number("parts"),
        _ => false,
    }
}
