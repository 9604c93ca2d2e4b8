//! Evidence: what some entries of a log prove, and what they cannot.

use sijill_audit::{Evidence, Exhibit, FaultCode, Status, export};
use sijill_log::{Hash, leaf_hash};
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use crate::files::{found, run};
use crate::made::Made;

/// What is done to entries and to the hashes between them.
type Alter<'a> = dyn Fn(&mut Vec<Exhibit>, &mut Vec<(u8, Hash)>) + 'a;

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
    // 16 to 19; and 24 to 31, 32 to 47, 48 to 55: the fewest there can be.
    assert_eq!(proved.between().iter().map(|(level, _)| *level).collect::<Vec<_>>(), [2, 3, 4, 3]);
    for file in [proved.to_json().into_bytes(), proved.to_bytes().expect("packed")] {
        let read = Evidence::parse(&file).expect("evidence");
        assert_eq!(read, proved);
        let report = run(&read, Some(&made.trust()));
        assert_eq!(found(&report), []);
        assert_eq!((report.entries, report.size), (20, Some(56)));
        let level = &report.levels.integrity;
        // What the case's events have seen is known too, though entries 16 to 19 are not held.
        assert_eq!((level.status, level.checked, level.unchecked), (Status::Partial, 20, 36));
        let level = &report.levels.authority;
        assert_eq!((level.status, level.checked, level.unchecked), (Status::Partial, 20, 36));
        let told = report.exhibits.expect("an account of each");
        assert_eq!(told.iter().map(|one| one.index).collect::<Vec<_>>(), [20, 21, 22, 23]);
        assert_eq!((told[1].iss.as_str(), told[1].sub.as_str(), told[1].seq), ("rop", "o1", 1));
        assert_eq!((report.intervals, told[1].interval.before), (None, None), "no witnesses are asked for");
    }
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
    let altered = |alter: &Alter<'_>| {
        let (mut exhibits, mut between) = (good.exhibits().cloned().collect(), good.between().to_vec());
        alter(&mut exhibits, &mut between);
        let evidence =
            Evidence::build(&made.checkpoint(56), exhibits, between, Vec::new()).expect("evidence");
        found(&run(&evidence, Some(&made.trust())))
    };
    assert_eq!(altered(&|_, _| ()), []);
    let nothing = [(FaultCode::Root, None)];
    assert_eq!(altered(&|_, between| between[1].1 = Hash([1; 32])), nothing);
    assert_eq!(altered(&|_, between| _ = between.pop()), nothing);
    assert_eq!(altered(&|_, between| between.push((0, Hash([1; 32])))), nothing);
    // A subtree that would stand over entries that are held, or where none can.
    assert_eq!(altered(&|_, between| between[0].0 = 4), nothing);
    assert_eq!(altered(&|_, between| between[3].0 = 62), nothing);
    assert_eq!(altered(&|exhibits, _| exhibits[19].index = 24), nothing);
    assert_eq!(altered(&|exhibits, _| exhibits[19].index = 56), nothing);
    let received = |exhibits: &mut Vec<Exhibit>| {
        let (at, jwt) = exhibits[18].entry.split_once(' ').expect("an entry");
        exhibits[18].entry = format!("{} {jwt}", at.parse::<u64>().expect("a time") + 500);
    };
    assert_eq!(altered(&|exhibits, _| received(exhibits)), nothing);
    assert_eq!(
        altered(&|exhibits, _| exhibits[18].disclosures.push("x".to_owned())),
        [(FaultCode::DisclosureMismatch, Some(22))]
    );
    // A registry that is not whole: what is missing there is missing.
    let gap = altered(&|exhibits, between| {
        let left_out = exhibits.remove(5);
        between.insert(0, (0, leaf_hash(left_out.entry.as_bytes())));
    });
    assert!(gap.contains(&(FaultCode::StreamGap, Some(6))) && !gap.contains(&nothing[0]), "{gap:?}");
    let other = evidence(&Made::with_cases(41), 20..24, true);
    let exhibits = other.exhibits().cloned();
    let other = Evidence::build(&made.checkpoint(56), exhibits, other.between().to_vec(), Vec::new());
    assert_eq!(found(&run(&other.expect("evidence"), None)), nothing, "hashes of another tree prove nothing");
}

#[test]
fn evidence_files_are_exact() {
    let made = Made::with_cases(5);
    let text = evidence(&made, 16..20, true).to_json();
    assert!(Evidence::parse(text.as_bytes()).is_ok());
    for (from, to) in [
        ("evidence/2", "evidence/1"),
        ("evidence/2", "evidence/3"),
        ("\"origin\"", "\"origins\""),
        ("{\"sijill\"", "{\"more\":1,\"sijill\""),
        ("\"index\":3", "\"index\":2"),
        ("\"index\":3", "\"index\":9"),
        ("\"index\":3", "\"index\":\"3\""),
        ("\"between\":[[", "\"between\":[[63,\"\"],["),
        ("\"between\":[[", "\"between\":[[0],["),
        ("\"between\":[[", "\"between\":[[-"),
        ("\"witnessed\":[", "\"witnessed\":[\"x\""),
        ("\"witnessed\":[]", "\"witnessed\":{}"),
        ("\"disclosures\":[]", "\"disclosures\":null"),
    ] {
        let altered = text.replacen(from, to, 1);
        assert_ne!(altered, text, "{from}");
        assert_eq!(refusal(altered.as_bytes()), Some("evidence-malformed"), "{to}");
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

#[test]
fn a_packed_file_is_one_member_of_a_bearable_size() {
    let packed = evidence(&Made::with_cases(5), 16..20, true).to_bytes().expect("packed");
    assert!(Evidence::parse(&packed).is_ok());
    assert_eq!(refusal(&[packed.as_slice(), b"x"].concat()), Some("evidence-malformed"));
    assert_eq!(refusal(&packed[..packed.len() - 1]), Some("evidence-malformed"));
    let mut altered = packed.clone();
    altered[packed.len() - 8] ^= 1;
    assert_eq!(refusal(&altered), Some("evidence-malformed"), "its checksum is wrong");
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::copy(&mut std::io::repeat(b' ').take((64 << 20) + 1), &mut bomb).expect("packed");
    assert_eq!(refusal(&bomb.finish().expect("packed")), Some("evidence-malformed"));
}

fn refusal(file: &[u8]) -> Option<&'static str> {
    Evidence::parse(file).err().map(|error| error.code())
}
