//! The task that keeps read models where the published log is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sijill_projections::ProjectionError;
use sijill_projections::engine::{Base, Projector};

use crate::ledger::Ledger;

/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// While the log grows, read models rest so many times as long as they have worked: appends come first. Those that keep up rest
/// longer, for a case is folded as a whole however few of its entries are new, but not so long that they are a second behind: what
/// comes in when a step has begun waits for the end of it, for the rest, and for the next step.
const REST: u32 = 3;
const LONG_REST: u32 = 9;
const LONGEST_WAIT: Duration = Duration::from_millis(800);

/// Fewer entries than this are made up for in one step.
const NEAR: u64 = 5_000;

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
            tell(projector).await?;
            return Ok(());
        }
        let behind = tell(projector).await?;
        if projector.log.size() > size {
            // Somebody is appending, and read models can wait.
            let worked = began.elapsed();
            let rest = if behind < NEAR {
                (worked * LONG_REST).min(LONGEST_WAIT.saturating_sub(worked * 2)).max(worked)
            } else {
                worked * REST
            };
            tokio::time::sleep(rest).await;
        }
    }
}

/// Tells how far behind each model is, in entries; answers the most of it.
async fn tell(projector: &Projector<'_>) -> Result<u64, ProjectionError> {
    let (size, mut most) = (projector.log.size(), 0);
    for generation in projector.generations().await?.into_iter().filter(|generation| generation.live) {
        let behind = size.saturating_sub(generation.position);
        most = most.max(behind);
        let behind = u32::try_from(behind).unwrap_or(u32::MAX);
        metrics::gauge!("sijill_projection_lag_entries", "model" => generation.model).set(behind);
    }
    Ok(most)
}
