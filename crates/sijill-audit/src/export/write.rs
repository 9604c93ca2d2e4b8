//! Writing an export: a copy of any source, tampered or not.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sijill_event::Json;
use sijill_log::{Checkpoint, Note, Tile, TileBuilder, bundle, leaf_hash};

use super::{BUNDLE, CHECKPOINT, DESCRIPTION, DISCLOSURES, DOCUMENTS};
use crate::Unreadable;
use crate::chunk::Chunks;
use crate::source::{DisclosureRow, Source};

/// Why no export was made. There is nothing at the target then, or what was there before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The source cannot be read.
    #[error(transparent)]
    Source(#[from] Unreadable),

    /// The source has no checkpoint that can be read, so there is no size to export.
    #[error("there is no checkpoint that can be read: how much to export is not known")]
    NoCheckpoint,

    /// The source holds only some entries.
    #[error("an evidence file cannot be turned into an export: it holds only some entries")]
    NotWhole,

    /// Something is at the target already.
    #[error("{} exists already and is never overwritten: choose another name", .0.display())]
    Exists(PathBuf),

    /// A file could not be written.
    #[error("cannot write {}: {cause}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

impl ExportError {
    /// A stable name, in kebab case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Source(error) => error.code(),
            Self::NoCheckpoint => "no-checkpoint",
            Self::NotWhole => "not-whole",
            Self::Exists(_) => "target-exists",
            Self::Unwritable { .. } => "target-unwritable",
        }
    }

    fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |cause| Self::Unwritable { path, cause }
    }
}

/// What an export holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// Entries.
    pub entries: u64,
    /// Entries that are there but could not be written, because another of their bundle is missing or too long.
    pub left_out: u64,
    /// Disclosures.
    pub disclosures: u64,
    /// Disclosures that could not be read.
    pub unreadable: u64,
}

/// Copies a source to a new directory, at the size of its checkpoint, with its disclosures if it has them all and `disclose`
/// says so. What is missing stays missing and what is wrong stays wrong: that is for the audit to say. Partial tiles, which a
/// database does not keep, are made from the entries.
///
/// The directory appears at `target` when it is complete; until then it grows beside it, as `<target>.incomplete-<pid>`.
pub fn export(source: &dyn Source, target: &Path, disclose: bool) -> Result<Exported, ExportError> {
    let note = source.checkpoint()?.ok_or(ExportError::NoCheckpoint)?;
    let checkpoint = Note::parse(&note).and_then(|note| Checkpoint::parse(note.text()));
    let checkpoint = checkpoint.map_err(|_| ExportError::NoCheckpoint)?;
    if !source.is_whole() {
        return Err(ExportError::NotWhole);
    }
    if target.exists() {
        return Err(ExportError::Exists(target.to_path_buf()));
    }
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".incomplete-{}", std::process::id()));
    let incomplete = target.with_file_name(name);
    let written = write(source, &incomplete, &checkpoint, &note, disclose);
    let moved = written.and_then(|exported| {
        // Renaming onto an empty directory would replace it.
        if target.exists() {
            return Err(ExportError::Exists(target.to_path_buf()));
        }
        fs::rename(&incomplete, target).map_err(ExportError::unwritable(target))?;
        Ok(exported)
    });
    if moved.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_dir_all(&incomplete);
    }
    moved
}

fn write(
    source: &dyn Source,
    directory: &Path,
    checkpoint: &Checkpoint,
    note: &[u8],
    disclose: bool,
) -> Result<Exported, ExportError> {
    fs::create_dir_all(directory).map_err(ExportError::unwritable(directory))?;
    let mut writer = Writer {
        directory,
        size: checkpoint.size,
        bundle: Vec::new(),
        edge: Some(TileBuilder::new()),
        lines: None,
        exported: Exported::default(),
    };
    writer.file(CHECKPOINT, note)?;
    for chunk in Chunks::new(source, checkpoint.size) {
        let chunk = chunk?;
        for (tile, bytes) in chunk.tiles {
            if let Some(bytes) = bytes {
                writer.file(&tile.path(), &bytes)?;
            }
        }
        for (index, entry) in chunk.entries {
            writer.entry(index, entry)?;
        }
        if disclose && chunk.disclosures.all {
            writer.disclosures(chunk.disclosures.rows)?;
        }
    }
    for hash in source.documents()? {
        if let Some(bytes) = source.document(&hash)? {
            writer.file(&format!("{DOCUMENTS}/{hash}"), &bytes)?;
        }
    }
    writer.finish(source, checkpoint)
}

struct Writer<'a> {
    directory: &'a Path,
    size: u64,
    /// The entries of the bundle that is not complete yet.
    bundle: Vec<(u64, Vec<u8>)>,
    /// The tree's edge; `None` once an entry was missing.
    edge: Option<TileBuilder>,
    lines: Option<BufWriter<File>>,
    exported: Exported,
}

impl Writer<'_> {
    fn file(&self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let path = self.directory.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(ExportError::unwritable(folder))?;
        }
        fs::write(&path, bytes).map_err(ExportError::unwritable(&path))
    }

    fn entry(&mut self, index: u64, entry: Vec<u8>) -> Result<(), ExportError> {
        match &mut self.edge {
            // Its tiles are the source's, as they are kept there.
            Some(edge) if edge.size() == index => drop(edge.push(leaf_hash(&entry))),
            edge => *edge = None,
        }
        if self.bundle.first().is_some_and(|(first, _)| first / BUNDLE != index / BUNDLE) {
            self.flush()?;
        }
        self.bundle.push((index, entry));
        if index % BUNDLE == BUNDLE - 1 || index + 1 == self.size { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        let bundled = std::mem::take(&mut self.bundle);
        let Some((first, _)) = bundled.first() else { return Ok(()) };
        let (count, tile) = (bundled.len() as u64, Tile::in_tree(0, first / BUNDLE, self.size));
        let whole = tile.filter(|tile| u64::from(tile.width) == count);
        let entries: Vec<Vec<u8>> = bundled.into_iter().map(|(_, entry)| entry).collect();
        match (whole, bundle::encode(&entries)) {
            (Some(tile), Ok(bytes)) => {
                self.file(&tile.entries_path(), &bytes)?;
                self.exported.entries += count;
            }
            _ => self.exported.left_out += count,
        }
        Ok(())
    }

    fn disclosures(&mut self, rows: Vec<DisclosureRow>) -> Result<(), ExportError> {
        let path = self.directory.join(DISCLOSURES);
        let lines = match &mut self.lines {
            Some(lines) => lines,
            lines => {
                lines.insert(BufWriter::new(File::create_new(&path).map_err(ExportError::unwritable(&path))?))
            }
        };
        for row in rows {
            let (Some(index), Ok(disclosure)) =
                (row.index.and_then(|index| Json::try_from(index).ok()), row.disclosure)
            else {
                self.exported.unreadable += 1;
                continue;
            };
            let line = Json::object([("index", index), ("disclosure", disclosure.into())]);
            writeln!(lines, "{line}").map_err(ExportError::unwritable(&path))?;
            self.exported.disclosures += 1;
        }
        Ok(())
    }

    fn finish(mut self, source: &dyn Source, checkpoint: &Checkpoint) -> Result<Exported, ExportError> {
        self.flush()?;
        if !source.partial_tiles() {
            let edge = self.edge.as_ref().filter(|edge| edge.size() == self.size);
            for (tile, bytes) in edge.map(TileBuilder::partial_tiles).unwrap_or_default() {
                self.file(&tile.path(), &bytes)?;
            }
        }
        let path = self.directory.join(DISCLOSURES);
        let disclosures = if self.lines.is_some() { "all" } else { "none" };
        if let Some(mut lines) = self.lines.take() {
            lines.flush().map_err(ExportError::unwritable(&path))?;
        }
        let size = Json::try_from(self.size).map_err(|_| ExportError::NoCheckpoint)?;
        let description = Json::object([
            ("sijill", "export/1".into()),
            ("origin", checkpoint.origin.as_str().into()),
            ("size", size),
            ("disclosures", disclosures.into()),
            ("attachments", "none".into()),
        ]);
        self.file(DESCRIPTION, description.to_string().as_bytes())?;
        Ok(self.exported)
    }
}
