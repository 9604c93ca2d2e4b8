//! A ledger that lives to be killed (`tests/kills.rs`): it opens the country in a data directory at the time of its last
//! entry, moves its clock again and again to just before the next timer, lets it run over it, and has an officer append
//! before, at and after that moment. It says `ready` when it runs, `timer` when one is near, `<index> <jti>;` for what was
//! acknowledged, and never ends.
//!
//! ```text
//! clockwork DIR KEY CHANCE          KEY: seed of h1100/line's key, base64url; CHANCE: seed of what it does
//! clockwork DIR KEY CHANCE UNTIL    comes back at this time (Unix milliseconds), and only makes up for what fell due
//! ```

use std::path::Path;
use std::time::Duration;

use sijill_event::{Json, SigningKey, Uuid, b64};
use sijill_ledger::testing::Ground;
use sijill_ledger::{Clock as _, Ledger, SimulatedClock, Wait};
use sijill_tests::chance::Chance;
use sijill_tests::country::{beaten_child, ground, sign};

/// Milliseconds before a timer that a life begins to watch it.
const BEFORE: u64 = 6;
const WEEK_MS: u64 = 7 * 86_400_000;

#[expect(clippy::print_stdout, reason = "whoever kills it listens")]
fn say(line: &str) {
    println!("{line}");
}

struct Life {
    ground: Ground,
    ledger: Ledger,
    /// What the clock was last set to: it has run on since it was made.
    set: u64,
    key: SigningKey,
    chance: Chance,
    cases: Vec<String>,
}

impl Life {
    /// Moves the clock to shortly before a timer, never back.
    fn watch(&mut self, wake: u64) {
        let time = wake.saturating_sub(1 + self.chance.draw() % BEFORE);
        let now = self.ground.clock.now().expect("a simulated clock never jumps");
        if time > now {
            self.set += time - now;
            self.ground.clock.set(self.set);
        }
        say("timer");
    }

    async fn live(mut self) -> ! {
        loop {
            let wake = self.ground.store.next_wake().await.expect("readable");
            if let Some(wake) = wake {
                self.watch(wake);
            }
            tokio::time::sleep(Duration::from_millis(self.chance.draw() % (2 * BEFORE))).await;
            match self.chance.below(24) {
                0 => self.open().await,
                1..=8 => self.note().await,
                _ if wake.is_none() => self.open().await,
                _ => {}
            }
        }
    }

    /// Opens two cases at one instant: their deadlines fall due together.
    async fn open(&mut self) {
        let mut texts = Vec::new();
        for _ in 0..2 {
            let id = Uuid::now_v7().simple().to_string();
            texts.push(self.sign(&format!("case/{id}"), "case.opened", beaten_child("high")).await);
            self.cases.push(id);
        }
        self.append(texts).await;
    }

    async fn note(&mut self) {
        if self.cases.is_empty() {
            return;
        }
        let stream = format!("case/{}", self.chance.pick(&self.cases));
        let text = self.sign(&stream, "note.added", Json::object([("text", Json::from("…"))])).await;
        self.append(vec![text]).await;
    }

    async fn sign(&self, stream: &str, kind: &str, values: Json) -> String {
        sign(&self.ledger, ("h1100", "line", &self.key), stream, kind, values).await.to_string()
    }

    async fn append(&self, texts: Vec<String>) {
        for receipt in self.ledger.append(texts, Wait::Published).await.expect("room") {
            let receipt = receipt.expect("accepted");
            say(&format!("{} {};", receipt.index, receipt.jti));
        }
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [dir, key, chance, until @ ..] = &args[..] else { panic!("clockwork DIR KEY CHANCE [UNTIL]") };
    let seed = b64::decode_array(key, "a seed").expect("32 bytes in base64url");
    let ground = ground(Path::new(dir), SimulatedClock::running(0)).await;
    let received = ground.store.head().await.expect("a head").received;
    let until = until.first().map(|text| text.parse::<u64>().expect("Unix milliseconds"));
    let set = until.unwrap_or(received).max(received);
    ground.clock.set(set);
    let ledger = ground.open().await.expect("it opens after every kill");
    say("ready");
    if until.is_some() {
        std::future::pending::<()>().await;
    }
    let key = SigningKey::from_seed(&seed).expect("a key");
    let chance = Chance::new(chance.parse().expect("a seed"));
    let soon = ground.store.due_cases(set + WEEK_MS, 100).await.expect("readable");
    let cases = soon.into_iter().map(|(case, _)| case).collect();
    Life { ground, ledger, set, key, chance, cases }.live().await;
}
