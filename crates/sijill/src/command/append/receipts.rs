//! The file of receipts: a line for every line of the events.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::command::told;
use crate::error::{Error, Result};
use crate::gate::Told;

/// What `--receipts` names. It is made with the first receipt.
pub(super) struct Receipts {
    path: PathBuf,
    out: Option<BufWriter<File>>,
    bytes: u64,
}

impl Receipts {
    /// A new file; nothing may be there.
    pub(super) fn new(path: &Path) -> Result<Self> {
        if path.exists() {
            return Err(Error::Exists(path.to_path_buf()));
        }
        Ok(Self { path: path.to_path_buf(), out: None, bytes: 0 })
    }

    /// The file of an earlier run. What stands behind its first `bytes` is told again.
    pub(super) fn resumed(path: &Path, bytes: u64) -> Result<Self> {
        if bytes == 0 && !path.exists() {
            return Self::new(path);
        }
        let mut file = OpenOptions::new().write(true).open(path).map_err(Error::unwritable(path))?;
        let length = file.metadata().map_err(Error::unreadable(path))?.len();
        if length < bytes {
            return Err(Error::malformed(path, "it is shorter than an earlier run left it"));
        }
        let cut = file.set_len(bytes).and_then(|()| file.seek(SeekFrom::End(0)));
        cut.map_err(Error::unwritable(path))?;
        Ok(Self { path: path.to_path_buf(), out: Some(BufWriter::new(file)), bytes })
    }

    /// Writes what became of a line.
    pub(super) fn write(&mut self, line: u64, told: &Told) -> Result<()> {
        let mut value = told::line(told);
        value["line"] = json!(line);
        let text = format!("{value}\n");
        let out = match &mut self.out {
            Some(out) => out,
            none => {
                let file = File::create_new(&self.path).map_err(Error::unwritable(&self.path))?;
                none.insert(BufWriter::new(file))
            }
        };
        self.bytes += text.len() as u64;
        out.write_all(text.as_bytes()).map_err(Error::unwritable(&self.path))
    }

    /// Hands everything to the system; answers how much there is, bytes.
    pub(super) fn flush(&mut self) -> Result<u64> {
        if let Some(out) = &mut self.out {
            let written = out.flush().and_then(|()| out.get_ref().sync_data());
            written.map_err(Error::unwritable(&self.path))?;
        }
        Ok(self.bytes)
    }
}
