//! Over HTTP: append, sign, tokens, audits by URL; one writer at a time.

use std::fs;

use serde_json::Value;

use crate::town::{ORIGIN, Town};

#[test]
fn events_go_in_over_http_and_the_ledger_audits_clean() {
    let town = Town::begun();
    let server = town.serve();
    let place = ["--url", server.url.as_str(), "--trust", "d/trust.json"];
    town.settle(&place);
    let append = ["append", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added"];
    let receipt = town.good(append.into_iter().chain(place));
    assert_eq!((&receipt["verified"], &receipt["first"]), (&true.into(), &true.into()));
    fs::write(town.path("receipt.json"), receipt.to_string()).expect("written");
    let audit = ["audit", "d", "--trust", "d/trust.json", "--receipt", "receipt.json"];
    assert_eq!(town.faults(audit), (0, Vec::new()), "beside the running server");

    let log = format!("{}/log", server.url);
    assert_eq!(town.run(["audit", &log]).refused(2), "tile-log-unreachable", "entries are not public");
    let by_url =
        ["audit", &log, "--trust", "d/trust.json", "--key", "rop-auditor.key", "--receipt", "receipt.json"];
    assert_eq!(town.faults(by_url), (0, Vec::new()));

    assert_eq!(town.run(append.into_iter().chain(["--dir", "d"])).refused(2), "data-directory-in-use");
    let stopped = server.stop();
    assert_eq!(stopped.status, 0, "{stopped:?}");
    assert!(!stopped.err.contains("case/A"), "no log line names a stream");
    assert_eq!(town.faults(audit), (0, Vec::new()), "after it has stopped");
}

#[test]
fn a_payload_is_completed_and_posted_by_other_means() {
    let town = Town::busy();
    let server = town.serve();
    let token = town.good(["keys", "token", "--key", "moh-amal.key", "--url", &server.url]);
    let bearer = format!("Bearer {}", token["access_token"].as_str().expect("a token"));
    let next = curl(&[
        "-H",
        &format!("Authorization: {bearer}"),
        &format!("{}/v1/streams/case%2FA/next", server.url),
    ]);
    let sign =
        ["sign", "--key", "moh-amal.key", "--type", "note.added", "--disclose", "narrative.text=\"hello\""];
    let signed = town.run_with_input(&sign, &next).good();
    let body = signed["sd_jwt"].as_str().expect("an SD-JWT");
    assert!(body.ends_with('~') && !body.contains("hello"));
    let events = format!("{}/v1/events", server.url);
    let receipt = curl(&["-H", "Content-Type: application/sd-jwt", "--data-binary", body, &events]);
    let receipt: serde_json::Value = serde_json::from_str(&receipt).expect("a receipt");
    assert_eq!(receipt["jti"], signed["jti"]);

    let foreign = ["sign", "--key", "rop-auditor.key", "--type", "note.added"];
    assert_eq!(town.run_with_input(&foreign, &next).refused(2), "usage");
    let elsewhere = ["sign", "--key", "moh-amal.key", "--type", "note.added", "--origin", "other.example"];
    assert_eq!(town.run_with_input(&elsewhere, &next).refused(2), "usage");
    assert_eq!(town.run_with_input(&sign, "{\"a\":1.5}").refused(2), "json-number");
}

fn curl(args: &[&str]) -> String {
    let output =
        std::process::Command::new("curl").arg("-sS").args(args).output().expect("curl is installed");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn a_file_of_events_is_appended_line_by_line() {
    let town = Town::busy();
    let server = town.serve();
    let line = |stream: usize, n: usize| {
        format!(r#"{{"stream":"case/F{stream}","type":"note.added","data":{{"casework":{{"n":{n}}}}}}}"#)
    };
    let mut lines: Vec<String> = (0..1_200).map(|n| line(n % 5, n)).collect();
    // Reserved: refused by itself, and what follows is not.
    lines.insert(700, r#"{"stream":"auto/F1","type":"note.added"}"#.to_string());
    fs::write(town.path("events.ndjson"), lines.join("\n")).expect("written");
    let append =
        ["append", "--key", "moh-amal.key", "--file", "events.ndjson", "--receipts", "receipts.ndjson"];
    let place = ["--url", server.url.as_str(), "--trust", "d/trust.json"];
    let run = town.run(append.into_iter().chain(place));
    let tally = run.json();
    assert_eq!(run.status, 1, "one was refused: {tally}");
    assert_eq!((&tally["appended"], &tally["refused"]), (&1_200.into(), &1.into()));
    assert_eq!(tally["refusals"][0]["line"], 701);
    assert_eq!(tally["refusals"][0]["code"], "stream-reserved");
    let receipts = fs::read_to_string(town.path("receipts.ndjson")).expect("read");
    assert_eq!(receipts.lines().count(), 1_201);

    // What is no event at all, or none that can be signed, is refused by itself too.
    let place = ["--url", server.url.as_str()];
    let roles = ["registry", "roles", "auditor", "--roles", "auditor,casework", "--key", "rop-root.key"];
    town.good(roles.into_iter().chain(place));
    let theirs = ["append", "--key", "rop-auditor.key", "--stream", "case/R", "--type", "note.added"];
    town.good(theirs.into_iter().chain(place));
    let wrong = [
        ("nonsense", "line-malformed"),
        ("", "line-malformed"),
        (r#"{"stream":"nowhere"}"#, "line-malformed"),
        (r#"{"stream":"case/F0","type":"No Type"}"#, "payload-member-invalid"),
        (r#"{"stream":"case/R","type":"note.added"}"#, "not-a-party"),
    ];
    let mut mixed = vec![line(0, 0)];
    mixed.extend(wrong.map(|(text, _)| text.to_owned()));
    mixed.push(line(0, 1));
    let stdin = ["append", "--key", "moh-amal.key", "--file", "-", "--url", server.url.as_str()];
    let run = town.run_with_input(&stdin, &mixed.join("\n"));
    let tally = run.json();
    assert_eq!(run.status, 1, "{tally}");
    assert_eq!(
        (&tally["appended"], &tally["refused"], &tally["stopped"]),
        (&2.into(), &5.into(), &Value::Null)
    );
    let refusals = tally["refusals"].as_array().expect("refusals");
    let refusals: Vec<_> = refusals.iter().map(|one| (one["line"].as_u64(), one["code"].as_str())).collect();
    let expected: Vec<_> = (2..).map(Some).zip(wrong.map(|(_, code)| Some(code))).collect();
    assert_eq!(refusals, expected);
    fs::write(town.path("nothing.ndjson"), b"\xff\n").expect("written");
    let nothing =
        ["append", "--key", "moh-amal.key", "--file", "nothing.ndjson", "--url", server.url.as_str()];
    let run = town.run(nothing);
    assert_eq!((run.status, &run.json()["refusals"][0]["code"]), (1, &"line-malformed".into()), "{run:?}");
    server.stop();
    assert_eq!(town.faults(["audit", "d", "--trust", "d/trust.json"]), (0, Vec::new()));
}

#[test]
fn two_authors_in_one_stream_both_get_in() {
    let town = Town::busy();
    let server = town.serve();
    let line = r#"{"stream":"case/race","type":"note.added","data":{"to":{"agency":"moh"}}}"#;
    let tallies: Vec<_> = std::thread::scope(|scope| {
        let both = ["one.ndjson", "two.ndjson"].map(|file| {
            fs::write(town.path(file), [line; 60].join("\n")).expect("written");
            let append = ["append", "--key", "moh-amal.key", "--file", file, "--url", &server.url];
            let town = &town;
            scope.spawn(move || town.good(append))
        });
        both.into_iter().map(|run| run.join().expect("it ran")).collect()
    });
    for tally in tallies {
        assert_eq!((&tally["appended"], &tally["refused"]), (&60.into(), &0.into()));
    }
    server.stop();
    assert_eq!(town.faults(["audit", "d", "--trust", "d/trust.json"]), (0, Vec::new()));
}

#[test]
fn nothing_is_signed_for_another_ledger() {
    let town = Town::busy();
    let server = town.serve();
    let trust = fs::read_to_string(town.path("d/trust.json")).expect("read");
    fs::write(town.path("other.json"), trust.replace(ORIGIN, "other.example/2026")).expect("written");
    let append = ["append", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added"];
    let place = ["--url", server.url.as_str(), "--trust", "other.json"];
    assert_eq!(
        town.run(append.into_iter().chain(place)).refused(2),
        "file-malformed",
        "its key has another name"
    );
    let token =
        ["keys", "token", "--key", "moh-amal.key", "--url", &server.url, "--origin", "other.example/2026"];
    let refused = town.run(token);
    assert_eq!(refused.refused(1), "invalid_client");
    let nowhere = ["--url", "http://127.0.0.1:9"];
    assert_eq!(town.run(append.into_iter().chain(nowhere)).refused(2), "server-unreachable");
    assert_eq!(town.run(append.into_iter().chain(["--url", "ftp://x"])).refused(2), "usage");
}

#[test]
fn settings_and_keys_that_do_not_fit_are_refused_before_serving() {
    let town = Town::busy();
    let serve = ["serve", "--dir", "d", "--listen", "127.0.0.1:0"];
    let settings = fs::read_to_string(town.path("d/sijill.toml")).expect("read");
    fs::write(town.path("d/sijill.toml"), format!("{settings}\nlissten = 1\n")).expect("written");
    assert_eq!(town.run(serve).refused(2), "config-invalid");
    fs::write(town.path("d/sijill.toml"), settings.replace(ORIGIN, "other.example/2026")).expect("written");
    assert_eq!(town.run(serve).refused(2), "other-ledger");
    fs::write(town.path("d/sijill.toml"), &settings).expect("written");
    assert_eq!(town.run(["serve", "--dir", "."]).refused(2), "not-a-data-directory");
    let tls = ["--tls-cert", "none.pem", "--tls-key", "none.pem"];
    assert_eq!(town.run(serve.into_iter().chain(tls)).refused(2), "tls");
    assert_eq!(town.run(["serve", "--dir", "d", "--listen", "203.0.113.1:1"]).refused(2), "listen");
    let clock = serve.into_iter().chain(["--clock-at", "2026-01-01T00:00:00Z"]);
    assert_eq!(town.run(clock).refused(2), "usage");
    let seal = fs::read_to_string(town.path("d/seal")).expect("read");
    fs::write(town.path("d/seal"), seal.replace("— ", "- ")).expect("written");
    assert_eq!(town.run(serve).refused(2), "seal-unreadable");
    fs::write(town.path("d/seal"), seal).expect("written");
    let whole = fs::read(town.path("d/ledger.sqlite")).expect("read");
    town.tamper("UPDATE head SET root = zeroblob(32)");
    assert_eq!(town.run(serve).refused(2), "head-mismatch");
    fs::write(town.path("d/ledger.sqlite"), &whole).expect("written");
    town.tamper("UPDATE entry SET registry = 0 WHERE idx = 1");
    assert_eq!(town.run(serve).refused(2), "ledger-failed");
    fs::write(town.path("d/ledger.sqlite"), &whole).expect("written");
    fs::write(town.path("d/keys/master.key"), "short\n").expect("written");
    assert_eq!(town.run(serve).refused(2), "file-malformed");
}

#[test]
fn an_audit_beside_a_busy_server_is_clean() {
    let town = Town::busy();
    let server = town.serve();
    let line = |n: usize| {
        format!(r#"{{"stream":"case/{}","type":"note.added","data":{{"casework":{{"n":{n}}}}}}}"#, n % 50)
    };
    fs::write(town.path("many.ndjson"), (0..6_000).map(line).collect::<Vec<_>>().join("\n"))
        .expect("written");
    let append = ["append", "--key", "moh-amal.key", "--file", "many.ndjson", "--url", &server.url];
    std::thread::scope(|scope| {
        let appending = scope.spawn(|| town.good(append));
        let mut audits = 0;
        while !appending.is_finished() {
            assert_eq!(town.faults(["audit", "d", "--trust", "d/trust.json"]), (0, Vec::new()));
            audits += 1;
        }
        assert!(audits > 0);
        assert_eq!(appending.join().expect("it ran")["appended"], 6_000);
    });
    server.stop();
    assert_eq!(town.good(["audit", "d", "--trust", "d/trust.json"])["entries"], 6_011);
}

#[test]
fn a_simulated_ledger_is_told_the_time_and_never_goes_back() {
    let town = Town::new();
    town.good(Town::init(&["--clock", "simulated"]));
    let begins = 4_070_908_800_000_u64;
    let server = town.serve_with(&["--clock-at", "2099-01-01T00:00:00Z"]);
    town.settle(&["--url", &server.url, "--trust", "d/trust.json"]);
    server.stop();
    let append =
        ["append", "--dir", "d", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added"];
    let first = town.good(append)["received"].as_u64().expect("a time");
    assert!(first >= begins, "{first}");
    let server = town.serve_with(&["--clock-at", "2026-01-01T00:00:00Z", "--log", "json"]);
    let stopped = server.stop();
    assert!(
        stopped.err.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()),
        "{stopped:?}"
    );
    assert!(town.good(append)["received"].as_u64().expect("a time") >= first);
    assert_eq!(town.faults(["audit", "d", "--trust", "d/trust.json"]), (0, Vec::new()));
}
