//! Putting evidence together.

use std::collections::{BTreeMap, BTreeSet};

use sijill_event::Entry;
use sijill_log::Hash;

use super::records::{Records, recorded};
use super::{Evidence, Exhibit, pieces, read_note};
use crate::Unreadable;

/// A log that can be asked for what evidence needs, so that nobody has to read the whole of it: its entries below the size of
/// a checkpoint. It answers what is there and judges nothing.
pub trait Archive {
    /// The signed checkpoint; best one that witnesses cosigned.
    fn checkpoint(&self) -> Result<String, Unreadable>;

    /// The entries at these indexes. One that is not there is left out.
    fn entries(&self, indexes: &BTreeSet<u64>) -> Result<Vec<(u64, String)>, Unreadable>;

    /// Every entry of streams `ledger` and `agency/…` with a lower index than this, ascending.
    fn registry(&self, before: u64) -> Result<Vec<(u64, String)>, Unreadable>;

    /// Number of events in stream `log`.
    fn log_length(&self) -> Result<u64, Unreadable>;

    /// At most `limit` entries of stream `log`, from its event `seq` on.
    fn log_entries(&self, seq: u64, limit: u32) -> Result<Vec<(u64, String)>, Unreadable>;

    /// The disclosures of these entries, as far as they are held, in any order.
    fn disclosures(&self, indexes: &BTreeSet<u64>) -> Result<Vec<(u64, String)>, Unreadable>;

    /// The roots of these complete subtrees (level and number, [`sijill_log::tree::cover`]) of the first `size` entries, in the
    /// order asked for.
    fn subtrees(&self, size: u64, subtrees: &[(u8, u64)]) -> Result<Vec<Hash>, Unreadable>;
}

impl Evidence {
    /// Evidence of the entries `wanted`, with their disclosures if `disclose`, and with everything that their authors' keys and
    /// their times rest on. Refused: `evidence-malformed` if the archive lacks one of these entries, or its checkpoint does
    /// not cover it.
    pub fn prove(archive: &dyn Archive, wanted: &BTreeSet<u64>, disclose: bool) -> Result<Self, Unreadable> {
        let checkpoint = archive.checkpoint()?;
        let size = read_note(&checkpoint).ok_or_else(|| refused("the source has no checkpoint"))?.size;
        let Some(last) = wanted.last().filter(|last| **last < size) else {
            return Err(refused("an entry is asked for that the checkpoint does not cover, or none at all"));
        };
        let mut exhibits = BTreeMap::new();
        let mut hold = |(index, entry)| {
            exhibits.entry(index).or_insert_with(|| Exhibit { index, entry, disclosures: Vec::new() });
        };
        let found = archive.entries(wanted)?;
        if found.len() < wanted.len() {
            return Err(lacking());
        }
        let mut records = Records::new(archive, size)?;
        let mut covering = BTreeMap::new();
        for (index, entry) in &found {
            let seen = Entry::parse(entry.as_bytes()).ok().and_then(|entry| entry.event.seen);
            if let Some(record) = seen.map(|seen| records.before(seen.size)).transpose()?.flatten() {
                hold(record);
            }
            covering.extend(records.covering(*index)?);
        }
        found.into_iter().for_each(&mut hold);
        archive.registry(*last)?.into_iter().for_each(&mut hold);
        if disclose {
            for (index, disclosure) in archive.disclosures(wanted)? {
                if let Some(exhibit) = exhibits.get_mut(&index) {
                    exhibit.disclosures.push(disclosure);
                }
            }
        }
        // A record that is held says itself what its checkpoint is.
        covering.retain(|record, _| !exhibits.contains_key(record));
        let witnessed: Vec<_> = covering.values().filter_map(|entry| recorded(entry)).collect();
        let exhibits: Vec<_> = exhibits.into_values().collect();
        let cuts = witnessed.iter().map(|held| held.checkpoint.size);
        let subtrees = pieces::subtrees(&exhibits, cuts, size);
        let hashes = archive.subtrees(size, &subtrees)?;
        if hashes.len() != subtrees.len() {
            return Err(lacking());
        }
        let between = subtrees.iter().map(|(level, _)| *level).zip(hashes).collect();
        Self::build(&checkpoint, exhibits, between, witnessed)
    }
}

pub(super) fn lacking() -> Unreadable {
    refused("the source lacks entries or tiles, so nothing can be proved")
}

pub(super) fn refused(why: &str) -> Unreadable {
    Unreadable::Evidence(why.to_owned())
}
