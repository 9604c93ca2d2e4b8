//! Makes the vectors: deterministic keys, and each hostile case with the code it must be refused with, written by hand.

mod notes;
mod policies;
mod proofs;
mod trees;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sijill_log::{Checkpoint, CosignatureSigner, Hash, KeyName, Note, NoteSigner};

use crate::naive;

pub(super) fn file() -> Value {
    json!({
        "about": {
            "what": "Vectors for transparency-log verifiers: RFC 6962 section 2, C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0, tlog-cosignature v1.0.1, tlog-tiles v0.1.0, tlog-proof and tlog-policy (drafts), as profiled by docs/ledger-format.md.",
            "shape": "'sections' maps a section to its cases. A case has a name, inputs, and either 'gives' (it is accepted, with this result) or 'refused' (it is not; the value is the code of crates/sijill-log). The verdict is binding; codes are, where several things are wrong with a case, those of the first check to fail in the order: encoding, shape, signature, content.",
            "encodings": "Hashes, keys, entries and bundles are padded standard base64. Sizes and times under 'gives' are decimal strings, as they may exceed 2^53. A note that is not UTF-8 stands in 'note_base64'.",
            "keys": "Each seed is an Ed25519 private key (RFC 8032) for these vectors only. 'log' keys sign with type 0x01, 'witness' keys with type 0x04.",
            "leaf_rule": "Leaf i of every tree here is the entry 'entry <i>' in ASCII, i in decimal; its hash is SHA-256(0x00 || entry).",
            "sections": {
                "leaf_hashes": "entry -> hash", "node_hashes": "left, right -> hash", "roots": "size -> root by the leaf rule",
                "inclusion": "verify leaf at index in (size, root) by proof", "consistency": "verify (old, old_root) is a prefix of (new, new_root) by proof",
                "tile_paths": "path -> level, index, width", "bundle_paths": "likewise for tile/entries",
                "bundles": "bundle of width entries -> entries", "verifier_keys": "vkey -> name, type, public_key",
                "notes": "note and known keys -> text and the names of those that signed", "checkpoints": "note signed by log -> origin, size, root",
                "cosignatures": "note -> time at which witness cosigned, null if it did not (the log's signature is not checked here)",
                "proofs": "tlog-proof of leaf in log -> its checkpoint", "policies": "policy -> number of logs, witness names, whether any two quorums share a witness",
                "quorums": "note accepted under policy -> checkpoint, cosignatures [name, time], and the quorum times: 'by' is the earliest time by which a quorum had cosigned, 'since' the latest from which on one did",
            },
        },
        "keys": keys(),
        "sections": {
            "leaf_hashes": trees::leaf_hashes(), "node_hashes": trees::node_hashes(), "roots": trees::roots(),
            "inclusion": trees::inclusion(), "consistency": trees::consistency(), "tile_paths": trees::tile_paths(),
            "bundle_paths": trees::bundle_paths(), "bundles": trees::bundles(),
            "verifier_keys": notes::verifier_keys(), "notes": notes::notes(), "checkpoints": notes::checkpoints(),
            "cosignatures": notes::cosignatures(), "proofs": proofs::proofs(), "policies": policies::policies(),
            "quorums": policies::quorums(),
        },
    })
}

/// Size of the tree that the notes are about.
const SIZE: u64 = 300;

fn name(name: &str) -> KeyName {
    KeyName::new(name).expect("a name")
}

fn log() -> NoteSigner {
    NoteSigner::new(name("log.example/sijill"), &[1; 32])
}

/// Same name as the log, another key.
fn impostor() -> NoteSigner {
    NoteSigner::new(name("log.example/sijill"), &[2; 32])
}

fn witness_seed(number: u8) -> [u8; 32] {
    [0x10 + number; 32]
}

fn witness(number: u8) -> CosignatureSigner {
    CosignatureSigner::new(name(&format!("witness{number}.example")), &witness_seed(number))
}

fn keys() -> Value {
    let key = |name: String, kind, seed: [u8; 32], vkey: String| json!({"name": name, "kind": kind, "seed": BASE64_STANDARD.encode(seed), "vkey": vkey});
    let logs = [(log(), 1), (impostor(), 2)];
    let logs = logs
        .iter()
        .map(|(log, seed)| key(log.name().to_string(), "log", [*seed; 32], log.verifier().to_string()));
    let witnesses = (1..=5).map(|w| {
        let verifier = witness(w).verifier().clone();
        key(verifier.name().to_string(), "witness", witness_seed(w), verifier.to_string())
    });
    logs.chain(witnesses).collect()
}

fn root(size: u64) -> Hash {
    naive::mth(&naive::leaves(size))
}

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint { origin: log().name().clone(), size, root: root(size) }
}

fn signed(size: u64) -> Note {
    checkpoint(size).sign(&log()).expect("a checkpoint")
}

fn cosigned(size: u64, by: &[(u8, u64)]) -> Note {
    let mut note = signed(size);
    for (number, time) in by {
        note.add(witness(*number).cosign(&checkpoint(size), *time).expect("a time")).expect("room");
    }
    note
}

/// A case that is accepted.
fn accepted(name: &str, mut inputs: Value, gives: Value) -> Value {
    inputs["name"] = json!(name);
    inputs["gives"] = gives;
    inputs
}

/// A case that is refused.
fn refused(name: &str, mut inputs: Value, code: &str) -> Value {
    inputs["name"] = json!(name);
    inputs["refused"] = json!(code);
    inputs
}

fn gives_checkpoint(checkpoint: &Checkpoint) -> Value {
    let Checkpoint { origin, size, root } = checkpoint;
    json!({"origin": origin.as_str(), "size": size.to_string(), "root": root.to_base64()})
}

fn base64s(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_base64).collect()
}
