//! What is done to the ledger, by name, and what has to come of it.

use serde_json::{Value, json};
use sijill_event::{Disclosure, Entry, Json, SigningKey, b64, jws};
use sijill_tests::made::{Actor, ORIGIN, enrolment};
use sqlx::Row;

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

const fn row(name: &'static str, by: By, apply: fn(&mut Operator<'_>) -> Faults) -> Alteration {
    Alteration { name, by, apply }
}

pub(crate) const ALTERATIONS: &[Alteration] = &[
    // Entries, by the operator alone.
    row("received back-dated by an hour", By::Trust, |o| back_dated(o, true)),
    row("received back-dated by an hour, not covered", By::Trust, |o| back_dated(o, false)),
    row("received back-dated by a second, the order kept", By::Trust, |o| {
        let i = batch_start(o, o.made.entries.len() / 2);
        nudge(o, i)
    }),
    row("received back-dated by a second, behind all `seen`", By::Holder, |o| {
        let i = batch_start(o, o.made.entries.len() - 25);
        nudge(o, i);
        vec![("root", Some(i)), ("root", None)]
    }),
    row("received post-dated", By::Trust, |o| {
        let i = middle(o);
        let i = if o.made.entries[at(i + 1)].received == o.made.entries[at(i)].received { i } else { i - 1 };
        let entry = o.made.entries[at(i)].clone();
        o.put(i, &Entry { received: entry.received + 600_000, ..entry }.format());
        o.cover();
        vec![("received-order", Some(i + 1)), seen(o, i)]
    }),
    row("a word of an event changed", By::Trust, |o| word_changed(o, true)),
    row("a word of an event changed, not covered", By::Trust, |o| word_changed(o, false)),
    row("an event re-signed with a new key", By::Trust, |o| {
        let key = SigningKey::from_seed(&o.chance.bytes()).expect("a key");
        resigned(o, &key, "key-unknown")
    }),
    row("an event re-signed with the operator's key", By::Trust, |o| {
        let key = o.made.actor("ledger/operator").key.clone();
        resigned(o, &key, "key-not-valid")
    }),
    row("an event re-signed by a colleague of its author", By::Trust, |o| {
        let i = middle(o);
        let event = &o.made.entries[at(i)].event;
        let other = if event.sub == "worker-1" { "worker-2" } else { "worker-1" };
        let key = o.made.actor(&format!("{}/{other}", event.iss)).key.clone();
        resigned(o, &key, "key-not-valid")
    }),
    row("another's signature under an event", By::Trust, |o| {
        let i = middle(o);
        let entry = o.made.entries[at(i)].clone();
        let (input, _) = entry.event.jwt.rsplit_once('.').expect("a signature");
        let signature = o.made.actor("ledger/operator").key.sign(input.as_bytes());
        rewritten(o, i, &format!("{} {input}.{}", entry.received, b64::encode(signature)), "event-signature")
    }),
    row("a signature's S plus the group order", By::Trust, |o| {
        let i = middle(o);
        let entry = o.made.entries[at(i)].clone();
        let (input, _) = entry.event.jwt.rsplit_once('.').expect("a signature");
        let signature = malleated(*entry.event.signature());
        rewritten(o, i, &format!("{} {input}.{}", entry.received, b64::encode(signature)), "event-signature")
    }),
    row("a signature spelled another way", By::Trust, |o| {
        let i = middle(o);
        let mut text = o.made.entries[at(i)].format();
        let last = text.pop().expect("a character");
        text.push(if last == 'A' { 'B' } else { char::from(last as u8 + 1) });
        malformed(o, i, &text)
    }),
    row("an entry cut short", By::Trust, |o| {
        let i = middle(o);
        let text = o.made.entries[at(i)].format();
        malformed(o, i, &text[..text.len() / 2])
    }),
    row("`received` with a leading zero", By::Trust, |o| {
        let i = middle(o);
        let text = format!("0{}", o.made.entries[at(i)].format());
        malformed(o, i, &text)
    }),
    // With a lent key.
    row("an event rewritten by its own author", By::Trust, |o| {
        let i = middle(o);
        by_its_author(o, i);
        vec![("stream-fork", next_of(o, i)), seen(o, i)]
    }),
    row("the last event of a case rewritten by its author", By::Trust, |o| {
        let i = last_of_a_case(o, o.made.entries.len() / 2);
        by_its_author(o, i);
        vec![seen(o, i)]
    }),
    row("a case's last event rewritten by its author, behind all `seen`", By::Holder, |o| {
        let i = last_of_a_case(o, o.made.entries.len() - 20);
        by_its_author(o, i);
        vec![("root", Some(i)), ("root", None)]
    }),
    row("an event signed an hour ahead", By::Trust, |o| {
        let worker = o.made.actor("moh/worker-1");
        let ahead = o.writer.now_ms / 1_000 + 3_600;
        let draft = o.writer.draft(worker, "case/late", "case.noted", &json!({})).iat(ahead);
        one(o, &draft.sign(&worker.key).expect("signed"), "received-time")
    }),
    row("an event that saw a tree yet to come", By::Trust, |o| {
        let size = o.size() + 1;
        saw(o, size)
    }),
    row("an event that saw another ledger's tree", By::Trust, |o| {
        let size = o.size() / 2;
        saw(o, size)
    }),
    row("an event that leaves out its predecessor", By::Trust, |o| {
        let (case, worker) = live_case(o);
        let head = o.writer.heads.get_mut(&case).expect("a head");
        head.0 += 1;
        let signed = o.writer.write(&worker, &case, "case.noted", &json!({}));
        one(o, &signed, "stream-gap")
    }),
    row("two events in one place of a stream", By::Trust, |o| {
        let (case, worker) = live_case(o);
        let head = o.writer.heads[&case];
        let first = o.writer.write(&worker, &case, "case.noted", &json!({"first": true}));
        o.writer.heads.insert(case.clone(), head);
        let second = o.writer.write(&worker, &case, "case.noted", &json!({"first": false}));
        o.append(&first);
        one(o, &second, "stream-fork")
    }),
    row("a `jti` used again", By::Trust, |o| {
        let (case, worker) = live_case(o);
        let jti = o.made.entries[o.made.entries.len() / 2].event.jti;
        let draft = o.writer.draft(&worker, &case, "case.noted", &json!({})).jti(jti);
        one(o, &draft.sign(&worker.key).expect("signed"), "jti-reused")
    }),
    row("a digest used again, with its disclosure", By::Trust, |o| {
        let i = with_disclosures(o, 0);
        let stored = o.stored(i).remove(0);
        let text = o.read(&stored);
        let class =
            o.made.entries[at(i)].event.class_of(&sijill_event::Digest(stored.digest)).expect("a class");
        let old = Disclosure::parse(&text).expect("a disclosure");
        let (case, worker) = live_case(o);
        let draft = o.writer.draft(&worker, &case, "case.noted", &json!({}));
        let draft = draft.disclose(class, &old.name, old.value.clone());
        let salt = salt_of(&text);
        let signed = draft.sign_salted(&worker.key, || Ok(salt)).expect("signed");
        assert_eq!(signed.event.digests[0].1[0].0, stored.digest, "the same digest");
        let i = o.append(&signed);
        o.cover();
        vec![("disclosure-mismatch", Some(i)), ("disclosure-missing", Some(i))]
    }),
    // Entries that go, come and move.
    row("an entry deleted, not covered", By::Trust, |o| {
        let i = middle(o);
        o.sql(&format!("DELETE FROM entry WHERE idx = {i}"), |_| ());
        vec![("root", Some(i)), ("stream-gap", next_of(o, i))]
    }),
    row("an entry deleted and the gap closed", By::Trust, |o| {
        let i = middle(o);
        deleted(o, i);
        vec![("stream-gap", next_of(o, i).map(|next| next - 1)), shifted(seen(o, i), -1)]
    }),
    row("the last event of a case deleted and the gap closed", By::Trust, |o| {
        let i = last_of_a_case(o, o.made.entries.len() / 2);
        deleted(o, i);
        vec![shifted(seen(o, i), -1)]
    }),
    row("the last 30 entries cut off", By::Holder, |o| {
        let size = o.size();
        cut(o, size - 30);
        o.cover();
        vec![("root", None), ("root", Some(size - 1))]
    }),
    row("the last 30 entries cut off, not covered", By::Trust, |o| {
        let size = o.size();
        cut(o, size - 30);
        vec![("root", Some(size - 30))]
    }),
    row("the last 600 entries replaced by others, with a lent key", By::Holder, |o| {
        let size = o.size();
        cut(o, size - 600);
        o.cover();
        let worker = o.made.actor("mosd/worker-1");
        (o.writer.heads, o.writer.seen) = Default::default();
        let first = &o.made.entries[at(size - 601)].event;
        o.writer.seen = first.seen;
        for number in 0..600 {
            let signed = o.writer.write(
                worker,
                &format!("case/new-{}", number % 9),
                "case.noted",
                &json!({"n": number}),
            );
            o.append(&signed);
        }
        o.cover();
        vec![("root", None), ("root", Some(size - 1))]
    }),
    row("two neighbours swapped", By::Trust, |o| {
        let i = neighbours(o);
        swapped(o, i, i + 1);
        o.cover();
        vec![seen(o, i)]
    }),
    row("two neighbours swapped, not covered", By::Trust, |o| {
        let i = neighbours(o);
        swapped(o, i, i + 1);
        let mut faults = vec![seen(o, i)];
        faults.extend(bare(i));
        faults
    }),
    row("two events of a case swapped", By::Trust, |o| {
        let (i, j) = pair(o);
        swapped(o, i, j);
        o.cover();
        vec![("stream-gap", Some(i)), ("stream-fork", Some(j)), seen(o, i)]
    }),
    row("an entry repeated at the end", By::Trust, |o| {
        // Of a key that is still good.
        let i = find(o, o.made.entries.len() * 3 / 4, |_, _, entry| !entry.event.digests.is_empty());
        let (text, end) = (o.entry(i), o.size());
        o.insert(end, &text);
        o.cover();
        vec![
            ("stream-fork", Some(end)),
            ("jti-reused", Some(end)),
            ("received-order", Some(end)),
            ("disclosure-mismatch", Some(end)),
            ("disclosure-missing", Some(end)),
        ]
    }),
    row("an event of its own time slipped in", By::Trust, |o| {
        let i = middle(o);
        let neighbour = o.made.entries[at(i)].clone();
        (o.writer.heads, o.writer.seen) = (Default::default(), neighbour.event.seen);
        o.writer.now_ms = neighbour.event.iat * 1_000;
        let worker = o.made.actor("moh/worker-1");
        let signed = o.writer.write(worker, "case/slipped-in", "case.noted", &json!({}));
        o.shift(i, 1);
        o.insert(i, &format!("{} {}", neighbour.received, signed.event.jwt));
        o.cover();
        vec![shifted(seen(o, i), 1)]
    }),
    row("another ledger's event grafted on", By::Trust, |o| {
        o.writer.origin = "ledger.test/training".into();
        let worker = o.made.actor("moh/worker-1");
        let signed = o.writer.write(worker, "case/grafted", "case.noted", &json!({}));
        one(o, &signed, "entry-format")
    }),
    row("an event of a ledger of the same name grafted on", By::Trust, |o| {
        let worker = Actor::new(99, "moh/worker-1");
        let signed = o.writer.write(&worker, "case/grafted", "case.noted", &json!({}));
        one(o, &signed, "key-unknown")
    }),
    // Authority.
    row("an agency acts that too few have admitted", By::Trust, |o| {
        let i = acts_of_ngo(o);
        vec![("key-not-valid", Some(i))]
    }),
    row("an approval with the operator's signature", By::Trust, |o| {
        let root =
            Actor { key: o.made.actor("ledger/operator").key.clone(), ..o.made.actor("moh/root").clone() };
        let i = approval(o, &root);
        acts_of_ngo(o);
        vec![("key-not-valid", Some(i)), ("key-not-valid", Some(i + 1))]
    }),
    row("the same approval twice", By::Trust, |o| {
        let root = o.made.actor("mosd/root").clone();
        let i = approval(o, &root);
        acts_of_ngo(o);
        vec![("not-authorised", Some(i)), ("key-not-valid", Some(i + 1))]
    }),
    row("an officer enrolled by another agency's registrar", By::Trust, |o| {
        let spy = Actor::new(5, "moh/spy");
        let data = enrolment(&spy, ORIGIN, &["casework"]);
        let registrar = o.made.actor("mosd/registrar");
        let signed = o.writer.write(registrar, "agency/moh", "officer.enrolled", &data);
        let i = o.append(&signed);
        let signed = o.writer.write(&spy, "case/spied", "case.noted", &json!({}));
        o.append(&signed);
        o.cover();
        vec![("not-authorised", Some(i)), ("key-not-valid", Some(i + 1))]
    }),
    row("an agency writes in a case it is no party to", By::Trust, |o| {
        let all = ["moh", "mosd", "rop", "mol"];
        let rows = o.rows(
            "SELECT stream, parties FROM stream_head WHERE stream LIKE 'case/%' AND parties LIKE '%,%'",
        );
        let (stream, parties): (String, String) = (rows[0].get(0), rows[0].get(1));
        let other =
            all.iter().find(|agency| !parties.split(',').any(|party| party == **agency)).expect("a third");
        let worker = o.made.actor(&format!("{other}/worker-1"));
        let signed = o.writer.write(worker, &stream, "case.noted", &json!({}));
        one(o, &signed, "not-authorised")
    }),
    row("a revoked key signs on", By::Trust, |o| {
        let worker = o.made.actor("moh/worker-2");
        let signed = o.writer.write(worker, "case/revoked", "case.noted", &json!({}));
        one(o, &signed, "key-not-valid")
    }),
    row("an auditor does casework", By::Trust, |o| {
        let auditor = o.made.actor("mosd/auditor");
        let signed = o.writer.write(auditor, "case/audited", "case.noted", &json!({}));
        one(o, &signed, "not-authorised")
    }),
    row("the ledger signs what its rules do not know", By::Trust, |o| {
        let log = o.made.actor("ledger/log");
        let signed = o.writer.write(log, "log", "log.witnessed", &json!({}));
        one(o, &signed, "not-authorised")
    }),
    row("entry 0 signed anew by the operator", By::Trust, |o| {
        let entry = o.made.entries[0].clone();
        let mut payload = payload_of(&entry);
        payload["iat"] = json!(entry.event.iat - 1);
        let jwt = jws::sign(
            payload.to_string().as_bytes(),
            sijill_event::TYP,
            &o.made.actor("ledger/operator").key,
        );
        o.put(0, &format!("{} {jwt}", entry.received));
        o.cover();
        vec![
            ("genesis", Some(0)),
            ("stream-fork", Some(1)),
            ("seen-mismatch", Some(1)),
            ("not-authorised", Some(1)),
            ("key-not-valid", Some(6)),
        ]
    }),
];

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
fn middle(o: &Operator<'_>) -> u64 {
    find(o, o.made.entries.len() / 2, |o, i, entry| {
        let event = &entry.event;
        event.seq > 0 && event.digests.is_empty() && event.data.get("to").is_none() && next_of(o, i).is_some()
    })
}

fn last_of_a_case(o: &Operator<'_>, from: usize) -> u64 {
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
fn batch_start(o: &Operator<'_>, from: usize) -> u64 {
    find(o, from, |o, i, entry| o.made.entries[at(i - 1)].received < entry.received)
}

/// Two neighbours in different streams, without disclosures, which are bound to their indexes.
fn neighbours(o: &Operator<'_>) -> u64 {
    find(o, o.made.entries.len() / 2, |o, i, entry| {
        let next = &o.made.entries[at(i + 1)];
        let plain = |entry: &Entry| entry.event.digests.is_empty();
        entry.received == next.received
            && entry.event.stream != next.event.stream
            && plain(entry)
            && plain(next)
    })
}

/// Two consecutive events of a case from one batch, without disclosures.
fn pair(o: &Operator<'_>) -> (u64, u64) {
    let fits = |o: &Operator<'_>, i: u64, entry: &Entry| {
        let Some(j) = next_of(o, i) else { return false };
        let next = &o.made.entries[at(j)];
        let plain = entry.event.digests.is_empty() && next.event.digests.is_empty();
        plain && entry.event.seq > 0 && entry.received == next.received
    };
    let i = find(o, o.made.entries.len() / 3, fits);
    (i, next_of(o, i).expect("it has one"))
}

/// Index of the next event of the entry's stream.
pub(crate) fn next_of(o: &Operator<'_>, index: u64) -> Option<u64> {
    let stream = &o.made.entries[at(index)].event.stream;
    let later = o.made.entries.iter().enumerate().skip(at(index) + 1);
    later.filter(|(_, entry)| entry.event.stream == *stream).map(|(index, _)| index as u64).next()
}

/// The first entry whose author saw a tree that covers this one: from there on its signature contradicts the change.
fn seen(o: &Operator<'_>, index: u64) -> (&'static str, Option<u64>) {
    let covers = |entry: &Entry| entry.event.seen.is_some_and(|seen| seen.size > index);
    ("seen-mismatch", o.made.entries.iter().position(covers).map(|index| index as u64))
}

fn shifted((code, index): (&'static str, Option<u64>), by: i64) -> (&'static str, Option<u64>) {
    (code, index.map(|index| index.checked_add_signed(by).expect("fits")))
}

/// What a changed entry leaves behind where nobody covers it: the root, and the tile it stands in.
fn bare(index: u64) -> Faults {
    vec![("root", None), ("root", Some(index / 256 * 256))]
}

fn back_dated(o: &mut Operator<'_>, covered: bool) -> Faults {
    let i = middle(o);
    let entry = o.made.entries[at(i)].clone();
    o.put(i, &Entry { received: entry.received - 3_600_000, ..entry }.format());
    let mut faults = vec![("received-order", Some(i)), ("received-time", Some(i)), seen(o, i)];
    if covered {
        o.cover()
    } else {
        faults.extend(bare(i))
    }
    faults
}

fn nudge(o: &mut Operator<'_>, i: u64) -> Faults {
    let entry = o.made.entries[at(i)].clone();
    o.put(i, &Entry { received: entry.received - 1_000, ..entry }.format());
    o.cover();
    vec![seen(o, i)]
}

pub(crate) fn payload_of(entry: &Entry) -> Value {
    let payload = entry.event.jwt.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&b64::decode(payload, "payload").expect("base64url")).expect("JSON")
}

fn word_changed(o: &mut Operator<'_>, covered: bool) -> Faults {
    let i = middle(o);
    let entry = o.made.entries[at(i)].clone();
    let mut payload = payload_of(&entry);
    payload["data"]["step"] = json!(9_999);
    let parts: Vec<&str> = entry.event.jwt.split('.').collect();
    let jwt = format!("{}.{}.{}", parts[0], b64::encode(payload.to_string()), parts[2]);
    o.put(i, &format!("{} {jwt}", entry.received));
    let mut faults = vec![("event-signature", Some(i)), ("stream-fork", next_of(o, i)), seen(o, i)];
    if covered {
        o.cover()
    } else {
        faults.extend(bare(i))
    }
    faults
}

/// An event says something else, signed with this key instead of its author's.
fn resigned(o: &mut Operator<'_>, key: &SigningKey, code: &'static str) -> Faults {
    let i = middle(o);
    let entry = o.made.entries[at(i)].clone();
    let mut payload = payload_of(&entry);
    payload["data"]["step"] = json!(9_999);
    let jwt = jws::sign(payload.to_string().as_bytes(), sijill_event::TYP, key);
    rewritten(o, i, &format!("{} {jwt}", entry.received), code)
}

fn rewritten(o: &mut Operator<'_>, i: u64, text: &str, code: &'static str) -> Faults {
    o.put(i, text);
    o.cover();
    vec![(code, Some(i)), ("stream-fork", next_of(o, i)), seen(o, i)]
}

fn malformed(o: &mut Operator<'_>, i: u64, text: &str) -> Faults {
    o.put(i, text);
    o.cover();
    vec![("entry-format", Some(i)), ("stream-gap", next_of(o, i)), seen(o, i)]
}

fn by_its_author(o: &mut Operator<'_>, i: u64) {
    let entry = o.made.entries[at(i)].clone();
    let signs = |actor: &&Actor| actor.key.public().kid() == entry.event.kid;
    let author = o.made.cast.values().find(signs).expect("of the cast").clone();
    let mut payload = payload_of(&entry);
    payload["data"]["step"] = json!(9_999);
    let jwt = jws::sign(payload.to_string().as_bytes(), sijill_event::TYP, &author.key);
    o.put(i, &format!("{} {jwt}", entry.received));
    o.cover();
}

/// RFC 8032's L added to S, which an unwary verifier takes for the same signature.
fn malleated(mut signature: [u8; 64]) -> [u8; 64] {
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(L) {
        carry += u16::from(*byte) + u16::from(order);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    signature
}

/// Appends an event and covers it; it has to be found out by this code.
fn one(o: &mut Operator<'_>, signed: &sijill_event::SdJwt, code: &'static str) -> Faults {
    let i = o.append(signed);
    o.cover();
    vec![(code, Some(i))]
}

fn saw(o: &mut Operator<'_>, size: u64) -> Faults {
    let root = o.chance.bytes();
    o.writer.seen = Some(sijill_event::Seen { size, root });
    let worker = o.made.actor("moh/worker-1");
    let signed = o.writer.write(worker, "case/saw", "case.noted", &json!({}));
    one(o, &signed, "seen-mismatch")
}

/// A case that goes on, and someone who may write in it.
fn live_case(o: &Operator<'_>) -> (String, Actor) {
    let i = middle(o);
    let event = &o.made.entries[at(i)].event;
    let worker = o.made.actor(&format!("{}/worker-1", event.iss));
    (event.stream.as_str().to_owned(), worker.clone())
}

fn deleted(o: &mut Operator<'_>, i: u64) {
    o.sql(&format!("DELETE FROM entry WHERE idx = {i}"), |_| ());
    o.shift(i + 1, -1);
    o.cover();
}

fn cut(o: &mut Operator<'_>, size: u64) {
    o.sql(&format!("DELETE FROM entry WHERE idx >= {size}"), |_| ());
    o.sql(&format!("DELETE FROM disclosure WHERE idx >= {size}"), |_| ());
}

fn swapped(o: &mut Operator<'_>, i: u64, j: u64) {
    let (one, other) = (o.entry(i), o.entry(j));
    o.put(i, &other);
    o.put(j, &one);
}

fn approval(o: &mut Operator<'_>, root: &Actor) -> u64 {
    let data = json!({"proposal": o.made.open_proposal.to_string()});
    let signed = o.writer.write(root, "ledger", "proposal.approved", &data);
    o.append(&signed)
}

/// `ngo`, proposed and not admitted, opens a unit; the tracks are covered.
fn acts_of_ngo(o: &mut Operator<'_>) -> u64 {
    let unit = json!({"unit": "desk", "name": {"ar": "جهة", "en": "desk"}});
    let root = o.made.actor("ngo/root");
    let signed = o.writer.write(root, "agency/ngo", "unit.opened", &unit);
    let i = o.append(&signed);
    o.cover();
    i
}

/// A disclosure of the same name with another value.
pub(crate) fn forged(o: &mut Operator<'_>, stored: &Stored, name: Option<&str>) -> String {
    let text = o.read(stored);
    let old = Disclosure::parse(&text).expect("a disclosure");
    let value = if name.is_some() { old.value.clone() } else { Json::from("forged") };
    let new = Disclosure::new(salt_of(&text), name.unwrap_or(&old.name), value).expect("a disclosure");
    new.encoded().to_owned()
}

fn salt_of(disclosure: &str) -> [u8; 16] {
    let parts = b64::decode(disclosure, "a disclosure").expect("base64url");
    let parts: Value = serde_json::from_slice(&parts).expect("JSON");
    b64::decode_array(parts[0].as_str().expect("a salt"), "a salt").expect("16 bytes")
}
