//! Documents: held by hash, swept when no longer kept.

use super::Fixture;
use super::sample::hash;
use crate::{Hash, MAX_DOCUMENT_BYTES};

pub async fn a_document_reads_back_byte_for_byte(fixture: &impl Fixture) {
    let (store, other) = (fixture.store().await, fixture.store().await);
    assert_eq!(store.documents().await.unwrap(), [] as [Hash; 0]);
    let every_byte: Vec<u8> = (0..=255).collect();
    let largest = every_byte.repeat(MAX_DOCUMENT_BYTES / 256);
    let documents = [&b""[..], "قائمة".as_bytes(), &every_byte, &largest];
    for document in documents {
        store.put_document(hash(&[document]), document, 5).await.unwrap();
        other.put_document(hash(&[document]), document, 5).await.unwrap();
    }
    let mut hashes = documents.map(|document| hash(&[document]));
    hashes.sort_unstable();
    assert_eq!(other.documents().await.unwrap(), hashes);
    for document in documents {
        assert_eq!(other.document(hash(&[document])).await.unwrap().as_deref(), Some(document));
    }
    assert_eq!(store.document([7; 32]).await.unwrap(), None);

    let larger = [&largest[..], b"x"].concat();
    assert_eq!(store.put_document([7; 32], &larger, 5).await.unwrap_err().code(), "document-size");
    assert_eq!(store.document([7; 32]).await.unwrap(), None);
}

pub async fn documents_that_nobody_keeps_are_swept(fixture: &impl Fixture) {
    let store = fixture.store().await;
    for (name, put) in [(1, 100), (2, 100), (3, 200), (4, 100)] {
        store.put_document([name; 32], &[name], put).await.unwrap();
    }
    store.put_document([4; 32], &[4], 200).await.unwrap();
    store.put_document([3; 32], &[3], 50).await.unwrap();

    assert_eq!(store.sweep_documents(100, &[]).await.unwrap(), 0, "put at that very second");
    assert_eq!(store.sweep_documents(200, &[[1; 32], [9; 32]]).await.unwrap(), 1);
    assert_eq!(
        store.documents().await.unwrap(),
        [[1; 32], [3; 32], [4; 32]],
        "one is kept, one is young, one was put anew; and a clock that is behind makes nothing older"
    );
    assert_eq!(store.sweep_documents(i64::MAX, &[]).await.unwrap(), 3);
    assert_eq!(store.sweep_documents(i64::MAX, &[]).await.unwrap(), 0);
    assert_eq!(store.documents().await.unwrap(), [] as [Hash; 0]);
}
