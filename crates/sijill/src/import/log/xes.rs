//! XES (IEEE 1849): traces of events, each with typed attributes.
//!
//! An attribute of a trace becomes the column `case:<key>` of its events, as pm4py names it. Attributes inside
//! attributes, globals, classifiers and extensions are passed over. Values are taken as the file writes them.

use std::collections::HashMap;
use std::io::BufRead;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::lines::Lines;
use super::{Row, Trouble, cell};

/// Elements that are attributes, by IEEE 1849 §4.
const ATTRIBUTES: [&str; 6] = ["string", "date", "int", "float", "boolean", "id"];
/// Elements in traces and events that may be there and are not read: attributes that hold others.
const PASSED_OVER: [&str; 2] = ["list", "container"];

/// An XES file.
pub struct Xes<R> {
    reader: Reader<R>,
    buffer: Vec<u8>,
    places: HashMap<String, usize>,
    open: Vec<Element>,
    trace: Collected,
    event: Collected,
    /// Events of the trace so far.
    events: u64,
    done: bool,
    pub(super) broken: bool,
}

/// An element that has begun and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    Trace,
    Event,
    Other,
}

/// Attributes of the trace or event being read.
#[derive(Debug, Default)]
struct Collected {
    line: u64,
    cells: Vec<Option<String>>,
    trouble: Option<String>,
}

impl<R: BufRead> Xes<Lines<R>> {
    pub(super) fn new(file: Lines<R>, columns: &[String]) -> Self {
        let places: HashMap<String, usize> = columns.iter().cloned().zip(0..).collect();
        Self {
            reader: Reader::from_reader(file),
            buffer: Vec::new(),
            places,
            open: Vec::new(),
            trace: Collected::default(),
            event: Collected::default(),
            events: 0,
            done: false,
            broken: false,
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.reader.get_ref().bytes()
    }

    pub(super) fn next(&mut self) -> Option<Result<Row, Trouble>> {
        while !self.done {
            let line = self.reader.get_ref().line();
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            let row = match self.reader.read_event_into(&mut buffer) {
                Ok(Event::Start(element)) => {
                    self.start(&element, line);
                    None
                }
                Ok(Event::Empty(element)) => {
                    self.start(&element, line);
                    self.end()
                }
                Ok(Event::End(_)) => self.end(),
                Ok(Event::Eof) => self.finish(line),
                // Text between elements, comments, declarations: XES says nothing in them.
                Ok(_) => None,
                Err(error) => Some(self.fail(line, &error.to_string())),
            };
            self.buffer = buffer;
            if row.is_some() {
                return row;
            }
        }
        None
    }

    fn finish(&mut self, line: u64) -> Option<Result<Row, Trouble>> {
        self.done = true;
        (!self.open.is_empty()).then(|| self.fail(line, "it ends in the middle of an element"))
    }

    fn fail(&mut self, line: u64, why: &str) -> Result<Row, Trouble> {
        (self.done, self.broken) = (true, true);
        Err(Trouble::new(line, "file-broken", format!("the file cannot be read from here on: {why}")))
    }

    fn start(&mut self, element: &BytesStart<'_>, line: u64) {
        let parent = self.open.last().copied();
        let name = element.local_name();
        let name = name.into_inner();
        let fresh = || Collected { line, cells: vec![None; self.places.len()], trouble: None };
        let begun = match (name, parent) {
            ("trace", Some(Element::Other)) => {
                (self.trace, self.events) = (fresh(), 0);
                Element::Trace
            }
            ("event", Some(Element::Trace)) => {
                self.event = fresh();
                Element::Event
            }
            (name, Some(of @ (Element::Trace | Element::Event))) if ATTRIBUTES.contains(&name) => {
                self.attribute(element, of);
                Element::Other
            }
            (name, Some(of @ (Element::Trace | Element::Event))) if !PASSED_OVER.contains(&name) => {
                self.collecting(of).trouble =
                    Some("it holds an element that XES does not have there".to_owned());
                Element::Other
            }
            _ => Element::Other,
        };
        self.open.push(begun);
    }

    fn attribute(&mut self, element: &BytesStart<'_>, of: Element) {
        let (prefix, events) = if of == Element::Trace { ("case:", self.events) } else { ("", 0) };
        let read = key_and_value(element).and_then(|(key, value)| {
            if events > 0 {
                return Err("an attribute of the trace stands behind its first event".to_owned());
            }
            Ok((format!("{prefix}{key}"), value))
        });
        let place = read.map(|(column, value)| (self.places.get(&column).copied(), value));
        let into = self.collecting(of);
        match place {
            Err(why) => into.trouble = Some(why),
            Ok((place, value)) => {
                if let Some(slot) = place.and_then(|place| into.cells.get_mut(place)) {
                    *slot = cell(&value);
                }
            }
        }
    }

    fn collecting(&mut self, of: Element) -> &mut Collected {
        if of == Element::Trace { &mut self.trace } else { &mut self.event }
    }

    fn end(&mut self) -> Option<Result<Row, Trouble>> {
        match self.open.pop()? {
            Element::Event => {
                self.events += 1;
                let event = std::mem::take(&mut self.event);
                Some(self.row(event, true))
            }
            Element::Trace if self.events == 0 => {
                let empty = Collected { line: self.trace.line, ..Collected::default() };
                Some(self.row(empty, false))
            }
            Element::Trace | Element::Other => None,
        }
    }

    /// What the event says, and for the rest what its trace does.
    fn row(&self, of: Collected, event: bool) -> Result<Row, Trouble> {
        if let Some(why) = of.trouble.or_else(|| self.trace.trouble.clone()) {
            return Err(Trouble::new(of.line, "attribute-malformed", why));
        }
        let own = of.cells.into_iter().chain(std::iter::repeat(None));
        let cells =
            own.zip(&self.trace.cells).map(|(own, of_trace)| own.or_else(|| of_trace.clone())).collect();
        Ok(Row { line: of.line, cells, event })
    }
}

fn key_and_value(element: &BytesStart<'_>) -> Result<(String, String), String> {
    let (mut key, mut value) = (None, None);
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| format!("an attribute cannot be read: {error}"))?;
        let slot = match attribute.key.into_inner() {
            "key" => &mut key,
            "value" => &mut value,
            _ => continue,
        };
        let text = attribute.normalized_value(XmlVersion::Implicit1_0);
        *slot = Some(text.map_err(|error| format!("an attribute cannot be read: {error}"))?.into_owned());
    }
    key.zip(value).ok_or_else(|| "an attribute lacks its key or its value".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"<?xml version="1.0" encoding="UTF-8" ?>
<!-- a comment -->
<log xes.version="1849-2016" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="trace"><string key="concept:name" value="none"/></global>
  <string key="concept:name" value="the log itself"/>
  <trace>
    <string key="concept:name" value="case-1"><string key="org:resource" value="inner"/></string>
    <event>
      <string key="concept:name" value="a &amp; &#x628;"/>
      <date key="time:timestamp" value="2011-10-11T13:45:40.276+02:00"/>
      <list key="x"><values><string key="org:resource" value="listed"/></values></list>
    </event>
    <event><int key="org:resource" value="7"/></event>
  </trace>
  <trace><string key="concept:name" value="case-2"/></trace>
</log>
"#;

    fn read(text: &str) -> (Vec<Result<Row, Trouble>>, bool) {
        let columns =
            ["case:concept:name", "concept:name", "time:timestamp", "org:resource"].map(str::to_owned);
        let mut xes = Xes::new(Lines::new(text.as_bytes()), &columns);
        (std::iter::from_fn(|| xes.next()).collect(), xes.broken)
    }

    fn row(line: u64, cells: [Option<&str>; 4], event: bool) -> Row {
        Row { line, cells: cells.map(|cell| cell.map(str::to_owned)).to_vec(), event }
    }

    #[test]
    fn events_have_their_traces_attributes_as_case_columns() {
        let (rows, broken) = read(LOG);
        let time = Some("2011-10-11T13:45:40.276+02:00");
        assert!(!broken);
        assert_eq!(
            rows,
            [
                Ok(row(9, [Some("case-1"), Some("a & ب"), time, None], true)),
                Ok(row(14, [Some("case-1"), None, None, Some("7")], true)),
                Ok(row(16, [Some("case-2"), None, None, None], false)),
            ]
        );
    }

    #[test]
    fn a_malformed_attribute_costs_its_event_alone() {
        for (from, to) in [
            ("&amp;", "&unknown;"),
            ("value=\"a ", "walue=\"a "),
            ("value=\"a ", "value=\"b\" value=\"a "),
            ("<list", "<<string key=\"a\" value=\"b\"/><list"),
        ] {
            let (rows, broken) = read(&LOG.replacen(from, to, 1));
            assert!(!broken);
            assert!(
                matches!(&rows[0], Err(t) if (t.line, t.code.as_str()) == (9, "attribute-malformed")),
                "{rows:?}"
            );
            assert_eq!(rows[1], Ok(row(14, [Some("case-1"), None, None, Some("7")], true)));
        }
    }

    #[test]
    fn an_attribute_of_the_trace_behind_its_events_is_not_lost_silently() {
        let late = "<string key=\"channel\" value=\"x\"/></event>\n<string key=\"late\" value=\"y\"/><event></event>";
        let (rows, _) = read(&LOG.replacen("</event>", late, 1));
        assert!(rows[0].is_ok());
        assert!(matches!(&rows[1], Err(t) if t.message.contains("behind")), "{rows:?}");
    }

    #[test]
    fn a_broken_file_gives_what_stands_before_the_break() {
        for broken in [
            LOG.replacen("\"7\"/></event>", "\"7\"/></evnt>", 1),
            LOG.split_at(LOG.find("<int").expect("there")).0.to_owned(),
        ] {
            let (rows, is_broken) = read(&broken);
            assert!(is_broken, "{rows:?}");
            assert!(rows[0].is_ok());
            assert!(
                matches!(rows.last(), Some(Err(t)) if t.code == "file-broken" && t.line >= 14),
                "{rows:?}"
            );
        }
    }
}
