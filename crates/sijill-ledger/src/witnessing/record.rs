//! Cosignatures as part of history: `log.witnessed` on stream `log`.

use std::time::Duration;

use sijill_domain::event::{CosignedCheckpoint, LogWitnessed};
use sijill_event::{Seen, SigningKey, Stream};

use crate::attesting::{AttestError, append};
use crate::error::LedgerError;
use crate::ledger::{Ledger, Receipt};
use crate::state::parse;

/// How many of the stream's last events are looked through for the record before. More of other types between two records
/// only make the next one come early.
const BACK: u64 = 64;

/// Appends the newest witnessed checkpoint with its cosignatures, signed by the ledger's service `log`. `None`, and nothing
/// is appended, if nothing was witnessed, if the record before is younger than `every`, or if nothing but that record itself
/// has come since: a record is no reason for a record.
///
/// # Errors
/// [`AttestError`]: nothing was appended, but for `unavailable`, where nobody knows.
pub async fn record_witnessed(
    ledger: &Ledger,
    key: &SigningKey,
    every: Duration,
) -> Result<Option<Receipt>, AttestError> {
    let Some(cosigned) = ledger.cosigned() else { return Ok(None) };
    let checkpoint = cosigned.checkpoint();
    if let Some((index, received)) = last(ledger).await? {
        let due = u128::from(received) + every.as_millis();
        if checkpoint.size <= index + 1 || u128::from(ledger.now_ms()) < due {
            return Ok(None);
        }
    }
    let note = CosignedCheckpoint::new(cosigned.note.clone());
    let said = LogWitnessed {
        checkpoint: note.ok_or_else(|| AttestError::Unsigned("nobody cosigned the checkpoint".to_owned()))?,
    };
    let seen = Seen { size: checkpoint.size, root: checkpoint.root.0 };
    append(ledger, key, LogWitnessed::TYPE, &said.data(), Some(seen)).await.map(Some)
}

/// Index and `received` of the record before.
async fn last(ledger: &Ledger) -> Result<Option<(u64, u64)>, LedgerError> {
    let Some(stream) = Stream::parse("log") else { return Ok(None) };
    let next = ledger.next(&stream).await?.seq;
    let events = ledger.stream_entries(&stream, next.saturating_sub(BACK), 1_000).await?;
    for (index, text) in events.into_iter().rev() {
        let entry = parse(index, &text)?;
        if entry.event.event_type == LogWitnessed::TYPE {
            return Ok(Some((index, entry.received)));
        }
    }
    Ok(None)
}
