//! An auditor puts what it found on the ledger.

use serde_json::{Value, json};

use crate::town::{ORIGIN, Town};

const RECORD: [&str; 7] = ["audit", "d", "--trust", "d/trust.json", "--record", "--key", "rop-auditor.key"];

/// A ledger under rule-set 2 with an officer and an auditor.
fn begun() -> Town {
    let town = Town::new();
    let founders = ["--founder", "moh=moh-root.key", "--founder", "rop=rop-root.key"];
    let init = ["init", "--dir", "d", "--origin", ORIGIN, "--quorum", "2", "--ratify"];
    town.good(init.into_iter().chain(founders).chain(["--grants", "rop=audit,casework"]));
    town.enrol(&["--dir", "d"]);
    town
}

/// What the entry says.
fn said(town: &Town, index: &Value) -> Value {
    town.good(["prove", "--dir", "d", "--index", &index.to_string(), "--out", &format!("said-{index}.json")]);
    let text = std::fs::read_to_string(town.path(format!("said-{index}.json"))).expect("read");
    let evidence: Value = serde_json::from_str(&text).expect("JSON");
    let entries = evidence["entries"].as_array().expect("entries");
    let entry = entries.iter().find(|entry| entry["index"] == *index).expect("it is there");
    let jwt = entry["entry"].as_str().expect("text").split(' ').nth(1).expect("a JWT").to_owned();
    let payload =
        sijill_event::b64::decode(jwt.split('.').nth(1).expect("a payload"), "it").expect("base64url");
    serde_json::from_slice(&payload).expect("JSON")
}

#[test]
fn what_an_audit_found_is_on_the_ledger_and_is_audited_with_it() {
    let town = begun();
    let report = town.good(RECORD);
    assert_eq!(report["recorded"]["verified"], true);
    let payload = said(&town, &report["recorded"]["index"]);
    let data = &payload["data"];
    assert_eq!((&payload["type"], &payload["stream"]), (&json!("audit.recorded"), &json!("log")));
    assert_eq!((&payload["iss"], &payload["sub"]), (&json!("rop"), &json!("auditor")));
    assert_eq!((&data["size"], &data["root"]), (&report["size"], &report["root"]));
    assert_eq!((&data["anchored"], &data["faults"]), (&json!(true), &json!([])));
    for level in ["integrity", "authority", "rules", "figures"] {
        assert_eq!(data["levels"][level]["status"], report["levels"][level]["status"], "{level}");
    }
    assert_eq!((&data["tool"], &data["version"]), (&json!("sijill"), &json!(env!("CARGO_PKG_VERSION"))));

    let next = town.good(["audit", "d", "--trust", "d/trust.json"]);
    assert_eq!(next["size"].as_u64(), report["size"].as_u64().map(|size| size + 1));
    assert_eq!((&next["faults"], next.get("recorded")), (&json!([]), None));
}

#[test]
fn it_is_recorded_at_the_server_that_is_audited_or_named() {
    let town = begun();
    town.good(["export", "--dir", "d", "--out", "copy"]);
    let server = town.serve();
    let log = format!("{}/log", server.url);
    let more = ["--trust", "d/trust.json", "--record", "--key", "rop-auditor.key"];
    let first = town.good(["audit", &log].into_iter().chain(more));
    assert_eq!(first["recorded"]["verified"], true);
    let copied = town.good(["audit", "copy", "--url", &server.url].into_iter().chain(more));
    assert_eq!(
        copied["recorded"]["index"].as_u64(),
        first["recorded"]["index"].as_u64().map(|index| index + 1)
    );
    // A directory that a server has open takes nothing from here: what was found is told all the same.
    let run = town.run(RECORD);
    assert_eq!((run.status, &run.json()["faults"]), (2, &json!([])), "{run:?}");
    assert!(run.json()["recorded"]["code"].is_string());
    server.stop();
}

#[test]
fn who_may_not_audit_records_nothing_and_is_told_what_was_found() {
    let town = begun();
    let by_amal = ["audit", "d", "--trust", "d/trust.json", "--record", "--key", "moh-amal.key"];
    let run = town.run(by_amal);
    assert_eq!(run.status, 2);
    assert_eq!(
        (&run.json()["recorded"]["code"], &run.json()["faults"]),
        (&json!("role-missing"), &json!([]))
    );
    assert!(town.run_for_people(&by_amal).out.contains("not recorded: role-missing"));
    // Under rule-set 1 the stream takes nothing.
    let untyped = Town::busy();
    assert_eq!(untyped.run(RECORD).json()["recorded"]["code"], "stream-reserved");
}

#[test]
fn what_is_no_audit_of_the_ledger_is_not_recorded() {
    let town = begun();
    town.good(["export", "--dir", "d", "--out", "copy"]);
    town.good(["prove", "--dir", "d", "--index", "3", "--out", "one.json"]);
    let more = ["--record", "--key", "rop-auditor.key"];
    for args in [
        // Nobody signs; nobody says where; a part of a log.
        vec!["audit", "d", "--record"],
        [&["audit", "copy"], &more[..]].concat(),
        [&["audit", "one.json", "--url", "http://127.0.0.1:9"], &more[..]].concat(),
        vec!["audit", "d", "--url", "http://127.0.0.1:9"],
    ] {
        assert_eq!(town.run(args.iter()).refused(2), "usage", "{args:?}");
    }
}
