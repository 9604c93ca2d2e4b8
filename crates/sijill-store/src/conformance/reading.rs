//! Pages and look-ups.

use std::collections::{BTreeMap, HashSet};

use uuid::Uuid;

use super::Fixture;
use super::appending::grown;
use super::sample::hash;
use crate::MAX_PAGE;

pub async fn pages_are_bounded_and_complete(fixture: &impl Fixture) {
    let (store, _) = grown(fixture, 300).await;
    let whole = store.entries(0, u32::MAX).await.unwrap();
    assert_eq!(whole.len(), 300, "a limit beyond {MAX_PAGE} is no error");
    assert_eq!(store.entries(0, 0).await.unwrap(), []);

    let rows = store.index_rows(0, u32::MAX).await.unwrap();
    let mut streams: BTreeMap<&str, Vec<(u64, String)>> = BTreeMap::new();
    for ((index, entry), row) in whole.iter().zip(&rows) {
        assert_eq!(row.index, *index);
        streams.entry(&row.stream).or_default().push((*index, entry.clone()));
    }
    for limit in [1, 7, 64] {
        let size = usize::try_from(limit).unwrap();
        let mut from = 0;
        for page in whole.chunks(size) {
            assert_eq!(store.entries(from, limit).await.unwrap(), page);
            from += page.len() as u64;
        }
        for (stream, entries) in &streams {
            let mut from = 0;
            for page in entries.chunks(size) {
                assert_eq!(store.stream_entries(stream, from, limit).await.unwrap(), page);
                from += page.len() as u64;
            }
            assert_eq!(store.stream_entries(stream, from, limit).await.unwrap(), []);
        }
        let registry: Vec<_> =
            whole.iter().zip(&rows).filter(|(_, row)| row.registry).map(|(e, _)| e.clone()).collect();
        let mut from = 0;
        for page in registry.chunks(size) {
            assert_eq!(store.registry_entries(from, limit).await.unwrap(), page);
            from = page[page.len() - 1].0 + 1;
        }
        let mut after = String::new();
        let mut names = Vec::new();
        while let page = store.stream_head_rows(&after, limit).await.unwrap()
            && let Some(last) = page.last()
        {
            assert!(page.len() <= size);
            after.clone_from(&last.stream);
            names.extend(page.into_iter().map(|head| head.stream));
        }
        assert!(names.iter().eq(streams.keys()), "every stream once, by its bytes");
    }
}

pub async fn lookups_answer_once_and_leave_out_the_unknown(fixture: &impl Fixture) {
    let (store, _) = grown(fixture, 50).await;
    let rows = store.index_rows(0, 100).await.unwrap();
    let entries = store.entries(0, 100).await.unwrap();

    let known = [rows[7].jti, rows[31].jti];
    let asked = [known[1], Uuid::nil(), known[0], known[1], Uuid::max()];
    for _ in 0..2 {
        let mut found = store.by_jti(&asked).await.unwrap();
        found.sort_by_key(|(_, index, _)| *index);
        let expected = [(known[0], 7, entries[7].1.clone()), (known[1], 31, entries[31].1.clone())];
        assert_eq!(found, expected, "asking twice changes nothing");
    }
    assert_eq!(store.by_jti(&[]).await.unwrap(), []);

    let asked = ["case/5".to_owned(), "case/404".into(), "case/5".into(), rows[7].stream.clone()];
    let mut found = store.entries_of(&asked).await.unwrap();
    found.sort_unstable();
    let held = rows.iter().zip(&entries).filter(|(row, _)| asked.contains(&row.stream));
    assert_eq!(
        found,
        held.map(|(_, entry)| entry.clone()).collect::<Vec<_>>(),
        "whole streams, each entry once"
    );
    assert_eq!(store.entries_of(&[]).await.unwrap(), []);

    let mut found = store.disclosures_of(&[31, 7, 4_000, 7]).await.unwrap();
    found.sort_by_key(|row| (row.index, row.digest));
    let mut held = store.disclosures(7..8, None, 100).await.unwrap();
    held.extend(store.disclosures(31..32, None, 100).await.unwrap());
    assert!(!held.is_empty());
    assert_eq!(found, held);
    assert_eq!(store.disclosures_of(&[]).await.unwrap(), []);

    let digest = hash(&[rows[7].jti.as_bytes(), &0_u64.to_be_bytes()]);
    assert_eq!(store.known_digests(&[[0; 32], digest, digest]).await.unwrap(), [digest]);
    assert_eq!(store.known_digests(&[]).await.unwrap(), [[0; 32]; 0]);

    let asked = ["case/5".to_owned(), "case/404".into(), "case/5".into(), String::new()];
    let found = store.stream_heads(&asked).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].stream, "case/5");
    assert_eq!(store.stream_heads(&[]).await.unwrap(), []);
}

pub async fn long_lookups_are_answered_whole(fixture: &impl Fixture) {
    const ASKED: u64 = 40_000;
    let (store, _) = grown(fixture, 50).await;
    let rows = store.index_rows(0, 100).await.unwrap();
    // The known ones stand last and first, beyond any limit on the parameters of one statement.
    let mut jtis = vec![rows[0].jti];
    jtis.extend((0..ASKED).map(|n| Uuid::from_u128(n.into())));
    jtis.push(rows[49].jti);
    assert_eq!(store.by_jti(&jtis).await.unwrap().len(), 2);

    let digest = |row: usize| hash(&[rows[row].jti.as_bytes(), &0_u64.to_be_bytes()]);
    let mut digests = vec![digest(1)];
    digests.extend((0..ASKED).map(|n| hash(&[&n.to_be_bytes()])));
    digests.push(digest(49));
    let found: HashSet<_> = store.known_digests(&digests).await.unwrap().into_iter().collect();
    assert_eq!(found, HashSet::from([digest(1), digest(49)]));

    let mut streams = vec![rows[0].stream.clone()];
    streams.extend((0..ASKED).map(|n| format!("no/{n}")));
    streams.push(rows[49].stream.clone());
    assert_eq!(store.stream_heads(&streams).await.unwrap().len(), 2);
}

pub async fn positions_beyond_the_end_are_empty(fixture: &impl Fixture) {
    let (store, _) = grown(fixture, 300).await;
    for from in [300, 1 << 40, i64::MAX as u64, 1 << 63, u64::MAX] {
        assert_eq!(store.entries(from, 10).await.unwrap(), []);
        assert_eq!(store.registry_entries(from, 10).await.unwrap(), []);
        assert_eq!(store.stream_entries("case/5", from, 10).await.unwrap(), []);
        assert_eq!(store.index_rows(from, 10).await.unwrap(), []);
        assert_eq!(store.disclosures(from..u64::MAX, None, 10).await.unwrap(), []);
        assert_eq!(store.tile(0, from).await.unwrap(), None);
    }
    assert!(store.tile(0, 0).await.unwrap().is_some());
    assert_eq!(store.tile(1, 0).await.unwrap(), None);
    assert_eq!(store.tile(u8::MAX, 0).await.unwrap(), None);
    assert_eq!(store.stream_entries("no such stream", 0, 10).await.unwrap(), []);
    assert_eq!(store.stream_head_rows("\u{10ffff}", 10).await.unwrap(), []);
}
