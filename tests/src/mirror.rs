//! A mirror made with the program.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use sijill_log::NoteVerifier;

use crate::line::client;
use crate::program::{self, Server};
use crate::town::{Town, text};

/// How long somebody waits for a mirror, in steps of 20 ms.
const PATIENCE: usize = 3_000;

/// A mirror's directory, and the key it cosigns with.
pub struct Mirror {
    /// Its directory.
    pub dir: PathBuf,
    /// Its key.
    pub vkey: NoteVerifier,
}

impl Mirror {
    /// Makes one of the town's ledger, which the auditor of `mosd` reads at `from`.
    pub fn of(town: &Town, name: &str, from: &str) -> Self {
        let (key, trust) = (town.key("mosd/auditor"), town.trust());
        Self::new(&town.folder().join(name), name, from, &trust, &key)
    }

    /// Makes one that reads the ledger of the trust file with this key.
    pub fn new(dir: &Path, name: &str, from: &str, trust: &Path, key: &Path) -> Self {
        // Only the first call of a process installs it; that a later one finds it there is no error.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let name = format!("mirror.{name}.example");
        let made = program::done([
            "mirror",
            "init",
            "--dir",
            text(dir),
            "--name",
            &name,
            "--from",
            from,
            "--trust",
            text(trust),
            "--key",
            text(key),
        ]);
        let mirror = Self {
            dir: dir.to_path_buf(),
            vkey: made["vkey"].as_str().expect("a key").parse().expect("a vkey"),
        };
        mirror.set("mirror.toml", "every_ms = 50");
        mirror.set("witness.toml", "rate_limit = false");
        mirror
    }

    /// Adds a line to a file of settings.
    pub fn set(&self, file: &str, line: &str) {
        let path = self.dir.join(file);
        let settings = std::fs::read_to_string(&path).expect("settings");
        std::fs::write(&path, format!("{settings}{line}\n")).expect("written");
    }

    /// Serves it at a free port.
    pub fn serve(&self) -> Server {
        Server::mirror(&self.dir, 0)
    }

    /// How it says it stands, and with which status.
    pub async fn health(server: &Server) -> (u16, Value) {
        let response = client().get(format!("{}/healthz", server.url)).send().await.expect("it answers");
        let status = response.status().as_u16();
        (status, response.json().await.expect("JSON"))
    }

    /// Waits until it says what is wanted; panics with what it says instead.
    pub async fn until(server: &Server, wanted: impl Fn(u16, &Value) -> bool) -> Value {
        let mut said = Value::Null;
        for _ in 0..PATIENCE {
            let (status, standing) = Self::health(server).await;
            if wanted(status, &standing) {
                return standing;
            }
            said = standing;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it says {said}: {}", server.log());
    }

    /// Waits until it holds so many entries.
    pub async fn holds(server: &Server, size: u64) -> Value {
        Self::until(server, |_, standing| standing["size"].as_u64() >= Some(size)).await
    }

    /// Evidence of forks.
    pub fn forks(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.dir.join("forks")).into_iter().flatten();
        files.map(|file| file.expect("an entry").path()).collect()
    }
}
