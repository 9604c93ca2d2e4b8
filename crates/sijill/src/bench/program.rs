//! This very program at another of its jobs, as a process of its own whose memory is watched.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::error::{Error, Result};

/// Runs this program and watches how much memory it takes, in kB (`VmHWM`).
pub(super) async fn run(args: &[PathBuf]) -> Result<(String, u64)> {
    let failed = |e: std::io::Error| Error::Source(format!("{} did not run: {e}", name(args)));
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
        return Err(Error::Source(format!("{} could not read the ledger", name(args))));
    }
    Ok((text, peak))
}

fn name(args: &[PathBuf]) -> std::path::Display<'_> {
    args.first().map_or(Path::new(""), PathBuf::as_path).display()
}

fn resident(status: &Path) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
