//! Every refusal has a case that provokes it: here what the shared vectors cannot show, or could only at great length.

use std::collections::BTreeSet;

use sijill_log::{
    AddCheckpoint, Checkpoint, CosignatureSigner, EMPTY_MAP, EMPTY_ROOT, Frontier, Hash, KeyName, LogError,
    MAX_SIZE, MapProof, Note, NoteSigner, Policy, Tile, TileBuilder, TileSet, TlogProof, bundle,
    note::{MAX_NOTE_BYTES, MAX_SIGNATURES},
    tree::{consistency_proof, inclusion_proof, root_at},
};

use crate::{naive::Leaves, vectors};

/// Not `unwrap_err`, so that a case that is accepted shows its name.
fn error<T>(result: Result<T, LogError>) -> Option<LogError> {
    result.err()
}

fn refusals() -> Vec<(&'static str, Option<LogError>)> {
    let name = KeyName::new("log.example").expect("a name");
    let signer = NoteSigner::new(name.clone(), &[1; 32]);
    let checkpoint = Checkpoint { origin: name.clone(), size: 0, root: EMPTY_ROOT };
    let note = checkpoint.sign(&signer).expect("a checkpoint");
    let mut full = note.clone();
    for _ in 1..MAX_SIGNATURES {
        full.add(signer.sign("\n")).expect("room");
    }
    let tree = Leaves(vec![]);
    let tile = Tile::full(0, 0);
    let witnesses = (0..=255u8).map(|n| {
        let name = KeyName::new(&format!("w{n}")).expect("a name");
        format!("witness w{n} {}\n", CosignatureSigner::new(name, &[n; 32]).verifier())
    });
    let witnesses: String = witnesses.collect();
    let another = CosignatureSigner::new(name.clone(), b"another key of thirty-two bytes.");
    let too_many = format!("{witnesses}witness w {}\n", another.verifier());
    let other = Checkpoint { origin: KeyName::new("other.example").expect("a name"), ..checkpoint.clone() };
    let too_long = format!("old 7\n{}\n{note}", format!("{EMPTY_ROOT}\n").repeat(64));
    let long = vec![b'a'; MAX_NOTE_BYTES + 1];
    let (key, way) = (Hash([1; 32]), |siblings, leaf| MapProof { siblings: vec![EMPTY_MAP; siblings], leaf });
    vec![
        ("map-proof-length", error(way(257, None).verify(&key, None, &EMPTY_MAP))),
        ("map-proof-leaf", error(way(0, Some((key, key))).verify(&key, None, &EMPTY_MAP))),
        ("map-root", error(way(0, None).verify(&key, Some(&key), &EMPTY_MAP))),
        ("tree-size", error(root_at(MAX_SIZE + 1, &tree))),
        ("tree-size", error(Frontier::from_parts(u64::MAX, vec![]))),
        ("tree-size", error(TileBuilder::resume(MAX_SIZE + 1, &TileSet::new(), &[]))),
        ("leaf-index", error(inclusion_proof(0, 0, &tree))),
        ("size-order", error(consistency_proof(2, 1, &tree))),
        ("frontier-parts", error(Frontier::from_parts(3, vec![EMPTY_ROOT]))),
        ("frontier-step", error(Frontier::new().push_subtree(63, EMPTY_ROOT))),
        ("tile-missing", error(root_at(1, &TileSet::new()))),
        ("tile-bytes", error(TileSet::new().insert(tile, &[0; 8191]))),
        ("tile-tail", error(TileBuilder::resume(0, &TileSet::new(), &[EMPTY_ROOT]))),
        ("entry-length", error(bundle::encode(&[vec![0; 65_536]]))),
        ("bundle-width", error(bundle::encode::<&[u8]>(&[]))),
        ("bundle-width", error(bundle::encode(&[b""; 257]))),
        ("hash-encoding", error(Hash::try_from([0u8; 31].as_slice()))),
        ("key-name", error(KeyName::new(&"a".repeat(256)))),
        ("note-size", error(Note::parse(&long))),
        ("note-shape", error(Note::new("no newline".to_owned(), signer.sign("")))),
        ("note-encoding", error(Note::new("a\ttab\n".to_owned(), signer.sign("")))),
        ("note-signature-count", error(full.add(signer.sign("\n")))),
        ("checkpoint-shape", error(Checkpoint::parse(""))),
        ("checkpoint-origin", error(other.sign(&signer))),
        ("empty-root", error(Checkpoint { root: Hash([0; 32]), ..checkpoint.clone() }.sign(&signer))),
        ("tree-size", error(Checkpoint { size: MAX_SIZE + 1, ..checkpoint.clone() }.sign(&signer))),
        ("cosignature-time", error(another.cosign(&checkpoint, MAX_SIZE + 1))),
        ("proof-size", error(TlogProof::parse(&long))),
        ("proof-size", error(TlogProof::parse(b"\xff"))),
        ("witness-request-old", error(AddCheckpoint::parse(b"old 07\n\n"))),
        ("witness-request-old", error(AddCheckpoint::parse(b"7\n\n"))),
        ("witness-request-shape", error(AddCheckpoint::parse(b"old 7\n"))),
        ("witness-request-shape", error(AddCheckpoint::parse(b"old 7\nAAAA\n\n"))),
        ("witness-request-shape", error(AddCheckpoint::parse(too_long.as_bytes()))),
        ("note-size", error(AddCheckpoint::parse(&long))),
        ("note-encoding", error(AddCheckpoint::parse(b"\xff"))),
        ("note-shape", error(AddCheckpoint::parse(b"old 0\n\nno note"))),
        ("policy-encoding", error(Policy::parse(&long))),
        ("policy-encoding", error(Policy::parse(b"\xff"))),
        ("policy-encoding", error(Policy::parse(b"quorum none # \x7f\n"))),
        ("policy-limit", error(too_many.parse::<Policy>())),
    ]
}

#[test]
fn each_is_provoked_and_explained() {
    let mut provoked = vectors::refused_codes();
    for (code, error) in refusals() {
        assert_eq!(error.as_ref().map(LogError::code), Some(code));
        assert!(error.is_some_and(|error| error.to_string().len() > 10), "{code} says nothing");
        provoked.insert(code.to_owned());
    }
    let source = include_str!("../../src/error.rs");
    let codes = source.lines().filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\","));
    let codes: BTreeSet<String> = codes.map(str::to_owned).collect();
    assert!(codes.len() > 40, "the list of codes was not found");
    assert_eq!(provoked, codes);
}
