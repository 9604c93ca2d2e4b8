//! Event logs, read row by row: CSV as pm4py writes it, XES (IEEE 1849). Memory does not grow with the file.

pub mod csv;
pub mod lines;
pub mod xes;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Serialize;

use self::csv::Csv;
use self::lines::Lines;
use self::xes::Xes;
use crate::error::{Error, Result};

/// What a row says in the columns that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it begins in the file, from 1.
    pub line: u64,
    /// In the order of the columns; `None` for an empty or missing cell.
    pub cells: Vec<Option<String>>,
    /// `false` for a case without events (XES only): it has nothing but what is said of the case.
    pub event: bool,
}

/// Something that could not be taken over, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// Line of the file, from 1.
    pub line: u64,
    /// Stable, kebab-case; the ledger's own code where it is the ledger that refused.
    pub code: String,
    /// A sentence. It never repeats what a cell says.
    pub message: String,
}

impl Trouble {
    /// With a code of the importer.
    pub fn new(line: u64, code: &str, message: impl Into<String>) -> Self {
        Self { line, code: code.to_owned(), message: message.into() }
    }
}

/// An open log.
pub enum Log {
    /// Comma-separated values with a header.
    Csv(Csv<BufReader<File>>),
    /// XML.
    Xes(Xes<Lines<BufReader<File>>>),
}

impl Log {
    /// Opens a file; it is XES if it begins with `<`. `columns` are those wanted, `separator` is for CSV.
    pub fn open(path: &Path, columns: &[String], separator: char) -> Result<Self> {
        let file = File::open(path).map_err(Error::unreadable(path))?;
        let mut file = BufReader::with_capacity(1 << 16, file);
        let start = file.fill_buf().map_err(Error::unreadable(path))?;
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        let xes = start.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
        if xes {
            return Ok(Self::Xes(Xes::new(Lines::new(file), columns)));
        }
        let separator = u8::try_from(separator).unwrap_or(b',');
        Csv::new(file, columns, separator).map(Self::Csv).map_err(|why| Error::malformed(path, why))
    }

    /// The next row, or why there is none at this line. `None` at the end, and behind what cannot be read at all:
    /// [`broken`](Self::broken).
    pub fn next_row(&mut self) -> Option<Result<Row, Trouble>> {
        match self {
            Self::Csv(log) => log.next(),
            Self::Xes(log) => log.next(),
        }
    }

    /// Whether the file could not be read to its end.
    pub fn broken(&self) -> bool {
        match self {
            Self::Csv(log) => log.broken,
            Self::Xes(log) => log.broken,
        }
    }

    /// Bytes read.
    pub fn position(&self) -> u64 {
        match self {
            Self::Csv(log) => log.position(),
            Self::Xes(log) => log.position(),
        }
    }

    /// `csv` or `xes`.
    pub fn format(&self) -> &'static str {
        match self {
            Self::Csv(_) => "csv",
            Self::Xes(_) => "xes",
        }
    }
}

/// An empty cell says nothing.
fn cell(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.to_owned())
}
