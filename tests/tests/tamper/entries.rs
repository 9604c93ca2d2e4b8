//! Entries changed where they stand, by the operator alone.

use serde_json::json;
use sijill_event::{Entry, SigningKey, b64, jws};

use crate::alterations::{
    Alteration, By, Faults, at, bare, batch_start, middle, next_of, payload_of, row, seen,
};
use crate::operator::Operator;

pub(crate) const ALTERATIONS: &[Alteration] = &[
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
];

fn back_dated(o: &mut Operator<'_>, covered: bool) -> Faults {
    let i = middle(o);
    let entry = o.made.entries[at(i)].clone();
    o.put(i, &Entry { received: entry.received - 3_600_000, ..entry }.format());
    let mut faults = vec![("received-order", Some(i)), ("received-time", Some(i)), seen(o, i)];
    if covered {
        o.cover();
    } else {
        faults.extend(bare(i));
    }
    faults
}

fn nudge(o: &mut Operator<'_>, i: u64) -> Faults {
    let entry = o.made.entries[at(i)].clone();
    o.put(i, &Entry { received: entry.received - 1_000, ..entry }.format());
    o.cover();
    vec![seen(o, i)]
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
        o.cover();
    } else {
        faults.extend(bare(i));
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
