//! CSV (RFC 4180) with a header line.

use std::collections::HashMap;
use std::io::Read;

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::{Row, Trouble, cell};

/// A CSV file.
pub struct Csv<R> {
    reader: Reader<R>,
    record: ByteRecord,
    /// Where the wanted columns stand.
    places: Vec<usize>,
    width: usize,
    /// Lines end with a line feed alone: the reader has passed it when it gives a record.
    line_feed: bool,
    pub(super) broken: bool,
}

impl<R: Read> Csv<R> {
    /// Reads the header. Refused: a column that is not there, or twice.
    pub(super) fn new(file: R, columns: &[String], separator: u8) -> Result<Self, String> {
        let mut reader = ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(file);
        let header = reader.headers().map_err(|error| format!("its header cannot be read: {error}"))?;
        let mut at: HashMap<&str, usize> = HashMap::new();
        for (place, name) in header.iter().enumerate() {
            if at.insert(name, place).is_some() && columns.iter().any(|column| column == name) {
                return Err(format!("two columns are called `{name}`"));
            }
        }
        let missing: Vec<&str> =
            columns.iter().map(String::as_str).filter(|column| !at.contains_key(column)).collect();
        if !missing.is_empty() {
            // What stands in its first line is not repeated: in a file without a header that is somebody's record.
            return Err(format!(
                "its first line names {} of the {} columns that the map needs, and not `{}`: is this the file that the map was \
                 made for? If it is, and its columns are called otherwise, change the map",
                columns.len() - missing.len(),
                columns.len(),
                missing.join("`, `")
            ));
        }
        let places = columns.iter().filter_map(|column| at.get(column.as_str()).copied()).collect();
        let (width, inner) = (header.len(), newlines(header.as_byte_record()));
        let line_feed = reader.position().line() > 1 + inner;
        Ok(Self { reader, record: ByteRecord::new(), places, width, line_feed, broken: false })
    }

    pub(super) fn position(&self) -> u64 {
        self.reader.position().byte()
    }

    pub(super) fn next(&mut self) -> Option<Result<Row, Trouble>> {
        if self.broken {
            return None;
        }
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => Some(self.row()),
            Ok(false) => None,
            Err(error) => {
                self.broken = true;
                let line = self.reader.position().line();
                Some(Err(Trouble::new(
                    line,
                    "file-broken",
                    format!("the file cannot be read from here on: {error}"),
                )))
            }
        }
    }

    fn row(&self) -> Result<Row, Trouble> {
        let line = self.line();
        let (cells, inner) = (self.record.len(), newlines(&self.record));
        if cells != self.width {
            let few = if cells < self.width { "too-few-cells" } else { "too-many-cells" };
            // A quotation mark too many makes one row of many lines: say how far it reaches.
            let reach =
                if inner > 0 { format!(", it reaches to line {}", line + inner) } else { String::new() };
            return Err(Trouble::new(
                line,
                few,
                format!("{cells} cells, the header has {}{reach}", self.width),
            ));
        }
        let mut row = Row { line, cells: Vec::with_capacity(self.places.len()), event: true };
        for place in &self.places {
            let bytes = self.record.get(*place).unwrap_or_default();
            let text = std::str::from_utf8(bytes)
                .map_err(|_| Trouble::new(line, "not-utf8", format!("cell {} is not UTF-8", place + 1)))?;
            row.cells.push(cell(text));
        }
        Ok(row)
    }

    /// The line the record begins in. The reader's own position is before the empty lines it skipped, and before the
    /// line feed that follows a carriage return.
    fn line(&self) -> u64 {
        let end = self.reader.position().line().saturating_sub(u64::from(self.line_feed));
        let before = self.record.position().map_or(1, csv::Position::line);
        end.saturating_sub(newlines(&self.record)).max(before)
    }
}

/// Line breaks inside quoted cells.
fn newlines(record: &ByteRecord) -> u64 {
    record.iter().flatten().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, columns: &[&str]) -> Result<Vec<Result<Row, Trouble>>, String> {
        let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
        let mut csv = Csv::new(text.as_bytes(), &columns, b',')?;
        Ok(std::iter::from_fn(|| csv.next()).collect())
    }

    #[test]
    fn wanted_columns_in_wanted_order() {
        let rows = read("\u{feff}a,b,c\r\n1,\"x, y\n\"\"z\"\"\",3\r\n\r\n4, ,6\r\n", &["c", "b", "a"])
            .expect("readable");
        let cells = |cells: [Option<&str>; 3]| cells.map(|cell| cell.map(str::to_owned)).to_vec();
        assert_eq!(
            rows,
            [
                Ok(Row { line: 2, cells: cells([Some("3"), Some("x, y\n\"z\""), Some("1")]), event: true }),
                Ok(Row { line: 5, cells: cells([Some("6"), None, Some("4")]), event: true }),
            ]
        );
        let lines = |text| {
            read(text, &["a"]).map(|rows| rows.iter().flatten().map(|row| row.line).collect::<Vec<_>>())
        };
        assert_eq!(lines("a,b\n1,\"x\ny\"\n\n\n2,3\n4,5").as_deref(), Ok([2, 6, 7].as_slice()));
        assert_eq!(lines("a,\"b\nc\"\r\n1,2\r\n3,4").as_deref(), Ok([3, 4].as_slice()));
    }

    #[test]
    fn what_is_wrong_with_a_row_and_where() {
        let rows = read("a,b\n1,2\n3\n4,5,6\n7,8\n\"9,10\n11,12\n", &["a"]).expect("readable");
        let told: Vec<_> = rows
            .iter()
            .map(|row| row.as_ref().map(|r| r.line).map_err(|t| (t.line, t.code.as_str())))
            .collect();
        assert_eq!(
            told,
            [Ok(2), Err((3, "too-few-cells")), Err((4, "too-many-cells")), Ok(5), Err((6, "too-few-cells"))]
        );
        assert!(
            rows.last()
                .is_some_and(|row| row.as_ref().is_err_and(|t| t.message.contains("reaches to line 8"))),
            "{rows:?}"
        );
    }

    #[test]
    fn a_cell_that_is_no_text_is_refused_and_the_rest_is_read() {
        let mut csv =
            Csv::new(&b"a,b\n\xff,2\n3,\xfe\n4,5\n"[..], &["a".to_owned()], b',').expect("readable");
        let rows: Vec<_> = std::iter::from_fn(|| csv.next()).collect();
        assert!(
            matches!(rows.as_slice(), [Err(t), Ok(_), Ok(_)] if t.code == "not-utf8" && t.line == 2),
            "{rows:?}"
        );
    }

    #[test]
    fn a_map_that_does_not_fit_the_file() {
        assert!(read("a,b\n", &["a", "c", "d"]).expect_err("refused").contains("`c`, `d`"));
        assert!(read("a,a\n", &["a"]).expect_err("refused").contains("two columns"));
        assert!(read("", &["a"]).is_err());
    }
}
