//! `sijill demo`: the same month from the same seed, clean, and served with commands that work.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use sijill_domain::event::prove;
use sijill_domain::{AgencyId, OfficerId, Signer};
use sijill_event::SigningKey;
use sijill_log::{AddCheckpoint, Checkpoint, Hash, NoteSigner};
use sijill_tests::program::{command, done, run};

fn demo(dir: &Path, seed: &str) -> Child {
    let args = ["demo", "--no-serve", "--seed", seed, "--dir"];
    command(args).arg(dir).stdout(Stdio::piped()).spawn().expect("it runs")
}

fn answer(child: Child) -> Value {
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_seed_gives_the_same_month_byte_for_byte_and_everything_happens_in_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let made = ["a", "b"].map(|name| dir.path().join(name));
    let children: Vec<Child> = made.iter().map(|path| demo(path, "7")).collect();
    let told: Vec<Value> = children.into_iter().map(answer).collect();
    for member in ["size", "root", "tally", "case", "urgent"] {
        assert_eq!(told[0][member], told[1][member], "{member}");
    }
    // The root covers the entries; the trust file and the signed checkpoint are the same as well.
    for file in ["trust.json", "seal"] {
        let read = |at: usize| std::fs::read(made[at].join(file)).expect("a file");
        assert!(read(0) == read(1), "{file}");
    }
    let (path, told) = (&made[0], &told[0]);
    is_clean(path, told["size"].as_u64().expect("a size"), &told["root"]);
    everything_happens(told);
    // A second one does not overwrite it.
    let again = run(["demo".as_ref(), "--no-serve".as_ref(), "--dir".as_ref(), path.as_os_str()]);
    assert_eq!(again.code(), "file-exists");
}

/// An audit by the trust file finds this size and root, all of it checked at every level, and no fault.
fn is_clean(path: &Path, size: u64, root: &Value) {
    let trust = path.join("trust.json");
    let report = done(["audit".as_ref(), path.as_os_str(), "--trust".as_ref(), trust.as_os_str()]);
    let found = (&report["size"], &report["root"], &report["faults"], &report["anchored"]);
    assert_eq!(found, (&json!(size), root, &json!([]), &json!(true)));
    for name in ["integrity", "authority", "rules"] {
        let level = &report["levels"][name];
        assert_eq!((&level["status"], &level["unchecked"]), (&json!("clean"), &json!(0)), "{name}");
    }
}

/// What a month of child protection is made of, and what goes wrong in it.
const HAPPENINGS: [&str; 61] = [
    // Calls, cases, and what the policy asks of others.
    "contact.logged",
    "contact.linked",
    "case.opened",
    "child.registered",
    "party.added",
    "case.assigned",
    "case.transfer_requested",
    "case.transferred",
    "referral.requested",
    // What they answer.
    "referral.acknowledged",
    "referral.accepted",
    "referral.rejected",
    "referral.redirected",
    "referral.cancelled",
    "referral.info_requested",
    "referral.info_provided",
    "referral.started",
    "referral.held",
    "referral.resumed",
    "referral.completed",
    "referral.failed",
    "referral.disposed",
    // Somebody does not answer in time.
    "reminder.sent",
    "referral.breached",
    "deadline.breached",
    "deadline.varied",
    "escalation.raised",
    "escalation.resolved",
    // The work on the case.
    "child.seen",
    "child.not_seen",
    "risk.assessed",
    "safety_plan.made",
    "assessment.completed",
    "plan.proposed",
    "plan.rejected",
    "plan.approved",
    "service.delivered",
    "follow_up.recorded",
    "conference.scheduled",
    "vote.cast",
    "conference.held",
    "order.issued",
    "placement.started",
    "case.closure_requested",
    "case.closed",
    "case.reopened",
    // Who may know what.
    "access.requested",
    "access.released",
    "access.restricted",
    "break_glass.invoked",
    "break_glass.reviewed",
    "consent.recorded",
    "consent.withdrawn",
    "referral.withdrawn",
    "notice.given",
    "withdrawal.confirmed",
    "breach.notified",
    // The registry.
    "unit.closed",
    "key.revoked",
    "key.compromised",
    "holiday.announced",
];

fn everything_happens(told: &Value) {
    let (tally, by_type) = (&told["tally"], &told["tally"]["by_type"]);
    assert_eq!(told["agencies"], 13);
    assert_eq!((&by_type["contact.logged"], &by_type["ledger.ratified"]), (&json!(170), &json!(5)));
    // Eight admissions, the documents that come with the programme, a manual, a new name.
    let lists =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/codes")).expect("a folder");
    assert_eq!(by_type["proposal.opened"], 8 + lists.count() + 2 + 1 + 1);
    for event_type in HAPPENINGS {
        assert!(by_type[event_type].as_u64() > Some(0), "{event_type}");
    }
    for event in ["late", "conflicts", "duplicates", "from_calls", "by_policy"] {
        assert!(tally[event].as_u64() > Some(0), "{event}");
    }
    assert_eq!(tally["refused"], json!({"key-not-valid": 1, "role-missing": 1}));
}

/// A served demonstration. Dropped, it is killed.
struct Served {
    child: Child,
    told: Value,
    /// Links to desks.
    doors: Value,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Served {
    fn start(dir: &Path) -> Self {
        let args = ["demo", "--listen", "127.0.0.1:0", "--dir"];
        let mut child =
            command(args).arg(dir).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it runs");
        let mut stdout = BufReader::new(child.stdout.take().expect("its standard output"));
        let mut line = || {
            let mut line = String::new();
            stdout.read_line(&mut line).expect("readable");
            serde_json::from_str::<Value>(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        let (told, serving, doors) = (line(), line(), line());
        assert_eq!(told["url"], serving["serving"]);
        Self { child, told, doors, stdout }
    }
}

impl Served {
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("readable");
        line
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_served_and_can_be_written_to_and_audited_meanwhile() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("d");
    let mut served = Served::start(&path);
    let url = served.told["url"].as_str().expect("a URL").to_owned();
    let (trust, size) = (path.join("trust.json"), served.told["size"].as_u64().expect("a size"));
    let as_officer = |key: &str| {
        let key = path.join("keys/demo").join(key);
        let stream = format!("case/{}", served.told["case"].as_str().expect("a case"));
        let mut args: Vec<&OsStr> =
            ["append", "--url", &url, "--type", "note.added", "--stream", &stream].map(OsStr::new).to_vec();
        args.extend(["--key".as_ref(), key.as_os_str(), "--trust".as_ref(), trust.as_os_str()]);
        args.extend(["--disclose", "narrative.text=\"made up\""].map(OsStr::new));
        run(args)
    };
    let appended = as_officer("cpc/ma-1.key");
    assert_eq!(
        (&appended.answer["index"], &appended.answer["verified"]),
        (&json!(size), &json!(true)),
        "{appended:?}"
    );
    assert_eq!(as_officer("rop/desk-3.key").code(), "invalid_client", "its key was revoked");
    assert_eq!(as_officer("unicef/observers-1.key").code(), "scope-missing", "an observer may not append");

    let desks = served.doors["desks"].as_array().expect("links").clone();
    let sat: Vec<&str> = desks.iter().filter_map(|desk| desk["desk"].as_str()).collect();
    assert_eq!(sat, ["auditor", "oversight", "operator", "case worker", "hospital desk", "registrar"]);
    for desk in &desks {
        let key = sit_down(&url, desk["link"].as_str().expect("a link")).await;
        let (home, page) = first_page(&url, &key).await;
        // Who sees the whole month begins with its figures; everybody else at a desk of their own.
        let watches = ["auditor", "oversight"].contains(&desk["desk"].as_str().expect("text"));
        assert_eq!(home, if watches { "/desk/oversight" } else { "/desk" }, "{desk}");
        assert_eq!(page.contains("class=\"tile\""), watches, "{desk}");
    }
    // Each link is good for one browser, and another is at hand.
    let next: Value = serde_json::from_str(&served.line()).expect("JSON");
    assert_eq!(next["officer"], desks[0]["officer"]);
    assert_ne!(next["link"], desks[0]["link"]);
    sit_down(&url, next["link"].as_str().expect("a link")).await;
    let now = done(["audit".as_ref(), path.as_os_str(), "--trust".as_ref(), trust.as_os_str()]);
    is_clean(&path, size + 8, &now["root"]);
}

/// Signs a checkpoint with the ledger's own key, as whoever has all its keys in hand could.
fn forged(dir: &Path, size: u64) -> String {
    let key: Value =
        serde_json::from_slice(&std::fs::read(dir.join("keys/log.key")).expect("a key")).expect("JSON");
    let seed =
        sijill_event::b64::decode_array(key["d"].as_str().expect("a key").as_bytes(), "d").expect("a seed");
    let key = NoteSigner::new("sijill.example/demo".parse().expect("a name"), &seed);
    let checkpoint = Checkpoint { origin: key.name().clone(), size, root: Hash([7; 32]) };
    let note = checkpoint.sign(&key).expect("signed");
    AddCheckpoint { old: size, proof: Vec::new(), checkpoint: note }.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_witnesses_and_a_mirror_watch_it_as_processes_of_their_own() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("d");
    let served = Served::start(&path);
    let url = served.told["url"].as_str().expect("a URL").to_owned();
    let trust = path.join("trust.json");
    let guards = served.told["guards"].as_array().expect("guards").clone();
    let who: Vec<(&str, &str)> = guards
        .iter()
        .map(|guard| (guard["kind"].as_str().expect("text"), guard["agency"].as_str().expect("text")))
        .collect();
    assert_eq!(who, [("witness", "mosd"), ("witness", "moh"), ("witness", "unicef"), ("mirror", "sai")]);
    let append = |witnessed: bool| {
        let (key, stream) = (
            path.join("keys/demo/cpc/ma-1.key"),
            format!("case/{}", served.told["case"].as_str().expect("a case")),
        );
        let mut args: Vec<&OsStr> =
            ["append", "--url", &url, "--type", "note.added", "--stream", &stream].map(OsStr::new).to_vec();
        args.extend(["--key".as_ref(), key.as_os_str(), "--trust".as_ref(), trust.as_os_str()]);
        args.extend(["--disclose", "narrative.text=\"made up\""].map(OsStr::new));
        args.extend(witnessed.then_some(OsStr::new("--witnessed")));
        run(args)
    };
    let appended = append(true);
    assert_eq!(appended.answer["verified"], true, "{appended:?}");
    let size = appended.answer["index"].as_u64().expect("an index") + 1;
    let mirror = guards[3]["url"].as_str().expect("a URL").to_owned();
    let health = async || -> Value {
        let answer = reqwest::get(format!("{mirror}/healthz")).await.expect("answered");
        answer.json().await.expect("JSON")
    };
    let replayed = tokio::time::timeout(Duration::from_mins(2), async {
        while health().await["size"].as_u64() < Some(size) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    replayed.await.expect("the mirror replays it");
    let standing = health().await;
    assert_eq!(
        (&standing["alarm"], &standing["levels"]["authority"]["status"]),
        (&Value::Null, &json!("clean"))
    );
    let mirrored = guards[3]["dir"].as_str().expect("a path");
    let report = done(["audit", mirrored, "--trust", trust.to_str().expect("UTF-8")]);
    assert_eq!(report["faults"], json!([]));
    assert!(report["size"].as_u64() >= Some(size), "{report}");

    // A checkpoint forged with every key of the ledger in hand is cosigned by nobody.
    let http = reqwest::Client::new();
    for guard in &guards {
        let url = format!("{}/add-checkpoint", guard["url"].as_str().expect("a URL"));
        let answer = http.post(url).body(forged(&path, size)).send().await.expect("answered");
        assert!([409, 422].contains(&answer.status().as_u16()), "{guard}: {}", answer.status());
    }
    // One witness less changes nothing; two less stop what waits for witnesses, and nothing else.
    stop(&guards[0]);
    assert_eq!(append(true).answer["verified"], true);
    stop(&guards[1]);
    let refused = append(true);
    assert_ne!(refused.status, 0, "{refused:?}");
    assert_eq!(append(false).answer["verified"], true);
    // They end with the demonstration, also if that is killed.
    drop(served);
    let ended = tokio::time::timeout(Duration::from_mins(1), async {
        for guard in &guards[2..] {
            let url = format!("{}/healthz", guard["url"].as_str().expect("a URL"));
            while reqwest::get(&url).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    });
    ended.await.expect("they end");
}

fn stop(guard: &Value) {
    let process = guard["process"].as_u64().expect("a process").to_string();
    let asked = std::process::Command::new("kill").arg(process).status().expect("kill runs");
    assert!(asked.success());
}

/// What a browser does with a link: it makes a key, shows it with its proof, and waits until the registrar has signed it.
async fn sit_down(url: &str, link: &str) -> SigningKey {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().build().expect("a client");
    let ask = async |path: &str, body: Value| -> Value {
        let request = http.post(format!("{url}/desk/enrol/{path}")).header("Origin", url).json(&body);
        let answer = request.send().await.expect("an answer").error_for_status().expect("a good one");
        answer.json().await.expect("JSON")
    };
    let token = link.strip_prefix(&format!("{url}/desk/enrol#")).expect("a link to this desk");
    let invited = ask("open", json!({"token": token})).await;
    assert_eq!(invited["state"], "open");
    let text = |name: &str| invited[name].as_str().expect("text").to_owned();
    let signer = Signer::Officer {
        agency: AgencyId::parse(&text("agency")).expect("an id"),
        officer: OfficerId::parse(&text("officer")).expect("an id"),
    };
    let own = SigningKey::generate().expect("randomness");
    let (key, proof) = prove(&own, &text("origin"), &signer);
    ask("answer", json!({"token": token, "key": key, "proof": proof.to_string()})).await;
    let waited = tokio::time::timeout(Duration::from_mins(1), async {
        while ask("open", json!({"token": token})).await["state"] != "done" {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    waited.await.expect("the registrar signs");
    own
}

/// Signs in; where the officer begins, and that page.
async fn first_page(url: &str, key: &SigningKey) -> (String, String) {
    let http = reqwest::Client::builder().build().expect("a client");
    let post = async |path: &str, body: Value| {
        let request = http.post(format!("{url}/desk/session{path}")).header("Origin", url).json(&body);
        request.send().await.expect("an answer").error_for_status().expect("a good one")
    };
    let challenge: Value = post("/challenge", json!({})).await.json().await.expect("JSON");
    let (nonce, kid) = (challenge["nonce"].as_str().expect("a nonce"), key.public().kid());
    let message = format!("sijill-desk-sign-in/v1\n{url}\n{nonce}\n{kid}\n");
    let signature = sijill_event::b64::encode(key.sign(message.as_bytes()));
    let opened = post("", json!({"nonce": nonce, "kid": kid.to_string(), "signature": signature})).await;
    let cookie = opened.headers()["set-cookie"]
        .to_str()
        .expect("text")
        .split(';')
        .next()
        .expect("a cookie")
        .to_owned();
    let home = opened.json::<Value>().await.expect("JSON")["home"].as_str().expect("a page").to_owned();
    let page = http.get(format!("{url}{home}")).header("Cookie", cookie).send().await.expect("an answer");
    (home, page.error_for_status().expect("a good one").text().await.expect("text"))
}
