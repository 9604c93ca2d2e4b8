//! Case rows: written with the batch, found by time and by desk.

use std::collections::BTreeSet;

use super::Fixture;
use super::appending::{commit, grown};
use super::sample::{Writer, assert_sound, hash};
use crate::{CaseRow, CommitOutcome, DeskCount, DeskEntry, DeskRow, Head, Store};

const FOR_EVER: u64 = u64::MAX;

fn case(id: &str, wakes_at: Option<u64>, desks: Vec<DeskRow>) -> CaseRow {
    CaseRow { id: id.into(), wakes_at, desks }
}

fn desk(unit: &str, kind: u8, due: Option<u64>, urgent: bool) -> DeskRow {
    DeskRow { agency: "mosd".into(), unit: unit.into(), kind, due, urgent }
}

fn entry(case: &str, kind: u8, due: Option<u64>, urgent: bool) -> DeskEntry {
    DeskEntry { case: case.into(), kind, due, urgent }
}

/// Writes rows on their own, on the head as it is.
async fn put(store: &dyn Store, cases: &[CaseRow]) {
    let head = store.head().await.unwrap();
    assert_eq!(store.put_case_rows(head, cases).await.unwrap(), CommitOutcome::Committed);
}

async fn wakes(store: &dyn Store) -> Vec<(String, u64)> {
    store.due_cases(FOR_EVER, 100).await.unwrap()
}

fn named(wakes: &[(&str, u64)]) -> Vec<(String, u64)> {
    wakes.iter().map(|(case, at)| ((*case).to_owned(), *at)).collect()
}

pub async fn a_batch_replaces_the_rows_of_its_cases(fixture: &impl Fixture) {
    let (store, mut writer) = grown(fixture, 10).await;
    let mut batch = writer.batch(1);
    batch.cases = vec![
        case("a", Some(50), vec![desk("muscat", 0, Some(70), false), desk("nizwa", 1, None, true)]),
        case("b", Some(40), vec![desk("muscat", 0, Some(60), false)]),
        case("c", None, vec![desk("muscat", 2, None, false)]),
    ];
    commit(&*store, &mut writer, &batch).await;
    let there = fixture.store().await;
    let queue = [entry("b", 0, Some(60), false), entry("a", 0, Some(70), false), entry("c", 2, None, false)];
    assert_eq!(there.desk("mosd", "muscat", None, 10).await.unwrap(), queue);
    assert_eq!(there.desk("mosd", "nizwa", None, 10).await.unwrap(), [entry("a", 1, None, true)]);
    assert_eq!(there.desk("moh", "muscat", None, 10).await.unwrap(), []);
    assert_eq!(wakes(&*there).await, named(&[("b", 40), ("a", 50)]));

    let mut batch = writer.batch(1);
    batch.cases = vec![
        case("c", Some(10), vec![]),
        case("a", None, vec![desk("nizwa", 1, Some(5), false), desk("nizwa", 3, Some(5), false)]),
    ];
    commit(&*store, &mut writer, &batch).await;
    assert_eq!(there.desk("mosd", "muscat", None, 10).await.unwrap(), [queue[0].clone()]);
    let nizwa = [entry("a", 1, Some(5), false), entry("a", 3, Some(5), false)];
    assert_eq!(there.desk("mosd", "nizwa", None, 10).await.unwrap(), nizwa);
    assert_eq!(wakes(&*there).await, named(&[("c", 10), ("b", 40)]));
    assert_sound(&*there).await;
}

pub async fn a_batch_that_fails_leaves_no_case_rows(fixture: &impl Fixture) {
    let (store, writer) = grown(fixture, 10).await;
    put(&*store, &[case("a", Some(50), vec![desk("muscat", 0, Some(70), false)])]).await;
    let touching = || {
        let mut batch = writer.batch(1);
        batch.wake_all = Some(1);
        batch.cases = vec![case("a", None, vec![]), case("b", Some(3), vec![desk("muscat", 0, None, true)])];
        batch.match_keys = vec![([1; 32], "a".into())];
        batch
    };
    let mut late = touching();
    late.expected.root = [9; 32];
    assert_eq!(store.commit(&late).await.unwrap(), CommitOutcome::HeadMoved);
    let mut failing = touching();
    failing.erased_attachments = vec![[7; 32]];
    assert_eq!(store.commit(&failing).await.unwrap_err().code(), "attachment-not-held");
    let mut refused = touching();
    refused.cases[1].id.clear();
    assert_eq!(store.commit(&refused).await.unwrap_err().code(), "batch-case");

    assert_eq!(wakes(&*store).await, named(&[("a", 50)]));
    assert_eq!(store.desk("mosd", "muscat", None, 10).await.unwrap(), [entry("a", 0, Some(70), false)]);
    assert_eq!(store.cases_by_match(&[[1; 32]]).await.unwrap(), []);
}

pub async fn cases_fall_due_by_time_and_name(fixture: &impl Fixture) {
    let store = fixture.store().await;
    assert_eq!(store.next_wake().await.unwrap(), None);
    let last = i64::MAX.unsigned_abs();
    let rows =
        [("z", Some(5)), ("قضية", Some(5)), ("b", Some(9)), ("c", None), ("d", Some(last)), ("Z", Some(5))];
    put(&*store, &rows.map(|(id, at)| case(id, at, vec![]))).await;

    let due = |until, limit| store.due_cases(until, limit);
    let all = named(&[("Z", 5), ("z", 5), ("قضية", 5), ("b", 9), ("d", last)]);
    assert_eq!(due(4, 100).await.unwrap(), []);
    assert_eq!(due(5, 100).await.unwrap(), all[..3]);
    assert_eq!(due(9, 100).await.unwrap(), all[..4]);
    assert_eq!(due(FOR_EVER, 100).await.unwrap(), all);
    assert_eq!(due(FOR_EVER, 2).await.unwrap(), all[..2]);
    assert_eq!(due(FOR_EVER, 0).await.unwrap(), []);
    assert_eq!(store.next_wake().await.unwrap(), Some(5));
}

pub async fn waking_all_wakes_nobody_later(fixture: &impl Fixture) {
    let (store, mut writer) = grown(fixture, 10).await;
    put(
        &*store,
        &[("a", Some(10)), ("b", Some(20)), ("c", Some(30)), ("d", None)]
            .map(|(id, at)| case(id, at, vec![])),
    )
    .await;
    assert_eq!(store.wake_all(20).await.unwrap(), 1);
    assert_eq!(wakes(&*store).await, named(&[("a", 10), ("b", 20), ("c", 20)]));
    assert_eq!(store.wake_all(20).await.unwrap(), 0);

    // A case of the batch itself has been looked at: its own time stands.
    let mut batch = writer.batch(1);
    batch.wake_all = Some(15);
    batch.cases = vec![case("c", Some(99), vec![])];
    commit(&*store, &mut writer, &batch).await;
    assert_eq!(wakes(&*store).await, named(&[("a", 10), ("b", 15), ("c", 99)]));
    assert_eq!(store.wake_all(0).await.unwrap(), 3);
    assert_eq!(store.next_wake().await.unwrap(), Some(0));
}

pub async fn a_desk_pages_in_its_order(fixture: &impl Fixture) {
    let store = fixture.store().await;
    // Few values each, so that every part of the order has to decide between equals of the part before.
    let rows: Vec<_> = (0_u32..120)
        .map(|number| {
            let random = hash(&[&number.to_be_bytes()]);
            let due = [None, Some(0), Some(1), Some(i64::MAX.unsigned_abs() - 1)][usize::from(random[0] % 4)];
            let kinds: BTreeSet<u8> =
                random[1..4].iter().map(|kind| if *kind > 250 { 255 } else { kind % 3 }).collect();
            let desks = kinds
                .into_iter()
                .map(|kind| desk("muscat", kind, due, random[5].is_multiple_of(2)))
                .collect();
            // Bytes and locales disagree on the order of these.
            let id = format!("{}{number}", ["a", "B", "_", "é", "ق"][usize::from(random[4] % 5)]);
            case(&id, None, desks)
        })
        .collect();
    put(&*store, &rows).await;
    put(&*store, &[case("elsewhere", None, vec![desk("muscat-2", 0, None, true)])]).await;

    let mut expected: Vec<_> = rows
        .iter()
        .flat_map(|case| case.desks.iter().map(|desk| entry(&case.id, desk.kind, desk.due, desk.urgent)))
        .collect();
    expected
        .sort_by_key(|entry| (!entry.urgent, entry.due.unwrap_or(u64::MAX), entry.case.clone(), entry.kind));
    assert_eq!(store.desk("mosd", "muscat", None, 1_000).await.unwrap(), expected);
    for size in [1, 7] {
        let mut paged: Vec<DeskEntry> = Vec::new();
        loop {
            let page = store.desk("mosd", "muscat", paged.last(), size).await.unwrap();
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, expected, "pages of {size}");
    }
    // A cursor whose entry has left the desk still marks its place.
    let gone = expected[40].clone();
    put(&*store, &[case(&gone.case, None, vec![])]).await;
    let behind: Vec<_> =
        expected[41..].iter().filter(|entry| entry.case != gone.case).take(5).cloned().collect();
    assert_eq!(store.desk("mosd", "muscat", Some(&gone), 5).await.unwrap(), behind);
}

pub async fn a_desk_is_counted_by_kind(fixture: &impl Fixture) {
    let store = fixture.store().await;
    let rows = [
        case("a", None, vec![desk("muscat", 3, Some(10), false), desk("muscat", 0, Some(11), true)]),
        case("b", None, vec![desk("muscat", 3, None, true), desk("nizwa", 7, Some(1), false)]),
        case("c", None, vec![desk("muscat", 3, Some(12), false)]),
        case("d", None, vec![desk("muscat", 255, None, false)]),
    ];
    put(&*store, &rows).await;
    let counts = async |now| store.desk_counts("mosd", "muscat", now).await.unwrap();
    let count = |kind, cases, overdue| DeskCount { kind, cases, overdue };
    assert_eq!(counts(9).await, [count(0, 1, 0), count(3, 3, 0), count(255, 1, 0)]);
    assert_eq!(counts(11).await, [count(0, 1, 1), count(3, 3, 1), count(255, 1, 0)]);
    assert_eq!(counts(FOR_EVER).await, [count(0, 1, 1), count(3, 3, 2), count(255, 1, 0)]);
    assert_eq!(store.desk_counts("mosd", "sur", 0).await.unwrap(), []);
}

pub async fn rows_derived_from_another_head_are_not_written(fixture: &impl Fixture) {
    let (store, mut writer) = grown(fixture, 10).await;
    let stale = writer.head();
    let batch = writer.batch(1);
    commit(&*store, &mut writer, &batch).await;
    let head = writer.head();
    let rows = [case("a", Some(1), vec![desk("muscat", 0, None, false)])];
    for wrong in [stale, Head { root: [9; 32], ..head }, Head { size: u64::MAX, ..head }, Head::EMPTY] {
        assert_eq!(store.put_case_rows(wrong, &rows).await.unwrap(), CommitOutcome::HeadMoved);
    }
    assert_eq!(store.next_wake().await.unwrap(), None);
    assert_eq!(store.desk("mosd", "muscat", None, 10).await.unwrap(), []);

    let twice = [rows[0].clone(), rows[0].clone()];
    assert_eq!(store.put_case_rows(head, &twice).await.unwrap_err().code(), "batch-case");
    assert_eq!(
        store.put_case_rows(head, &[case("a", Some(1 << 63), vec![])]).await.unwrap_err().code(),
        "batch-number"
    );
    assert_eq!(store.put_case_rows(head, &[]).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(store.put_case_rows(head, &rows).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(store.next_wake().await.unwrap(), Some(1));
    assert_eq!(assert_sound(&*store).await, head, "the log has not moved");
}

pub async fn writers_of_case_rows_never_block_each_other(fixture: &impl Fixture) {
    let (store, writer) = grown(fixture, 10).await;
    let (ours, theirs, third) = (fixture.store().await, fixture.store().await, fixture.store().await);
    let forward: Vec<_> = (0..200)
        .map(|number| case(&format!("{number:03}"), Some(number + 10), vec![desk("muscat", 0, None, false)]))
        .collect();
    let backward: Vec<_> = forward.iter().rev().cloned().collect();
    put(&*store, &forward).await;
    for _ in 0..10 {
        let (a, b, c) = tokio::join!(
            ours.put_case_rows(writer.head(), &forward),
            theirs.put_case_rows(writer.head(), &backward),
            third.wake_all(5)
        );
        assert_eq!((a.unwrap(), b.unwrap()), (CommitOutcome::Committed, CommitOutcome::Committed));
        c.unwrap();
    }
    assert_eq!(store.desk("mosd", "muscat", None, 1_000).await.unwrap().len(), 200);
}

pub async fn a_batch_of_many_cases_is_one_commit(fixture: &impl Fixture) {
    let store = fixture.store().await;
    let mut writer = Writer::new("first").with_padding(100);
    for round in 0..2 {
        let rows = |number: u64| {
            let desks = (0..4).map(|kind| desk("muscat", kind, Some(number + round), kind == 0)).collect();
            case(&format!("{number:05}"), Some(number + round), desks)
        };
        let mut batch = writer.batch(1);
        batch.cases = (0..9_000).map(rows).collect();
        batch.match_keys = (0_u64..18_000)
            .map(|number| (hash(&[&number.to_be_bytes()]), format!("{:05}", number % 9_000)))
            .collect();
        commit(&*store, &mut writer, &batch).await;
        let due = store.due_cases(FOR_EVER, 10_000).await.unwrap();
        assert_eq!(due.len(), 9_000);
        assert_eq!(due[8_999], ("08999".into(), 8_999 + round));
        let counts = store.desk_counts("mosd", "muscat", round).await.unwrap();
        assert_eq!(counts, [0, 1, 2, 3].map(|kind| DeskCount { kind, cases: 9_000, overdue: 1 }));
        let keys: Vec<_> = batch.match_keys.iter().map(|(key, _)| *key).collect();
        assert_eq!(store.cases_by_match(&keys).await.unwrap().len(), 18_000);
    }
}

pub async fn case_rows_are_cleared_and_match_keys_stay(fixture: &impl Fixture) {
    let (store, mut writer) = grown(fixture, 10).await;
    let mut batch = writer.batch(1);
    batch.cases = vec![case("a", Some(1), vec![desk("muscat", 0, None, false)])];
    batch.match_keys = vec![([1; 32], "a".into())];
    commit(&*store, &mut writer, &batch).await;
    store.clear_case_rows().await.unwrap();
    assert_eq!(store.next_wake().await.unwrap(), None);
    assert_eq!(store.desk("mosd", "muscat", None, 10).await.unwrap(), []);
    assert_eq!(store.cases_by_match(&[[1; 32]]).await.unwrap(), [([1; 32], "a".into())]);
    store.clear_case_rows().await.unwrap();
    assert_eq!(assert_sound(&*store).await, writer.head());
}

pub async fn match_keys_find_their_cases_until_forgotten(fixture: &impl Fixture) {
    let (store, mut writer) = grown(fixture, 10).await;
    let pair = |key: u8, case: &str| ([key; 32], case.to_owned());
    let mut batch = writer.batch(1);
    batch.match_keys = vec![pair(1, "a"), pair(1, "b"), pair(2, "a"), pair(1, "a"), pair(3, "قضية")];
    commit(&*store, &mut writer, &batch).await;
    let mut again = writer.batch(1);
    again.match_keys = vec![pair(1, "a"), pair(4, "b")];
    commit(&*store, &mut writer, &again).await;

    let find = async |keys: &[u8]| {
        let keys: Vec<_> = keys.iter().map(|key| [*key; 32]).collect();
        let mut found = store.cases_by_match(&keys).await.unwrap();
        found.sort();
        found
    };
    assert_eq!(find(&[]).await, []);
    assert_eq!(find(&[9]).await, []);
    assert_eq!(find(&[1, 3, 1, 9]).await, [pair(1, "a"), pair(1, "b"), pair(3, "قضية")], "each match once");
    store.forget_match_keys("a").await.unwrap();
    store.forget_match_keys("nobody").await.unwrap();
    assert_eq!(find(&[1, 2, 3, 4]).await, [pair(1, "b"), pair(3, "قضية"), pair(4, "b")]);
    assert_sound(&*store).await;
}
