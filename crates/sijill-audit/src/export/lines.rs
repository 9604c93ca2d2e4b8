//! `disclosures.jsonl`, read from front to back.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::PathBuf;

use sijill_event::{Json, MAX_INTEGER, parse_json};

use crate::Unreadable;
use crate::source::DisclosureRow;

/// Bytes after which a line is none: the longest disclosure takes a quarter of it even with every character escaped.
const MAX_LINE: u64 = 1 << 20;

/// The lines not read yet.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    /// `None`: there is no such file, and it delivers nothing.
    reader: Option<BufReader<File>>,
    size: u64,
    /// The highest index so far.
    highest: u64,
    /// A good line that was read too early.
    waiting: Option<(u64, String)>,
}

/// What a line holds.
type Line = Result<(u64, String), DisclosureRow>;

impl Lines {
    pub(super) fn open(path: PathBuf, size: u64) -> Result<Self, Unreadable> {
        let reader = match File::open(&path) {
            Ok(file) => Some(BufReader::with_capacity(1 << 16, file)),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(Unreadable::io(path)(error)),
        };
        Ok(Self { path, reader, size, highest: 0, waiting: None })
    }

    /// All lines up to the first good one for an entry from `end` on.
    pub(super) fn before(&mut self, end: u64) -> Result<Vec<DisclosureRow>, Unreadable> {
        let mut rows = Vec::new();
        loop {
            let line = match self.waiting.take() {
                Some(line) => Some(Ok(line)),
                None => self.next()?,
            };
            match line {
                None => return Ok(rows),
                Some(Err(row)) => rows.push(row),
                // Indexes rise, so the end of the ledger is reached with the last line.
                Some(Ok((index, disclosure))) if index < end => {
                    rows.push(DisclosureRow { index: Some(index), disclosure: Ok(disclosure) });
                }
                Some(Ok(line)) => {
                    self.waiting = Some(line);
                    return Ok(rows);
                }
            }
        }
    }

    fn next(&mut self) -> Result<Option<Line>, Unreadable> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let mut line = Vec::new();
        reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).map_err(Unreadable::io(&self.path))?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.len() as u64 == MAX_LINE && line.last() != Some(&b'\n') {
            skip_line(reader).map_err(Unreadable::io(&self.path))?;
            return Ok(Some(Err(bad(None, "is too long"))));
        }
        Ok(Some(self.judge(&line)))
    }

    fn judge(&mut self, line: &[u8]) -> Line {
        if let Some((index, disclosure)) = as_written(line) {
            return self.place(index, disclosure);
        }
        let json = parse_json(line).map_err(|_| bad(None, "is not strict JSON"))?;
        let index = json.get("index").and_then(Json::as_u64);
        let disclosure = json.get("disclosure").and_then(Json::as_str);
        match (index, disclosure, json.as_object()) {
            (Some(index), Some(disclosure), Some([_, _])) => self.place(index, disclosure),
            _ => Err(bad(index, "does not hold exactly an index and a disclosure")),
        }
    }

    fn place(&mut self, index: u64, disclosure: &str) -> Line {
        if index >= self.size {
            return Err(bad(Some(index), "is for an entry behind the last"));
        }
        if index < self.highest {
            return Err(bad(Some(index), "stands behind one for a later entry"));
        }
        self.highest = index;
        Ok((index, disclosure.to_owned()))
    }
}

/// Index and disclosure of a line as exports write them, so that millions of such lines need no JSON reader. Any other spelling
/// is left to one.
fn as_written(line: &[u8]) -> Option<(u64, &str)> {
    let (index, rest) =
        std::str::from_utf8(line).ok()?.strip_prefix("{\"index\":")?.split_once(",\"disclosure\":\"")?;
    let disclosure = rest.strip_suffix("\"}\n")?;
    let canonical =
        index == "0" || (index.starts_with(|c: char| c != '0') && index.bytes().all(|b| b.is_ascii_digit()));
    let plain = disclosure.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let index = index.parse().ok().filter(|index| canonical && plain && *index <= MAX_INTEGER)?;
    Some((index, disclosure))
}

fn bad(index: Option<u64>, why: &str) -> DisclosureRow {
    DisclosureRow { index, disclosure: Err(format!("a line of disclosures.jsonl {why}")) }
}

fn skip_line(reader: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let (length, done) = (end.map_or(buffer.len(), |end| end + 1), end.is_some() || buffer.is_empty());
        reader.consume(length);
        if done {
            return Ok(());
        }
    }
}
