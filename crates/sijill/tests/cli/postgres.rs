//! The same on PostgreSQL, where it is installed.

use std::process::Command;

use sijill_store_postgres::testing::Cluster;

use crate::town::Town;

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_on_postgres_begins_serves_audits_and_never_goes_back() {
    let Some(cluster) = Cluster::shared() else { return };
    let (url, keys) = (cluster.create_database().await, cluster.create_database().await);
    let restored = cluster.create_database().await;
    let town = Town::new();
    town.good(Town::init(&["--postgres", &url, "--keystore-postgres", &keys]));
    assert!(!town.path("d/ledger.sqlite").exists() && !town.path("d/keystore/keys.sqlite").exists());
    let server = town.serve();
    let place = ["--url", server.url.as_str(), "--trust", "d/trust.json"];
    town.settle(&place);
    let audit = ["audit", "d", "--trust", "d/trust.json"];
    let report = town.good(audit);
    assert_eq!(report["levels"]["integrity"]["status"], "clean", "disclosures included");

    let backup = town.good(["backup", "--dir", "d", "--out", "b"]);
    assert!(backup["notes"].to_string().contains("pg_dump"), "{backup}");
    let run = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output().expect("PostgreSQL's programs are installed");
        assert!(output.status.success(), "{output:?}");
    };
    let dump = town.path("b/ledger.dump");
    let dump = dump.to_str().expect("UTF-8");
    run("pg_dump", &["--format=custom", &format!("--file={dump}"), &url]);
    let append = ["append", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added"];
    town.good(append.into_iter().chain(place));
    server.stop();

    run("pg_restore", &["--no-owner", "--dbname", &restored, dump]);
    let settings = std::fs::read_to_string(town.path("d/sijill.toml")).expect("read");
    std::fs::write(town.path("d/sijill.toml"), settings.replace(&url, &restored)).expect("written");
    assert_eq!(town.run(["serve", "--dir", "d", "--listen", "127.0.0.1:0"]).refused(2), "behind-seal");
    std::fs::write(town.path("d/sijill.toml"), settings).expect("written");
    town.good(append.into_iter().chain(["--dir", "d"]));
    assert_eq!(town.faults(audit), (0, Vec::new()));
}

/// The status of a request, its headers, its body.
fn ask(args: &[&str]) -> (String, String, String) {
    let output = Command::new("curl").args(["-sS", "-i"]).args(args).output().expect("curl is installed");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text}{:?}", output.stderr));
    let status = head.split(' ').nth(1).expect("a status").to_string();
    (status, head.to_lowercase(), body.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_gone_callers_are_told_to_come_back() {
    let Some(cluster) = Cluster::start() else { return };
    let (url, keys) = (cluster.create_database().await, cluster.create_database().await);
    let town = Town::new();
    town.good(Town::init(&["--postgres", &url, "--keystore-postgres", &keys]));
    let server = town.serve();
    let at = |path: &str| format!("{}{path}", server.url);
    let token = town.good(["keys", "token", "--key", "moh-root.key", "--url", &server.url]);
    let bearer = format!("Authorization: Bearer {}", token["access_token"].as_str().expect("a token"));
    let (event, ready) = (at("/v1/events/0"), at("/health/ready"));
    assert_eq!(ask(&["-H", &bearer, &event]).0, "200");
    assert_eq!(ask(&[&ready]).0, "200");

    cluster.crash();
    let (status, _, body) = ask(&[&ready]);
    assert_eq!(status, "503", "at the first question: {body}");
    let (status, head, body) = ask(&["-H", &bearer, &event]);
    assert_eq!(status, "503", "{body}");
    assert!(body.contains(r#""code":"unavailable""#) && head.contains("\r\nretry-after: "), "{head} {body}");
    let get_token = ["keys", "token", "--key", "moh-root.key", "--url", &server.url];
    assert_eq!(town.run(get_token).refused(2), "unavailable");

    cluster.restart();
    for _ in 0..600 {
        if ask(&[&ready]).0 == "200" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(ask(&["-H", &bearer, &event]).0, "200");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_needs_a_copy_of_the_whole_data_directory() {
    let Some(cluster) = Cluster::shared() else { return };
    let (url, keys) = (cluster.create_database().await, cluster.create_database().await);
    let town = Town::new();
    town.good(Town::init(&["--postgres", &url, "--keystore-postgres", &keys]));
    let server = town.serve();
    let place = ["--url", server.url.as_str(), "--trust", "d/trust.json"];
    town.settle(&place);
    let copied =
        Command::new("cp").arg("-a").args([town.path("d"), town.path("e")]).status().expect("cp runs");
    assert!(copied.success());
    let append = ["append", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added"];
    // Each in turn, while the first one serves.
    town.good(append.into_iter().chain(["--dir", "e", "--disclose", "narrative.note=\"here\""]));
    town.good(append.into_iter().chain(place));
    town.good(append.into_iter().chain(["--dir", "e"]));
    for dir in ["d", "e"] {
        assert_eq!(town.faults(["audit", dir, "--trust", "d/trust.json"]), (0, Vec::new()), "{dir}");
    }
    std::fs::remove_file(town.path("e/seal")).expect("removed");
    assert_eq!(town.run(["serve", "--dir", "e", "--listen", "127.0.0.1:0"]).refused(2), "seal-missing");
}
