//! Restarts, the seal, and two servers on one store.

mod common;

use std::sync::Arc;

use common::{ground, none, scene};
use sijill_ledger::testing::Scene;
use sijill_ledger::{OpenError, Seal, Wait};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};

#[tokio::test]
async fn a_restart_goes_on_where_it_stopped() {
    let (_dir, scene) = scene().await;
    let worker = &scene.workers[0];
    for n in 0..600 {
        scene.post(worker, &format!("case/{}", n % 7), "note.added", none(), &[]).await.expect("appended");
    }
    let before = scene.ledger.published();
    scene.ledger.shutdown().await;
    let again = scene.ground.open().await.expect("opens");
    assert_eq!(again.published().note, before.note);
    assert_eq!(again.registry(), before.registry);
    let scene = Scene { ledger: again, ..scene };
    scene.post(&scene.workers[0], "case/0", "note.added", none(), &[]).await.expect("appended");
    assert_eq!(scene.ledger.published().checkpoint.size, before.checkpoint.size + 1);
}

#[tokio::test]
async fn what_is_queued_at_shutdown_is_finished() {
    let (_dir, scene) = scene().await;
    let worker = &scene.workers[0];
    let mut texts = Vec::new();
    for n in 0..300 {
        let draft = scene.draft(worker, &format!("case/{n}"), "note.added", none()).await;
        texts.push(draft.sign(&worker.key).expect("signable").to_string());
    }
    let ledger = scene.ledger.clone();
    let waiting: Vec<_> = texts
        .into_iter()
        .map(|text| {
            let ledger = ledger.clone();
            tokio::spawn(async move { ledger.append(vec![text], Wait::Published).await })
        })
        .collect();
    tokio::task::yield_now().await;
    ledger.shutdown().await;
    let mut acknowledged = Vec::new();
    for answer in waiting {
        if let Ok(receipts) = answer.await.expect("no panic") {
            acknowledged.extend(receipts.into_iter().filter_map(Result::ok).map(|r| r.jti));
        }
    }
    let found = scene.ground.store.by_jti(&acknowledged).await.expect("readable");
    assert_eq!(found.len(), acknowledged.len(), "every acknowledged event is there");
    assert!(
        ledger.append(vec!["x".into()], Wait::Published).await.is_err(),
        "a stopped ledger takes nothing"
    );
}

#[tokio::test]
async fn a_restored_backup_refuses_to_run_and_says_what_to_do() {
    let (dir, scene) = scene().await;
    let worker = &scene.workers[0];
    scene.post(worker, "case/1", "note.added", none(), &[]).await.expect("appended");
    let backup = dir.path().join("backup.sqlite");
    scene.ground.store.backup(&backup).await.expect("a backup");
    let at_backup = scene.ledger.published().checkpoint.size;
    scene.post(worker, "case/1", "note.added", none(), &[]).await.expect("appended");
    scene.ledger.shutdown().await;

    let mut restored = scene.ground.clone();
    restored.store = Arc::new(SqliteStore::open(&backup).await.expect("a store"));
    let error = restored.open().await.err().expect("behind the seal");
    assert!(matches!(error, OpenError::BehindSeal { sealed, .. } if sealed == at_backup + 1), "{error}");
    assert!(error.to_string().contains("Bring back the entries"), "{error}");

    // The same size, other entries: as after a split brain.
    let other = Scene {
        ledger: Scene::set(ground(&dir.path().join("other").tap_create()).await).await.ledger,
        ..scene
    };
    let mut forked = other.ground.clone();
    forked.store =
        Arc::new(SqliteStore::open(dir.path().join("other/ledger.sqlite")).await.expect("a store"));
    forked.seal = Seal::at(dir.path().join("seal"));
    let error = forked.open().await.err().expect("another history");
    assert!(matches!(error, OpenError::BehindSeal { .. } | OpenError::OtherLedger { .. }), "{error}");
}

trait TapCreate {
    fn tap_create(self) -> Self;
}

impl TapCreate for std::path::PathBuf {
    fn tap_create(self) -> Self {
        std::fs::create_dir_all(&self).expect("a directory");
        self
    }
}

#[tokio::test]
async fn a_lost_or_foreign_seal_is_refused() {
    let (dir, scene) = scene().await;
    scene.ledger.shutdown().await;
    let path = dir.path().join("seal");
    let note = std::fs::read_to_string(&path).expect("a seal");
    std::fs::remove_file(&path).expect("removable");
    assert!(matches!(scene.ground.open().await.err(), Some(OpenError::SealMissing { .. })));
    std::fs::write(&path, note.replace("scene", "other")).expect("writable");
    assert!(matches!(scene.ground.open().await.err(), Some(OpenError::SealUnreadable { .. })));
    std::fs::write(&path, note).expect("writable");
    scene.ground.open().await.expect("the seal is back");
}

#[tokio::test]
async fn a_ledger_killed_before_its_first_seal_write_still_starts() {
    let dir = tempfile::tempdir().expect("a directory");
    let ground = ground(dir.path()).await;
    let ledger = ground.open().await.expect("an empty store opens");
    ledger.shutdown().await;
    assert!(ground.seal.read().expect("readable").is_some(), "the empty tree is sealed at once");
}

#[tokio::test]
async fn a_head_that_does_not_match_the_entries_is_refused() {
    let (dir, scene) = scene().await;
    scene.ledger.shutdown().await;
    let url = format!("sqlite://{}", dir.path().join("ledger.sqlite").display());
    let pool = sqlx::SqlitePool::connect(&url).await.expect("opens");
    sqlx::query("UPDATE entry SET entry = replace(entry, '.', '-') WHERE idx = (SELECT max(idx) FROM entry)")
        .execute(&pool)
        .await
        .expect("altered");
    assert!(matches!(scene.ground.open().await.err(), Some(OpenError::HeadMismatch { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_store_interleave_and_the_loser_recovers() {
    let (dir, scene) = scene().await;
    let mut second = scene.ground.clone();
    second.store = Arc::new(SqliteStore::open(dir.path().join("ledger.sqlite")).await.expect("a store"));
    second.keys = Arc::new(SqliteKeyStore::open(dir.path().join("keys.sqlite")).await.expect("a key store"));
    second.seal = Seal::at(dir.path().join("second-seal"));
    std::fs::copy(dir.path().join("seal"), dir.path().join("second-seal")).expect("copied");
    let second = second.open().await.expect("opens");
    let before = scene.ledger.published().checkpoint.size;

    let mut texts = [Vec::new(), Vec::new()];
    for (server, worker) in scene.workers.iter().enumerate() {
        for n in 0..200 {
            let draft = scene.draft(worker, &format!("case/{server}-{n}"), "note.added", none()).await;
            let draft = draft.disclose(sijill_event::Class::Casework, "risk", "low".into());
            texts[server].push(draft.sign(&worker.key).expect("signable").to_string());
        }
    }
    let [a, b] = texts;
    let send = |ledger: sijill_ledger::Ledger, texts: Vec<String>| async move {
        for chunk in texts.chunks(7) {
            for receipt in ledger.append(chunk.to_vec(), Wait::Published).await.expect("room") {
                receipt.expect("appended");
            }
        }
    };
    tokio::join!(send(scene.ledger.clone(), a), send(second.clone(), b));
    let head = scene.ground.store.head().await.expect("readable");
    assert_eq!(head.size, before + 400);
    // In turn, and at once: nobody is refused for what the other server has just appended.
    for n in 0..20 {
        let ledger = if n % 2 == 0 { &scene.ledger } else { &second };
        let draft = scene.draft(&scene.workers[0], "case/turns", "note.added", none()).await;
        let text = draft.sign(&scene.workers[0].key).expect("signable").to_string();
        let receipts = ledger.append(vec![text], Wait::Published).await.expect("room");
        assert!(receipts.iter().all(Result::is_ok), "{n}: {receipts:?}");
    }
    // Whoever opens it next finds one consistent history, whichever seal it has.
    scene.ledger.shutdown().await;
    second.shutdown().await;
    scene.ground.open().await.expect("opens");
}
