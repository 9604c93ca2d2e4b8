//! Two servers, one PostgreSQL, clients that post to both; one server dies. Everything acknowledged is there once, and
//! the log is one log whoever served it. A data directory has one server, whichever the engine.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use sijill_log::{Checkpoint, NoteVerifier};
use sijill_tests::program::{self, Server};
use sijill_tests::town::{Acknowledged, Client, Engine, Town, text};

const CLIENTS: usize = 16;
/// Events of each client.
const EVENTS: usize = 16;
const NAMES: [&str; 4] = ["moh/ana", "mosd/huda", "moh/badr", "mosd/ziad"];

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_keep_one_log() {
    let Some(town) = Town::begin(Engine::Postgres).await else { return };
    let before = town.audit(&town.dir(), [])["entries"].as_u64().expect("a number");
    // Another machine: the same keys and settings, a seal of its own.
    let other = town.folder().join("other");
    assert!(Command::new("cp").arg("-r").arg(town.dir()).arg(&other).status().expect("cp runs").success());
    let (one, two) = (Server::start(&town.dir()), Server::start(&other));

    let mut all = open_shared_cases(&mut town.client("moh/ana", &one.url)).await;
    let done = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (first, second) = if number % 2 == 0 { (&one.url, &two.url) } else { (&two.url, &one.url) };
            let mut client = town.client(NAMES[number / 2 % 4], first);
            client.other = Some(second.clone());
            tokio::spawn(write(client, number, Arc::clone(&done)))
        })
        .collect();
    while done.load(Ordering::Relaxed) < CLIENTS * EVENTS / 2 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let seen = [checkpoint(&town, &one).await, checkpoint(&town, &two).await];
    one.kill();
    for client in clients {
        all.extend(client.await.expect("every client ends"));
    }

    // The survivor, and the dead one risen, say the same.
    let one = Server::start(&town.dir());
    let last = [checkpoint(&town, &one).await, checkpoint(&town, &two).await];
    assert_eq!(last[0].1.size, last[1].1.size, "both have published everything");
    assert_eq!(last[0].1.root, last[1].1.root, "and it is the same");
    all.push(
        town.client("moh/ana", &one.url).append("case/after", "case.noted", &json!({})).await.expect("taken"),
    );
    all.push(
        town.client("mosd/huda", &two.url)
            .append("case/after-2", "case.noted", &json!({}))
            .await
            .expect("taken"),
    );
    one.stop();
    two.stop();

    let entries = CLIENTS * EVENTS + 3 + 2;
    assert_eq!(all.len(), entries);
    let mut indexes: Vec<u64> = all.iter().map(|one| one.index).collect();
    indexes.sort_unstable();
    let expected: Vec<u64> = (before..before + entries as u64).collect();
    assert_eq!(indexes, expected, "each event once, and no gap");
    let report = town.audit(&other, &all);
    assert_eq!(report["entries"], before + entries as u64);
    for (number, (note, _)) in seen.iter().chain(&last).enumerate() {
        let file = town.folder().join(format!("checkpoint-{number}"));
        std::fs::write(&file, note).expect("written");
        let trust = town.trust();
        let audit = ["audit", text(&other), "--trust", text(&trust), "--since", text(&file)];
        assert_eq!(program::done(audit)["faults"], json!([]), "checkpoint {number}: {note}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_has_one_server() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some(town) = Town::begin(engine).await else { continue };
        let before = town.audit(&town.dir(), [])["entries"].as_u64().expect("a number");
        let first = Server::start(&town.dir());
        let mut client = town.client("moh/ana", &first.url);
        let mut all = vec![client.append("case/one", "case.noted", &json!({})).await.expect("taken")];

        // Another server, and whoever would append beside the server, are refused and told who is there.
        let refused = Server::try_start(&town.dir()).expect_err("the directory is in use");
        assert_eq!((refused.status, refused.code().as_str()), (2, "data-directory-in-use"), "{engine:?}");
        let told = &refused.errors;
        assert!(told.contains(&format!("(pid {})", first.id())) && told.contains("one writer"), "{told}");
        let (dir, key) = (town.dir(), town.key("moh/ana"));
        let event = ["--stream", "case/two", "--type", "case.noted"];
        let append = ["append", "--dir", text(&dir), "--key", text(&key)];
        let refused = program::run(append.into_iter().chain(event));
        assert_eq!((refused.status, refused.code().as_str()), (2, "data-directory-in-use"), "{engine:?}");

        // The first has noticed nothing, and when it is gone, killed at that, the directory is free.
        all.push(client.append("case/one", "case.noted", &json!({})).await.expect("taken"));
        first.kill();
        let next = Server::start(&town.dir());
        client.url.clone_from(&next.url);
        all.push(client.append("case/one", "case.noted", &json!({})).await.expect("taken"));
        next.stop();
        let indexes: Vec<u64> = all.iter().map(|one| one.index).collect();
        assert_eq!(indexes, [before, before + 1, before + 2]);
        assert_eq!(town.audit(&town.dir(), &all)["entries"], before + 3);
    }
}

/// Cases both agencies are parties to.
async fn open_shared_cases(client: &mut Client) -> Vec<Acknowledged> {
    let mut all = Vec::new();
    for number in 0..3 {
        let data = json!({"to": {"agency": "mosd"}});
        all.push(client.append(&format!("case/shared-{number}"), "case.opened", &data).await.expect("taken"));
    }
    all
}

/// Every other event into a case of its own, the rest into one that others write in too.
async fn write(mut client: Client, number: usize, done: Arc<AtomicUsize>) -> Vec<Acknowledged> {
    let mut all = Vec::new();
    for step in 0..EVENTS {
        let own = format!("case/own-{number}");
        let stream = if step % 2 == 0 { own } else { format!("case/shared-{}", step % 3) };
        let data: Value = json!({"client": number, "step": step, "casework": {"priority": "low"}});
        all.push(client.append(&stream, "case.noted", &data).await.expect("never refused"));
        done.fetch_add(1, Ordering::Relaxed);
    }
    all
}

/// What a server has published: once as text, once read.
async fn checkpoint(town: &Town, server: &Server) -> (String, Checkpoint) {
    let note = town.client("mosd/auditor", &server.url).checkpoint().await.expect("it serves");
    let key: NoteVerifier = town.log_key();
    let (checkpoint, _) = Checkpoint::open(note.as_bytes(), &key).expect("signed");
    (note, checkpoint)
}
