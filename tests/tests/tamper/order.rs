//! Entries that go, come and move.

use std::collections::HashMap;

use serde_json::json;
use sijill_event::Entry;
use sijill_tests::made::Actor;

use crate::alterations::{
    Alteration, By, at, bare, find, last_of_a_case, middle, next_of, one, row, seen, shifted,
};
use crate::operator::Operator;

pub(crate) const ALTERATIONS: &[Alteration] = &[
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
        o.writer.heads = HashMap::default();
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
        (o.writer.heads, o.writer.seen) = (HashMap::default(), neighbour.event.seen);
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
];

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

fn deleted(o: &mut Operator<'_>, i: u64) {
    o.sql(&format!("DELETE FROM entry WHERE idx = {i}"), |_| ());
    o.shift(i + 1, -1);
    o.cover();
}

fn cut(o: &mut Operator<'_>, size: u64) {
    o.sql(&format!("DELETE FROM entry WHERE idx >= {size}"), |_| ());
    o.sql(&format!("DELETE FROM disclosure WHERE idx >= {size}"), |_| ());
    let uploads = format!("SELECT upload FROM attachment WHERE entry >= {size}");
    o.script(&format!("DELETE FROM attachment_chunk WHERE upload IN ({uploads})"));
    o.script(&format!("DELETE FROM attachment WHERE entry >= {size}"));
}

fn swapped(o: &mut Operator<'_>, i: u64, j: u64) {
    let (one, other) = (o.entry(i), o.entry(j));
    o.put(i, &other);
    o.put(j, &one);
}
