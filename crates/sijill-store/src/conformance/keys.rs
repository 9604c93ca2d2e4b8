//! The key store.

use super::Fixture;
use crate::KeyId;

pub async fn keys_are_added_and_destroyed(fixture: &impl Fixture) {
    let (here, there) = (fixture.keys().await, fixture.keys().await);
    let keys: Vec<(KeyId, Vec<u8>)> =
        vec![([1; 16], vec![0xff, 0, 1]), ([2; 16], vec![]), ([3; 16], vec![7; 500])];
    here.put(&keys).await.unwrap();
    here.put(&[]).await.unwrap();
    let mut found = there.get(&[[3; 16], [9; 16], [1; 16], [2; 16], [1; 16]]).await.unwrap();
    found.sort();
    assert_eq!(found, keys);

    assert_eq!(there.destroy(&[[1; 16], [9; 16], [3; 16]]).await.unwrap(), 2);
    assert_eq!(there.destroy(&[[1; 16]]).await.unwrap(), 0, "destroying again is no error");
    assert_eq!(there.destroy(&[]).await.unwrap(), 0);
    assert_eq!(here.get(&[[1; 16], [2; 16], [3; 16]]).await.unwrap(), [keys[1].clone()]);
    assert_eq!(here.get(&[]).await.unwrap(), []);
}

pub async fn keys_are_never_replaced(fixture: &impl Fixture) {
    let keys = fixture.keys().await;
    keys.put(&[([1; 16], b"first".to_vec())]).await.unwrap();
    for value in ["second", "first"] {
        let error = keys.put(&[([2; 16], b"new".to_vec()), ([1; 16], value.into())]).await.unwrap_err();
        assert_eq!(error.code(), "key-exists");
    }
    assert_eq!(keys.get(&[[1; 16], [2; 16]]).await.unwrap(), [([1; 16], b"first".to_vec())], "all or none");
    let error = keys.put(&[([5; 16], vec![1]), ([5; 16], vec![2])]).await.unwrap_err();
    assert_eq!(error.code(), "key-exists", "twice in one call");
    assert_eq!(keys.get(&[[5; 16]]).await.unwrap(), []);
}

pub async fn many_keys_at_once(fixture: &impl Fixture) {
    let keys = fixture.keys().await;
    let id = |n: u32| -> KeyId { u128::from(n).to_be_bytes() };
    let all: Vec<_> = (0..40_000).map(|n| (id(n), n.to_be_bytes().to_vec())).collect();
    keys.put(&all).await.unwrap();
    let ids: Vec<_> = all.iter().map(|(id, _)| *id).collect();
    let mut found = keys.get(&ids).await.unwrap();
    found.sort();
    assert_eq!(found, all);
    assert_eq!(keys.destroy(&ids).await.unwrap(), 40_000);
    assert_eq!(keys.get(&ids).await.unwrap(), []);
}
