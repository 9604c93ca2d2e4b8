//! What is accepted, up to the limits.

use sijill_event::{Class, Draft, EventError, MAX_DISCLOSURE, MAX_JWT, Stream, Uuid};

use crate::Case;
use crate::forge::{
    class, digest_of, disclosure, disclosures, header, jwt, jwt_of, jwt_with_header, key, payload,
    payload_with, plain, replaced, salt, sd_jwt, signed,
};

pub(crate) fn cases() -> Vec<Case> {
    [json(), keys(), disclosed(), events(), payload_variants(), entries()].into_iter().flatten().collect()
}

fn json() -> Vec<Case> {
    [
        ("white space", " \t\r\n{ \"a\" : [ 1 , 2 ] }\n"),
        ("largest and smallest integer", "[9007199254740991,-9007199254740991,0,-1]"),
        ("depth 8", "[[[[[[[[]]]]]]]]"),
        ("depth 8 of objects", r#"{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":null}}}}}}}}"#),
        ("escapes", r#""\"\\\/\b\f\n\r\t\u0041\ud83d\ude00""#),
        ("a name that is empty", r#"{"":true}"#),
        ("equal names in different objects", r#"{"a":{"a":1},"b":{"a":2}}"#),
        ("names that differ by normalisation only", "{\"\u{e9}\":1,\"e\u{301}\":2}"),
        ("a noncharacter and a byte-order mark inside a string", "\"\u{ffff}\u{feff}\""),
        ("a scalar alone", "false"),
    ]
    .map(|(name, input)| plain(format!("json: {name}"), "json", input, None))
    .into()
}

fn keys() -> Vec<Case> {
    vec![
        plain(
            "jwk: RFC 8037 appendix A",
            "jwk",
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            None,
        ),
        plain("jwk: the key of these vectors", "jwk", key().public().to_jwk().to_string(), None),
    ]
}

fn disclosed() -> Vec<Case> {
    let salt = salt(9);
    let mut cases: Vec<Case> = [
        ("a string", format!(r#"["{salt}","priority","high"]"#)),
        ("null", format!(r#"["{salt}","deadline",null]"#)),
        ("white space and an object", format!(r#" [ "{salt}" , "name" , {{"ar":"سالم","en":"Salim"}} ] "#)),
        ("a name of 64 characters", format!(r#"["{salt}","a{}",1]"#, "_9".repeat(31) + "z")),
        ("depth 8", format!(r#"["{salt}","deep",[[[[[[[]]]]]]]]"#)),
    ]
    .map(|(name, json)| plain(format!("disclosure: {name}"), "disclosure", disclosure(&json), None))
    .into();
    cases.push(plain(
        "disclosure: of the greatest length",
        "disclosure",
        long_disclosure(9, MAX_DISCLOSURE),
        None,
    ));
    cases
}

/// A disclosure of `length` characters, with a salt and a name for each `n`.
pub(crate) fn long_disclosure(n: u8, length: usize) -> String {
    let with = |filler: usize| disclosure(&format!(r#"["{}","f{n}","{}"]"#, salt(n), "x".repeat(filler)));
    let long = with(length * 3 / 4 - format!(r#"["{}","f{n}",""]"#, salt(n)).len());
    assert_eq!(long.len(), length);
    long
}

/// A JWT of exactly `length` bytes. No base64url text has a length of 4n + 1, hence the space in the header.
pub(crate) fn long_jwt(length: usize) -> String {
    let with = |space: &str, filler: usize| {
        let data = format!(r#"{{"text":"{}"}}"#, "x".repeat(filler));
        jwt_of(&format!("{space}{}", header()), &payload_with(&data))
    };
    let filler = (length - with("", 0).len()) * 3 / 4;
    (0..4)
        .flat_map(|more| ["", " "].map(|space| with(space, filler - 2 + more)))
        .find(|jwt| jwt.len() == length)
        .expect("one of them has this length")
}

fn events() -> Vec<Case> {
    let [a, b, c] = disclosures();
    let shuffled =
        format!(r#"{{ "kid":"{}", "typ":"case-event+sd-jwt", "alg":"EdDSA" }}"#, key().public().kid());
    let unordered = replaced(&payload(), r#"{"iss":"moh","#, "{ ");
    let unordered =
        replaced(&unordered, r#""_sd_alg":"sha-256"}"#, "\"_sd_alg\":\"sha-256\",\n\"iss\":\"moh\"}");
    vec![
        signed("jwt: every member", "jwt", jwt(&payload()), None),
        signed("jwt: alg EdDSA, header in another order", "jwt", jwt_with_header(&shuffled), None),
        signed("jwt: alg Ed25519", "jwt", jwt_with_header(&header()), None),
        signed("jwt: payload in another order with white space", "jwt", jwt(&unordered), None),
        signed("jwt: of the greatest length", "jwt", long_jwt(MAX_JWT), None),
        signed("jwt: by a draft, minimal, first of its stream", "jwt", minimal().event.jwt, None),
        signed("sd-jwt: nothing to disclose", "sd-jwt", minimal().to_string(), None),
        signed("sd-jwt: three disclosures", "sd-jwt", sd_jwt(&jwt(&payload()), &[&a, &b, &c]), None),
        signed("sd-jwt: in any order", "sd-jwt", sd_jwt(&jwt(&payload()), &[&c, &b, &a]), None),
        signed("sd-jwt: the same name in two classes", "sd-jwt", same_name_in_two_classes(), None),
        signed("sd-jwt: by a draft, every class", "sd-jwt", drafted().to_string(), None),
    ]
}

fn minimal() -> sijill_event::SdJwt {
    Draft::new("ledger.created", 1)
        .author("ledger", "operator")
        .aud("ledger.example/2026")
        .at(&Stream::parse("ledger").expect("a stream"), 0, None)
        .jti(Uuid::from_u128(0x0198_f3c2_5a00_7000_8000_0000_0000_0001))
        .iat(0)
        .sign(&key())
        .expect("a good event")
}

fn drafted() -> sijill_event::SdJwt {
    let mut draft =
        Draft::from_payload_json(payload().replace("_sd", "ids").replace("ids_alg", "_sd_alg").as_bytes())
            .expect("a good payload")
            .open("unit", "intake".into());
    for class in Class::ALL {
        draft = draft.disclose(class, "field", class.as_str().into());
    }
    let mut n = 0;
    let salts = || {
        n += 1;
        Ok::<_, EventError>([n; 16])
    };
    draft.sign_salted(&key(), salts).expect("a good event")
}

fn same_name_in_two_classes() -> String {
    let one = disclosure(&format!(r#"["{}","note",1]"#, salt(1)));
    let two = disclosure(&format!(r#"["{}","note",1]"#, salt(2)));
    let data = format!(r#"{{"casework":{},"narrative":{}}}"#, class(&[&one]), class(&[&two]));
    sd_jwt(&jwt(&payload_with(&data)), &[&one, &two])
}

/// Good values at the edges of their patterns.
fn payload_variants() -> Vec<Case> {
    let (prev, root) = (digest_of("prev"), digest_of("root"));
    let origin = format!("!{}~", "x".repeat(253));
    let stream_id = format!("Z{}", "._-".repeat(42) + "9");
    let event_type = format!("a.{}", "b_9".repeat(20) + "cd");
    let first = |seq: &str| (r#""seq":3,"prev":"#.to_owned() + &format!("\"{prev}\""), seq.to_owned());
    let variants: Vec<(&str, (String, String))> = vec![
        ("seq 0 without prev", first(r#""seq":0"#)),
        ("the greatest seq", (r#""seq":3"#.into(), r#""seq":9007199254740991"#.into())),
        ("no act", (r#""act":"dr.salim_2","#.into(), String::new())),
        ("no occurred", (r#""occurred":"2025-08-24T09:30:00+04:00","#.into(), String::new())),
        ("no seen", (format!(r#""seen":{{"size":41,"root":"{root}"}},"#), String::new())),
        (
            "seen in another order",
            (format!(r#"{{"size":41,"root":"{root}"}}"#), format!(r#"{{"root":"{root}","size":1}}"#)),
        ),
        ("iss of 32 characters", (r#""moh""#.into(), format!("\"{}\"", "0-".repeat(16)))),
        ("sub of 64 characters", (r#""intake-3""#.into(), format!("\"{}\"", "9._-".repeat(16)))),
        ("aud of 255 characters", (r#""ledger.example/2026""#.into(), format!("\"{origin}\""))),
        ("a stream id of 128 characters", (r#""case/7Q-1""#.into(), format!("\"auto/{stream_id}\""))),
        ("type of 64 characters", (r#""referral.accepted""#.into(), format!("\"{event_type}\""))),
        ("v 9999", (r#""v":1"#.into(), r#""v":9999"#.into())),
        ("v 1 and data without members", (r#"{"to":{"agency":"mosd"},"#.into(), "{".into())),
    ];
    let occurred = [
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999-23:59",
        "2024-02-29T12:00:00.5+00:00",
        "2000-02-29T12:00:00-00:00",
    ];
    let occurred = occurred
        .map(|text| ("occurred", (r#""2025-08-24T09:30:00+04:00""#.to_owned(), format!("\"{text}\""))));
    let streams = ["ledger", "log", "agency/moh", "contact/1", "access/7Q-1"];
    let streams = streams.map(|text| ("stream", (r#""case/7Q-1""#.to_owned(), format!("\"{text}\""))));
    let named = |name: &str, to: &str| match name {
        "occurred" | "stream" => format!("jwt: {name} {to}"),
        _ => format!("jwt: {name}"),
    };
    variants
        .into_iter()
        .chain(occurred)
        .chain(streams)
        .map(|(name, (from, to))| {
            signed(named(name, &to), "jwt", jwt(&replaced(&payload(), &from, &to)), None)
        })
        .collect()
}

fn entries() -> Vec<Case> {
    ["0", "1756000000000", "9007199254740991"]
        .map(|received| {
            signed(
                format!("entry: received {received}"),
                "entry",
                format!("{received} {}", jwt(&payload())),
                None,
            )
        })
        .into()
}
