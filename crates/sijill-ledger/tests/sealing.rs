//! The press: nothing leaves before the seal holds it, and a seal that could not be written is written as soon as it can.

mod common;

use std::time::Duration;

use common::{none, scene};
use sijill_ledger::testing::Scene;
use sijill_ledger::{RefusedKind, Wait};
use sijill_log::Checkpoint;

async fn noted(scene: &Scene, stream: &str) -> String {
    let worker = &scene.workers[0];
    let draft = scene.draft(worker, stream, "note.added", none()).await;
    draft.sign(&worker.key).expect("signable").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_receipt_leaves_before_the_seal_holds_it() {
    let (_dir, scene) = scene().await;
    let seal = scene.ground.seal.clone();
    let verifier = scene.ground.log_key();
    let mut tasks = Vec::new();
    for number in 0..32 {
        let text = noted(&scene, &format!("case/c{number}")).await;
        let (ledger, seal, verifier) = (scene.ledger.clone(), seal.clone(), verifier.verifier().clone());
        tasks.push(tokio::spawn(async move {
            let settled = ledger.append(vec![text], Wait::Published).await.expect("room").remove(0);
            let receipt = settled.expect("appended");
            let note = seal.read().expect("readable").expect("sealed");
            let (sealed, _) = Checkpoint::open(note.as_bytes(), &verifier).expect("a checkpoint");
            assert!(sealed.size > receipt.index, "{} is sealed, {} was answered", sealed.size, receipt.index);
        }));
    }
    for task in tasks {
        task.await.expect("the seal was first");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_that_cannot_be_written_is_written_as_soon_as_it_can() {
    let (dir, scene) = scene().await;
    let before = scene.ledger.published().checkpoint.size;
    // A directory stands where the next seal is to be written.
    let beside = dir.path().join("seal.new");
    std::fs::create_dir(&beside).expect("a directory");
    let text = noted(&scene, "case/c1").await;
    let refused = scene.send(text.clone()).await.expect_err("not sealed");
    assert_eq!(refused.kind, RefusedKind::Unavailable);
    assert_eq!(scene.ledger.ready().await, Err("the seal cannot be written"));
    assert_eq!(scene.ledger.published().checkpoint.size, before, "nothing is published that is not sealed");
    for number in 2..5 {
        let text = noted(&scene, &format!("case/c{number}")).await;
        assert_eq!(scene.send(text).await.expect_err("not sealed").kind, RefusedKind::Unavailable);
    }
    let committed = scene.ground.store.head().await.expect("readable").size;
    assert_eq!(committed, before + 1, "the ledger does not run away from its seal");

    std::fs::remove_dir(&beside).expect("removed");
    let mut published = scene.ledger.watch();
    let waited =
        tokio::time::timeout(Duration::from_secs(30), published.wait_for(|p| p.checkpoint.size > before));
    waited.await.expect("published again without a further event").expect("running");
    let receipt = scene.send(text).await.expect("the same bytes again");
    assert!(!receipt.first, "it was taken the first time");
    assert_eq!(scene.ledger.ready().await, Ok(()));
}
