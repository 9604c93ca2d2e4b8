//! Compact JWS (RFC 7515) with Ed25519 and a fixed header: exactly `alg`, `typ`, `kid`.
//!
//! Events are one use (`typ` `case-event+sd-jwt`), OAuth client assertions (RFC 7523) another (`typ` `JWT`).
//! `typ` is always compared, so that a signature made for one purpose is worthless for another (RFC 8725 §3.11).

use crate::{EventError, Json, Kid, PublicKey, SigningKey, b64, parse_json};

/// The longest JWT, in bytes.
pub const MAX_JWT: usize = 60_000;

/// A JWS taken apart; its signature is not checked yet.
#[derive(Debug, Clone)]
pub struct Jws<'a> {
    /// Which key is said to have signed.
    pub kid: Kid,
    /// The payload's bytes.
    pub payload: Vec<u8>,
    /// What is signed: header and payload as they stand, with the dot between them.
    pub signing_input: &'a str,
    /// R and S.
    pub signature: [u8; 64],
}

/// Takes a compact JWS apart. Refused: `too-large`, `jws-parts`, `base64url`, `json-…`, `header-member`,
/// `header-alg`, `header-typ`, `header-kid`, `signature-length`.
pub fn parse<'a>(jwt: &'a str, typ: &str) -> Result<Jws<'a>, EventError> {
    if jwt.len() > MAX_JWT {
        return Err(EventError::TooLarge { what: "the JWT", limit: MAX_JWT });
    }
    let (signing_input, signature) = jwt.rsplit_once('.').ok_or(EventError::JwsParts)?;
    let (header, payload) = signing_input.split_once('.').ok_or(EventError::JwsParts)?;
    if payload.contains('.') {
        return Err(EventError::JwsParts);
    }
    Ok(Jws {
        kid: read_header(&b64::decode(header, "the header")?, typ)?,
        payload: b64::decode(payload, "the payload")?,
        signing_input,
        signature: decode_signature(signature)?,
    })
}

/// A compact JWS over `payload` with `alg` `Ed25519` (RFC 9864).
pub fn sign(payload: &[u8], typ: &str, key: &SigningKey) -> String {
    let kid = key.public().kid().to_string();
    let header = Json::object([("alg", "Ed25519".into()), ("typ", typ.into()), ("kid", kid.into())]);
    let signing_input = format!("{}.{}", b64::encode(header.to_string()), b64::encode(payload));
    let signature = key.sign(signing_input.as_bytes());
    format!("{signing_input}.{}", b64::encode(signature))
}

impl Jws<'_> {
    /// Checks the signature against the key its `kid` stands for. Refused: `signature-kid` if that is another
    /// key, and as [`PublicKey::verify`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), EventError> {
        verify(self.kid, self.signing_input, &self.signature, key)
    }
}

pub(crate) fn verify(
    kid: Kid,
    signing_input: &str,
    signature: &[u8; 64],
    key: &PublicKey,
) -> Result<(), EventError> {
    if kid != key.kid() {
        return Err(EventError::SignatureKid);
    }
    key.verify(signing_input.as_bytes(), signature)
}

pub(crate) fn decode_signature(text: &str) -> Result<[u8; 64], EventError> {
    let bytes = b64::decode(text, "the signature")?;
    bytes.try_into().map_err(|_| EventError::SignatureLength)
}

fn read_header(bytes: &[u8], typ: &str) -> Result<Kid, EventError> {
    let header = parse_json(bytes)?;
    let text = |name| header.get(name).and_then(Json::as_str).ok_or(EventError::HeaderMember);
    let (alg, its_typ, kid) = (text("alg")?, text("typ")?, text("kid")?);
    if header.as_object().is_none_or(|members| members.len() != 3) {
        return Err(EventError::HeaderMember);
    }
    // EdDSA is the older name (RFC 8037); which curve it means is the key's business, and all keys are Ed25519.
    if !matches!(alg, "Ed25519" | "EdDSA") {
        return Err(EventError::HeaderAlg);
    }
    if its_typ != typ {
        return Err(EventError::HeaderTyp);
    }
    Kid::parse(kid).map_err(|_| EventError::HeaderKid)
}
