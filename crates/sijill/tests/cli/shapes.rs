//! The shape of every answer: what programs may rely on. Values that differ from run to run are named by their kind.

use std::fs;

use serde_json::{Value, json};

use crate::town::Town;

/// The value with every number and string replaced by its kind; `true` and `false` stay.
fn shape(value: &Value) -> Value {
    match value {
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("string"),
        Value::Array(values) => {
            let mut kinds: Vec<Value> = values.iter().map(shape).collect();
            kinds.dedup();
            Value::Array(kinds)
        }
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        other => other.clone(),
    }
}

#[test]
fn answers() {
    let town = Town::new();
    let mut shapes = serde_json::Map::new();
    let mut note = |name: &str, value: Value| shapes.insert(name.to_string(), shape(&value));
    note("keys new", town.good(["keys", "new", "--out", "x.key"]));
    note("keys show", town.good(["keys", "show", "moh-root.key", "--origin", "o"]));
    note("keys proof", town.good(["keys", "proof", "moh-root.key", "--origin", "o"]));
    note("init", town.good(Town::init(&[])));
    town.enrol(&["--dir", "d"]);
    let append = ["append", "--dir", "d", "--key", "moh-amal.key"];
    let event = ["--stream", "case/A", "--type", "note.added", "--disclose", "casework.n=1"];
    note("append", town.good(append.into_iter().chain(event)));
    fs::write(
        town.path("e.ndjson"),
        "{\"stream\":\"case/A\",\"type\":\"note.added\"}\n{\"stream\":\"log\",\"type\":\"a.b\"}\n",
    )
    .expect("written");
    note("append --file", town.run(append.into_iter().chain(["--file", "e.ndjson"])).json());
    let propose = ["members", "propose", "--dir", "d", "--key", "moh-root.key", "--approve", "--action"];
    note("members propose", town.good(propose.into_iter().chain([r#"{"do":"quorum.set","quorum":2}"#])));
    note("audit", town.good(["audit", "d"]));
    note("prove", town.good(["prove", "--dir", "d", "--index", "1", "-o", "p"]));
    note("export", town.good(["export", "--dir", "d", "--out", "out"]));
    note("backup", town.good(["backup", "--dir", "d", "--out", "b"]));
    let server = town.serve();
    note("keys token", town.good(["keys", "token", "--key", "moh-amal.key", "--url", &server.url]));
    note("serve, stopped", server.stop().json());
    town.tamper("UPDATE head SET received = received + 1");
    note("audit, faults", town.run(["audit", "d"]).json()["faults"].take());
    let error: Value = serde_json::from_str(&town.run(["audit", "nowhere"]).err).expect("JSON");
    note("error", error);
    insta::assert_json_snapshot!(shapes);
}

#[test]
fn people_read_sentences() {
    let town = Town::busy();
    let error = town.run_for_people(&["audit", "nowhere"]);
    assert_eq!(error.status, 2);
    assert!(error.err.starts_with("sijill: file-unreadable: cannot read nowhere: "), "{}", error.err);
    let usage = town.run_for_people(&["audit"]);
    assert_eq!(usage.status, 2, "clap's own status for usage");
    let help = town.run_for_people(&["--help"]);
    assert!(help.out.contains("Exit status:"), "{}", help.out);
    town.tamper("UPDATE entry SET entry = replace(entry, 'e', 'f') WHERE idx = 9");
    let audit = town.run_for_people(&["audit", "d", "--trust", "d/trust.json"]);
    assert_eq!(audit.status, 1);
    assert!(audit.out.contains("entry 9") && audit.out.contains("entry-format"), "{}", audit.out);
}
