//! The server under measurement: this very program, as a process of its own.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::error::{Error, Result};

/// A running `sijill serve`.
pub(super) struct Server {
    child: Child,
    pub(super) url: String,
    pub(super) http: reqwest::Client,
}

impl Server {
    /// Starts it on a free port and waits until it says that it serves.
    pub(super) async fn start(dir: &Path) -> Result<Self> {
        let failed = |e: std::io::Error| Error::Source(format!("the server did not start: {e}"));
        let mut child = Command::new(std::env::current_exe().map_err(failed)?)
            .args(["serve", "--listen", "127.0.0.1:0", "--dir"])
            .arg(dir)
            .env("SIJILL_LOG", "warn")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let out = child.stdout.take().ok_or_else(|| Error::Source("the server has no output".into()))?;
        let line = BufReader::new(out).lines().next_line().await.map_err(failed)?.unwrap_or_default();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        let url = told.get("serving").and_then(serde_json::Value::as_str);
        let url = url.ok_or_else(|| Error::Source("the server ended before it served".into()))?.to_owned();
        crate::client::install_tls();
        let http = reqwest::Client::builder()
            .pool_max_idle_per_host(256)
            .tcp_nodelay(true)
            .timeout(Duration::from_mins(2))
            .build()
            .map_err(|e| Error::Source(e.to_string()))?;
        Ok(Self { child, url, http })
    }

    /// The published size of its log.
    pub(super) async fn size(&self) -> Result<u64> {
        let failed = |e: reqwest::Error| Error::Unreachable { url: self.url.clone(), why: e.to_string() };
        let answer = self.http.get(format!("{}/log/checkpoint", self.url)).send().await;
        let note = answer.and_then(reqwest::Response::error_for_status).map_err(failed)?;
        let note = note.text().await.map_err(failed)?;
        let size = note.lines().nth(1).and_then(|line| line.parse().ok());
        size.ok_or_else(|| Error::Source("the checkpoint names no size".into()))
    }

    /// Asks it to stop, and waits until it has.
    pub(super) async fn stop(mut self) -> Result<()> {
        if let Some(pid) = self.child.id() {
            let asked = Command::new("kill").args(["-TERM", &pid.to_string()]).status().await;
            asked.map_err(|e| Error::Source(format!("the server cannot be stopped: {e}")))?;
        }
        self.child.wait().await.map_err(|e| Error::Source(e.to_string()))?;
        Ok(())
    }
}
