//! The measurements over HTTP.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::load::Load;
use super::server::Server;
use super::{hundredth, tenth};
use crate::client::now_s;
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::running::store_to_read;

const BATCH: usize = 1_000;
const BATCH_CONNECTIONS: usize = 4;
const CONNECTIONS: usize = 64;
const RATE: u32 = 200;
const PACED: usize = 3_000;
const PROOFS: usize = 2_000;
const DUE: usize = 200;
/// As many as the ledger wakes in one transaction.
const WAKING: u32 = 500;
const YEAR_S: u64 = 365 * 86_400;

/// Batches of [`BATCH`] events over [`BATCH_CONNECTIONS`] connections.
pub(super) async fn append(server: &Server, load: &mut Load, events: usize) -> Result<Value> {
    let length = load.kind.length();
    let chains = load.chains(events.div_ceil(length), length)?;
    let batches: VecDeque<String> =
        chains.chunks(BATCH / length).map(|chains| chains.concat().join("\n")).collect();
    let count = chains.len() * length;
    let seconds = drain(server, batches, BATCH_CONNECTIONS, "application/x-ndjson").await?;
    Ok(json!({
        "events": count, "batch": BATCH, "connections": BATCH_CONNECTIONS, "events/s": tenth(rate(count, seconds)),
    }))
}

/// Single events over [`CONNECTIONS`] connections, each with chains of its own, one after the other.
pub(super) async fn post(server: &Server, load: &mut Load, events: usize) -> Result<Value> {
    let length = load.kind.length();
    let each = events.div_ceil(CONNECTIONS * length).max(1);
    let chains = load.chains(CONNECTIONS * each, length)?;
    let count = chains.len() * length;
    let started = Instant::now();
    let mut tasks = Vec::new();
    for own in chains.chunks(each) {
        let (http, url, own) = (server.http.clone(), server.url.clone(), own.concat());
        tasks.push(tokio::spawn(async move {
            for text in own {
                send(&http, &url, text, "application/sd-jwt").await?;
            }
            Ok::<_, Error>(())
        }));
    }
    for task in tasks {
        task.await.map_err(|e| Error::Source(e.to_string()))??;
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(json!({"events": count, "connections": CONNECTIONS, "events/s": tenth(rate(count, seconds))}))
}

/// [`RATE`] single events a second: how long each waits for its receipt.
pub(super) async fn paced(server: &Server, load: &mut Load) -> Result<Value> {
    let mut tick = tokio::time::interval(Duration::from_secs(1) / RATE);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut tasks = Vec::new();
    for text in load.chains(PACED, 1)?.into_iter().flatten() {
        tick.tick().await;
        let (http, url) = (server.http.clone(), server.url.clone());
        tasks.push(tokio::spawn(async move {
            let started = Instant::now();
            send(&http, &url, text, "application/sd-jwt").await?;
            Ok::<_, Error>(started.elapsed())
        }));
    }
    let mut waits = Vec::with_capacity(tasks.len());
    for task in tasks {
        waits.push(task.await.map_err(|e| Error::Source(e.to_string()))??);
    }
    Ok(
        json!({"events": PACED, "rate": RATE, "median ms": middle(&mut waits, 50), "p99 ms": middle(&mut waits, 99)}),
    )
}

/// Inclusion proofs one after another, of entries all over the log.
pub(super) async fn proof(server: &Server, entries: usize) -> Result<Value> {
    let mut waits = Vec::with_capacity(PROOFS);
    for n in 0..PROOFS {
        // A large odd step visits tiles in no helpful order.
        let index = n.wrapping_mul(0x9E37_79B1) % entries.max(1);
        let started = Instant::now();
        let url = format!("{}/v1/proofs/inclusion?index={index}", server.url);
        let answer = server.http.get(url).send().await.and_then(reqwest::Response::error_for_status);
        answer.map_err(unreachable(server))?.bytes().await.map_err(unreachable(server))?;
        waits.push(started.elapsed());
    }
    Ok(json!({"proofs": PROOFS, "median ms": middle(&mut waits, 50), "p99 ms": middle(&mut waits, 99)}))
}

/// From the start of the process until it is ready to append.
pub(super) async fn start(dir: &Path) -> Result<(Server, Value)> {
    let started = Instant::now();
    let server = Server::start(dir).await?;
    let ready = server.http.get(format!("{}/health/ready", server.url)).send().await;
    ready.and_then(reqwest::Response::error_for_status).map_err(unreachable(&server))?;
    let seconds = started.elapsed().as_secs_f64();
    Ok((server, json!({"seconds": hundredth(seconds)})))
}

/// What is due in any case, asked as the ledger's timer asks: the next waking, and everything that falls due in a year.
pub(super) async fn due(dir: &Path) -> Result<Value> {
    let store = store_to_read(&DataDir::open(dir)?).await?;
    let (mut next, mut due, mut found) = (Vec::with_capacity(DUE), Vec::with_capacity(DUE), 0);
    for _ in 0..DUE {
        let started = Instant::now();
        store.next_wake().await?;
        next.push(started.elapsed());
        let started = Instant::now();
        found = store.due_cases((now_s() + YEAR_S) * 1_000, WAKING).await?.len();
        due.push(started.elapsed());
    }
    Ok(json!({
        "next waking: median ms": middle(&mut next, 50), "due in a round": found, "due: median ms": middle(&mut due, 50),
        "due: p99 ms": middle(&mut due, 99),
    }))
}

/// The machine, as the kernel describes it.
pub(super) fn machine() -> Value {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    json!(format!("{} × {cores}", model.trim_start_matches([' ', '\t', ':'])))
}

async fn drain(
    server: &Server,
    work: VecDeque<String>,
    connections: usize,
    kind: &'static str,
) -> Result<f64> {
    let work = Arc::new(Mutex::new(work));
    let started = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let (http, url, work) = (server.http.clone(), server.url.clone(), Arc::clone(&work));
        tasks.push(tokio::spawn(async move {
            loop {
                let next = work.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some(body) = next else { return Ok::<_, Error>(()) };
                send(&http, &url, body, kind).await?;
            }
        }));
    }
    for task in tasks {
        task.await.map_err(|e| Error::Source(e.to_string()))??;
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Posts and makes sure that everything was taken: a measurement of refusals is none.
pub(super) async fn send(http: &reqwest::Client, url: &str, body: String, kind: &'static str) -> Result<()> {
    let answer = http.post(format!("{url}/v1/events")).header(CONTENT_TYPE, kind).body(body).send().await;
    let why = |e: reqwest::Error| Error::Unreachable { url: url.to_owned(), why: e.to_string() };
    let text =
        answer.and_then(reqwest::Response::error_for_status).map_err(why)?.text().await.map_err(why)?;
    if kind == "application/x-ndjson" {
        let refused = text.lines().find(|line| !line.starts_with("{\"status\":201"));
        if let Some(line) = refused {
            return Err(Error::Refused { code: "bench".into(), message: line.to_owned() });
        }
    }
    Ok(())
}

fn unreachable(server: &Server) -> impl Fn(reqwest::Error) -> Error + '_ {
    |e| Error::Unreachable { url: server.url.clone(), why: e.to_string() }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn rate(count: usize, seconds: f64) -> f64 {
    count as f64 / seconds
}

/// The `percent`-th percentile, in milliseconds.
pub(super) fn middle(waits: &mut [Duration], percent: usize) -> Value {
    waits.sort_unstable();
    let place = (waits.len() * percent / 100).min(waits.len().saturating_sub(1));
    hundredth(waits.get(place).map_or(0.0, Duration::as_secs_f64) * 1_000.0)
}
