//! Rows of the read models: the same beside the database and from a server, for whom they are.

use serde_json::{Value, json};

use crate::cases::{country, publish};
use crate::town::Town;

fn rows(told: &Value) -> Vec<Value> {
    told["rows"].as_array().expect("rows").clone()
}

/// What the server answers once its views are where the log is.
fn settled(town: &Town, args: &[&str]) -> Value {
    for _ in 0..200 {
        let run = town.run(args);
        if run.status == 0 {
            return run.good();
        }
        let code = run.refused(2);
        assert!(["view-behind", "view-not-built"].contains(&code.as_str()), "{code}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the views do not follow")
}

#[test]
fn rows_are_read_here_and_from_a_server() {
    let town = country();
    publish(&town);
    for (id, risk) in [("C1", "risk=high"), ("C2", "risk=low")] {
        let open =
            ["case", "open", "--id", id, "--dir", "d", "--key", "noor.key", "concerns=physical_abuse", risk];
        let more = ["governorate=OM-MA", "age_band=5-11", "sex=female", "channel=1100"];
        town.good(open.into_iter().chain(more));
    }
    assert_eq!(town.run(["view", "cases", "--dir", "d"]).refused(2), "projection-not-built");
    town.good(["rebuild", "--dir", "d"]);
    let here =
        town.good(["view", "referrals", "--dir", "d", "--where", "to_agency=moh", "--sort", "-requested_ms"]);
    assert!(!rows(&here).is_empty() && rows(&here).iter().all(|row| row["to_agency"] == "moh"));
    let size = here["size"].as_u64().expect("a size").to_string();
    let before = town.good(["view", "cases", "--dir", "d", "--at", "3"]);
    assert_eq!((&before["rows"], &before["size"]), (&json!([]), &json!(3)));
    let one = town.good(["view", "cases", "--dir", "d", "--limit", "1"]);
    assert_eq!((rows(&one).len(), &one["more"]), (1, &json!(true)));

    let server = town.serve();
    let from = ["--url", &server.url, "--trust", "d/trust.json", "--at", &size, "--key"];
    let view = |name: &'static str, key: &'static str| {
        settled(&town, &[&["view", name], &from[..], &[key]].concat())
    };
    assert_eq!(view("cases", "noor.key"), town.good(["view", "cases", "--dir", "d", "--at", &size]));
    let salim = rows(&view("referrals", "salim.key"));
    let his: Vec<&Value> = salim.iter().map(|row| &row["subject"]).collect();
    let parties = rows(&here).iter().map(|row| row["subject"].clone()).collect::<Vec<_>>();
    assert!(
        his.iter().all(|subject| parties.contains(subject)),
        "only cases that his agency was referred to"
    );
    assert_eq!(rows(&view("accesses", "salim.key")), [] as [Value; 0], "they are the owner's");

    for (call, told) in [("forecast", "forecasts"), ("warnings", "warnings")] {
        let there = settled(&town, &[&[call], &from[..], &["noor.key"]].concat());
        let here = town.good([call, "--dir", "d", "--at", &size]);
        assert_eq!((&there[told], &there["size"]), (&here[told], &here["size"]), "{call}");
        assert!(there["root"].is_string(), "a server knows the root of every size");
        let people = town.run_for_people(&[call, "--dir", "d"]);
        assert!(people.status == 0 && people.out.contains("entries"), "{people:?}");
    }

    let table = [&["view", "cases", "--csv"], &from[..], &["noor.key"]].concat();
    let table = town.run_for_people(&table);
    let lines: Vec<&str> = table.out.split_terminator("\r\n").collect();
    assert!(lines.len() == 3 && lines[0].starts_with("subject,since,since_ms,status,"), "{table:?}");
    let people = town.run_for_people(&["view", "cases", "--dir", "d", "--where", "risk=high"]).out;
    assert!(people.contains("1 rows") && people.contains("C1") && !people.contains("C2"), "{people}");

    for (code, args) in [
        ("projection-unknown", &["view", "children", "--dir", "d"][..]),
        ("projection-question", &["view", "cases", "--dir", "d", "--where", "colour=red"]),
        ("projection-question", &["view", "cases", "--dir", "d", "--sort", "colour"]),
        ("projection-ahead", &["view", "cases", "--dir", "d", "--at", "100000"]),
        ("usage", &["view", "cases", "--dir", "d", "--where", "colour"]),
        ("usage", &["view", "cases", "--dir", "d", "--at", "yesterday"]),
        ("usage", &["view", "cases"]),
    ] {
        assert_eq!(town.run(args).refused(2), code, "{args:?}");
    }
    let listed = town.good(["view"]);
    assert_eq!(listed["views"].as_array().map(Vec::len), Some(7));
    assert!(town.run_for_people(&["view"]).out.contains("due_ms"));
    server.stop();
}
