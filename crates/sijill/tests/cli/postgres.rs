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
