//! What the ledger takes, what it refuses, and what a receipt is worth.

mod common;

use common::{none, scene};
use sijill_event::{Class, Json, Uuid};
use sijill_ledger::testing::Actor;
use sijill_ledger::{Receipt, RefusedKind, Wait};
use sijill_log::{TlogProof, leaf_hash};

#[tokio::test]
async fn a_receipt_proves_its_entry() {
    let (_dir, scene) = scene().await;
    let receipt = scene.post(&scene.workers[0], "case/1", "note.added", none(), &[("risk", "high")]).await;
    let receipt = receipt.expect("appended");
    assert!(receipt.first);
    let page = scene.ledger.entries(receipt.index, 1).await.expect("readable");
    let proof = TlogProof::parse(receipt.proof.as_bytes()).expect("a proof");
    let log = scene.ground.log_key();
    let checkpoint = proof.verify(&leaf_hash(page[0].1.as_bytes()), log.verifier()).expect("it holds");
    assert_eq!(checkpoint.size, receipt.index + 1);
    assert_eq!(scene.ground.seal.read().expect("readable"), Some(scene.ledger.published().note.to_string()));
}

#[tokio::test]
async fn every_receipt_of_a_large_batch_holds() {
    let (_dir, scene) = scene().await;
    let worker = &scene.workers[0];
    let mut texts = Vec::new();
    for n in 0..700 {
        let draft = scene.draft(worker, &format!("case/{n}"), "note.added", none()).await;
        texts.push(
            draft
                .disclose(Class::Casework, "n", Json::from(n))
                .sign(&worker.key)
                .expect("signable")
                .to_string(),
        );
    }
    let receipts = scene.ledger.append(texts, Wait::Published).await.expect("room");
    let log = scene.ground.log_key();
    for receipt in receipts {
        let receipt = receipt.expect("appended");
        let page = scene.ledger.entries(receipt.index, 1).await.expect("readable");
        let proof = TlogProof::parse(receipt.proof.as_bytes()).expect("a proof");
        proof.verify(&leaf_hash(page[0].1.as_bytes()), log.verifier()).expect("it holds");
        // The proof made later, from the stored tiles, holds as well.
        let later = scene.ledger.receipt(receipt.index).await.expect("a receipt");
        let later = TlogProof::parse(later.proof.as_bytes()).expect("a proof");
        later.verify(&leaf_hash(page[0].1.as_bytes()), log.verifier()).expect("it holds");
    }
}

#[tokio::test]
async fn the_same_event_again_returns_the_first_receipt() {
    let (_dir, scene) = scene().await;
    let worker = &scene.workers[0];
    let text = scene
        .draft(worker, "case/1", "note.added", none())
        .await
        .sign(&worker.key)
        .expect("signable")
        .to_string();
    let first = scene.send(text.clone()).await.expect("appended");
    scene.ground.clock.set(scene.ledger.now_ms() + 60_000);
    let again = scene.send(text.clone()).await.expect("known");
    assert_eq!((again.index, again.received, again.first), (first.index, first.received, false));
    // Twice in one batch, and beside others.
    let other = scene
        .draft(worker, "case/2", "note.added", none())
        .await
        .sign(&worker.key)
        .expect("signable")
        .to_string();
    let both = scene.ledger.append(vec![other.clone(), text, other], Wait::Published).await.expect("room");
    let both: Vec<Receipt> = both.into_iter().map(|r| r.expect("appended or known")).collect();
    assert_eq!((both[0].first, both[1].first, both[2].first), (true, false, false));
    assert_eq!((both[0].index, both[1].index), (both[2].index, first.index));
}

#[tokio::test]
async fn a_jti_is_never_reused_and_that_is_not_a_conflict() {
    let (_dir, scene) = scene().await;
    let worker = &scene.workers[0];
    let jti = Uuid::now_v7();
    let draft = scene.draft(worker, "case/1", "note.added", none()).await.jti(jti);
    scene.send(draft.sign(&worker.key).expect("signable").to_string()).await.expect("appended");
    let other = scene.draft(worker, "case/1", "note.added", none()).await.jti(jti);
    let refused =
        scene.send(other.sign(&worker.key).expect("signable").to_string()).await.expect_err("reused");
    assert_eq!((refused.code, refused.kind), ("jti-reused", RefusedKind::Reused));
}

#[tokio::test]
async fn an_author_can_ask_what_is_there_already() {
    let (_dir, scene) = scene().await;
    let (held, not_held) = (Uuid::now_v7(), Uuid::now_v7());
    assert!(scene.ledger.known(&[held, not_held]).await.expect("readable").is_empty());
    let worker = &scene.workers[0];
    let draft = scene.draft(worker, "case/1", "note.added", none()).await.jti(held);
    let receipt = scene.send(draft.sign(&worker.key).expect("signable").to_string()).await.expect("appended");
    let known = scene.ledger.known(&[not_held, held]).await.expect("readable");
    assert_eq!(known.into_iter().collect::<Vec<_>>(), [(held, receipt.index)]);
}

#[tokio::test]
async fn a_stale_head_is_a_conflict_that_names_the_new_one() {
    let (_dir, scene) = scene().await;
    let worker = &scene.workers[0];
    let stale = scene.draft(worker, "case/1", "note.added", none()).await;
    scene.post(worker, "case/1", "note.added", none(), &[]).await.expect("appended");
    let refused =
        scene.send(stale.sign(&worker.key).expect("signable").to_string()).await.expect_err("stale");
    let RefusedKind::Conflict { head: Some((0, last)) } = refused.kind else { panic!("{refused:?}") };
    let next =
        scene.ledger.next(&sijill_event::Stream::parse("case/1").expect("a stream")).await.expect("readable");
    assert_eq!(next.prev, Some(last));

    // One who is no party learns that the stream is taken, and no more.
    let stranger = &scene.workers[1];
    let draft = scene.draft(stranger, "case/other", "note.added", none()).await;
    let stream = sijill_event::Stream::parse("case/1").expect("a stream");
    let refused =
        scene.send(draft.at(&stream, 0, None).sign(&stranger.key).expect("signable").to_string()).await;
    assert_eq!(refused.expect_err("taken").kind, RefusedKind::Conflict { head: None });
}

#[tokio::test]
async fn what_is_at_odds_with_the_log_is_refused_and_changes_nothing() {
    let (_dir, scene) = scene().await;
    let worker = &scene.workers[0];
    let before = scene.ledger.published().checkpoint.clone();
    let draft = || scene.draft(worker, "case/1", "note.added", none());
    let sign = |draft: sijill_event::Draft| draft.sign(&worker.key).expect("signable").to_string();
    let now = scene.ledger.now_ms() / 1_000;

    let mut cases: Vec<(&str, String)> = vec![
        ("iat-in-future", sign(draft().await.iat(now + 301))),
        ("seen-mismatch", sign(draft().await.seen(sijill_event::Seen { size: 3, root: [1; 32] }))),
        ("seen-mismatch", sign(draft().await.seen(sijill_event::Seen { size: 1_000, root: [1; 32] }))),
        ("wrong-audience", sign(draft().await.aud("another.ledger/here"))),
        ("key-not-valid", draft().await.sign(&scene.workers[1].key).expect("signable").to_string()),
        ("key-not-valid", draft().await.sign(&Actor::new("x", "y").key).expect("signable").to_string()),
        ("jws-parts", "nonsense~".into()),
    ];
    let digest = sijill_event::b64::encode([9; 32]);
    let attachment = Json::object([("attachment", Json::from(digest))]);
    cases.push(("attachment-unknown", sign(draft().await.disclose(Class::Narrative, "file", attachment))));
    let mut forged = sign(draft().await);
    let dot = forged.rfind('.').expect("a JWS") + 1;
    let flipped = if forged.as_bytes()[dot] == b'A' { "B" } else { "A" };
    forged.replace_range(dot..=dot, flipped);
    cases.push(("signature-mismatch", forged));

    for (code, text) in cases {
        let refused = scene.send(text).await.expect_err(code);
        assert!(
            refused.code == code || (code == "signature-mismatch" && refused.code.starts_with("signature-")),
            "{code}: {refused:?}"
        );
        assert_eq!(scene.ledger.published().checkpoint, before, "{code}");
    }
    sign(draft().await.iat(now + 300));
}

#[tokio::test]
async fn a_disclosure_is_delivered_once_in_the_life_of_the_log() {
    let (_dir, scene) = scene().await;
    let worker = &scene.workers[0];
    let first = scene.draft(worker, "case/1", "note.added", none()).await.disclose(
        Class::Casework,
        "risk",
        "high".into(),
    );
    let signed = first.sign_salted(&worker.key, || Ok([5; 16]));
    scene.send(signed.expect("signable").to_string()).await.expect("appended");
    let second = scene.draft(worker, "case/1", "note.added", none()).await.disclose(
        Class::Casework,
        "risk",
        "high".into(),
    );
    let signed = second.sign_salted(&worker.key, || Ok([5; 16]));
    let refused = scene.send(signed.expect("signable").to_string()).await.expect_err("the same salt");
    assert_eq!(refused.code, "digest-reused");
}

#[tokio::test]
async fn asking_for_witnesses_where_there_are_none_is_an_error() {
    let (_dir, scene) = scene().await;
    let answer = scene.ledger.append(vec!["x".into()], Wait::Witnessed).await.expect("room");
    assert_eq!(answer[0].as_ref().expect_err("none").code, "no-witnesses");
}

#[tokio::test]
async fn a_full_queue_says_busy_and_loses_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut ground = common::ground(dir.path()).await;
    ground.limits.queue = 8;
    let scene = sijill_ledger::testing::Scene::set(ground).await;
    assert!(scene.ledger.append(vec!["x".into(); 9], Wait::Published).await.is_err());
    assert!(scene.ledger.append(vec!["x".into(); 8], Wait::Published).await.is_ok());
    scene.post(&scene.workers[0], "case/1", "note.added", none(), &[]).await.expect("room again");
}

#[tokio::test]
async fn received_never_decreases() {
    let (_dir, scene) = scene().await;
    let later = scene.ledger.now_ms() + 5_000;
    scene.ground.clock.set(later);
    let first = scene.post(&scene.workers[0], "case/1", "note.added", none(), &[]).await.expect("appended");
    assert_eq!(first.received, later);
    scene.ground.clock.set(later - 2_000);
    let second = scene.post(&scene.workers[0], "case/1", "note.added", none(), &[]).await.expect("appended");
    assert_eq!(second.received, later);
}
