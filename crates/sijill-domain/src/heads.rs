//! Heads: what the two maps of `heads.committed` hold, and proofs of it (`docs/ledger-format.md`, Annex E).
//!
//! ```text
//! streams   SHA-256(stream) → SHA-256(seq ‖ hash of the JWT)     its last event
//! keys      SHA-256(kid)    → SHA-256(status)                    whose it is, and where in the log it is good
//! ```

use sijill_event::{Digest, Json, Kid, Stream, names};
use sijill_log::{Hash, LogError, MapProof, map::MAX_SIBLINGS};

use crate::{KeyRecord, Owner};

/// Where a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// `seq` of its last event.
    pub seq: u64,
    /// SHA-256 of that event's JWT.
    pub last: Digest,
}

impl Head {
    /// Under which key the map has a stream.
    pub fn key(stream: &str) -> Hash {
        Hash(Digest::of(stream).0)
    }

    /// What the map has there.
    pub fn value(&self) -> Hash {
        let mut bytes = [0; 40];
        bytes[..8].copy_from_slice(&self.seq.to_be_bytes());
        bytes[8..].copy_from_slice(self.last.as_bytes());
        Hash(Digest::of(bytes).0)
    }
}

/// Whose a key is, and where in the log it is good: at index *i* if `added` < *i* ≤ `revoked`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStatus {
    /// Its owner's `iss`.
    pub iss: String,
    /// Its owner's `sub`.
    pub sub: String,
    /// As [`KeyRecord::added`].
    pub added: u64,
    /// As [`KeyRecord::revoked`].
    pub revoked: Option<u64>,
    /// As [`KeyRecord::disputed_since`].
    pub since: Option<u64>,
}

impl KeyStatus {
    /// The status of a key that may sign events; `None` for the one that signs checkpoints.
    pub fn of(record: &KeyRecord) -> Option<Self> {
        let Owner::Signer(signer) = &record.owner else { return None };
        let (iss, sub) = signer.iss_sub();
        let KeyRecord { added, revoked, disputed_since: since, .. } = *record;
        Some(Self { iss: iss.to_owned(), sub: sub.to_owned(), added, revoked, since })
    }

    /// Under which key the map has it.
    pub fn key(kid: &Kid) -> Hash {
        Hash(Digest::of(kid.to_string()).0)
    }

    /// What the map has there.
    pub fn value(&self) -> Hash {
        let or_none =
            |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let Self { iss, sub, added, revoked, since } = self;
        let text = format!("{iss} {sub} {added} {} {}", or_none(*revoked), or_none(*since));
        Hash(Digest::of(text).0)
    }
}

/// Shows where a stream ended, or that it had no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamProof {
    /// The stream.
    pub stream: Stream,
    /// Where it ended; `None` if it was empty.
    pub head: Option<Head>,
    /// The way there.
    pub proof: MapProof,
}

impl StreamProof {
    /// Whether it leads to this root of streams.
    ///
    /// # Errors
    /// As [`MapProof::verify`].
    pub fn verify(&self, streams: &Digest) -> Result<(), LogError> {
        let value = self.head.map(|head| head.value());
        self.proof.verify(&Head::key(self.stream.as_str()), value.as_ref(), &Hash(streams.0))
    }

    /// Reads one; `None` if it is malformed.
    pub fn read(json: &Json) -> Option<Self> {
        only(json, &["stream", "head", "siblings", "leaf"])?;
        let head = |json: &Json| {
            only(json, &["seq", "last"])?;
            Some(Head { seq: json.get("seq")?.as_u64()?, last: digest(json.get("last")?)? })
        };
        let stream = Stream::parse(json.get("stream")?.as_str()?)?;
        let head = maybe(json, "head", head).ok()?;
        Some(Self { stream, head, proof: map_proof(json, head.is_some())? })
    }

    /// As it is written.
    pub fn to_json(&self) -> Json {
        let head = self.head.map(|head| {
            let seq = Json::try_from(head.seq).unwrap_or(Json::Null);
            ("head", Json::object([("seq", seq), ("last", head.last.to_string().into())]))
        });
        let stream = ("stream", Json::from(self.stream.as_str()));
        Json::object([stream].into_iter().chain(head).chain(map_members(&self.proof)))
    }
}

/// Shows what authority knew of a key, or that it knew none such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyProof {
    /// The key.
    pub kid: Kid,
    /// Its status; `None` if it was not known.
    pub status: Option<KeyStatus>,
    /// The way there.
    pub proof: MapProof,
}

impl KeyProof {
    /// Whether it leads to this root of keys.
    ///
    /// # Errors
    /// As [`MapProof::verify`].
    pub fn verify(&self, keys: &Digest) -> Result<(), LogError> {
        let value = self.status.as_ref().map(KeyStatus::value);
        self.proof.verify(&KeyStatus::key(&self.kid), value.as_ref(), &Hash(keys.0))
    }

    /// Reads one; `None` if it is malformed.
    pub fn read(json: &Json) -> Option<Self> {
        only(json, &["kid", "status", "siblings", "leaf"])?;
        let status = |json: &Json| {
            only(json, &["iss", "sub", "added", "revoked", "since"])?;
            let text = |name| json.get(name).and_then(Json::as_str);
            Some(KeyStatus {
                iss: text("iss").filter(|iss| names::is_label(iss))?.to_owned(),
                sub: text("sub").filter(|sub| names::is_officer_id(sub))?.to_owned(),
                added: json.get("added")?.as_u64()?,
                revoked: maybe(json, "revoked", Json::as_u64).ok()?,
                since: maybe(json, "since", Json::as_u64).ok()?,
            })
        };
        let kid = Kid::parse(json.get("kid")?.as_str()?).ok()?;
        let status = maybe(json, "status", status).ok()?;
        let proof = map_proof(json, status.is_some())?;
        Some(Self { kid, status, proof })
    }

    /// As it is written.
    pub fn to_json(&self) -> Json {
        let status = self.status.as_ref().map(|status| {
            let number = |name, number: u64| Json::try_from(number).ok().map(|number| (name, number));
            let KeyStatus { iss, sub, added, revoked, since } = status;
            let text = [("iss", Json::from(iss.as_str())), ("sub", Json::from(sub.as_str()))];
            let numbers = [
                number("added", *added),
                revoked.and_then(|revoked| number("revoked", revoked)),
                since.and_then(|since| number("since", since)),
            ];
            ("status", Json::object(text.into_iter().chain(numbers.into_iter().flatten())))
        });
        let kid = ("kid", Json::from(self.kid.to_string()));
        Json::object([kid].into_iter().chain(status).chain(map_members(&self.proof)))
    }
}

/// A `heads.committed` as it stands in the log, with its receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadsRecord {
    /// The entry's index.
    pub index: u64,
    /// When the ledger sequenced it, Unix milliseconds.
    pub received: u64,
    /// The entry.
    pub entry: String,
    /// A C2SP tlog-proof of it, with its checkpoint.
    pub proof: String,
}

/// A record of heads, and proofs that lead to it: all it takes to show offline what the ledger committed itself to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadsProof {
    /// The record.
    pub record: HeadsRecord,
    /// Proofs about streams.
    pub streams: Vec<StreamProof>,
    /// Proofs about keys.
    pub keys: Vec<KeyProof>,
}

impl HeadsProof {
    /// Reads one; `None` if it is malformed. What it proves is not looked at.
    pub fn read(json: &Json) -> Option<Self> {
        only(json, &["record", "streams", "keys"])?;
        let record = only(json.get("record")?, &["index", "received", "entry", "proof"])?;
        let text = |name| Some(record.get(name)?.as_str()?.to_owned());
        let number = |name| record.get(name).and_then(Json::as_u64);
        let record = HeadsRecord {
            index: number("index")?,
            received: number("received")?,
            entry: text("entry")?,
            proof: text("proof")?,
        };
        let all = |name| json.get(name).and_then(Json::as_array);
        Some(Self {
            record,
            streams: all("streams")?.iter().map(StreamProof::read).collect::<Option<_>>()?,
            keys: all("keys")?.iter().map(KeyProof::read).collect::<Option<_>>()?,
        })
    }

    /// As it is written.
    pub fn to_json(&self) -> Json {
        let HeadsRecord { index, received, entry, proof } = &self.record;
        let number = |number: &u64| Json::try_from(*number).unwrap_or(Json::Null);
        let record = Json::object([
            ("index", number(index)),
            ("received", number(received)),
            ("entry", Json::from(entry.as_str())),
            ("proof", Json::from(proof.as_str())),
        ]);
        Json::object([
            ("record", record),
            ("streams", Json::Array(self.streams.iter().map(StreamProof::to_json).collect())),
            ("keys", Json::Array(self.keys.iter().map(KeyProof::to_json).collect())),
        ])
    }
}

/// The members that every proof has; a leaf of another key stands only where nothing is shown to be there.
fn map_proof(json: &Json, shown: bool) -> Option<MapProof> {
    let siblings = json.get("siblings")?.as_array().filter(|siblings| siblings.len() <= MAX_SIBLINGS)?;
    let siblings = siblings.iter().map(hash).collect::<Option<Vec<Hash>>>()?;
    let leaf = |json: &Json| {
        only(json, &["key", "value"])?;
        Some((hash(json.get("key")?)?, hash(json.get("value")?)?))
    };
    let leaf = maybe(json, "leaf", leaf).ok()?;
    (leaf.is_none() || !shown).then_some(MapProof { siblings, leaf })
}

fn map_members(proof: &MapProof) -> impl Iterator<Item = (&'static str, Json)> {
    let text = |hash: &Hash| Json::from(Digest(hash.0).to_string());
    let siblings = ("siblings", Json::Array(proof.siblings.iter().map(text).collect()));
    let leaf = proof.leaf.as_ref();
    let leaf = leaf.map(|(key, value)| ("leaf", Json::object([("key", text(key)), ("value", text(value))])));
    [siblings].into_iter().chain(leaf)
}

/// The object, if it has no members but these.
fn only<'a>(json: &'a Json, names: &[&str]) -> Option<&'a Json> {
    json.as_object()?.iter().all(|(name, _)| names.contains(&name.as_str())).then_some(json)
}

/// A member is there and is not what it has to be.
struct Malformed;

/// A member that may be absent, but not malformed.
fn maybe<T>(json: &Json, name: &str, read: impl Fn(&Json) -> Option<T>) -> Result<Option<T>, Malformed> {
    json.get(name).map(|value| read(value).ok_or(Malformed)).transpose()
}

fn digest(json: &Json) -> Option<Digest> {
    Digest::parse(json.as_str()?).ok()
}

fn hash(json: &Json) -> Option<Hash> {
    digest(json).map(|digest| Hash(digest.0))
}
