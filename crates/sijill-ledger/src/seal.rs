//! The seal: the last signed checkpoint, kept **outside the database**.
//!
//! A database can be restored from a backup or fail over to a stale replica. If the ledger then went on, it
//! would sign a second root for a size it has signed before, and every honest witness would have to call it
//! forked. So a checkpoint is written here, durably, before it leaves; a ledger that finds itself behind its
//! seal refuses to run.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where the last signed checkpoint is kept. Put it on another disk than the database's if you can.
#[derive(Debug, Clone)]
pub struct Seal {
    path: PathBuf,
}

/// The seal could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the seal {path}: {source}", path = path.display())]
pub struct SealError {
    path: PathBuf,
    source: io::Error,
}

impl Seal {
    /// The seal at `path`; nothing is read yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The sealed checkpoint (a signed note), or `None` before the first.
    pub fn read(&self) -> Result<Option<String>, SealError> {
        match fs::read_to_string(&self.path) {
            Ok(note) => Ok(Some(note)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(self.error(e)),
        }
    }

    /// Replaces the seal durably: written beside, synced, renamed over, directory synced. A crash leaves the old
    /// or the new seal, never half of one.
    pub fn write(&self, note: &str) -> Result<(), SealError> {
        self.try_write(note).map_err(|e| self.error(e))
    }

    fn try_write(&self, note: &str) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&beside)?;
        file.write_all(note.as_bytes())?;
        file.sync_data()?;
        fs::rename(&beside, &self.path)?;
        let directory = self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(directory)?.sync_all()
    }

    fn error(&self, source: io::Error) -> SealError {
        SealError { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_is_read_and_replaced() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let seal = Seal::at(dir.path().join("seal"));
        assert_eq!(seal.read().expect("readable"), None);
        seal.write("first\n").expect("writable");
        seal.write("second\n").expect("writable");
        assert_eq!(seal.read().expect("readable").as_deref(), Some("second\n"));
    }

    #[test]
    fn a_seal_that_cannot_be_written_says_so() {
        let error = Seal::at("/nonexistent/seal").write("x").expect_err("no such directory");
        assert!(error.to_string().contains("/nonexistent/seal"));
    }
}
