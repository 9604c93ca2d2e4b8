//! OCEL 2.0 in JSON: the standard's four members, and before them `ledger`, which says where the log comes from.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, SeekFrom, Write, copy};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::NamedTempFile;

use super::chapter::Chapter;
use super::log::{Change, Declared, Event, Kind, Object, ObjectType, Provenance, Relations, Value, Writer};
use super::survey::Survey;
use crate::error::{Error, Result};

/// Writes events as they come; objects go to a file without a name and follow them.
pub(super) struct OcelJson<'a> {
    events: BufWriter<&'a File>,
    objects: BufWriter<File>,
    declared: Declared,
    first: First,
    path: PathBuf,
}

/// Whether nothing stands yet in a list.
struct First {
    event: bool,
    object: bool,
}

#[derive(Serialize)]
struct TypeRow<'a> {
    name: &'a str,
    attributes: Vec<AttributeRow<'a>>,
}

#[derive(Serialize)]
struct AttributeRow<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct EventRow<'a> {
    id: String,
    #[serde(rename = "type")]
    event_type: &'a str,
    time: String,
    attributes: Vec<ValueRow<'a>>,
    relationships: Vec<RelationRow<'a>>,
}

#[derive(Serialize)]
struct ObjectRow<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    attributes: Vec<ValueRow<'a>>,
    relationships: Vec<RelationRow<'a>>,
}

#[derive(Serialize)]
struct ValueRow<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    value: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RelationRow<'a> {
    object_id: &'a str,
    qualifier: &'a str,
}

impl<'a> OcelJson<'a> {
    pub(super) fn new(file: &'a NamedTempFile, path: &Path, folder: &Path, survey: &Survey) -> Result<Self> {
        let objects = tempfile::tempfile_in(folder).map_err(Error::unwritable(folder))?;
        let mut writer = Self {
            events: BufWriter::new(file.as_file()),
            objects: BufWriter::new(objects),
            declared: survey.declared.clone(),
            first: First { event: true, object: true },
            path: path.to_owned(),
        };
        let head = head(&survey.provenance, &survey.declared)?;
        writer.events.write_all(head.as_bytes()).map_err(Error::unwritable(path))?;
        Ok(writer)
    }

    fn event(&mut self, event: &Event) -> Result<()> {
        let kinds = self.declared.get(&event.event_type);
        let kind = |name: &str, value: &Value| {
            kinds.and_then(|kinds| kinds.get(name)).copied().unwrap_or(value.kind())
        };
        let attributes = event.attributes.iter();
        let row = EventRow {
            id: event.id(),
            event_type: &event.event_type,
            time: event.time.to_string(),
            attributes: attributes
                .map(|(name, value)| ValueRow { name, time: None, value: value.to_kind(kind(name, value)) })
                .collect(),
            relationships: relations(&event.objects),
        };
        let line = line(&row, std::mem::take(&mut self.first.event))?;
        self.events.write_all(line.as_bytes()).map_err(Error::unwritable(&self.path))
    }

    fn object(&mut self, object: &Object) -> Result<()> {
        let change = |Change { name, value, time }: &Change| ValueRow {
            name,
            time: Some(time.to_string()),
            value: value.clone(),
        };
        let row = ObjectRow {
            id: &object.id,
            kind: object.kind.as_str(),
            attributes: object.changes.iter().map(change).collect(),
            relationships: relations(&object.objects),
        };
        let line = line(&row, std::mem::take(&mut self.first.object))?;
        self.objects.write_all(line.as_bytes()).map_err(Error::unwritable(&self.path))
    }
}

impl Writer for OcelJson<'_> {
    const OBJECTS: bool = true;

    fn chapter(&mut self, chapter: &Chapter) -> Result<bool> {
        chapter.events.iter().try_for_each(|event| self.event(event))?;
        chapter.objects.iter().try_for_each(|object| self.object(object))?;
        Ok(true)
    }

    fn finish(mut self, shared: &[Object]) -> Result<()> {
        shared.iter().try_for_each(|object| self.object(object))?;
        let Self { mut events, objects, path, .. } = self;
        let written = || {
            let mut objects = objects.into_inner().map_err(std::io::IntoInnerError::into_error)?;
            objects.seek(SeekFrom::Start(0))?;
            events.write_all(b"\n],\n\"objects\": [")?;
            copy(&mut BufReader::new(objects), &mut events)?;
            events.write_all(b"\n]}\n")?;
            events.flush()
        };
        written().map_err(Error::unwritable(&path))
    }
}

/// Everything before the first event.
fn head(provenance: &Provenance, declared: &Declared) -> Result<String> {
    let objects = ObjectType::ALL.map(|kind| TypeRow {
        name: kind.as_str(),
        attributes: attributes(kind.attributes().iter().map(|(name, kind)| (*name, *kind))),
    });
    let events = declared.iter().map(|(name, kinds)| TypeRow {
        name,
        attributes: attributes(kinds.iter().map(|(name, kind)| (name.as_str(), *kind))),
    });
    let list = |rows: Vec<TypeRow<'_>>| {
        let lines = rows.iter().enumerate().map(|(place, row)| line(row, place == 0));
        lines.collect::<Result<String>>()
    };
    Ok(format!(
        "{{\"ledger\": {},\n\"objectTypes\": [{}\n],\n\"eventTypes\": [{}\n],\n\"events\": [",
        json(provenance)?,
        list(objects.into())?,
        list(events.collect())?
    ))
}

fn attributes<'a>(all: impl Iterator<Item = (&'a str, Kind)>) -> Vec<AttributeRow<'a>> {
    all.map(|(name, kind)| AttributeRow { name, kind: kind.ocel() }).collect()
}

fn relations(all: &Relations) -> Vec<RelationRow<'_>> {
    all.iter().map(|(object_id, qualifier)| RelationRow { object_id, qualifier }).collect()
}

/// An element of a list, on a line of its own.
fn line(row: &impl Serialize, first: bool) -> Result<String> {
    Ok(format!("{}\n{}", if first { "" } else { "," }, json(row)?))
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Source(error.to_string()))
}
