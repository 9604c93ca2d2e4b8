//! Merkle tree, tiles, checkpoints, cosignatures and proofs of the transparency log: pure.
