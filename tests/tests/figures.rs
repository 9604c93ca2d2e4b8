//! Figures that anyone can compute again: attested by the ledger, folded anew by an audit, and told apart from rows that somebody
//! changed by hand.

use std::path::Path;
use std::str::FromStr;
use std::sync::OnceLock;

use serde_json::{Value, json};
use sijill_tests::foreign;
use sijill_tests::program::{self, done};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row};

fn run<'a>(dir: &'a Path, args: &[&'a str]) -> Value {
    let mut all: Vec<&std::ffi::OsStr> = args.iter().map(std::convert::AsRef::as_ref).collect();
    all.extend(["--dir".as_ref(), dir.as_os_str()]);
    done(all)
}

/// The verdict on a ledger, faults or none.
fn audit(source: &Path, trust: &Path) -> Value {
    program::run(["audit".as_ref(), source.as_os_str(), "--trust".as_ref(), trust.as_os_str()]).answer
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        if entry.file_type().expect("known").is_dir() {
            copied(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
        }
    }
}

/// Runs a statement on the read models; `TABLE` stands for the live generation of that table.
async fn by_hand(dir: &Path, model: &str, table: &str, sql: &str) {
    let path = format!("sqlite://{}", dir.join("projections.db").display());
    let mut connection =
        SqliteConnectOptions::from_str(&path).expect("a path").connect().await.expect("a database");
    let live = sqlx::query("SELECT number FROM projection WHERE live = 1 AND model = ?").bind(model);
    let number: i64 = live.fetch_one(&mut connection).await.expect("a live generation").get(0);
    let sql = sql.replace("TABLE", &format!("{table}_{number}"));
    let changed = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.expect("a statement");
    assert_eq!(changed.rows_affected(), 1);
}

/// The demonstration's month, made once and copied for each test.
fn month(to: &Path) {
    static MONTH: OnceLock<tempfile::TempDir> = OnceLock::new();
    let month = MONTH.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a folder");
        let ledger = dir.path().join("ledger");
        done(["demo".as_ref(), "--no-serve".as_ref(), "--dir".as_ref(), ledger.as_os_str()]);
        dir
    });
    copied(&month.path().join("ledger"), to);
}

fn projection_faults(report: &Value) -> Vec<Value> {
    let faults = report["faults"].as_array().expect("faults").iter();
    faults.map(|fault| json!([fault["code"], fault["index"]])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_attested_is_folded_again_and_compared() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = dir.path().join("ledger");
    month(&ledger);
    let trust = ledger.join("trust.json");
    let nothing = audit(&ledger, &trust);
    assert_eq!(nothing["levels"]["figures"]["status"], "clean");
    assert_eq!(nothing["levels"]["figures"]["checked"], 1, "January is published");

    let attested = run(&ledger, &["attest"]);
    let index = attested["index"].as_u64().expect("an index");
    assert_eq!(attested["size"], index, "everything before it");
    assert_eq!(run(&ledger, &["attest"])["index"], index + 1);
    let report = audit(&ledger, &trust);
    assert_eq!(report["faults"], json!([]));
    assert_eq!(
        report["levels"]["figures"],
        json!({"status": "clean", "checked": 3, "unchecked": 0, "why": null})
    );

    // The same from an export, by whoever holds nothing but that; without disclosures nothing can be said.
    let export = dir.path().join("export");
    run(&ledger, &["export", "--out", export.to_str().expect("a path")]);
    assert_eq!(audit(&export, &trust)["levels"]["figures"]["checked"], 3);
    let published = run(&export, &["figures", "--published=202601"]);
    assert_eq!(published, run(&ledger, &["figures", "--published"]));
    assert_eq!((&published["month"], &published["months"]), (&json!(202_601), &json!([202_601])));
    assert!(
        published["figures"]
            .as_array()
            .expect("figures")
            .iter()
            .filter(|figure| figure["total"].is_u64())
            .count()
            > 5
    );
    let bare = dir.path().join("bare");
    run(&ledger, &["export", "--without-disclosures", "--out", bare.to_str().expect("a path")]);
    let figures = &audit(&bare, &trust)["levels"]["figures"];
    assert_eq!((&figures["status"], &figures["unchecked"]), (&json!("partial"), &json!(3)));

    // One row changed by hand, in any table, is found; so is a row too many, and a count that no rows give.
    let by_hands = [
        (
            "cases",
            "case_state",
            "UPDATE TABLE SET risk = 'low' WHERE rowid = (SELECT min(rowid) FROM TABLE WHERE risk = 'high')",
        ),
        (
            "deadlines",
            "deadline_state",
            "UPDATE TABLE SET met_ms = due_ms WHERE rowid = (SELECT max(rowid) FROM TABLE WHERE met_ms > due_ms)",
        ),
        ("entries", "entry_fact", "DELETE FROM TABLE WHERE rowid = 77"),
        (
            "indicators",
            "indicator_fact",
            "INSERT INTO TABLE SELECT 'nobody', since, since_ms, until, until_ms, indicator, kind, band, agency, unit, governorate, month, value, begun FROM TABLE LIMIT 1",
        ),
        (
            "indicators",
            "indicator_count",
            "UPDATE TABLE SET n = n - 1 WHERE rowid = (SELECT rowid FROM TABLE WHERE n > 1 LIMIT 1)",
        ),
    ];
    for (number, (model, table, sql)) in by_hands.into_iter().enumerate() {
        let copy = dir.path().join(format!("copy-{number}"));
        copied(&ledger, &copy);
        by_hand(&copy, model, table, sql).await;
        let report = audit(&copy, &trust);
        assert_eq!(projection_faults(&report), [json!(["projection", null])], "{table}");
        let message = report["faults"][0]["message"].as_str().expect("a sentence");
        assert!(message.contains(&format!("`{model}`")), "{message}");
        assert_eq!(report["levels"]["figures"]["status"], "faults");
        // What mends it.
        run(&copy, &["rebuild", model]);
        if number == 0 {
            assert_eq!(audit(&copy, &trust)["faults"], json!([]));
        }
    }

    // A ledger that attests what its entries do not give is found out by the entries.
    let liar = dir.path().join("liar");
    copied(&ledger, &liar);
    let leaf = "UPDATE projection_subject SET leaf = (SELECT max(leaf) FROM projection_subject) WHERE rowid = \
                (SELECT min(rowid) FROM projection_subject WHERE model = 'indicators' AND leaf IS NOT NULL)";
    by_hand(&liar, "indicators", "", leaf).await;
    let lied = run(&liar, &["attest"])["index"].as_u64().expect("an index");
    let export = dir.path().join("lies");
    run(&liar, &["export", "--out", export.to_str().expect("a path")]);
    let report = audit(&export, &trust);
    assert_eq!(projection_faults(&report), [json!(["projection", lied])]);
    assert_eq!(report["levels"]["rules"]["status"], "clean");
}

/// When values were destroyed, only what was said while they were there is unchecked: what is kept, and what is attested from then
/// on, is compared as before.
#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_hides_nothing_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = dir.path().join("ledger");
    month(&ledger);
    let trust = ledger.join("trust.json");
    run(&ledger, &["attest"]);
    let key = |name: &str| ledger.join("keys/demo/cpc").join(name).display().to_string();
    let (order, approve) = (key("bj-1.key"), key("bj-2.key"));
    let ordered = run(&ledger, &["erase", "order", "2026-0036", "ground=request", "--key", &order]);
    let hash = ordered["hash"].as_str().expect("a hash");
    run(&ledger, &["erase", "approve", "2026-0036", hash, "--key", &approve]);
    run(&ledger, &["rebuild"]);
    run(&ledger, &["attest"]);
    let report = audit(&ledger, &trust);
    assert_eq!(report["faults"], json!([]));
    let figures = &report["levels"]["figures"];
    assert_eq!(figures["status"], "partial", "{figures}");
    assert!(figures["checked"].as_u64() >= Some(1), "what was attested since: {figures}");

    let by_hands = [
        (
            "indicators",
            "indicator_count",
            "UPDATE TABLE SET n = n + 500 WHERE rowid = (SELECT min(rowid) FROM TABLE)",
        ),
        (
            "cases",
            "case_state",
            "UPDATE TABLE SET risk = 'low', owner_unit = 'nobody' WHERE rowid = (SELECT max(rowid) FROM TABLE WHERE subject = '2026-0019')",
        ),
        // What the log is yet to come to.
        (
            "entries",
            "entry_fact",
            "UPDATE TABLE SET since = 1000000 WHERE rowid = (SELECT max(rowid) FROM TABLE WHERE subject = '2026-0019')",
        ),
    ];
    for (number, (model, table, sql)) in by_hands.into_iter().enumerate() {
        let copy = dir.path().join(format!("copy-{number}"));
        copied(&ledger, &copy);
        by_hand(&copy, model, table, sql).await;
        assert_eq!(projection_faults(&audit(&copy, &trust)), [json!(["projection", null])], "{table}");
    }

    // The models that tell no buckets as well.
    let leaf = "UPDATE projection_subject SET leaf = (SELECT max(leaf) FROM projection_subject) WHERE rowid = \
                (SELECT min(rowid) FROM projection_subject WHERE model = 'deadlines' AND leaf IS NOT NULL)";
    by_hand(&ledger, "deadlines", "", leaf).await;
    let lied = run(&ledger, &["attest"])["index"].as_u64().expect("an index");
    let export = dir.path().join("lies");
    run(&ledger, &["export", "--out", export.to_str().expect("a path")]);
    assert_eq!(projection_faults(&audit(&export, &trust)), [json!(["projection", lied])]);
}

/// What an auditor put on record stands under the same rules for a verifier that shares no code with ours.
#[test]
fn an_audit_on_record_is_audited_by_two_programs() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = dir.path().join("ledger");
    month(&ledger);
    let (trust, key) = (ledger.join("trust.json"), ledger.join("keys/demo/sai/audit-1.key"));
    let mut args: Vec<&std::ffi::OsStr> = vec!["audit".as_ref(), ledger.as_os_str()];
    args.extend([
        "--trust".as_ref(),
        trust.as_os_str(),
        "--record".as_ref(),
        "--key".as_ref(),
        key.as_os_str(),
    ]);
    let report = done(args);
    assert_eq!(report["recorded"]["index"], report["size"], "behind everything that was audited");
    let export = dir.path().join("export");
    run(&ledger, &["export", "--out", export.to_str().expect("a path")]);
    let ours = audit(&export, &trust);
    assert_eq!(ours["faults"], json!([]));
    let Some(mut verify) = foreign::verify("verify.py") else { return };
    let output = verify.arg("audit").arg(&export).args(["--json", "--trust"]).arg(&trust).output();
    let theirs: Value = serde_json::from_slice(&output.expect("python runs").stdout).expect("a report");
    assert_eq!(theirs["faults"], json!([]));
    assert_eq!(theirs["levels"]["authority"], ours["levels"]["authority"]);
}

#[test]
fn a_figure_names_its_events_and_proves_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = dir.path().join("ledger");
    month(&ledger);
    run(&ledger, &["rebuild"]);
    let told = run(&ledger, &["figures", "time-to-answer", "timeliness", "--by", "band"]);
    let figures = told["figures"].as_array().expect("figures");
    assert_eq!(figures.len(), 10, "{told}");
    for figure in figures {
        let indicator = figure["indicator"].as_str().expect("a code");
        let band = format!("band={}", figure["band"].as_str().expect("a code"));
        let args = ["explain", indicator, "--where", &band, "--limit", "5000"];
        let events = run(&ledger, &args);
        assert_eq!(json!(events["events"].as_array().expect("events").len()), figure["n"], "{figure}");
    }
    // As known earlier: fewer, and the same however often it is asked.
    let then = run(&ledger, &["figures", "referrals-ended", "--at", "3000"]);
    let sum = |told: &Value| {
        told["figures"].as_array().expect("figures").iter().map(|f| f["n"].as_u64().expect("n")).sum::<u64>()
    };
    let now = run(&ledger, &["figures", "referrals-ended"]);
    assert!(0 < sum(&then) && sum(&then) < sum(&now), "{then} {now}");
    assert_eq!(then["size"], 3_000);

    let proof = dir.path().join("late.evidence");
    let args = [
        "explain",
        "timeliness",
        "--where",
        "band=late",
        "--limit",
        "5",
        "-o",
        proof.to_str().expect("a path"),
    ];
    assert_eq!(run(&ledger, &args)["events"].as_array().expect("events").len(), 5);
    let report = audit(&proof, &ledger.join("trust.json"));
    assert_eq!(report["faults"], json!([]));
    assert_eq!(report["levels"]["figures"]["status"], "not_run");
    let refused = |args: &[&str]| {
        let mut all: Vec<&std::ffi::OsStr> = args.iter().map(std::convert::AsRef::as_ref).collect();
        all.extend(["--dir".as_ref(), ledger.as_os_str()]);
        program::run(all).code()
    };
    assert_eq!(refused(&["figures", "happiness"]), "projection-unknown");
    assert_eq!(refused(&["explain", "timeliness", "--at", "99999999"]), "projection-ahead");
    assert_eq!(refused(&["explain", "timeliness", "--where", "month=2026"]), "usage");
    assert_eq!(
        refused(&["explain", "cases-open", "--where", "kind=none", "-o", "nothing.evidence"]),
        "usage"
    );
}
