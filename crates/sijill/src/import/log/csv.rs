//! CSV (RFC 4180) with a header line.

use std::collections::HashMap;
use std::io::BufRead;

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::lines::Lines;
use super::{Row, Trouble, cell};

/// A CSV file.
pub struct Csv<R> {
    reader: Reader<R>,
    record: ByteRecord,
    /// Where the wanted columns stand.
    places: Vec<usize>,
    width: usize,
    pub(super) broken: bool,
}

impl<R: BufRead> Csv<Lines<R>> {
    /// Reads the header. Refused: a column that is not there, or twice.
    pub(super) fn new(file: Lines<R>, columns: &[String], separator: u8) -> Result<Self, String> {
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
            return Err(format!("no column `{}`, which the map names; mend the map", missing.join("`, `")));
        }
        let places = columns.iter().filter_map(|column| at.get(column.as_str()).copied()).collect();
        let width = header.len();
        Ok(Self { reader, record: ByteRecord::new(), places, width, broken: false })
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
                Some(Err(Trouble::new(line, "file-broken", format!("the file cannot be read from here on: {error}"))))
            }
        }
    }

    fn row(&self) -> Result<Row, Trouble> {
        let line = self.line();
        let (cells, last) = (self.record.len(), self.reader.position().line());
        if cells != self.width {
            let few = if cells < self.width { "too-few-cells" } else { "too-many-cells" };
            // A quotation mark too many makes one row of many lines: say how far it reaches.
            let reach = if last > line + 1 { format!(", it reaches to line {}", last - 1) } else { String::new() };
            return Err(Trouble::new(line, few, format!("{cells} cells, the header has {}{reach}", self.width)));
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

    /// The line the record begins in: the reader's position is before the empty lines it skipped.
    fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, columns: &[&str]) -> Result<Vec<Result<Row, Trouble>>, String> {
        let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
        let mut csv = Csv::new(Lines::new(text.as_bytes()), &columns, b',')?;
        Ok(std::iter::from_fn(|| csv.next()).collect())
    }

    #[test]
    fn wanted_columns_in_wanted_order() {
        let rows = read("\u{feff}a,b,c\r\n1,\"x, y\n\"\"z\"\"\",3\r\n\r\n4, ,6\r\n", &["c", "b", "a"]).expect("readable");
        let cells = |cells: [Option<&str>; 3]| cells.map(|cell| cell.map(str::to_owned)).to_vec();
        assert_eq!(rows, [
            Ok(Row { line: 2, cells: cells([Some("3"), Some("x, y\n\"z\""), Some("1")]), event: true }),
            Ok(Row { line: 5, cells: cells([Some("6"), None, Some("4")]), event: true }),
        ]);
    }

    #[test]
    fn what_is_wrong_with_a_row_and_where() {
        let rows = read("a,b\n1,2\n3\n4,5,6\n7,8\n\"9,10\n11,12\n", &["a"]).expect("readable");
        let told: Vec<_> = rows.iter().map(|row| row.as_ref().map(|r| r.line).map_err(|t| (t.line, t.code.as_str()))).collect();
        assert_eq!(told, [Ok(2), Err((3, "too-few-cells")), Err((4, "too-many-cells")), Ok(5), Err((6, "too-few-cells"))]);
        assert!(rows.last().is_some_and(|row| row.as_ref().is_err_and(|t| t.message.contains("to line 7"))), "{rows:?}");
    }

    #[test]
    fn a_cell_that_is_no_text_is_refused_and_the_rest_is_read() {
        let mut csv = Csv::new(Lines::new(&b"a,b\n\xff,2\n3,\xfe\n4,5\n"[..]), &["a".to_owned()], b',').expect("readable");
        let rows: Vec<_> = std::iter::from_fn(|| csv.next()).collect();
        assert!(matches!(rows.as_slice(), [Err(t), Ok(_), Ok(_)] if t.code == "not-utf8" && t.line == 2), "{rows:?}");
    }

    #[test]
    fn a_map_that_does_not_fit_the_file() {
        assert!(read("a,b\n", &["a", "c", "d"]).expect_err("refused").contains("`c`, `d`"));
        assert!(read("a,a\n", &["a"]).expect_err("refused").contains("two columns"));
        assert!(read("", &["a"]).is_err());
    }
}
