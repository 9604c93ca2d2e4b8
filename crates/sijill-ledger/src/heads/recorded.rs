//! Records of heads, and proofs that lead to them.

use std::sync::Arc;

use sijill_domain::event::HeadsCommitted;
use sijill_domain::heads::{Head, HeadsProof, HeadsRecord, KeyProof, KeyStatus, StreamProof};
use sijill_event::{Kid, Stream};
use sijill_store::Store;

use super::{Heads, head_of};
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::state::parse;

/// The stream that records stand in.
const LOG: &str = "log";

/// Events of it looked through at a time.
const PAGE: u64 = 200;

/// A `heads.committed`, and the maps it is about.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its index.
    pub index: u64,
    /// When it was sequenced, Unix milliseconds.
    pub received: u64,
    /// The entry.
    pub entry: String,
    /// What it says.
    pub said: HeadsCommitted,
    /// Its `seq` in stream `log`.
    pub(crate) seq: u64,
    pub(crate) heads: Heads,
}

impl Recorded {
    /// The newest one among the first `size` entries of a log, which another process may be running; `None` if there is none.
    /// Builds the maps anew: what [`Ledger::heads`] keeps.
    ///
    /// # Errors
    /// `Corrupt`, where the record is not what the entries give.
    pub async fn newest(store: &dyn Store, size: u64) -> Result<Option<Self>, LedgerError> {
        match look(store, size, 0).await?.1 {
            Some(found) => {
                let heads = Heads::at(store, found.said.size).await?;
                found.with(heads).map(Some)
            }
            None => Ok(None),
        }
    }

    /// Shows where a stream ended, or that it was empty.
    ///
    /// # Errors
    /// `Corrupt`, where the database does not hold what a ledger wrote.
    pub async fn stream(&self, store: &dyn Store, stream: &Stream) -> Result<StreamProof, LedgerError> {
        let head = head_at(store, stream, self.said.size).await?;
        let proof = self.heads.streams.prove(&Head::key(stream.as_str()));
        let proof = StreamProof { stream: stream.clone(), head, proof };
        let shown = proof.verify(&self.said.streams);
        shown
            .map_err(|e| LedgerError::Corrupt { index: self.index, why: format!("stream {stream}: {e}") })?;
        Ok(proof)
    }

    /// Shows what authority knew of a key, or that it knew none such.
    pub fn key(&self, kid: &Kid) -> KeyProof {
        let status = self.heads.registry.key(kid).and_then(KeyStatus::of);
        KeyProof { kid: *kid, status, proof: self.heads.keys.prove(&KeyStatus::key(kid)) }
    }
}

/// A record as it was found.
pub(super) struct Found {
    seq: u64,
    index: u64,
    received: u64,
    entry: String,
    said: HeadsCommitted,
}

impl Found {
    fn with(self, heads: Heads) -> Result<Recorded, LedgerError> {
        let Self { seq, index, received, entry, said } = self;
        if heads.said() != said {
            let why = "it commits to other heads than the entries give".to_owned();
            return Err(LedgerError::Corrupt { index, why });
        }
        Ok(Recorded { index, received, entry, said, seq, heads })
    }
}

/// Looks for the newest record among the first `size` entries, in stream `log` from `from` on; also answers how far it looked.
pub(super) async fn look(
    store: &dyn Store,
    size: u64,
    from: u64,
) -> Result<(u64, Option<Found>), LedgerError> {
    let head = store.stream_heads(&[LOG.to_owned()]).await?;
    let mut end = head.first().map_or(0, |head| head.seq + 1);
    let mut looked = from;
    while end > from {
        let first = end.saturating_sub(PAGE).max(from);
        let limit = u32::try_from(end - first).unwrap_or(u32::MAX);
        let mut page = store.stream_entries(LOG, first, limit).await?;
        page.retain(|(index, _)| *index < size);
        for (seq, (index, text)) in (first..).zip(page).collect::<Vec<_>>().into_iter().rev() {
            looked = looked.max(seq + 1);
            let entry = parse(index, &text)?;
            if entry.event.event_type == HeadsCommitted::TYPE
                && let Ok(said) = HeadsCommitted::parse(&entry.event.data)
            {
                let received = entry.received;
                return Ok((looked, Some(Found { seq, index, received, entry: text, said })));
            }
        }
        end = first;
    }
    Ok((looked, None))
}

/// Where a stream ended when the log had `size` entries.
async fn head_at(store: &dyn Store, stream: &Stream, size: u64) -> Result<Option<Head>, LedgerError> {
    let now = store.stream_heads(&[stream.to_string()]).await?;
    let Some(now) = now.first() else { return Ok(None) };
    let (mut low, mut high, mut found) = (0, now.seq + 1, None);
    // Mostly it still is where it was, or nearly.
    let mut middle = now.seq;
    while low < high {
        let page = store.stream_entries(stream.as_str(), middle, 1).await?;
        match page.into_iter().next() {
            Some((index, text)) if index < size => {
                found = Some(head_of(&parse(index, &text)?.event));
                low = middle + 1;
            }
            _ => high = middle,
        }
        middle = low + (high - low) / 2;
    }
    Ok(found)
}

/// What is kept of heads from one question to the next.
#[derive(Default)]
pub(crate) struct Kept {
    newest: Option<Arc<Recorded>>,
    /// How far stream `log` was looked through.
    looked: u64,
    /// What this server was last about to commit to.
    pub(super) ahead: Option<Heads>,
}

impl Kept {
    /// The maps after `size` entries, from the nearest earlier ones there are.
    pub(super) async fn heads_at(&self, store: &dyn Store, size: u64) -> Result<Heads, LedgerError> {
        let held = self.newest.iter().map(|newest| &newest.heads).chain(&self.ahead);
        let nearest = held.filter(|heads| heads.size <= size).max_by_key(|heads| heads.size);
        match nearest {
            Some(heads) => heads.forward(store, size).await,
            None => Heads::at(store, size).await,
        }
    }
}

impl Ledger {
    /// The newest published record of heads; `None` if there is none yet. It is kept, and followed by what changed when there
    /// is a newer one, this server's or another's. The first time all stream heads are read.
    ///
    /// # Errors
    /// `Corrupt`, where a record is not what the entries give.
    pub async fn heads(&self) -> Result<Option<Arc<Recorded>>, LedgerError> {
        let mut kept = self.kept_heads().lock().await;
        let (looked, found) = look(self.store(), self.published().checkpoint.size, kept.looked).await?;
        if let Some(found) = found {
            let heads = kept.heads_at(self.store(), found.said.size).await?;
            kept.newest = Some(Arc::new(found.with(heads)?));
        }
        kept.looked = looked;
        Ok(kept.newest.clone())
    }

    /// Proofs about streams and keys as of the newest record, with the record and its receipt: they are checked offline.
    /// `None` if there is no record yet.
    ///
    /// # Errors
    /// As [`heads`](Self::heads).
    pub async fn heads_proof(
        &self,
        streams: &[Stream],
        keys: &[Kid],
    ) -> Result<Option<HeadsProof>, LedgerError> {
        let Some(recorded) = self.heads().await? else { return Ok(None) };
        let mut proofs = Vec::with_capacity(streams.len());
        for stream in streams {
            proofs.push(recorded.stream(self.store(), stream).await?);
        }
        let receipt = self.receipt(recorded.index).await?;
        let record = HeadsRecord {
            index: recorded.index,
            received: recorded.received,
            entry: recorded.entry.clone(),
            proof: receipt.proof,
        };
        let keys = keys.iter().map(|kid| recorded.key(kid)).collect();
        Ok(Some(HeadsProof { record, streams: proofs, keys }))
    }
}
