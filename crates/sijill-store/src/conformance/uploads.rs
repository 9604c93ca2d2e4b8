//! Attachments: uploads in chunks, their digests, their sweep.

use uuid::Uuid;

use super::Fixture;
use super::appending::{commit, grown};
use crate::{Attachment, AttachmentRow, Finished, Hash, MAX_CHUNK_BYTES, Store};

const FILE: Hash = [0xfa; 32];

/// Uploads a file of two chunks under `digest`, with a key of the same bytes.
async fn upload(store: &dyn Store, name: u128, digest: Hash, now: i64) -> Finished {
    let upload = Uuid::from_u128(name);
    store.begin_attachment(upload, now).await.unwrap();
    store.put_chunk(upload, 0, b"sealed").await.unwrap();
    store.put_chunk(upload, 1, &name.to_be_bytes()).await.unwrap();
    store.finish_attachment(upload, digest, 20, [digest[0]; 16]).await.unwrap()
}

pub async fn an_attachment_reads_back_byte_for_byte(fixture: &impl Fixture) {
    let (store, other) = (fixture.store().await, fixture.store().await);
    let upload = Uuid::from_u128(1);
    let chunks: Vec<Vec<u8>> = vec![vec![0xff; MAX_CHUNK_BYTES], (0..=255).collect(), vec![0]];
    store.begin_attachment(upload, 0).await.unwrap();
    // Out of order and one of them twice, as a client with a bad line would.
    store.put_chunk(upload, 2, &chunks[2]).await.unwrap();
    store.put_chunk(upload, 0, b"half of").await.unwrap();
    other.put_chunk(upload, 0, &chunks[0]).await.unwrap();
    other.put_chunk(upload, 1, &chunks[1]).await.unwrap();
    assert_eq!(store.attachment(FILE).await.unwrap(), None, "unfinished");
    assert_eq!(store.known_attachments(&[FILE]).await.unwrap(), [[0; 32]; 0]);

    let size = u64::from(u32::MAX) + 7;
    assert_eq!(store.finish_attachment(upload, FILE, size, [9; 16]).await.unwrap(), Finished::Stored);
    let held = Attachment { digest: FILE, size, chunks: 3, key_id: Some([9; 16]) };
    assert_eq!(other.attachment(FILE).await.unwrap(), Some(held));
    assert_eq!(other.known_attachments(&[[0; 32], FILE, FILE]).await.unwrap(), [FILE]);
    for (chunk, number) in chunks.iter().zip(0..) {
        assert_eq!(other.attachment_chunk(FILE, number).await.unwrap().as_ref(), Some(chunk));
    }
    assert_eq!(other.attachment_chunk(FILE, 3).await.unwrap(), None);
    assert_eq!(other.attachment_chunk(FILE, u32::MAX).await.unwrap(), None);
    assert_eq!(other.attachment_chunk([0; 32], 0).await.unwrap(), None);
}

pub async fn uploads_are_refused_by_name(fixture: &impl Fixture) {
    let store = fixture.store().await;
    let [unknown, upload] = [Uuid::from_u128(404), Uuid::from_u128(1)];
    let code = |result: crate::Result<()>| result.unwrap_err().code();
    assert_eq!(code(store.put_chunk(unknown, 0, b"x").await), "upload-unknown");
    assert_eq!(code(store.finish_attachment(unknown, FILE, 1, [0; 16]).await.map(drop)), "upload-unknown");

    store.begin_attachment(upload, 0).await.unwrap();
    assert_eq!(code(store.begin_attachment(upload, 0).await), "store-corrupt", "names are drawn at random");
    assert_eq!(code(store.put_chunk(upload, 0, b"").await), "chunk-size");
    let huge = vec![0; MAX_CHUNK_BYTES + 1];
    assert_eq!(code(store.put_chunk(upload, 0, &huge).await), "chunk-size");
    assert_eq!(code(store.finish_attachment(upload, FILE, 1, [0; 16]).await.map(drop)), "upload-incomplete");
    store.put_chunk(upload, 1, b"x").await.unwrap();
    assert_eq!(code(store.finish_attachment(upload, FILE, 1, [0; 16]).await.map(drop)), "upload-incomplete");
    store.put_chunk(upload, 0, b"x").await.unwrap();
    assert_eq!(code(store.finish_attachment(upload, FILE, 1 << 63, [0; 16]).await.map(drop)), "too-large");
    assert_eq!(store.finish_attachment(upload, FILE, 2, [0; 16]).await.unwrap(), Finished::Stored);

    assert_eq!(code(store.put_chunk(upload, 1, b"late").await), "upload-unknown", "held chunks never change");
    assert_eq!(code(store.finish_attachment(upload, [1; 32], 2, [0; 16]).await.map(drop)), "upload-unknown");
    assert_eq!(store.attachment_chunk(FILE, 1).await.unwrap().as_deref(), Some(&b"x"[..]));
}

pub async fn the_first_upload_of_a_digest_stays(fixture: &impl Fixture) {
    let store = fixture.store().await;
    assert_eq!(upload(&*store, 1, FILE, 0).await, Finished::Stored);
    assert_eq!(upload(&*store, 2, FILE, 0).await, Finished::AlreadyHeld);
    let first = 1_u128.to_be_bytes();
    assert_eq!(store.attachment_chunk(FILE, 1).await.unwrap().as_deref(), Some(&first[..]));
    let dropped = store.put_chunk(Uuid::from_u128(2), 0, b"x").await;
    assert_eq!(dropped.unwrap_err().code(), "upload-unknown");
}

pub async fn an_erased_attachment_never_returns(fixture: &impl Fixture) {
    let (store, mut writer) = grown(fixture, 3).await;
    assert_eq!(upload(&*store, 1, FILE, 0).await, Finished::Stored);
    let mut attaching = writer.batch(1);
    attaching.attached = vec![(attaching.expected.size, FILE)];
    commit(&*store, &mut writer, &attaching).await;

    let mut erasing = writer.batch(1);
    erasing.erased_attachments = vec![FILE];
    commit(&*store, &mut writer, &erasing).await;
    let erased = Attachment { digest: FILE, size: 20, chunks: 0, key_id: None };
    assert_eq!(store.attachment(FILE).await.unwrap(), Some(erased.clone()));
    assert_eq!(store.attachment_chunk(FILE, 0).await.unwrap(), None);
    assert_eq!(store.known_attachments(&[FILE]).await.unwrap(), [[0; 32]; 0]);
    assert_eq!(upload(&*store, 2, FILE, 0).await, Finished::Erased);
    assert_eq!(store.attachment(FILE).await.unwrap(), Some(erased.clone()));

    let mut attaching = writer.batch(1);
    attaching.attached = vec![(attaching.expected.size, FILE)];
    assert_eq!(store.commit(&attaching).await.unwrap_err().code(), "attachment-not-held");
    let mut again = writer.batch(1);
    again.erased_attachments = vec![FILE];
    commit(&*store, &mut writer, &again).await;
    assert_eq!(store.sweep_attachments(i64::MAX).await.unwrap(), [[0; 16]; 0]);
    assert_eq!(store.attachment(FILE).await.unwrap(), Some(erased), "the tombstone outlives the sweep");
}

pub async fn what_no_entry_attaches_is_swept(fixture: &impl Fixture) {
    let (store, mut writer) = grown(fixture, 3).await;
    let [attached, forgotten, fresh] = [[1; 32], [2; 32], [3; 32]];
    for (digest, begun) in [(attached, 100), (forgotten, 100), (fresh, 200)] {
        assert_eq!(upload(&*store, u128::from(digest[0]), digest, begun).await, Finished::Stored);
    }
    let [idle, busy] = [Uuid::from_u128(50), Uuid::from_u128(51)];
    store.begin_attachment(idle, 100).await.unwrap();
    store.put_chunk(idle, 0, b"idle").await.unwrap();
    store.begin_attachment(busy, 200).await.unwrap();
    let mut batch = writer.batch(2);
    batch.attached = vec![(batch.expected.size, attached)];
    commit(&*store, &mut writer, &batch).await;

    assert_eq!(store.sweep_attachments(100).await.unwrap(), [[0; 16]; 0], "not before their time");
    let mut keys = store.sweep_attachments(200).await.unwrap();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [idle.into_bytes(), [2; 16]],
        "of the unfinished one, its own name; of the finished one that nobody used, its key"
    );
    assert_eq!(store.put_chunk(idle, 1, b"x").await.unwrap_err().code(), "upload-unknown");
    store.put_chunk(busy, 0, b"x").await.unwrap();
    let mut known = store.known_attachments(&[attached, forgotten, fresh]).await.unwrap();
    known.sort_unstable();
    assert_eq!(known, [attached, fresh]);
    assert_eq!(store.attachment_chunk(forgotten, 0).await.unwrap(), None);

    let mut too_late = writer.batch(1);
    too_late.attached = vec![(too_late.expected.size, forgotten)];
    assert_eq!(store.commit(&too_late).await.unwrap_err().code(), "attachment-not-held");
    // A second entry may name the same file; it stays attached.
    let mut again = writer.batch(1);
    again.attached = vec![(again.expected.size, attached)];
    commit(&*store, &mut writer, &again).await;
    let mut keys = store.sweep_attachments(i64::MAX).await.unwrap();
    keys.sort_unstable();
    assert_eq!(keys, [busy.into_bytes(), [3; 16]]);
    assert_eq!(store.known_attachments(&[attached]).await.unwrap(), [attached]);
}

pub async fn uploads_are_listed_by_name(fixture: &impl Fixture) {
    let (store, mut writer) = grown(fixture, 5).await;
    let row = |name: u128, begun, digest, entry, erased| AttachmentRow {
        upload: Uuid::from_u128(name),
        begun,
        digest,
        entry,
        erased,
    };
    let [attached, waiting, erased] = [[1; 32], [2; 32], [3; 32]];
    for (name, digest) in [(u128::MAX, attached), (1 << 70, waiting), (7, erased)] {
        assert_eq!(upload(&*store, name, digest, 40).await, Finished::Stored);
    }
    store.begin_attachment(Uuid::from_u128(1), -3).await.unwrap();
    let mut batch = writer.batch(2);
    batch.attached = vec![(6, attached), (5, erased)];
    commit(&*store, &mut writer, &batch).await;
    let mut batch = writer.batch(1);
    batch.erased_attachments = vec![erased];
    commit(&*store, &mut writer, &batch).await;

    let all = [
        row(1, -3, None, None, false),
        row(7, 40, Some(erased), Some(5), true),
        row(1 << 70, 40, Some(waiting), None, false),
        row(u128::MAX, 40, Some(attached), Some(6), false),
    ];
    assert_eq!(store.attachment_rows(None, 10).await.unwrap(), all);
    assert_eq!(store.attachment_rows(None, 2).await.unwrap(), all[..2]);
    assert_eq!(store.attachment_rows(Some(all[1].upload), 10).await.unwrap(), all[2..]);
    assert_eq!(store.attachment_rows(Some(all[3].upload), 10).await.unwrap(), []);
}
