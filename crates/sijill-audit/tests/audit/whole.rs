//! Faults of a ledger as a whole: checkpoint, quorum, genesis, root and tiles, what was held against it.

use sijill_audit::FaultCode;
use sijill_audit::{
    Discrepancy, Facts, HeldCheckpoint, LedgerEnd, Options, Receipt, Source, Stated, Status, Trust,
    Unreadable, audit,
};
use sijill_event::Digest;
use sijill_log::{Checkpoint, Hash, Note, NoteSigner, Tile};

use crate::made::{Made, Memory, ORIGIN, START, sign};
use crate::verdict::{at, faults, found, run, whole};

use FaultCode::{CheckpointSignature, Genesis, KeyUnknown, NotAuthorised, Quorum, Root, Store, StreamGap};

#[test]
fn without_a_readable_checkpoint_nothing_more_is_checked() {
    let made = Made::with_cases(2);
    for checkpoint in [
        Some(b"".to_vec()),
        Some(made.checkpoint(18).replace("\n18\n", "\n018\n").into_bytes()),
        Some(made.checkpoint(18).replacen(ORIGIN, "ledger.example/تست", 1).into_bytes()),
    ] {
        let mut source = made.source();
        source.checkpoint = checkpoint;
        source.entries.clear();
        let report = run(&source, &Options::default());
        assert_eq!(found(&report), [whole(CheckpointSignature)]);
        assert_eq!((report.size, report.levels.authority.status), (None, Status::NotRun));
    }
}

#[test]
fn without_a_checkpoint_there_is_no_verdict() {
    let mut source = Made::with_cases(2).source();
    source.checkpoint = None;
    let error = audit(&source, &Options::default()).expect_err("no verdict");
    assert_eq!(error.code(), "no-checkpoint");
    assert!(error.to_string().contains("https://ledger.example/log"), "{error}");
}

#[test]
fn a_trust_file_of_another_ledger() {
    let made = Made::with_cases(2);
    let name = "ledger.example/elsewhere";
    let key = NoteSigner::new(name.parse().expect("a name"), &[9; 32]);
    let trust = Trust {
        origin: name.to_owned(),
        log_key: key.verifier().clone(),
        genesis: Hash([7; 32]),
        // A quorum nobody meets, which is not asked of a ledger that is not trusted.
        policy: made.trust().policy,
    };
    let anchored_elsewhere = Options { trust: Some(&trust), ..Options::default() };
    let report = run(&made.source(), &anchored_elsewhere);
    assert_eq!(found(&report), [whole(CheckpointSignature)]);
    assert!(!report.anchored && report.levels.authority.status == Status::Clean);
    let sentence = &report.faults[0].message;
    assert!(sentence.contains(name) && sentence.contains(ORIGIN), "{sentence}");

    // Without entry 0 the trust file's origin is all there is to go by.
    let mut source = made.source();
    source.entries.remove(&0);
    assert_eq!(found(&run(&source, &anchored_elsewhere)), found(&run(&source, &Options::default())));
    let report = run(&source, &Options { trust: Some(&made.trust()), ..Options::default() });
    assert!(report.anchored);
}

#[test]
fn checkpoint_signature() {
    let made = Made::with_cases(2);
    let trust = made.trust();
    let mut source = made.source();
    let root = Hash::from_base64(made.checkpoint(18).lines().nth(2).expect("a root")).expect("a hash");

    let other = NoteSigner::new(ORIGIN.parse().expect("a name"), &[9; 32]);
    let checkpoint = Checkpoint { origin: ORIGIN.parse().expect("a name"), size: 18, root };
    source.checkpoint = Some(checkpoint.sign(&other).expect("its origin").to_string().into_bytes());
    assert_eq!(faults(&source, &trust), [whole(CheckpointSignature)]);

    let note = made.checkpoint(18);
    let (text, line) = note.split_at(note.len() - 10);
    source.checkpoint =
        Some(format!("{text}{}", line.replacen(|c: char| c.is_ascii_alphanumeric(), "/", 1)).into_bytes());
    assert_eq!(faults(&source, &trust), [whole(CheckpointSignature)]);

    // Signed, but by a log of another name: with a trust file the entries are still those of the right one.
    let elsewhere =
        NoteSigner::new("ledger.example/other".parse().expect("a name"), &Digest::of("checkpoint").0);
    let checkpoint = Checkpoint { origin: elsewhere.name().clone(), ..checkpoint };
    source.checkpoint = Some(checkpoint.sign(&elsewhere).expect("its origin").to_string().into_bytes());
    let anchored = run(&source, &Options { trust: Some(&trust), ..Options::default() });
    assert_eq!((found(&anchored), anchored.anchored), (vec![whole(CheckpointSignature)], true));

    for stated in [
        Stated { origin: Some("x".to_owned()), size: Some(18) },
        Stated { origin: Some(ORIGIN.to_owned()), size: Some(17) },
    ] {
        let mut source = made.source();
        source.stated = stated;
        assert_eq!(faults(&source, &trust), [whole(CheckpointSignature)]);
    }
}

#[test]
fn quorum() {
    let made = Made::with_cases(2);
    let witness = sijill_log::CosignatureSigner::new("w.example".parse().expect("a name"), &[3; 32]);
    let mut trust = made.trust();
    trust.policy = format!("witness w {}\nquorum w\n", witness.verifier()).parse().expect("a policy");
    let options = Options { trust: Some(&trust), ..Options::default() };
    let mut source = made.source();
    assert_eq!(found(&run(&source, &options)), [whole(Quorum)]);

    let mut note = Note::parse(made.checkpoint(18).as_bytes()).expect("a note");
    let cosignature = witness
        .cosign(&Checkpoint::parse(note.text()).expect("a checkpoint"), 1_767_225_700)
        .expect("a checkpoint");
    note.add(cosignature).expect("room");
    source.checkpoint = Some(note.to_string().into_bytes());
    assert_eq!(found(&run(&source, &options)), []);
}

#[test]
fn genesis() {
    let made = Made::with_cases(2);
    let trust = Trust { genesis: Hash([7; 32]), ..made.trust() };
    let report = run(&made.source(), &Options { trust: Some(&trust), ..Options::default() });
    assert_eq!(found(&report), [at(Genesis, 0)]);
}

#[test]
fn missing_entries() {
    let made = Made::with_cases(9);
    let trust = made.trust();

    // The end of a ledger, cut off: nothing after it could miss it.
    let mut source = made.source();
    source.entries.retain(|index, _| *index < 22);
    assert_eq!(faults(&source, &trust), [at(Root, 22)]);

    // Events 0 and 1 of case c1, event 0 of case c2: two runs of missing entries; what stands there is 20 to 24.
    let mut source = made.source();
    source.entries.retain(|index, _| ![20, 21, 24].contains(index));
    let report = run(&source, &Options { trust: Some(&trust), ..Options::default() });
    assert_eq!(
        found(&report),
        [at(Root, 20), at(NotAuthorised, 22), at(StreamGap, 22), at(NotAuthorised, 23), at(Root, 24)]
    );
    assert_eq!((report.entries, report.levels.integrity.unchecked), (22, 3 + 2));

    // Without entry 0 nobody has any authority, no key is known, and the log's key is known from a trust file only.
    let mut source = made.source();
    source.entries.remove(&0);
    let mut expected = vec![at(NotAuthorised, 0), at(Root, 0), at(KeyUnknown, 1), at(StreamGap, 1)];
    expected.extend((2..25).map(|index| at(KeyUnknown, index)));
    let report = run(&source, &Options { trust: Some(&trust), ..Options::default() });
    assert_eq!(found(&report), expected);
    assert_eq!((report.levels.authority.status, report.levels.authority.checked), (Status::Faults, 0));
    expected.insert(0, whole(CheckpointSignature));
    assert_eq!(found(&run(&source, &Options::default())), expected);
}

#[test]
fn a_ledger_without_entries_is_none() {
    let mut source = Made::empty().source();
    source.stated.size = Some(0);
    assert_eq!(found(&run(&source, &Options::default())), [whole(CheckpointSignature), at(NotAuthorised, 0)]);
    let trust = Made::with_cases(0).trust();
    let report = run(&source, &Options { trust: Some(&trust), ..Options::default() });
    assert_eq!(found(&report), [at(NotAuthorised, 0)]);
}

#[test]
fn a_checkpoint_that_claims_the_sky_is_answered_at_once() {
    let made = Made::with_cases(9);
    let mut source = made.source();
    let size = (1 << 62) + 12345;
    source.checkpoint = Some(
        sign(&Checkpoint { origin: ORIGIN.parse().expect("a name"), size, root: Hash([1; 32]) }).into_bytes(),
    );
    source.stated.size = Some(size);
    let report = run(&source, &Options::default());
    assert_eq!(found(&report), [at(Root, 25)]);
    assert_eq!(report.levels.integrity.unchecked, size - 25);
}

#[test]
fn root_and_tiles() {
    let made = Made::with_cases(700);
    let (trust, size) = (made.trust(), 716);
    let mut source = made.source();
    source.checkpoint = Some(
        sign(&Checkpoint { origin: ORIGIN.parse().expect("a name"), size, root: Hash([1; 32]) }).into_bytes(),
    );
    assert_eq!(faults(&source, &trust), [whole(Root)]);

    for (tile, first) in [
        (Tile::full(0, 0), 0),
        (Tile::full(0, 1), 256),
        (Tile { level: 0, index: 2, width: 204 }, 512),
        (Tile { level: 1, index: 0, width: 2 }, 0),
    ] {
        for altered in [None, Some(0), Some(31), Some(32), Some(usize::MAX)] {
            let mut source = made.source();
            let bytes = source.tiles.remove(&tile).expect("a tile");
            match altered {
                None => {}
                Some(usize::MAX) => _ = source.tiles.insert(tile, [bytes, vec![0]].concat()),
                Some(at) => {
                    let mut bytes = bytes;
                    bytes[at] ^= 1;
                    source.tiles.insert(tile, bytes);
                }
            }
            assert_eq!(faults(&source, &trust), [at(Root, first)]);
        }
    }
    // A tile above a missing entry is not judged; the others are.
    let mut source = made.source();
    source.entries.remove(&715);
    source.tiles.clear();
    assert_eq!(faults(&source, &trust), [at(Root, 0), at(Root, 256), at(Root, 715)]);
}

#[test]
fn held_checkpoints() {
    let made = Made::with_cases(9);
    let source = made.source();
    let judge = |held: &str| {
        let held = [HeldCheckpoint::parse(held.as_bytes()).expect("a checkpoint")];
        found(&run(&source, &Options { since: &held, ..Options::default() }))
    };
    for size in [0, 1, 17, 24, 25] {
        assert_eq!(judge(&made.checkpoint(size)), []);
    }
    let mut longer = made.clone();
    longer.case_event("case/c9", 1);
    assert_eq!(judge(&longer.checkpoint(26)), [whole(Root)]);
    let mut other = Made::with_cases(8);
    other.case_event("case/elsewhere", 1);
    assert_eq!(judge(&other.checkpoint(24)), []);
    assert_eq!(judge(&other.checkpoint(25)), [whole(Root)]);
    let forged = made.checkpoint(17).replace("\n17\n", "\n18\n");
    assert_eq!(judge(&forged), [whole(CheckpointSignature), whole(Root)]);

    // Where entries are missing, what was held can be compared at the size of the checkpoint only.
    let mut source = made.source();
    source.entries.remove(&24);
    let held =
        [17, 25].map(|size| HeldCheckpoint::parse(made.checkpoint(size).as_bytes()).expect("a checkpoint"));
    assert_eq!(found(&run(&source, &Options { since: &held, ..Options::default() })), [at(Root, 24)]);
    let held = [HeldCheckpoint::parse(other.checkpoint(25).as_bytes()).expect("a checkpoint")];
    assert_eq!(
        found(&run(&source, &Options { since: &held, ..Options::default() })),
        [whole(Root), at(Root, 24)]
    );
}

fn receipt(made: &Made, index: usize, size: usize) -> Receipt {
    Receipt::parse(made.receipt(index, size).as_bytes()).expect("a receipt")
}

#[test]
fn receipts() {
    let made = Made::with_cases(9);
    let judge = |source: &Memory, receipts: &[Receipt]| {
        found(&run(source, &Options { receipts, ..Options::default() }))
    };
    assert_eq!(
        judge(&made.source(), &[receipt(&made, 20, 21), receipt(&made, 0, 25), receipt(&made, 24, 25)]),
        []
    );

    // A ledger that later says something else at that place, and has hidden it well.
    let mut other = Made::with_cases(4);
    (0..5).for_each(|number| _ = other.case_event("case/else", number));
    assert_eq!(judge(&other.source(), &[receipt(&made, 18, 20)]), []);
    assert_eq!(judge(&other.source(), &[receipt(&made, 20, 21)]), [whole(Root), at(Root, 20)]);
    // One that is shorter.
    assert_eq!(judge(&Made::with_cases(3).source(), &[receipt(&made, 20, 21)]), [whole(Root), at(Root, 20)]);

    let edited = |edit: &dyn Fn(&mut serde_json::Value)| {
        let mut json: serde_json::Value = serde_json::from_str(&made.receipt(20, 25)).expect("JSON");
        edit(&mut json);
        Receipt::parse(json.to_string().as_bytes()).expect("a receipt")
    };
    assert_eq!(judge(&made.source(), &[edited(&|json| json["index"] = 21.into())]), [at(Root, 21)]);
    assert_eq!(judge(&made.source(), &[edited(&|json| json["received"] = 1.into())]), [at(Root, 20)]);
    let resized = |json: &mut serde_json::Value| {
        let proof = json["proof"].as_str().expect("text").replace("\n25\n", "\n24\n");
        json["proof"] = proof.into();
    };
    assert_eq!(
        judge(&made.source(), &[edited(&resized)]),
        [whole(CheckpointSignature), whole(Root), at(Root, 20)]
    );
}

#[test]
fn store() {
    struct Database(Memory);
    impl Source for Database {
        fn checkpoint(&self) -> Result<Option<Vec<u8>>, Unreadable> {
            self.0.checkpoint()
        }
        fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Unreadable> {
            self.0.entries(from, limit)
        }
        fn unsealed(&self) -> Result<Option<Discrepancy>, Unreadable> {
            let message = format!("{} entries and no seal", self.0.entries.len());
            Ok(Some(Discrepancy { index: None, message }))
        }
        fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Unreadable> {
            assert!(tile.is_full(), "a database keeps no partial tiles");
            self.0.tile(tile)
        }
        fn disclosures(
            &self,
            range: std::ops::Range<u64>,
            size: u64,
        ) -> Result<sijill_audit::Disclosures, Unreadable> {
            self.0.disclosures(range, size)
        }
        fn partial_tiles(&self) -> bool {
            false
        }
        fn check_rows(&self, facts: &[Facts<'_>]) -> Result<Vec<Discrepancy>, Unreadable> {
            let wrong = facts.iter().filter(|fact| fact.stream.as_str() == "case/c1" && fact.seq == 2);
            Ok(wrong
                .map(|fact| Discrepancy {
                    index: Some(fact.index),
                    message: "the row is of another stream".to_owned(),
                })
                .collect())
        }
        fn check_end(&self, end: &LedgerEnd<'_>) -> Result<Vec<Discrepancy>, Unreadable> {
            assert_eq!((end.size, end.streams, end.received), (25, 7, Some(START + 24_000)));
            assert!(end.root.is_some() && (end.stream)("case/none").is_none());
            let last = (end.stream)("case/c1").expect("a stream");
            assert_eq!((last.seq, last.parties.to_string().as_str()), (3, "moe,moh,rop"));
            let whole = ["the head is of another size", "a stream has no head"];
            Ok(whole.map(|what| Discrepancy { index: None, message: what.to_owned() }).into())
        }
    }
    let report = run(&Database(Made::with_cases(9).source()), &Options::default());
    assert_eq!(found(&report), [whole(Store), at(Store, 22)]);
    assert_eq!(report.faults[0].message, "the head is of another size; a stream has no head");

    let mut unsealed = Made::with_cases(9).source();
    unsealed.checkpoint = None;
    let report = run(&Database(unsealed), &Options::default());
    assert_eq!((found(&report), report.size), (vec![whole(Store)], None));
    assert_eq!(report.levels.authority.status, Status::NotRun);
}
