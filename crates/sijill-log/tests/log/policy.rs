//! Quorums: against all subsets of the witnesses.

use proptest::prelude::*;
use sijill_log::{Checkpoint, CosignatureSigner, KeyName, LogError, Note, NoteSigner, Policy, QuorumTime};

use crate::naive;

fn witness(number: u8) -> CosignatureSigner {
    let name = KeyName::new(&format!("witness{number}.example")).expect("a name");
    CosignatureSigner::new(name, &[number; 32])
}

fn log() -> NoteSigner {
    NoteSigner::new(KeyName::new("log.example").expect("a name"), &[0xaa; 32])
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: log().name().clone(), size: 7, root: naive::mth(&naive::leaves(7)) }
}

/// Witness lines `w0`, `w1`, … and the given lines below them.
fn policy(witnesses: u8, rules: &str) -> Policy {
    let lines = (0..witnesses).map(|w| format!("witness w{w} {}\n", witness(w).verifier()));
    let text = format!("log {}\n{}{rules}", log().verifier(), lines.collect::<String>());
    text.parse().expect("a policy")
}

/// The checkpoint with cosignatures (witness, time).
fn cosigned(by: &[(u8, u64)]) -> Result<Note, LogError> {
    let mut note = checkpoint().sign(&log())?;
    by.iter().try_for_each(|(w, time)| note.add(witness(*w).cosign(&checkpoint(), *time)?))?;
    Ok(note)
}

#[test]
fn quorum_time_ignores_fewer_than_k_false_clocks() -> Result<(), LogError> {
    let policy = policy(5, "group g 3 w0 w1 w2 w3 w4\nquorum g\n");
    let times = [(0, 1), (1, 100), (2, 110), (3, 120), (4, u64::MAX >> 1)];
    let witnessed = policy.satisfied_by(&cosigned(&times)?)?;
    assert!(witnessed.quorum);
    assert_eq!(witnessed.time, Some(QuorumTime { by: 110, since: 110 }));
    assert_eq!(witnessed.cosigned.first(), Some(&("w0".to_owned(), 1)));

    let few = policy.satisfied_by(&cosigned(&times[..2])?)?;
    assert_eq!((few.quorum, few.time, few.cosigned.len()), (false, None, 2));
    let (opened, _, witnessed) = policy.open(cosigned(&times[..3])?.to_string().as_bytes())?;
    assert_eq!((opened, witnessed.time), (checkpoint(), Some(QuorumTime { by: 110, since: 1 })));
    assert_eq!(policy.open(cosigned(&times[..2])?.to_string().as_bytes()), Err(LogError::Quorum));
    Ok(())
}

#[test]
fn quorum_none_asks_for_nothing() -> Result<(), LogError> {
    let policy = policy(1, "quorum none\n");
    let (_, _, witnessed) = policy.open(cosigned(&[])?.to_string().as_bytes())?;
    assert_eq!((witnessed.quorum, witnessed.time), (true, None));
    let (_, _, witnessed) = policy.open(cosigned(&[(0, 5)])?.to_string().as_bytes())?;
    assert_eq!((witnessed.quorum, witnessed.time), (true, None));
    assert!(!policy.quorums_intersect());
    Ok(())
}

/// Nested groups of the specification's example.
#[test]
fn groups_of_groups() {
    let x = "group x 2 w0 w1 w2\ngroup y any w3 w4 w5\ngroup both all x y\nquorum both\n";
    let policy = policy(6, x);
    let is_quorum = |signed: &[&str]| policy.is_quorum(|w| signed.contains(&w.name.as_str()));
    assert!(is_quorum(&["w0", "w2", "w5"]));
    assert!(!is_quorum(&["w0", "w1", "w2"]) && !is_quorum(&["w0", "w3", "w4", "w5"]));
    assert!(policy.quorums_intersect(), "any two majorities of x meet");
}

/// A key replaced: either of the origin's keys will do.
#[test]
fn two_keys_of_one_origin() -> Result<(), LogError> {
    let new_key = NoteSigner::new(log().name().clone(), &[0xab; 32]);
    let text =
        format!("log {}\nlog {} https://log.example/\nquorum none\n", log().verifier(), new_key.verifier());
    let policy: Policy = text.parse()?;
    for key in [log(), new_key] {
        assert_eq!(policy.open(checkpoint().sign(&key)?.to_string().as_bytes())?.0, checkpoint());
    }
    assert_eq!(policy.to_string(), text);
    Ok(())
}

/// A rule over up to ten witnesses: nested groups, each member used once.
fn any_rules() -> impl Strategy<Value = (u8, String)> {
    let steps = prop::collection::vec((2..5usize, any::<prop::sample::Index>()), 1..5);
    (1..=10u8, steps).prop_map(|(witnesses, steps)| {
        let mut open: Vec<String> = (0..witnesses).map(|w| format!("w{w}")).collect();
        let mut rules = Vec::new();
        for (number, (width, k)) in steps.into_iter().enumerate() {
            let members: Vec<String> = open.drain(..width.min(open.len())).collect();
            let k = 1 + k.index(members.len());
            rules.push(format!("group g{number} {k} {}\n", members.join(" ")));
            open.push(format!("g{number}"));
        }
        let last = open.pop().unwrap_or_default();
        (witnesses, format!("{}quorum {last}\n", rules.concat()))
    })
}

proptest! {
    /// Two quorums share a witness just if no set and its complement are both quorums.
    #[test]
    fn intersection_is_exact((witnesses, rules) in any_rules()) {
        let policy = policy(witnesses, &rules);
        let names: Vec<String> = policy.witnesses().map(|w| w.name.clone()).collect();
        let is_quorum = |set: u32| policy.is_quorum(|w| {
            names.iter().position(|name| *name == w.name).is_some_and(|bit| set >> bit & 1 == 1)
        });
        let all = (1u32 << witnesses) - 1;
        let disjoint = (0..=all).any(|set| is_quorum(set) && is_quorum(all & !set));
        prop_assert_eq!(policy.quorums_intersect(), !disjoint);
        let again: Policy = policy.to_string().parse()?;
        prop_assert_eq!(again, policy);
    }

    /// Whatever the false clocks say, the bounds stay within those of the honest.
    #[test]
    fn false_clocks_move_nothing(honest in prop::collection::vec(1000..2000u64, 3..=5), lies in prop::collection::vec(0..5000u64, 0..=2)) {
        let policy = policy(7, "group g 3 w0 w1 w2 w3 w4 w5 w6\nquorum g\n");
        let by: Vec<(u8, u64)> = (0..).zip(honest.iter().chain(&lies).copied()).collect();
        let time = policy.satisfied_by(&cosigned(&by)?)?.time;
        let earliest = honest.iter().min().copied().unwrap_or_default();
        let latest = honest.iter().max().copied().unwrap_or_default();
        prop_assert!(time.is_some_and(|time| time.by >= earliest && time.since <= latest), "{time:?}");
    }
}
