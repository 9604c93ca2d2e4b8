//! `sijill audit --record`: what was found goes on the ledger, signed by the auditor (`audit.recorded`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};
use sijill_audit::{Level, Report, Status};
use sijill_domain::event::{AuditRecorded, AuditStatus, AuditedLevel, AuditedLevels, CountedFaults};
use sijill_domain::{OfficerId, UnitId};
use sijill_event::{Digest, Stream, Timestamp};

use super::Args;
use crate::command::Target;
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::gate::{Desk, Told};
use crate::new_event::NewEvent;
use crate::source::is_url;

/// Where the record goes: to the ledger that was audited, or the server that is named.
pub(super) fn target(args: &Args) -> Result<Target> {
    let Some(key) = args.key.clone() else {
        return Err(Error::Usage("--record needs --key: the auditor signs what it found".to_string()));
    };
    let path = PathBuf::from(&args.source);
    let (url, dir) = match &args.url {
        Some(url) => (Some(url.clone()), None),
        None if is_url(&args.source) => (Some(server(&args.source).to_string()), None),
        None if DataDir::is(&path) => (None, Some(path)),
        None => {
            let why = "what is audited is a file: say with --url at which server the audit is to be recorded";
            return Err(Error::Usage(why.to_string()));
        }
    };
    Ok(Target { url, dir, key, trust: args.trust.clone() })
}

/// The API stands where the log's prefix ends.
pub(super) fn server(source: &str) -> &str {
    source.trim_end_matches('/').trim_end_matches("/log")
}

/// Appends it. A refusal is told beside the report, which stands whatever becomes of the record.
pub(super) async fn record(target: &Target, found: &AuditRecorded) -> Result<Told> {
    let Some(stream) = Stream::parse("log") else { return Err(Error::Usage("no stream `log`".to_string())) };
    let event = NewEvent::registry(stream, AuditRecorded::TYPE, found.data());
    let opened = target.open().await?;
    let told = match Desk::new(&opened.gate, &opened.author, opened.log_key.clone()).await {
        Ok(mut desk) => desk.append(&event, false).await,
        Err(error) => Err(error),
    };
    opened.close().await;
    told
}

/// In words, for programs, and whether it is on the ledger.
pub(super) fn told(told: &Told) -> (String, Value, bool) {
    match told {
        Told::Appended { receipt, jti, verified, .. } => (
            format!("recorded: entry {}", receipt.index),
            json!({"index": receipt.index, "received": receipt.received, "jti": jti, "verified": verified}),
            true,
        ),
        Told::Refused { code, message } => {
            (format!("not recorded: {code}: {message}"), json!({"code": code, "message": message}), false)
        }
        Told::Unknown { message } => (
            format!("perhaps not recorded: {message}"),
            json!({"code": "outcome-unknown", "message": message}),
            false,
        ),
    }
}

/// The report as the ledger takes it. Times are Unix seconds.
pub(super) fn found(report: &Report, started: u64, ended: u64) -> Result<AuditRecorded> {
    let unfit = |what: &str| Error::Usage(format!("nothing can be recorded: {what}"));
    let (Some(size), Some(root)) = (report.size.filter(|size| *size > 0), &report.root) else {
        return Err(unfit("no checkpoint of a log with entries was read"));
    };
    let mut counts: BTreeMap<UnitId, u64> = BTreeMap::new();
    for fault in &report.faults {
        let code = UnitId::parse(&fault.code.to_string()).ok_or_else(|| unfit("a fault's code is none"))?;
        *counts.entry(code).or_default() += 1;
    }
    let levels = &report.levels;
    let name = |text: &str| UnitId::parse(text).ok_or_else(|| unfit("this program has no name"));
    let version = OfficerId::parse(env!("CARGO_PKG_VERSION")).ok_or_else(|| unfit("it has no version"))?;
    Ok(AuditRecorded {
        size,
        root: Digest::parse(root).map_err(|_| unfit("the root is no hash"))?,
        entries: some(report.entries),
        anchored: report.anchored,
        levels: AuditedLevels {
            integrity: level(&levels.integrity),
            authority: level(&levels.authority),
            rules: level(&levels.rules),
            figures: level(&levels.figures),
        },
        faults: counts.into_iter().map(|(code, count)| CountedFaults { code, count }).collect(),
        tool: name("sijill")?,
        version,
        started: time(started).ok_or_else(|| unfit("this machine's clock"))?,
        ended: time(ended.max(started)).ok_or_else(|| unfit("this machine's clock"))?,
    })
}

fn level(level: &Level) -> AuditedLevel {
    let status = match level.status {
        Status::Clean => AuditStatus::Clean,
        Status::Faults => AuditStatus::Faults,
        Status::Partial => AuditStatus::Partial,
        Status::NotRun => AuditStatus::NotRun,
    };
    AuditedLevel { status, checked: some(level.checked), unchecked: some(level.unchecked) }
}

fn some(count: u64) -> Option<u64> {
    (count > 0).then_some(count)
}

fn time(unix_s: u64) -> Option<Timestamp> {
    let at = DateTime::from_timestamp(i64::try_from(unix_s).ok()?, 0)?;
    Timestamp::parse(&at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_what_stands_before_the_log() {
        for source in
            ["https://l.example", "https://l.example/", "https://l.example/log", "https://l.example/log/"]
        {
            assert_eq!(server(source), "https://l.example", "{source}");
        }
    }

    #[test]
    fn a_time_is_written_as_the_format_has_it() {
        assert_eq!(time(1_767_499_200).expect("a time").as_str(), "2026-01-04T04:00:00Z");
    }
}
