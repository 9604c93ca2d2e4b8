//! Sets of very many ids in little memory.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

/// 128 bits that stand for a longer id. They come from two keyed hashes whose keys are drawn anew for each audit, so that
/// nobody can write a ledger in which two different ids get the same print.
pub(crate) type Print = u128;

/// Draws prints.
#[derive(Clone, Default)]
pub(crate) struct Printer {
    high: RandomState,
    low: RandomState,
}

impl Printer {
    pub(crate) fn of<T: Hash + ?Sized>(&self, id: &T) -> Print {
        u128::from(self.high.hash_one(id)) << 64 | u128::from(self.low.hash_one(id))
    }
}

/// Prints are random already: hashing them again would only cost time.
#[derive(Clone, Copy, Default)]
pub(crate) struct AsIs;

impl BuildHasher for AsIs {
    type Hasher = Taken;

    fn build_hasher(&self) -> Taken {
        Taken(0)
    }
}

/// The hash that was handed in.
pub(crate) struct Taken(u64);

impl Hasher for Taken {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u128(&mut self, print: u128) {
        self.0 = u64::try_from(print >> 64).unwrap_or_default();
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

/// A set of prints: 17 bytes each, and room to grow.
pub(crate) type PrintSet = HashSet<Print, AsIs>;
