//! The read models: how fast they are built, how far behind they are while somebody appends.

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sijill_projections::engine::Base;

use super::load::Load;
use super::measure::{middle, send};
use super::program::run;
use super::server::Server;
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::running::read_models;

/// Events a second while it is measured how far read models are behind.
const RATE: u32 = 2_000;
/// So many of them in one post, so many posts a second.
const TOGETHER: u32 = 100;
const SECONDS: u32 = 15;
/// How often their position is asked for.
const LOOK: Duration = Duration::from_millis(20);

/// Builds all read models from nothing, as `sijill rebuild` does.
pub(super) async fn rebuild(dir: &Path) -> Result<Value> {
    let (told, peak) = run(&["rebuild".into(), "--json".into(), "--dir".into(), dir.into()]).await?;
    let told: Value = serde_json::from_str(&told).map_err(|e| Error::Source(e.to_string()))?;
    Ok(json!({
        "entries": told["entries"], "seconds": told["seconds"], "entries/s": told["entries_per_second"],
        "peak memory MB": peak / 1_000,
    }))
}

/// [`RATE`] events a second for [`SECONDS`]: how old the newest entry is that some read model lacks.
pub(super) async fn lag(server: &Server, dir: &Path, load: &mut Load) -> Result<Value> {
    let base = read_models(&DataDir::open(dir)?).await?;
    settled(&*base, server).await?;
    let posts = load.chains((RATE * SECONDS) as usize / 10, 10)?;
    let posts: Vec<String> =
        posts.chunks(TOGETHER as usize / 10).map(|chains| chains.concat().join("\n")).collect();
    let mut tick = tokio::time::interval(Duration::from_secs(1) * TOGETHER / RATE);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    // When the log was seen to have grown to which size, as far as read models have not come there.
    let (mut grown, mut lags) = (VecDeque::new(), Vec::new());
    let (started, count) = (Instant::now(), posts.len());
    let mut sending = tokio::spawn({
        let (http, url) = (server.http.clone(), server.url.clone());
        async move {
            let mut tasks = Vec::new();
            for body in posts {
                tick.tick().await;
                let (http, url) = (http.clone(), url.clone());
                tasks
                    .push(tokio::spawn(async move { send(&http, &url, body, "application/x-ndjson").await }));
            }
            for task in tasks {
                task.await.map_err(|e| Error::Source(e.to_string()))??;
            }
            Ok::<_, Error>(())
        }
    });
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            sent = &mut sending => { sent.map_err(|e| Error::Source(e.to_string()))??; break; }
            _ = look.tick() => {
                let size = server.size().await?;
                if grown.back().is_none_or(|(last, _)| *last < size) {
                    grown.push_back((size, Instant::now()));
                }
                let position = position(&*base).await?;
                while grown.front().is_some_and(|(size, _)| *size <= position) {
                    grown.pop_front();
                }
                lags.push(grown.front().map_or(Duration::ZERO, |(_, since): &(u64, Instant)| since.elapsed()));
            }
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    let rate = (count as f64 * f64::from(TOGETHER) / seconds).round();
    Ok(json!({
        "events/s": rate, "median ms": middle(&mut lags, 50), "p99 ms": middle(&mut lags, 99),
        "longest ms": middle(&mut lags, 100),
    }))
}

/// Waits until read models are where the log is: what follows measures the ledger as it usually runs.
async fn settled(base: &dyn Base, server: &Server) -> Result<()> {
    while position(base).await? < server.size().await? {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Up to which size all live read models have come.
async fn position(base: &dyn Base) -> Result<u64> {
    let rows = base.query("SELECT min(position) FROM projection WHERE live = 1", &[]).await?;
    let lowest = rows.first().and_then(|row| row.first()).map_or(0, sijill_projections::Cell::integer);
    Ok(u64::try_from(lowest).unwrap_or(0))
}
