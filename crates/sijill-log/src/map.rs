//! Sparse Merkle maps from 32 bytes to 32 bytes (`docs/ledger-format.md` §3 and Annex E).
//!
//! ```text
//! nothing        32 zero bytes
//! one leaf       SHA-256(0x02 ‖ key ‖ value), at whatever depth
//! more           SHA-256(0x03 ‖ left ‖ right), by the bits of the key from the most significant one on
//! ```
//!
//! Maps share what they have in common: a new version costs, in time and memory, what differs from the one before.

mod proof;

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::Hash;
use crate::hash::HASH_BYTES;

pub use proof::{MAX_SIBLINGS, MapProof};

/// Root of the map that holds nothing.
pub const EMPTY_MAP: Hash = Hash([0; HASH_BYTES]);

/// A map. To clone one costs nothing.
#[derive(Clone, Default)]
pub struct SparseMap {
    top: Node,
}

#[derive(Clone, Default)]
enum Node {
    #[default]
    Nothing,
    Leaf(Arc<Leaf>),
    Branch(Arc<Branch>),
}

struct Leaf {
    key: Hash,
    value: Hash,
    hash: Hash,
}

struct Branch {
    hash: Hash,
    left: Node,
    right: Node,
}

impl SparseMap {
    /// A map that holds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the map comes down to.
    pub fn root(&self) -> Hash {
        self.top.hash()
    }

    /// The value of a key, if the map holds one.
    pub fn get(&self, key: &Hash) -> Option<Hash> {
        match self.way(key, |_| ()) {
            Node::Leaf(leaf) if leaf.key == *key => Some(leaf.value),
            _ => None,
        }
    }

    /// The map with these values put in, or in the place of others; of one key's several values the last.
    #[must_use]
    pub fn with(&self, changes: impl IntoIterator<Item = (Hash, Hash)>) -> Self {
        let changes: BTreeMap<Hash, Hash> = changes.into_iter().collect();
        let changes: Vec<(Hash, Hash)> = changes.into_iter().collect();
        Self { top: self.top.with(&changes, 0) }
    }

    /// Shows what the map holds for a key, or that it holds nothing.
    pub fn prove(&self, key: &Hash) -> MapProof {
        let mut siblings = Vec::new();
        let end = self.way(key, |sibling| siblings.push(sibling.hash()));
        let leaf = match end {
            Node::Leaf(leaf) if leaf.key != *key => Some((leaf.key, leaf.value)),
            _ => None,
        };
        MapProof { siblings, leaf }
    }

    /// Goes down towards the key, past the siblings on the way, to where there is at most one leaf.
    fn way(&self, key: &Hash, mut passing: impl FnMut(&Node)) -> &Node {
        let (mut node, mut depth) = (&self.top, 0);
        while let Node::Branch(branch) = node {
            let (on, beside) =
                if bit(key, depth) { (&branch.right, &branch.left) } else { (&branch.left, &branch.right) };
            passing(beside);
            (node, depth) = (on, depth + 1);
        }
        node
    }
}

/// Its root alone: there may be millions of values.
impl std::fmt::Debug for SparseMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SparseMap").field(&self.root()).finish()
    }
}

impl Node {
    fn hash(&self) -> Hash {
        match self {
            Self::Nothing => EMPTY_MAP,
            Self::Leaf(leaf) => leaf.hash,
            Self::Branch(branch) => branch.hash,
        }
    }

    fn leaf(key: Hash, value: Hash) -> Self {
        Self::Leaf(Arc::new(Leaf { key, value, hash: leaf_hash(&key, &value) }))
    }

    fn branch(left: Self, right: Self) -> Self {
        let hash = branch_hash(&left.hash(), &right.hash());
        Self::Branch(Arc::new(Branch { hash, left, right }))
    }

    /// With `changes` put in: ascending by key, each key once, all below this node at `depth`. Keys differ somewhere, so this
    /// goes no deeper than a key has bits.
    fn with(&self, changes: &[(Hash, Hash)], depth: usize) -> Self {
        let parted = changes.partition_point(|(key, _)| !bit(key, depth));
        match (self, changes) {
            (_, []) => self.clone(),
            (Self::Nothing, [(key, value)]) => Self::leaf(*key, *value),
            (Self::Leaf(leaf), [(key, value)]) if leaf.key == *key => Self::leaf(*key, *value),
            (Self::Nothing, _) => {
                let (left, right) = changes.split_at(parted);
                Self::branch(Self::Nothing.with(left, depth + 1), Self::Nothing.with(right, depth + 1))
            }
            (Self::Leaf(leaf), _) => match changes.binary_search_by_key(&leaf.key, |(key, _)| *key) {
                Ok(_) => Self::Nothing.with(changes, depth),
                Err(place) => {
                    let mut all = changes.to_vec();
                    all.insert(place, (leaf.key, leaf.value));
                    Self::Nothing.with(&all, depth)
                }
            },
            (Self::Branch(branch), _) => {
                let (left, right) = changes.split_at(parted);
                Self::branch(branch.left.with(left, depth + 1), branch.right.with(right, depth + 1))
            }
        }
    }
}

/// The bit of the key at a depth; beyond its last one, 0.
fn bit(key: &Hash, depth: usize) -> bool {
    key.0.get(depth / 8).is_some_and(|byte| byte & (0x80 >> (depth % 8)) != 0)
}

fn leaf_hash(key: &Hash, value: &Hash) -> Hash {
    parts(2, key, value)
}

fn branch_hash(left: &Hash, right: &Hash) -> Hash {
    parts(3, left, right)
}

fn parts(prefix: u8, first: &Hash, second: &Hash) -> Hash {
    let mut block = [prefix; 1 + 2 * HASH_BYTES];
    block[1..=HASH_BYTES].copy_from_slice(&first.0);
    block[1 + HASH_BYTES..].copy_from_slice(&second.0);
    Hash(Sha256::digest(block).into())
}
