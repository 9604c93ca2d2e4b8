//! An erasure by the command line: ordered by one, approved by another, gone from export, backup and what is shown.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::cases::{country, publish};
use crate::town::{ORIGIN, Run, Town};

/// Whether a file below the folder holds these bytes.
fn anywhere(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).expect("readable").any(|file| {
        let path = file.expect("a file").path();
        if path.is_dir() {
            return anywhere(&path, bytes);
        }
        fs::read(path).expect("readable").windows(bytes.len()).any(|window| window == bytes)
    })
}

fn enrol(town: &Town, agency: &str, officer: &str, unit: &str, roles: &str) {
    let (root, key) = (format!("{agency}-root.key"), format!("{officer}.key"));
    town.good(["keys", "new", "--agency", agency, "--officer", officer, "--out", &key]);
    let proof = town.good(["keys", "proof", &key, "--origin", ORIGIN]).to_string();
    fs::write(town.path("proof.json"), proof).expect("written");
    let enrol = ["registry", "enrol", "--dir", "d", "--key", &root, "--proof", "proof.json", "--unit", unit];
    town.good(enrol.into_iter().chain(["--roles", roles]));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for file in fs::read_dir(from).expect("readable") {
        let path = file.expect("a file").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
}

fn act(town: &Town, args: &[&str], key: &str) -> Run {
    town.run([args, &["--dir", "d", "--key", key]].concat())
}

const OPEN: [&str; 11] = [
    "case",
    "open",
    "--id",
    "C1",
    "concerns=physical_abuse",
    "risk=none",
    "governorate=OM-MA",
    "age_band=5-11",
    "sex=female",
    "channel=1100",
    "summary=Canary of the opening",
];

/// A case that was closed, and an order to erase it that was refused before.
fn closed_case() -> Town {
    let town = country();
    publish(&town);
    enrol(&town, "h1100", "hind", "line", "casework,supervisor");
    act(&town, &OPEN, "noor.key").good();
    act(&town, &["case", "act", "C1", "note.added", "text=Canary of the note"], "noor.key").good();
    let asks =
        ["case", "act", "C1", "case.closure_requested", "reason=goals_met", "summary=Canary", "exceptions="];
    let asked = act(&town, &asks, "noor.key").good();
    let order = ["erase", "order", "C1", "ground=court_order"];
    assert_eq!(act(&town, &order, "noor.key").refused(1), "case-open");
    let request = format!("request={}", asked["event"].as_str().or(asked["hash"].as_str()).expect("a hash"));
    act(&town, &["case", "act", "C1", "case.closed", &request], "hind.key").good();
    town
}

#[test]
fn a_case_is_erased_by_two_and_its_backup_with_it() {
    let town = closed_case();
    let case = |args: &[&str], key: &str| act(&town, args, key);
    let order = |key: &str| case(&["erase", "order", "C1", "ground=court_order"], key);
    town.good(["backup", "--dir", "d", "--out", "b", "--keystore-out", "k"]);
    town.good(["export", "--dir", "d", "--out", "before"]);
    let canary = |folder: &str| {
        let lines = fs::read_to_string(town.path(folder).join("disclosures.jsonl")).expect("an export");
        lines.lines().any(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("a line");
            let text =
                sijill_event::b64::decode(line["disclosure"].as_str().expect("it"), "it").expect("base64url");
            String::from_utf8(text).expect("UTF-8").contains("Canary")
        })
    };
    assert!(canary("before"));

    order("noor.key").good();
    let status = || town.good(["erase", "status", "C1", "--dir", "d"]);
    let erasure = status()["erasures"][0]["erasure"].as_str().expect("a hash").to_owned();
    assert_eq!(status()["erasures"][0]["state"], "ordered");
    assert_eq!(order("noor.key").refused(1), "erasure-pending");
    let approve = |key: &str| case(&["erase", "approve", "C1", &erasure], key);
    assert_eq!(approve("noor.key").refused(1), "not-yours");
    approve("hind.key").good();
    assert_eq!((&status()["erased"], &status()["erasures"][0]["state"]), (&json!(true), &json!("done")));
    assert_eq!(case(&["case", "act", "C1", "note.added", "text=x"], "noor.key").refused(1), "case-erased");
    assert_eq!(
        case(&["erase", "confirm", "C1", &erasure], "salim.key").refused(1),
        "not-yours",
        "it knew nothing"
    );
    for args in [
        &["case", "show", "C1"][..],
        &["why", "C1"],
        &["why", "C1", "--lang", "ar"],
        &["erase", "status", "C1"],
    ] {
        let told = town.run_for_people(&[args, &["--dir", "d"]].concat());
        assert_eq!(told.status, 0, "{args:?}: {told:?}");
        assert!(!told.out.contains("Canary"), "{args:?}: {}", told.out);
    }

    // Nothing is wrong, and what could not be checked is counted as erased.
    for place in [&["audit", "d"][..], &["audit", "after"]] {
        if place[1] == "after" {
            town.good(["export", "--dir", "d", "--out", "after"]);
            assert!(!canary("after"));
        }
        let report = town.good([place, &["--trust", "d/trust.json"]].concat());
        let integrity = &report["levels"]["integrity"];
        assert_eq!(
            (&integrity["status"], &report["levels"]["authority"]["status"]),
            (&json!("partial"), &json!("clean"))
        );
        assert!(integrity["why"].as_str().expect("why").contains("erased by order"), "{report}");
    }
    town.good(["erase", "compact", "--dir", "d"]);
    assert_eq!(town.faults(["audit", "d", "--trust", "d/trust.json"]), (0, Vec::new()));

    // The backup from before, with the key store of now: it runs nowhere, and shows nothing.
    copy(&town.path("b"), &town.path("r"));
    copy(&town.path("d/keys"), &town.path("r/keys"));
    copy(&town.path("d/keystore"), &town.path("r/keystore"));
    town.good(["export", "--dir", "r", "--out", "restored"]);
    assert!(!canary("restored"));
    assert!(!anywhere(&town.path("r"), b"Canary") && !anywhere(&town.path("d"), b"Canary"));
}

/// Keys go before `erasure.done`. Cut short in between, the values have no keys, and those are not lost: the ledger starts,
/// and finishes it.
#[test]
fn an_erasure_that_was_cut_short_is_finished_at_the_next_start() {
    let town = country();
    publish(&town);
    enrol(&town, "h1100", "hind", "line", "casework,supervisor");
    let case = |args: &[&str], key: &str| act(&town, args, key);
    case(&OPEN, "noor.key").good();
    case(&["erase", "order", "C1", "ground=request", "fields=narrative.summary"], "noor.key").good();
    let status = || town.good(["erase", "status", "C1", "--dir", "d"])["erasures"][0].clone();
    let erasure = status()["erasure"].as_str().expect("a hash").to_owned();
    // The transaction that would append `erasure.done` fails, as if the machine had gone down before it.
    town.tamper(
        "CREATE TRIGGER cut BEFORE UPDATE ON disclosure WHEN new.ciphertext IS NULL BEGIN SELECT raise(ABORT, 'cut'); END",
    );
    case(&["erase", "approve", "C1", &erasure], "hind.key");
    assert_eq!(status()["state"], "approved");
    town.tamper("DROP TRIGGER cut");
    town.serve().stop();
    assert_eq!(status()["state"], "done");
    assert_eq!(town.faults(["audit", "d", "--trust", "d/trust.json"]), (0, Vec::new()));
}

/// Read models hold codes in the clear. No other case has these.
#[test]
fn read_models_hold_nothing_of_it() {
    let town = closed_case();
    let held = || {
        let files = ["projections.db", "projections.db-wal"].map(|file| town.path("d").join(file));
        files.iter().any(|file| {
            fs::read(file).unwrap_or_default().windows(14).any(|window| window == b"physical_abuse")
        })
    };
    town.good(["rebuild", "--dir", "d"]);
    assert!(held());
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(
            &fs::metadata(town.path("d/projections.db")).expect("there").permissions()
        ) & 0o7,
        0,
        "it is for those who may read the ledger's database"
    );
    act(&town, &["erase", "order", "C1", "ground=court_order"], "noor.key").good();
    let status = town.good(["erase", "status", "C1", "--dir", "d"]);
    let erasure = status["erasures"][0]["erasure"].as_str().expect("a hash");
    act(&town, &["erase", "approve", "C1", erasure], "hind.key").good();
    let compacted = town.good(["erase", "compact", "--dir", "d"]);
    assert_eq!(compacted["compacted"].as_array().expect("files").len(), 3);
    assert!(!held());
}
