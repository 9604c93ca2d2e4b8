//! The audit of the whole ledger, in a process of its own, beside the signatures alone.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use serde_json::{Value, json};
use sijill_audit::{ExportDirectory, Source};
use sijill_event::{Entry, Event, Json, Kid, PublicKey};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::{hundredth, tenth};
use crate::error::{Error, Result};
use crate::source::blocking;

/// Exports the ledger beside `dir`, audits the export, and checks its signatures with `verify_strict` alone.
pub(super) async fn audit(dir: &Path) -> Result<Value> {
    let out = dir.with_extension("export");
    run(&["export".into(), "--dir".into(), dir.into(), "--out".into(), out.clone()]).await?;
    let trust = dir.join("trust.json");
    let (report, peak) =
        run(&["audit".into(), out.clone(), "--trust".into(), trust, "--json".into()]).await?;
    let report: Value = serde_json::from_str(&report).map_err(|e| Error::Source(e.to_string()))?;
    let alone = blocking({
        let out = out.clone();
        move || signatures_alone(&out)
    });
    let alone = alone.await??;
    let seconds = report["seconds"].as_f64().unwrap_or(f64::INFINITY);
    let entries = report["entries"].as_f64().unwrap_or_default();
    let removed = std::fs::remove_dir_all(&out);
    removed.map_err(Error::unwritable(&out))?;
    Ok(json!({
        "faults": report["faults"].as_array().map(Vec::len),
        "seconds": hundredth(seconds),
        "entries/s": tenth(entries / seconds),
        "verify_strict alone /s": tenth(entries / alone.as_secs_f64()),
        "ratio": hundredth(alone.as_secs_f64() / seconds),
        "peak memory MB": peak / 1_000,
    }))
}

/// Runs this program and watches how much memory it takes, in kB (`VmHWM`).
async fn run(args: &[PathBuf]) -> Result<(String, u64)> {
    let failed = |e: std::io::Error| Error::Source(format!("the audit did not run: {e}"));
    let mut child = Command::new(std::env::current_exe().map_err(failed)?)
        .args(args)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id().unwrap_or_default()));
    let mut out = child.stdout.take().ok_or_else(|| Error::Source("no output".into()))?;
    let mut text = String::new();
    let mut peak = 0;
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let reading = out.read_to_string(&mut text);
    tokio::pin!(reading);
    loop {
        tokio::select! {
            read = &mut reading => { read.map_err(failed)?; break; }
            _ = tick.tick() => peak = peak.max(resident(&status)),
        }
    }
    let ended = child.wait().await.map_err(failed)?;
    if ended.code() == Some(2) {
        return Err(Error::Source("the audit could not read the ledger".into()));
    }
    Ok((text, peak))
}

fn resident(status: &Path) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// How long `verify_strict` takes for all signatures on all cores, with everything else done before.
fn signatures_alone(export: &Path) -> Result<Duration> {
    let source = ExportDirectory::open(export).map_err(Error::audit)?;
    let mut keys = HashMap::new();
    let (mut spent, mut from) = (Duration::ZERO, 0);
    loop {
        let chunk = source.entries(from, 20_000).map_err(Error::audit)?;
        let Some((last, _)) = chunk.last() else { return Ok(spent) };
        from = last + 1;
        let events: Vec<Event> = chunk
            .iter()
            .map(|(_, entry)| Entry::parse(entry).map(|entry| entry.event).map_err(Error::event))
            .collect::<Result<_>>()?;
        for event in &events {
            learn(&event.data, &mut keys);
        }
        let started = Instant::now();
        let good =
            events.par_iter().filter(|e| keys.get(&e.kid).is_some_and(|key| e.verify(key).is_ok())).count();
        spent += started.elapsed();
        if good != events.len() {
            return Err(Error::Source("a signature is not valid".into()));
        }
    }
}

fn learn(value: &Json, keys: &mut HashMap<Kid, PublicKey>) {
    if let Ok(key) = PublicKey::from_jwk(value) {
        keys.insert(key.kid(), key);
    }
    value.as_array().into_iter().flatten().for_each(|value| learn(value, keys));
    value.as_object().into_iter().flatten().for_each(|(_, value)| learn(value, keys));
}
