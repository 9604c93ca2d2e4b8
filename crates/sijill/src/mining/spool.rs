//! Entries of cases and contacts set aside on disk, in the order of the ledger, to be read again case by case.
//!
//! ```text
//! index SP ordinal SP received SP JWT *( SP disclosure ) LF        class casework alone
//! ```
//!
//! The file has no name: when the command ends, however it ends, it is gone.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sijill_event::{Disclosure, Entry};

use crate::error::{Error, Result};

/// An entry with what is held of its casework values.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its index in the ledger.
    pub index: u64,
    /// How many entries of the same millisecond were set aside before it.
    pub ordinal: u64,
    /// The entry.
    pub entry: Entry,
    /// Its casework values, by name.
    pub casework: Vec<Disclosure>,
}

/// The file, being written.
pub struct Spool {
    file: BufWriter<File>,
    length: u64,
    folder: PathBuf,
}

/// The file, being read.
pub struct Spooled {
    file: BufReader<File>,
    at: u64,
    folder: PathBuf,
}

impl Spool {
    /// An empty one, on the file system of this folder.
    pub fn new_in(folder: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(folder).map_err(Error::unwritable(folder))?;
        Ok(Self { file: BufWriter::new(file), length: 0, folder: folder.to_owned() })
    }

    /// Sets an entry aside; where it lies.
    pub fn push<'a>(
        &mut self,
        index: u64,
        ordinal: u64,
        entry: &str,
        casework: impl Iterator<Item = &'a str>,
    ) -> Result<u64> {
        let mut line = format!("{index} {ordinal} {entry}");
        for disclosure in casework {
            line.push(' ');
            line.push_str(disclosure);
        }
        line.push('\n');
        self.file.write_all(line.as_bytes()).map_err(Error::unwritable(&self.folder))?;
        let at = self.length;
        self.length += line.len() as u64;
        Ok(at)
    }

    /// Goes on to read it.
    pub fn written(self) -> Result<Spooled> {
        let Self { file, folder, .. } = self;
        let file = file.into_inner().map_err(|error| Error::unwritable(&folder)(error.into_error()))?;
        let mut file = BufReader::new(file);
        file.seek(SeekFrom::Start(0)).map_err(Error::unreadable(&folder))?;
        Ok(Spooled { file, at: 0, folder })
    }
}

impl Spooled {
    /// The entry that lies there.
    pub fn line(&mut self, at: u64) -> Result<Line> {
        let way = i64::try_from(i128::from(at) - i128::from(self.at)).unwrap_or(i64::MAX);
        let mut line = String::new();
        // Entries of one case often lie close together: what was read ahead is kept.
        let read = self.file.seek_relative(way).and_then(|()| self.file.read_line(&mut line));
        let read = read.map_err(Error::unreadable(&self.folder))?;
        self.at = at + read as u64;
        parse(line.trim_end_matches('\n')).ok_or_else(|| {
            Error::Source(format!("what was set aside in {} is not there any more", self.folder.display()))
        })
    }
}

fn parse(line: &str) -> Option<Line> {
    let (index, rest) = line.split_once(' ')?;
    let (ordinal, rest) = rest.split_once(' ')?;
    // The entry has one blank of its own.
    let jwt = rest.find(' ')? + 1;
    let end = rest.get(jwt..)?.find(' ').map_or(rest.len(), |end| jwt + end);
    let (entry, casework) = rest.split_at_checked(end)?;
    let casework = casework.split(' ').filter(|text| !text.is_empty());
    Some(Line {
        index: index.parse().ok()?,
        ordinal: ordinal.parse().ok()?,
        entry: Entry::parse(entry.as_bytes()).ok()?,
        casework: casework.map(Disclosure::parse).collect::<Result<_, _>>().ok()?,
    })
}
