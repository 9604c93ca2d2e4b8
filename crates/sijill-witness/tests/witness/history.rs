//! Whatever is brought, in whatever order, a witness signs one history; told by a log so simple that it is plainly right.

use proptest::prelude::*;
use sijill_log::{AddCheckpoint, Hash};
use sijill_witness::Answer;

use crate::log::{House, Leaves};

/// A submission: of history `branch` up to `size`, as if `old` had been cosigned (`None`: what really was), with the proof of
/// that history or of another.
#[derive(Debug, Clone)]
struct Step {
    branch: usize,
    size: u64,
    old: Option<u64>,
    proof_of: usize,
    /// Damage done to the proof.
    damage: u8,
}

fn step() -> impl Strategy<Value = Step> {
    let old = prop_oneof![4 => Just(None), 1 => (0..=40u64).prop_map(Some)];
    (
        0..3usize,
        0..=40u64,
        old,
        prop_oneof![3 => Just(3usize), 1 => 0..3usize],
        prop_oneof![5 => Just(0u8), 1 => 1..4u8],
    )
        .prop_map(|(branch, size, old, proof_of, damage)| Step { branch, size, old, proof_of, damage })
}

fn request(histories: &[Leaves], step: &Step, held: u64) -> AddCheckpoint {
    let old = step.old.unwrap_or(held);
    let mut request = histories[step.branch].request(old, step.size);
    if let Some(other) = histories.get(step.proof_of) {
        request.proof = other.request(old, step.size).proof;
    }
    match step.damage {
        1 => {
            request.proof.pop();
        }
        2 => request.proof.push(Hash([1; 32])),
        3 => {
            if let Some(first) = request.proof.first_mut() {
                first.0[31] ^= 1;
            }
        }
        _ => {}
    }
    request
}

/// What the answer has to be. `held`: the leaves of the checkpoint cosigned last.
fn expected(histories: &[Leaves], step: &Step, request: &AddCheckpoint, held: &[Hash]) -> u16 {
    let leaves = &histories[step.branch].0[..usize::try_from(step.size).expect("small")];
    if request.old > step.size {
        return 400;
    }
    if request.old != held.len() as u64 || (leaves.len() == held.len() && leaves != held) {
        return 409;
    }
    let honest = histories[step.branch].request(request.old, step.size).proof;
    if leaves.starts_with(held) && request.proof == honest { 200 } else { 422 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn one_history(forks_at in prop::collection::vec(0..=40u64, 2), steps in prop::collection::vec(step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let house = House::new().await;
            let mut histories = vec![Leaves::of(40, 40, 0)];
            histories.extend((1..).zip(&forks_at).map(|(branch, &at)| Leaves::of(40, at, branch)));
            let mut held: Vec<Hash> = Vec::new();
            for step in &steps {
                let request = request(&histories, step, held.len() as u64);
                let status = expected(&histories, step, &request, &held);
                let answer = house.ask(&request).await;
                prop_assert_eq!(answer.status(), status, "{:?} with {} cosigned: {:?}", step, held.len(), answer);
                if let Answer::Conflict { size } = answer {
                    prop_assert_eq!(size, held.len() as u64);
                }
                if status == 200 {
                    let grown = &histories[step.branch].0[..usize::try_from(step.size)?];
                    prop_assert!(grown.starts_with(&held), "it signed two histories");
                    held = grown.to_vec();
                }
            }
            // Another witness on what it left goes on from there.
            let kept = house.state.held(crate::log::ORIGIN).await?.map_or(0, |held| held.checkpoint.size);
            prop_assert_eq!(kept, held.len() as u64);
            house.witness.stop().await;
            Ok::<(), TestCaseError>(())
        })?;
    }
}
