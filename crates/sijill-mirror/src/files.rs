//! What a mirror holds, as files: a tile-log directory (C2SP tlog-tiles), which any static server can serve and any auditor
//! audit.
//!
//! ```text
//! D/log/checkpoint          signed note; moved last, when everything it covers is durable
//! D/log/tile/<L>/…          hash tiles, full and partial
//! D/log/tile/entries/…      entry bundles
//! D/log/documents/<hash>    documents published on the ledger
//! ```
//!
//! A file appears whole under its name or not at all. Full bundles beyond the checkpoint are left over from a step that was
//! interrupted: they are asked for here before they are asked for over the network, and authenticated as if they came from there.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use sijill_log::Tile;

use crate::error::MirrorError;

/// The folder of a mirror's directory that holds the log.
pub const LOG_FOLDER: &str = "log";
const CHECKPOINT: &str = "checkpoint";

/// The files of one log.
#[derive(Debug)]
pub struct LogFiles {
    root: PathBuf,
    /// Written and not known to be durable.
    loose: Mutex<BTreeSet<PathBuf>>,
    held: AtomicU64,
    most: u64,
}

impl LogFiles {
    /// Those below `root`, which is made if it is not there. `most`: bytes they may take.
    pub fn open(root: impl Into<PathBuf>, most: u64) -> Result<Self, MirrorError> {
        let root = root.into();
        fs::create_dir_all(&root).map_err(MirrorError::file(&root))?;
        let held = AtomicU64::new(size_of(&root)?);
        Ok(Self { root, loose: Mutex::default(), held, most })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Bytes held.
    pub fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// The signed checkpoint that covers what is held.
    pub fn checkpoint(&self) -> Result<Option<Vec<u8>>, MirrorError> {
        self.read(CHECKPOINT)
    }

    /// A file, by its path below the folder; `None` if it is not there.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, MirrorError> {
        let path = self.root.join(path);
        let mut bytes = Vec::new();
        match File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes)) {
            Ok(_) => Ok(Some(bytes)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(error) => Err(MirrorError::file(path)(error)),
        }
    }

    /// Writes a file whole. Durable it is with the next [`LogFiles::commit`].
    pub fn put(&self, path: &str, bytes: &[u8]) -> Result<(), MirrorError> {
        let held = self.held();
        if held.saturating_add(bytes.len() as u64) > self.most {
            return Err(MirrorError::Full { held, most: self.most });
        }
        let target = self.root.join(path);
        let beside = beside(&target);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(MirrorError::file(folder))?;
        }
        let before = fs::metadata(&target).map_or(0, |known| known.len());
        fs::write(&beside, bytes).map_err(MirrorError::file(&beside))?;
        fs::rename(&beside, &target).map_err(MirrorError::file(&target))?;
        self.held.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.held.fetch_sub(before.min(self.held()), Ordering::Relaxed);
        self.loose.lock().unwrap_or_else(PoisonError::into_inner).insert(target);
        Ok(())
    }

    /// Makes everything written durable, and then moves the checkpoint to it, durably too.
    pub fn commit(&self, note: &str) -> Result<(), MirrorError> {
        let loose = std::mem::take(&mut *self.loose.lock().unwrap_or_else(PoisonError::into_inner));
        let synced = sync_all(&loose, &self.root);
        if let Err(error) = synced {
            // A file whose sync failed may look durable when it is asked again: it is written anew before that.
            self.loose.lock().unwrap_or_else(PoisonError::into_inner).extend(loose);
            return Err(error);
        }
        let (target, root) = (self.root.join(CHECKPOINT), &self.root);
        let beside = beside(&target);
        let written = File::create(&beside).and_then(|mut file| {
            file.write_all(note.as_bytes())?;
            file.sync_all()
        });
        written.map_err(MirrorError::file(&beside))?;
        fs::rename(&beside, &target).map_err(MirrorError::file(&target))?;
        File::open(root).and_then(|folder| folder.sync_all()).map_err(MirrorError::file(root))
    }

    /// Drops what a full tile has made superfluous: its partial widths.
    pub fn drop_partial(&self, tile: Tile) -> Result<(), MirrorError> {
        for path in [tile.path(), tile.entries_path()] {
            let folder = self.root.join(format!("{path}.p"));
            let freed = size_of(&folder)?;
            match fs::remove_dir_all(&folder) {
                Ok(()) => drop(self.held.fetch_sub(freed.min(self.held()), Ordering::Relaxed)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(MirrorError::file(folder)(error)),
            }
            let mut loose = self.loose.lock().unwrap_or_else(PoisonError::into_inner);
            loose.retain(|path| !path.starts_with(&folder));
            if tile.level > 0 {
                break;
            }
        }
        Ok(())
    }

    /// Removes a file that is not what it should be.
    pub fn remove(&self, path: &str) -> Result<(), MirrorError> {
        let path = self.root.join(path);
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(MirrorError::file(path)(error)),
        }
    }
}

/// The name under which a file grows. No path of a log ends so.
fn beside(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    target.with_file_name(name)
}

/// The files, and every folder between them and the root. Many at once: a disk that writes its journal for one does so for all.
fn sync_all(files: &BTreeSet<PathBuf>, root: &Path) -> Result<(), MirrorError> {
    let sync =
        |path: &PathBuf| File::open(path).and_then(|file| file.sync_all()).map_err(MirrorError::file(path));
    let folders: BTreeSet<PathBuf> = files
        .iter()
        .flat_map(|file| file.ancestors().skip(1).take_while(|folder| folder.starts_with(root)))
        .map(Path::to_path_buf)
        .collect();
    files.iter().collect::<Vec<_>>().into_par_iter().try_for_each(sync)?;
    folders.iter().collect::<Vec<_>>().into_par_iter().try_for_each(sync)
}

/// Bytes of all files below a folder; 0 if it is not there.
fn size_of(folder: &Path) -> Result<u64, MirrorError> {
    let children = match fs::read_dir(folder) {
        Ok(children) => children,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(MirrorError::file(folder)(error)),
    };
    let mut size = 0;
    for child in children {
        let child = child.map_err(MirrorError::file(folder))?;
        let known = child.metadata().map_err(MirrorError::file(folder))?;
        size += if known.is_dir() { size_of(&child.path())? } else { known.len() };
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_appear_whole_count_and_the_checkpoint_comes_last() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = LogFiles::open(folder.path().join("log"), 1_000).expect("opened");
        assert_eq!(files.checkpoint().expect("readable"), None);
        let partial = Tile { level: 0, index: 3, width: 9 };
        files.put(&partial.path(), &[1; 288]).expect("written");
        files.put(&partial.entries_path(), &[2; 100]).expect("written");
        files.put(&partial.entries_path(), &[3; 90]).expect("written over");
        assert_eq!(files.held(), 378);
        files.commit("a note\n").expect("committed");
        assert_eq!(files.checkpoint().expect("readable").as_deref(), Some(&b"a note\n"[..]));
        assert_eq!(files.read(&partial.entries_path()).expect("readable"), Some(vec![3; 90]));

        let full = files.put("tile/0/003", &[1; 700]).expect_err("no room");
        assert_eq!(full.code(), "mirror-full");
        files.drop_partial(Tile::full(0, 3)).expect("dropped");
        assert_eq!((files.held(), files.read(&partial.path()).expect("readable")), (0, None));
        files.put("tile/0/003", &[1; 700]).expect("room again");
        files.commit("another\n").expect("what was dropped is not missed");
        let again = LogFiles::open(folder.path().join("log"), 1_000).expect("opened");
        assert_eq!(again.held(), 708);
    }
}
