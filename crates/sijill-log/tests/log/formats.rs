//! Every text parser: never panics, and what it accepts it prints back.

use proptest::prelude::*;
use sijill_log::{
    AddCheckpoint, Checkpoint, CosignatureSigner, Hash, KeyName, Note, NoteSignature, NoteSigner,
    NoteVerifier, Policy, TlogProof,
};

fn name() -> impl Strategy<Value = KeyName> {
    "[a-z]{1,8}(\\.[a-zé]{1,6}){0,2}(/[!-*,-~]{1,6})?".prop_map(|name| KeyName::new(&name).expect("a name"))
}

fn signature() -> impl Strategy<Value = NoteSignature> {
    let bytes = prop::collection::vec(any::<u8>(), 1..90);
    (name(), any::<[u8; 4]>(), bytes).prop_map(|(name, key_id, signature)| NoteSignature {
        name,
        key_id,
        signature,
    })
}

fn checkpoint() -> impl Strategy<Value = Checkpoint> {
    let sizes = 1..=sijill_log::MAX_SIZE;
    let fields = (name(), sizes, any::<[u8; 32]>());
    fields.prop_map(|(origin, size, root)| Checkpoint { origin, size, root: Hash(root) })
}

fn note(text: String, signatures: Vec<NoteSignature>) -> Note {
    let mut signatures = signatures.into_iter();
    let mut note = Note::new(text, signatures.next().expect("one at least")).expect("a note");
    signatures.for_each(|signature| note.add(signature).expect("few"));
    note
}

fn any_proof() -> impl Strategy<Value = TlogProof> {
    let hashes = prop::collection::vec(any::<[u8; 32]>().prop_map(Hash), 0..=63);
    let signatures = prop::collection::vec(signature(), 1..4);
    let extra = prop::collection::vec(any::<u8>(), 0..20);
    (checkpoint(), signatures, hashes, extra, 0..=sijill_log::MAX_SIZE).prop_map(
        |(checkpoint, signatures, hashes, extra, index)| TlogProof {
            extra,
            index,
            hashes,
            checkpoint: note(checkpoint.to_string(), signatures),
        },
    )
}

/// Everything at once: parsing these bytes does not panic, and what is accepted is what is printed.
fn parses_faithfully(bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
    }
    if let Ok(proof) = TlogProof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
    }
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_string().as_bytes(), bytes);
    }
    if let Ok(policy) = Policy::parse(bytes) {
        assert_eq!(Policy::parse(policy.to_string().as_bytes()), Ok(policy));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(key) = text.parse::<NoteVerifier>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(lines) = NoteSignature::parse_lines(text) {
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        assert_eq!(lines.join("\n") + "\n", text);
    }
    if let Ok(hash) = Hash::from_base64(text) {
        assert_eq!(hash.to_base64(), text);
    }
}

#[test]
fn the_key_of_the_specification() {
    let vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let key: NoteVerifier = vkey.parse().expect("the C2SP example key");
    assert_eq!(key.name().as_str(), "example.com/foo");
    assert_eq!(key.key_id(), [0x53, 0x0d, 0x90, 0x3a]);
    assert_eq!(key.to_string(), vkey);
}

#[test]
fn debug_output_shows_no_private_key() {
    let name = KeyName::new("a.example").expect("a name");
    let (log, witness) = (NoteSigner::new(name.clone(), &[7; 32]), CosignatureSigner::new(name, &[7; 32]));
    assert_eq!(format!("{log:?}"), format!("NoteSigner({})", log.verifier()));
    assert_eq!(format!("{witness:?}"), format!("CosignatureSigner(NoteSigner({}))", witness.verifier()));
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        parses_faithfully(&bytes);
    }

    /// Lines of the kinds the formats have, in any order.
    #[test]
    fn almost_files(lines in prop::collection::vec(prop_oneof![
        Just(String::new()), Just("c2sp.org/tlog-proof@v1".into()), "(index|extra) [0-9A-Za-z=]{0,8}", "[0-9]{1,20}",
        Just("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".into()), "[A-Za-z0-9+/]{43}=", "— [a-z. +]{1,9} [A-Za-z0-9+/]{8}",
        "(log|witness|group|quorum|#) {0,2}[a-z0-9]{0,3} (any|all|none|[0-9]{1,2}) ?[a-z]{0,2}", "[a-z.]{1,9}",
    ], 0..12), end in any::<bool>()) {
        let mut text = lines.join("\n");
        if end { text.push('\n'); }
        parses_faithfully(text.as_bytes());
    }

    #[test]
    fn notes_round_trip(text in "[^\\x00-\\x1f]{0,20}(\n[^\\x00-\\x1f]{0,20}){0,4}\n", signatures in prop::collection::vec(signature(), 1..=20)) {
        let note = note(text, signatures);
        prop_assert_eq!(Note::parse(note.to_string().as_bytes())?, note);
    }

    #[test]
    fn checkpoints_round_trip(checkpoint in checkpoint(), seed in any::<[u8; 32]>()) {
        prop_assert_eq!(&Checkpoint::parse(&checkpoint.to_string())?, &checkpoint);
        let log = NoteSigner::new(checkpoint.origin.clone(), &seed);
        let signed = checkpoint.sign(&log)?.to_string();
        prop_assert_eq!(Checkpoint::open(signed.as_bytes(), log.verifier())?.0, checkpoint);
        prop_assert_eq!(&log.verifier().to_string().parse::<NoteVerifier>()?, log.verifier());
    }

    #[test]
    fn proofs_round_trip(proof in any_proof()) {
        prop_assert_eq!(TlogProof::parse(proof.to_string().as_bytes())?, proof);
    }

    #[test]
    fn requests_to_witnesses_round_trip(proof in any_proof()) {
        let request = AddCheckpoint { old: proof.index, proof: proof.hashes, checkpoint: proof.checkpoint };
        prop_assert_eq!(AddCheckpoint::parse(request.to_string().as_bytes())?, request);
    }

    /// A signed checkpoint in which any one byte differs is refused.
    #[test]
    fn one_wrong_byte(checkpoint in checkpoint(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let log = NoteSigner::new(checkpoint.origin.clone(), &[1; 32]);
        let mut bytes = checkpoint.sign(&log)?.to_string().into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        prop_assert!(Checkpoint::open(&bytes, log.verifier()).is_err());
        parses_faithfully(&bytes);
    }

    /// Files damaged a little still find no parser asleep.
    #[test]
    fn damaged_proofs(proof in any_proof(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut bytes = proof.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        parses_faithfully(&bytes);
        parses_faithfully(&bytes[..cut.index(bytes.len())]);
        parses_faithfully(&bytes[cut.index(bytes.len())..]);
    }
}
