//! Every fault of Annex C, each from an alteration that causes it, with the exact set that an audit has to find.

use crate::made::{
    AGENCIES, Made, Memory, ORIGIN, START, created, draft, enrolled, jti, key, row, sign, stream,
};
use sijill_audit::{
    DisclosureRow, Discrepancy, Facts, FaultCode, HeldCheckpoint, LedgerEnd, Options, Receipt, Report,
    Source, Stated, Status, Trust, Unreadable, audit,
};
use sijill_domain::event::{
    Action, AgencyRename, KeyRevoked, LedgerRatified, Name, OfficerEnrolled, ProposalApproved,
    ProposalOpened, Role,
};
use sijill_domain::{AgencyId, Reason};
use sijill_event::{Class, Digest, Draft, Entry, Event, Json, SdJwt, Seen, TYP, jws, parse_json};
use sijill_log::{Checkpoint, Hash, Note, NoteSigner, Tile};

use FaultCode::{
    CheckpointSignature, DisclosureMismatch, DisclosureMissing, EntryFormat, EventSignature, Genesis,
    JtiReused, KeyNotValid, KeyUnknown, NotAuthorised, Quorum, ReceivedOrder, ReceivedTime, Root,
    SeenMismatch, Store, StreamFork, StreamGap,
};

type Found = Vec<(FaultCode, Option<u64>)>;

fn found(report: &Report) -> Found {
    let faults: Found = report.faults.iter().map(|fault| (fault.code, fault.index)).collect();
    let mut sorted = faults.clone();
    sorted.sort_by_key(|(code, index)| (*index, *code));
    sorted.dedup();
    assert_eq!(faults, sorted, "a report is sorted by index and code, without repetition");
    assert!(report.faults.iter().all(|fault| fault.message.len() > 20), "each fault has a sentence");
    faults
}

fn run(source: &dyn Source, options: &Options<'_>) -> Report {
    audit(source, options).expect("readable")
}

/// The faults of a ledger, with its own trust file and without: the same, where they do not concern trust.
fn faults(source: &Memory, trust: &Trust) -> Found {
    let anchored = found(&run(source, &Options { trust: Some(trust), ..Options::default() }));
    assert_eq!(found(&run(source, &Options::default())), anchored);
    anchored
}

/// The faults of a ledger that hides nothing in its tree: what it sequenced is what it published.
fn faults_of(made: &Made) -> Found {
    faults(&made.source(), &made.trust())
}

fn at(code: FaultCode, index: u64) -> (FaultCode, Option<u64>) {
    (code, Some(index))
}

fn whole(code: FaultCode) -> (FaultCode, Option<u64>) {
    (code, None)
}

/// A ledger with a few cases, the next event of case `c0` signed, and what follows appended after it by `after`.
fn with_event(alter: impl FnOnce(&mut Made, Draft) -> SdJwt) -> (Made, u64) {
    let mut made = Made::with_cases(9);
    let referral = Draft::new("referral.accepted", 1).disclose(Class::Casework, "service", "health".into());
    let placed = made.placed("moh/o0", "case/c0", referral);
    let altered = alter(&mut made, placed);
    let index = made.append(&altered);
    (made, index)
}

fn continued(mut made: Made) -> Made {
    (0..6).for_each(|number| _ = made.case_event("case/c9", number));
    made
}

/// The event with another payload, signed by `who`.
fn resign(said: &SdJwt, who: &str, edit: impl FnOnce(&mut Vec<(String, Json)>)) -> Event {
    let payload = said.event.jwt.split('.').nth(1).expect("three parts");
    let Json::Object(mut members) =
        parse_json(&sijill_event::b64::decode(payload, "it").expect("base64")).expect("JSON")
    else {
        panic!("an object")
    };
    edit(&mut members);
    Event::parse(&jws::sign(Json::Object(members).to_string().as_bytes(), TYP, &key(who)))
        .expect("well formed")
}

fn set(members: &mut Vec<(String, Json)>, name: &str, value: Json) {
    members.retain(|(other, _)| other != name);
    members.push((name.to_owned(), value));
}

#[test]
fn a_clean_ledger_is_clean() {
    let made = Made::with_cases(40);
    let (source, trust) = (made.source(), made.trust());
    for options in [Options::default(), Options { trust: Some(&trust), threads: 1, ..Options::default() }] {
        let report = run(&source, &options);
        assert_eq!(found(&report), []);
        assert_eq!(report.anchored, options.trust.is_some());
        assert_eq!((report.entries, report.size), (56, Some(56)));
        for level in [&report.levels.integrity, &report.levels.authority] {
            assert_eq!(
                (level.status, level.checked, level.unchecked, &level.why),
                (Status::Clean, 56, 0, &None)
            );
        }
        for level in [&report.levels.rules, &report.levels.figures] {
            assert_eq!((level.status, level.checked, level.unchecked), (Status::NotRun, 0, 56));
            assert!(level.why.is_some());
        }
    }
}

#[test]
fn a_ledger_of_several_chunks_and_tile_levels_is_clean() {
    let made = Made::with_cases(9000);
    let seen = std::cell::RefCell::new(Vec::new());
    let report =
        run(&made.source(), &Options { progress: &|p| seen.borrow_mut().push(p.done), ..Options::default() });
    assert_eq!(found(&report), []);
    assert_eq!(report.entries, 9016);
    assert!(seen.borrow().len() >= 3 && seen.borrow().last() == Some(&9016) && seen.borrow().is_sorted());
}

#[test]
fn report_is_the_json_it_says() {
    let mut made = Made::with_cases(1);
    made.append_bytes(b"nonsense".to_vec());
    let report = serde_json::to_value(run(&made.source(), &Options::default())).expect("JSON");
    assert_eq!(report["origin"], ORIGIN);
    assert_eq!(report["root"], Digest(made.seen().root).to_string());
    assert_eq!(report["faults"][0]["code"], "entry-format");
    assert_eq!(report["faults"][0]["index"], 17);
    assert_eq!(report["levels"]["integrity"]["status"], "faults");
    assert_eq!(report["levels"]["authority"]["status"], "partial");
    assert_eq!(report["levels"]["rules"]["status"], "not_run");
    let members: Vec<&str> = report.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(members, ["anchored", "entries", "faults", "levels", "origin", "root", "seconds", "size"]);
}

// --- the whole ---

#[test]
fn without_a_checkpoint_nothing_more_is_checked() {
    let made = Made::with_cases(2);
    for checkpoint in [
        None,
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
    assert_eq!(found(&anchored), [whole(CheckpointSignature)]);

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
            assert_eq!((end.size, end.streams, end.received), (25, 7, START + 24_000));
            assert!(end.root.is_some() && (end.stream)("case/none").is_none());
            let last = (end.stream)("case/c1").expect("a stream");
            assert_eq!((last.seq, last.parties.to_string().as_str()), (3, "moe,moh,rop"));
            Ok(vec![Discrepancy { index: None, message: "the head is of another size".to_owned() }])
        }
    }
    let report = run(&Database(Made::with_cases(9).source()), &Options::default());
    assert_eq!(found(&report), [whole(Store), at(Store, 22)]);
}

// --- one entry ---

#[test]
fn entry_format() {
    for entry in [&b""[..], b"1 2", b"x", b"\xff\xfe", b"01767225600000 a.b.c"] {
        let mut made = Made::with_cases(3);
        let index = made.append_bytes(entry.to_vec());
        assert_eq!(faults_of(&continued(made)), [at(EntryFormat, index)]);
    }
    let (made, index) =
        with_event(|made, draft| made.sign_with(&key("moh/o0"), &draft.aud("ledger.example/training")));
    // It left no trace in its stream, or the stream's next event would be wrong now.
    assert_eq!(faults_of(&made), [at(EntryFormat, index)]);

    let mut made = Made::with_cases(3);
    let placed = made.placed("moh/o0", "case/new", Draft::new("referral.sent", 1));
    let said = made.sign_with(&key("moh/o0"), &placed);
    let unseeing = resign(&said, "moh/o0", |members| members.retain(|(name, _)| name != "seen"));
    let index = made.append_bytes(format!("{} {}", made.now(), unseeing.jwt).into_bytes());
    assert_eq!(faults_of(&made), [at(EntryFormat, index)]);
}

#[test]
fn received_order_and_time() {
    let mut made = Made::with_cases(3);
    let said = made.sign("moh/o0", "case/new", Draft::new("referral.sent", 1));
    let index = made.append_bytes(format!("{} {}", made.now() - 5000, said.event.jwt).into_bytes());
    made.heads.insert("case/new".to_owned(), (0, said.event.hash()));
    // The next one is later than this one, but not than all before.
    let said = made.sign("moh/o0", "case/new", Draft::new("referral.sent", 1));
    made.append_bytes(format!("{} {}", made.now() - 4000, said.event.jwt).into_bytes());
    assert_eq!(faults_of(&continued(made)), [at(ReceivedOrder, index), at(ReceivedOrder, index + 1)]);

    let late = |seconds: u64| {
        with_event(|made, draft| {
            let iat = made.now() / 1000 + seconds;
            made.sign_with(&key("moh/o0"), &draft.iat(iat))
        })
    };
    assert_eq!(faults_of(&late(300).0), []);
    assert_eq!(faults_of(&late(301).0), [at(ReceivedTime, late(301).1)]);
    let (made, index) = with_event(|made, draft| made.sign_with(&key("moh/o0"), &draft.iat((1 << 53) - 1)));
    assert_eq!(faults_of(&made), [at(ReceivedTime, index)]);
    assert_eq!(faults_of(&with_event(|made, draft| made.sign_with(&key("moh/o0"), &draft.iat(0))).0), []);
}

#[test]
fn key_unknown() {
    let (made, index) = with_event(|made, draft| made.sign_with(&key("somebody"), &draft));
    assert_eq!(faults_of(&continued(made)), [at(KeyUnknown, index)]);

    // A key introduced later, in the same chunk; by an entry that is itself refused; in a stream that introduces none.
    let (mut made, index) =
        with_event(|made, draft| made.sign_with(&key("moh/o7"), &draft.author("moh", "o7")));
    let officer = enrolled("moh", "o7", Role::Casework);
    made.say("moh/registrar", "agency/moh", draft(OfficerEnrolled::TYPE, &officer.data()));
    assert_eq!(faults_of(&continued(made)), [at(KeyUnknown, index)]);

    let mut made = Made::with_cases(3);
    let said = made.sign("moh/registrar", "agency/moh", draft(OfficerEnrolled::TYPE, &officer.data()));
    let forged = with_other_signature(&said);
    let forgery = made.append(&forged);
    let mine = made.say("moh/o7", "case/new", Draft::new("referral.sent", 1));
    assert_eq!(faults_of(&made), [at(EventSignature, forgery), at(KeyUnknown, mine)]);

    let mut made = Made::with_cases(3);
    made.say(
        "moh/o0",
        "case/new",
        Draft::new("referral.sent", 1).open("key", key("moh/o7").public().to_jwk()),
    );
    let mine = made.say("moh/o7", "case/other", Draft::new("referral.sent", 1));
    assert_eq!(faults_of(&made), [at(KeyUnknown, mine)]);

    // One that introduces a key and is refused only at the authority level has introduced it.
    let mut made = Made::with_cases(3);
    let refused = made.say("moh/o0", "agency/moh", draft(OfficerEnrolled::TYPE, &officer.data()));
    let mine = made.say("moh/o7", "case/other", Draft::new("referral.sent", 1));
    assert_eq!(faults_of(&made), [at(NotAuthorised, refused), at(KeyNotValid, mine)]);
}

fn with_other_signature(said: &SdJwt) -> SdJwt {
    let (input, signature) = said.event.jwt.rsplit_once('.').expect("three parts");
    let mut bytes = sijill_event::b64::decode(signature, "it").expect("base64");
    bytes[40] ^= 1;
    let event = Event::parse(&format!("{input}.{}", sijill_event::b64::encode(bytes))).expect("well formed");
    SdJwt::gather(event, said.disclosures.iter().map(|(_, d)| d.clone()).collect())
        .expect("its own disclosures")
}

#[test]
fn event_signature() {
    let (made, index) =
        with_event(|made, draft| with_other_signature(&made.sign_with(&key("moh/o0"), &draft)));
    assert_eq!(faults_of(&continued(made)), [at(EventSignature, index)]);

    // Entry 0: its own keys are for itself even so, and for nobody else.
    let mut made = Made::empty();
    let said = made.sign("ledger/operator", "ledger", draft("ledger.created", &created().data()));
    made.append(&with_other_signature(&said));
    let ratified = LedgerRatified { created: made.hash(0) };
    made.say("moh/root", "ledger", draft(LedgerRatified::TYPE, &ratified.data()));
    let report = run(&made.source(), &Options::default());
    assert_eq!(found(&report), [at(EventSignature, 0), at(KeyUnknown, 1)]);
    assert_eq!((report.levels.authority.status, report.levels.authority.unchecked), (Status::Partial, 2));
}

#[test]
fn stream_gap_and_fork() {
    let case = stream("case/c0");
    let ahead = |made: &mut Made, draft: Draft| {
        made.sign_with(&key("moh/o0"), &draft.at(&case, 7, Some(Digest([1; 32]))))
    };
    let (mut made, index) = with_event(ahead);
    made.case_event("case/c0", 1);
    assert_eq!(faults_of(&continued(made)), [at(StreamGap, index)], "what follows the gap continues it");

    let behind = |made: &mut Made, draft: Draft| {
        made.sign_with(&key("moh/o0"), &draft.at(&case, 1, Some(Digest([1; 32]))))
    };
    let (mut made, index) = with_event(behind);
    assert_eq!(faults_of(&made), [at(StreamFork, index)]);
    // It is not the stream's last event: one that continues it forks again, one that continues the old one does not.
    let mut fair = made.clone();
    let old = Entry::parse(&made.entries[19]).expect("an entry").event;
    fair.heads.insert("case/c0".to_owned(), (old.seq, old.hash()));
    fair.case_event("case/c0", 1);
    assert_eq!(faults_of(&fair), [at(StreamFork, index)]);
    let again = made.case_event("case/c0", 1);
    assert_eq!(faults_of(&made), [at(StreamFork, index), at(StreamFork, again)]);

    let astray = |made: &mut Made, draft: Draft| {
        made.sign_with(&key("moh/o0"), &draft.at(&case, 4, Some(Digest([1; 32]))))
    };
    let (mut made, index) = with_event(astray);
    made.case_event("case/c0", 1);
    assert_eq!(
        faults_of(&made),
        [at(StreamFork, index)],
        "it counts as the stream's last event nevertheless"
    );
}

#[test]
fn jti_reused() {
    let (made, index) = with_event(|made, draft| made.sign_with(&key("moh/o0"), &draft.jti(jti(20))));
    assert_eq!(faults_of(&made), [at(JtiReused, index)]);
}

#[test]
fn seen_mismatch() {
    for (size, wrong) in [(25, false), (24, true), (1, true), (26, true), ((1 << 53) - 1, true)] {
        let seen = |made: &mut Made, draft: Draft| {
            let Seen { root, .. } = made.seen();
            made.sign_with(&key("moh/o0"), &draft.seen(Seen { size, root }))
        };
        let (made, index) = with_event(seen);
        assert_eq!(
            faults_of(&made),
            if wrong { vec![at(SeenMismatch, index)] } else { vec![] },
            "size {size}"
        );
    }
    // Roots of any earlier size are known, however far back.
    let mut made = Made::with_cases(400);
    let early = Made::with_cases(101).seen();
    let placed = made.placed("moh/o0", "case/new", Draft::new("referral.sent", 1)).seen(early);
    let said = made.sign_with(&key("moh/o0"), &placed);
    made.append(&said);
    assert_eq!(faults_of(&made), []);
}

#[test]
fn digests_are_used_once() {
    let salted = |made: &mut Made, draft: Draft| {
        draft.sign_salted(&key("moh/o0"), || Ok([3; 16])).map(|said| (made.now(), said).1).expect("signed")
    };
    let (mut made, _) = with_event(salted);
    let placed = made.placed(
        "moh/o0",
        "case/new",
        Draft::new("referral.sent", 1).disclose(Class::Identity, "service", "health".into()),
    );
    let said = salted(&mut made, placed);
    let index = made.append(&said);
    assert_eq!(faults_of(&made), [at(DisclosureMismatch, index)]);
}

#[test]
fn delivered_disclosures() {
    let made = Made::with_cases(9);
    let (trust, texts) = (made.trust(), |index: u64| -> Vec<String> {
        made.disclosures.iter().filter(|(at, _)| *at == index).map(|(_, text)| text.clone()).collect()
    });
    let judge = |alter: &dyn Fn(&mut Vec<DisclosureRow>)| {
        let mut source = made.source();
        alter(&mut source.disclosures);
        faults(&source, &trust)
    };
    assert_eq!(judge(&|rows| rows.reverse()), []);
    assert_eq!(judge(&|rows| rows.push(row(20, &texts(20)[1]))), [at(DisclosureMismatch, 20)]);
    assert_eq!(judge(&|rows| rows.push(row(21, &texts(20)[1]))), [at(DisclosureMismatch, 21)]);
    assert_eq!(judge(&|rows| rows.push(row(3, "x"))), [at(DisclosureMismatch, 3)]);
    let gone = texts(20)[1].clone();
    assert_eq!(
        judge(&|rows| rows.retain(|row| row.disclosure.as_ref() != Ok(&gone))),
        [at(DisclosureMissing, 20)]
    );
    assert_eq!(judge(&Vec::clear), (16..25).map(|index| at(DisclosureMissing, index)).collect::<Vec<_>>());
    let altered = |rows: &mut Vec<DisclosureRow>| rows[4] = row(17, texts(17)[1].split_at(40).0);
    assert_eq!(judge(&altered), [at(DisclosureMismatch, 17), at(DisclosureMissing, 17)]);

    let why = || Err("it cannot be decrypted".to_owned());
    assert_eq!(
        judge(&|rows| rows.push(DisclosureRow { index: Some(3), disclosure: why() })),
        [at(DisclosureMismatch, 3)]
    );
    assert_eq!(
        judge(&|rows| rows.push(DisclosureRow { index: Some(99), disclosure: why() })),
        [at(DisclosureMismatch, 99)]
    );
    assert_eq!(
        judge(&|rows| rows.push(DisclosureRow { index: None, disclosure: why() })),
        [whole(DisclosureMismatch)]
    );

    // Of an entry that is not there, or is none, nothing is judged.
    let mut source = made.source();
    source.entries.remove(&24);
    source.disclosures.push(row(24, "x"));
    assert_eq!(faults(&source, &trust), [at(Root, 24)]);
    let mut made = made.clone();
    let index = made.append_bytes(b"nonsense".to_vec());
    made.disclosures.push((index, "x".to_owned()));
    assert_eq!(faults_of(&made), [at(EntryFormat, index)]);
}

#[test]
fn disclosures_that_were_signed_wrongly() {
    // Whoever signs digests of what is no disclosure, or of two of one name, is found out when they are delivered.
    let good = sijill_event::Disclosure::new([1; 16], "service", "health".into())
        .expect("well formed")
        .encoded()
        .to_owned();
    let second = sijill_event::Disclosure::new([2; 16], "service", "school".into())
        .expect("well formed")
        .encoded()
        .to_owned();
    for (texts, expected) in [
        (vec![good.clone()], None),
        (vec!["bm9uZQ".to_owned()], Some(DisclosureMismatch)),
        (vec![good.clone(), second.clone()], Some(DisclosureMismatch)),
    ] {
        let mut made = Made::with_cases(3);
        let said = made.sign("moh/o0", "case/new", Draft::new("referral.sent", 1));
        let mut digests: Vec<String> = texts.iter().map(|text| Digest::of(text).to_string()).collect();
        digests.sort();
        let digests = Json::Array(digests.into_iter().map(Json::String).collect());
        let data = Json::object([("casework", Json::object([("_sd", digests)]))]);
        let event = resign(&said, "moh/o0", |members| set(members, "data", data));
        let index = made.append_bytes(format!("{} {}", made.now(), event.jwt).into_bytes());
        made.disclosures.extend(texts.into_iter().map(|text| (index, text)));
        assert_eq!(faults_of(&made), expected.map(|code| at(code, index)).into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn withheld_disclosures_are_unchecked() {
    let mut source = Made::with_cases(9).source();
    source.all = false;
    source.disclosures.truncate(4);
    let report = run(&source, &Options::default());
    assert_eq!(found(&report), []);
    let level = &report.levels.integrity;
    assert_eq!((level.status, level.checked, level.unchecked), (Status::Partial, 17, 8));
    assert!(
        level.why.as_ref().is_some_and(|why| why.contains("8 entries have disclosures that were withheld"))
    );
    assert_eq!(report.levels.authority.status, Status::Clean);

    source.disclosures.push(row(20, "x"));
    assert_eq!(found(&run(&source, &Options::default())), [at(DisclosureMismatch, 20)]);
}

// --- authority ---

#[test]
fn key_not_valid() {
    let mut made = Made::with_cases(9);
    let revoked =
        KeyRevoked { kid: key("moh/o0").public().kid(), reason: Reason::parse("left").expect("a reason") };
    made.say("moh/registrar", "agency/moh", draft(KeyRevoked::TYPE, &revoked.data()));
    let index = made.say("moh/o0", "case/new", Draft::new("referral.sent", 1));
    // A refused event changes nothing, so its author is no party of the stream; the other one is not one either.
    let other = made.say("moe/o0", "case/new", Draft::new("referral.sent", 1));
    assert_eq!(faults_of(&made), [at(KeyNotValid, index), at(NotAuthorised, other)]);

    // Another's name under one's own key.
    let (made, index) = with_event(|made, draft| made.sign_with(&key("moh/o1"), &draft));
    assert_eq!(faults_of(&made), [at(KeyNotValid, index)]);
}

#[test]
fn not_authorised() {
    let mut made = Made::with_cases(9);
    let index = made.say("moh/registrar", "case/new", Draft::new("referral.sent", 1));
    let other = made.say("ledger/log", "log", Draft::new("log.witnessed", 1));
    assert_eq!(faults_of(&continued(made)), [at(NotAuthorised, index), at(NotAuthorised, other)]);
}

#[test]
fn scheduled_proposals_come_into_force_even_by_refused_entries() {
    let mut made = Made::with_cases(2);
    let agency = AgencyId::parse("moh").expect("an id");
    let action =
        Action::AgencyRename(AgencyRename { agency, name: Name::new("أ", "Health").expect("a name") });
    let opened = ProposalOpened { action, effective: None };
    let index = made.say("moe/root", "ledger", draft(ProposalOpened::TYPE, &opened.data()));
    let approved = ProposalApproved { proposal: made.hash(usize::try_from(index).expect("small")) };
    for agency in AGENCIES {
        made.say(&format!("{agency}/root"), "ledger", draft(ProposalApproved::TYPE, &approved.data()));
    }
    // Two of three are the quorum: the third comes to a closed proposal.
    assert_eq!(faults_of(&made), [at(NotAuthorised, index + 3)]);
}

#[test]
fn an_entry_0_that_creates_nothing_stops_the_level() {
    let mut made = Made::empty();
    let mut rash = created();
    rash.quorum = 1;
    made.say("ledger/operator", "ledger", draft("ledger.created", &rash.data()));
    let ratified = LedgerRatified { created: made.hash(0) };
    made.say("moh/root", "ledger", draft(LedgerRatified::TYPE, &ratified.data()));
    let report = run(&made.source(), &Options::default());
    assert_eq!(found(&report), [at(NotAuthorised, 0)]);
    assert_eq!((report.levels.authority.checked, report.levels.authority.unchecked), (1, 1));

    // Signed by a key of its own, but not the operator's: whatever the code, it is `not-authorised`.
    let mut made = Made::empty();
    let said = made.sign("ledger/operator", "ledger", draft("ledger.created", &created().data()));
    let event = resign(&said, "moh/root", |_| ());
    made.append_bytes(format!("{} {}", made.now(), event.jwt).into_bytes());
    assert_eq!(found(&run(&made.source(), &Options::default())), [at(NotAuthorised, 0)]);

    // Malformed: the fault that stands there is enough. The log's key is not known then.
    let mut made = Made::empty();
    made.append_bytes(b"nonsense".to_vec());
    assert_eq!(
        found(&run(&made.source(), &Options::default())),
        [whole(CheckpointSignature), at(EntryFormat, 0)]
    );
    let trust = Trust { ..made.trust() };
    assert_eq!(
        found(&run(&made.source(), &Options { trust: Some(&trust), ..Options::default() })),
        [at(EntryFormat, 0)]
    );
}

#[test]
fn every_code_is_tested_here() {
    let source = include_str!("faults.rs");
    for code in FaultCode::ALL {
        let name = format!("{code:?}");
        assert!(source.matches(&format!("({name}")).count() > 0, "{name} is expected nowhere");
    }
}
