//! `--url` or `--dir`, `--key`, `--trust`: which ledger a command appends to, as whom, and what it believes.

use std::path::{Path, PathBuf};

use sijill_audit::Trust;
use sijill_event::Digest;
use sijill_log::NoteVerifier;

use crate::client::Client;
use crate::data_dir::DataDir;
use crate::error::{Error, Result};
use crate::gate::Gate;
use crate::key_file::Author;
use crate::running::{Running, Time};

/// Where to append, and as whom.
#[derive(Debug, Clone, clap::Args)]
pub struct Target {
    /// URL of the server
    #[arg(long, conflicts_with = "dir")]
    pub url: Option<String>,
    /// A data directory to append to without a server; none may be serving it
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// The author's private key file
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Trust file: receipts are verified against it, and nothing is signed for another ledger
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
}

/// An open target. Close it when done: a ledger here finishes what it was given.
pub struct Opened {
    /// The gate.
    pub gate: Gate,
    /// Who signs.
    pub author: Author,
    /// The log's key, if it is known beforehand.
    pub log_key: Option<NoteVerifier>,
    running: Option<Running>,
}

impl Target {
    /// Opens it.
    pub async fn open(&self) -> Result<Opened> {
        let author = Author::read(&self.key)?;
        let trust = self.trust.as_deref().map(read_trust).transpose()?;
        let (gate, own_key, running) = match (&self.url, &self.dir) {
            (Some(url), _) => {
                let origin = trust.as_ref().map(|trust| trust.origin.clone());
                let client = Client::new(url, Some(author.clone()), origin)?;
                if let Some(trust) = &trust {
                    client.must_be(trust).await?;
                }
                (Gate::Server(Box::new(client)), None, None)
            }
            (None, Some(dir)) => {
                let dir = DataDir::open(dir)?;
                let running = Running::open(&dir, Time::Own).await?;
                let gate = Gate::Here(running.ledger().clone());
                (gate, Some(dir.log_key()?.verifier().clone()), Some(running))
            }
            (None, None) => {
                let which = "which ledger? Give --url URL of its server, or --dir DIR of a data directory that no server has open";
                return Err(Error::Usage(which.to_string()));
            }
        };
        let log_key = trust.map(|trust| trust.log_key).or(own_key);
        Ok(Opened { gate, author, log_key, running })
    }
}

impl Target {
    /// The server as another author sees it: each speaks with its own token.
    pub(super) fn gate_for(&self, author: &Author) -> Result<Gate> {
        let Some(url) = &self.url else { return Err(Error::Usage("give --url".to_string())) };
        let origin = self.trust.as_deref().map(read_trust).transpose()?.map(|trust| trust.origin);
        Ok(Gate::Server(Box::new(Client::new(url, Some(author.clone()), origin)?)))
    }
}

impl Opened {
    /// Hash of entry 0's JWT, as the ledger tells it.
    pub async fn created(&self) -> Result<Digest> {
        match &self.gate {
            Gate::Server(client) => client.created().await,
            Gate::Here(ledger) => {
                let created = ledger.registry().created();
                created.ok_or_else(|| Error::Usage("this ledger has not begun: no entry 0".to_string()))
            }
        }
    }

    /// Lets the ledger finish what it was given, and its directory is free again.
    pub async fn close(self) {
        // An erasure that was approved is carried out by the timer: here nobody waits for it.
        if let Gate::Here(ledger) = &self.gate {
            let _ = ledger.wake().await;
        }
        drop(self.gate);
        if let Some(running) = self.running {
            running.close().await;
        }
    }
}

/// Reads a trust file.
pub(crate) fn read_trust(path: &Path) -> Result<Trust> {
    let bytes = std::fs::read(path).map_err(Error::unreadable(path))?;
    Trust::parse(&bytes).map_err(|error| Error::malformed(path, error.to_string()))
}
