//! What is written is read back; what is changed by one byte is not; nothing panics.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde::Deserialize;
use sijill_event::{
    Class, Digest, Disclosure, Draft, Entry, Event, EventError, Json, PublicKey, SdJwt, Seen, SigningKey,
    Stream, StreamKind, Timestamp, Uuid, jws, parse_json,
};

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_seed(&[3; 32]).expect("a good key"));

fn json(depth: u32) -> impl Strategy<Value = Json> {
    let name = "[a-z\u{627}-\u{64a}\"\\\\]{0,6}";
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        (-9_007_199_254_740_991..=9_007_199_254_740_991_i64).prop_map(Json::Integer),
        "[^\\x00]{0,12}".prop_map(Json::String),
    ];
    leaf.prop_recursive(depth, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            prop::collection::btree_map(name, inner, 0..4).prop_map(Json::object),
        ]
    })
}

/// A draft with everything that may vary, and its disclosures by class and name.
fn draft() -> impl Strategy<Value = Draft> {
    let class = prop::sample::select(Class::ALL.to_vec());
    let fields = prop::collection::btree_map((class, "[a-z][a-z0-9_]{0,8}"), json(3), 0..6);
    let open = prop::collection::btree_map("[a-z]{9}x", json(3), 0..3);
    let place = ("case|contact|auto|access", "[A-Za-z0-9][A-Za-z0-9._-]{0,20}", 0..3_u64);
    (fields, open, place, any::<[u8; 9]>(), any::<u32>()).prop_map(|(fields, open, place, random, iat)| {
        let stream = Stream::parse(&format!("{}/{}", place.0, place.1)).expect("a stream");
        let mut id = [0x70; 16];
        id[9..].copy_from_slice(&random[2..]);
        id[8] = 0x80 | (random[0] & 0x3f);
        let draft = Draft::new("referral.accepted", 1)
            .author("moh", "intake-3")
            .aud("ledger.example/2026")
            .jti(Uuid::from_bytes(id))
            .iat(iat.into())
            .at(&stream, place.2, (place.2 > 0).then(|| Digest::of(random)))
            .seen(Seen { size: 1 + u64::from(iat), root: id.repeat(2).try_into().expect("32 bytes") });
        let draft = open.into_iter().fold(draft, |draft, (name, value)| draft.open(&name, value));
        fields.into_iter().fold(draft, |draft, ((class, name), value)| draft.disclose(class, &name, value))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_signed_is_read_back(draft in draft(), received in 0..=9_007_199_254_740_991_u64) {
        let signed = draft.sign(&KEY).expect("a good event");
        let text = signed.to_string();
        let read = SdJwt::parse(&text).expect("a good event");
        prop_assert_eq!(read.event.verify(KEY.public()), Ok(()));
        prop_assert_eq!(read.to_string(), &*text);
        prop_assert_eq!(read.event.hash(), Digest::of(text.split('~').next().expect("a part")));
        prop_assert_eq!(read.undisclosed().count(), 0);
        for (class, disclosure) in &read.disclosures {
            prop_assert_eq!(read.event.class_of(&disclosure.digest()), Some(*class));
        }

        let entry = format!("{received} {}", read.event.jwt);
        let parsed = Entry::parse(entry.as_bytes()).expect("a good entry");
        prop_assert_eq!((parsed.received, parsed.format()), (received, entry));

        // Signing again draws other salts: the same values, other digests.
        let again = draft.sign(&KEY).expect("a good event");
        prop_assert_eq!(&again.event.data, &signed.event.data);
        for ((class, one), (_, two)) in signed.disclosures.iter().zip(&again.disclosures) {
            prop_assert_ne!(one.digest(), two.digest());
            prop_assert_eq!((&one.value, again.value(*class, &one.name)), (&two.value, Some(&one.value)));
        }
    }

    #[test]
    fn any_subset_of_disclosures_can_be_gathered(draft in draft(), keep: u8) {
        let signed = draft.sign(&KEY).expect("a good event");
        let all: Vec<Disclosure> = signed.disclosures.iter().map(|(_, d)| d.clone()).collect();
        let total = all.len();
        let kept: Vec<_> = all.into_iter().enumerate().filter(|(i, _)| keep >> i & 1 == 1).map(|(_, d)| d).collect();
        let (event, kept_count) = (signed.event, kept.len());
        let part = SdJwt::gather(event, kept).expect("they belong to it");
        prop_assert_eq!(part.undisclosed().count(), total - kept_count);
        prop_assert_eq!(SdJwt::parse(&part.to_string()).is_ok(), total == kept_count);
    }

    #[test]
    fn one_changed_byte_is_refused(draft in draft(), at: prop::sample::Index, to: u8) {
        let mut text = draft.sign(&KEY).expect("a good event").to_string().into_bytes();
        let at = at.index(text.len());
        prop_assume!(text[at] != to);
        text[at] = to;
        let read = String::from_utf8(text).map(|text| {
            SdJwt::parse(&text).and_then(|read| read.event.verify(KEY.public()))
        });
        prop_assert!(!matches!(read, Ok(Ok(()))));
    }

    #[test]
    fn json_is_read_back(value in json(6)) {
        prop_assert_eq!(parse_json(value.to_string().as_bytes()), Ok(value.clone()));
        // And reads into other types as serde_json itself would have it.
        let direct: serde_json::Value = value.decode().expect("any JSON");
        prop_assert_eq!(&direct, &serde_json::to_value(&value).expect("any JSON"));
        prop_assert_eq!(Json::try_from(direct).map(|v| v.to_string().len()), Ok(value.to_string().len()));
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes: Vec<u8>, text in "[\\[\\]{}\",:0-9a-z_~. \\\\-]{0,60}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            let _ = Entry::parse(bytes);
            let text = String::from_utf8_lossy(bytes);
            let _ = (SdJwt::parse(&text).is_ok(), Event::parse(&text).is_ok(), Disclosure::parse(&text).is_ok());
            let _ = (Timestamp::parse(&text), Stream::parse(&text), Draft::from_payload_json(bytes).is_ok());
            if let Ok(json) = parse_json(bytes) {
                let _ = PublicKey::from_jwk(&json);
                prop_assert_eq!(parse_json(json.to_string().as_bytes()), Ok(json));
            }
            // As the payload of an event, and as its header.
            let _ = Event::parse(&jws::sign(bytes, sijill_event::TYP, &KEY)).is_ok();
        }
    }

    #[test]
    fn a_timestamp_is_the_instant_chrono_says(ms in -62_135_596_800_000..253_402_300_799_999_i64, offset in -1439..=1439_i32) {
        let zone = chrono::FixedOffset::east_opt(offset * 60).expect("an offset");
        let at = chrono::DateTime::from_timestamp_millis(ms).expect("a time").with_timezone(&zone);
        prop_assume!((1..=9999).contains(&chrono::Datelike::year(&at)));
        let text = at.format("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string();
        prop_assert_eq!(Timestamp::parse(&text).map(|t| t.unix_ms()), Some(ms), "{}", text);
    }
}

fn good() -> Draft {
    let case = Stream::new(StreamKind::Case, "7Q-1").expect("a stream");
    Draft::new("referral.accepted", 1)
        .author("moh", "intake-3")
        .aud("ledger.example/2026")
        .jti(Uuid::from_u128(0x0198_f3c2_5a00_7000_8000_0000_0000_0001))
        .iat(1_756_000_000)
        .at(&case, 3, Some(Digest::of("prev")))
}

fn refused(draft: &Draft) -> &'static str {
    draft.sign(&KEY).expect_err("must be refused").code()
}

#[test]
fn the_fields_are_those_that_were_signed() {
    let seen = Seen { size: 41, root: [9; 32] };
    let signed = good()
        .act("dr.salim")
        .occurred("2025-08-24T09:30:00.2509+04:00")
        .seen(seen)
        .open("to", Json::object([("agency", "mosd".into())]))
        .disclose(Class::Identity, "name", "سالم".into())
        .disclose(Class::Casework, "deadline", Json::Null)
        .sign(&KEY)
        .expect("a good event");
    let event = &signed.event;
    assert_eq!((&*event.iss, &*event.sub, event.act.as_deref()), ("moh", "intake-3", Some("dr.salim")));
    assert_eq!((&*event.aud, event.iat, event.seq, event.v), ("ledger.example/2026", 1_756_000_000, 3, 1));
    assert_eq!((event.stream.kind(), event.stream.id()), (StreamKind::Case, Some("7Q-1")));
    assert_eq!(
        (event.prev, event.seen, &*event.event_type),
        (Some(Digest::of("prev")), Some(seen), "referral.accepted")
    );
    assert_eq!(event.occurred.as_ref().map(Timestamp::unix_ms), Some(1_756_013_400_250));
    assert_eq!(event.data.to_string(), r#"{"to":{"agency":"mosd"}}"#);
    let classes: Vec<_> = event.digests.iter().map(|(class, digests)| (*class, digests.len())).collect();
    assert_eq!(classes, [(Class::Casework, 1), (Class::Identity, 1)]);
    assert_eq!(signed.value(Class::Identity, "name").and_then(Json::as_str), Some("سالم"));
    assert_eq!(event.kid, KEY.public().kid());
    // `to_string` shows everything, `Debug` no value and no salt.
    let shown = format!("{signed:?} {:?}", good().disclose(Class::Identity, "name", "سالم".into()));
    assert!(!shown.contains("سالم") && shown.contains("name"));
}

#[test]
fn a_draft_refuses_what_a_reader_would() {
    let other = Stream::parse("ledger").expect("a stream");
    assert_eq!(refused(&Draft::new("referral.accepted", 1)), "payload-member-missing");
    assert_eq!(refused(&good().at(&other, 1, None)), "payload-member-missing");
    assert_eq!(refused(&good().at(&other, 0, Some(Digest::of("")))), "payload-member-invalid");
    assert_eq!(refused(&good().iat(u64::MAX)), "payload-member-invalid");
    assert_eq!(refused(&good().author("MOH", "x")), "payload-member-invalid");
    assert_eq!(refused(&good().open("casework", Json::Null)), "sd-class");
    assert_eq!(refused(&good().open("a", 1.into()).open("a", 1.into())), "json-duplicate-member");
    assert_eq!(refused(&good().open("_sd", 1.into())), "sd-misplaced");
    assert_eq!(refused(&good().open("a", "\0".into())), "json-string");
    assert_eq!(refused(&good().open("a", i64::MAX.into())), "json-number");
    assert_eq!(refused(&good().disclose(Class::Reporter, "Name", 1.into())), "disclosure-name");
    let twice =
        good().disclose(Class::Reporter, "name", 1.into()).disclose(Class::Reporter, "name", 1.into());
    assert_eq!(refused(&twice), "disclosure-duplicate-name");
    let failing = good()
        .disclose(Class::Reporter, "name", 1.into())
        .sign_salted(&KEY, || Err(EventError::RandomSource));
    assert_eq!(failing.map_err(|error| error.code()).err(), Some("random-source"));
}

#[test]
fn a_prepared_payload_is_completed_and_signed() {
    let prepared = r#"{"type":"referral.accepted","v":2,"iss":"moh","sub":"x","aud":"o","stream":"case/1","seq":0,
        "data":{"to":"mosd","casework":{"priority":"high","deadline":null},"narrative":{}}}"#;
    let signed = Draft::from_payload_json(prepared.as_bytes())
        .expect("a good payload")
        .jti(Uuid::from_u128(0x0198_f3c2_5a00_7000_8000_0000_0000_0001))
        .iat(5)
        .sign(&KEY)
        .expect("a good event");
    assert_eq!(signed.event.data.to_string(), r#"{"to":"mosd"}"#);
    assert_eq!(signed.value(Class::Casework, "priority"), Some(&"high".into()));
    assert_eq!(signed.value(Class::Casework, "deadline"), Some(&Json::Null));
    assert_eq!((signed.event.v, signed.disclosures.len()), (2, 2));

    let salted = prepared.replace(r#""narrative":{}"#, r#""narrative":{"_sd":["x"]}"#);
    let draft = Draft::from_payload_json(salted.as_bytes()).expect("read").iat(5);
    assert_eq!(refused(&draft), "disclosure-name");
    let unknown = prepared.replace(r#""v":2"#, r#""v":2,"exp":1"#);
    let draft = Draft::from_payload_json(unknown.as_bytes()).expect("read");
    assert_eq!(refused(&draft), "payload-member-unknown");
    for (bad, code) in [("[]", "payload-not-object"), (r#"{"data":1}"#, "payload-member-invalid")] {
        assert_eq!(Draft::from_payload_json(bad.as_bytes()).map_err(|e| e.code()).err(), Some(code));
    }
}

#[test]
fn the_same_salts_give_the_same_bytes() {
    let draft = good().disclose(Class::Casework, "a", 1.into()).disclose(Class::Casework, "b", 2.into());
    let sign = || {
        let mut n = 0;
        let signed = draft.sign_salted(&KEY, || {
            n += 1;
            Ok([n; 16])
        });
        signed.expect("a good event").to_string()
    };
    assert_eq!(sign(), sign());
}

#[test]
fn a_client_assertion_is_another_use_of_the_same_form() {
    let assertion = jws::sign(br#"{"iss":"moh"}"#, "JWT", &KEY);
    let read = jws::parse(&assertion, "JWT").expect("a good JWS");
    assert_eq!(read.payload, br#"{"iss":"moh"}"#);
    assert_eq!((read.verify(KEY.public()), read.kid), (Ok(()), KEY.public().kid()));
    assert_eq!(jws::parse(&assertion, sijill_event::TYP).map_err(|e| e.code()).err(), Some("header-typ"));
    assert_eq!(Event::parse(&assertion).map_err(|e| e.code()).err(), Some("header-typ"));
    let stranger = SigningKey::from_seed(&[4; 32]).expect("a good key");
    assert_eq!(read.verify(stranger.public()), Err(EventError::SignatureKid));
}

#[test]
fn open_fields_read_into_types() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct To {
        agency: String,
        unit: Option<String>,
        class: Class,
        act: Act,
        at: Timestamp,
        stream: Stream,
        hash: Digest,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Act {
        Set { to: u8 },
        Clear,
    }
    let to = |act: &str, more: &str| {
        let hash = Digest::of("x");
        let text = format!(
            r#"{{"agency":"a","unit":null,"class":"reporter","act":{act},"at":"2025-01-01T00:00:00Z",
               "stream":"case/1","hash":"{hash}"{more}}}"#
        );
        parse_json(text.as_bytes()).expect("JSON").decode::<To>()
    };
    let read = to(r#"{"set":{"to":5}}"#, "").expect("a good value");
    assert_eq!((read.unit, read.class, read.act), (None, Class::Reporter, Act::Set { to: 5 }));
    assert_eq!(to(r#""clear""#, "").map(|read| read.act), Ok(Act::Clear));
    assert!(to("7", "").is_err());
    assert!(to(r#"{"set":{"to":256}}"#, "").is_err());
    assert!(to(r#""clear""#, r#","more":1"#).is_err());
}
