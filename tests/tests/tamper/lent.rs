//! What an officer helps with, who lends its key: its signatures are right, and still it is found.

use serde_json::json;
use sijill_event::{Disclosure, jws};
use sijill_tests::made::Actor;

use crate::alterations::{
    Alteration, By, Faults, at, last_of_a_case, middle, next_of, one, payload_of, row, salt_of, seen,
    with_disclosures,
};
use crate::operator::Operator;

pub(crate) const ALTERATIONS: &[Alteration] = &[
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
];

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
