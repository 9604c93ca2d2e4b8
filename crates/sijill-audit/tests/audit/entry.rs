//! Faults of one entry, alone or beside earlier ones: Annex C, numbers 1 to 7.

use sijill_audit::FaultCode;
use sijill_audit::{DisclosureRow, Options, Status};
use sijill_domain::event::{LedgerRatified, OfficerEnrolled, Role};
use sijill_event::{Class, Digest, Draft, Entry, Event, Json, SdJwt, Seen};

use crate::made::{Made, created, draft, enrolled, jti, key, row, stream};
use crate::verdict::{at, continued, faults, faults_of, found, resign, run, set, whole, with_event};

use FaultCode::{
    DisclosureMismatch, DisclosureMissing, EntryFormat, EventSignature, JtiReused, KeyNotValid, KeyUnknown,
    NotAuthorised, ReceivedOrder, ReceivedTime, Root, SeenMismatch, StreamFork, StreamGap,
};

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
