//! The event: header and payload of the signed JWT, read strictly.

use serde::{Deserialize, Serialize};
use uuid::{Uuid, Variant};

use crate::selective::{self, is_reserved};
use crate::{
    Class, Digest, EventError, Json, Kid, PublicKey, Stream, Timestamp, b64, jws, names, parse_json,
};

/// The `typ` of an event's header.
pub const TYP: &str = "case-event+sd-jwt";

/// A checkpoint the signer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its tree size, at least 1.
    pub size: u64,
    /// Its root hash.
    #[serde(with = "root_text")]
    pub root: [u8; 32],
}

/// A signed event, its signature not checked yet: see [`Event::verify`].
///
/// The fields are the payload's members (`docs/ledger-format.md` §2). They mirror [`jwt`](Self::jwt), which is
/// what is stored, hashed and proved.
#[derive(Debug, Clone)]
pub struct Event {
    /// The JWT as signed: ASCII, at most 60,000 bytes.
    pub jwt: String,
    /// The key said to have signed it.
    pub kid: Kid,
    /// The agency that speaks, or `ledger`.
    pub iss: String,
    /// The officer or service inside it.
    pub sub: String,
    /// The officer on whose behalf a service signs.
    pub act: Option<String>,
    /// The origin of the ledger it is meant for.
    pub aud: String,
    /// A UUID of version 7: the idempotency key.
    pub jti: Uuid,
    /// When it was signed, Unix seconds, by the signer's clock.
    pub iat: u64,
    /// When the act happened, as claimed.
    pub occurred: Option<Timestamp>,
    /// The stream it belongs to.
    pub stream: Stream,
    /// Its position there, from 0.
    pub seq: u64,
    /// Hash of the event before it there; present exactly when `seq` ≥ 1.
    pub prev: Option<Digest>,
    /// A checkpoint the signer holds. Where it is mandatory is for the ledger and the audit to say.
    pub seen: Option<Seen>,
    /// The event's type, such as `referral.accepted` (member `type`).
    pub event_type: String,
    /// The version of the type's schema, 1 to 9999.
    pub v: u16,
    /// The *open* members of `data`: an object, without its class members.
    pub data: Json,
    /// The digests per class, from `data.<class>._sd`: classes as they stand in `data`, digests ascending.
    pub digests: Vec<(Class, Vec<Digest>)>,
    signature: [u8; 64],
}

impl Event {
    /// Reads the JWT of an event. The signature's form is checked, not the signature. Refused: as
    /// [`jws::parse`], and `payload-…`, `sd-…`.
    pub fn parse(jwt: &str) -> Result<Self, EventError> {
        let parts = jws::parse(jwt, TYP)?;
        let Json::Object(members) = parse_json(&parts.payload)? else {
            return Err(EventError::PayloadNotObject);
        };
        let mut read = Members::default();
        for (name, value) in members {
            read.take(name, value)?;
        }
        read.finish(jwt, &parts)
    }

    /// SHA-256 over the JWT: what the next event of the stream names as `prev`.
    pub fn hash(&self) -> Digest {
        Digest::of(&self.jwt)
    }

    /// What is signed: the JWT up to its second dot.
    pub fn signing_input(&self) -> &str {
        self.jwt.rsplit_once('.').map_or("", |(input, _)| input)
    }

    /// R and S.
    pub fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// Checks the signature. Refused: `signature-kid` if `key` is not the one the event names, and as
    /// [`PublicKey::verify`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), EventError> {
        jws::verify(self.kid, self.signing_input(), &self.signature, key)
    }

    /// The class in which `digest` stands, if it does.
    pub fn class_of(&self, digest: &Digest) -> Option<Class> {
        self.digests.iter().find(|(_, digests)| digests.contains(digest)).map(|(class, _)| *class)
    }
}

/// The payload's members as they come by.
#[derive(Default)]
struct Members {
    iss: Option<String>,
    sub: Option<String>,
    act: Option<String>,
    aud: Option<String>,
    jti: Option<Uuid>,
    iat: Option<u64>,
    occurred: Option<Timestamp>,
    stream: Option<Stream>,
    seq: Option<u64>,
    prev: Option<Digest>,
    seen: Option<Seen>,
    event_type: Option<String>,
    v: Option<u16>,
    data: Option<selective::OpenAndHidden>,
    sd_alg: bool,
}

impl Members {
    fn take(&mut self, name: String, value: Json) -> Result<(), EventError> {
        match name.as_str() {
            "iss" => self.iss = Some(text("iss", value, names::is_label)?),
            "sub" => self.sub = Some(text("sub", value, names::is_officer_id)?),
            "act" => self.act = Some(text("act", value, names::is_officer_id)?),
            "aud" => self.aud = Some(text("aud", value, names::is_origin)?),
            "jti" => self.jti = Some(read("jti", &value, |v| v.as_str().and_then(read_jti))?),
            "iat" => self.iat = Some(read("iat", &value, Json::as_u64)?),
            "occurred" => {
                self.occurred = Some(read("occurred", &value, |v| v.as_str().and_then(Timestamp::parse))?);
            }
            "stream" => self.stream = Some(read("stream", &value, |v| v.as_str().and_then(Stream::parse))?),
            "seq" => self.seq = Some(read("seq", &value, Json::as_u64)?),
            "prev" => self.prev = Some(read("prev", &value, |v| Digest::parse(v.as_str()?).ok())?),
            "seen" => self.seen = Some(read("seen", &value, read_seen)?),
            "type" => self.event_type = Some(text("type", value, names::is_event_type)?),
            "v" => self.v = Some(read("v", &value, read_version)?),
            "data" => match value {
                Json::Object(members) => self.data = Some(selective::part(members)?),
                _ => return Err(EventError::PayloadMemberInvalid("data")),
            },
            "_sd_alg" if value.as_str() == Some("sha-256") => self.sd_alg = true,
            "_sd_alg" => return Err(EventError::SdAlg),
            reserved if is_reserved(reserved) => return Err(EventError::SdMisplaced),
            _ => return Err(EventError::PayloadMemberUnknown(name)),
        }
        Ok(())
    }

    fn finish(self, jwt: &str, parts: &jws::Jws<'_>) -> Result<Event, EventError> {
        let missing = EventError::PayloadMemberMissing;
        let seq = self.seq.ok_or(missing("seq"))?;
        match (&self.prev, seq) {
            (Some(_), 0) => return Err(EventError::PayloadMemberInvalid("prev")),
            (None, 1..) => return Err(missing("prev")),
            _ => {}
        }
        if !self.sd_alg {
            return Err(missing("_sd_alg"));
        }
        let (open, digests) = self.data.ok_or(missing("data"))?;
        Ok(Event {
            jwt: jwt.to_owned(),
            kid: parts.kid,
            iss: self.iss.ok_or(missing("iss"))?,
            sub: self.sub.ok_or(missing("sub"))?,
            act: self.act,
            aud: self.aud.ok_or(missing("aud"))?,
            jti: self.jti.ok_or(missing("jti"))?,
            iat: self.iat.ok_or(missing("iat"))?,
            occurred: self.occurred,
            stream: self.stream.ok_or(missing("stream"))?,
            seq,
            prev: self.prev,
            seen: self.seen,
            event_type: self.event_type.ok_or(missing("type"))?,
            v: self.v.ok_or(missing("v"))?,
            data: Json::Object(open),
            digests,
            signature: parts.signature,
        })
    }
}

fn read<T>(
    member: &'static str,
    value: &Json,
    as_type: impl Fn(&Json) -> Option<T>,
) -> Result<T, EventError> {
    as_type(value).ok_or(EventError::PayloadMemberInvalid(member))
}

fn text(member: &'static str, value: Json, is: impl Fn(&str) -> bool) -> Result<String, EventError> {
    match value {
        Json::String(text) if is(&text) => Ok(text),
        _ => Err(EventError::PayloadMemberInvalid(member)),
    }
}

/// The canonical form only: lower case, with hyphens.
fn read_jti(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    let canonical = uuid.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text;
    let version = uuid.get_version_num() == 7 && uuid.get_variant() == Variant::RFC4122;
    (canonical && version).then_some(uuid)
}

fn read_seen(value: &Json) -> Option<Seen> {
    let members = value.as_object()?;
    let size = value.get("size")?.as_u64().filter(|size| *size >= 1)?;
    let root = b64::decode_array(value.get("root")?.as_str()?, "root").ok()?;
    (members.len() == 2).then_some(Seen { size, root })
}

fn read_version(value: &Json) -> Option<u16> {
    value.as_u64()?.try_into().ok().filter(|version| (1..=9999).contains(version))
}

mod root_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::b64;

    pub(super) fn serialize<S: Serializer>(root: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&b64::encode(root))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(deserializer)?;
        b64::decode_array(text, "root").map_err(serde::de::Error::custom)
    }
}
