//! What can be said of an entry by itself, or beside hashes: done for many entries at once, on all cores.

use sijill_casework::catalogue::Facts;
use sijill_event::{Class, Digest, Disclosure, Entry, Event, Json, PublicKey, Stream, StreamKind};
use sijill_log::{Hash, leaf_hash};

use crate::prints::{Print, Printer};
use crate::rules::is_casework;

/// An entry as read.
pub(crate) struct Examined {
    pub(crate) index: u64,
    pub(crate) leaf: Hash,
    /// The entry, or why it is none.
    pub(crate) read: Result<Box<Read>, String>,
}

/// A well-formed entry.
pub(crate) struct Read {
    pub(crate) entry: Entry,
    /// Hash of the event.
    pub(crate) hash: Digest,
    /// The keys that stand in it, if it is of a stream that can introduce keys.
    pub(crate) keys: Vec<PublicKey>,
    pub(crate) stream: Print,
    pub(crate) jti: Print,
    pub(crate) digests: Vec<Print>,
    /// Whether the signature is valid; `None` if no entry so far tried to introduce the key.
    pub(crate) signature: Option<bool>,
    pub(crate) seen: Seen,
    pub(crate) delivered: Delivered,
}

/// What became of `seen`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It is the root at that size, or there is none to judge.
    #[default]
    Good,
    /// A size above the entry's index.
    TooLarge,
    /// Another root.
    Wrong,
    /// Entries below that size are not there.
    Unjudged,
}

/// What became of an entry's disclosures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// The first thing that does not fit.
    pub(crate) mismatch: Option<&'static str>,
    /// Digests without a disclosure.
    pub(crate) absent: Vec<Digest>,
    /// The casework values of an event of a case or contact; `None` for other events.
    pub(crate) facts: Option<Facts>,
}

/// What every entry is read with.
pub(crate) struct Examiner {
    pub(crate) origin: String,
    pub(crate) prints: Printer,
}

impl Examiner {
    pub(crate) fn examine(&self, index: u64, bytes: &[u8]) -> Examined {
        Examined { index, leaf: leaf_hash(bytes), read: self.read(index, bytes).map(Box::new) }
    }

    fn read(&self, index: u64, bytes: &[u8]) -> Result<Read, String> {
        let entry = Entry::parse(bytes).map_err(|error| format!("{} ({})", error, error.code()))?;
        let event = &entry.event;
        if event.aud != self.origin {
            return Err(format!("the event is for another ledger, {}", event.aud));
        }
        match (index, &event.seen) {
            (0, Some(_)) => return Err("entry 0 has seen nothing, yet it has `seen`".to_owned()),
            (1.., None) => return Err("the event has no `seen`".to_owned()),
            _ => {}
        }
        let digests = event.digests.iter().flat_map(|(_, digests)| digests);
        Ok(Read {
            hash: event.hash(),
            keys: if introduces(&event.stream) { keys_in(&event.data) } else { Vec::new() },
            stream: self.prints.of(event.stream.as_str()),
            jti: self.prints.of(event.jti.as_bytes()),
            digests: digests.map(|digest| self.prints.of(digest.as_bytes())).collect(),
            signature: None,
            seen: Seen::Good,
            delivered: Delivered::default(),
            entry,
        })
    }
}

/// Whether entries of the stream introduce keys: those of the registry of authority.
pub(crate) fn introduces(stream: &Stream) -> bool {
    matches!(stream.kind(), StreamKind::Ledger | StreamKind::Agency)
}

/// Every key that stands below `data`, at any depth.
fn keys_in(data: &Json) -> Vec<PublicKey> {
    fn collect(value: &Json, keys: &mut Vec<PublicKey>) {
        match value {
            Json::Array(elements) => elements.iter().for_each(|element| collect(element, keys)),
            Json::Object(members) => match PublicKey::from_jwk(value) {
                Ok(key) => keys.push(key),
                Err(_) => members.iter().for_each(|(_, member)| collect(member, keys)),
            },
            _ => {}
        }
    }
    let mut keys = Vec::new();
    data.as_object().into_iter().flatten().for_each(|(_, member)| collect(member, &mut keys));
    keys
}

/// Judges the disclosures delivered with an event: each well formed, one of its digests, once, and no two of a class with
/// one name.
pub(crate) fn deliver<'a>(event: &Event, disclosures: impl Iterator<Item = &'a str>) -> Delivered {
    let total = event.digests.iter().map(|(_, digests)| digests.len()).sum::<usize>();
    let (mut here, mut names): (Vec<Digest>, Vec<(Class, String)>) = (Vec::new(), Vec::new());
    let mut values = std::collections::BTreeMap::new();
    let mut judge = |text: &str| {
        let digest = Digest::of(text);
        let class =
            event.class_of(&digest).ok_or("the digest of a delivered disclosure is not in the event")?;
        if here.contains(&digest) {
            return Err("a disclosure is delivered twice");
        }
        here.push(digest);
        let Disclosure { name, value, .. } =
            Disclosure::parse(text).map_err(|_| "a delivered disclosure is malformed")?;
        if names.contains(&(class, name.clone())) {
            return Err("two delivered disclosures of one class have the same name");
        }
        if class == Class::Casework {
            values.insert(name.clone(), value);
        }
        names.push((class, name));
        Ok(())
    };
    let mut mismatch = None;
    for text in disclosures {
        if let Err(why) = judge(text) {
            mismatch.get_or_insert(why);
        }
    }
    let mut absent = Vec::new();
    if here.len() < total {
        let digests = event.digests.iter().flat_map(|(_, digests)| digests);
        absent.extend(digests.filter(|digest| !here.contains(digest)));
    }
    let facts = is_casework(&event.stream).then(|| {
        let casework = event.digests.iter().filter(|(class, _)| *class == Class::Casework);
        let wanted: usize = casework.map(|(_, digests)| digests.len()).sum();
        if values.len() == wanted { Facts::Known(values) } else { Facts::Withheld }
    });
    Delivered { mismatch, absent, facts }
}
