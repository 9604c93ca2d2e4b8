//! The audit of the whole ledger, in a process of its own, beside the signatures alone.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use serde_json::{Value, json};
use sijill_audit::{ExportDirectory, Source};
use sijill_event::{Entry, Event, Json, Kid, PublicKey};

use super::program::run;
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
