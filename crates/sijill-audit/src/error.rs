//! What keeps an audit from happening at all. What an audit *finds* is a [`Fault`](crate::Fault), not an error.

use std::path::{Path, PathBuf};

/// Why there is nothing to audit, or why an audit could not go on. No verdict follows from it, neither way.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// A file or directory could not be read; that a file of an export is not there is a fault instead.
    #[error("cannot read {}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },

    /// `export.json` is not what Annex D says.
    #[error("{} is not an export: {why}", path.display())]
    Export {
        /// The file `export.json`.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },

    /// The trust file is not what Annex D says.
    #[error("not a trust file: {0}")]
    Trust(String),

    /// The receipt is not what Annex D says.
    #[error("not a receipt: {0}")]
    Receipt(String),

    /// A held checkpoint is not a signed note of three lines.
    #[error("not a checkpoint: {0}")]
    Checkpoint(String),

    /// The evidence file is not what Annex D says.
    #[error("not an evidence file: {0}")]
    Evidence(String),

    /// The fork evidence is not what Annex D says.
    #[error("not fork evidence: {0}")]
    Fork(String),

    /// Fork evidence that convicts nobody.
    #[error("this proves nothing against the log: {0}")]
    ForkUnproven(String),

    /// A tile log did not answer, or not with what was asked.
    #[error("cannot read {url}: {why}")]
    Http {
        /// What was asked.
        url: String,
        /// Why it failed.
        why: String,
    },

    /// The source has no checkpoint at all: it is none of a ledger's, or not the right one was named.
    #[error(
        "there is no ledger to audit: {0}. Of a tile log name the URL that /checkpoint and /tile/… follow, such as \
         https://ledger.example/log; of an export, the directory that holds `export.json` and `checkpoint`"
    )]
    NoCheckpoint(String),

    /// The source itself failed, or broke the contract of [`Source`](crate::Source).
    #[error("the source cannot be read: {0}")]
    Source(String),

    /// This machine gave no threads to work with.
    #[error("cannot start threads: {0}")]
    Threads(String),
}

impl Unreadable {
    /// A stable name, in kebab case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "file-unreadable",
            Self::Export { .. } => "export-malformed",
            Self::Trust(_) => "trust-malformed",
            Self::Receipt(_) => "receipt-malformed",
            Self::Checkpoint(_) => "checkpoint-malformed",
            Self::Evidence(_) => "evidence-malformed",
            Self::Fork(_) => "fork-malformed",
            Self::ForkUnproven(_) => "fork-unproven",
            Self::Http { .. } => "tile-log-unreachable",
            Self::NoCheckpoint(_) => "no-checkpoint",
            Self::Source(_) => "source-unreadable",
            Self::Threads(_) => "no-threads",
        }
    }

    pub(crate) fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |cause| Self::Io { path, cause }
    }
}
