//! Events and entries that are refused: header, payload, signature, `received`.

use curve25519_dalek::scalar::Scalar;
use sha2::{Digest as _, Sha512};
use sijill_event::{MAX_JWT, b64};

use crate::Case;
use crate::forge::{
    digest_of, header, jwt, jwt_with_header, key, other_key, payload, plain, replaced, signed,
};
use crate::golden::long_jwt;

pub(crate) fn cases() -> Vec<Case> {
    [headers(), parts(), members(), lacking(), signatures(), entries()].into_iter().flatten().collect()
}

fn headers() -> Vec<Case> {
    let kid = key().public().kid().to_string();
    [
        ("alg none", r#""alg":"Ed25519""#, r#""alg":"none""#.into(), "header-alg"),
        ("alg HS256", r#""alg":"Ed25519""#, r#""alg":"HS256""#.into(), "header-alg"),
        ("alg Ed448", r#""alg":"Ed25519""#, r#""alg":"Ed448""#.into(), "header-alg"),
        ("alg in lower case", r#""alg":"Ed25519""#, r#""alg":"ed25519""#.into(), "header-alg"),
        ("alg a number", r#""alg":"Ed25519""#, r#""alg":1"#.into(), "header-member"),
        ("typ JWT", "case-event+sd-jwt", "JWT".into(), "header-typ"),
        ("typ with application/", "case-event+sd-jwt", "application/case-event+sd-jwt".into(), "header-typ"),
        ("no typ", r#""typ":"case-event+sd-jwt","#, String::new(), "header-member"),
        ("a kid that is a name", &kid, "key-1".into(), "header-kid"),
        ("a kid of 44 characters", &kid, format!("{kid}A"), "header-kid"),
        (
            "a jwk in it",
            r#"{"alg""#,
            format!(r#"{{"jwk":{},"alg""#, key().public().to_jwk()),
            "header-member",
        ),
        ("crit", r#"{"alg""#, r#"{"crit":["b64"],"alg""#.into(), "header-member"),
        (
            "a duplicate member",
            r#"{"alg""#,
            r#"{"typ":"case-event+sd-jwt","alg""#.into(),
            "json-duplicate-member",
        ),
    ]
    .into_iter()
    .map(|(name, from, to, code)| {
        signed(format!("header: {name}"), "jwt", jwt_with_header(&replaced(&header(), from, &to)), Some(code))
    })
    .chain([signed("header: an array", "jwt", jwt_with_header("[]"), Some("header-member"))])
    .collect()
}

fn parts() -> Vec<Case> {
    let good = jwt(&payload());
    let (signing_input, signature) = good.rsplit_once('.').expect("dots");
    let (header, payload) = signing_input.split_once('.').expect("a dot");
    let mut split = signature.to_owned();
    split.insert(40, '.');
    [
        ("two parts", signing_input.to_owned(), "jws-parts"),
        ("four parts", format!("{signing_input}.{split}"), "jws-parts"),
        ("one part", payload.to_owned(), "jws-parts"),
        ("empty", String::new(), "jws-parts"),
        ("padding in the header", format!("{header}=.{payload}.{signature}"), "base64url"),
        ("a line break in the payload", format!("{header}.{payload}\n.{signature}"), "base64url"),
        ("a line break at the end", format!("{good}\n"), "base64url"),
        (
            "unused bits set in the signature",
            format!("{}{}", &good[..good.len() - 1], next(signature)),
            "base64url",
        ),
        (
            "the other alphabet",
            format!("{header}.{payload}.{}", signature.replace(['-', '_'], "+")),
            "base64url",
        ),
        ("too long", long_jwt(MAX_JWT + 1), "too-large"),
    ]
    .map(|(name, input, code)| signed(format!("jwt: {name}"), "jwt", input, Some(code)))
    .into()
}

/// The last character of an 86-character signature with one of its four unused bits set.
fn next(signature: &str) -> char {
    match signature.chars().last() {
        Some('A') => 'B',
        Some('Q') => 'R',
        Some('g') => 'h',
        Some('w') => 'x',
        last => panic!("{last:?} cannot end a signature"),
    }
}

fn members() -> Vec<Case> {
    let (prev, root) = (digest_of("prev"), digest_of("root"));
    let seen = format!(r#"{{"size":41,"root":"{root}"}}"#);
    let prev_member = format!(r#","prev":"{prev}""#);
    let table: Vec<(&str, &str, String)> = vec![
        ("iss in upper case", r#""moh""#, r#""MOH""#.into()),
        ("iss that begins with a hyphen", r#""moh""#, r#""-moh""#.into()),
        ("iss of 33 characters", r#""moh""#, format!("\"{}\"", "a".repeat(33))),
        ("iss empty", r#""moh""#, r#""""#.into()),
        ("iss a number", r#""moh""#, "7".into()),
        ("sub with a space", r#""intake-3""#, r#""intake 3""#.into()),
        ("sub that begins with a dot", r#""intake-3""#, r#"".intake""#.into()),
        ("sub of 65 characters", r#""intake-3""#, format!("\"{}\"", "a".repeat(65))),
        ("act null", r#""dr.salim_2""#, "null".into()),
        ("act empty", r#""dr.salim_2""#, r#""""#.into()),
        ("aud with a plus sign", "ledger.example", "ledger+example".into()),
        ("aud with a space", "ledger.example", "ledger example".into()),
        ("aud not ASCII", "ledger.example", "سجل".into()),
        ("aud of 256 characters", r#""ledger.example/2026""#, format!("\"{}\"", "a".repeat(256))),
        ("aud an array", r#""ledger.example/2026""#, r#"["ledger.example/2026"]"#.into()),
        ("jti in upper case", "7abc-9def", "7ABC-9DEF".into()),
        ("jti of version 4", "7abc-9def", "4abc-9def".into()),
        ("jti of another variant", "7abc-9def", "7abc-cdef".into()),
        (
            "jti without hyphens",
            "0198f3c2-5a00-7abc-9def-0123456789ab",
            "0198f3c25a007abc9def0123456789ab".into(),
        ),
        ("jti as a URN", "0198f3c2-", "urn:uuid:0198f3c2-".into()),
        ("iat negative", "1756000000", "-1".into()),
        ("iat a string", "1756000000", r#""1756000000""#.into()),
        ("occurred without offset", "09:30:00+04:00", "09:30:00".into()),
        ("occurred in lower case", "24T09:30:00+04:00", "24t09:30:00z".into()),
        ("occurred with a space", "24T09", "24 09".into()),
        ("occurred on no day", "2025-08-24", "2025-02-29".into()),
        ("occurred on no century leap day", "2025-08-24", "1900-02-29".into()),
        ("occurred in the year 0", "2025-08-24", "0000-08-24".into()),
        ("occurred at hour 24", "T09:30", "T24:00".into()),
        ("occurred in a leap second", "30:00+04", "59:60+04".into()),
        ("occurred at offset hour 24", "+04:00", "+24:00".into()),
        ("occurred at offset minute 60", "+04:00", "+04:60".into()),
        ("occurred without colon in the offset", "+04:00", "+0400".into()),
        ("occurred with ten digits", "30:00+04", "30:00.1234567890+04".into()),
        ("occurred with a dot alone", "30:00+04", "30:00.+04".into()),
        ("occurred with a comma", "30:00+04", "30:00,5+04".into()),
        ("occurred with digits that are not ASCII", "2025-08", "٢٠٢٥-08".into()),
        ("stream unknown", "case/7Q-1", "file/7Q-1".into()),
        ("stream without id", "case/7Q-1", "case/".into()),
        ("stream without slash", "case/7Q-1", "case".into()),
        ("stream ledger with an id", "case/7Q-1", "ledger/1".into()),
        ("stream with two slashes", "case/7Q-1", "case/7Q/1".into()),
        ("stream of an agency in upper case", "case/7Q-1", "agency/MOH".into()),
        ("stream of the agency that is none", "case/7Q-1", "agency/ledger".into()),
        ("stream id that begins with a dot", "case/7Q-1", "case/.7Q".into()),
        ("stream id of 129 characters", "7Q-1", "a".repeat(129)),
        ("seq negative", r#""seq":3"#, r#""seq":-3"#.into()),
        ("prev at seq 0", r#""seq":3"#, r#""seq":0"#.into()),
        ("prev too short", &prev, prev[..42].into()),
        ("prev in hexadecimal", &prev, "00".repeat(32)),
        ("seen null", &seen, "null".into()),
        ("seen of size 0", r#""size":41"#, r#""size":0"#.into()),
        ("seen without root", &seen, r#"{"size":41}"#.into()),
        ("seen with a further member", r#""size":41"#, r#""size":41,"time":1"#.into()),
        ("seen with a short root", &root, root[..42].into()),
        ("type of one word", "referral.accepted", "accepted".into()),
        ("type with an empty word", "referral.accepted", "referral..accepted".into()),
        ("type in upper case", "referral.accepted", "Referral.accepted".into()),
        ("type with a hyphen", "referral.accepted", "referral.re-opened".into()),
        ("type of 65 characters", "referral.accepted", format!("a.{}", "b".repeat(63))),
        ("v 0", r#""v":1"#, r#""v":0"#.into()),
        ("v 10000", r#""v":1"#, r#""v":10000"#.into()),
        ("v a string", r#""v":1"#, r#""v":"1""#.into()),
    ];
    let invalid = table.into_iter().map(|(name, from, to)| (name, from, to, "payload-member-invalid"));
    let others: Vec<(&str, &str, String, &str)> = vec![
        ("an unknown member", r#"{"iss""#, r#"{"exp":1,"iss""#.into(), "payload-member-unknown"),
        ("a known member in upper case", r#""act""#, r#""ACT""#.into(), "payload-member-unknown"),
        ("no prev at seq 3", &prev_member, String::new(), "payload-member-missing"),
        ("a duplicate member", r#"{"iss""#, r#"{"iat":1756000000,"iss""#.into(), "json-duplicate-member"),
        ("iat with a fraction", "1756000000", "1756000000.5".into(), "json-number"),
        ("seq 2^53", r#""seq":3"#, r#""seq":9007199254740992"#.into(), "json-number"),
        ("U+0000 in data", r#""mosd""#, r#""\u0000""#.into(), "json-string"),
        ("depth 9", r#""mosd""#, "[[[[[[]]]]]]".into(), "json-depth"),
        ("_sd at the top", r#"{"iss""#, r#"{"_sd":[],"iss""#.into(), "sd-misplaced"),
        ("... at the top", r#"{"iss""#, r#"{"...":"a","iss""#.into(), "sd-misplaced"),
        ("_sd_alg sha-512", r#""sha-256""#, r#""sha-512""#.into(), "sd-alg"),
        ("_sd_alg null", r#""sha-256""#, "null".into(), "sd-alg"),
    ];
    invalid
        .chain(others)
        .map(|(name, from, to, code)| {
            let payload = replaced(&payload(), from, &to);
            signed(format!("payload: {name}"), "jwt", jwt(&payload), Some(code))
        })
        .chain([
            signed("payload: an array", "jwt", jwt("[]"), Some("payload-not-object")),
            signed("payload: empty", "jwt", jwt(""), Some("json-syntax")),
        ])
        .collect()
}

/// Each mandatory member left out.
fn lacking() -> Vec<Case> {
    let seq_and_prev = format!(r#""seq":3,"prev":"{}","#, digest_of("prev"));
    let data = payload();
    let data = &data[data.find(r#""data""#).expect("data")..data.find(r#""_sd_alg""#).expect("_sd_alg")];
    [
        ("iss", r#""iss":"moh","#),
        ("sub", r#""sub":"intake-3","#),
        ("aud", r#""aud":"ledger.example/2026","#),
        ("jti", r#""jti":"0198f3c2-5a00-7abc-9def-0123456789ab","#),
        ("iat", r#""iat":1756000000,"#),
        ("stream", r#""stream":"case/7Q-1","#),
        ("seq", &seq_and_prev),
        ("type", r#""type":"referral.accepted","#),
        ("v", r#""v":1,"#),
        ("data", data),
        ("_sd_alg", r#","_sd_alg":"sha-256""#),
    ]
    .map(|(name, member)| {
        let payload = replaced(&payload(), member, "");
        signed(format!("payload: no {name}"), "jwt", jwt(&payload), Some("payload-member-missing"))
    })
    .into_iter()
    .chain([signed(
        "payload: data an array",
        "jwt",
        jwt(&crate::forge::payload_with("[]")),
        Some("payload-member-invalid"),
    )])
    .collect()
}

fn signatures() -> Vec<Case> {
    let good = jwt(&payload());
    let (signing_input, signature) = good.rsplit_once('.').expect("dots");
    let good_bytes: [u8; 64] = b64::decode_array(signature, "signature").expect("a signature");
    let other = jwt(&replaced(&payload(), r#""seq":3"#, r#""seq":4"#));
    let (_, moved) = other.rsplit_once('.').expect("dots");
    let with = |bytes: &[u8]| format!("{signing_input}.{}", b64::encode(bytes));

    let stranger = other_key().sign(signing_input.as_bytes());
    let mut cases: Vec<Case> = [
        ("of 63 bytes", with(&good_bytes[..63]), "signature-length"),
        ("of 65 bytes", with(&[&good_bytes[..], &[0]].concat()), "signature-length"),
        ("empty", with(&[]), "signature-length"),
        ("of another event", format!("{signing_input}.{moved}"), "signature-mismatch"),
        ("by another key", with(&stranger), "signature-mismatch"),
        ("S + L", with(&plus_order(good_bytes)), "signature-s"),
        ("R of small order, equation fulfilled", with(&neutral_r(signing_input)), "signature-r-small-order"),
    ]
    .map(|(name, input, code)| signed(format!("signature: {name}"), "jwt", input, Some(code)))
    .into();
    cases.push(Case {
        key: Some(other_key().public().clone()),
        ..plain("signature: checked with another key than its kid's", "jwt", good, Some("signature-kid"))
    });
    cases
}

/// The same S written with the group order added: the equation holds, the bytes are others.
fn plus_order(mut signature: [u8; 64]) -> [u8; 64] {
    // L − 1 is the scalar −1.
    let mut order = (-Scalar::ONE).to_bytes();
    order[0] += 1;
    let mut carry = 0;
    for (byte, add) in signature[32..].iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = u8::try_from(carry & 0xff).expect("a byte");
        carry >>= 8;
    }
    assert_eq!(carry, 0);
    signature
}

/// R = the neutral element and S = k·a: only the holder of the key can do it, and every other check passes.
fn neutral_r(message: &str) -> [u8; 64] {
    let secret = ed25519_dalek::SigningKey::from_bytes(&key().seed());
    let mut signature = [0; 64];
    signature[0] = 1;
    let k = Sha512::new()
        .chain_update(&signature[..32])
        .chain_update(key().public().as_bytes())
        .chain_update(message);
    let s = Scalar::from_hash(k) * secret.to_scalar();
    signature[32..].copy_from_slice(s.as_bytes());
    signature
}

fn entries() -> Vec<Case> {
    let jwt = jwt(&payload());
    let text = [
        ("no received", jwt.clone(), "entry-format"),
        ("empty", String::new(), "entry-format"),
        ("received empty", format!(" {jwt}"), "entry-format"),
        ("received with a leading zero", format!("01 {jwt}"), "entry-format"),
        ("received with a plus sign", format!("+1 {jwt}"), "entry-format"),
        ("received negative", format!("-1 {jwt}"), "entry-format"),
        ("received 2^53", format!("9007199254740992 {jwt}"), "entry-format"),
        ("received of thirty digits", format!("{} {jwt}", "9".repeat(30)), "entry-format"),
        ("received in hexadecimal", format!("0x10 {jwt}"), "entry-format"),
        ("received in Arabic digits", format!("١ {jwt}"), "entry-format"),
        ("a tab for the space", format!("1\t{jwt}"), "entry-format"),
        ("two spaces", format!("1  {jwt}"), "base64url"),
        ("a line break at the end", format!("1 {jwt}\n"), "base64url"),
        ("with disclosures", format!("1 {jwt}~"), "base64url"),
        ("nothing after the space", "1 ".to_owned(), "jws-parts"),
    ];
    let mut bytes = format!("1 {jwt}").into_bytes();
    bytes.push(0xff);
    text.into_iter()
        .map(|(name, input, code)| signed(format!("entry: {name}"), "entry", input, Some(code)))
        .chain([signed("entry: not UTF-8", "entry", bytes, Some("entry-format"))])
        .collect()
}
