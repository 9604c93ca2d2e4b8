//! Three verifiers, written apart: on random ledgers, lawful in part and then tampered with, the Rust audit, the Python one
//! (`tools/verify`) and the JavaScript one (`tools/verify-js`) find the same faults at the same entries, and say the same of
//! how much they checked.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use sijill_audit::{
    Evidence, ExportDirectory, HeldCheckpoint, Options, Receipt, Source, Trust, Unreadable, audit,
};
use sijill_tests::chance::Chance;
use sijill_tests::foreign::{told, verify, verify_js};

const LEDGERS: usize = 200;
/// What is audited of each, and the files of the other verdicts on it: in Python, in JavaScript.
const OF: [(&str, [&str; 2]); 2] = [
    ("export", ["found.json", "found-js.json"]),
    ("some.evidence", ["found-evidence.json", "found-evidence-js.json"]),
];

/// What an auditor was handed with an export, where the file is there.
fn held<T>(
    directory: &Path,
    name: &str,
    parse: impl Fn(&[u8]) -> Result<T, Unreadable>,
) -> Result<Option<T>, Unreadable> {
    fs::read(directory.join(name)).ok().map(|bytes| parse(&bytes)).transpose()
}

/// The Rust verdict on an export, or on an evidence file beside it; null where there is nothing to audit.
fn audited(directory: &Path, of: &str) -> Result<Value, Unreadable> {
    let trust = held(directory, "trust.json", Trust::parse)?;
    let receipts = Vec::from_iter(held(directory, "receipt.json", Receipt::parse)?);
    let since = Vec::from_iter(held(directory, "since", HeldCheckpoint::parse)?);
    let path = directory.join(of);
    let source: Box<dyn Source> = if path.is_file() {
        Box::new(Evidence::parse(&fs::read(path).expect("readable"))?)
    } else {
        Box::new(ExportDirectory::open(path)?)
    };
    let options = Options {
        trust: trust.as_ref(),
        receipts: &receipts,
        since: &since,
        threads: 1,
        ..Options::default()
    };
    Ok(serde_json::to_value(audit(&*source, &options)?).expect("JSON"))
}

/// The verdict that another program wrote beside a ledger.
fn written(directory: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(directory.join(name)).expect("a verdict")).expect("JSON")
}

/// All of a verdict that two programs have to agree on: integrity and authority, but sentences and seconds. The rules of
/// casework the other program does not know.
fn agreed(verdict: &Value) -> Value {
    let mut verdict = verdict.clone();
    let Some(members) = verdict.as_object_mut() else { return verdict };
    members.remove("seconds");
    let levels = members["levels"].as_object_mut().expect("levels");
    levels.retain(|level, _| ["integrity", "authority"].contains(&level.as_str()));
    let faults = members["faults"].as_array_mut().expect("faults");
    faults.retain(|fault| fault["code"] != "rule" && fault["code"] != "automation");
    for level in members["levels"].as_object_mut().expect("levels").values_mut() {
        level.as_object_mut().expect("a level").remove("why");
    }
    // Its codes are those of the faults.
    for one in members.get_mut("exhibits").and_then(Value::as_array_mut).into_iter().flatten() {
        let codes = one["faults"].as_array_mut().expect("codes");
        codes.retain(|code| code != "rule" && code != "automation");
    }
    for fault in members["faults"].as_array_mut().expect("faults") {
        fault.as_object_mut().expect("a fault").remove("message");
    }
    members.retain(|_, member| !member.is_null());
    verdict
}

#[test]
fn all_verifiers_return_the_same_verdict() {
    let Some(mut python) = verify("tests/random_ledgers.py") else { return };
    let (seed, _) = Chance::from_environment(1);
    let made = tempfile::tempdir().expect("a directory");
    let output =
        python.arg(made.path()).args([seed.to_string(), LEDGERS.to_string()]).output().expect("Python runs");
    assert!(output.status.success(), "{}", told(&output));

    let javascript = verify_js("tests/judge.js").map(|mut judge| {
        let output = judge.arg(made.path()).arg(LEDGERS.to_string()).output().expect("node runs");
        assert!(output.status.success(), "{}", told(&output));
    });

    let (mut codes, mut sentences) = (BTreeSet::new(), BTreeSet::new());
    let (mut unreadable, mut different, mut bounded) = (0, Vec::new(), 0);
    for (number, (of, [python, node])) in (0..LEDGERS).flat_map(|number| OF.map(|of| (number, of))) {
        let directory = made.path().join(number.to_string());
        let theirs = written(&directory, python);
        let ours = audited(&directory, of).unwrap_or(Value::Null);
        unreadable += usize::from(theirs.is_null());
        bounded += usize::from(theirs["intervals"]["both"].as_u64().is_some_and(|both| both > 0));
        for fault in theirs["faults"].as_array().into_iter().flatten() {
            codes.extend(fault["code"].as_str().map(str::to_owned));
            sentences.extend(fault["message"].as_str().map(str::to_owned));
        }
        if agreed(&ours) != agreed(&theirs) {
            different.push(format!("{seed}/{number}/{of}\n  Rust   {ours}\n  Python {theirs}"));
        }
        let third = javascript.map(|()| written(&directory, node));
        if let Some(third) = third.filter(|third| agreed(third) != agreed(&theirs)) {
            different.push(format!("{seed}/{number}/{of}\n  JavaScript {third}\n  Python     {theirs}"));
        }
    }
    let count = LEDGERS * OF.len();
    assert!(different.is_empty(), "{} of {count} differ:\n{}", different.len(), different.join("\n"));
    assert!(bounded >= 10, "only {bounded} have an entry with an interval");
    // Agreement on ledgers in which nothing happens would prove little.
    assert!(
        codes.len() >= 12
            && ["not-authorised", "key-not-valid", "heads"].iter().all(|code| codes.contains(*code)),
        "{codes:?}"
    );
    for refusal in ["not-a-party", "case-unknown", "not-the-service", "grant-missing", "rules-unknown"] {
        assert!(sentences.iter().any(|sentence| sentence.ends_with(refusal)), "no ledger came to {refusal}");
    }
    assert!(unreadable < count / 3, "{unreadable} are unreadable");
}
