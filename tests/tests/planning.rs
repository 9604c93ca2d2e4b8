//! Forecasts of real work, made by the product, computed again by another program in another language from the same file, and tried
//! on the past; early warnings of the demonstration's month, and what becomes of one that is reviewed.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use sijill_tests::foreign::repository;
use sijill_tests::program::{done, run};

/// A command on a ledger.
fn ask(dir: &Path, args: &[&str]) -> Value {
    let mut all: Vec<OsString> = args.iter().map(OsString::from).collect();
    all.extend(["--dir".into(), dir.into()]);
    done(all)
}

fn near(a: &Value, b: &Value, what: &str) {
    let (a, b) = (a.as_f64().expect("a number"), b.as_f64().expect("a number"));
    // Thousandths, each rounded once or twice on the way.
    assert!((a - b).abs() <= 3.0, "{what}: {a} is not {b}");
}

/// The receipt log is real data and no part of this repository; where it lies beside it, its work is forecast.
#[test]
fn the_receipt_log_is_forecast_and_the_error_is_known() {
    let log = repository().join("../shared/data/receipt.csv");
    if !log.is_file() {
        let said = "SKIPPED the_receipt_log_is_forecast_and_the_error_is_known: ../shared/data/receipt.csv is not there";
        let _ = writeln!(std::io::stderr(), "{said}");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = dir.path().join("ledger");
    let mut args: Vec<OsString> = ["import", "eventlog", "--map"].map(OsString::from).to_vec();
    args.extend([repository().join("tools/import/receipt.toml").into(), (&log).into()]);
    args.extend(["--dir".into(), (&ledger).into()]);
    let report = done(&args);
    ask(&ledger, &["rebuild"]);
    let told = ask(&ledger, &["forecast"]);
    assert_eq!((&told["model"], &told["version"]), (&json!("unit-flow"), &json!(1)));
    assert_eq!((&told["size"], &told["root"].is_string()), (&report["size"], &true), "of this log");
    assert_eq!(told, ask(&ledger, &["forecast"]), "the same every time");
    let [unit] = &told["forecasts"].as_array().expect("units")[..] else {
        panic!("one unit has all work: {told}")
    };
    assert_eq!((&unit["work"], &unit["agency"]), (&json!("tasks"), &json!("permits")));

    let counted =
        Command::new("python3").arg(repository().join("tests/planning/outlook.py")).arg(&log).output();
    let counted: Value = serde_json::from_slice(&counted.expect("python3 runs").stdout).expect("JSON");
    let weeks = counted["past"].as_array().expect("weeks");
    assert_eq!(unit["weeks_known"], weeks.len());
    let past = unit["past"].as_array().expect("weeks");
    for (own, other) in past.iter().zip(&weeks[weeks.len() - past.len()..]) {
        for name in ["arrivals", "completions", "open", "overdue"] {
            assert_eq!(own[name], other[name], "{name} of {}", own["week"]);
        }
    }
    let mut measured = String::new();
    for series in unit["series"].as_array().expect("series") {
        let name = series["series"].as_str().expect("a name");
        for (n, week) in series["weeks"].as_array().expect("weeks").iter().enumerate() {
            near(&week["expected"], &counted["expected"][n][name], name);
            let of = |tried: &&Value| tried["series"] == name && tried["ahead"] == n + 1;
            let tried = counted["tried"].as_array().expect("trials").iter().find(of).expect("a trial");
            assert_eq!(week["tried"]["n"], tried["n"]);
            near(&week["tried"]["error"], &tried["error"], name);
            near(&week["tried"]["last_week_error"], &tried["last_week_error"], name);
            let _ = writeln!(measured, "{name} {}: {}", n + 1, week["tried"]);
        }
    }
    // What docs/planning.md says was measured.
    let _ = writeln!(std::io::stderr(), "{measured}");
    let judged: Vec<_> =
        unit["series"].as_array().expect("series").iter().map(|s| &s["better_than_naive"]).collect();
    assert_eq!(judged, [false, true, false, false], "{measured}");
    let table = run(["forecast", "--csv", "--dir"].map(OsString::from).into_iter().chain([(&ledger).into()]));
    assert_eq!(table.status, 0, "{}", table.errors);
    assert_eq!(ask(&ledger, &["warnings"])["warnings"], json!([]), "imported cases have no rules");
}

#[test]
fn the_demonstrations_month_is_too_short_to_forecast_and_long_enough_to_warn() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = dir.path().join("ledger");
    done(["demo".as_ref(), "--no-serve".as_ref(), "--dir".as_ref(), ledger.as_os_str()]);
    ask(&ledger, &["rebuild"]);
    let told = ask(&ledger, &["forecast"]);
    let units = told["forecasts"].as_array().expect("units");
    assert!(units.len() > 10, "{told}");
    for unit in units {
        assert!(unit["weeks_known"].as_u64().expect("weeks") < told["history"].as_u64().expect("weeks"));
        assert_eq!((&unit["series"], &unit["explained"]), (&json!([]), &json!([])), "no invented figure");
    }
    let one = ask(&ledger, &["forecast", "cpc/ma"]);
    assert!(one["forecasts"].as_array().expect("units").iter().all(|unit| unit["unit"] == "ma"));
    let none =
        run(["forecast", "cpc/nowhere", "--dir"].map(OsString::from).into_iter().chain([(&ledger).into()]));
    assert_eq!((none.status, none.code().as_str()), (2, "usage"));

    let told = ask(&ledger, &["warnings"]);
    let warnings = told["warnings"].as_array().expect("warnings");
    let of = |rule: &str| warnings.iter().filter(|warning| warning["rule"] == rule).count();
    assert!(of("missed-follow-up") > 2 && of("reopened-soon") > 0, "{}", told["rules"]);
    for warning in warnings {
        let case = warning["case"].as_str().expect("a case");
        let grounds = warning["rests_on"].as_array().expect("grounds");
        let own = [format!("case/{case}"), format!("auto/{case}")];
        assert!(grounds.iter().any(|ground| own.iter().any(|own| ground["stream"] == **own)), "{warning}");
    }
    // As known earlier: what was not recorded yet is no ground.
    let size = told["size"].as_u64().expect("a size") / 2;
    for warning in
        ask(&ledger, &["warnings", "--at", &size.to_string()])["warnings"].as_array().expect("some")
    {
        let grounds = warning["rests_on"].as_array().expect("grounds").iter();
        assert!(grounds.into_iter().all(|ground| ground["entry"].as_u64().is_some_and(|entry| entry < size)));
    }

    // What became of one is signed in its case; it leaves the list and counts for its rule.
    let meant = warnings
        .iter()
        .find(|warning| warning["rule"] == "missed-follow-up" && warning["agency"] == "cpc")
        .expect("one of the committees'");
    let (case, unit) = (meant["case"].as_str().expect("a case"), meant["unit"].as_str().expect("a unit"));
    let key = ledger.join(format!("keys/demo/cpc/{unit}-1.key"));
    let events = meant["rests_on"][0]["event"].as_str().expect("a hash");
    let review = |more: &[&str]| {
        let events = format!("events={events}");
        let said = ["case", "act", case, "warning.reviewed", "rule=missed-follow-up", "version=1", &events];
        let mut args: Vec<OsString> = said.iter().chain(more).map(OsString::from).collect();
        args.extend(["--dir".into(), (&ledger).into(), "--key".into(), (&key).into()]);
        run(args)
    };
    let alone = review(&["outcome=acted", "reason=work_missing"]);
    assert_eq!((alone.status, alone.code().as_str()), (1, "ground-missing"), "{}", alone.errors);
    let acted = review(&["outcome=acted", "reason=work_missing", "ground=child_seen"]);
    assert_eq!(acted.status, 0, "{}", acted.errors);
    assert_eq!(review(&["outcome=wrong", "reason=record_wrong"]).code(), "already-reviewed");
    ask(&ledger, &["rebuild"]);
    let later = ask(&ledger, &["warnings"]);
    let still = |told: &Value| {
        let all = told["warnings"].as_array().expect("warnings").clone();
        all.into_iter().find(|other| other["rests_on"] == meant["rests_on"])
    };
    assert_eq!(still(&later), None, "it has left the list");
    let reviewed = still(&ask(&ledger, &["warnings", "--all"])).expect("among all of them");
    assert_eq!(
        (&reviewed["review"]["outcome"], &reviewed["review"]["ground"]),
        (&json!("acted"), &json!("child_seen"))
    );
    let rule = later["rules"].as_array().expect("rules").iter().find(|rule| rule["id"] == "missed-follow-up");
    assert_eq!(
        rule.map(|rule| (&rule["reviewed"], &rule["acted"], &rule["wrong"])),
        Some((&json!(1), &json!(1), &json!(0)))
    );
    let audit = done(["audit".as_ref(), ledger.as_os_str()]);
    assert_eq!(audit["faults"], json!([]));
}
