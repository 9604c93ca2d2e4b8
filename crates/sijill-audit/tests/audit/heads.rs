//! Heads: what `heads.committed` may say, and what an audit finds where it says something else.

use sijill_audit::FaultCode::{Heads, NotAuthorised, Root, StreamGap};
use sijill_audit::Options;
use sijill_domain::event::{HeadsCommitted, KeyRevoked};
use sijill_domain::heads::{Head, KeyStatus};
use sijill_domain::{Parties, Position, Reason, Registry};
use sijill_event::{Digest, Entry, Seen};
use sijill_log::{SparseMap, TileBuilder, leaf_hash};

use crate::made::{Made, draft, key};
use crate::verdict::{at, faults_of, found, run};

/// A ledger under rule-set 2 with some cases from before.
fn second() -> Made {
    let mut made = Made::with_cases(9);
    made.put_rules(2, None);
    made
}

/// What the first `size` entries give, all of which are well-formed and accepted.
fn heads(made: &Made, size: usize) -> HeadsCommitted {
    let (mut registry, mut streams) = (Registry::new(), Vec::new());
    for (index, entry) in (0..).zip(&made.entries[..size]) {
        let Entry { received, event } = Entry::parse(entry).expect("well-formed");
        let head = Head { seq: event.seq, last: event.hash() };
        streams.push((Head::key(event.stream.as_str()), head.value()));
        let _ = registry.apply(Position { index, received }, &event, &Parties::new());
    }
    let statuses = registry.keys().iter();
    let keys = statuses.filter_map(|(kid, key)| Some((KeyStatus::key(kid), KeyStatus::of(key)?.value())));
    let root = |map: SparseMap| Digest(map.root().0);
    HeadsCommitted {
        size: size as u64,
        streams: root(SparseMap::new().with(streams)),
        keys: root(SparseMap::new().with(keys)),
    }
}

/// Says it of the tree that it is about.
fn commit(made: &mut Made, said: &HeadsCommitted) -> u64 {
    let mut edge = TileBuilder::new();
    let size = usize::try_from(said.size).expect("small");
    let _ = edge.extend(made.entries[..size].iter().map(|entry| leaf_hash(entry)));
    let seen = Seen { size: said.size, root: edge.root().0 };
    let placed = made.placed("ledger/log", "log", draft(HeadsCommitted::TYPE, &said.data())).seen(seen);
    let signed = made.sign_with(&key("ledger/log"), &placed);
    made.append(&signed)
}

#[test]
fn what_is_right_is_right_of_any_tree_left_lately() {
    let mut made = second();
    let right = heads(&made, made.entries.len() - 3);
    commit(&mut made, &right);
    // A key ends after the tree that the next record is about, and before the record.
    let size = made.entries.len();
    let kid = key("moh/o0").public().kid();
    let revoked = KeyRevoked { kid, reason: Reason::parse("left").expect("a reason") };
    made.say("moh/registrar", "agency/moh", draft(KeyRevoked::TYPE, &revoked.data()));
    let before = heads(&made, size);
    commit(&mut made, &before);
    let after = heads(&made, made.entries.len());
    assert_ne!(after.keys, before.keys);
    commit(&mut made, &after);
    let report = run(&made.source(), &Options::default());
    assert_eq!(found(&report), []);
    assert_eq!(report.levels.authority.unchecked, 0);
}

#[test]
fn another_root_is_a_fault() {
    let mut made = second();
    let wrong = Digest([1; 32]);
    let right = heads(&made, made.entries.len());
    let streams = commit(&mut made, &HeadsCommitted { streams: wrong, ..right });
    let right = heads(&made, made.entries.len());
    let keys = commit(&mut made, &HeadsCommitted { keys: wrong, ..right });
    assert_eq!(faults_of(&made), [at(Heads, streams), at(Heads, keys)]);
}

#[test]
fn no_record_reaches_back_behind_the_one_before_it() {
    let mut made = second();
    let right = heads(&made, made.entries.len());
    commit(&mut made, &right);
    let again = commit(&mut made, &right);
    let earlier = heads(&made, made.entries.len() - 5);
    let earlier = commit(&mut made, &earlier);
    assert_eq!(faults_of(&made), [at(Heads, again), at(Heads, earlier)]);
}

#[test]
fn a_refused_entry_is_the_end_of_its_stream() {
    let mut made = second();
    let refused = made.say("moh/registrar", "case/c0", sijill_event::Draft::new("referral.sent", 1));
    let right = heads(&made, made.entries.len());
    commit(&mut made, &right);
    assert_eq!(faults_of(&made), [at(NotAuthorised, refused)]);
}

#[test]
fn of_a_tree_with_a_missing_entry_nothing_is_said() {
    let mut made = second();
    let right = heads(&made, made.entries.len());
    commit(&mut made, &HeadsCommitted { streams: Digest([1; 32]), ..right });
    let mut source = made.source();
    let whole = run(&source, &Options::default()).levels.authority;
    // The last event of a case: nobody's signature rests on it but those of its own stream.
    let last = made.entries.iter().rposition(|entry| is_in(entry, "case/c2")).expect("it is there");
    source.entries.remove(&(last as u64));
    let report = run(&source, &Options::default());
    let codes: Vec<_> = found(&report).into_iter().map(|(code, _)| code).collect();
    assert!(codes.contains(&Root) && !codes.contains(&Heads) && !codes.contains(&StreamGap), "{codes:?}");
    assert_eq!(report.levels.authority.unchecked, whole.unchecked + 2, "the entry, and the record");
}

fn is_in(entry: &[u8], stream: &str) -> bool {
    Entry::parse(entry).is_ok_and(|entry| entry.event.stream.as_str() == stream)
}
