//! How many events a second the ledger itself settles, without HTTP: `cargo run --release -p sijill-ledger
//! --features testing --example throughput -- [events] [batch]`.

use std::sync::Arc;
use std::time::Instant;

use sijill_event::{Class, Digest, Draft, Json, Seen, Stream, Uuid};
use sijill_ledger::testing::{Ground, ORIGIN, Scene};
use sijill_ledger::{Seal, Wait};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};

#[expect(clippy::print_stdout, reason = "an example prints")]
#[tokio::main]
async fn main() {
    let argument =
        |n: usize, default: usize| std::env::args().nth(n).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (events, batch) = (argument(1, 50_000), argument(2, 1_000));
    let dir = tempfile::tempdir().expect("a directory");
    let store = SqliteStore::open(dir.path().join("ledger.sqlite")).await.expect("a store");
    let keys = SqliteKeyStore::open(dir.path().join("keys.sqlite")).await.expect("a key store");
    let scene =
        Scene::set(Ground::new(Arc::new(store), Arc::new(keys), Seal::at(dir.path().join("seal")))).await;
    let texts = signed(&scene, events);
    let started = Instant::now();
    let mut waiting = Vec::new();
    for chunk in texts.chunks(batch) {
        let (ledger, chunk) = (scene.ledger.clone(), chunk.to_vec());
        waiting.push(tokio::spawn(async move { ledger.append(chunk, Wait::Published).await }));
        if waiting.len() >= 4 {
            let done: Vec<_> = waiting.remove(0).await.expect("no panic").expect("room");
            assert!(done.iter().all(Result::is_ok), "{:?}", done.iter().find(|r| r.is_err()));
        }
    }
    for task in waiting {
        task.await.expect("no panic").expect("room");
    }
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a count of events")]
    let rate = events as f64 / seconds;
    println!("{events} events in batches of {batch}: {seconds:.2} s, {rate:.0} events/s");
}

/// Chains of a hundred events, each with two disclosures; all have seen the same checkpoint.
fn signed(scene: &Scene, events: usize) -> Vec<String> {
    let worker = &scene.workers[0];
    let checkpoint = scene.ledger.published().checkpoint.clone();
    let seen = Seen { size: checkpoint.size, root: checkpoint.root.0 };
    let mut ends: Vec<(u64, Option<Digest>)> = vec![(0, None); events.div_ceil(100)];
    (0..events)
        .map(|n| {
            let place = n / 100;
            let stream = Stream::parse(&format!("case/{place}")).expect("a stream");
            let (seq, prev) = ends[place];
            let signed = Draft::new("note.added", 1)
                .author(&worker.iss, &worker.sub)
                .aud(ORIGIN)
                .jti(Uuid::now_v7())
                .iat(scene.ledger.now_ms() / 1_000)
                .at(&stream, seq, prev)
                .seen(seen)
                .disclose(Class::Casework, "risk", Json::from("high"))
                .disclose(Class::Narrative, "note", Json::from("seen at home, safe for the moment"))
                .sign(&worker.key)
                .expect("signable");
            ends[place] = (seq + 1, Some(signed.event.hash()));
            signed.to_string()
        })
        .collect()
}
