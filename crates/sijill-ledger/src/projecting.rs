//! The task that keeps read models where the published log is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sijill_projections::ProjectionError;
use sijill_projections::engine::{Base, Projector};

use crate::ledger::Ledger;

/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// While the log grows, read models rest so many times as long as they have worked: appends come first.
const REST: u32 = 3;

/// How long entries may gather before they are taken in together: one transaction for many, and still under a second behind.
const GATHER: Duration = Duration::from_millis(200);

/// Builds the read models that this release does not find, and then follows the log until the ledger stops. A failure is logged
/// and tried again: the ledger does not depend on its read models.
pub async fn project(ledger: Ledger, base: Arc<dyn Base>) {
    let log = ledger.following();
    let mut published = ledger.watch();
    // Else the size it has now would be news.
    published.mark_unchanged();
    drop(ledger);
    let projector = Projector { base: &*base, log: &log };
    loop {
        match catch_up(&projector).await {
            Ok(()) => {
                if published.changed().await.is_err() {
                    return;
                }
                tokio::time::sleep(GATHER).await;
            }
            Err(error) => {
                tracing::error!(code = error.code(), %error, "read models do not follow the log; trying again");
                tokio::time::sleep(AGAIN).await;
                if published.has_changed().is_err() {
                    return;
                }
            }
        }
    }
}

async fn catch_up(projector: &Projector<'_>) -> Result<(), ProjectionError> {
    let unbuilt = projector.unbuilt().await?;
    if !unbuilt.is_empty() {
        let names: Vec<&str> = unbuilt.iter().map(|model| model.name).collect();
        tracing::info!(models = names.join(","), "building read models");
        projector.rebuild(&unbuilt, &|_| ()).await?;
    }
    loop {
        let (size, began) = (projector.log.size(), Instant::now());
        if projector.follow().await? {
            return tell(projector).await;
        }
        tell(projector).await?;
        if projector.log.size() > size {
            // Somebody is appending, and read models can wait.
            tokio::time::sleep(began.elapsed() * REST).await;
        }
    }
}

/// How far behind each model is, in entries.
async fn tell(projector: &Projector<'_>) -> Result<(), ProjectionError> {
    let size = projector.log.size();
    for generation in projector.generations().await?.into_iter().filter(|generation| generation.live) {
        let behind = u32::try_from(size.saturating_sub(generation.position)).unwrap_or(u32::MAX);
        metrics::gauge!("sijill_projection_lag_entries", "model" => generation.model).set(behind);
    }
    Ok(())
}
