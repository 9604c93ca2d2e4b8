//! Every way in which a document is refused.

use crate::Class;

/// Why a document is refused. [`code`](Self::code) is stable and part of the ledger format: independent
/// implementations return the same one. The text helps a person and may change.
///
/// No variant carries a disclosed value or a salt, so an error may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each variant is its documentation")]
pub enum EventError {
    #[error("{what} is longer than {limit} bytes")]
    TooLarge { what: &'static str, limit: usize },
    #[error("an entry is `<received> <JWT>` with received in decimal milliseconds, no leading zero")]
    EntryFormat,
    #[error("a JWT is three parts separated by two dots")]
    JwsParts,
    #[error("an SD-JWT is `<JWT>~<disclosure>~...~`: every part followed by a tilde, no key binding")]
    SdJwtParts,
    #[error("{0} is not canonical unpadded base64url of the right length")]
    Base64url(&'static str),

    #[error("JSON must be UTF-8 without a byte-order mark")]
    JsonUtf8,
    #[error("not JSON (RFC 8259)")]
    JsonSyntax,
    #[error("a JSON object has two members of the same name")]
    JsonDuplicateMember,
    #[error(
        "JSON numbers are integers of at most 2^53-1 in size, without fraction, exponent, leading zero or -0"
    )]
    JsonNumber,
    #[error("a JSON string or name holds U+0000 or a lone surrogate")]
    JsonString,
    #[error("JSON is nested deeper than 8 levels")]
    JsonDepth,

    #[error("the header is an object of exactly the strings alg, typ and kid")]
    HeaderMember,
    #[error("header `alg` must be Ed25519 or EdDSA")]
    HeaderAlg,
    #[error("header `typ` is not the expected one")]
    HeaderTyp,
    #[error("header `kid` must be a 43-character JWK thumbprint")]
    HeaderKid,

    #[error("the payload is not a JSON object")]
    PayloadNotObject,
    #[error("the payload has an unknown member `{0}`")]
    PayloadMemberUnknown(String),
    #[error("the payload lacks `{0}`")]
    PayloadMemberMissing(&'static str),
    #[error("payload member `{0}` is malformed")]
    PayloadMemberInvalid(&'static str),

    #[error("`_sd`, `...` or `_sd_alg` where it must not be")]
    SdMisplaced,
    #[error("`_sd_alg` must be sha-256")]
    SdAlg,
    #[error("data.{0} must be an object with exactly one member, `_sd`, a non-empty array")]
    SdClass(Class),
    #[error("data.{0}._sd holds something that is not a base64url SHA-256 digest")]
    SdDigest(Class),
    #[error("data.{0}._sd is not in strictly ascending order")]
    SdOrder(Class),
    #[error("a digest stands in two classes")]
    SdDuplicate,

    #[error("a disclosure is an array of exactly salt, name and value")]
    DisclosureSyntax,
    #[error("a disclosure's salt must be base64url of exactly 16 bytes")]
    DisclosureSalt,
    #[error("a disclosure's name must be [a-z][a-z0-9_]* of at most 64 characters")]
    DisclosureName,
    #[error("a disclosure's value holds a member `_sd` or `...`")]
    DisclosureValue,
    #[error("a disclosure is delivered twice")]
    DisclosureDuplicate,
    #[error("two disclosures in class {0} have the same name")]
    DisclosureDuplicateName(Class),
    #[error("a disclosure's digest is not in the event")]
    DisclosureUnreferenced,
    #[error("a digest in class {0} has no disclosure")]
    DisclosureMissing(Class),

    #[error("a public key is a JWK of exactly crv Ed25519, kty OKP and x")]
    KeyJwk,
    #[error("a public key's x must be canonical base64url of 32 bytes")]
    KeyEncoding,
    #[error("the public key is not a point of the curve")]
    KeyNotOnCurve,
    #[error("the public key is not in canonical form")]
    KeyNotCanonical,
    #[error("the public key is of small order: anyone could sign for it")]
    KeySmallOrder,

    #[error("a signature is exactly 64 bytes")]
    SignatureLength,
    #[error("the signature names another key than the one given")]
    SignatureKid,
    #[error("the signature's S is not below the group order")]
    SignatureS,
    #[error("the signature's R is of small order")]
    SignatureRSmallOrder,
    #[error("the signature does not match")]
    SignatureMismatch,

    #[error("the operating system gave no random bytes")]
    RandomSource,
}

impl EventError {
    /// The stable kebab-case code of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::EntryFormat => "entry-format",
            Self::JwsParts => "jws-parts",
            Self::SdJwtParts => "sd-jwt-parts",
            Self::Base64url(_) => "base64url",
            Self::JsonUtf8 => "json-utf8",
            Self::JsonSyntax => "json-syntax",
            Self::JsonDuplicateMember => "json-duplicate-member",
            Self::JsonNumber => "json-number",
            Self::JsonString => "json-string",
            Self::JsonDepth => "json-depth",
            Self::HeaderMember => "header-member",
            Self::HeaderAlg => "header-alg",
            Self::HeaderTyp => "header-typ",
            Self::HeaderKid => "header-kid",
            Self::PayloadNotObject => "payload-not-object",
            Self::PayloadMemberUnknown(_) => "payload-member-unknown",
            Self::PayloadMemberMissing(_) => "payload-member-missing",
            Self::PayloadMemberInvalid(_) => "payload-member-invalid",
            Self::SdMisplaced => "sd-misplaced",
            Self::SdAlg => "sd-alg",
            Self::SdClass(_) => "sd-class",
            Self::SdDigest(_) => "sd-digest",
            Self::SdOrder(_) => "sd-order",
            Self::SdDuplicate => "sd-duplicate",
            Self::DisclosureSyntax => "disclosure-syntax",
            Self::DisclosureSalt => "disclosure-salt",
            Self::DisclosureName => "disclosure-name",
            Self::DisclosureValue => "disclosure-value",
            Self::DisclosureDuplicate => "disclosure-duplicate",
            Self::DisclosureDuplicateName(_) => "disclosure-duplicate-name",
            Self::DisclosureUnreferenced => "disclosure-unreferenced",
            Self::DisclosureMissing(_) => "disclosure-missing",
            Self::KeyJwk => "key-jwk",
            Self::KeyEncoding => "key-encoding",
            Self::KeyNotOnCurve => "key-not-on-curve",
            Self::KeyNotCanonical => "key-not-canonical",
            Self::KeySmallOrder => "key-small-order",
            Self::SignatureLength => "signature-length",
            Self::SignatureKid => "signature-kid",
            Self::SignatureS => "signature-s",
            Self::SignatureRSmallOrder => "signature-r-small-order",
            Self::SignatureMismatch => "signature-mismatch",
            Self::RandomSource => "random-source",
        }
    }
}
