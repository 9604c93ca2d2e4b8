//! Digests where they must not be, and disclosures that do not match them.

use sijill_event::{MAX_DISCLOSURE, MAX_SD_JWT};

use crate::Case;
use crate::forge::{
    class, digest_of, disclosure, disclosures, jwt, payload, payload_with, salt, sd_jwt, signed,
};
use crate::golden::long_disclosure;

pub(crate) fn cases() -> Vec<Case> {
    [placed(), delivered(), sized()].into_iter().flatten().collect()
}

/// Refused for what stands in `data`.
fn placed() -> Vec<Case> {
    let (a, b) = (digest_of("a"), digest_of("b"));
    let (low, high) = if a < b { (&a, &b) } else { (&b, &a) };
    let spelled = format!("{}{}", &a[..42], char::from(a.as_bytes()[42] + 1));
    [
        ("_sd directly in data", format!(r#"{{"_sd":["{a}"]}}"#), "sd-misplaced"),
        ("_sd in an open field", format!(r#"{{"to":{{"_sd":["{a}"]}}}}"#), "sd-misplaced"),
        ("... in an open array", format!(r#"{{"to":[{{"...":"{a}"}}]}}"#), "sd-misplaced"),
        ("_sd_alg in an open field", r#"{"to":{"_sd_alg":"sha-256"}}"#.into(), "sd-misplaced"),
        ("a class that is an array", format!(r#"{{"identity":["{a}"]}}"#), "sd-class"),
        ("a class that is empty", r#"{"identity":{}}"#.into(), "sd-class"),
        (
            "a class with an open member",
            format!(r#"{{"identity":{{"_sd":["{a}"],"name":"x"}}}}"#),
            "sd-class",
        ),
        ("a class without digests", r#"{"identity":{"_sd":[]}}"#.into(), "sd-class"),
        ("_sd that is a string", format!(r#"{{"identity":{{"_sd":"{a}"}}}}"#), "sd-class"),
        ("a digest that is a number", r#"{"reporter":{"_sd":[1]}}"#.into(), "sd-digest"),
        ("a digest too short", format!(r#"{{"reporter":{{"_sd":["{}"]}}}}"#, &a[..42]), "sd-digest"),
        ("a digest with unused bits set", format!(r#"{{"reporter":{{"_sd":["{spelled}"]}}}}"#), "sd-digest"),
        (
            "digests in descending order",
            format!(r#"{{"sensitive":{{"_sd":["{high}","{low}"]}}}}"#),
            "sd-order",
        ),
        ("a digest twice in a class", format!(r#"{{"sensitive":{{"_sd":["{a}","{a}"]}}}}"#), "sd-order"),
        (
            "a digest in two classes",
            format!(r#"{{"identity":{{"_sd":["{a}"]}},"sensitive":{{"_sd":["{a}"]}}}}"#),
            "sd-duplicate",
        ),
    ]
    .map(|(name, data, code)| signed(format!("data: {name}"), "jwt", jwt(&payload_with(&data)), Some(code)))
    .into()
}

/// Refused for what is delivered with it.
fn delivered() -> Vec<Case> {
    let [a, b, c] = disclosures();
    let jwt = jwt(&payload());
    let stranger = disclosure(&format!(r#"["{}","extra",1]"#, salt(8)));
    let whole = sd_jwt(&jwt, &[&a, &b, &c]);
    let changed = disclosure(&format!(r#"["{}","priority","low"]"#, salt(1)));
    [
        ("no tilde at all", jwt.clone(), "sd-jwt-parts"),
        ("no tilde at the end", whole.trim_end_matches('~').to_owned(), "sd-jwt-parts"),
        ("a tilde too many", format!("{whole}~"), "sd-jwt-parts"),
        ("an empty disclosure", format!("{jwt}~{a}~~{b}~{c}~"), "sd-jwt-parts"),
        ("a key-binding JWT", format!("{whole}{jwt}"), "sd-jwt-parts"),
        ("one disclosure missing", sd_jwt(&jwt, &[&a, &c]), "disclosure-missing"),
        ("all disclosures missing", format!("{jwt}~"), "disclosure-missing"),
        ("a disclosure no digest names", sd_jwt(&jwt, &[&a, &b, &c, &stranger]), "disclosure-unreferenced"),
        ("a disclosure with another value", sd_jwt(&jwt, &[&changed, &b, &c]), "disclosure-unreferenced"),
        ("a disclosure twice", sd_jwt(&jwt, &[&a, &b, &c, &a]), "disclosure-duplicate"),
        ("two disclosures of one name in one class", one_name_twice(), "disclosure-duplicate-name"),
        ("a line break at the end", format!("{whole}\n"), "sd-jwt-parts"),
        ("a disclosure that is not base64url", format!("{jwt}~{a}=~{b}~{c}~"), "base64url"),
    ]
    .map(|(name, input, code)| signed(format!("sd-jwt: {name}"), "sd-jwt", input, Some(code)))
    .into()
}

fn one_name_twice() -> String {
    let one = disclosure(&format!(r#"["{}","note",1]"#, salt(1)));
    let two = disclosure(&format!(r#"["{}","note",2]"#, salt(2)));
    let data = format!(r#"{{"narrative":{}}}"#, class(&[&one, &two]));
    sd_jwt(&jwt(&payload_with(&data)), &[&one, &two])
}

/// The greatest length, and one more.
fn sized() -> Vec<Case> {
    vec![
        signed("sd-jwt: of the greatest length", "sd-jwt", filled(MAX_SD_JWT), None),
        signed("sd-jwt: too long", "sd-jwt", filled(MAX_SD_JWT + 1), Some("too-large")),
    ]
}

/// An SD-JWT of `length` bytes: 26 disclosures of the greatest length, and one for the rest.
fn filled(length: usize) -> String {
    let with = |lengths: [usize; 27]| {
        let encoded: Vec<String> =
            lengths.into_iter().zip(0..).map(|(length, n)| long_disclosure(n, length)).collect();
        let encoded: Vec<&str> = encoded.iter().map(String::as_str).collect();
        sd_jwt(&jwt(&payload_with(&format!(r#"{{"narrative":{}}}"#, class(&encoded)))), &encoded)
    };
    let mut lengths = [MAX_DISCLOSURE; 27];
    lengths[26] = 100;
    lengths[26] += length - with(lengths).len();
    // No base64url text has a length of 4n + 1.
    if lengths[26] % 4 == 1 {
        lengths[26] += 1;
        lengths[0] -= 1;
    }
    let filled = with(lengths);
    assert_eq!(filled.len(), length);
    filled
}
