//! The server is killed at any moment, again and again, while clients append. What was acknowledged is there after every
//! restart, byte for byte, in a log that extends every checkpoint it ever signed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use sijill_log::{Checkpoint, NoteVerifier};
use sijill_tests::chance::Chance;
use sijill_tests::program::Server;
use sijill_tests::town::{Acknowledged, Client, Engine, Town, free_port};
use tokio::sync::Mutex;

const KILLS: usize = 15;
const CLIENTS: usize = 5;
/// Acknowledged events that are asked for again after each restart, besides all new ones.
const OLD: usize = 30;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_forgets_nothing_it_acknowledged() {
    let town = Town::begin(Engine::Sqlite).await.expect("SQLite is always there");
    survives(&town).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_forgets_nothing_it_acknowledged() {
    if let Some(town) = Town::begin(Engine::Postgres).await {
        survives(&town).await;
    }
}

async fn survives(town: &Town) {
    let (seed, mut chance) = Chance::from_environment(15);
    eprintln!("SIJILL_SEED={seed}");
    let (dir, port) = (town.dir(), free_port());
    let mut server = Server::start_at(&dir, port);
    let acknowledged: Arc<Mutex<Vec<Acknowledged>>> = Arc::default();
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let name = ["moh/ana", "moh/badr", "mosd/huda", "mosd/ziad"][number % 4];
            let client = town.client(name, &server.url);
            tokio::spawn(append(client, number, Arc::clone(&acknowledged), Arc::clone(&stop)))
        })
        .collect();
    let (mut checked, mut newest) = (0, None);
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(20 + chance.draw() % 300)).await;
        server.kill();
        server = Server::start_at(&dir, port);
        let all = acknowledged.lock().await.clone();
        let again = (0..OLD.min(checked)).map(|_| chance.below(checked)).collect::<Vec<_>>();
        town.audit(&dir, all[checked..].iter().chain(again.into_iter().map(|old| &all[old])));
        checked = all.len();
        newest = Some(extends(town, &server, newest.as_ref()).await);
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("every client ends");
    }
    let all = Arc::into_inner(acknowledged).expect("all clients ended").into_inner();
    assert!(all.len() > 2 * KILLS, "only {} events between {KILLS} kills", all.len());
    once_each(&all);
    same_bytes(&mut town.client("mosd/auditor", &server.url), &all).await;
    server.stop();
    town.audit(&dir, &all);
}

/// One client: cases of its own, an event after the other, each until it is acknowledged.
async fn append(
    mut client: Client,
    number: usize,
    told: Arc<Mutex<Vec<Acknowledged>>>,
    ended: Arc<AtomicBool>,
) {
    let mut step = 0;
    while !ended.load(Ordering::Relaxed) {
        let stream = format!("case/crash-{number}-{}", step % 3);
        let data =
            json!({"client": number, "step": step, "casework": {"priority": "high", "deadline": null}});
        let acknowledged = client.append(&stream, "case.noted", &data).await.expect("never refused");
        told.lock().await.push(acknowledged);
        step += 1;
    }
}

/// The published checkpoint, which must not be behind the last one.
async fn extends(town: &Town, server: &Server, last: Option<&Checkpoint>) -> Checkpoint {
    let note = town.client("mosd/auditor", &server.url).checkpoint().await.expect("it serves");
    let key: NoteVerifier = town.log_key();
    let (checkpoint, _) = Checkpoint::open(note.as_bytes(), &key).expect("signed");
    assert!(last.is_none_or(|last| last.size <= checkpoint.size), "{last:?} then {checkpoint:?}");
    checkpoint
}

fn once_each(all: &[Acknowledged]) {
    let mut indexes: Vec<u64> = all.iter().map(|one| one.index).collect();
    indexes.sort_unstable();
    assert!(indexes.is_sorted_by(|a, b| a < b), "two events were told the same index");
}

/// What the server now says stands there.
async fn same_bytes(auditor: &mut Client, all: &[Acknowledged]) {
    for one in all {
        let event =
            auditor.get(&format!("/v1/events/{}", one.index)).await.expect("an auditor sees every event");
        assert_eq!(event["jwt"], one.jwt, "entry {}", one.index);
        assert_eq!(event["received"], one.receipt["received"]);
    }
}
