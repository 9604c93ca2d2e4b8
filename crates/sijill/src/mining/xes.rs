//! XES (IEEE 1849-2016): one trace per case, its events in order. Contacts are in no trace: one may lead to several cases.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, Event as Xml};
use tempfile::NamedTempFile;

use super::chapter::Chapter;
use super::log::{Declared, Event, Kind, Object, Value, Writer};
use super::survey::Survey;
use crate::error::{Error, Result};

/// The standard's own extensions that are used: name, prefix.
const EXTENSIONS: [(&str, &str); 4] =
    [("Concept", "concept"), ("Lifecycle", "lifecycle"), ("Organizational", "org"), ("Time", "time")];

/// Attributes of events that the standard's extensions have names for.
const RENAMED: [(&str, &str); 2] = [("actor", "org:resource"), ("unit", "org:group")];

/// Writes traces as they come.
pub(super) struct Xes<'a> {
    xml: quick_xml::Writer<BufWriter<&'a File>>,
    declared: Declared,
    path: PathBuf,
}

impl<'a> Xes<'a> {
    pub(super) fn new(file: &'a NamedTempFile, path: &Path, survey: &Survey) -> Result<Self> {
        let out = BufWriter::new(file.as_file());
        let mut writer = Self {
            xml: quick_xml::Writer::new_with_indent(out, b' ', 1),
            declared: survey.declared.clone(),
            path: path.to_owned(),
        };
        writer.head(survey).map_err(Error::unwritable(path))?;
        Ok(writer)
    }

    fn head(&mut self, survey: &Survey) -> io::Result<()> {
        self.xml.write_event(Xml::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let log =
            [("xmlns", "http://www.xes-standard.org/"), ("xes.version", "1849-2016"), ("xes.features", "")];
        self.xml.write_event(Xml::Start(BytesStart::new("log").with_attributes(log)))?;
        for (name, prefix) in EXTENSIONS {
            let uri = format!("http://www.xes-standard.org/{prefix}.xesext");
            let extension = self.xml.create_element("extension");
            extension.with_attributes([("name", name), ("prefix", prefix), ("uri", &uri)]).write_empty()?;
        }
        self.globals("trace", &[("concept:name", Value::text("UNKNOWN"))])?;
        self.globals(
            "event",
            &[
                ("concept:name", Value::text("UNKNOWN")),
                ("time:timestamp", Value::time(super::log::Moment::BEGINNING)),
                ("lifecycle:transition", Value::text("complete")),
                ("org:resource", Value::text("UNKNOWN")),
                ("index", Value::Whole(0)),
            ],
        )?;
        let classifier = self.xml.create_element("classifier");
        classifier.with_attributes([("name", "Event type"), ("keys", "concept:name")]).write_empty()?;
        let from = &survey.provenance;
        self.attribute("concept:name", &Value::text(&from.origin))?;
        self.attribute("origin", &Value::text(&from.origin))?;
        self.attribute("size", &Value::Whole(i64::try_from(from.size).unwrap_or(i64::MAX)))?;
        self.attribute("root", &Value::text(&from.root))?;
        self.attribute("time", &Value::text(from.time.as_str()))
    }

    fn globals(&mut self, scope: &str, attributes: &[(&str, Value)]) -> io::Result<()> {
        self.xml.write_event(Xml::Start(BytesStart::new("global").with_attributes([("scope", scope)])))?;
        attributes.iter().try_for_each(|(key, value)| self.attribute(key, value))?;
        self.xml.write_event(Xml::End(BytesEnd::new("global")))
    }

    fn trace(&mut self, chapter: &Chapter) -> io::Result<()> {
        self.xml.write_event(Xml::Start(BytesStart::new("trace")))?;
        self.attribute("concept:name", &Value::text(&chapter.of.id))?;
        // How the case stands at the end of the log.
        let now: BTreeMap<&str, &Value> = chapter
            .objects
            .first()
            .into_iter()
            .flat_map(|case| case.changes.iter().map(|change| (change.name, &change.value)))
            .collect();
        now.into_iter().try_for_each(|(name, value)| self.attribute(name, value))?;
        chapter.events.iter().try_for_each(|event| self.event(event))?;
        self.xml.write_event(Xml::End(BytesEnd::new("trace")))
    }

    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.xml.write_event(Xml::Start(BytesStart::new("event")))?;
        self.attribute("concept:name", &Value::text(&event.event_type))?;
        self.attribute("time:timestamp", &Value::time(event.time))?;
        self.attribute("lifecycle:transition", &Value::text("complete"))?;
        for (name, value) in &event.attributes {
            let kinds = self.declared.get(&event.event_type);
            let kind = kinds.and_then(|kinds| kinds.get(name)).copied().unwrap_or(value.kind());
            let renamed =
                RENAMED.iter().find(|(own, _)| *own == name.as_str()).map(|(_, standard)| *standard);
            self.attribute(renamed.unwrap_or(name), &value.to_kind(kind))?;
        }
        self.xml.write_event(Xml::End(BytesEnd::new("event")))
    }

    fn attribute(&mut self, key: &str, value: &Value) -> io::Result<()> {
        let element = match value.kind() {
            Kind::Text => "string",
            Kind::Whole => "int",
            Kind::Truth => "boolean",
            Kind::Time => "date",
        };
        let text = value.to_string();
        let element = self.xml.create_element(element);
        element.with_attributes([("key", writable(key)), ("value", writable(&text))]).write_empty()?;
        Ok(())
    }
}

impl Writer for Xes<'_> {
    const OBJECTS: bool = false;

    fn chapter(&mut self, chapter: &Chapter) -> Result<bool> {
        if chapter.of.case {
            self.trace(chapter).map_err(Error::unwritable(&self.path))?;
        }
        Ok(chapter.of.case)
    }

    fn finish(mut self, _shared: &[Object]) -> Result<()> {
        let ended = self.xml.write_event(Xml::End(BytesEnd::new("log")));
        let flushed = ended
            .and_then(|()| self.xml.get_mut().write_all(b"\n"))
            .and_then(|()| self.xml.get_mut().flush());
        flushed.map_err(Error::unwritable(&self.path))
    }
}

/// The text with U+FFFD for what no XML document can hold, escaped or not: control characters and two noncharacters.
fn writable(text: &str) -> Cow<'_, str> {
    let fits = |c: char| {
        (!c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{7f}'..='\u{9f}'))
            && !matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    if text.chars().all(fits) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if fits(c) { c } else { char::REPLACEMENT_CHARACTER }).collect())
}

#[cfg(test)]
mod tests {
    use super::writable;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(writable("زيارة\n\t<&>"), "زيارة\n\t<&>");
        assert_eq!(writable("a\u{1}b\u{ffff}c\u{1b}"), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(writable("\u{85}"), "\u{85}");
    }
}
