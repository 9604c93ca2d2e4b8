//! The stage between reading and judging: everything about a chunk that needs no order, on all cores.

use std::collections::BTreeMap;

use rayon::prelude::*;
use sijill_event::{Kid, PreparedKey, verify_batch};
use sijill_log::{Hash, Tile};

use crate::chunk::Chunk;
use crate::examine::{Examined, Examiner, Read, Seen, deliver};
use crate::keyring::Keyring;
use crate::source::Source;
use crate::tree::{TileVerdict, Tree};

/// Signatures checked by one core at a stretch.
const BATCH: usize = 256;

/// A chunk, examined.
pub(crate) struct ExaminedChunk {
    /// Index behind the chunk.
    pub(crate) end: u64,
    pub(crate) entries: Vec<Examined>,
    /// Holes that this chunk ended: first index and number of entries.
    pub(crate) holes: Vec<(u64, u64)>,
    /// Tiles that are not what the entries give.
    pub(crate) tiles: Vec<(Tile, TileVerdict)>,
    /// Disclosures that are none, or belong to no entry of the ledger.
    pub(crate) rows: Vec<(Option<u64>, String)>,
    /// Whether disclosures that are not here are said not to exist.
    pub(crate) all_disclosed: bool,
}

/// What the examination of all chunks carries along.
pub(crate) struct Examination {
    examiner: Examiner,
    keyring: Keyring,
    tree: Tree,
    /// Entries to remember: entry 0, and those that receipts are for.
    kept: BTreeMap<u64, Option<Vec<u8>>>,
}

/// What is left when all chunks are examined.
pub(crate) struct Remains {
    pub(crate) tree: Tree,
    pub(crate) kept: BTreeMap<u64, Option<Vec<u8>>>,
}

impl Examination {
    pub(crate) fn new(examiner: Examiner, wanted: impl Iterator<Item = u64>) -> Self {
        let kept = wanted.map(|index| (index, None)).collect();
        Self { examiner, keyring: Keyring::default(), tree: Tree::new(), kept }
    }

    pub(crate) fn end(self) -> Remains {
        Remains { tree: self.tree, kept: self.kept }
    }

    /// The tree of everything examined so far.
    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Examines the next chunk of a source.
    pub(crate) fn examine(&mut self, chunk: Chunk, source: &dyn Source) -> ExaminedChunk {
        let Chunk { range, entries, tiles, disclosures } = chunk;
        for (index, kept) in self.kept.range_mut(range.clone()) {
            let position = entries.binary_search_by_key(index, |(index, _)| *index).ok();
            *kept = position.and_then(|position| entries.get(position)).map(|(_, bytes)| bytes.clone());
        }
        let mut entries: Vec<Examined> =
            entries.into_par_iter().map(|(index, bytes)| self.examiner.examine(index, &bytes)).collect();
        let holes = self.grow(&entries, range.is_empty().then_some(range.end));
        self.learn_keys(&entries);
        self.check_signatures(&mut entries);
        self.check_seen(&mut entries, source);

        let all_disclosed = disclosures.all;
        let (mut rows, mut delivered): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
        for row in disclosures.rows {
            match (row.disclosure, row.index) {
                (Ok(disclosure), Some(index)) => delivered.push((index, disclosure)),
                (Ok(_), None) => rows.push((None, "a disclosure belongs to no entry".to_owned())),
                (Err(why), index) => rows.push((index, why)),
            }
        }
        delivered.sort_by_key(|(index, _)| *index);
        check_disclosures(&mut entries, &delivered);

        let verdicts = tiles.iter().map(|(tile, bytes)| (*tile, self.tree.judge(*tile, bytes.as_deref())));
        let tiles = verdicts.filter(|(_, verdict)| *verdict != TileVerdict::Good).collect();
        ExaminedChunk { end: range.end, entries, holes, tiles, rows, all_disclosed }
    }

    /// Adds the entries to the tree; answers the holes before and between them, and behind the last if the ledger has its
    /// `end` there.
    fn grow(&mut self, entries: &[Examined], end: Option<u64>) -> Vec<(u64, u64)> {
        let mut holes = Vec::new();
        for entry in entries {
            let expected = self.tree.end();
            if entry.index > expected {
                holes.push((expected, entry.index - expected));
            }
            self.tree.push(entry.index, entry.leaf);
        }
        let last = self.tree.end();
        holes.extend(end.filter(|end| *end > last).map(|end| (last, end - last)));
        holes
    }

    fn learn_keys(&mut self, entries: &[Examined]) {
        let keys = entries.iter().filter_map(|entry| entry.read.as_ref().ok()).flat_map(|read| &read.keys);
        keys.for_each(|key| self.keyring.add(key));
        self.keyring
            .count(entries.iter().filter_map(|entry| Some(entry.read.as_ref().ok()?.entry.event.kid)));
    }

    fn check_signatures(&self, entries: &mut [Examined]) {
        let mut signed: Vec<(Kid, &PreparedKey, &mut Read)> = Vec::with_capacity(entries.len());
        for read in entries.iter_mut().filter_map(|entry| entry.read.as_deref_mut().ok()) {
            let kid = read.entry.event.kid;
            signed.extend(self.keyring.get(&kid).map(|key| (kid, key, read)));
        }
        // A key's table is 60 KiB: it stays near the core while one signature after another is its.
        signed.sort_unstable_by_key(|(kid, ..)| *kid);
        signed.par_chunks_mut(BATCH).for_each(|batch| {
            let claims = batch.iter().map(|(_, key, read)| {
                let event = &read.entry.event;
                (*key, event.signing_input().as_bytes(), event.signature())
            });
            let verdicts = verify_batch(&claims.collect::<Vec<_>>());
            for ((.., read), valid) in batch.iter_mut().zip(verdicts) {
                read.signature = Some(valid);
            }
        });
    }

    /// Many events of a chunk cite the same few checkpoints: each root is computed once.
    fn check_seen(&self, entries: &mut [Examined], source: &dyn Source) {
        let cited = |entry: &Examined| Some(entry.read.as_ref().ok()?.entry.event.seen?.size);
        let mut sizes: Vec<u64> = entries.iter().filter_map(cited).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let (tree, whole) = (&self.tree, source.is_whole());
        let root = |size: &u64| if whole { tree.root(*size) } else { source.root(*size) };
        let roots: Vec<Option<Hash>> = sizes.par_iter().map(root).collect();
        for entry in entries {
            let Ok(read) = &mut entry.read else { continue };
            let Some(seen) = read.entry.event.seen else { continue };
            let root = sizes
                .binary_search(&seen.size)
                .ok()
                .and_then(|position| roots.get(position).copied().flatten());
            read.seen = match root {
                _ if seen.size > entry.index => Seen::TooLarge,
                None => Seen::Unjudged,
                Some(root) if root.0 == seen.root => Seen::Good,
                Some(_) => Seen::Wrong,
            };
        }
    }
}

/// `delivered` is sorted by index.
fn check_disclosures(entries: &mut [Examined], delivered: &[(u64, String)]) {
    entries.par_iter_mut().for_each(|entry| {
        let Ok(read) = &mut entry.read else { return };
        let from = delivered.partition_point(|(index, _)| *index < entry.index);
        let disclosures = delivered.iter().skip(from).take_while(|(index, _)| *index == entry.index);
        read.delivered = deliver(&read.entry.event, disclosures.map(|(_, disclosure)| disclosure.as_str()));
    });
}
