//! The swap: one order, no gaps, all or nothing, exact bytes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use super::Fixture;
use super::sample::{Writer, assert_sound};
use crate::{Batch, CommitOutcome, Head, NewEntry, Store, StoreError, StreamHead};

/// Commits a batch that has no rival.
pub async fn commit(store: &dyn Store, writer: &mut Writer, batch: &Batch) {
    assert_eq!(store.commit(batch).await.unwrap(), CommitOutcome::Committed);
    writer.landed(batch);
}

/// A store with `count` sample entries in batches of 100, and the writer to go on with.
pub async fn grown(fixture: &impl Fixture, count: usize) -> (Arc<dyn Store>, Writer) {
    let store = fixture.store().await;
    let mut writer = Writer::new("first").with_padding(200);
    for start in (0..count).step_by(100) {
        let batch = writer.batch((count - start).min(100));
        commit(&*store, &mut writer, &batch).await;
    }
    (store, writer)
}

pub async fn an_empty_store_has_the_empty_head(fixture: &impl Fixture) {
    let store = fixture.store().await;
    assert_eq!(store.head().await.unwrap(), Head::EMPTY);
    assert_sound(&*store).await;
}

pub async fn what_was_appended_reads_back_byte_for_byte(fixture: &impl Fixture) {
    let store = fixture.store().await;
    let mut writer = Writer::new("first");
    let mut written = Vec::new();
    for count in [1, 1, 2, 255, 300, 1] {
        // The fifth batch carries entries of the largest size an event can have.
        writer = if count == 300 { writer.with_padding(60_000) } else { writer.with_padding(900) };
        let batch = writer.batch(count);
        commit(&*store, &mut writer, &batch).await;
        written.extend(batch.entries);
    }
    let mut read = Vec::new();
    while let page = store.entries(read.len() as u64, 100).await.unwrap()
        && !page.is_empty()
    {
        read.extend(page);
    }
    let written: Vec<_> = written.into_iter().map(|entry| (entry.index, entry.entry)).collect();
    assert_eq!(read, written);

    let other = fixture.store().await;
    assert_eq!(assert_sound(&*other).await, writer.head(), "another handle reads the same");
}

pub async fn any_text_survives(fixture: &impl Fixture) {
    let store = fixture.store().await;
    let texts = [
        "سجل الحماية: قضية ١٢٣",
        "e\u{301} \u{e9} \u{202e}rtl\u{202c} \u{feff}",
        "👩‍👧‍👦 \u{10ffff} \u{fffd}",
        "'; DROP TABLE entry; -- \\ \" $1 ?1 %s {\"a\":1}",
        "line\r\nline\ttab\u{1}\u{7f}",
        "",
        " ",
    ];
    let entries: Vec<_> = texts
        .iter()
        .zip(0_u64..)
        .map(|(text, index)| NewEntry {
            index,
            entry: (*text).into(),
            stream: format!("نص/{text}"),
            seq: 0,
            jti: Uuid::from_u128(index.into()),
            registry: true,
        })
        .collect();
    let head = Head { size: texts.len() as u64, root: [9; 32], received: 5 };
    let mut batch = Batch::new(Head::EMPTY, head, entries);
    batch.streams = batch
        .entries
        .iter()
        .map(|entry| StreamHead {
            stream: entry.stream.clone(),
            seq: 0,
            last: [1; 32],
            parties: entry.entry.clone(),
        })
        .collect();
    assert_eq!(store.commit(&batch).await.unwrap(), CommitOutcome::Committed);

    let written: Vec<_> = texts.iter().zip(0..).map(|(text, index)| (index, (*text).to_owned())).collect();
    assert_eq!(store.entries(0, 100).await.unwrap(), written);
    assert_eq!(store.registry_entries(0, 100).await.unwrap(), written);
    for head in &batch.streams {
        let found = store.stream_heads(std::slice::from_ref(&head.stream)).await.unwrap();
        assert_eq!(found, std::slice::from_ref(head));
        let entries = store.stream_entries(&head.stream, 0, 10).await.unwrap();
        assert_eq!(entries.len(), 1, "{}", head.stream);
    }
    let mut by_name = batch.streams.clone();
    by_name.sort_by(|a, b| a.stream.as_bytes().cmp(b.stream.as_bytes()));
    assert_eq!(
        store.stream_head_rows("", 100).await.unwrap(),
        by_name,
        "names sort by their bytes, in no locale"
    );
}

pub async fn one_of_two_racing_committers_wins_each_swap(fixture: &impl Fixture) {
    let (ours, theirs) = (fixture.store().await, fixture.store().await);
    let mut us = Writer::new("ours").with_padding(100);
    for round in 0..30 {
        let mut them = Writer::resume("theirs", &*theirs).await;
        // Unequal batches, so that a mixture of the two could not have a sound head.
        let (our_batch, their_batch) = (us.batch(round % 5 + 1), them.batch(3));
        let (our_end, their_end) = tokio::join!(ours.commit(&our_batch), theirs.commit(&their_batch));
        let (winner, loser) = match (our_end.unwrap(), their_end.unwrap()) {
            (CommitOutcome::Committed, CommitOutcome::HeadMoved) => (&our_batch, &their_batch),
            (CommitOutcome::HeadMoved, CommitOutcome::Committed) => (&their_batch, &our_batch),
            both => panic!("round {round}: exactly one may win, not {both:?}"),
        };
        assert_eq!(ours.head().await.unwrap(), winner.head, "round {round}");
        assert_eq!(ours.by_jti(&jtis(loser)).await.unwrap(), [], "round {round}: the loser writes nothing");
        assert_eq!(ours.by_jti(&jtis(winner)).await.unwrap().len(), winner.entries.len());
        us.reload(&*ours).await;
        them.reload(&*theirs).await;
    }
    assert_sound(&*ours).await;
}

fn jtis(batch: &Batch) -> Vec<Uuid> {
    batch.entries.iter().map(|entry| entry.jti).collect()
}

pub async fn many_committers_leave_no_gap(fixture: &impl Fixture) {
    const EACH: usize = 12;
    let mut tasks = tokio::task::JoinSet::new();
    for name in ["a", "b", "c", "d"] {
        let store = fixture.store().await;
        tasks.spawn(async move {
            let mut writer = Writer::resume(name, &*store).await.with_padding(60);
            let mut landed = 0;
            while landed < EACH {
                let batch = writer.batch(landed % 7 + 1);
                match store.commit(&batch).await {
                    Ok(CommitOutcome::Committed) => {
                        writer.landed(&batch);
                        landed += 1;
                    }
                    Ok(CommitOutcome::HeadMoved) => writer.reload(&*store).await,
                    Err(error) => assert_eq!(error.code(), "store-retry", "{error}"),
                }
            }
        });
    }
    tasks.join_all().await;
    let entries: usize = (0..EACH).map(|landed| landed % 7 + 1).sum();
    assert_eq!(assert_sound(&*fixture.store().await).await.size, 4 * entries as u64);
}

pub async fn a_head_with_another_root_is_not_the_expected_one(fixture: &impl Fixture) {
    let (store, writer) = grown(fixture, 10).await;
    let mut batch = writer.batch(2);
    batch.expected.root = [0x5a; 32];
    assert_eq!(store.commit(&batch).await.unwrap(), CommitOutcome::HeadMoved);
    assert_eq!(assert_sound(&*store).await, writer.head());
}

pub async fn a_batch_that_fails_leaves_nothing(fixture: &impl Fixture) {
    type Spoil = fn(&mut Batch, &Batch);
    let cases: &[(&str, &str, Spoil)] = &[
        ("a jti of an earlier entry", "store-corrupt", |b, old| b.entries[5].jti = old.entries[3].jti),
        ("a seq its stream has already", "store-corrupt", |b, _| {
            let stream = b.entries[9].stream.clone();
            for entry in b.entries.iter_mut().filter(|entry| entry.stream == stream) {
                entry.seq -= 1;
            }
            b.streams.iter_mut().filter(|head| head.stream == stream).for_each(|head| head.seq -= 1);
        }),
        ("a tile that is held", "store-corrupt", |b, old| b.tiles.push(old.tiles[0].clone())),
        ("a digest of an earlier entry", "store-corrupt", |b, old| {
            b.disclosures[2].digest = old.disclosures[0].digest;
        }),
        ("an erasure of nothing", "store-corrupt", |b, _| b.erased.push((0, [0xee; 32]))),
        ("an attachment nobody uploaded", "attachment-not-held", |b, _| {
            b.attached.push((b.entries[0].index, [0xee; 32]));
        }),
    ];
    let store = fixture.store().await;
    let mut writer = Writer::new("first").with_padding(100);
    let first = writer.batch(300);
    commit(&*store, &mut writer, &first).await;
    for (name, code, spoil) in cases {
        let mut spoiled = writer.batch(20);
        spoil(&mut spoiled, &first);
        assert_eq!(spoiled.check(), Ok(()), "{name}: only the database can notice");
        let error = store.commit(&spoiled).await.expect_err(name);
        assert_eq!(error.code(), *code, "{name}: {error:?}");
        assert_eq!(assert_sound(&*fixture.store().await).await, writer.head(), "{name}");
    }
    let batch = writer.batch(20);
    commit(&*store, &mut writer, &batch).await;
    assert_sound(&*store).await;
}

pub async fn a_batch_waits_for_what_has_to_be_before_it(fixture: &impl Fixture) {
    let (store, mut writer) = grown(fixture, 3).await;
    let reader = fixture.store().await;
    let batch = writer.batch(2);

    let refused = store.commit_after(&batch, Box::pin(async { Err(StoreError::corrupt("key")) })).await;
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
    assert_eq!(reader.head().await.unwrap(), writer.head(), "without its keys a batch leaves nothing");

    let (tell, told) = oneshot::channel();
    let before = Box::pin(async {
        // Long after the rows could have been written.
        tokio::time::sleep(Duration::from_millis(50)).await;
        tell.send(reader.head().await?).map_err(|_| StoreError::corrupt("nobody listens"))
    });
    assert_eq!(store.commit_after(&batch, before).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(told.await.unwrap(), writer.head(), "nobody sees it before");
    writer.landed(&batch);
    assert_sound(&*store).await;

    // Who lost the swap has done what was to be done before.
    let mut done = false;
    let outcome = store.commit_after(
        &batch,
        Box::pin(async {
            done = true;
            Ok(())
        }),
    );
    assert_eq!(outcome.await.unwrap(), CommitOutcome::HeadMoved);
    assert!(done);
}

pub async fn a_refused_batch_never_reaches_the_database(fixture: &impl Fixture) {
    let (store, writer) = grown(fixture, 5).await;
    let empty = Batch::new(writer.head(), writer.head(), Vec::new());
    assert_eq!(store.commit(&empty).await.unwrap_err().code(), "batch-empty");
    let mut gap = writer.batch(3);
    gap.entries.remove(1);
    gap.head.size -= 1;
    assert_eq!(store.commit(&gap).await.unwrap_err().code(), "batch-index");
    assert_eq!(assert_sound(&*store).await, writer.head());
}

pub async fn a_reader_never_sees_part_of_a_batch(fixture: &impl Fixture) {
    const BATCH: usize = 50;
    let (store, reader) = (fixture.store().await, fixture.store().await);
    let (done, is_done) = watch::channel(false);
    let reading = tokio::spawn(async move {
        let mut seen = 0;
        while !*is_done.borrow() {
            let head = reader.head().await.unwrap();
            assert_eq!(head.size % BATCH as u64, 0, "the head moves by whole batches");
            assert!(head.size >= seen, "the head never moves back");
            // Everything the head promises is there, and what is there beyond it is whole batches too.
            let beyond = reader.entries(seen, 10_000).await.unwrap();
            let rows = reader.index_rows(seen, 10_000).await.unwrap();
            assert!(beyond.len() as u64 >= head.size - seen, "the head promised more than is there");
            assert_eq!(beyond.len() % BATCH, 0, "part of a batch");
            assert_eq!(rows.len() % BATCH, 0, "part of a batch's index");
            seen = head.size;
        }
        seen
    });
    let mut writer = Writer::new("first").with_padding(100);
    for _ in 0..40 {
        let batch = writer.batch(BATCH);
        commit(&*store, &mut writer, &batch).await;
    }
    done.send(true).unwrap();
    assert!(reading.await.unwrap() <= writer.head().size);
    assert_sound(&*store).await;
}

pub async fn a_big_batch_is_one_commit(fixture: &impl Fixture) {
    let store = fixture.store().await;
    let mut writer = Writer::new("first").with_padding(300);
    let batch = writer.batch_with(5_000, |_| 4);
    assert_eq!((batch.entries.len(), batch.disclosures.len(), batch.tiles.len()), (5_000, 20_000, 19));
    commit(&*store, &mut writer, &batch).await;
    assert_eq!(assert_sound(&*store).await, writer.head());
}

pub async fn a_stream_head_moves_without_an_entry(fixture: &impl Fixture) {
    let (store, writer) = grown(fixture, 100).await;
    let mut batch = writer.batch(1);
    let moved = batch.streams[0].stream.clone();
    let mut other =
        store.stream_head_rows("", 100).await.unwrap().into_iter().find(|head| head.stream != moved).unwrap();
    other.parties.push_str(",mosd");
    batch.streams.push(other.clone());
    assert_eq!(store.commit(&batch).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(store.stream_heads(std::slice::from_ref(&other.stream)).await.unwrap(), [other]);
}
