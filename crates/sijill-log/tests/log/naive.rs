//! RFC 6962 §2.1 as it is written, slow and recursive: the oracle.

use sijill_log::{EMPTY_ROOT, Hash, HashReader, LogError, leaf_hash, node_hash};

/// Hash of the entry `entry <i>`.
pub(crate) fn leaf(index: u64) -> Hash {
    leaf_hash(format!("entry {index}").as_bytes())
}

pub(crate) fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(leaf).collect()
}

/// The largest power of two smaller than n.
fn k(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

/// `MTH(D[n])`.
pub(crate) fn mth(d: &[Hash]) -> Hash {
    match d {
        [] => EMPTY_ROOT,
        [only] => *only,
        _ => node_hash(&mth(&d[..k(d.len())]), &mth(&d[k(d.len())..])),
    }
}

/// `PATH(m, D[n])`.
pub(crate) fn path(m: usize, d: &[Hash]) -> Vec<Hash> {
    if d.len() == 1 {
        return vec![];
    }
    let k = k(d.len());
    if m < k { [path(m, &d[..k]), vec![mth(&d[k..])]] } else { [path(m - k, &d[k..]), vec![mth(&d[..k])]] }
        .concat()
}

/// `PROOF(m, D[n])`, for 0 < m < n.
pub(crate) fn proof(m: usize, d: &[Hash]) -> Vec<Hash> {
    subproof(m, d, true)
}

fn subproof(m: usize, d: &[Hash], whole: bool) -> Vec<Hash> {
    if m == d.len() {
        return if whole { vec![] } else { vec![mth(d)] };
    }
    let k = k(d.len());
    if m <= k {
        [subproof(m, &d[..k], whole), vec![mth(&d[k..])]]
    } else {
        [subproof(m - k, &d[k..], false), vec![mth(&d[..k])]]
    }
    .concat()
}

/// Leaf hashes read as a tree.
pub(crate) struct Leaves(pub(crate) Vec<Hash>);

impl HashReader for Leaves {
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, LogError> {
        let start = usize::try_from(index << level).map_err(|_| LogError::TreeSize)?;
        Ok(mth(self.0.get(start..start + (1 << level)).ok_or(LogError::TreeSize)?))
    }
}

/// A tree of any size whose leaves are all alike, so that a complete subtree depends on its level only.
pub(crate) struct Uniform(Vec<Hash>);

impl Uniform {
    pub(crate) fn new() -> Self {
        let grow = |below: &Hash| Some(node_hash(below, below));
        Self(std::iter::successors(Some(leaf(0)), grow).take(63).collect())
    }

    pub(crate) fn mth(&self, n: u64) -> Hash {
        if n == 0 {
            EMPTY_ROOT
        } else if n.is_power_of_two() {
            self.0[n.trailing_zeros() as usize]
        } else {
            let k = 1 << n.ilog2();
            node_hash(&self.mth(k), &self.mth(n - k))
        }
    }
}

impl HashReader for Uniform {
    fn subtree(&self, level: u8, _index: u64) -> Result<Hash, LogError> {
        self.0.get(usize::from(level)).copied().ok_or(LogError::TreeSize)
    }
}
