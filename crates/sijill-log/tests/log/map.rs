//! Sparse Merkle maps, held against the definition written out naively.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use sijill_log::{EMPTY_MAP, Hash, LogError, MapProof, SparseMap};

use crate::code;

fn hash(prefix: u8, first: Hash, second: Hash) -> Hash {
    Hash(Sha256::new_with_prefix([prefix]).chain_update(first).chain_update(second).finalize().into())
}

fn bit(key: &Hash, depth: usize) -> bool {
    key.0[depth / 8] >> (7 - depth % 8) & 1 == 1
}

/// The root of these leaves, as Annex E defines it.
fn root(leaves: &[(Hash, Hash)], depth: usize) -> Hash {
    match leaves {
        [] => EMPTY_MAP,
        [(key, value)] => hash(2, *key, *value),
        _ => {
            let (right, left): (Vec<_>, Vec<_>) = leaves.iter().partition(|(key, _)| bit(key, depth));
            hash(3, root(&left, depth + 1), root(&right, depth + 1))
        }
    }
}

/// Keys that are near each other as often as far apart: a few bits differ at the beginning, in the middle and at the end.
fn key() -> impl Strategy<Value = Hash> {
    (0..4u8, 0..4u8, 0..8u8).prop_map(|(first, middle, last)| {
        let mut key = [0; 32];
        (key[0], key[15], key[31]) = (first << 6, middle, last);
        Hash(key)
    })
}

fn value() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

proptest! {
    /// However the values come in, at once or in any number of steps, the map is the same, and it is the definition's.
    #[test]
    fn steps_make_no_difference(steps in vec(vec((key(), value()), 0..12), 0..8)) {
        let (mut map, mut naive) = (SparseMap::new(), BTreeMap::new());
        for step in &steps {
            let before = (map.clone(), map.root());
            map = map.with(step.iter().copied());
            naive.extend(step.iter().copied());
            let leaves: Vec<(Hash, Hash)> = naive.clone().into_iter().collect();
            prop_assert_eq!(map.root(), root(&leaves, 0));
            prop_assert_eq!(before.0.root(), before.1, "a version stays as it was");
        }
        let at_once = SparseMap::new().with(steps.concat());
        prop_assert_eq!(at_once.root(), map.root());
        for (key, value) in &naive {
            prop_assert_eq!(map.get(key), Some(*value));
        }
    }

    /// What is there is shown to be there and nothing else, what is not there is shown not to be.
    #[test]
    fn proofs_show_what_is_so(held in btree_map(key(), value(), 0..40), asked in key(), wrong in value()) {
        let map = SparseMap::new().with(held.clone());
        let (root, proof) = (map.root(), map.prove(&asked));
        let held = held.get(&asked);
        prop_assert_eq!(map.get(&asked), held.copied());
        prop_assert_eq!(proof.verify(&asked, held, &root), Ok(()));
        prop_assert!(proof.verify(&asked, Some(&wrong), &root).is_err());
        if held.is_some() {
            prop_assert!(proof.verify(&asked, None, &root).is_err());
        }
    }

    /// A proof in which anything was changed shows nothing.
    #[test]
    fn altered_proofs_show_nothing(
        held in btree_map(key(), value(), 2..40), asked in key(), place in any::<prop::sample::Index>(), change in 0..4u8,
    ) {
        let map = SparseMap::new().with(held.clone());
        let mut proof = map.prove(&asked);
        prop_assume!(!proof.siblings.is_empty());
        let sibling = place.index(proof.siblings.len());
        match change {
            0 => proof.siblings[sibling].0[7] ^= 1,
            1 => {
                proof.siblings.remove(sibling);
            }
            2 => proof.siblings.insert(sibling, Hash([9; 32])),
            _ => match &mut proof.leaf {
                Some((_, value)) => value.0[0] ^= 1,
                None => proof.siblings.push(EMPTY_MAP),
            },
        }
        prop_assert!(proof.verify(&asked, held.get(&asked), &map.root()).is_err());
    }
}

/// Keys that differ in their last bit alone: the longest way there is.
#[test]
fn the_last_bit_decides() -> Result<(), LogError> {
    let (one, mut other) = (Hash([7; 32]), Hash([7; 32]));
    other.0[31] ^= 1;
    let map = SparseMap::new().with([(one, Hash([1; 32])), (other, Hash([2; 32]))]);
    let proof = map.prove(&one);
    assert_eq!(proof.siblings.len(), 256);
    proof.verify(&one, Some(&Hash([1; 32])), &map.root())?;
    map.prove(&other).verify(&other, Some(&Hash([2; 32])), &map.root())
}

#[test]
fn each_refusal_is_provoked() {
    let (key, value) = (Hash([7; 32]), Hash([1; 32]));
    let map = SparseMap::new().with([(key, value)]);
    let proof = map.prove(&key);
    assert_eq!(code(proof.verify(&key, Some(&key), &map.root())), "map-root");
    assert_eq!(code(proof.verify(&key, None, &map.root())), "map-root");
    let long = MapProof { siblings: vec![EMPTY_MAP; 257], leaf: None };
    assert_eq!(code(long.verify(&key, None, &map.root())), "map-proof-length");
    let itself = MapProof { siblings: Vec::new(), leaf: Some((key, value)) };
    assert_eq!(code(itself.verify(&key, None, &map.root())), "map-proof-leaf");
    assert_eq!(code(itself.verify(&Hash([9; 32]), Some(&value), &map.root())), "map-proof-leaf");
    assert_eq!(code(itself.verify(&Hash([9; 32]), None, &map.root())), "accepted");
    let elsewhere = MapProof { siblings: vec![EMPTY_MAP], leaf: Some((key, value)) };
    assert_eq!(code(elsewhere.verify(&Hash([0xf7; 32]), None, &map.root())), "map-proof-leaf");
}
