//! Writing an event: what an author fills in, salts and signs.

use std::fmt;

use crate::{
    Class, Digest, Disclosure, EventError, Json, SdJwt, Seen, SigningKey, Stream, TYP, Uuid, b64, jws,
    parse_json,
};

/// The payload's members in the order they are written.
const MEMBERS: [&str; 15] = [
    "iss", "sub", "act", "aud", "jti", "iat", "occurred", "stream", "seq", "prev", "seen", "type", "v",
    "data", "_sd_alg",
];

/// An event being written. Nothing is judged before [`sign`](Self::sign), which reads its own result back with
/// [`SdJwt::parse`]: what it returns is what every reader will accept.
///
/// ```
/// # use sijill_event::*;
/// # fn main() -> Result<(), EventError> {
/// let key = SigningKey::generate()?;
/// let case = Stream::new(StreamKind::Case, "7Q").expect("a well-formed id");
/// let signed = Draft::new("referral.accepted", 1)
///     .author("moh", "intake-3")
///     .aud("ledger.example/2026")
///     .at(&case, 0, None)
///     .seen(Seen { size: 1, root: [7; 32] })
///     .jti(Uuid::from_u128(0x0198_f3c2_5a00_7000_8000_0000_0000_0001))
///     .iat(1_756_000_000)
///     .disclose(Class::Casework, "priority", "high".into())
///     .sign(&key)?;
/// signed.event.verify(key.public())
/// # }
/// ```
#[derive(Clone)]
pub struct Draft {
    members: Vec<(String, Json)>,
    open: Vec<(String, Json)>,
    hidden: Vec<(Class, String, Json)>,
}

impl Draft {
    /// An event of this type and schema version.
    pub fn new(event_type: &str, v: u16) -> Self {
        let draft = Self { members: Vec::new(), open: Vec::new(), hidden: Vec::new() };
        draft.set("type", event_type.into()).set("v", Json::Integer(v.into()))
    }

    /// Completes a payload that a server has prepared: the members of §2 as they would be signed, except that
    /// in `data` each class member is an object of *values* by name, and `jti`, `iat` and `_sd_alg` may be
    /// left out. Salts and digests are never the server's to choose: a `_sd` in it is refused at signing.
    ///
    /// Whoever signs what another has prepared looks at it first. Refused: `json-…`, `payload-not-object`,
    /// `payload-member-invalid`; the rest at signing.
    pub fn from_payload_json(payload: &[u8]) -> Result<Self, EventError> {
        let Json::Object(members) = parse_json(payload)? else { return Err(EventError::PayloadNotObject) };
        let mut draft = Self { members: Vec::new(), open: Vec::new(), hidden: Vec::new() };
        for (name, value) in members {
            match (name.as_str(), value) {
                ("data", Json::Object(fields)) => draft.fill(fields)?,
                ("data", _) => return Err(EventError::PayloadMemberInvalid("data")),
                (_, value) => draft.members.push((name, value)),
            }
        }
        Ok(draft)
    }

    fn fill(&mut self, fields: Vec<(String, Json)>) -> Result<(), EventError> {
        for (name, value) in fields {
            match (Class::parse(&name), value) {
                (None, value) => self.open.push((name, value)),
                (Some(class), Json::Object(values)) => {
                    self.hidden.extend(values.into_iter().map(|(field, value)| (class, field, value)));
                }
                (Some(class), _) => return Err(EventError::SdClass(class)),
            }
        }
        Ok(())
    }

    fn set(mut self, name: &str, value: Json) -> Self {
        self.members.retain(|(earlier, _)| earlier != name);
        self.members.push((name.to_owned(), value));
        self
    }

    /// Who speaks: agency and officer (`iss`, `sub`).
    #[must_use]
    pub fn author(self, iss: &str, sub: &str) -> Self {
        self.set("iss", iss.into()).set("sub", sub.into())
    }

    /// The officer on whose behalf a service signs.
    #[must_use]
    pub fn act(self, officer: &str) -> Self {
        self.set("act", officer.into())
    }

    /// The origin of the ledger it is for.
    #[must_use]
    pub fn aud(self, origin: &str) -> Self {
        self.set("aud", origin.into())
    }

    /// The idempotency key: a UUID of version 7.
    #[must_use]
    pub fn jti(self, jti: Uuid) -> Self {
        self.set("jti", jti.to_string().into())
    }

    /// The time of signing, Unix seconds.
    #[must_use]
    pub fn iat(self, seconds: u64) -> Self {
        self.set("iat", integer(seconds))
    }

    /// When the act happened: RFC 3339 with offset.
    #[must_use]
    pub fn occurred(self, date_time: &str) -> Self {
        self.set("occurred", date_time.into())
    }

    /// Where it goes: the stream, the position, and from 1 on the hash of the event before it there.
    #[must_use]
    pub fn at(self, stream: &Stream, seq: u64, prev: Option<Digest>) -> Self {
        let mut draft = self.set("stream", stream.as_str().into()).set("seq", integer(seq));
        draft.members.retain(|(name, _)| name != "prev");
        match prev {
            Some(prev) => draft.set("prev", prev.to_string().into()),
            None => draft,
        }
    }

    /// A checkpoint the signer holds, and should have verified.
    #[must_use]
    pub fn seen(self, seen: Seen) -> Self {
        let root = b64::encode(seen.root).into();
        self.set("seen", Json::object([("size", integer(seen.size)), ("root", root)]))
    }

    /// An open field of `data`: everyone who may see the timeline sees it, for ever.
    #[must_use]
    pub fn open(mut self, name: &str, value: Json) -> Self {
        self.open.push((name.to_owned(), value));
        self
    }

    /// A field that can be withheld and erased. An absent optional field is disclosed as [`Json::Null`].
    #[must_use]
    pub fn disclose(mut self, class: Class, name: &str, value: Json) -> Self {
        self.hidden.push((class, name.to_owned(), value));
        self
    }

    /// Signs with salts from the operating system. Signing again draws new ones. Refused: `random-source`, and
    /// as [`SdJwt::parse`].
    pub fn sign(&self, key: &SigningKey) -> Result<SdJwt, EventError> {
        self.sign_salted(key, || {
            let mut salt = [0; 16];
            getrandom::fill(&mut salt).map_err(|_| EventError::RandomSource)?;
            Ok(salt)
        })
    }

    /// As [`sign`](Self::sign), with salts from `salts`: one call per disclosure, in the order of
    /// [`disclose`](Self::disclose). For tests and simulation, where everything must come out the same again.
    pub fn sign_salted(
        &self,
        key: &SigningKey,
        mut salts: impl FnMut() -> Result<[u8; 16], EventError>,
    ) -> Result<SdJwt, EventError> {
        let mut disclosures = Vec::with_capacity(self.hidden.len());
        for (class, name, value) in &self.hidden {
            disclosures.push((*class, Disclosure::new(salts()?, name, value.clone())?));
        }
        let mut compact = jws::sign(self.payload(&disclosures).to_string().as_bytes(), TYP, key);
        compact.push('~');
        for (_, disclosure) in &disclosures {
            compact.push_str(disclosure.encoded());
            compact.push('~');
        }
        SdJwt::parse(&compact)
    }

    fn payload(&self, disclosures: &[(Class, Disclosure)]) -> Json {
        let mut data = self.open.clone();
        for class in Class::ALL {
            let of_class = disclosures.iter().filter(|(c, _)| *c == class);
            let mut digests: Vec<String> = of_class.map(|(_, d)| d.digest().to_string()).collect();
            digests.sort_unstable();
            if !digests.is_empty() {
                let digests = Json::Array(digests.into_iter().map(Json::String).collect());
                data.push((class.as_str().to_owned(), Json::object([("_sd", digests)])));
            }
        }
        let mut members = self.members.clone();
        members.push(("data".to_owned(), Json::Object(data)));
        if !members.iter().any(|(name, _)| name == "_sd_alg") {
            members.push(("_sd_alg".to_owned(), "sha-256".into()));
        }
        members.sort_by_key(|(name, _)| MEMBERS.iter().position(|member| member == name));
        Json::Object(members)
    }
}

/// A number too large for JSON becomes one that is refused, not one that is another.
fn integer(number: u64) -> Json {
    Json::try_from(number).unwrap_or(Json::Integer(-1))
}

impl fmt::Debug for Draft {
    /// Without the values to be hidden.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden: Vec<_> = self.hidden.iter().map(|(class, name, _)| format!("{class}.{name}")).collect();
        f.debug_struct("Draft")
            .field("members", &self.members)
            .field("open", &self.open)
            .field("hidden", &hidden)
            .finish()
    }
}
