//! Evidence: what some entries of a log prove, and what they cannot.

use sijill_audit::{Evidence, Exhibit, FaultCode, Status, export};
use sijill_log::Hash;
use std::collections::BTreeSet;
use std::path::Path;

use crate::files::{found, run};
use crate::made::Made;

fn evidence(made: &Made, wanted: impl IntoIterator<Item = u64>, disclose: bool) -> Evidence {
    Evidence::gather(&made.source(), &wanted.into_iter().collect::<BTreeSet<u64>>(), disclose)
        .expect("evidence")
}

#[test]
fn evidence_of_one_case() {
    let made = Made::with_cases(40);
    let proved = evidence(&made, 20..24, true);
    assert_eq!(
        proved.exhibits().map(|exhibit| exhibit.index).collect::<Vec<_>>(),
        (0..16).chain(20..24).collect::<Vec<_>>()
    );
    let proved = Evidence::parse(proved.to_json().as_bytes()).expect("evidence");
    assert_eq!(proved, evidence(&made, 20..24, true));
    let report = run(&proved, Some(&made.trust()));
    assert_eq!(found(&report), []);
    assert_eq!((report.entries, report.size), (20, Some(56)));
    let level = &report.levels.integrity;
    // Of the case's events all is checked but that what they have seen was so: entries 16 to 19 are not held.
    assert_eq!((level.status, level.checked, level.unchecked), (Status::Partial, 16, 4 + 36));
    assert_eq!((report.levels.authority.status, report.levels.authority.checked), (Status::Partial, 20));
    assert!(report.levels.authority.unchecked == 36);
}

#[test]
fn evidence_without_a_stream_s_beginning_counts_as_unchecked() {
    let made = Made::with_cases(40);
    let report = run(&evidence(&made, [22, 23], false), Some(&made.trust()));
    assert_eq!(found(&report), []);
    let why = report.levels.integrity.why.expect("a reason");
    assert!(why.contains("1 entry follows events of its stream that are not held"), "{why}");
    assert!(why.contains("2 entries have disclosures that were withheld"), "{why}");
    // Without the case's first events nobody can tell whether an author was a party to it.
    assert_eq!(report.levels.authority.checked + report.levels.authority.unchecked, 56);
    assert!(report.levels.authority.checked < 18);
}

#[test]
fn evidence_that_proves_nothing() {
    let made = Made::with_cases(40);
    let good = evidence(&made, 20..24, true);
    let altered = |alter: &dyn Fn(&mut Vec<Exhibit>)| {
        let mut exhibits: Vec<Exhibit> = good.exhibits().cloned().collect();
        alter(&mut exhibits);
        let evidence = Evidence::build(&made.checkpoint(56), exhibits).expect("evidence");
        found(&run(&evidence, Some(&made.trust())))
    };
    assert_eq!(altered(&|_| ()), []);
    assert_eq!(altered(&|exhibits| exhibits[18].proof[0] = Hash([1; 32])), [(FaultCode::Root, Some(22))]);
    assert_eq!(altered(&|exhibits| _ = exhibits[18].proof.pop()), [(FaultCode::Root, Some(22))]);
    assert_eq!(altered(&|exhibits| exhibits[19].index = 56), [(FaultCode::Root, Some(56))]);
    assert_eq!(
        altered(&|exhibits| exhibits[18].disclosures.push("x".to_owned())),
        [(FaultCode::DisclosureMismatch, Some(22))]
    );
    // A registry that is not whole: what is missing there is missing.
    let gap = altered(&|exhibits| _ = exhibits.remove(5));
    assert!(gap.contains(&(FaultCode::StreamGap, Some(6))), "{gap:?}");
    let other = evidence(&Made::with_cases(41), 20..24, true);
    let report =
        run(&Evidence::build(&made.checkpoint(56), other.exhibits().cloned()).expect("evidence"), None);
    assert_eq!(report.faults.len(), 20, "proofs to another checkpoint prove nothing");
}

#[test]
fn evidence_files_are_exact() {
    let made = Made::with_cases(5);
    let text = evidence(&made, 16..20, true).to_json();
    assert!(Evidence::parse(text.as_bytes()).is_ok());
    for (from, to) in [
        ("evidence/1", "evidence/2"),
        ("\"origin\"", "\"origins\""),
        ("{\"sijill\"", "{\"more\":1,\"sijill\""),
        ("\"index\":3", "\"index\":2"),
        ("\"index\":3", "\"index\":9"),
        ("\"index\":3", "\"index\":\"3\""),
        ("\"proof\":[\"", "\"proof\":[\"=="),
        ("\"proof\":[\"", "\"proof\":[7,\""),
        ("\"disclosures\":[]", "\"disclosures\":null"),
    ] {
        assert_eq!(
            Evidence::parse(text.replacen(from, to, 1).as_bytes()).map_err(|e| e.code()).err(),
            Some("evidence-malformed"),
            "{to}"
        );
    }
    let elsewhere =
        text.replacen("\"origin\":\"ledger.example/test\"", "\"origin\":\"ledger.example/else\"", 1);
    let report = run(&Evidence::parse(elsewhere.as_bytes()).expect("evidence"), None);
    assert_eq!(found(&report), [(FaultCode::CheckpointSignature, None)]);
    let refused = |wanted: &[u64]| {
        Evidence::gather(&made.source(), &wanted.iter().copied().collect(), true).err().map(|e| e.code())
    };
    assert_eq!((refused(&[]), refused(&[21])), (Some("evidence-malformed"), Some("evidence-malformed")));
    assert_eq!(
        export(&evidence(&made, [16], true), Path::new("nowhere/x"), true).map_err(|e| e.code()),
        Err("not-whole")
    );
}
