//! Audits of a ledger that may have been altered: by the program on the data directory and on its export, and by the
//! verifiers in Python and JavaScript on the export.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sijill_tests::made::Made;
use sijill_tests::{foreign, program};

/// Faults: code and index.
pub(crate) type Found = BTreeSet<(String, Option<u64>)>;

/// What the auditor holds besides the trust file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    /// The checkpoint from half way.
    pub(crate) older: bool,
    /// The last one.
    pub(crate) newest: bool,
    /// Receipts of these entries.
    pub(crate) receipts: Vec<usize>,
}

impl Held {
    /// As arguments; the files are written to `folder`.
    fn args(&self, made: &Made, folder: &Path) -> Vec<OsString> {
        let mut args = vec!["--trust".into(), super::trust(made).into()];
        for (given, name, note) in [(self.older, "older", &made.older), (self.newest, "newest", &made.newest)]
        {
            if given {
                args.extend(["--since".into(), super::hold(folder, name, note).into()]);
            }
        }
        for index in &self.receipts {
            let file = super::hold(folder, &format!("receipt-{index}"), &made.receipts[*index]);
            args.extend(["--receipt".into(), file.into()]);
        }
        args
    }
}

/// Audits with the program; panics if it cannot.
pub(crate) fn audit(made: &Made, source: &Path, folder: &Path, held: &Held) -> Found {
    try_audit(made, source, folder, held).unwrap_or_else(|ended| panic!("{ended:?}"))
}

/// Audits with the program, or tells how it ended where there was nothing it could read.
pub(crate) fn try_audit(
    made: &Made,
    source: &Path,
    folder: &Path,
    held: &Held,
) -> Result<Found, program::Ended> {
    let mut args: Vec<OsString> = vec!["audit".into(), source.into()];
    args.extend(held.args(made, folder));
    let ended = program::run(&args);
    if ended.status == 2 {
        return Err(ended);
    }
    let found = faults(&ended.answer);
    assert_eq!(ended.status, i32::from(ended.answer["faults"] != serde_json::json!([])), "{ended:?}");
    assert_eq!(ended.answer["anchored"], true);
    Ok(found)
}

fn faults(report: &Value) -> Found {
    let faults = report["faults"].as_array().unwrap_or_else(|| panic!("no report: {report}"));
    // That the operator's database has lost its constraints would be told of every alteration, and tell nothing of it.
    let form = |fault: &&Value| {
        let mut told = fault["message"].as_str().unwrap_or_default().split("; ");
        fault["code"] == "store" && told.all(|part| part.starts_with("the form of the database is not"))
    };
    let faults = faults.iter().filter(|fault| !form(fault));
    let fault = |fault: &Value| (fault["code"].as_str().expect("a code").to_owned(), fault["index"].as_u64());
    faults.map(fault).collect()
}

/// Exports the ledger, if it can be, and lets all verifiers audit the export.
pub(crate) fn compare_export(
    made: &Made,
    dir: &Path,
    folder: &Path,
    held: &Held,
) -> Option<Result<Found, String>> {
    let export = folder.join("export");
    let mut args: Vec<OsString> = vec!["export".into(), "--dir".into(), dir.into()];
    args.extend(["--out".into(), export.clone().into()]);
    let ended = program::run(&args);
    if ended.status == 2 && ended.code() == "no-checkpoint" {
        return None;
    }
    assert_ne!(ended.status, 2, "{ended:?}");
    Some(compare(made, &export, folder, held))
}

/// Lets all verifiers audit an export: they have to find the same, or all nothing to read. Answers what they found.
pub(crate) fn compare(made: &Made, export: &Path, folder: &Path, held: &Held) -> Result<Found, String> {
    let ours = try_audit(made, export, folder, held).unwrap_or_else(|_| unreadable());
    for (language, verify) in [("Python", python(made)), ("JavaScript", foreign::verify_js("verify.js"))] {
        let Some(verify) = verify else { continue };
        let theirs = other(verify, made, export, folder, held);
        let [only_ours, only_theirs] =
            [ours.difference(&theirs), theirs.difference(&ours)].map(|only| only.take(5).collect::<Vec<_>>());
        if ours != theirs {
            return Err(format!(
                "the verifiers disagree: only Rust {only_ours:?}, only {language} {only_theirs:?}"
            ));
        }
    }
    Ok(ours)
}

/// In the place of faults where there was nothing to read.
pub(crate) fn unreadable() -> Found {
    Found::from([("unreadable".to_owned(), None)])
}

/// The verifier in Python.
fn python(made: &Made) -> Option<Command> {
    let mut verify = foreign::verify("verify.py")?;
    // It is run a hundred times: compiled once, beside the ledger.
    verify.env_remove("PYTHONDONTWRITEBYTECODE");
    verify.env("PYTHONPYCACHEPREFIX", made.dir.with_file_name("compiled"));
    Some(verify)
}

fn other(mut verify: Command, made: &Made, export: &Path, folder: &Path, held: &Held) -> Found {
    let output = verify.arg("audit").arg(export).arg("--json").args(held.args(made, folder)).output();
    let output = output.expect("it runs");
    match output.status.code() {
        Some(0 | 1) => {
            let report = serde_json::from_slice(&output.stdout);
            faults(&report.unwrap_or_else(|_| panic!("{}", foreign::told(&output))))
        }
        Some(2) => unreadable(),
        _ => panic!("{}", foreign::told(&output)),
    }
}
