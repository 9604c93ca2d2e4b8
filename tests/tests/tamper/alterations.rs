//! What is done to the ledger, by name, and what has to come of it. The tables are in the modules that use this one.

use serde_json::Value;
use sijill_event::{Disclosure, Entry, Json, b64};

use crate::operator::{Operator, Stored};

/// Faults that must be found: code and index. No *other code* may be found; of these codes there may be more.
pub(crate) type Faults = Vec<(&'static str, Option<u64>)>;

/// Who notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// Any audit with the trust file.
    Trust,
    /// Whoever holds a newer checkpoint or the altered entry's receipt; nobody else can.
    Holder,
}

/// An alteration.
pub(crate) struct Alteration {
    pub(crate) name: &'static str,
    pub(crate) by: By,
    /// Does it, and says what has to be found. The operator covers its tracks where the name does not say otherwise.
    pub(crate) apply: fn(&mut Operator<'_>) -> Faults,
}

/// A row of a table.
pub(crate) const fn row(name: &'static str, by: By, apply: fn(&mut Operator<'_>) -> Faults) -> Alteration {
    Alteration { name, by, apply }
}

pub(crate) fn at(index: u64) -> usize {
    usize::try_from(index).expect("fits")
}

/// The first entry from some way in that satisfies this.
pub(crate) fn find(o: &Operator<'_>, from: usize, fits: impl Fn(&Operator<'_>, u64, &Entry) -> bool) -> u64 {
    let entries = o.made.entries.iter().enumerate().skip(from);
    let mut fitting =
        entries.map(|(index, entry)| (index as u64, entry)).filter(|(index, entry)| fits(o, *index, entry));
    fitting.next().expect("there is such an entry").0
}

/// A plain event in the midst of a case: others follow in its stream, it names nobody and hides nothing.
pub(crate) fn middle(o: &Operator<'_>) -> u64 {
    find(o, o.made.entries.len() / 2, |o, i, entry| {
        let event = &entry.event;
        event.seq > 0 && event.digests.is_empty() && event.data.get("to").is_none() && next_of(o, i).is_some()
    })
}

pub(crate) fn last_of_a_case(o: &Operator<'_>, from: usize) -> u64 {
    find(o, from, |o, i, entry| {
        let event = &entry.event;
        event.data.get("step").is_some() && event.digests.is_empty() && next_of(o, i).is_none()
    })
}

/// An event with at least four disclosures; `skip` such are passed over.
pub(crate) fn with_disclosures(o: &Operator<'_>, skip: usize) -> u64 {
    let mut from = o.made.entries.len() / 3;
    for _ in 0..=skip {
        from = at(find(o, from, |_, _, entry| {
            entry.event.digests.iter().map(|(_, all)| all.len()).sum::<usize>() > 3
        })) + 1;
    }
    from as u64 - 1
}

/// The first entry of a batch that came later than the one before it.
pub(crate) fn batch_start(o: &Operator<'_>, from: usize) -> u64 {
    find(o, from, |o, i, entry| o.made.entries[at(i - 1)].received < entry.received)
}

/// Index of the next event of the entry's stream.
pub(crate) fn next_of(o: &Operator<'_>, index: u64) -> Option<u64> {
    let stream = &o.made.entries[at(index)].event.stream;
    let later = o.made.entries.iter().enumerate().skip(at(index) + 1);
    later.filter(|(_, entry)| entry.event.stream == *stream).map(|(index, _)| index as u64).next()
}

/// The first entry whose author saw a tree that covers this one: from there on its signature contradicts the change.
pub(crate) fn seen(o: &Operator<'_>, index: u64) -> (&'static str, Option<u64>) {
    let covers = |entry: &Entry| entry.event.seen.is_some_and(|seen| seen.size > index);
    ("seen-mismatch", o.made.entries.iter().position(covers).map(|index| index as u64))
}

pub(crate) fn shifted((code, index): (&'static str, Option<u64>), by: i64) -> (&'static str, Option<u64>) {
    (code, index.map(|index| index.checked_add_signed(by).expect("fits")))
}

/// What a changed entry leaves behind where nobody covers it: the root, and the tile it stands in.
pub(crate) fn bare(index: u64) -> Faults {
    vec![("root", None), ("root", Some(index / 256 * 256))]
}

pub(crate) fn payload_of(entry: &Entry) -> Value {
    let payload = entry.event.jwt.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&b64::decode(payload, "payload").expect("base64url")).expect("JSON")
}

/// Appends an event and covers it; it has to be found out by this code.
pub(crate) fn one(o: &mut Operator<'_>, signed: &sijill_event::SdJwt, code: &'static str) -> Faults {
    let i = o.append(signed);
    o.cover();
    vec![(code, Some(i))]
}

/// A disclosure of the same name with another value.
pub(crate) fn forged(o: &mut Operator<'_>, stored: &Stored, name: Option<&str>) -> String {
    let text = o.read(stored);
    let old = Disclosure::parse(&text).expect("a disclosure");
    let value = if name.is_some() { old.value.clone() } else { Json::from("forged") };
    let new = Disclosure::new(salt_of(&text), name.unwrap_or(&old.name), value).expect("a disclosure");
    new.encoded().to_owned()
}

pub(crate) fn salt_of(disclosure: &str) -> [u8; 16] {
    let parts = b64::decode(disclosure, "a disclosure").expect("base64url");
    let parts: Value = serde_json::from_slice(&parts).expect("JSON");
    b64::decode_array(parts[0].as_str().expect("a salt"), "a salt").expect("16 bytes")
}
