//! Heads as part of history: `heads.committed` on stream `log`.

use std::time::{Duration, Instant};

use sijill_domain::event::HeadsCommitted;
use sijill_event::{Seen, SigningKey};
use uuid::Uuid;

use super::recorded::look;
use crate::attesting::{AttestError, LogStream};
use crate::error::LedgerError;
use crate::ledger::{Ledger, Receipt};
use crate::state::parse;

/// Entries that may have come while the maps were brought up to date: a record may not lie much behind its tree.
const NEAR: u64 = HeadsCommitted::REACH / 8;

/// Commits the ledger to its heads as published, signed by its service `log`. `None`, and nothing is appended, if the record
/// before is younger than `every` (where there is none, if the ledger is), or if nothing has come since but what the ledger
/// said of itself: records are no reason for a record.
///
/// Several servers of one ledger may do this: whoever comes second is refused its place in the stream, and finds the other's.
///
/// # Errors
/// [`AttestError`]: nothing was appended, but for `unavailable`, where nobody knows.
pub async fn record_heads(
    ledger: &Ledger,
    key: &SigningKey,
    every: Duration,
) -> Result<Option<Receipt>, AttestError> {
    // The place first: what others append from here on takes it away.
    let place = LogStream::next(ledger).await?;
    let newest = ledger.heads().await?;
    let next = newest.as_ref().map_or(0, |newest| newest.seq + 1);
    if look(ledger.store(), u64::MAX, next).await?.1.is_some() {
        // Another server's, which is not published yet.
        return Ok(None);
    }
    let size = ledger.published().checkpoint.size;
    let (from, since) = match &newest {
        Some(newest) => (newest.index + 1, newest.received),
        None => (0, begun(ledger).await?),
    };
    let own = place.seq().saturating_sub(next);
    let others = size.saturating_sub(from).saturating_sub(own);
    if others == 0 || u128::from(ledger.now_ms()) < u128::from(since) + every.as_millis() {
        return Ok(None);
    }
    let started = Instant::now();
    let mut kept = ledger.kept_heads().lock().await;
    let mut heads = kept.heads_at(ledger.store(), size).await?;
    while ledger.published().checkpoint.size - heads.size() > NEAR {
        heads = heads.forward(ledger.store(), ledger.published().checkpoint.size).await?;
    }
    metrics::histogram!("sijill_heads_seconds").record(started.elapsed().as_secs_f64());
    let seen = Seen { size: heads.size(), root: ledger.root_at(heads.size()).await?.0 };
    let said = heads.said();
    kept.ahead = Some(heads);
    drop(kept);
    let receipt =
        place.seeing(seen).append(ledger, key, HeadsCommitted::TYPE, &said.data(), Uuid::now_v7()).await?;
    Ok(Some(receipt))
}

/// When the ledger began.
async fn begun(ledger: &Ledger) -> Result<u64, LedgerError> {
    match ledger.entries(0, 1).await?.first() {
        Some((index, text)) => Ok(parse(*index, text)?.received),
        None => Ok(0),
    }
}
