//! Disclosures that are not there: erased, as a later entry will say, or missing.

use std::collections::BTreeMap;

use sijill_event::Digest;

use crate::prints::Print;

/// Digests whose disclosure is not there, until an erasure names them.
#[derive(Default)]
pub(crate) struct Lacking {
    /// Of each and its entry (a forged log can use a digest twice), the id of the case.
    digests: BTreeMap<(Digest, u64), Print>,
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
            self.digests.extend(absent.iter().map(|digest| ((*digest, index), case)));
        }
    }

    /// An erasure in this case names the digest. Answers of how many entries it is the first time that something of them was
    /// erased, and how many of those count as not checked only from now on.
    pub(crate) fn excuse(&mut self, digest: &Digest, case: Print) -> (u64, u64) {
        let (mut erased, mut unchecked) = (0, 0);
        let named = self.digests.extract_if((*digest, 0)..=(*digest, u64::MAX), |_, of| *of == case);
        for ((_, index), _) in named {
            let told = self.told.insert(index, Told::Erased);
            erased += u64::from(told != Some(Told::Erased));
            unchecked += u64::from(told == Some(Told::Nothing));
        }
        (erased, unchecked)
    }

    /// Entries with digests that no erasure has named, and how many.
    pub(crate) fn missing(&self) -> BTreeMap<u64, usize> {
        let mut missing = BTreeMap::new();
        for (_, index) in self.digests.keys() {
            *missing.entry(*index).or_default() += 1;
        }
        missing
    }
}
