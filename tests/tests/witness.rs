//! The witness as its operator runs it: killed at random moments between rival histories; against a log written in Go; with
//! its keys replaced.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use sijill_log::tree::{consistency_proof, root_at};
use sijill_log::{
    AddCheckpoint, Checkpoint, Hash, HashReader, LogError, Note, NoteSignature, NoteSigner, NoteVerifier,
    cosignature, leaf_hash, node_hash,
};
use sijill_tests::chance::Chance;
use sijill_tests::foreign::{script, told};
use sijill_tests::program::{self, Server};
use sijill_tests::town::text;
use tempfile::TempDir;

const ORIGIN: &str = "log.example/1";
const SEED: [u8; 32] = [9; 32];
const KILLS: usize = 60;
/// Histories that want to be the one, at each step.
const RIVALS: usize = 4;

/// The leaves of a log, and its checkpoints.
#[derive(Debug, Clone)]
struct Leaves(Vec<Hash>);

impl HashReader for Leaves {
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, LogError> {
        let Some(below) = level.checked_sub(1) else {
            let leaf = usize::try_from(index).ok().and_then(|index| self.0.get(index));
            return leaf.copied().ok_or(LogError::TileMissing { level, index });
        };
        Ok(node_hash(&self.subtree(below, 2 * index)?, &self.subtree(below, 2 * index + 1)?))
    }
}

impl Leaves {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn note(&self) -> Note {
        let root = root_at(self.size(), self).expect("it has the leaves");
        let log = signer();
        let checkpoint = Checkpoint { origin: log.name().clone(), size: self.size(), root };
        checkpoint.sign(&log).expect("a checkpoint")
    }

    fn request(&self, old: u64) -> String {
        let proof = consistency_proof(old, self.size(), self).expect("it has the leaves");
        AddCheckpoint { old, proof, checkpoint: self.note() }.to_string()
    }

    /// Another history that goes on from here.
    fn grown(&self, chance: &mut Chance) -> Self {
        let mut leaves = self.0.clone();
        leaves.extend((0..=chance.below(5)).map(|_| leaf_hash(&chance.bytes::<16>())));
        Self(leaves)
    }
}

fn signer() -> NoteSigner {
    NoteSigner::new(ORIGIN.parse().expect("a name"), &SEED)
}

/// A witness of the log, made with the program.
struct Made {
    folder: TempDir,
    vkey: NoteVerifier,
}

impl Made {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().join("w");
        let made = program::done(["witness", "init", "--dir", text(&dir), "--name", "witness.example"]);
        let vkey = made["vkey"].as_str().expect("a key").parse().expect("a vkey");
        let log = signer().verifier().to_string();
        program::done(["witness", "logs", "add", "--dir", text(&dir), &log]);
        // The test asks more often than any log.
        let file = dir.join("witness.toml");
        let settings = std::fs::read_to_string(&file).expect("settings");
        std::fs::write(&file, settings + "rate_limit = false\n").expect("written");
        Self { folder, vkey }
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("w")
    }

    fn log(&self) -> Value {
        program::done(["witness", "logs", "list", "--dir", text(&self.dir())])[0].take()
    }
}

/// Status and body; `None` if the witness is gone.
async fn ask(client: &reqwest::Client, url: &str, body: String) -> Option<(u16, String)> {
    let response = client.post(format!("{url}/add-checkpoint")).body(body).send().await.ok()?;
    let status = response.status().as_u16();
    Some((status, response.text().await.ok()?))
}

fn cosigned(note: &Note, lines: &str, key: &NoteVerifier) {
    let mut note = note.clone();
    for line in NoteSignature::parse_lines(lines).expect("signature lines") {
        note.add(line).expect("room");
    }
    cosignature::verify(&note, key).expect("it verifies").expect("it is there");
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_signs_one_history() {
    let (seed, mut chance) = Chance::from_environment(5);
    eprintln!("SIJILL_SEED={seed}");
    let made = Made::new();
    let client = client();
    let mut held = Leaves(Vec::new());
    let mut in_flight: Vec<Leaves> = Vec::new();
    let mut first_answers = 0;
    for _ in 0..KILLS {
        let server = Server::witness(&made.dir(), 0);
        let url = server.url.clone();
        held = what_is_held(&client, &url, &held, &in_flight).await;
        let life = Duration::from_micros(chance.draw() % 60_000);
        let killed = tokio::task::spawn_blocking(move || {
            std::thread::sleep(life);
            server.kill();
        });
        loop {
            let rivals: Vec<Leaves> = (0..RIVALS).map(|_| held.grown(&mut chance)).collect();
            let bodies = rivals.iter().map(|rival| ask(&client, &url, rival.request(held.size())));
            let answers = join_all(bodies).await;
            let mut won = Vec::new();
            for (rival, answer) in rivals.iter().zip(&answers) {
                match answer {
                    Some((200, lines)) => {
                        cosigned(&rival.note(), lines, &made.vkey);
                        won.push(rival.clone());
                    }
                    Some((409, _)) | None => {}
                    Some(other) => panic!("{other:?}"),
                }
            }
            assert!(won.len() <= 1, "two histories were signed");
            first_answers += won.len();
            let gone = answers.iter().any(Option::is_none);
            in_flight = if won.is_empty() { rivals } else { won.clone() };
            held = won.pop().unwrap_or(held);
            if gone {
                break;
            }
            in_flight.clear();
        }
        killed.await.expect("killed");
    }
    assert!(first_answers > KILLS / 2, "too little happened: {first_answers} cosigned");
    let log = made.log();
    assert!(log["size"].as_u64() >= Some(held.size()), "{log}");
    let evidence = program::run(["witness", "evidence", "--dir", text(&made.dir())]);
    assert!(evidence.status == 0 || evidence.status == 1, "{}", evidence.errors);
}

/// Which history the witness goes on from: the one last answered for, or one that was in flight when it was killed. It has
/// to be exactly one of them, and not one that is smaller.
async fn what_is_held(client: &reqwest::Client, url: &str, held: &Leaves, in_flight: &[Leaves]) -> Leaves {
    let mut accepted = Vec::new();
    let known = std::iter::once(held).filter(|held| held.size() > 0);
    for leaves in known.chain(in_flight) {
        let (status, body) = ask(client, url, leaves.request(leaves.size())).await.expect("it answers");
        match status {
            200 => accepted.push(leaves.clone()),
            409 => {
                let size: u64 = body.trim().parse().expect("a size");
                assert!(size >= held.size(), "it went back from {} to {size}", held.size());
            }
            other => panic!("{other}: {body}"),
        }
    }
    accepted.dedup_by(|one, other| one.0 == other.0);
    assert!(accepted.len() <= 1, "two histories were signed");
    accepted.pop().unwrap_or_else(|| {
        assert_eq!(held.size(), 0, "it forgot what it signed");
        held.clone()
    })
}

#[test]
fn a_log_in_go_is_witnessed() {
    let made = Made::new();
    let server = Server::witness(&made.dir(), 0);
    let log = signer();
    // Go's form of a private key: PRIVATE+KEY+name+id+base64(type ‖ seed).
    let vkey = log.verifier().to_string();
    let id = vkey.split('+').nth(1).expect("an id");
    let skey = format!("PRIVATE+KEY+{ORIGIN}+{id}+{}", base64(&[&[1], SEED.as_slice()].concat()));
    let Some(output) = script("go/run.sh", &["play-log", &server.url, &skey, &made.vkey.to_string()]) else {
        return;
    };
    assert!(output.status.success(), "{}", told(&output));
    server.stop();
    assert_eq!(made.log()["size"], 700);
    let evidence = program::run(["witness", "evidence", "--dir", text(&made.dir())]);
    assert_eq!(evidence.status, 1, "a fork is there");
    let kinds: Vec<&Value> =
        evidence.answer["evidence"].as_array().expect("a list").iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["fork", "unproven"]);
}

/// Standard base64 by hand: of 33 bytes, which need no padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let of_three = |three: &[u8]| {
        let bits = three.iter().fold(0usize, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(LETTERS[bits >> shift & 63]))
    };
    assert_eq!(bytes.len() % 3, 0);
    bytes.chunks(3).flat_map(of_three).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_replaced_while_it_is_trusted() {
    let (made, client) = (Made::new(), client());
    let dir = made.dir();
    let mut chance = Chance::new(1);
    let one = Leaves(Vec::new()).grown(&mut chance);
    let lines_of = |url: String, body: String| {
        let client = client.clone();
        async move {
            let (status, lines) = ask(&client, &url, body).await.expect("it answers");
            assert_eq!(status, 200, "{lines}");
            lines
        }
    };
    let server = Server::witness(&dir, 0);
    let second = program::run(["witness", "serve", "--dir", text(&dir)]);
    assert_eq!(second.code(), "data-directory-in-use");
    assert_eq!(lines_of(server.url.clone(), one.request(0)).await.lines().count(), 1);
    server.stop();

    let old = format!("{:08x}", u32::from_be_bytes(made.vkey.key_id()));
    let last = program::run(["witness", "keys", "retire", "--dir", text(&dir), &old]);
    assert_eq!((last.status, last.code().as_str()), (2, "usage"), "the last key stays");
    let new = program::done(["witness", "keys", "new", "--dir", text(&dir)]);
    let new: NoteVerifier = new["vkey"].as_str().expect("a key").parse().expect("a vkey");
    let server = Server::witness(&dir, 0);
    let two = one.grown(&mut chance);
    let lines = lines_of(server.url.clone(), two.request(one.size())).await;
    cosigned(&two.note(), &lines, &made.vkey);
    cosigned(&two.note(), &lines, &new);
    server.stop();

    program::done(["witness", "keys", "retire", "--dir", text(&dir), &old]);
    let keys = program::done(["witness", "keys", "list", "--dir", text(&dir)]);
    assert_eq!(keys, json!({"signing": [new.to_string()], "retired": [made.vkey.to_string()]}));
    let server = Server::witness(&dir, 0);
    let three = two.grown(&mut chance);
    let lines = lines_of(server.url.clone(), three.request(two.size())).await;
    assert_eq!(lines.lines().count(), 1);
    cosigned(&three.note(), &lines, &new);

    // A log that is removed while it runs is witnessed no more, and goes on where it stood when it comes back.
    program::done(["witness", "logs", "remove", "--dir", text(&dir), ORIGIN]);
    let asked = |leaves: &Leaves, old| ask(&client, &server.url, leaves.request(old));
    assert_eq!(asked(&three, three.size()).await.expect("it answers").0, 404);
    program::done(["witness", "logs", "add", "--dir", text(&dir), &signer().verifier().to_string()]);
    assert_eq!(asked(&one, 0).await, Some((409, format!("{}\n", three.size()))));
    let shown = reqwest::get(format!("{}/metrics", server.url)).await.expect("answered").text().await;
    assert!(shown.expect("text").contains("sijill_witness_requests_total{status=\"404\"} 1"));
    server.stop();
}

#[test]
fn what_cannot_be_a_witness_is_refused() {
    let made = Made::new();
    let dir = made.dir();
    let code = |args: &[&str]| program::run(args.iter().copied().chain(["--dir", text(&dir)])).code();
    assert_eq!(code(&["witness", "init", "--name", "again"]), "file-exists");
    assert_eq!(code(&["witness", "logs", "add", &made.vkey.to_string()]), "usage");
    assert_eq!(code(&["witness", "logs", "add", "no key"]), "usage");
    assert_eq!(code(&["witness", "logs", "remove", "unknown.example"]), "log-unknown");
    assert_eq!(code(&["witness", "keys", "retire", "00000000"]), "usage");
    let elsewhere = made.folder.path().join("elsewhere");
    let nothing = program::run(["witness", "serve", "--dir", text(&elsewhere)]);
    assert_eq!(nothing.code(), "file-unreadable");
    let spaced = ["witness", "init", "--name", "a b", "--dir", text(&elsewhere)];
    assert_eq!(program::run(spaced).code(), "usage");
    rename_key(&dir);
    assert_eq!(code(&["witness", "serve"]), "file-malformed");
}

fn rename_key(dir: &Path) {
    let keys = dir.join("keys");
    let key = std::fs::read_dir(&keys).expect("keys").map(|entry| entry.expect("an entry").path());
    let key = key.into_iter().find(|path| path.is_file()).expect("a key");
    std::fs::rename(key, keys.join("00000000.key")).expect("renamed");
}
