//! Makes events by hand, so that they can be made wrong.

use sijill_event::{Digest, SigningKey, TYP, b64, jws};

use crate::Case;

/// The key that signs the vectors.
pub(crate) fn key() -> SigningKey {
    SigningKey::from_seed(&[1; 32]).expect("a good key")
}

/// Another key.
pub(crate) fn other_key() -> SigningKey {
    SigningKey::from_seed(&[2; 32]).expect("a good key")
}

/// The encoded disclosure of this JSON text.
pub(crate) fn disclosure(json: &str) -> String {
    b64::encode(json)
}

/// A salt as text: 16 times the byte `n`.
pub(crate) fn salt(n: u8) -> String {
    b64::encode([n; 16])
}

pub(crate) fn digest_of(encoded: &str) -> String {
    Digest::of(encoded).to_string()
}

/// `{"_sd": […]}` of these disclosures, sorted.
pub(crate) fn class(encoded: &[&str]) -> String {
    let mut digests: Vec<String> = encoded.iter().map(|e| format!("\"{}\"", digest_of(e))).collect();
    digests.sort_unstable();
    format!(r#"{{"_sd":[{}]}}"#, digests.join(","))
}

/// Three good disclosures: two of class `casework`, one of `narrative`.
pub(crate) fn disclosures() -> [String; 3] {
    [
        disclosure(&format!(r#"["{}","priority","high"]"#, salt(1))),
        disclosure(&format!(r#"["{}","deadline",null]"#, salt(2))),
        disclosure(&format!(r#"["{}","note",{{"ar":"نص","en":"text"}}]"#, salt(3))),
    ]
}

/// A good payload with every member, in the order a draft writes them.
pub(crate) fn payload() -> String {
    let [priority, deadline, note] = disclosures();
    let (casework, narrative) = (class(&[&priority, &deadline]), class(&[&note]));
    payload_with(&format!(r#"{{"to":{{"agency":"mosd"}},"casework":{casework},"narrative":{narrative}}}"#))
}

/// A good payload with this `data`.
pub(crate) fn payload_with(data: &str) -> String {
    let (prev, root) = (digest_of("prev"), digest_of("root"));
    [
        r#"{"iss":"moh","sub":"intake-3","act":"dr.salim_2","aud":"ledger.example/2026","#,
        r#""jti":"0198f3c2-5a00-7abc-9def-0123456789ab","iat":1756000000,"occurred":"2025-08-24T09:30:00+04:00","#,
        &format!(r#""stream":"case/7Q-1","seq":3,"prev":"{prev}","seen":{{"size":41,"root":"{root}"}},"#),
        &format!(r#""type":"referral.accepted","v":1,"data":{data},"_sd_alg":"sha-256"}}"#),
    ]
    .concat()
}

/// `text` with its one occurrence of `from` replaced.
pub(crate) fn replaced(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "`{from}` must occur once in {text}");
    text.replacen(from, to, 1)
}

/// A JWT over this payload, properly signed.
pub(crate) fn jwt(payload: &str) -> String {
    jws::sign(payload.as_bytes(), TYP, &key())
}

/// A JWT with this header over the good payload, properly signed.
pub(crate) fn jwt_with_header(header: &str) -> String {
    jwt_of(header, &payload())
}

/// A JWT of this header and payload, properly signed.
pub(crate) fn jwt_of(header: &str, payload: &str) -> String {
    let signing_input = format!("{}.{}", b64::encode(header), b64::encode(payload));
    let signature = key().sign(signing_input.as_bytes());
    format!("{signing_input}.{}", b64::encode(signature))
}

/// The header `jwt` writes.
pub(crate) fn header() -> String {
    format!(r#"{{"alg":"Ed25519","typ":"{TYP}","kid":"{}"}}"#, key().public().kid())
}

pub(crate) fn sd_jwt(jwt: &str, disclosures: &[&str]) -> String {
    let delivered: String = disclosures.iter().flat_map(|encoded| [encoded, "~"]).collect();
    format!("{jwt}~{delivered}")
}

/// A case whose signature is to be checked, with the key that signed.
pub(crate) fn signed(
    name: impl Into<String>,
    kind: &'static str,
    input: impl Into<Vec<u8>>,
    code: Option<&'static str>,
) -> Case {
    Case { key: Some(key().public().clone()), ..plain(name, kind, input, code) }
}

/// A case without a signature.
pub(crate) fn plain(
    name: impl Into<String>,
    kind: &'static str,
    input: impl Into<Vec<u8>>,
    code: Option<&'static str>,
) -> Case {
    Case { name: name.into(), kind, input: input.into(), key: None, code }
}
