//! One case through the public API.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sijill_log::{
    Checkpoint, Hash, KeyKind, LogError, Note, NoteVerifier, Policy, Tile, TlogProof, bundle, cosignature,
    leaf_hash, node_hash,
    tree::{verify_consistency, verify_inclusion},
};

use crate::naive;

pub(super) fn case(section: &str, case: &Value) -> Result<Value, LogError> {
    match section {
        "leaf_hashes" => Ok(json!({"hash": leaf_hash(&bytes(case, "entry")).to_base64()})),
        "node_hashes" => {
            Ok(json!({"hash": node_hash(&hash(case, "left")?, &hash(case, "right")?).to_base64()}))
        }
        "roots" => Ok(json!({"root": naive::mth(&naive::leaves(number(case, "size"))).to_base64()})),
        "inclusion" => {
            let (index, size) = (number(case, "index"), number(case, "size"));
            verify_inclusion(&hash(case, "leaf")?, index, size, &hashes(case)?, &hash(case, "root")?)?;
            Ok(json!({}))
        }
        "consistency" => {
            let (old, new) = (number(case, "old"), number(case, "new"));
            verify_consistency(old, &hash(case, "old_root")?, new, &hash(case, "new_root")?, &hashes(case)?)?;
            Ok(json!({}))
        }
        "tile_paths" => Ok(tile(Tile::from_path(text(case, "path"))?)),
        "bundle_paths" => Ok(tile(Tile::from_entries_path(text(case, "path"))?)),
        "bundles" => {
            let bytes = bytes(case, "bundle");
            let entries = bundle::decode(&bytes, u16::try_from(number(case, "width")).expect("u16"))?;
            let entries: Vec<String> = entries.iter().map(|entry| BASE64_STANDARD.encode(entry)).collect();
            Ok(json!({"entries": entries}))
        }
        "verifier_keys" => Ok(verifier_key(&text(case, "vkey").parse()?)),
        "notes" => {
            let note = Note::parse(&note(case))?;
            let keys: Result<Vec<NoteVerifier>, _> = case["keys"]
                .as_array()
                .expect("keys")
                .iter()
                .map(|key| key.as_str().expect("vkey").parse())
                .collect();
            let keys = keys?;
            let signers: Vec<&str> = note.verify(&keys)?.iter().map(|key| key.name().as_str()).collect();
            Ok(json!({"text": note.text(), "signed_by": signers}))
        }
        "checkpoints" => Ok(checkpoint(&Checkpoint::open(&note(case), &text(case, "log").parse()?)?.0)),
        "cosignatures" => {
            let time = cosignature::verify(&Note::parse(&note(case))?, &text(case, "witness").parse()?)?;
            Ok(json!({"time": time.map(|time| time.to_string())}))
        }
        "proofs" => {
            let proof = TlogProof::parse(text(case, "proof").as_bytes())?;
            Ok(checkpoint(&proof.verify(&hash(case, "leaf")?, &text(case, "log").parse()?)?))
        }
        "policies" => {
            let policy: Policy = text(case, "policy").parse()?;
            let witnesses: Vec<&str> = policy.witnesses().map(|witness| witness.name.as_str()).collect();
            let intersect = policy.quorums_intersect();
            Ok(json!({"logs": policy.logs().len(), "witnesses": witnesses, "quorums_intersect": intersect}))
        }
        "quorums" => {
            let policy: Policy = text(case, "policy").parse()?;
            let (opened, _, witnessed) = policy.open(&note(case))?;
            let mut gives = checkpoint(&opened);
            let cosigned: Vec<(String, String)> =
                witnessed.cosigned.into_iter().map(|(name, time)| (name, time.to_string())).collect();
            gives["cosigned"] = json!(cosigned);
            gives["by"] = json!(witnessed.time.map(|time| time.by.to_string()));
            gives["since"] = json!(witnessed.time.map(|time| time.since.to_string()));
            Ok(gives)
        }
        other => panic!("no such section: {other}"),
    }
}

fn checkpoint(checkpoint: &Checkpoint) -> Value {
    let Checkpoint { origin, size, root } = checkpoint;
    json!({"origin": origin.as_str(), "size": size.to_string(), "root": root.to_base64()})
}

fn tile(tile: Tile) -> Value {
    json!({"level": tile.level, "index": tile.index, "width": tile.width})
}

fn verifier_key(key: &NoteVerifier) -> Value {
    let kind = match key.kind() {
        KeyKind::Log => 1,
        KeyKind::Witness => 4,
    };
    let public_key = BASE64_STANDARD.encode(key.public_key());
    json!({"name": key.name().as_str(), "type": kind, "public_key": public_key})
}

/// `note`, or `note_base64` where it is not UTF-8.
fn note(case: &Value) -> Vec<u8> {
    case["note"].as_str().map_or_else(|| bytes(case, "note_base64"), |note| note.as_bytes().to_vec())
}

fn text<'c>(case: &'c Value, member: &str) -> &'c str {
    case[member].as_str().unwrap_or_else(|| panic!("{member} of {case:#}"))
}

fn number(case: &Value, member: &str) -> u64 {
    case[member].as_u64().unwrap_or_else(|| panic!("{member} of {case:#}"))
}

fn bytes(case: &Value, member: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(text(case, member)).expect("base64")
}

fn hash(case: &Value, member: &str) -> Result<Hash, LogError> {
    Hash::from_base64(text(case, member))
}

fn hashes(case: &Value) -> Result<Vec<Hash>, LogError> {
    case["proof"]
        .as_array()
        .expect("proof")
        .iter()
        .map(|hash| Hash::from_base64(hash.as_str().expect("hash")))
        .collect()
}
