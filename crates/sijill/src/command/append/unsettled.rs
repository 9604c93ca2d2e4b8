//! What the events of a file were signed as, kept beside the file until it is known what became of every one: whoever
//! runs the command again, after a crash or a lost connection, sends the same bytes, and the ledger takes them once.
//!
//! ```text
//! FILE.unsettled     0600, for it holds what FILE holds; JSON lines
//!   {"sijill":"unsettled/1","origin","author","receipts"}
//!   {"line":n,"of":hash of the line,"sd_jwt":"…"}     before it is sent; a later one of the same line replaces it
//!   {"settled":n,"of":hash of line n,"tally","receipts":bytes}    line n and all before it are answered for
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sijill_event::{Digest, SdJwt};

use super::Tally;
use crate::error::{Error, Result};

const VERSION: &str = "unsettled/1";

/// Whose events they are, and where they go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begun {
    pub(super) sijill: String,
    pub(super) origin: String,
    /// `agency/officer`.
    pub(super) author: String,
    /// The file `--receipts` names.
    pub(super) receipts: Option<PathBuf>,
}

impl Begun {
    pub(super) fn new(origin: &str, author: String, receipts: Option<&Path>) -> Self {
        let receipts = receipts.map(Path::to_path_buf);
        Self { sijill: VERSION.to_string(), origin: origin.to_string(), author, receipts }
    }
}

/// How far everything is answered for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Settled {
    /// The last line, from 1; 0 for none.
    #[serde(rename = "settled")]
    pub(super) line: u64,
    /// Hash of that line.
    pub(super) of: Option<Digest>,
    pub(super) tally: Tally,
    /// Length of the receipts file then, bytes.
    pub(super) receipts: u64,
}

/// A line's event, signed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Signed {
    pub(super) line: u64,
    pub(super) of: Digest,
    pub(super) sd_jwt: String,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Record {
    Begun(Begun),
    Settled(Settled),
    Signed(Signed),
}

/// The file. While it is held no other run of the command goes on with it.
pub(super) struct Unsettled {
    path: PathBuf,
    begun: Begun,
    /// `None` until there is something to keep.
    file: Option<File>,
    /// How far an earlier run got.
    pub(super) settled: Settled,
    /// What it had signed behind that, by line.
    pub(super) signed: BTreeMap<u64, Signed>,
}

impl Unsettled {
    /// What an earlier run left beside `file`, or nothing as yet. `None` for a stream, which cannot be read again.
    pub(super) fn beside(file: &Path, begun: Begun) -> Result<Option<Self>> {
        if !file.is_file() {
            return Ok(None);
        }
        let mut path = file.as_os_str().to_owned();
        path.push(".unsettled");
        let path = PathBuf::from(path);
        let mut this = Self { path, begun, file: None, settled: Settled::default(), signed: BTreeMap::new() };
        if this.path.exists() {
            this.read()?;
        }
        Ok(Some(this))
    }

    /// Whether an earlier run has left something to go on with.
    pub(super) fn is_resumed(&self) -> bool {
        self.settled.line > 0 || !self.signed.is_empty()
    }

    /// Keeps signed events; when this returns they may be sent.
    pub(super) fn keep(&mut self, signed: impl IntoIterator<Item = Signed>) -> Result<()> {
        let records: Vec<Record> = signed.into_iter().map(Record::Signed).collect();
        self.write(&records)
    }

    /// Notes that everything kept so far is answered for.
    pub(super) fn settle(&mut self, settled: Settled) -> Result<()> {
        self.write(&[Record::Settled(settled)])
    }

    /// All is answered for.
    pub(super) fn remove(self) -> Result<()> {
        match self.file {
            Some(_) => fs::remove_file(&self.path).map_err(Error::unwritable(&self.path)),
            None => Ok(()),
        }
    }

    fn read(&mut self) -> Result<()> {
        let mut file = self.open(false)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(Error::unreadable(&self.path))?;
        // What a crash cut off in the middle of a line was never sent.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64).map_err(Error::unwritable(&self.path))?;
        let mut begun = None;
        for line in text.get(..whole).unwrap_or_default().lines() {
            let record = serde_json::from_str(line);
            match record.map_err(|error| Error::malformed(&self.path, error.to_string()))? {
                Record::Begun(found) => begun = Some(found),
                Record::Settled(settled) => {
                    self.settled = settled;
                    self.signed.clear();
                }
                Record::Signed(signed) => drop(self.signed.insert(signed.line, signed)),
            }
        }
        match begun {
            None => self.write_to(&mut file, &[Record::Begun(self.begun.clone())])?,
            Some(found) if found == self.begun => {}
            Some(found) => {
                let why = format!(
                    "an append to {} by {} with other arguments was interrupted: finish that with the command it was begun \
                     with, or remove this file and look which of its events are in the ledger",
                    found.origin, found.author
                );
                return Err(Error::malformed(&self.path, why));
            }
        }
        self.file = Some(file);
        Ok(())
    }

    fn open(&self, new: bool) -> Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(new);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&self.path).map_err(Error::unwritable(&self.path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                let why = format!("{} is held by another run of this command", self.path.display());
                Err(Error::Usage(why))
            }
            Err(TryLockError::Error(cause)) => Err(Error::unwritable(&self.path)(cause)),
        }
    }

    fn write(&mut self, records: &[Record]) -> Result<()> {
        let mut file = if let Some(file) = self.file.take() {
            file
        } else {
            let mut file = self.open(true)?;
            self.write_to(&mut file, &[Record::Begun(self.begun.clone())])?;
            sync_folder(&self.path)?;
            file
        };
        let written = self.write_to(&mut file, records);
        self.file = Some(file);
        written
    }

    fn write_to(&self, file: &mut File, records: &[Record]) -> Result<()> {
        let mut text = String::new();
        for record in records {
            let line = serde_json::to_string(record);
            text += &line.map_err(|error| Error::malformed(&self.path, error.to_string()))?;
            text.push('\n');
        }
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
        written.map_err(Error::unwritable(&self.path))
    }
}

impl Signed {
    /// The event, as it is to be sent again.
    pub(super) fn event(&self, path: &Path) -> Result<SdJwt> {
        SdJwt::parse(&self.sd_jwt)
            .map_err(|error| Error::malformed(path, format!("line {}, as signed: {error}", self.line)))
    }
}

/// A file that a power cut takes from its folder would have kept nothing.
fn sync_folder(path: &Path) -> Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::unwritable(folder))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
