//! Killing a server at a random moment, again and again: whatever it had confirmed is there, and nothing is half there.

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::sample::{Writer, assert_sound};
use crate::{CommitOutcome, Store};

/// The child: commits batch after batch and says on standard output how far it has come, until it is killed.
pub async fn commit_until_killed(store: Arc<dyn Store>) {
    let name = std::process::id().to_string();
    let mut writer = Writer::resume(&name, &*store).await.with_padding(200);
    for round in 0.. {
        // From single entries to batches that fill a tile.
        let batch = writer.batch([1, 7, 300, 40][round % 4]);
        match store.commit(&batch).await.unwrap() {
            CommitOutcome::Committed => writer.landed(&batch),
            CommitOutcome::HeadMoved => writer.reload(&*store).await,
        }
        let mut confirmed = std::io::stdout().lock();
        writeln!(confirmed, "{}", writer.head().size).unwrap();
        confirmed.flush().unwrap();
    }
}

/// The parent: starts the child `rounds` times, kills it, and checks the whole store each time.
pub async fn survives<F, O>(rounds: u32, child: impl Fn() -> Command, open: O)
where
    F: Future<Output = Arc<dyn Store>>,
    O: Fn() -> F,
{
    for round in 0..rounds {
        let child = child().stdout(Stdio::piped()).spawn().unwrap();
        let confirmed = tokio::task::spawn_blocking(|| kill_at_random(child)).await.unwrap();
        let store = open().await;
        // The next server goes on at once. Its commit also waits for what the dead one had in flight at the database.
        let mut writer = Writer::resume("survivor", &*store).await;
        let mut batch = writer.batch(1);
        while store.commit(&batch).await.unwrap() == CommitOutcome::HeadMoved {
            writer.reload(&*store).await;
            batch = writer.batch(1);
        }
        let head = assert_sound(&*store).await;
        assert_eq!(head, batch.head, "round {round}");
        assert!(
            head.size > confirmed,
            "round {round}: {confirmed} entries were confirmed, {} are there",
            head.size
        );
    }
}

/// Lets the child confirm something, kills it a moment later, and answers the last size it has confirmed.
fn kill_at_random(mut child: Child) -> u64 {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let confirmed = |line: std::io::Result<String>| line.ok()?.parse::<u64>().ok();
    let first = lines.by_ref().find_map(confirmed).expect("the child ended before it had confirmed anything");
    std::thread::sleep(Duration::from_micros(RandomState::new().hash_one(child.id()) % 40_000));
    child.kill().unwrap();
    let last = lines.filter_map(confirmed).last().unwrap_or(first);
    child.wait().unwrap();
    last
}
