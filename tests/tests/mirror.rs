//! A mirror as another agency runs it: behind a bad line and a lying server, killed at random moments, shown two histories.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sijill_log::tree::{consistency_proof, root_at};
use sijill_log::{
    AddCheckpoint, Checkpoint, Frontier, Hash, HashReader, LogError, Note, NoteSigner, Tile, TileBuilder,
    TlogProof, bundle, cosignature, leaf_hash, node_hash,
};
use sijill_tests::chance::Chance;
use sijill_tests::line::{Line, Manner, client};
use sijill_tests::mirror::Mirror;
use sijill_tests::program::{self, Server};
use sijill_tests::town::{Client, Engine, Town, text};

const NOTHING: fn() -> Value = || json!({});

async fn town() -> Town {
    Town::begin(Engine::Sqlite).await.expect("SQLite is always there")
}

/// Appends so many events; the size of the log then.
async fn grow(client: &mut Client, case: &str, events: u64) -> u64 {
    let mut size = 0;
    for _ in 0..events {
        let stream = format!("case/{case}");
        size = client.append(&stream, "note.added", &NOTHING()).await.expect("appended").index + 1;
    }
    size
}

/// Many at once, with the program: for who needs a longer log and no receipts.
fn fill(town: &Town, name: &str, events: usize) {
    let line = json!({"stream": format!("case/{name}"), "type": "note.added", "data": {}}).to_string();
    let file = town.folder().join(format!("{name}.ndjson"));
    std::fs::write(&file, vec![line; events].join("\n")).expect("written");
    let (dir, key) = (town.dir(), town.key("moh/ana"));
    let told = program::done(["append", "--dir", text(&dir), "--key", text(&key), "--file", text(&file)]);
    assert_eq!(told["refused"], 0, "{told}");
}

fn checkpoint(note: &Note) -> Checkpoint {
    Checkpoint::parse(note.text()).expect("a checkpoint")
}

async fn get(url: &str) -> (u16, Vec<u8>) {
    let response = client().get(url).send().await.expect("answered");
    (response.status().as_u16(), response.bytes().await.expect("bytes").to_vec())
}

async fn newest(url: &str) -> Note {
    let (status, bytes) = get(&format!("{url}/log/checkpoint")).await;
    assert_eq!(status, 200);
    Note::parse(&bytes).expect("a note")
}

fn audit(source: &str, trust: &Path, more: &[&str]) -> Value {
    let args = ["audit", source, "--trust", text(trust)];
    program::done(args.iter().chain(more))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_holds_cosigns_and_serves_what_the_ledger_published() {
    let town = town().await;
    fill(&town, "many", 700);
    let ledger = Server::start(&town.dir());
    let mirror = Mirror::of(&town, "whole", &ledger.url);
    let token = program::done(["mirror", "reader", "--dir", text(&mirror.dir)]);
    let token = token["token"].as_str().expect("a token").to_owned();
    let server = mirror.serve();
    let mut ana = town.client("moh/ana", &ledger.url);
    let size = grow(&mut ana, "one", 3).await;
    let standing = Mirror::until(&server, |status, standing| status == 200 && standing["size"] == size).await;
    assert_eq!(standing["levels"]["authority"]["status"], "clean", "{standing}");

    // What it shows is the ledger's checkpoint, cosigned.
    let note = newest(&server.url).await;
    assert_eq!(checkpoint(&note), checkpoint(&newest(&ledger.url).await));
    cosignature::verify(&note, &mirror.vkey).expect("it holds").expect("it is there");
    // Offline and over the network, an audit finds it whole.
    for (source, more) in [
        (text(&mirror.dir).to_owned(), vec![]),
        (text(&mirror.dir.join("log")).to_owned(), vec![]),
        (format!("{}/log", server.url), vec!["--token", token.as_str()]),
    ] {
        let report = audit(&source, &town.trust(), &more);
        assert_eq!((&report["size"], &report["faults"]), (&json!(size), &json!([])), "{source}");
        assert_eq!(report["levels"]["integrity"]["status"], "clean", "{report}");
    }
    // Entries are for nobody without a token; proofs are for everybody.
    let (status, _) = get(&format!("{}/log/tile/entries/000", server.url)).await;
    assert_eq!(status, 401);
    let (status, _) = get(&format!("{}/log/tile/0/900", server.url)).await;
    assert_eq!(status, 404);
    let (_, proof) = get(&format!("{}/v1/proofs/inclusion?index=5", server.url)).await;
    let proof = TlogProof::parse(&proof).expect("a tlog-proof");
    let bundle = std::fs::read(mirror.dir.join("log/tile/entries/000")).expect("a bundle");
    let entries = bundle::decode(&bundle, 256).expect("a bundle");
    proof.verify(&leaf_hash(entries[5]), &town.log_key()).expect("it proves it");
    let (status, _) = get(&format!("{}/v1/proofs/consistency?from=5&to={size}", server.url)).await;
    assert_eq!(status, 200);

    // The ledger brings its checkpoint too: it is cosigned again, and another one is not.
    let log = AddCheckpoint { old: size, proof: Vec::new(), checkpoint: note.clone() };
    let post = |body: String| client().post(format!("{}/add-checkpoint", server.url)).body(body).send();
    assert_eq!(post(log.to_string()).await.expect("answered").status(), 200);
    let forged = signed(&town, size, Hash([7; 32]));
    let log = AddCheckpoint { old: size, proof: Vec::new(), checkpoint: forged };
    assert_eq!(post(log.to_string()).await.expect("answered").status(), 422);
    assert_eq!(convicted(&town, &mirror), 1);
    let told = program::run(["mirror", "status", "--dir", text(&mirror.dir)]);
    server.stop();
    assert!(told.status == 0 || told.status == 1, "{told:?}");
    let told = program::run(["mirror", "status", "--dir", text(&mirror.dir)]);
    assert_eq!((told.status, &told.answer["alarm"]), (1, &json!("forked")), "{told:?}");
    // As a bare witness it would sign what it has not replayed.
    let bare = program::run(["witness", "serve", "--dir", text(&mirror.dir)]);
    assert_eq!((bare.status, bare.code().as_str()), (2, "usage"));
}

/// Signs a checkpoint with the ledger's own key.
fn signed(town: &Town, size: u64, root: Hash) -> Note {
    let key = log_signer(&town.dir());
    Checkpoint { origin: key.name().clone(), size, root }.sign(&key).expect("signed")
}

fn log_signer(dir: &Path) -> NoteSigner {
    let key: Value =
        serde_json::from_slice(&std::fs::read(dir.join("keys/log.key")).expect("a key")).expect("JSON");
    let seed =
        sijill_event::b64::decode_array(key["d"].as_str().expect("a key").as_bytes(), "d").expect("a seed");
    NoteSigner::new(sijill_tests::town::ORIGIN.parse().expect("a name"), &seed)
}

/// How many files of evidence there are; each convicts the log for whoever has the trust file.
fn convicted(town: &Town, mirror: &Mirror) -> usize {
    let forks = mirror.forks();
    for fork in &forks {
        let trust = town.trust();
        let checked = program::run(["mirror", "check-fork", text(fork), "--trust", text(&trust)]);
        assert_eq!((checked.status, &checked.answer["forked"]), (1, &json!(true)), "{checked:?}");
    }
    forks.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_goes_on_from_what_it_holds() {
    let (seed, mut chance) = Chance::from_environment(7);
    eprintln!("SIJILL_SEED={seed}");
    let town = town().await;
    let mirror = Mirror::of(&town, "killed", "http://127.0.0.1:9");
    let mut held = 0;
    for life in 0..12 {
        fill(&town, &format!("life-{life}"), 100 + chance.below(1_500));
        let ledger = Server::start(&town.dir());
        let settings = mirror.dir.join("mirror.toml");
        let text_of = std::fs::read_to_string(&settings).expect("settings");
        let from = text_of.lines().find(|line| line.starts_with("from")).expect("a line").to_owned();
        std::fs::write(&settings, text_of.replace(&from, &format!("from = \"{}\"", ledger.url)))
            .expect("written");
        let server = mirror.serve();
        // It never forgets: what it cosigned, it shows again.
        let (_, standing) = Mirror::health(&server).await;
        let size = standing["size"].as_u64().expect("a size");
        assert!(size >= held, "it went back from {held} to {size}");
        tokio::time::sleep(Duration::from_micros(chance.draw() % 150_000)).await;
        held = standing["size"].as_u64().expect("a size");
        if let Ok(response) = client().get(format!("{}/log/checkpoint", server.url)).send().await
            && response.status() == 200
        {
            let note = Note::parse(&response.bytes().await.expect("bytes")).expect("a note");
            held = held.max(checkpoint(&note).size);
        }
        server.kill();
        ledger.stop();
    }
    let ledger = Server::start(&town.dir());
    let settings = mirror.dir.join("mirror.toml");
    let text_of = std::fs::read_to_string(&settings).expect("settings");
    let from = text_of.lines().find(|line| line.starts_with("from")).expect("a line").to_owned();
    std::fs::write(&settings, text_of.replace(&from, &format!("from = \"{}\"", ledger.url)))
        .expect("written");
    let server = mirror.serve();
    let size = checkpoint(&newest(&ledger.url).await).size;
    Mirror::holds(&server, size).await;
    server.kill();
    let report = audit(text(&mirror.dir), &town.trust(), &[]);
    assert_eq!((&report["size"], &report["faults"]), (&json!(size), &json!([])));
    assert!(mirror.forks().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_line_costs_time_and_nothing_else() {
    let town = town().await;
    fill(&town, "many", 300);
    let ledger = Server::start(&town.dir());
    let line = Line::to(&ledger.url).await;
    let mirror = Mirror::of(&town, "line", &line.url);
    let server = mirror.serve();
    let mut ana = town.client("moh/ana", &ledger.url);
    let mut size = grow(&mut ana, "start", 1).await;
    Mirror::holds(&server, size).await;
    for (nth, (manner, code)) in [
        (Manner::Garbage, "upstream-garbage"),
        (Manner::Truncates, "upstream-unreached"),
        (Manner::Flips, "upstream-garbage"),
        (Manner::Endless, "upstream-unreached"),
    ]
    .into_iter()
    .enumerate()
    {
        for path in ["/log/checkpoint", "/log/tile/entries/"] {
            line.behaves(manner.clone(), path);
            size = grow(&mut ana, &format!("bad-{nth}"), 2).await;
            let before = line.sent();
            let said = Mirror::until(&server, |_, standing| standing["last_error"][0] == code).await;
            assert!(said["size"].as_u64() < Some(size), "{manner:?} {path}: {said}");
            assert_eq!(said["alarm"], Value::Null, "a line convicts nobody");
            if manner == Manner::Endless {
                // It reads no more of an answer than could be one: some attempts were made by now.
                assert!(line.sent() - before < 2_000_000_000, "{}", line.sent() - before);
            }
            line.behaves(Manner::Honest, "");
            Mirror::until(&server, |_, standing| {
                standing["size"] == size && standing["last_error"] == Value::Null
            })
            .await;
        }
    }
    // A server that does not answer leaves what it holds served, and it says so once that is too old.
    server.stop();
    mirror.set("mirror.toml", "stale_after_s = 1");
    line.behaves(Manner::Stalls, "");
    let server = mirror.serve();
    let stale = Mirror::until(&server, |status, standing| status == 503 && standing["stale"] == true).await;
    assert_eq!(stale["size"], size);
    assert_eq!(checkpoint(&newest(&server.url).await).size, size);
    server.kill();
    assert_eq!(audit(text(&mirror.dir), &town.trust(), &[])["faults"], json!([]));
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

/// Two servers of one ledger, with the same keys, and different histories from some point on.
fn forked(town: &Town) -> (Server, Server) {
    fill(town, "common", 300);
    let other = town.folder().join("other");
    copy(&town.dir(), &other);
    (Server::start(&town.dir()), Server::start(&other))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_histories_are_found_whichever_is_larger_and_kept_as_evidence() {
    let town = town().await;
    let (one, other) = forked(&town);
    let size = grow(&mut town.client("moh/ana", &one.url), "one", 5).await;
    for (name, more) in [("same", 5), ("larger", 9), ("smaller", 2)] {
        let other_size = checkpoint(&newest(&other.url).await).size;
        let wanted = size - 5 + more;
        if other_size < wanted {
            grow(&mut town.client("moh/badr", &other.url), "other", wanted - other_size).await;
        }
        let line = Line::to(&one.url).await;
        let mirror = Mirror::of(&town, name, &line.url);
        let server = mirror.serve();
        Mirror::holds(&server, size).await;
        if name == "smaller" {
            // What the other server published long ago.
            let log = town.folder().join("played");
            std::fs::create_dir_all(&log).expect("made");
            let early = earlier(&town, &other.url, size - 3).await;
            std::fs::write(log.join("checkpoint"), early.to_string()).expect("written");
            line.behaves(Manner::Plays(log), "/log/checkpoint");
        } else {
            line.leads_to(&other.url);
        }
        let said =
            Mirror::until(&server, |status, standing| status == 503 && standing["alarm"] == "forked").await;
        assert_eq!(said["size"], size, "it keeps the history it has");
        assert_eq!(convicted(&town, &mirror), 1, "{name}");
        // Shown its own again, it goes on; the alarm stays.
        line.behaves(Manner::Honest, "");
        line.leads_to(&one.url);
        Mirror::until(&server, |_, standing| {
            standing["last_error"] == Value::Null && standing["alarm"] == "forked"
        })
        .await;
        server.kill();
    }
    let good = town.folder().join("same/forks");
    let fork = std::fs::read_dir(good).expect("readable").next().expect("one").expect("an entry").path();
    let damaged = town.folder().join("damaged.json");
    let evidence = std::fs::read_to_string(&fork).expect("readable");
    std::fs::write(&damaged, evidence.replace("fork/1", "fork/9")).expect("written");
    let trust = town.trust();
    let checked = program::run(["mirror", "check-fork", text(&damaged), "--trust", text(&trust)]);
    assert_eq!((checked.status, checked.code().as_str()), (2, "fork-malformed"));
}

/// A checkpoint of a smaller size that a server would have signed, signed with the ledger's key.
async fn earlier(town: &Town, url: &str, size: u64) -> Note {
    let mut auditor = town.client("mosd/auditor", url);
    let token = auditor.token().await.expect("a token");
    let mut frontier = Frontier::new();
    let mut number = 0;
    while frontier.size() < size {
        let whole = checkpoint(&newest(url).await).size;
        let tile = Tile::in_tree(0, number, whole).expect("a tile");
        let response = client().get(format!("{url}/log/{}", tile.entries_path())).bearer_auth(&token);
        let bytes = response.send().await.expect("answered").bytes().await.expect("bytes");
        for entry in bundle::decode(&bytes, tile.width).expect("a bundle") {
            if frontier.size() < size {
                frontier.push(leaf_hash(entry));
            }
        }
        number += 1;
    }
    signed(town, size, frontier.root())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_view_is_found_by_either_of_two_who_talk() {
    let town = town().await;
    let (one, other) = forked(&town);
    let trust = town.trust();
    let common = checkpoint(&newest(&one.url).await).size;
    // Two mirrors and a witness, each shown one of the two.
    let (here, there) = (Mirror::of(&town, "here", &one.url), Mirror::of(&town, "there", &other.url));
    let size = grow(&mut town.client("moh/ana", &one.url), "one", 4).await;
    grow(&mut town.client("moh/badr", &other.url), "other", 2).await;
    let there_server = there.serve();
    Mirror::holds(&there_server, common + 2).await;
    here.set("witness.toml", &format!("gossip_every_s = 1\npeers = [\"{}\"]", there_server.url));
    let here_server = here.serve();
    Mirror::holds(&here_server, size).await;
    // The smaller one is compared with the tree of the larger.
    Mirror::until(&here_server, |_, standing| standing["alarm"] == "forked").await;
    assert_eq!(convicted(&town, &here), 1);
    assert!(there.forks().is_empty(), "nobody told the other");

    // A witness was shown the second history by the ledger itself, and finds it out when the first comes to its size.
    let dir = town.folder().join("witness");
    program::done(["witness", "init", "--dir", text(&dir), "--name", "witness.example"]);
    program::done(["witness", "logs", "add", "--dir", text(&dir), "--trust", text(&trust)]);
    let settings = std::fs::read_to_string(dir.join("witness.toml")).expect("settings");
    let peers = format!("gossip_every_s = 1\npeers = [\"{}\"]\n", here_server.url);
    std::fs::write(dir.join("witness.toml"), settings + &peers).expect("written");
    let witness = Server::witness(&dir, 0);
    let grown = grow(&mut town.client("moh/badr", &other.url), "other", 2).await;
    assert_eq!(grown, size);
    let shown = newest(&other.url).await;
    let body = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: shown }.to_string();
    let client = client();
    let mut convicts = false;
    for _ in 0..500 {
        let answer = client.post(format!("{}/add-checkpoint", witness.url)).body(body.clone()).send().await;
        // 200 until it hears of the other one; what it has cosigned by then is compared when it does.
        assert!([200, 409].contains(&answer.expect("answered").status().as_u16()));
        let evidence = program::run(["witness", "evidence", "--dir", text(&dir)]);
        if evidence.status == 1 {
            convicts = true;
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(convicts, "{}", witness.log());
    let out = town.folder().join("evidence");
    program::run(["witness", "evidence", "--dir", text(&dir), "--out", text(&out)]);
    let checked =
        program::run(["mirror", "check-fork", text(&out.join("fork-0.json")), "--trust", text(&trust)]);
    assert_eq!(checked.status, 1, "{checked:?}");
}

/// The tree of some entries.
struct Leaves(Vec<Hash>);

impl HashReader for Leaves {
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, LogError> {
        let Some(below) = level.checked_sub(1) else {
            let leaf = usize::try_from(index).ok().and_then(|index| self.0.get(index)).copied();
            return leaf.ok_or(LogError::TileMissing { level, index });
        };
        Ok(node_hash(&self.subtree(below, 2 * index)?, &self.subtree(below, 2 * index + 1)?))
    }
}

/// A log that goes on with an entry nobody signed, consistent and signed with the ledger's own key, as static files.
fn forged(town: &Town, entries: &[Vec<u8>], folder: &Path) {
    let write = |path: String, bytes: &[u8]| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, bytes).expect("written");
    };
    let size = entries.len() as u64;
    for (number, bundled) in (0..).zip(entries.chunks(256)) {
        let tile = Tile::in_tree(0, number, size).expect("a tile");
        write(tile.entries_path(), &bundle::encode(bundled).expect("a bundle"));
    }
    let mut builder = TileBuilder::new();
    for full in builder.extend(entries.iter().map(|entry| leaf_hash(entry))) {
        write(full.tile.path(), &full.bytes);
    }
    for (tile, bytes) in builder.partial_tiles() {
        write(tile.path(), &bytes);
    }
    write("checkpoint".to_owned(), signed(town, size, builder.root()).to_string().as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_forged_with_all_its_keys_is_not_taken() {
    let town = town().await;
    fill(&town, "many", 280);
    let ledger = Server::start(&town.dir());
    let line = Line::to(&ledger.url).await;
    let mirror = Mirror::of(&town, "sound", &line.url);
    let server = mirror.serve();
    let size = checkpoint(&newest(&ledger.url).await).size;
    Mirror::holds(&server, size).await;
    let mut entries = Vec::new();
    for number in 0..size.div_ceil(256) {
        let tile = Tile::in_tree(0, number, size).expect("a tile");
        let bytes = std::fs::read(mirror.dir.join("log").join(tile.entries_path())).expect("a bundle");
        entries.extend(bundle::decode(&bytes, tile.width).expect("a bundle").into_iter().map(<[u8]>::to_vec));
    }
    // It extends everything honestly, and then says again, as new, what somebody signed before.
    let again = entries.last().expect("an entry").clone();
    entries.push(again);
    let folder = town.folder().join("forged");
    forged(&town, &entries, &folder);
    line.behaves(Manner::Plays(folder.clone()), "/log/");
    let said =
        Mirror::until(&server, |status, standing| status == 503 && standing["alarm"] == "unsound").await;
    assert_eq!(said["size"], size, "nothing of it was stored");
    assert!(said["faults"].as_array().is_some_and(|faults| !faults.is_empty()), "{said}");
    // Nor is it cosigned, though it extends what was cosigned.
    let tree = Leaves(entries.iter().map(|entry| leaf_hash(entry)).collect());
    let root = root_at(size + 1, &tree).expect("it has the leaves");
    let proof = consistency_proof(size, size + 1, &tree).expect("it has the leaves");
    let request = AddCheckpoint { old: size, proof, checkpoint: signed(&town, size + 1, root) };
    let url = format!("{}/add-checkpoint", server.url);
    let answer = client().post(url).body(request.to_string()).send().await.expect("answered");
    assert_eq!(answer.status(), 403);
    assert!(
        !mirror.dir.join("log").join(Tile::in_tree(0, 1, size + 1).expect("a tile").entries_path()).exists()
    );
    server.stop();
    let told = program::run(["mirror", "status", "--dir", text(&mirror.dir)]);
    assert_eq!((told.status, &told.answer["alarm"]), (1, &json!("unsound")));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_own_disk_is_believed_no_more_than_the_ledger() {
    let town = town().await;
    fill(&town, "many", 300);
    let ledger = Server::start(&town.dir());
    let mirror = Mirror::of(&town, "disk", &ledger.url);
    let server = mirror.serve();
    let size = checkpoint(&newest(&ledger.url).await).size;
    Mirror::holds(&server, size).await;
    server.stop();
    let file = mirror.dir.join("log/tile/entries/000");
    let mut bytes = std::fs::read(&file).expect("a bundle");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).expect("written");
    let Err(refused) = Server::try_mirror(&mirror.dir, 0) else { panic!("it serves") };
    assert_eq!(refused.code(), "mirror-damaged", "{}", refused.errors);
    // What its operator is told to do helps.
    std::fs::rename(mirror.dir.join("log"), mirror.dir.join("log.damaged")).expect("moved away");
    let server = mirror.serve();
    Mirror::holds(&server, size).await;
    server.stop();
    // Another ledger's mirror it is not.
    let settings = mirror.dir.join("mirror.toml");
    std::fs::write(&settings, "from = \"http://127.0.0.1:9\"\nform = 1\n").expect("written");
    let Err(refused) = Server::try_mirror(&mirror.dir, 0) else { panic!("it serves") };
    assert_eq!(refused.code(), "config-invalid");
}
