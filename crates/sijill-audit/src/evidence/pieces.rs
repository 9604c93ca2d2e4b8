//! Entries and the hashes between them, as pieces of one tree.

use std::collections::{BTreeMap, BTreeSet};

use sijill_event::Entry;
use sijill_log::{Frontier, Hash, leaf_hash, tree};

use super::Exhibit;

/// The roots that the pieces give, at each seam between two of them. None if they do not fit, or do not give the root of the
/// whole: then no root of a part means anything either.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Roots(BTreeMap<u64, Hash>);

impl Roots {
    pub(super) fn of(
        exhibits: &BTreeMap<u64, Exhibit>,
        between: &[(u8, Hash)],
        size: u64,
        root: Hash,
    ) -> Self {
        join(exhibits, between, size, root).map(Self).unwrap_or_default()
    }

    pub(super) fn get(&self, size: u64) -> Option<Hash> {
        self.0.get(&size).copied()
    }
}

/// Lays the pieces side by side: whichever entry is next at its index, and a subtree everywhere else.
fn join(
    exhibits: &BTreeMap<u64, Exhibit>,
    between: &[(u8, Hash)],
    size: u64,
    root: Hash,
) -> Option<BTreeMap<u64, Hash>> {
    let (mut frontier, mut subtrees) = (Frontier::new(), between.iter());
    let mut entries = exhibits.values().peekable();
    let mut roots = BTreeMap::from([(0, frontier.root())]);
    while frontier.size() < size {
        if let Some(exhibit) = entries.next_if(|exhibit| exhibit.index == frontier.size()) {
            frontier.push(leaf_hash(exhibit.entry.as_bytes()));
        } else {
            let (level, hash) = subtrees.next()?;
            frontier.push_subtree(*level, *hash).ok()?;
            let stop = entries.peek().map_or(size, |exhibit| exhibit.index.min(size));
            if frontier.size() > stop {
                return None;
            }
        }
        roots.insert(frontier.size(), frontier.root());
    }
    let fits = entries.next().is_none() && subtrees.next().is_none() && frontier.root() == root;
    fits.then_some(roots)
}

/// The subtrees that have to stand between these entries of a log of `size`, so that the roots that the entries have seen, and
/// those at `cuts`, follow from them: from left to right, each as level and number.
pub(super) fn subtrees(exhibits: &[Exhibit], cuts: impl Iterator<Item = u64>, size: u64) -> Vec<(u8, u64)> {
    let held: BTreeSet<u64> = exhibits.iter().map(|exhibit| exhibit.index).collect();
    let seen = |exhibit: &Exhibit| Some(Entry::parse(exhibit.entry.as_bytes()).ok()?.event.seen?.size);
    let mut stops: BTreeSet<u64> = exhibits.iter().filter_map(seen).chain(cuts).collect();
    stops.extend(held.iter().flat_map(|index| [*index, index.saturating_add(1)]).chain([size]));
    let (mut from, mut found) = (0, Vec::new());
    for stop in stops.into_iter().take_while(|stop| *stop <= size) {
        if !held.contains(&from) {
            found.extend(tree::cover(from, stop));
        }
        from = stop;
    }
    found
}
