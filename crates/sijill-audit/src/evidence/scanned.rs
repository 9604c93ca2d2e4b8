//! A source as an archive: read from front to back once.

use std::collections::{BTreeMap, BTreeSet};

use sijill_event::{Entry, StreamKind};
use sijill_log::{Hash, HashReader, leaf_hash};

use super::gather::{Archive, lacking, refused};
use super::{Evidence, read_note};
use crate::Unreadable;
use crate::chunk::Chunks;
use crate::examine::introduces;
use crate::source::Source;
use crate::tree::Tree;

/// What is kept of a source: hashes of everything, of the entries those that evidence of these few can need.
struct Scanned<'a> {
    source: &'a dyn Source,
    checkpoint: String,
    tree: Tree,
    registry: Vec<(u64, String)>,
    /// Indexes of stream `log`.
    log: Vec<u64>,
    disclosures: BTreeMap<u64, Vec<String>>,
}

impl Evidence {
    /// [`Evidence::prove`] for a source that holds every entry and can only be read from front to back.
    pub fn gather(source: &dyn Source, wanted: &BTreeSet<u64>, disclose: bool) -> Result<Self, Unreadable> {
        let note = source.checkpoint()?.and_then(|bytes| String::from_utf8(bytes).ok());
        let size = note.as_deref().and_then(read_note).map(|point| point.size);
        let (Some(checkpoint), Some(size)) = (note, size) else {
            return Err(refused("the source has no checkpoint"));
        };
        let (tree, disclosures) = (Tree::new(), BTreeMap::new());
        let mut scanned =
            Scanned { source, checkpoint, tree, registry: Vec::new(), log: Vec::new(), disclosures };
        for chunk in Chunks::new(source, size) {
            let chunk = chunk?;
            for (index, bytes) in chunk.entries {
                scanned.take(index, &bytes);
            }
            for row in chunk.disclosures.rows.into_iter().filter(|_| disclose) {
                if let (Some(index), Ok(disclosure)) =
                    (row.index.filter(|index| wanted.contains(index)), row.disclosure)
                {
                    scanned.disclosures.entry(index).or_default().push(disclosure);
                }
            }
        }
        Self::prove(&scanned, wanted, disclose)
    }
}

impl Scanned<'_> {
    fn take(&mut self, index: u64, bytes: &[u8]) {
        self.tree.push(index, leaf_hash(bytes));
        let Ok(entry) = Entry::parse(bytes) else { return };
        let stream = &entry.event.stream;
        if introduces(stream) {
            self.registry.extend(std::str::from_utf8(bytes).ok().map(|text| (index, text.to_owned())));
        } else if stream.kind() == StreamKind::Log {
            self.log.push(index);
        }
    }

    fn one(&self, index: u64) -> Result<Option<(u64, String)>, Unreadable> {
        let page = self.source.entries(index, 1)?;
        let found = page.into_iter().find(|(at, _)| *at == index);
        let text =
            found.map(|(_, bytes)| String::from_utf8(bytes).map_err(|_| refused("an entry is not text")));
        Ok(text.transpose()?.map(|text| (index, text)))
    }
}

impl Archive for Scanned<'_> {
    fn checkpoint(&self) -> Result<String, Unreadable> {
        Ok(self.checkpoint.clone())
    }

    fn entries(&self, indexes: &BTreeSet<u64>) -> Result<Vec<(u64, String)>, Unreadable> {
        indexes.iter().filter_map(|index| self.one(*index).transpose()).collect()
    }

    fn registry(&self, before: u64) -> Result<Vec<(u64, String)>, Unreadable> {
        Ok(self.registry.iter().take_while(|(index, _)| *index < before).cloned().collect())
    }

    fn log_length(&self) -> Result<u64, Unreadable> {
        Ok(self.log.len() as u64)
    }

    fn log_entries(&self, seq: u64, limit: u32) -> Result<Vec<(u64, String)>, Unreadable> {
        let from = usize::try_from(seq).unwrap_or(usize::MAX);
        let page = self.log.iter().skip(from).take(limit as usize);
        page.filter_map(|index| self.one(*index).transpose()).collect()
    }

    fn disclosures(&self, indexes: &BTreeSet<u64>) -> Result<Vec<(u64, String)>, Unreadable> {
        let held = indexes.iter().filter_map(|index| Some((index, self.disclosures.get(index)?)));
        Ok(held.flat_map(|(index, texts)| texts.iter().map(|text| (*index, text.clone()))).collect())
    }

    fn subtrees(&self, size: u64, subtrees: &[(u8, u64)]) -> Result<Vec<Hash>, Unreadable> {
        let reader = self.tree.reader(size).ok_or_else(lacking)?;
        let read = subtrees.iter().map(|(level, number)| reader.subtree(*level, *number));
        read.collect::<Result<_, _>>().map_err(|_| lacking())
    }
}
