//! Disclosures that are not there: erased, as a later entry will say, or missing.

use std::collections::{BTreeMap, HashMap};

use sijill_event::Digest;

use crate::prints::Print;

/// Digests whose disclosure is not there, until an erasure names them.
#[derive(Default)]
pub(crate) struct Lacking {
    /// The entry of each, and the id of its case.
    digests: HashMap<Digest, (u64, Print)>,
    /// Of each such entry, whether an erasure named one of its digests, or something else of it was not checked.
    told: BTreeMap<u64, Told>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    Unchecked,
    Erased,
}

impl Lacking {
    /// These digests of the entry have no disclosure. `unchecked`: it counts as not checked already.
    pub(crate) fn await_erasure(&mut self, index: u64, case: Print, absent: &[Digest], unchecked: bool) {
        if !absent.is_empty() {
            self.told.insert(index, if unchecked { Told::Unchecked } else { Told::Nothing });
            self.digests.extend(absent.iter().map(|digest| (*digest, (index, case))));
        }
    }

    /// An erasure in this case names the digest. Answers whether its entry is the first time one of which something was
    /// erased, and whether it counts from now on as not checked.
    pub(crate) fn excuse(&mut self, digest: &Digest, case: Print) -> (bool, bool) {
        let Some((index, _)) = self.digests.get(digest).copied().filter(|(_, of)| *of == case) else {
            return (false, false);
        };
        self.digests.remove(digest);
        match self.told.insert(index, Told::Erased) {
            Some(Told::Erased) | None => (false, false),
            Some(Told::Unchecked) => (true, false),
            Some(Told::Nothing) => (true, true),
        }
    }

    /// Entries with digests that no erasure has named, and how many.
    pub(crate) fn missing(&self) -> BTreeMap<u64, usize> {
        let mut missing = BTreeMap::new();
        for (index, _) in self.digests.values() {
            *missing.entry(*index).or_default() += 1;
        }
        missing
    }
}
