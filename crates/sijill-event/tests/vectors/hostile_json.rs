//! JSON, public keys and disclosures that are refused on their own.

use sijill_event::{MAX_DISCLOSURE, b64};

use crate::Case;
use crate::forge::{disclosure, plain, salt};
use crate::golden::long_disclosure;

pub(crate) fn cases() -> Vec<Case> {
    [json(), many_members(), keys(), disclosures()].into_iter().flatten().collect()
}

fn json() -> Vec<Case> {
    let mut cases: Vec<Case> = [
        ("nothing", "", "json-syntax"),
        ("two documents", "{} {}", "json-syntax"),
        ("a comma too many", "[1,]", "json-syntax"),
        ("a comment", "[1 /* one */]", "json-syntax"),
        ("a single-quoted string", "['a']", "json-syntax"),
        ("a bare name", "{a:1}", "json-syntax"),
        ("a control character in a string", "\"a\u{1}\"", "json-syntax"),
        ("an escape that is none", r#""\x41""#, "json-syntax"),
        ("NaN", "[NaN]", "json-syntax"),
        ("a plus sign", "[+1]", "json-syntax"),
        ("white space that JSON does not know", "\u{a0}1", "json-syntax"),
        ("an unfinished object", r#"{"a":1"#, "json-syntax"),
        ("a byte-order mark", "\u{feff}{}", "json-utf8"),
        ("a duplicate member", r#"{"a":1,"b":2,"a":1}"#, "json-duplicate-member"),
        ("a duplicate member written differently", r#"{"a":1,"\u0061":1}"#, "json-duplicate-member"),
        ("a duplicate member inside", r#"[{"b":{"a":1,"a":1}}]"#, "json-duplicate-member"),
        ("a fraction", "[1.5]", "json-number"),
        ("a fraction that is whole", "[1.0]", "json-number"),
        ("an exponent", "[1e3]", "json-number"),
        ("an exponent beyond doubles", "[1e999]", "json-number"),
        ("minus zero", "[-0]", "json-number"),
        ("a leading zero", "[01]", "json-number"),
        ("a minus sign alone", "[-]", "json-number"),
        ("2^53", "[9007199254740992]", "json-number"),
        ("-2^53", "[-9007199254740992]", "json-number"),
        ("2^64", "[18446744073709551616]", "json-number"),
        ("a hundred digits", &format!("[{}]", "9".repeat(100)), "json-number"),
        ("U+0000 in a string", r#"["a\u0000b"]"#, "json-string"),
        ("U+0000 in a name", r#"{"\u0000":1}"#, "json-string"),
        ("a lone high surrogate", r#"["\ud83d"]"#, "json-string"),
        ("a lone high surrogate before text", r#"["\ud83dabc"]"#, "json-string"),
        ("a lone high surrogate before an escape", r#"["\ud83d\n"]"#, "json-string"),
        ("two high surrogates", r#"["\ud83d\ud83d"]"#, "json-string"),
        ("a lone low surrogate", r#"["\ude00"]"#, "json-string"),
        ("a lone surrogate in a name", r#"{"\ud83d":1}"#, "json-string"),
        ("depth 9", "[[[[[[[[[]]]]]]]]]", "json-depth"),
        ("depth 9 with objects", r#"{"a":[{"a":[{"a":[{"a":[{}]}]}]}]}"#, "json-depth"),
        ("depth 2000", &("[".repeat(2000) + &"]".repeat(2000)), "json-depth"),
    ]
    .map(|(name, input, code)| plain(format!("json: {name}"), "json", input, Some(code)))
    .into();
    let bytes: [(&str, &[u8]); 4] = [
        ("a byte that is not UTF-8", b"\"\xff\""),
        ("an overlong encoding", b"\"\xc0\xaf\""),
        ("an encoded surrogate", b"\"\xed\xa0\x80\""),
        ("UTF-16", b"\xff\xfe[\0]\0"),
    ];
    cases.extend(bytes.map(|(name, input)| plain(format!("json: {name}"), "json", input, Some("json-utf8"))));
    cases
}

/// Enough members that duplicates are looked for in another way.
fn many_members() -> Vec<Case> {
    let members: Vec<String> = (0..40).map(|n| format!(r#""m{n}":{n}"#)).collect();
    let members = members.join(",");
    vec![
        plain("json: many members", "json", format!("{{{members}}}"), None),
        plain(
            "json: a duplicate among many members",
            "json",
            format!(r#"{{{members},"m7":7}}"#),
            Some("json-duplicate-member"),
        ),
    ]
}

fn keys() -> Vec<Case> {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let jwk = |x: &str| format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    let point = |first: u8, rest: u8, last: u8| {
        let mut bytes = [rest; 32];
        (bytes[0], bytes[31]) = (first, last);
        jwk(&b64::encode(bytes))
    };
    [
        ("a further member", format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}","use":"sig"}}"#), "key-jwk"),
        ("a private key", format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}","d":"{x}"}}"#), "key-jwk"),
        ("no kty", format!(r#"{{"crv":"Ed25519","x":"{x}"}}"#), "key-jwk"),
        ("another curve", format!(r#"{{"crv":"X25519","kty":"OKP","x":"{x}"}}"#), "key-jwk"),
        ("another type", format!(r#"{{"crv":"Ed25519","kty":"EC","x":"{x}"}}"#), "key-jwk"),
        ("x is no string", r#"{"crv":"Ed25519","kty":"OKP","x":1}"#.into(), "key-jwk"),
        ("not an object", format!(r#"["{x}"]"#), "key-jwk"),
        ("x with padding", jwk(&format!("{x}=")), "key-encoding"),
        ("x with unused bits set", jwk(&format!("{}p", &x[..42])), "key-encoding"),
        ("x in the other alphabet", jwk(&x.replace('_', "/")), "key-encoding"),
        ("x of 31 bytes", jwk(&b64::encode([9; 31])), "key-encoding"),
        ("x of 33 bytes", jwk(&b64::encode([9; 33])), "key-encoding"),
        ("y = 2, no point", point(2, 0, 0), "key-not-on-curve"),
        ("y = p + 3, a second spelling of y = 3", point(0xf0, 0xff, 0x7f), "key-not-canonical"),
        ("y = p + 1, a second spelling of the neutral element", point(0xee, 0xff, 0x7f), "key-not-canonical"),
        ("the neutral element", point(1, 0, 0), "key-small-order"),
        ("order 2", point(0xec, 0xff, 0x7f), "key-small-order"),
        ("order 4", point(0, 0, 0x80), "key-small-order"),
    ]
    .map(|(name, input, code)| plain(format!("jwk: {name}"), "jwk", input, Some(code)))
    .into()
}

fn disclosures() -> Vec<Case> {
    let salt = salt(9);
    let mut cases: Vec<Case> = [
        ("two elements", format!(r#"["{salt}","text"]"#), "disclosure-syntax"),
        ("four elements", format!(r#"["{salt}","name","value",1]"#), "disclosure-syntax"),
        ("an object", format!(r#"{{"{salt}":1}}"#), "disclosure-syntax"),
        ("a salt of 15 bytes", format!(r#"["{}","name",1]"#, b64::encode([9; 15])), "disclosure-salt"),
        ("a salt of 17 bytes", format!(r#"["{}","name",1]"#, b64::encode([9; 17])), "disclosure-salt"),
        ("a salt with padding", format!(r#"["{salt}==","name",1]"#), "disclosure-salt"),
        ("a salt with unused bits set", format!(r#"["{}R","name",1]"#, &salt[..21]), "disclosure-salt"),
        ("a salt that is a number", r#"[1,"name",1]"#.into(), "disclosure-salt"),
        ("the name _sd", format!(r#"["{salt}","_sd",1]"#), "disclosure-name"),
        ("the name ...", format!(r#"["{salt}","...",1]"#), "disclosure-name"),
        ("an empty name", format!(r#"["{salt}","",1]"#), "disclosure-name"),
        ("a name in upper case", format!(r#"["{salt}","Name",1]"#), "disclosure-name"),
        ("a name that begins with a digit", format!(r#"["{salt}","1st",1]"#), "disclosure-name"),
        ("a name of 65 characters", format!(r#"["{salt}","{}",1]"#, "n".repeat(65)), "disclosure-name"),
        ("a name that is null", format!(r#"["{salt}",null,1]"#), "disclosure-name"),
        ("_sd in the value", format!(r#"["{salt}","name",{{"_sd":[]}}]"#), "disclosure-value"),
        (
            "... deep in the value",
            format!(r#"["{salt}","name",[{{"a":[{{"...":1}}]}}]]"#),
            "disclosure-value",
        ),
        ("depth 9", format!(r#"["{salt}","name",[[[[[[[[]]]]]]]]]"#), "json-depth"),
        ("a fraction in the value", format!(r#"["{salt}","name",0.5]"#), "json-number"),
        (
            "a duplicate member in the value",
            format!(r#"["{salt}","name",{{"a":1,"a":2}}]"#),
            "json-duplicate-member",
        ),
    ]
    .map(|(name, json, code)| {
        plain(format!("disclosure: {name}"), "disclosure", disclosure(&json), Some(code))
    })
    .into();
    let good = disclosure(&format!(r#"["{salt}","name",1234]"#));
    assert!(good.len() % 4 == 3, "one unused pair of bits, so that setting it is possible");
    let padded = format!("{good}=");
    let spelled = format!("{}1", &good[..good.len() - 1]);
    for (name, input) in
        [("padding", padded), ("unused bits set", spelled), ("a character too many", good + "AAAA!")]
    {
        cases.push(plain(format!("disclosure: {name}"), "disclosure", input, Some("base64url")));
    }
    let long = long_disclosure(9, MAX_DISCLOSURE + 2);
    cases.push(plain("disclosure: too long", "disclosure", long, Some("too-large")));
    cases
}
