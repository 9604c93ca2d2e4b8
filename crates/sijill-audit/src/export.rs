//! A full export: a directory with everything an audit needs (`docs/ledger-format.md`, Annex D).
//!
//! ```text
//! export.json            {"sijill":"export/1","origin","size","disclosures":"all"|"none","attachments":"none"}
//! checkpoint             signed note
//! tile/<L>/…             hash tiles, the partial ones of `size` included (C2SP tlog-tiles)
//! tile/entries/…         entry bundles
//! disclosures.jsonl      {"index":i,"disclosure":"…"} a line, in ascending order of index
//! documents/<hash>       documents published on the ledger
//! ```

mod lines;
mod write;

pub use write::{ExportError, Exported, export};

use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use sijill_event::{Digest, Json, parse_json};
use sijill_log::{Checkpoint, Note, Tile, bundle, tile::FULL_TILE_BYTES};

use crate::Unreadable;
use crate::source::{Disclosures, Source, Stated};
use crate::trust::{exactly, text};
use lines::Lines;

const DESCRIPTION: &str = "export.json";
const CHECKPOINT: &str = "checkpoint";
const DISCLOSURES: &str = "disclosures.jsonl";
const DOCUMENTS: &str = "documents";

/// Bytes that a file can have and still be what it should be; of longer ones no more is read.
const MAX_CHECKPOINT: usize = 1_000_000;
const MAX_BUNDLE: usize = 256 * (2 + u16::MAX as usize);
const MAX_DESCRIPTION: usize = 10_000;
const MAX_DOCUMENT: usize = 1 << 20;
const BUNDLE: u64 = 256;

/// An export on disk.
#[derive(Debug)]
pub struct ExportDirectory {
    path: PathBuf,
    stated: Stated,
    all_disclosures: bool,
    /// As it was at first: whoever writes the directory may go on.
    checkpoint: Option<Vec<u8>>,
    /// Size of the checkpoint, which says how wide the last bundle is.
    size: u64,
    lines: Mutex<Option<Lines>>,
    /// Which bundles are there, ascending: listed once one is found missing.
    bundles: OnceLock<Vec<u64>>,
}

impl ExportDirectory {
    /// Opens an export. Refused: `export-malformed`, `file-unreadable`.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Unreadable> {
        let path = path.into();
        let description = path.join(DESCRIPTION);
        let malformed = |why| Unreadable::Export { path: description.clone(), why };
        let bytes =
            read(&description, MAX_DESCRIPTION)?.ok_or_else(|| malformed("it is not there".to_owned()))?;
        let (stated, all_disclosures) = describe(&bytes).map_err(malformed)?;
        Self::describing(path, stated, all_disclosures)
    }

    /// Opens a tile-log directory that is no export: nothing is stated beside its checkpoint, and its disclosures are withheld.
    /// Refused: `file-unreadable`.
    pub fn open_tile_log(path: impl Into<PathBuf>) -> Result<Self, Unreadable> {
        Self::describing(path.into(), Stated::default(), false)
    }

    /// Whether this is a tile-log directory: it has a checkpoint.
    pub fn is_tile_log(path: &Path) -> bool {
        path.join(CHECKPOINT).is_file() && !path.join(DESCRIPTION).exists()
    }

    fn describing(path: PathBuf, stated: Stated, all_disclosures: bool) -> Result<Self, Unreadable> {
        let checkpoint = read(&path.join(CHECKPOINT), MAX_CHECKPOINT)?;
        let parse = |bytes: &Vec<u8>| Checkpoint::parse(Note::parse(bytes).ok()?.text()).ok();
        Ok(Self {
            path,
            stated,
            all_disclosures,
            size: checkpoint.as_ref().and_then(parse).map_or(0, |checkpoint| checkpoint.size),
            checkpoint,
            lines: Mutex::new(None),
            bundles: OnceLock::new(),
        })
    }

    /// The entries of a bundle; `None` if it is not there or not exactly as wide as it should be.
    fn bundle(&self, index: u64) -> Result<Option<Vec<Vec<u8>>>, Unreadable> {
        let Some(tile) = Tile::in_tree(0, index, self.size) else { return Ok(None) };
        let Some(bytes) = read(&self.path.join(tile.entries_path()), MAX_BUNDLE)? else { return Ok(None) };
        let entries = bundle::decode(&bytes, tile.width).ok();
        Ok(entries.map(|entries| entries.into_iter().map(<[u8]>::to_vec).collect()))
    }

    /// The first bundle from `index` on that is there. Looks into the directory instead of trying one name after another: a
    /// checkpoint can claim more bundles than anyone can try.
    fn bundle_from(&self, index: u64) -> Result<Option<u64>, Unreadable> {
        let listed = if let Some(listed) = self.bundles.get() {
            listed
        } else {
            let listed = self.list_bundles()?;
            self.bundles.get_or_init(|| listed)
        };
        Ok(listed.get(listed.partition_point(|bundle| *bundle < index)).copied())
    }

    fn list_bundles(&self) -> Result<Vec<u64>, Unreadable> {
        let mut bundles = Vec::new();
        list(&self.path, Path::new("tile/entries"), &mut |path| {
            let tile = Tile::from_entries_path(path).ok();
            let tile = tile.filter(|tile| Tile::in_tree(0, tile.index, self.size) == Some(*tile));
            bundles.extend(tile.map(|tile| tile.index));
        })?;
        bundles.sort_unstable();
        Ok(bundles)
    }
}

fn describe(bytes: &[u8]) -> Result<(Stated, bool), String> {
    let json = parse_json(bytes).map_err(|error| error.to_string())?;
    exactly(&json, &["sijill", "origin", "size", "disclosures", "attachments"])?;
    if text(&json, "sijill")? != "export/1" {
        return Err("`sijill` is not `export/1`".to_owned());
    }
    let all = match text(&json, "disclosures")? {
        "all" => true,
        "none" => false,
        _ => return Err("`disclosures` is neither `all` nor `none`".to_owned()),
    };
    // They are cited by digest; who holds an export is told so.
    if text(&json, "attachments")? != "none" {
        return Err("`attachments` is not `none`".to_owned());
    }
    let size = json.get("size").and_then(Json::as_u64).ok_or("`size` is not a number")?;
    Ok((Stated { origin: Some(text(&json, "origin")?.to_owned()), size: Some(size) }, all))
}

impl Source for ExportDirectory {
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(self.checkpoint.clone())
    }

    fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Unreadable> {
        let (mut found, mut next) = (Vec::new(), from);
        while found.len() < limit && next < self.size {
            let number = next / BUNDLE;
            if let Some(entries) = self.bundle(number)? {
                let entries = (number * BUNDLE..).zip(entries).filter(|(index, _)| *index >= next);
                found.extend(entries.take(limit - found.len()));
                next = found.last().map_or(next, |(index, _)| index + 1);
            } else {
                let Some(bundle) = self.bundle_from(number + 1)? else { break };
                next = bundle * BUNDLE;
            }
        }
        Ok(found)
    }

    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Unreadable> {
        read(&self.path.join(tile.path()), FULL_TILE_BYTES)
    }

    fn disclosures(&self, range: Range<u64>, size: u64) -> Result<Disclosures, Unreadable> {
        if !self.all_disclosures {
            return Ok(Disclosures::default());
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if range.start == 0 {
            *lines = Some(Lines::open(self.path.join(DISCLOSURES), size)?);
        }
        let rows = match lines.as_mut() {
            Some(lines) => lines.before(range.end)?,
            None => return Err(Unreadable::Source("disclosures are read from the front".to_owned())),
        };
        Ok(Disclosures { rows, all: true })
    }

    fn document(&self, hash: &Digest) -> Result<Option<Vec<u8>>, Unreadable> {
        read(&self.path.join(DOCUMENTS).join(hash.to_string()), MAX_DOCUMENT)
    }

    fn documents(&self) -> Result<Vec<Digest>, Unreadable> {
        let mut hashes = Vec::new();
        list(&self.path, Path::new(DOCUMENTS), &mut |path| {
            let name = path.strip_prefix("documents/").unwrap_or(path);
            hashes.extend(Digest::parse(name));
        })?;
        hashes.sort_unstable();
        Ok(hashes)
    }

    fn stated(&self) -> Stated {
        self.stated.clone()
    }
}

/// A file, cut off behind `limit` bytes; `None` if it is not there.
fn read(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, Unreadable> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(Unreadable::io(path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(Unreadable::io(path))?;
    Ok(Some(bytes))
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Tells the path, relative to `root`, of every file below `folder`.
fn list(root: &Path, folder: &Path, found: &mut dyn FnMut(&str)) -> Result<(), Unreadable> {
    let path = root.join(folder);
    let children = match fs::read_dir(&path) {
        Ok(children) => children,
        Err(error) if is_absence(&error) => return Ok(()),
        Err(error) => return Err(Unreadable::io(path)(error)),
    };
    for child in children {
        let child = child.map_err(Unreadable::io(&path))?;
        let below = folder.join(child.file_name());
        if child.file_type().map_err(Unreadable::io(&path))?.is_dir() {
            list(root, &below, found)?;
        } else if let Some(name) = below.to_str() {
            found(name);
        }
    }
    Ok(())
}
