//! Many at once, also from two processes on one file: never two histories.

use std::sync::Arc;

use sijill_witness::{Answer, Witness};

use crate::log::{House, Leaves, NOW, ORIGIN, clock, key, state};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_histories_at_once_and_one_is_signed() {
    for round in 0..20 {
        let house = House::new().await;
        // As another process would.
        let beside = state(house.folder.path()).await;
        let beside = Witness::start(beside, vec![key(1)], clock()).await.expect("it starts");
        let (one, other) = (Leaves::of(40, 5, 1), Leaves::of(40, 5, 2));
        house.grow(&one, 0, 5).await;
        let mut asked = Vec::new();
        for nth in 0..48u64 {
            let witness = if nth % 2 == 0 { house.witness.clone() } else { beside.clone() };
            let branch = (nth / 2) % 2;
            let request =
                if branch == 0 { one.request(5, 10 + nth % 7) } else { other.request(5, 10 + nth % 7) };
            asked.push(tokio::spawn(async move {
                (
                    branch,
                    10 + nth % 7,
                    witness.add_checkpoint(request.to_string().as_bytes()).await.expect("answered"),
                )
            }));
        }
        let mut cosigned = Vec::new();
        for asked in asked {
            let (branch, size, answer) = asked.await.expect("no panic");
            match answer {
                Answer::Cosigned(_) => cosigned.push((branch, size)),
                Answer::Conflict { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        // All asked from size 5: only one could be first, and nobody else was at the same size.
        assert_eq!(cosigned.len(), 1, "round {round}: {cosigned:?}");
        let held = house.state.held(ORIGIN).await.expect("read").expect("held");
        assert_eq!((held.checkpoint.size, held.at), (cosigned[0].1, NOW));
        let winner = if cosigned[0].0 == 0 { &one } else { &other };
        assert_eq!(held.checkpoint, winner.checkpoint(cosigned[0].1));
        beside.stop().await;
        house.witness.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_logs_share_a_batch_and_nothing_else() {
    let house = House::new().await;
    let leaves = Leaves::of(60, 60, 0);
    let leaves = Arc::new(leaves);
    let mut asked = Vec::new();
    for nth in 0..30u64 {
        let signer = sijill_log::NoteSigner::new(
            format!("log{nth}.example").parse().expect("a name"),
            &[100 + u8::try_from(nth).expect("small"); 32],
        );
        house.state.trust(signer.name().as_str(), signer.verifier()).await.expect("trusted");
        let (witness, leaves) = (house.witness.clone(), Arc::clone(&leaves));
        asked.push(tokio::spawn(async move {
            for size in 1..=20 {
                let mut request = leaves.request(size - 1, size);
                let checkpoint =
                    sijill_log::Checkpoint { origin: signer.name().clone(), ..leaves.checkpoint(size) };
                request.checkpoint = checkpoint.sign(&signer).expect("a checkpoint");
                let answer = witness.add_checkpoint(request.to_string().as_bytes()).await.expect("answered");
                assert_eq!(answer.status(), 200, "log {nth}, size {size}: {answer:?}");
            }
        }));
    }
    for asked in asked {
        asked.await.expect("no panic");
    }
    assert_eq!(house.state.held("log29.example").await.expect("read").expect("held").checkpoint.size, 20);
    assert!(house.state.held(ORIGIN).await.expect("read").is_none());
}
