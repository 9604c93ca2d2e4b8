//! Evidence: some entries of a log, with all that is needed to check them offline (`docs/ledger-format.md`, Annex D).
//!
//! ```text
//! file     reading and writing
//! pieces   the hashes between the entries, and the roots that both give
//! gather   putting evidence together, from an archive that can be asked
//! scanned  a source that cannot, read from front to back
//! ```

mod file;
mod gather;
mod pieces;
mod records;
mod scanned;

use std::collections::BTreeMap;
use std::ops::Range;

use sijill_log::{Checkpoint, Hash, Note, Tile};

pub use gather::Archive;

use crate::source::{DisclosureRow, Disclosures, Source, Stated};
use crate::{HeldCheckpoint, Unreadable};
use pieces::Roots;

/// Media type of an evidence file.
pub const EVIDENCE_MEDIA_TYPE: &str = "application/vnd.sijill.evidence+json";

/// An entry in evidence.
#[derive(Clone, PartialEq, Eq)]
pub struct Exhibit {
    /// Position in the log.
    pub index: u64,
    /// The entry's bytes, as text.
    pub entry: String,
    /// The disclosures the holder may have, in their base64url form.
    pub disclosures: Vec<String>,
}

impl std::fmt::Debug for Exhibit {
    /// Without the disclosures.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exhibit")
            .field("index", &self.index)
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}

/// An evidence file: the entries to be proved, what their keys and their time rest on, and hashes in place of all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    origin: String,
    checkpoint: String,
    exhibits: BTreeMap<u64, Exhibit>,
    /// Complete subtrees between the entries, from left to right: level and root.
    between: Vec<(u8, Hash)>,
    witnessed: Vec<HeldCheckpoint>,
    roots: Roots,
}

impl Evidence {
    /// Puts evidence together under a signed checkpoint. The entries may come in any order, one index once; whether they prove
    /// anything is for an audit to say. Refused: `evidence-malformed`.
    pub fn build(
        checkpoint: &str,
        exhibits: impl IntoIterator<Item = Exhibit>,
        between: Vec<(u8, Hash)>,
        witnessed: Vec<HeldCheckpoint>,
    ) -> Result<Self, Unreadable> {
        let malformed = |why: &str| Unreadable::Evidence(why.to_owned());
        let mut ordered = BTreeMap::new();
        for exhibit in exhibits {
            if ordered.insert(exhibit.index, exhibit).is_some() {
                return Err(malformed("an entry stands twice"));
            }
        }
        let read = read_note(checkpoint).ok_or_else(|| malformed("its checkpoint is none"))?;
        Ok(Self::of(read.origin.to_string(), checkpoint.to_owned(), ordered, between, witnessed))
    }

    fn of(
        origin: String,
        checkpoint: String,
        exhibits: BTreeMap<u64, Exhibit>,
        between: Vec<(u8, Hash)>,
        witnessed: Vec<HeldCheckpoint>,
    ) -> Self {
        let point = read_note(&checkpoint);
        let roots = point.map(|point| Roots::of(&exhibits, &between, point.size, point.root));
        Self { origin, checkpoint, exhibits, between, witnessed, roots: roots.unwrap_or_default() }
    }

    /// The entries, ascending.
    pub fn exhibits(&self) -> impl Iterator<Item = &Exhibit> {
        self.exhibits.values()
    }

    /// The hashes between the entries: level and root of complete subtrees, from left to right.
    pub fn between(&self) -> &[(u8, Hash)] {
        &self.between
    }
}

/// What a checkpoint says, if it is one.
fn read_note(text: &str) -> Option<Checkpoint> {
    Checkpoint::parse(Note::parse(text.as_bytes()).ok()?.text()).ok()
}

impl Source for Evidence {
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(Some(self.checkpoint.clone().into_bytes()))
    }

    fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Unreadable> {
        let held = self.exhibits.range(from..).take(limit);
        Ok(held.map(|(index, exhibit)| (*index, exhibit.entry.clone().into_bytes())).collect())
    }

    fn tile(&self, _: Tile) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(None)
    }

    fn disclosures(&self, range: Range<u64>, _: u64) -> Result<Disclosures, Unreadable> {
        let delivered = self.exhibits.range(range).flat_map(|(index, exhibit)| {
            let row = |text: &String| DisclosureRow { index: Some(*index), disclosure: Ok(text.clone()) };
            exhibit.disclosures.iter().map(row)
        });
        Ok(Disclosures { rows: delivered.collect(), all: false })
    }

    fn stated(&self) -> Stated {
        Stated { origin: Some(self.origin.clone()), size: None }
    }

    fn is_whole(&self) -> bool {
        false
    }

    fn root(&self, size: u64) -> Option<Hash> {
        self.roots.get(size)
    }

    fn witnessed(&self) -> &[HeldCheckpoint] {
        &self.witnessed
    }
}
