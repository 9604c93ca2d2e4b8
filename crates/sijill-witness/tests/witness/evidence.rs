//! What a log signed against itself is kept, both checkpoints, within bounds that are said.

use sijill_log::{Checkpoint, EMPTY_ROOT};
use sijill_witness::EvidenceKind;
use sijill_witness::state::MAX_EVIDENCE;

use crate::log::{House, Leaves, NOW, ORIGIN, signer};

#[tokio::test]
async fn a_fork_is_kept_with_both_checkpoints_however_it_is_brought() {
    let house = House::new().await;
    let (honest, forked) = (Leaves::of(20, 20, 0), Leaves::of(20, 4, 1));
    house.grow(&honest, 0, 9).await;
    assert_eq!(house.ask(&forked.request(9, 9)).await.status(), 409);
    // The old size does not matter: two roots for one size are two histories.
    assert_eq!(house.ask(&forked.request(0, 9)).await.status(), 409);
    assert_eq!(house.ask(&forked.request(9, 12)).await.status(), 422);
    house.grow(&honest, 9, 20).await;

    let (kept, beyond) = house.state.evidence().await.expect("read");
    assert!(beyond.is_empty());
    let [fork, unproven] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!((fork.kind, fork.times, fork.seen), (EvidenceKind::Fork, 2, (NOW, NOW)));
    assert_eq!((unproven.kind, unproven.old), (EvidenceKind::Unproven, 9));
    assert_eq!(unproven.proof.lines().count(), forked.request(9, 12).proof.len());
    // Each convicts by itself: the log's signatures are in it.
    for note in [&fork.held, &fork.shown, &unproven.shown] {
        Checkpoint::of_note(note, signer().verifier()).expect("signed by the log");
    }
    let (held, shown) = (fork.held.text(), fork.shown.text());
    assert_eq!((held, shown), (honest.note(9).text(), forked.note(9).text()));
}

#[tokio::test]
async fn what_proves_nothing_against_the_log_is_not_kept() {
    let house = House::new().await;
    let leaves = Leaves::of(20, 20, 0);
    let mut unasked = leaves.request(0, 9);
    unasked.proof.push(EMPTY_ROOT);
    assert_eq!(house.ask(&unasked).await.status(), 422);
    house.grow(&leaves, 0, 9).await;
    let mut same = leaves.request(9, 9);
    same.proof.push(EMPTY_ROOT);
    assert_eq!(house.ask(&same).await.status(), 422);
    assert_eq!(house.ask(&leaves.request(3, 5)).await.status(), 409, "an old checkpoint, brought again");
    assert_eq!(house.state.evidence().await.expect("read"), (vec![], vec![]));
}

#[tokio::test]
async fn too_much_of_it_is_counted() {
    let house = House::new().await;
    let honest = Leaves::of(2, 2, 0);
    house.grow(&honest, 0, 2).await;
    let more = u64::from(MAX_EVIDENCE) + 3;
    for branch in 1..=more {
        assert_eq!(house.ask(&Leaves::of(2, 1, branch).request(2, 2)).await.status(), 409);
    }
    let (kept, beyond) = house.state.evidence().await.expect("read");
    assert_eq!(kept.len(), usize::try_from(MAX_EVIDENCE).expect("small"));
    assert_eq!(beyond, [(ORIGIN.to_owned(), 3)]);
    // One kind does not crowd out the other, and what is known is counted where it is.
    assert_eq!(house.ask(&Leaves::of(3, 1, 1).request(2, 3)).await.status(), 422);
    assert_eq!(house.ask(&Leaves::of(2, 1, 1).request(2, 2)).await.status(), 409);
    let (kept, beyond) = house.state.evidence().await.expect("read");
    assert_eq!(kept.iter().filter(|evidence| evidence.kind == EvidenceKind::Unproven).count(), 1);
    assert_eq!(kept.iter().map(|evidence| evidence.times).sum::<u64>(), u64::from(MAX_EVIDENCE) + 2);
    assert_eq!(beyond, [(ORIGIN.to_owned(), 3)]);
    house.grow(&honest, 2, 2).await;
}
