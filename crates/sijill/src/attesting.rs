//! A server's word on its own figures (`[figures]` in `sijill.toml`): daily on the read models, monthly for everybody.

use std::sync::Arc;
use std::time::Duration;

use sijill_event::SigningKey;
use sijill_ledger::{Ledger, Seal};
use sijill_projections::engine::Base;
use uuid::Uuid;

/// A day, milliseconds.
pub const DAY: u64 = 86_400_000;

/// How far Oman's midnight lies before that of UTC, less the ten minutes that a day's last entries may take.
const BEGINS: u64 = 4 * 3_600_000 - 600_000;

/// How often it is asked which day it is: the clock may be set.
const LOOK: Duration = Duration::from_secs(30);

/// How often witnesses are asked at most.
const ROUND: Duration = Duration::from_secs(1);

/// Records what the witnesses cosigned, at most once in `every`, until it is dropped. What fails is tried again the next time
/// it looks.
pub async fn record_witnessed(ledger: Ledger, key: SigningKey, every: Duration) {
    let look = every.min(LOOK);
    loop {
        tokio::time::sleep(look).await;
        match sijill_ledger::record_witnessed(&ledger, &key, every).await {
            Ok(None) => {}
            Ok(Some(receipt)) => tracing::info!(index = receipt.index, "cosignatures recorded"),
            Err(error) => {
                tracing::warn!(code = error.code(), %error, "cosignatures not recorded; trying again");
            }
        }
    }
}

/// Commits the ledger to its heads, at most once in `every`, until it is dropped. What fails is tried again the next time it
/// looks.
pub async fn record_heads(ledger: Ledger, key: SigningKey, every: Duration) {
    let look = every.min(LOOK);
    loop {
        tokio::time::sleep(look).await;
        match sijill_ledger::record_heads(&ledger, &key, every).await {
            Ok(None) => {}
            Ok(Some(receipt)) => tracing::info!(index = receipt.index, "heads committed"),
            Err(error) => {
                tracing::warn!(code = error.code(), %error, "heads not committed; trying again");
            }
        }
    }
}

/// Keeps the newest checkpoint that witnesses cosigned in a file, for exports and evidence made beside the server, until it is
/// dropped.
pub async fn keep_witnessed(ledger: Ledger, kept: Seal) {
    let mut size = 0;
    loop {
        tokio::time::sleep(ROUND).await;
        let Some(cosigned) = ledger.cosigned().filter(|cosigned| cosigned.checkpoint().size > size) else {
            continue;
        };
        size = cosigned.checkpoint().size;
        let (kept, note) = (kept.clone(), cosigned.note.to_string());
        match tokio::task::spawn_blocking(move || kept.write(&note)).await {
            Ok(Ok(())) => {}
            // The next one is written anew.
            Ok(Err(error)) => tracing::warn!(%error, "the cosigned checkpoint was not kept"),
            Err(error) => tracing::warn!(%error, "the cosigned checkpoint was not kept"),
        }
    }
}

/// Attests the read models ten minutes into every day in Oman, by the ledger's clock, and then publishes the figures of each month
/// that has been over for `grace_ms`, until it is dropped. Months that are due when it begins are published at once. What fails is
/// tried again the next time it looks.
pub async fn every_day(ledger: Ledger, base: Arc<dyn Base>, key: SigningKey, grace_ms: u64) {
    let day = |ledger: &Ledger| (ledger.now_ms() + BEGINS) / DAY;
    let (mut attested, mut published) = (day(&ledger), 0);
    loop {
        tokio::time::sleep(LOOK).await;
        let today = day(&ledger);
        if attested < today {
            match sijill_ledger::attest(&ledger, &*base, &key).await {
                Ok((said, receipt)) => {
                    attested = today;
                    tracing::info!(index = receipt.index, size = said.size, "read models attested");
                }
                Err(error) => {
                    tracing::warn!(code = error.code(), %error, "read models not attested; trying again");
                }
            }
        }
        if published < today {
            match sijill_ledger::publish(&ledger, &*base, &key, grace_ms, &|_| Uuid::now_v7()).await {
                Ok(months) => {
                    published = today;
                    for (said, receipt) in months {
                        tracing::info!(index = receipt.index, month = said.month, "figures published");
                    }
                }
                Err(error) => {
                    tracing::warn!(code = error.code(), %error, "figures not published; trying again");
                }
            }
        }
    }
}
