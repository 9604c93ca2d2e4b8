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

/// The seal could not be read or written. The path is that of the file or folder that failed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Below.
    #[error(
        "the seal {path} cannot be read: {cause}. It has to be a file that the ledger's user may read; it is never deleted",
        path = path.display()
    )]
    Unreadable {
        /// The seal.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Below.
    #[error(
        "{path} cannot be written, and nothing is published that is not sealed: {cause}. Let the ledger's user write to its \
         folder and make room on its disk, and start the ledger again if it has stopped; what was committed is published then",
        path = path.display()
    )]
    Unwritable {
        /// The seal, the new one beside it, or their folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
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
            Err(cause) => Err(SealError::Unreadable { path: self.path.clone(), cause }),
        }
    }

    /// Replaces the seal durably: written beside, synced, renamed over, directory synced. A crash leaves the old
    /// or the new seal, never half of one.
    pub fn write(&self, note: &str) -> Result<(), SealError> {
        let beside = self.path.with_extension("new");
        write_whole(&beside, note).map_err(unwritable(&beside))?;
        fs::rename(&beside, &self.path).map_err(unwritable(&self.path))?;
        let directory = self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(unwritable(directory))
    }
}

fn write_whole(path: &Path, note: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(note.as_bytes())?;
    file.sync_data()
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> SealError {
    move |cause| SealError::Unwritable { path: path.to_path_buf(), cause }
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
        assert!(error.to_string().starts_with("/nonexistent/seal.new cannot be written"), "{error}");
    }

    #[test]
    fn whichever_file_fails_is_named() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (path, beside) = (dir.path().join("seal"), dir.path().join("seal.new"));
        let seal = Seal::at(&path);
        fs::create_dir(&beside).expect("made");
        let error = seal.write("x").expect_err("a folder is in the way");
        assert!(error.to_string().starts_with(&beside.display().to_string()), "{error}");
        fs::remove_dir(&beside).expect("removed");
        fs::create_dir(&path).expect("made");
        let error = seal.write("x").expect_err("a folder is in the way");
        assert!(error.to_string().starts_with(&format!("{} cannot be written", path.display())), "{error}");
        let error = seal.read().expect_err("a folder is no seal");
        assert!(error.to_string().contains(&format!("{} cannot be read", path.display())), "{error}");
    }
}
