//! Disclosures, their erasure, and the replay memory.

use super::Fixture;
use super::appending::{commit, grown};
use super::sample::{Writer, all_disclosures, assert_sound, stored};
use crate::{SealedDisclosure, StoredDisclosure};

pub async fn disclosures_page_by_entry_and_digest(fixture: &impl Fixture) {
    let store = fixture.store().await;
    let mut writer = Writer::new("first").with_padding(100);
    let batch = writer.batch_with(20, |index| usize::try_from(index).unwrap());
    commit(&*store, &mut writer, &batch).await;
    let mut written: Vec<_> = batch.disclosures.into_iter().map(stored).collect();
    written.sort_by_key(|d| (d.index, d.digest));

    for range in [0..20, 5..6, 19..1_000, 3..11, 0..0] {
        let expected: Vec<_> = written.iter().filter(|d| range.contains(&d.index)).cloned().collect();
        assert_eq!(all_disclosures(&*store, range.clone()).await, expected);
        let mut after = None;
        for page in expected.chunks(7) {
            assert_eq!(store.disclosures(range.clone(), after, 7).await.unwrap(), page);
            after = page.last().map(|last| (last.index, last.digest));
        }
        assert_eq!(store.disclosures(range, after, 0).await.unwrap(), []);
    }
}

pub async fn erasure_keeps_the_digest_and_spares_the_survivors(fixture: &impl Fixture) {
    let store = fixture.store().await;
    let mut writer = Writer::new("first").with_padding(100);
    let batch = writer.batch_with(4, |_| 3);
    commit(&*store, &mut writer, &batch).await;
    let before = all_disclosures(&*store, 0..4).await;

    let mut erasure = writer.batch_with(1, |_| 0);
    let of_entry: Vec<_> = before.iter().filter(|d| d.index == 2).collect();
    erasure.erased = vec![(2, of_entry[1].digest)];
    let resealed = |d: &StoredDisclosure, text: &[u8]| SealedDisclosure {
        index: d.index,
        digest: d.digest,
        key_id: [0xab; 16],
        ciphertext: text.to_vec(),
    };
    erasure.resealed = vec![resealed(of_entry[0], b"anew"), resealed(of_entry[2], b"anew too")];
    commit(&*store, &mut writer, &erasure).await;

    let mut expected = before.clone();
    for disclosure in expected.iter_mut().filter(|d| d.index == 2) {
        disclosure.sealed = None;
        if let Some(anew) = erasure.resealed.iter().find(|r| r.digest == disclosure.digest) {
            *disclosure = stored(anew.clone());
        }
    }
    assert_eq!(all_disclosures(&*store, 0..4).await, expected, "other entries are untouched");
    let digest = erasure.erased[0].1;
    assert_eq!(store.known_digests(&[digest]).await.unwrap(), [digest], "a digest never becomes free again");

    let mut again = writer.batch_with(1, |_| 0);
    again.erased = erasure.erased.clone();
    commit(&*store, &mut writer, &again).await;
    assert_eq!(all_disclosures(&*store, 0..4).await, expected, "erasing again changes nothing");
}

pub async fn erasing_what_is_not_there_is_a_contradiction(fixture: &impl Fixture) {
    let (store, mut writer) = grown(fixture, 10).await;
    let held = all_disclosures(&*store, 0..10).await[0].clone();
    let elsewhere = (held.index + 1, held.digest);

    let mut wrong_entry = writer.batch(1);
    wrong_entry.erased = vec![elsewhere];
    assert_eq!(store.commit(&wrong_entry).await.unwrap_err().code(), "store-corrupt");

    let anew =
        |(index, digest)| SealedDisclosure { index, digest, key_id: [1; 16], ciphertext: b"anew".to_vec() };
    let mut wrong_entry = writer.batch(1);
    wrong_entry.resealed = vec![anew(elsewhere)];
    assert_eq!(store.commit(&wrong_entry).await.unwrap_err().code(), "store-corrupt");

    let mut no_attachment = writer.batch(1);
    no_attachment.erased_attachments = vec![[7; 32]];
    assert_eq!(store.commit(&no_attachment).await.unwrap_err().code(), "attachment-not-held");
    assert_eq!(assert_sound(&*store).await, writer.head(), "nothing of it was written");

    let mut erasure = writer.batch_with(1, |_| 0);
    erasure.erased = vec![(held.index, held.digest)];
    commit(&*store, &mut writer, &erasure).await;
    let mut revival = writer.batch(1);
    revival.resealed = vec![anew((held.index, held.digest))];
    assert_eq!(store.commit(&revival).await.unwrap_err().code(), "store-corrupt", "erasure is final");
    assert_eq!(store.head().await.unwrap(), writer.head());
}

pub async fn survivors_are_sealed_anew_all_or_none(fixture: &impl Fixture) {
    let store = fixture.store().await;
    let mut writer = Writer::new("first").with_padding(100);
    let batch = writer.batch_with(4, |_| 2);
    commit(&*store, &mut writer, &batch).await;
    let mut expected = all_disclosures(&*store, 0..4).await;
    let (first, second) = (expected[0].clone(), expected[3].clone());
    let anew = |d: &StoredDisclosure, text: &[u8]| SealedDisclosure {
        index: d.index,
        digest: d.digest,
        key_id: [0xcd; 16],
        ciphertext: text.to_vec(),
    };
    store.reseal(&[]).await.unwrap();
    let head = store.head().await.unwrap();
    store.reseal(&[anew(&first, b"one"), anew(&second, b"another")]).await.unwrap();
    expected[0] = stored(anew(&first, b"one"));
    expected[3] = stored(anew(&second, b"another"));
    assert_eq!(all_disclosures(&*store, 0..4).await, expected);
    assert_eq!(fixture.store().await.head().await.unwrap(), head, "no entry was appended");

    let mut erasure = writer.batch_with(1, |_| 0);
    erasure.erased = vec![(second.index, second.digest)];
    commit(&*store, &mut writer, &erasure).await;
    expected[3].sealed = None;
    let elsewhere = StoredDisclosure { index: first.index + 2, ..first.clone() };
    for gone in [&second, &elsewhere] {
        let both = [anew(&first, b"not written"), anew(gone, b"nor this")];
        assert_eq!(store.reseal(&both).await.unwrap_err().code(), "store-corrupt");
    }
    assert_eq!(all_disclosures(&*store, 0..4).await, expected, "all or none");
}

pub async fn an_assertion_is_remembered_once(fixture: &impl Fixture) {
    let (here, there) = (fixture.store().await, fixture.store().await);
    assert!(here.remember_assertion([1; 32], 1_000, 900).await.unwrap());
    assert!(!here.remember_assertion([1; 32], 1_000, 901).await.unwrap(), "replayed");
    assert!(!there.remember_assertion([1; 32], 9_999, 902).await.unwrap(), "replayed at another server");
    assert!(there.remember_assertion([2; 32], 1_000, 999).await.unwrap(), "another assertion");
    assert!(!here.remember_assertion([1; 32], 1_000, 1_000).await.unwrap(), "its last second");
    assert!(here.remember_assertion([1; 32], 2_000, 1_001).await.unwrap(), "expired and purged");
    assert!(here.remember_assertion([3; 32], i64::MAX, i64::MIN).await.unwrap());
}

pub async fn one_of_two_servers_remembers_an_assertion_first(fixture: &impl Fixture) {
    let (here, there) = (fixture.store().await, fixture.store().await);
    for round in 0..20 {
        let id = [round; 32];
        let (ours, theirs) =
            tokio::join!(here.remember_assertion(id, 10, 0), there.remember_assertion(id, 10, 0));
        assert!(ours.unwrap() ^ theirs.unwrap(), "round {round}: exactly one is first");
    }
}
