//! A database restored from a backup is behind what its ledger has signed. The seal, which lies outside the database, says
//! so, and the server refuses to run until the newer data are back.

use std::fs;
use std::path::Path;

use serde_json::json;
use sijill_tests::program::{self, Server};
use sijill_tests::town::{Acknowledged, Engine, Town, postgres, text};

#[tokio::test]
async fn a_restored_sqlite_backup_does_not_run() {
    let town = Town::begin(Engine::Sqlite).await.expect("SQLite is always there");
    let (dir, backup, kept) = (town.dir(), town.folder().join("backup"), town.folder().join("kept"));
    let (database, copied) = (dir.join("ledger.sqlite"), town.folder().join("copied"));
    let server = Server::start(&dir);
    let mut all = write(&town, &server.url, 5).await;
    server.stop();
    fs::copy(&database, &copied).expect("copied");
    let server = Server::start(&dir);
    all.extend(write(&town, &server.url, 5).await);
    // While it is served.
    program::done(["backup", "--dir", text(&dir), "--out", text(&backup)]);
    all.extend(write(&town, &server.url, 5).await);
    server.stop();

    fs::copy(&database, &kept).expect("copied");
    for older in [backup.join("ledger.sqlite"), copied] {
        fs::copy(older, &database).expect("restored");
        refuses(&dir);
    }
    fs::copy(&kept, &database).expect("restored");
    runs_again(&town, all).await;
}

#[tokio::test]
async fn a_restored_postgres_dump_does_not_run() {
    let Some(town) = Town::begin(Engine::Postgres).await else { return };
    let (dir, older, newer) =
        (town.dir(), town.folder().join("older.dump"), town.folder().join("newer.dump"));
    let server = Server::start(&dir);
    let mut all = write(&town, &server.url, 5).await;
    dump(&town, &older);
    all.extend(write(&town, &server.url, 5).await);
    server.stop();

    dump(&town, &newer);
    restore(&town, &older);
    refuses(&dir);
    restore(&town, &newer);
    runs_again(&town, all).await;
}

async fn write(town: &Town, url: &str, count: usize) -> Vec<Acknowledged> {
    let mut client = town.client("moh/ana", url);
    let mut all = Vec::new();
    for step in 0..count {
        let data = json!({"step": step, "identity": {"name": "سالم"}});
        all.push(client.append("case/sealed", "case.noted", &data).await.expect("taken"));
    }
    all
}

fn refuses(dir: &Path) {
    let seal = fs::read(dir.join("seal")).expect("a seal");
    let ended = Server::try_start(dir).expect_err("a ledger behind its seal must not run");
    assert_eq!((ended.status, &*ended.code()), (2, "behind-seal"), "{ended:?}");
    for instruction in ["restored backup", "Bring back the entries up to", "never delete the seal"] {
        assert!(ended.errors.contains(instruction), "{ended:?}");
    }
    // Neither does a command that would append without a server.
    let key = dir.with_file_name("moh-ana.key");
    let append =
        ["append", "--dir", text(dir), "--key", text(&key), "--stream", "case/x", "--type", "case.noted"];
    assert_eq!(program::run(append).code(), "behind-seal");
    assert_eq!(fs::read(dir.join("seal")).expect("a seal"), seal, "the seal stays as it was");
}

async fn runs_again(town: &Town, mut all: Vec<Acknowledged>) {
    let server = Server::start(&town.dir());
    all.extend(write(town, &server.url, 3).await);
    server.stop();
    town.audit(&town.dir(), &all);
}

fn dump(town: &Town, to: &Path) {
    let url = town.database.as_deref().expect("PostgreSQL");
    let mut dump = postgres("pg_dump");
    let status = dump.args(["--format=custom", "--file"]).arg(to).arg(url).status();
    assert!(status.expect("pg_dump runs").success(), "{dump:?}");
}

fn restore(town: &Town, from: &Path) {
    let url = town.database.as_deref().expect("PostgreSQL");
    let mut restore = postgres("pg_restore");
    let status =
        restore.args(["--clean", "--if-exists", "--exit-on-error", "--dbname", url]).arg(from).status();
    assert!(status.expect("pg_restore runs").success(), "{restore:?}");
}
