//! A ledger whose database is lost, brought back from another agency's mirror: it goes on where it was, its witnesses go on with
//! it, and what cannot come back is said.

use std::path::Path;

use serde_json::{Value, json};
use sijill_store_postgres::testing::Cluster;
use sijill_tests::mirror::Mirror;
use sijill_tests::program::{self, Ended, Server};
use sijill_tests::town::{Engine, Town, free_port, text};

const SETTINGS: &str = "sijill.toml";

/// Appends events with values, with the program.
fn fill(town: &Town, name: &str, events: usize) {
    let data = json!({"identity": {"name": "made up"}, "casework": {"concern": "none"}});
    let line = json!({"stream": format!("case/{name}"), "type": "note.added", "data": data}).to_string();
    let file = town.folder().join(format!("{name}.ndjson"));
    std::fs::write(&file, vec![line; events].join("\n")).expect("written");
    let (dir, key) = (town.dir(), town.key("moh/ana"));
    let told = program::done(["append", "--dir", text(&dir), "--key", text(&key), "--file", text(&file)]);
    assert_eq!(told["refused"], 0, "{told}");
}

fn restore(town: &Town, from: &str) -> Ended {
    let dir = town.dir();
    program::run(["restore", "--from-mirror", from, "--dir", text(&dir)])
}

/// Loses the database, and the key store with it or not.
async fn lose(town: &Town) {
    if town.database.is_none() {
        for file in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "projections.db"] {
            let _ = std::fs::remove_file(town.dir().join(file));
        }
        return;
    }
    let fresh = Cluster::shared().expect("it is there").create_database().await;
    change(&town.dir(), "url = ", &format!("url = \"{fresh}\""));
}

/// Replaces a line of the settings.
fn change(dir: &Path, begins: &str, line: &str) {
    let path = dir.join(SETTINGS);
    let settings = std::fs::read_to_string(&path).expect("settings");
    let lines = settings.lines().map(|old| if old.starts_with(begins) { line } else { old });
    std::fs::write(&path, lines.collect::<Vec<_>>().join("\n") + "\n").expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_ledger_comes_back_on_sqlite() {
    comes_back(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_ledger_comes_back_on_postgres() {
    comes_back(Engine::Postgres).await;
}

async fn comes_back(engine: Engine) {
    let Some(town) = Town::begin(engine).await else { return };
    fill(&town, "first", 400);
    // The mirror is the witness of the ledger's policy, too.
    let (ledger_port, mirror_port) = (free_port(), free_port());
    let mirror = Mirror::of(&town, "kept", &format!("http://127.0.0.1:{ledger_port}"));
    let token = program::done(["mirror", "reader", "--dir", text(&mirror.dir)]);
    let policy = format!("witness kept {} http://127.0.0.1:{mirror_port}\nquorum kept\n", mirror.vkey);
    std::fs::write(town.dir().join("witnesses.policy"), policy).expect("written");
    let file = town.dir().join(SETTINGS);
    let settings = std::fs::read_to_string(&file).expect("settings");
    let asked = "\n[witnesses]\npolicy = \"witnesses.policy\"\nevery_ms = 50\n";
    std::fs::write(&file, settings + asked).expect("written");

    let server = Server::start_at(&town.dir(), ledger_port);
    let mirroring = Server::mirror(&mirror.dir, mirror_port);
    let mut ana = town.client("moh/ana", &server.url);
    let last = ana.append("case/last", "note.added", &json!({})).await.expect("appended");
    let size = last.index + 1;
    Mirror::holds(&mirroring, size).await;
    server.stop();
    let export = town.folder().join("export");
    let dir = town.dir();
    program::done(["export", "--dir", text(&dir), "--out", text(&export)]);

    // What is there is never written over, and what is behind the seal is not enough.
    let there = restore(&town, text(&mirror.dir));
    assert_eq!((there.status, there.code().as_str()), (2, "usage"), "{}", there.errors);
    let older = town.folder().join("older");
    copy(&mirror.dir.join("log"), &older);
    fill(&town, "second", 30);
    lose(&town).await;
    let behind = restore(&town, text(&older));
    assert_eq!((behind.status, behind.code().as_str()), (2, "restore-unsound"), "{}", behind.errors);
    assert!(Server::try_start(&town.dir()).is_err(), "behind its seal it does not run");

    // Here the last thirty were never published to anybody: its operator has no other seal than the one that is there, and puts
    // the newest checkpoint that the mirror holds in its place only because nothing newer was ever shown.
    std::fs::copy(mirror.dir.join("log/checkpoint"), town.dir().join("seal")).expect("copied");
    lose(&town).await;
    let over_http = engine == Engine::Postgres;
    let dir = town.dir();
    let restored = if over_http {
        let token_file = town.folder().join("token");
        std::fs::write(&token_file, token["token"].as_str().expect("a token")).expect("written");
        // The mirror learns of its new reader when it starts anew.
        mirroring.stop();
        let mirroring = Server::mirror(&mirror.dir, mirror_port);
        let restored = program::run([
            "restore",
            "--from-mirror",
            &mirroring.url,
            "--dir",
            text(&dir),
            "--token",
            text(&token_file),
        ]);
        goes_on(&town, &mirror, mirroring, &restored, size, ledger_port).await;
        return;
    } else {
        restore(&town, text(&mirror.dir))
    };
    goes_on(&town, &mirror, mirroring, &restored, size, ledger_port).await;

    // From an export with disclosures, values come back too.
    lose(&town).await;
    std::fs::copy(export.join("checkpoint"), town.dir().join("seal")).expect("copied");
    let restored = restore(&town, text(&export));
    assert_eq!(restored.status, 0, "{}", restored.errors);
    assert_eq!((&restored.answer["gone"], &restored.answer["disclosures"]), (&json!(0), &json!(800)));
    let report = program::done(["audit", text(&dir), "--trust", text(&town.trust())]);
    assert_eq!((&report["faults"], &report["size"]), (&json!([]), &json!(size)), "{report}");
}

/// The restored ledger runs, goes on where it was, and is cosigned by who saw it before.
async fn goes_on(town: &Town, mirror: &Mirror, mirroring: Server, restored: &Ended, size: u64, port: u16) {
    assert_eq!(restored.status, 0, "{}", restored.errors);
    assert_eq!((&restored.answer["entries"], &restored.answer["gone"]), (&json!(size), &json!(800)));
    let server = Server::start_at(&town.dir(), port);
    let mut ana = town.client("moh/ana", &server.url);
    let payload = ana.next("case/last").await.expect("it goes on");
    assert_eq!(payload["seq"], 1);
    let appended = ana.append("case/last", "note.added", &json!({})).await.expect("appended");
    assert_eq!(appended.index, size);
    // The value is gone, and its digest is not: nobody can bring the same disclosure again.
    let told: Value = ana.get(&format!("/v1/events/{}", size - 1)).await.expect("readable");
    assert_eq!(told["index"], size - 1);
    Mirror::until(&mirroring, |_, standing| {
        standing["size"] == size + 1 && standing["alarm"].is_null() && standing["last_error"].is_null()
    })
    .await;
    let url = format!("{}/log/witnessed", server.url);
    for _ in 0..500 {
        let witnessed = reqwest::get(&url).await.expect("answered");
        if witnessed.status() == 200
            && witnessed.text().await.expect("text").lines().nth(1) == Some((size + 1).to_string().as_str())
        {
            server.stop();
            mirroring.stop();
            assert!(mirror.forks().is_empty());
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("it is not witnessed: {}", server.log());
}

/// A folder and all that is in it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("an entry");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}
