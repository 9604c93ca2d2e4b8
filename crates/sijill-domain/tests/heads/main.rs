//! Heads and their proofs (`docs/ledger-format.md`, Annex E), and the golden vectors that verifiers in other languages share.
#![expect(clippy::unwrap_used, reason = "a broken test should stop where it broke")]

mod make;

use std::fs;

use serde_json::{Value, json};
use sijill_domain::heads::{Head, HeadsProof, HeadsRecord, KeyProof, KeyStatus, StreamProof};
use sijill_event::{Digest, Json, Kid, parse_json};
use sijill_log::{Hash, SparseMap};

/// After a deliberate change: `UPDATE_VECTORS=1 cargo test -p sijill-domain --test heads`, and review the difference.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/vectors/heads.json");

#[test]
fn file_is_what_is_made() {
    let made = make::file();
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        fs::write(FILE, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let held: Value = serde_json::from_slice(&fs::read(FILE).unwrap()).unwrap();
    assert!(held == made, "{FILE} differs; see the comment on FILE");
}

#[test]
fn every_case_holds() {
    let file: Value = serde_json::from_slice(&fs::read(FILE).unwrap()).unwrap();
    let mut ran = 0;
    for (section, cases) in file["sections"].as_object().unwrap() {
        for case in cases.as_array().unwrap() {
            match run(section, case) {
                Ok(given) => assert_eq!(case["gives"], given, "{section}: {case:#}"),
                Err(code) => assert_eq!(case["refused"], code, "{section}: {case:#}"),
            }
            ran += 1;
        }
    }
    assert!(ran > 40, "only {ran} cases");
}

/// One case, from the file as a verifier in another language would run it.
fn run(section: &str, case: &Value) -> Result<Value, &'static str> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let digest = |value: &Value| Digest::parse(&text(value)).unwrap();
    let json = || parse_json(case["proof"].to_string().as_bytes()).unwrap();
    let leaf = |key: Hash, value: Hash| json!({"key": Digest(key.0), "value": Digest(value.0)});
    match section {
        "maps" => {
            let leaves = case["leaves"].as_array().unwrap().iter();
            let map = SparseMap::new()
                .with(leaves.map(|leaf| (Hash(digest(&leaf[0]).0), Hash(digest(&leaf[1]).0))));
            Ok(json!({"root": Digest(map.root().0)}))
        }
        "stream_leaves" => {
            let head = Head { seq: case["seq"].as_u64().unwrap(), last: digest(&case["last"]) };
            Ok(leaf(Head::key(&text(&case["stream"])), head.value()))
        }
        "key_leaves" => {
            let status = KeyStatus {
                iss: text(&case["iss"]),
                sub: text(&case["sub"]),
                added: case["added"].as_u64().unwrap(),
                revoked: case["revoked"].as_u64(),
                since: case["since"].as_u64(),
            };
            Ok(leaf(KeyStatus::key(&Kid::parse(&text(&case["kid"])).unwrap()), status.value()))
        }
        "stream_proofs" => {
            let proof = StreamProof::read(&json()).ok_or("malformed")?;
            assert_eq!(
                serde_json::to_value(proof.to_json()).unwrap(),
                case["proof"],
                "it is written as it was read"
            );
            proof.verify(&digest(&case["root"])).map_err(|error| error.code())?;
            Ok(json!({}))
        }
        "key_proofs" => {
            let proof = KeyProof::read(&json()).ok_or("malformed")?;
            assert_eq!(
                serde_json::to_value(proof.to_json()).unwrap(),
                case["proof"],
                "it is written as it was read"
            );
            proof.verify(&digest(&case["root"])).map_err(|error| error.code())?;
            Ok(json!({}))
        }
        other => panic!("no such section: {other}"),
    }
}

#[test]
fn a_heads_proof_is_written_as_it_was_read() {
    let (streams, keys) = (make::streams(), make::keys());
    let record = HeadsRecord { index: 9, received: 12, entry: "12 a.b.c".into(), proof: "a proof\n".into() };
    let written = HeadsProof {
        record,
        streams: vec![make::stream_proof(&streams, "case/1"), make::stream_proof(&streams, "case/none")],
        keys: vec![make::key_proof(&keys, &make::kid(0))],
    };
    let json = parse_json(written.to_json().to_string().as_bytes()).unwrap();
    assert_eq!(HeadsProof::read(&json), Some(written));
    let Json::Object(members) = json else { panic!("an object") };
    for (place, (name, _)) in members.iter().enumerate() {
        let mut without = members.clone();
        without.remove(place);
        assert_eq!(HeadsProof::read(&Json::Object(without)), None, "without {name}");
    }
    let more = members.into_iter().chain([("more".to_owned(), Json::Null)]);
    assert_eq!(HeadsProof::read(&Json::Object(more.collect())), None);
}
