//! `schemas/vectors/event.json`: what every implementation of the format must accept and refuse.
//!
//! The file is generated here, from fixed keys and salts, and compared, so it cannot go stale. After a
//! change of the format: `UPDATE_VECTORS=1 cargo test -p sijill-event --test vectors`, and read the diff.

mod forge;
mod golden;
mod hostile_json;
mod hostile_jwt;
mod hostile_sd;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};
use sijill_event::{
    Class, Digest, Disclosure, Entry, Event, EventError, Json, PublicKey, SdJwt, b64, parse_json,
};

const ABOUT: &str = "Events of docs/ledger-format.md, accepted and refused. kind says how the input is to be read: json (a strict \
    JSON document), jwk (a public key), disclosure, jwt (an event's JWT), sd-jwt (with its disclosures complete), entry \
    (<received> <JWT>). Where key is given, the signature is to be checked with it. The input is input; or input_b64, \
    base64url of bytes that are not UTF-8; or input_parts, [text, how often] to be strung together. Every refused \
    input breaks exactly one rule, named by code. For accepted ones, expected holds values to compare.";

/// One vector before it is written: the rest of it follows from reading it.
pub(crate) struct Case {
    name: String,
    kind: &'static str,
    input: Vec<u8>,
    key: Option<PublicKey>,
    /// `None`: to be accepted.
    code: Option<&'static str>,
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schemas/vectors/event.json")
}

fn read_file() -> String {
    std::fs::read_to_string(path()).expect("the vectors are there")
}

fn cases() -> Vec<Case> {
    [golden::cases(), hostile_json::cases(), hostile_jwt::cases(), hostile_sd::cases()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn the_file_is_what_the_generator_writes() {
    let vectors: Vec<Value> = cases().iter().map(vector).collect();
    let lines: Vec<String> = vectors.iter().map(line).collect();
    let file = format!("{{\"about\": {},\n\"vectors\": [\n{}\n]}}\n", json!(ABOUT), lines.join(",\n"));
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(path(), &file).expect("the vectors can be written");
    }
    let found: Value = serde_json::from_str(&read_file()).expect("JSON");
    let made: Value = serde_json::from_str(&file).expect("JSON");
    assert!(
        found == made,
        "schemas/vectors/event.json is stale: run with UPDATE_VECTORS=1 and read the diff"
    );
}

/// Reads the file as another implementation would, knowing nothing of how it was made.
#[test]
fn every_verdict_in_the_file_holds() {
    let file: Value = serde_json::from_str(&read_file()).expect("JSON");
    let vectors = file["vectors"].as_array().expect("an array");
    assert!(vectors.len() > 150, "only {} vectors", vectors.len());
    let mut names = BTreeSet::new();
    for vector in vectors {
        let name = vector["name"].as_str().expect("a name");
        assert!(names.insert(name), "{name} stands twice");
        let key = vector.get("key").map(|jwk| {
            PublicKey::from_jwk(&Json::try_from(jwk.clone()).expect("strict")).expect("a good key")
        });
        let read = read(vector["kind"].as_str().expect("a kind"), &input(vector), key.as_ref());
        match vector["verdict"].as_str() {
            Some("valid") => assert_eq!(read.as_ref(), Ok(&vector["expected"]), "{name}"),
            Some("invalid") => {
                let code = read.as_ref().map_err(EventError::code).expect_err(name);
                assert_eq!(Some(code), vector["code"].as_str(), "{name}");
            }
            verdict => panic!("{name}: verdict {verdict:?}"),
        }
    }
}

#[test]
fn every_code_has_a_hostile_example() {
    let source = include_str!("../../src/error.rs");
    let codes: BTreeSet<&str> =
        source.lines().filter_map(|line| line.split_once(" => \"")?.1.split('"').next()).collect();
    let all = cases();
    let shown: BTreeSet<&str> = all.iter().filter_map(|case| case.code).collect();
    // The one refusal that no input causes.
    let unshown: Vec<_> = codes.difference(&shown).collect();
    assert_eq!(unshown, [&"random-source"]);
    assert!(codes.is_superset(&shown), "a code that does not exist: {:?}", shown.difference(&codes));
}

fn vector(case: &Case) -> Value {
    let read = read(case.kind, &case.input, case.key.as_ref());
    let mut vector = json!({ "name": case.name, "kind": case.kind });
    match str::from_utf8(&case.input) {
        Ok(text) if text.len() > 8_000 => vector["input_parts"] = parts(text),
        Ok(text) => vector["input"] = text.into(),
        Err(_) => vector["input_b64"] = b64::encode(&case.input).into(),
    }
    if let Some(key) = &case.key {
        vector["key"] = serde_json::to_value(key).expect("a JWK");
    }
    match case.code {
        None => {
            vector["verdict"] = "valid".into();
            vector["expected"] = read.unwrap_or_else(|error| panic!("{} is refused: {error}", case.name));
        }
        Some(code) => {
            vector["verdict"] = "invalid".into();
            vector["code"] = code.into();
            assert_eq!(read.map_err(|error| error.code()), Err(code), "{}", case.name);
        }
    }
    vector
}

/// The vector on one line, what a reader looks for first in front.
fn line(vector: &Value) -> String {
    let order = ["name", "kind", "verdict", "code", "expected", "input", "input_b64", "input_parts", "key"];
    let members = order.iter().filter_map(|name| Some(format!("\"{name}\": {}", vector.get(name)?)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
}

/// Reads an input and says what `expected` holds for it.
fn read(kind: &str, input: &[u8], key: Option<&PublicKey>) -> Result<Value, EventError> {
    let text = String::from_utf8_lossy(input);
    let verified = |event: &Event| key.map_or(Ok(()), |key| event.verify(key));
    match kind {
        "json" => Ok(json!({ "compact": parse_json(input)?.to_string() })),
        "jwk" => Ok(json!({ "kid": PublicKey::from_jwk(&parse_json(input)?)?.kid() })),
        "disclosure" => {
            let read = Disclosure::parse(&text)?;
            Ok(json!({ "digest": read.digest(), "name": read.name, "value": read.value }))
        }
        "jwt" => {
            let event = Event::parse(&text)?;
            verified(&event).map(|()| facts(&event))
        }
        "entry" => {
            let entry = Entry::parse(input)?;
            verified(&entry.event)?;
            assert_eq!(entry.format().as_bytes(), input);
            let mut facts = facts(&entry.event);
            facts["received"] = entry.received.into();
            facts["leaf_hash"] = Digest::of([&[0], input].concat()).to_string().into();
            Ok(facts)
        }
        "sd-jwt" => {
            let read = SdJwt::parse(&text)?;
            verified(&read.event)?;
            assert_eq!(read.to_string(), text);
            let mut facts = facts(&read.event);
            facts["disclosed"] = read
                .disclosures
                .iter()
                .map(|(class, d)| json!({ "class": class, "name": d.name, "digest": d.digest() }))
                .collect();
            Ok(facts)
        }
        _ => panic!("no such kind: {kind}"),
    }
}

fn facts(event: &Event) -> Value {
    let digests = |(class, digests): &(Class, Vec<Digest>)| (class.to_string(), json!(digests));
    let digests: serde_json::Map<_, _> = event.digests.iter().map(digests).collect();
    json!({ "kid": event.kid, "hash": event.hash(), "digests": digests })
}

fn input(vector: &Value) -> Vec<u8> {
    if let Some(text) = vector.get("input_b64") {
        return b64::decode(text.as_str().expect("text"), "input_b64").expect("base64url");
    }
    if let Some(parts) = vector.get("input_parts") {
        let part = |part: &Value| {
            let times = part[1].as_u64().expect("a number").try_into().expect("a small number");
            part[0].as_str().expect("text").repeat(times)
        };
        return parts.as_array().expect("an array").iter().flat_map(|p| part(p).into_bytes()).collect();
    }
    vector["input"].as_str().expect("an input").into()
}

/// Writes a long ASCII text as [text, times] by finding runs of four characters.
fn parts(text: &str) -> Value {
    let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
    while let Some(unit) = rest.get(..4) {
        let times = rest.as_bytes().chunks(4).take_while(|chunk| *chunk == unit.as_bytes()).count();
        if times < 100 {
            plain.push_str(&rest[..1]);
            rest = &rest[1..];
            continue;
        }
        parts.push(json!([std::mem::take(&mut plain), 1]));
        parts.push(json!([unit, times]));
        rest = &rest[4 * times..];
    }
    plain.push_str(rest);
    parts.push(json!([plain, 1]));
    Value::Array(parts)
}
