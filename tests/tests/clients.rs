//! Clients and a verifier in other languages against the real server: Python, Java, `curl` with `sijill sign`; and a Go
//! program that knows tile logs and nothing of us.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sijill_tests::foreign::{self, json as answer, repository, script, skip, told};
use sijill_tests::program::{self, Server};
use sijill_tests::town::{Acknowledged, Client, Engine, ORIGIN, Town, text};

#[tokio::test]
async fn other_languages_on_sqlite() {
    other_languages(&Town::begin(Engine::Sqlite).await.expect("SQLite is always there")).await;
}

#[tokio::test]
async fn other_languages_on_postgres() {
    if let Some(town) = Town::begin(Engine::Postgres).await {
        other_languages(&town).await;
    }
}

async fn other_languages(town: &Town) {
    let server = Server::start(&town.dir());
    let mut auditor = town.client("mosd/auditor", &server.url);
    let before = auditor.checkpoint().await.expect("it serves");
    let mut all = Vec::new();
    for receipt in [python(town, &server), java(town, &server), curl(town, &server)].into_iter().flatten() {
        all.push(acknowledged(&mut auditor, receipt).await);
    }
    assert!(!all.is_empty(), "curl is everywhere");
    go(town, &format!("{}/log", server.url), &all, &before);
    server.stop();
    town.audit(&town.dir(), &all);
    let export = town.folder().join("export");
    program::done(["export", "--dir", text(&town.dir()), "--out", text(&export)]);
    go(town, text(&export), &all[..1], &before);
}

/// What the auditor finds where the receipt says; the bytes the receipt proves are checked by Go and by the audit.
async fn acknowledged(auditor: &mut Client, receipt: Value) -> Acknowledged {
    let index = receipt["index"].as_u64().expect("an index");
    let event = auditor.get(&format!("/v1/events/{index}")).await.expect("an auditor sees every event");
    assert_eq!(event["received"], receipt["received"]);
    let jwt = event["jwt"].as_str().expect("a JWT").to_owned();
    Acknowledged {
        index,
        jwt,
        receipt: json!({"index": index, "received": receipt["received"], "proof": receipt["proof"]}),
    }
}

/// The arguments both clients take.
fn append(town: &Town, server: &Server, who: &str, stream: &str) -> Vec<String> {
    let (key, log_key) = (town.key(who), town.log_key().to_string());
    let args = [
        "append",
        "--url",
        &server.url,
        "--key",
        text(&key),
        "--log-key",
        &log_key,
        "--stream",
        stream,
        "--type",
        "referral.requested",
        "--data",
        r#"{"to":{"agency":"mosd"},"note":"مع \"\\\n"}"#,
        "--disclose",
        r#"casework:priority="high""#,
        "--disclose",
        "casework:deadline=null",
        "--disclose",
        r#"identity:name={"ar":"سالم","en":"Salim"}"#,
        "--occurred",
        "2026-01-02T03:04:05+04:00",
    ];
    args.map(str::to_owned).to_vec()
}

fn python(town: &Town, server: &Server) -> Option<Value> {
    let output = foreign::verify("client.py")?.args(append(town, server, "moh/ana", "case/python")).output();
    Some(answer(&output.expect("python runs")))
}

fn java(town: &Town, server: &Server) -> Option<Value> {
    let args = append(town, server, "moh/badr", "case/java");
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    script("clients/run_java.sh", &args).map(|output| answer(&output))
}

/// As `sijill sign --help` says: the payload from curl, signed, and back to curl.
fn curl(town: &Town, server: &Server) -> Option<Value> {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        skip("curl is not installed");
        return None;
    }
    let (url, key) = (&server.url, town.key("mosd/huda"));
    let token = program::done(["keys", "token", "--key", text(&key), "--url", url, "--origin", ORIGIN]);
    let bearer = format!("Authorization: Bearer {}", token["access_token"].as_str().expect("a token"));
    let next = format!("{url}/v1/streams/case%2Fcurl/next");
    let payload =
        called(Command::new("curl").args(["--silent", "--show-error", "--fail", "-H", &bearer, &next]));
    let file = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = town.folder().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    };
    let payload = file("payload", &payload);
    let signed = program::done([
        "sign",
        "--key",
        text(&key),
        "--payload",
        text(&payload),
        "--origin",
        ORIGIN,
        "--type",
        "case.noted",
        "--data",
        r#"{"step":1}"#,
        "--disclose",
        r#"narrative.note="لا""#,
    ]);
    let signed = file("signed", signed["sd_jwt"].as_str().expect("an SD-JWT").as_bytes());
    let (body, events) = (format!("@{}", text(&signed)), format!("{url}/v1/events"));
    let post = [
        "--silent",
        "--show-error",
        "--fail",
        "-H",
        "Content-Type: application/sd-jwt",
        "--data-binary",
        &body,
        &events,
    ];
    let receipt = called(Command::new("curl").args(post));
    Some(serde_json::from_slice(&receipt).expect("a receipt"))
}

fn called(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", told(&output));
    output.stdout
}

/// Checkpoint, tiles, entries, inclusion, consistency and each receipt's tlog-proof.
fn go(town: &Town, log: &str, all: &[Acknowledged], before: &str) {
    let log_key = town.log_key().to_string();
    let place = |name: &str| town.folder().join(name);
    std::fs::write(place("before"), before).expect("written");
    for event in all {
        std::fs::write(place("entry"), format!("{} {}", event.receipt["received"], event.jwt))
            .expect("written");
        std::fs::write(place("proof"), event.receipt["proof"].as_str().expect("a proof")).expect("written");
        let index = event.index.to_string();
        let [before, entry, proof] = ["before", "entry", "proof"].map(place);
        let args = [
            log,
            &log_key,
            "--index",
            &index,
            "--leaf-entry",
            text(&entry),
            "--old",
            text(&before),
            "--proof",
            text(&proof),
            "--entry",
            text(&entry),
        ];
        let Some(output) = script("go/run.sh", &args) else { return };
        assert!(output.status.success(), "{}", told(&output));
    }
}

#[test]
fn the_other_verifiers_agree_on_every_shared_vector() {
    let others = [foreign::verify("tests/vectors.py"), foreign::verify_js("tests/vectors.js")];
    for mut verify in others.into_iter().flatten() {
        let output = verify.arg(repository().join("schemas/vectors")).output().expect("it runs");
        assert!(output.status.success(), "{}", told(&output));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let ran: usize = said.split(' ').find_map(|word| word.trim().parse().ok()).expect("a number");
        assert!(ran > 300, "{said}");
    }
}

#[test]
fn the_verifier_in_javascript_passes_its_own_tests() {
    let Some(mut node) = foreign::node() else { return };
    let tests = repository().join("tools/verify-js/tests/verify.test.js");
    let output = node.arg("--test").arg(tests).output().expect("node runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("pass") && !said.contains("tests 0"), "nothing was tested: {said}");
}
