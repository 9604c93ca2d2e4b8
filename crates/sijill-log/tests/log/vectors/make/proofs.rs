//! Proof files.

use serde_json::{Value, json};
use sijill_log::{Checkpoint, TlogProof};

use super::{SIZE, accepted, checkpoint, cosigned, gives_checkpoint, impostor, log, refused, signed};
use crate::naive;

pub(super) fn proofs() -> Vec<Value> {
    let leaves = naive::leaves(SIZE);
    let proof = |index: u64| TlogProof {
        extra: vec![],
        index,
        hashes: naive::path(usize::try_from(index).expect("small"), &leaves),
        checkpoint: cosigned(SIZE, &[(1, 1_700_000_000)]),
    };
    let inputs = |proof: &str, leaf: u64| json!({"proof": proof, "leaf": naive::leaf(leaf).to_base64(), "log": log().verifier().to_string()});
    let good = |name: &str, proof: &TlogProof, of: &Checkpoint| {
        accepted(name, inputs(&proof.to_string(), proof.index), gives_checkpoint(of))
    };
    let text = proof(137).to_string();
    let bad = |name: &str, proof: &str, code: &str| refused(name, inputs(proof, 137), code);
    let alone = TlogProof { index: 0, hashes: vec![], checkpoint: signed(1), extra: vec![] };
    let first_hash = proof(137).hashes[0].to_base64();
    let last_hash = proof(137).hashes.last().expect("hashes").to_base64();
    let other = naive::leaf(77).to_base64();
    let many = format!("{}\n", [other.as_str(); 56].join("\n"));
    vec![
        good("an entry in the middle", &proof(137), &checkpoint(SIZE)),
        good("the last entry", &proof(299), &checkpoint(SIZE)),
        good("the only entry, no hashes", &alone, &checkpoint(1)),
        good("with extra data", &TlogProof { extra: b"extra".to_vec(), ..proof(137) }, &checkpoint(SIZE)),
        refused("of another leaf", inputs(&text, 138), "inclusion-root"),
        bad("another index", &text.replace("index 137", "index 136"), "inclusion-root"),
        bad("an index beyond the tree", &text.replace("index 137", "index 300"), "leaf-index"),
        bad("one hash changed", &text.replace(&first_hash, &other), "inclusion-root"),
        bad("one hash left out", &text.replace(&format!("{last_hash}\n"), ""), "proof-length"),
        bad(
            "64 hashes",
            &text.replace(&format!("{last_hash}\n"), &format!("{last_hash}\n{many}")),
            "proof-shape",
        ),
        bad("a hash that is too short", &text.replace(&first_hash, "AAAA"), "proof-shape"),
        bad("no blank line", &text.replacen("\n\n", "\n", 1), "proof-shape"),
        bad("another version", &text.replace("@v1", "@v2"), "proof-header"),
        bad("no header", text.trim_start_matches("c2sp.org/tlog-proof@v1\n"), "proof-header"),
        bad("no index", &text.replace("index 137\n", ""), "proof-index"),
        bad("a leading zero", &text.replace("index 137", "index 0137"), "proof-index"),
        bad("a signed index", &text.replace("index 137", "index +137"), "proof-index"),
        bad("an index too large", &text.replace("index 137", "index 9223372036854775808"), "proof-index"),
        bad("empty extra data", &text.replace("index 137", "extra \nindex 137"), "proof-index"),
        bad("extra data that is not base64", &text.replace("index 137", "extra A\nindex 137"), "proof-index"),
        bad(
            "extra data twice",
            &text.replace("index 137", "extra AA==\nextra AA==\nindex 137"),
            "proof-index",
        ),
        bad("extra data after the index", &text.replace("index 137", "index 137\nextra AA=="), "proof-shape"),
        bad("carriage returns", &text.replace('\n', "\r\n"), "proof-shape"),
        bad("no signature", text.split("\n—").next().expect("text"), "note-shape"),
        bad(
            "the log's signature is another's",
            &TlogProof {
                checkpoint: checkpoint(SIZE).sign(&impostor()).expect("a checkpoint"),
                ..proof(137)
            }
            .to_string(),
            "note-unsigned",
        ),
        bad("the checkpoint changed", &text.replace("\n300\n", "\n301\n"), "note-signature"),
        bad("a note that is no checkpoint", &text.replace("\n300\n", "\nmany\n"), "checkpoint-size"),
    ]
}
