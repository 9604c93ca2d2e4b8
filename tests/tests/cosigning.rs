//! A ledger and its witnesses, each a process of its own: one more or less changes nothing, two less stop what waits for
//! witnesses and nothing else; a ledger restored from a backup does not run. One of the witnesses is written in Go.

use std::path::PathBuf;

use serde_json::Value;
use sijill_event::{Draft, SdJwt};
use sijill_log::{NoteVerifier, Policy, TlogProof, leaf_hash};
use sijill_tests::foreign::Running;
use sijill_tests::program::{self, Server};
use sijill_tests::town::{Client, Engine, Town, free_port, text};

/// A witness made with the program, and where it serves.
struct Witness {
    dir: PathBuf,
    port: u16,
    vkey: String,
}

impl Witness {
    fn new(town: &Town, name: &str) -> Self {
        let dir = town.folder().join(format!("witness-{name}"));
        let full = format!("witness.{name}.example");
        let made = program::done(["witness", "init", "--dir", text(&dir), "--name", &full]);
        program::done(["witness", "logs", "add", "--dir", text(&dir), "--trust", text(&town.trust())]);
        Self { dir, port: free_port(), vkey: made["vkey"].as_str().expect("a key").to_owned() }
    }

    fn serve(&self) -> Server {
        Server::witness(&self.dir, self.port)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// Has the ledger ask these, and tells who trusts it what to trust.
fn settle(town: &Town, policy: &str) -> Policy {
    std::fs::write(town.dir().join("witnesses.policy"), policy).expect("written");
    let file = town.dir().join("sijill.toml");
    let settings = std::fs::read_to_string(&file).expect("settings");
    let asked = "\n[witnesses]\npolicy = \"witnesses.policy\"\nevery_ms = 50\npatience_s = 2\n";
    std::fs::write(&file, settings + asked).expect("written");
    format!("log {}\n{policy}", town.log_key()).parse().expect("a policy")
}

async fn signed(client: &mut Client, stream: &str) -> SdJwt {
    let mut payload = client.next(stream).await.expect("it serves");
    payload["type"] = "note.added".into();
    payload["data"] = serde_json::json!({});
    let draft = Draft::from_payload_json(payload.to_string().as_bytes()).expect("a payload");
    draft.sign(&client.actor.key).expect("signed")
}

/// Posts an event that waits for witnesses: status and answer.
async fn post(url: &str, event: &SdJwt) -> (u16, Value) {
    let request = reqwest::Client::new().post(format!("{url}/v1/events?wait=witnessed"));
    let request = request.header("Content-Type", "application/sd-jwt").body(event.to_string());
    let response = request.send().await.expect("it answers");
    (response.status().as_u16(), response.json().await.expect("JSON"))
}

fn holds(receipt: &Value, event: &SdJwt, policy: &Policy) {
    let proof =
        TlogProof::parse(receipt["proof"].as_str().expect("a proof").as_bytes()).expect("a tlog-proof");
    let entry = format!("{} {}", receipt["received"].as_u64().expect("a time"), event.event.jwt);
    proof.verify_witnessed(&leaf_hash(entry.as_bytes()), policy).expect("the quorum cosigned it");
}

/// Size of the newest witnessed checkpoint, which has to hold.
async fn witnessed(url: &str, policy: &Policy) -> u64 {
    let note = reqwest::get(format!("{url}/log/witnessed")).await.expect("it answers");
    let note = note.error_for_status().expect("witnessed").text().await.expect("text");
    policy.open(note.as_bytes()).expect("the quorum cosigned it").0.size
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_three_are_enough_and_one_is_not() {
    let town = Town::begin(Engine::Sqlite).await.expect("SQLite is always there");
    let names = ["mosd", "moh", "unicef"];
    let witnesses = names.map(|name| Witness::new(&town, name));
    let pairs = names.iter().zip(&witnesses);
    let lines: Vec<String> =
        pairs.map(|(name, witness)| format!("witness {name} {} {}\n", witness.vkey, witness.url())).collect();
    let lines = lines.concat();
    let policy = settle(&town, &format!("{lines}group council 2 mosd moh unicef\nquorum council\n"));
    let [mosd, moh, unicef] = witnesses.each_ref().map(Witness::serve);
    let server = Server::start(&town.dir());
    let url = server.url.clone();
    let mut ana = town.client("moh/ana", &url);
    let before = town.folder().join("before");
    program::done(["backup", "--dir", text(&town.dir()), "--out", text(&before)]);

    let event = signed(&mut ana, "case/one").await;
    let (status, receipt) = post(&url, &event).await;
    assert_eq!(status, 201, "{receipt}");
    holds(&receipt, &event, &policy);
    assert_eq!(post(&url, &event).await.0, 200, "the same bytes again");

    // One less changes nothing.
    mosd.kill();
    let event = signed(&mut ana, "case/two").await;
    let (status, receipt) = post(&url, &event).await;
    assert_eq!(status, 201, "{receipt}");
    holds(&receipt, &event, &policy);
    let size = witnessed(&url, &policy).await;

    // Two less stop what waits for them, and nothing else.
    moh.kill();
    let event = signed(&mut ana, "case/three").await;
    let (status, refused) = post(&url, &event).await;
    assert_eq!((status, refused["code"].as_str()), (503, Some("not-witnessed")), "{refused}");
    let appended = ana.append("case/four", "note.added", &serde_json::json!({})).await.expect("published");
    assert!(appended.index >= size);
    assert_eq!(witnessed(&url, &policy).await, size);
    let metrics = reqwest::get(format!("{url}/metrics")).await.expect("answered").text().await.expect("text");
    for shown in [
        "sijill_cosign_total{witness=\"unicef\",outcome=\"cosigned\"}",
        "sijill_cosign_total{witness=\"moh\",outcome=\"unreachable\"}",
        "sijill_witness_cosigns{witness=\"mosd\"} 0",
    ] {
        assert!(metrics.contains(shown), "{shown} in {metrics}");
    }

    // One comes back, and what waited is witnessed.
    let moh = witnesses[1].serve();
    let receipt = loop {
        let (status, answer) = post(&url, &event).await;
        if status == 200 {
            break answer;
        }
        assert_eq!(answer["code"], "not-witnessed");
    };
    holds(&receipt, &event, &policy);
    server.stop();

    // A backup that is older than what the witnesses saw, with a seal as old: only they can tell.
    let restored = town.folder().join("restored");
    copy(&town.dir(), &restored);
    for file in ["ledger.sqlite", "seal"] {
        std::fs::copy(before.join(file), restored.join(file)).expect("restored");
    }
    for rest in ["ledger.sqlite-wal", "ledger.sqlite-shm"] {
        let _ = std::fs::remove_file(restored.join(rest));
    }
    let Err(behind) = Server::try_start(&restored) else { panic!("it runs") };
    assert_eq!(behind.code(), "behind-witness", "{}", behind.errors);
    drop((moh, unicef));
    town.audit(&town.dir(), []);
}

/// A folder and all that is in it.
fn copy(from: &std::path::Path, to: &std::path::Path) {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_in_go_cosigns() {
    let town = Town::begin(Engine::Sqlite).await.expect("SQLite is always there");
    let seed = "2a".repeat(32);
    let log_key = town.log_key().to_string();
    let args = ["play-witness", &log_key, "witness.go.example", &seed];
    let Some((mut witness, url)) = Running::start("go/run.sh", &args) else { return };
    let vkey: NoteVerifier = witness.line().parse().expect("a vkey");
    let policy = settle(&town, &format!("witness go {vkey} {url}\nquorum go\n"));
    for life in 0..2 {
        let server = Server::start(&town.dir());
        let mut ana = town.client("moh/ana", &server.url);
        for n in 0..4 {
            let event = signed(&mut ana, &format!("case/{life}-{n}")).await;
            let (status, receipt) = post(&server.url, &event).await;
            assert_eq!(status, 201, "{receipt}");
            holds(&receipt, &event, &policy);
            assert!(witness.line().starts_with("cosigned: "));
        }
        server.stop();
    }
}
