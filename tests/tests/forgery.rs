//! A ledger that the operator invents from end to end, under the same origin and with the same log key. It contradicts
//! nothing in itself: without a trust file an audit finds no fault, and says first that it is not anchored.

use std::ffi::OsString;
use std::path::Path;

use serde_json::{Value, json};
use sijill_tests::made::Made;
use sijill_tests::{foreign, program};

#[tokio::test]
async fn an_invented_ledger_is_known_by_the_trust_file_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    let honest = Made::build(&place("honest"), 1, 1, 300).await;
    let invented = Made::build(&place("invented"), 2, 1, 300).await;
    let other_key = Made::build(&place("other-key"), 2, 2, 300).await;
    let trust = honest.dir.join("trust.json");
    std::fs::write(place("since"), &honest.older).expect("written");
    std::fs::write(place("receipt"), &honest.receipts[250]).expect("written");

    for (forged, codes) in [
        (&invented, vec![("genesis", json!(0))]),
        (&other_key, vec![("checkpoint-signature", Value::Null), ("genesis", json!(0))]),
    ] {
        let export = forged.dir.with_extension("export");
        program::done([
            OsString::from("export"),
            "--dir".into(),
            forged.dir.clone().into(),
            "--out".into(),
            export.clone().into(),
        ]);
        for source in [&forged.dir, &export] {
            let report = audit(source, &[], 0);
            assert_eq!((&report["anchored"], &report["faults"]), (&json!(false), &json!([])), "{source:?}");
            let report = audit(source, &["--trust", text(&trust)], 1);
            assert_eq!(report["anchored"], true);
            assert_eq!(faults(&report), codes, "{source:?}");
        }
        let others = [foreign::verify("verify.py"), foreign::verify_js("verify.js")];
        for mut verify in others.into_iter().flatten() {
            let output = verify.arg("audit").arg(&export).args(["--json", "--trust"]).arg(&trust).output();
            let report: Value = serde_json::from_slice(&output.expect("it runs").stdout).expect("a report");
            assert_eq!(faults(&report), codes, "by {verify:?}");
        }
    }
    // Whoever holds something the honest ledger once signed needs no trust file.
    for held in [["--since", text(&place("since"))], ["--receipt", text(&place("receipt"))]] {
        let report = audit(&invented.dir, &held, 1);
        assert!(faults(&report).contains(&("root", Value::Null)), "{held:?}: {report}");
        assert_eq!(audit(&honest.dir, &held, 0)["faults"], json!([]));
    }
}

fn audit(source: &Path, held: &[&str], status: i32) -> Value {
    let mut args = vec!["audit", text(source)];
    args.extend(held);
    let ended = program::run(args);
    assert_eq!(ended.status, status, "{ended:?}");
    ended.answer
}

fn faults(report: &Value) -> Vec<(&str, Value)> {
    let faults = report["faults"].as_array().expect("faults").iter();
    faults.map(|fault| (fault["code"].as_str().expect("a code"), fault["index"].clone())).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
