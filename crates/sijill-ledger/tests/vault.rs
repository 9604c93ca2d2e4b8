//! Disclosures and attachments: sealed at rest, bound to their entry, in the clear nowhere.

mod common;

use common::{none, scene};
use futures::stream;
use sijill_event::{Class, Digest, Entry, Json, Uuid};
use sijill_ledger::{ATTACHMENT_LIMIT, AttachmentError, MasterKey, Vault};

const CANARY: &str = "CANARY-a-child-whose-name-must-not-be-found";

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|w| w == needle)
}

#[tokio::test]
async fn a_value_is_in_no_file_and_opens_only_at_its_place() {
    let (dir, scene) = scene().await;
    let worker = &scene.workers[0];
    let receipt =
        scene.post(worker, "case/1", "note.added", none(), &[("name", CANARY)]).await.expect("appended");
    scene.post(worker, "case/2", "note.added", none(), &[("name", "other")]).await.expect("appended");

    let files: Vec<_> =
        std::fs::read_dir(dir.path()).expect("readable").map(|f| f.expect("a file").path()).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let bytes = std::fs::read(&file).expect("readable");
        assert!(!contains(&bytes, CANARY.as_bytes()), "{}", file.display());
        // The disclosure's own text form would be base64url of the JSON array.
        let inner = sijill_event::b64::encode(CANARY);
        assert!(!contains(&bytes, &inner.as_bytes()[4..40]), "{}", file.display());
    }

    let store = &scene.ground.store;
    let rows = store.disclosures(receipt.index..receipt.index + 2, None, 10).await.expect("readable");
    let sealed = rows[0].sealed.clone().expect("held");
    let keys = scene.ground.keys.get(&[sealed.key_id]).await.expect("readable");
    let event = |i: u64| async move {
        let page = scene_entry(store.as_ref(), i).await;
        Entry::parse(page.as_bytes()).expect("an entry").event
    };
    let vault = Vault::new(scene.ground.master.clone(), sijill_ledger::testing::ORIGIN);
    let own = event(receipt.index).await;
    let digest = Digest(rows[0].digest);
    let text = vault.open(&own, &digest, &sealed.key_id, &keys[0].1, &sealed.ciphertext).expect("opens");
    assert_eq!(Digest::of(&text), digest);

    let other = event(receipt.index + 1).await;
    assert!(
        vault.open(&other, &digest, &sealed.key_id, &keys[0].1, &sealed.ciphertext).is_err(),
        "moved to another entry"
    );
    assert!(
        vault.open(&own, &Digest([1; 32]), &sealed.key_id, &keys[0].1, &sealed.ciphertext).is_err(),
        "another digest"
    );
    let foreign = Vault::new(MasterKey::generate().expect("randomness"), sijill_ledger::testing::ORIGIN);
    assert!(
        foreign.open(&own, &digest, &sealed.key_id, &keys[0].1, &sealed.ciphertext).is_err(),
        "another master key"
    );
    scene.ground.keys.destroy(&[sealed.key_id]).await.expect("destroyed");
    assert!(scene.ground.keys.get(&[sealed.key_id]).await.expect("readable").is_empty());
}

async fn scene_entry(store: &dyn sijill_store::Store, index: u64) -> String {
    store.entries(index, 1).await.expect("readable").remove(0).1
}

fn body(parts: Vec<Vec<u8>>) -> impl futures::Stream<Item = Result<Vec<u8>, std::io::Error>> {
    stream::iter(parts.into_iter().map(Ok))
}

#[tokio::test]
async fn an_attachment_is_sealed_in_chunks_and_cited_by_digest() {
    let (dir, scene) = scene().await;
    let bytes: Vec<u8> = CANARY.bytes().cycle().take(1_300_001).collect();
    let attached =
        scene.ledger.put_attachment(body(bytes.chunks(77_777).map(<[u8]>::to_vec).collect())).await;
    let attached = attached.expect("taken");
    assert_eq!((attached.digest, attached.size), (Digest::of(&bytes), 1_300_001));
    assert_eq!(scene.ledger.put_attachment(body(vec![bytes])).await.expect("held already"), attached);

    let vault = Vault::new(scene.ground.master.clone(), sijill_ledger::testing::ORIGIN);
    let (store, keys) = (scene.ground.store.as_ref(), scene.ground.keys.as_ref());
    vault.check_attachment(store, keys, attached.digest).await.expect("readable").expect("intact");

    let worker = &scene.workers[0];
    let value = Json::object([("attachment", Json::from(attached.digest.to_string()))]);
    let draft = scene.draft(worker, "case/1", "document.attached", none()).await.disclose(
        Class::Narrative,
        "file",
        value,
    );
    scene.send(draft.sign(&worker.key).expect("signable").to_string()).await.expect("appended");

    // Cited, it stays; another, which no event cites, is swept when its day is over.
    let stray = scene.ledger.put_attachment(body(vec![b"stray".to_vec()])).await.expect("taken");
    let day = 86_400_000;
    scene.ground.clock.set(scene.ledger.now_ms() + day + 2_000);
    scene.ledger.shutdown().await;
    let again = scene.ground.open().await.expect("opens");
    for _ in 0..200 {
        if scene.ground.store.attachment(stray.digest.0).await.expect("readable").is_none() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let held =
        scene.ground.store.known_attachments(&[stray.digest.0, attached.digest.0]).await.expect("readable");
    assert_eq!(held, [attached.digest.0]);
    again.shutdown().await;

    let database = std::fs::read(dir.path().join("ledger.sqlite")).expect("readable");
    let log = std::fs::read(dir.path().join("ledger.sqlite-wal")).unwrap_or_default();
    assert!(!contains(&database, CANARY.as_bytes()) && !contains(&log, CANARY.as_bytes()));
}

#[tokio::test]
async fn an_attachment_too_large_empty_or_broken_off_is_refused() {
    let (_dir, scene) = scene().await;
    let megabytes = |n: usize| vec![vec![1_u8; 1_000_000]; n];
    let limit = usize::try_from(ATTACHMENT_LIMIT / 1_000_000).expect("small");
    scene.ledger.put_attachment(body(megabytes(limit))).await.expect("just fits");
    let mut over = megabytes(limit);
    over.push(vec![1]);
    assert!(matches!(scene.ledger.put_attachment(body(over)).await, Err(AttachmentError::TooLarge)));
    assert!(matches!(scene.ledger.put_attachment(body(vec![])).await, Err(AttachmentError::Empty)));
    let broken = stream::iter([Ok(vec![1_u8; 9]), Err(std::io::Error::other("gone"))]);
    assert!(matches!(scene.ledger.put_attachment(broken).await, Err(AttachmentError::Broken(_))));
}

async fn keys_held(dir: &std::path::Path) -> i64 {
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(dir.join("keys.sqlite"));
    let mut keys = sqlx::ConnectOptions::connect(&file).await.expect("the key file");
    sqlx::query_scalar("SELECT count(*) FROM data_key").fetch_one(&mut keys).await.expect("readable")
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_no_key() {
    let (dir, scene) = scene().await;
    let before = keys_held(dir.path()).await;
    let over = || body(vec![vec![1_u8; 1_000_000]; 21]);
    for _ in 0..3 {
        assert!(matches!(scene.ledger.put_attachment(over()).await, Err(AttachmentError::TooLarge)));
    }
    assert!(matches!(scene.ledger.put_attachment(body(vec![])).await, Err(AttachmentError::Empty)));
    let broken = stream::iter([Ok(vec![1_u8; 9]), Err(std::io::Error::other("gone"))]);
    assert!(matches!(scene.ledger.put_attachment(broken).await, Err(AttachmentError::Broken(_))));
    assert_eq!(keys_held(dir.path()).await, before);
    scene.ledger.put_attachment(body(vec![b"whole".to_vec()])).await.expect("taken");
    scene.ledger.put_attachment(body(vec![b"whole".to_vec()])).await.expect("held already");
    assert_eq!(keys_held(dir.path()).await, before + 1, "the key of what is held");

    // The server died after the key was kept and before the upload was finished.
    let upload = Uuid::new_v4();
    let now = i64::try_from(scene.ledger.now_ms() / 1_000).expect("small");
    scene.ground.store.begin_attachment(upload, now).await.expect("begun");
    scene.ground.keys.put(&[(upload.into_bytes(), vec![7; 72])]).await.expect("kept");
    scene.ground.clock.set(scene.ledger.now_ms() + 86_400_000 + 2_000);
    scene.ledger.shutdown().await;
    let again = scene.ground.open().await.expect("opens");
    for _ in 0..200 {
        if keys_held(dir.path()).await == before {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(
        keys_held(dir.path()).await,
        before,
        "swept, and with them the file that no event came to cite"
    );
    again.shutdown().await;
}

#[test]
fn a_master_key_is_read_in_both_spellings_and_never_shown() {
    let key = MasterKey::generate().expect("randomness");
    assert_eq!(
        MasterKey::parse(&format!("{}\n", key.to_text())).expect("its own text").to_text(),
        key.to_text()
    );
    let hex = "00".repeat(32);
    assert_eq!(MasterKey::parse(&hex).expect("hexadecimal").to_text(), sijill_event::b64::encode([0; 32]));
    for bad in ["", "AAAA", &"zz".repeat(32), &"0".repeat(63)] {
        assert!(MasterKey::parse(bad).is_err(), "{bad}");
    }
    assert_eq!(format!("{key:?}"), "MasterKey(…)");
}
