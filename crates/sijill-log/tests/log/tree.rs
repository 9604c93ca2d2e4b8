//! Roots and proofs.

use proptest::prelude::*;
use sijill_log::{
    EMPTY_ROOT, Frontier, Hash, LogError, MAX_SIZE, leaf_hash,
    tree::{consistency_proof, inclusion_proof, root_at, verify_consistency, verify_inclusion},
};

use crate::{
    code,
    naive::{self, Leaves, Uniform, leaves, mth},
};

/// Every tree up to a size, every leaf, every older size: proofs are those of the RFC and verify.
#[test]
fn small_trees_in_full() -> Result<(), LogError> {
    let mut frontier = Frontier::new();
    for size in 0..=67 {
        let tree = Leaves(leaves(size));
        let root = mth(&tree.0);
        assert_eq!(root_at(size, &tree)?, root);
        assert_eq!(frontier.root(), root);
        assert_eq!(Frontier::read(size, &tree)?, frontier);
        frontier.push(naive::leaf(size));
        for (index, leaf) in (0..).zip(&tree.0) {
            let proof = inclusion_proof(index, size, &tree)?;
            assert_eq!(proof, naive::path(usize::try_from(index).expect("small"), &tree.0));
            verify_inclusion(leaf, index, size, &proof, &root)?;
        }
        for old in 1..size {
            let proof = consistency_proof(old, size, &tree)?;
            let older = usize::try_from(old).expect("small");
            assert_eq!(proof, naive::proof(older, &tree.0));
            verify_consistency(old, &mth(&tree.0[..older]), size, &root, &proof)?;
        }
    }
    Ok(())
}

/// Size 0 is a prefix of everything, proves nothing, and has one root only.
#[test]
fn size_zero() -> Result<(), LogError> {
    let tree = Leaves(leaves(5));
    let (root, junk) = (mth(&tree.0), naive::leaf(9));
    assert_eq!(EMPTY_ROOT, Frontier::new().root());
    assert_eq!(consistency_proof(0, 5, &tree)?, []);
    verify_consistency(0, &EMPTY_ROOT, 5, &root, &[])?;
    verify_consistency(0, &EMPTY_ROOT, 0, &EMPTY_ROOT, &[])?;
    let refused = |old, old_root: &Hash, new, new_root: &Hash, proof: &[Hash]| {
        code(verify_consistency(old, old_root, new, new_root, proof))
    };
    assert_eq!(refused(0, &junk, 5, &root, &[]), "empty-root");
    assert_eq!(refused(0, &junk, 0, &junk, &[]), "empty-root");
    assert_eq!(refused(0, &EMPTY_ROOT, 0, &junk, &[]), "empty-root");
    assert_eq!(refused(0, &EMPTY_ROOT, 5, &root, &[junk]), "proof-length");
    assert_eq!(refused(5, &root, 5, &root, &[junk]), "proof-length");
    assert_eq!(refused(5, &root, 5, &junk, &[]), "consistency-root");
    assert_eq!(refused(5, &root, 4, &junk, &[]), "size-order");
    assert_eq!(code(inclusion_proof(0, 0, &tree)), "leaf-index");
    Ok(())
}

/// The test tree of Certificate Transparency's first implementation, which others still check themselves by.
#[test]
fn certificate_transparency_test_tree() {
    let entries: [&[u8]; 8] =
        [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut tree = Frontier::new();
    for (entry, root) in entries.into_iter().zip(roots) {
        tree.push(leaf_hash(entry));
        assert_eq!(tree.root().0.map(|byte| format!("{byte:02x}")).concat(), root);
    }
}

proptest! {
    /// Trees of any size, up to the limit.
    #[test]
    fn huge_trees(new in 1..=MAX_SIZE, cut in any::<u64>(), shift in 0..63u32) {
        let tree = Uniform::new();
        let size = (new >> shift).max(1);
        let (index, old) = (cut % size, cut % size + 1);
        let root = tree.mth(size);
        prop_assert_eq!(root_at(size, &tree)?, root);
        let frontier = Frontier::read(size, &tree)?;
        prop_assert_eq!(frontier.root(), root);
        let (size_again, peaks) = frontier.parts();
        prop_assert_eq!(&Frontier::from_parts(size_again, peaks.to_vec())?, &frontier);
        let proof = inclusion_proof(index, size, &tree)?;
        verify_inclusion(&naive::leaf(0), index, size, &proof, &root)?;
        let proof = consistency_proof(old, size, &tree)?;
        verify_consistency(old, &tree.mth(old), size, &root, &proof)?;
    }

    /// A frontier grown from any point has the root of the whole tree.
    #[test]
    fn frontier_resumes(old in 0..300u64, more in 0..300u64) {
        let tree = Leaves(leaves(old + more));
        let mut frontier = Frontier::read(old, &tree)?;
        for leaf in &tree.0[usize::try_from(old)?..] {
            frontier.push(*leaf);
        }
        prop_assert_eq!(frontier.size(), old + more);
        prop_assert_eq!(frontier.root(), mth(&tree.0));
    }

    /// No changed hash, order, length, leaf, index or root passes.
    #[test]
    fn changed_inclusion_proofs_fail(size in 2..400u64, pick in any::<prop::sample::Index>(), change in Change::any()) {
        let tree = Leaves(leaves(size));
        let index = pick.index(usize::try_from(size)?);
        let (leaf, index, root) = (tree.0[index], u64::try_from(index)?, mth(&tree.0));
        let proof = inclusion_proof(index, size, &tree)?;
        if let Some(changed) = change.of(&proof) {
            prop_assert!(verify_inclusion(&leaf, index, size, &changed, &root).is_err());
        }
        prop_assert!(verify_inclusion(&naive::leaf(size), index, size, &proof, &root).is_err());
        prop_assert!(verify_inclusion(&leaf, (index + 1) % size, size, &proof, &root).is_err());
        prop_assert!(verify_inclusion(&leaf, index, size, &proof, &leaf).is_err());
    }

    /// As above, for two roots.
    #[test]
    fn changed_consistency_proofs_fail(new in 2..400u64, pick in any::<prop::sample::Index>(), change in Change::any()) {
        let tree = Leaves(leaves(new));
        let old = 1 + pick.index(usize::try_from(new)? - 1);
        let (old_root, old, root) = (mth(&tree.0[..old]), u64::try_from(old)?, mth(&tree.0));
        let proof = consistency_proof(old, new, &tree)?;
        if let Some(changed) = change.of(&proof) {
            prop_assert!(verify_consistency(old, &old_root, new, &root, &changed).is_err());
        }
        let other = naive::leaf(new);
        prop_assert!(verify_consistency(old, &other, new, &root, &proof).is_err());
        prop_assert!(verify_consistency(old, &old_root, new, &other, &proof).is_err());
    }

    /// Verifying nonsense neither passes nor panics.
    #[test]
    fn made_up_proofs_fail(a in any::<u64>(), b in any::<u64>(), hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70)) {
        let proof: Vec<Hash> = hashes.into_iter().map(Hash).collect();
        let root = naive::leaf(1);
        prop_assert!(verify_inclusion(&naive::leaf(0), a, b, &proof, &root).is_err());
        prop_assert!(verify_consistency(a, &naive::leaf(0), b, &root, &proof).is_err());
    }
}

/// One way to spoil a proof.
#[derive(Debug, Clone)]
struct Change {
    kind: u8,
    at: prop::sample::Index,
    bit: u8,
}

impl Change {
    fn any() -> impl Strategy<Value = Self> {
        (0..4u8, any::<prop::sample::Index>(), any::<u8>()).prop_map(|(kind, at, bit)| Self { kind, at, bit })
    }

    /// `None` where this change is not possible.
    fn of(&self, proof: &[Hash]) -> Option<Vec<Hash>> {
        let mut changed = proof.to_vec();
        if self.kind == 3 {
            changed.insert(self.at.index(proof.len() + 1), naive::leaf(u64::from(self.bit)));
            return Some(changed);
        }
        let at = (!proof.is_empty()).then(|| self.at.index(proof.len()))?;
        match self.kind {
            0 => changed[at].0[usize::from(self.bit / 8)] ^= 1 << (self.bit % 8),
            1 => drop(changed.remove(at)),
            _ if at > 0 => changed.swap(at - 1, at),
            _ => return None,
        }
        Some(changed)
    }
}
