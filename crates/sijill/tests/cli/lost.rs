//! Files of events over a line that loses answers, and runs that are killed: repeated, each event is there once.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::town::Town;

/// A line to a server. While it is broken, what is posted to it arrives and the answer does not come back.
struct Wire {
    url: String,
    broken: Arc<AtomicBool>,
}

impl Wire {
    /// To the server at `url`; breaks by itself after as many posted batches.
    fn to(url: &str, batches: usize) -> Self {
        let server = url.strip_prefix("http://").expect("plain HTTP").to_string();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let (broken, posts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let state = Arc::clone(&broken);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&server) else { continue };
                let (broken, posts) = (Arc::clone(&state), Arc::clone(&posts));
                std::thread::spawn(move || carry(&client, &server, batches, &broken, &posts));
            }
        });
        Self { url, broken }
    }

    fn mend(&self) {
        self.broken.store(false, Ordering::SeqCst);
    }
}

/// Carries one connection, until an answer is lost on it.
fn carry(client: &TcpStream, server: &TcpStream, batches: usize, broken: &AtomicBool, posts: &AtomicUsize) {
    let loses = AtomicBool::new(false);
    let copy = |mut from: &TcpStream, mut to: &TcpStream, back: bool| {
        let mut bytes = vec![0; 65_536];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            if !back && bytes[..read].starts_with(b"POST /v1/events") {
                if posts.fetch_add(1, Ordering::SeqCst) == batches {
                    broken.store(true, Ordering::SeqCst);
                }
                loses.store(broken.load(Ordering::SeqCst), Ordering::SeqCst);
            }
            if (back && loses.load(Ordering::SeqCst)) || to.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    };
    std::thread::scope(|scope| {
        scope.spawn(|| copy(client, server, false));
        copy(server, client, true);
    });
}

fn lines(count: usize) -> Vec<String> {
    let line = |n: usize| {
        format!(r#"{{"stream":"case/L{}","type":"note.added","data":{{"casework":{{"n":{n}}}}}}}"#, n % 5)
    };
    (0..count).map(line).collect()
}

const APPEND: [&str; 7] =
    ["append", "--key", "moh-amal.key", "--file", "e.ndjson", "--receipts", "receipts.ndjson"];

#[test]
fn what_stayed_unknown_is_sent_again_as_it_was() {
    let town = Town::busy();
    let server = town.serve();
    let wire = Wire::to(&server.url, 1);
    let mut all = lines(1_200);
    all[100] = r#"{"stream":"auto/L1","type":"note.added"}"#.to_string();
    // No event, in the batch that is lost: refused before the others are sent, and again when they are sent again.
    all[600] = "nonsense".to_string();
    fs::write(town.path("e.ndjson"), all.join("\n")).expect("written");
    let append = || APPEND.into_iter().chain(["--url", &wire.url, "--trust", "d/trust.json"]);

    let lost = town.run(append());
    assert_eq!(lost.status, 2, "{lost:?}");
    let tally = lost.json();
    assert_eq!(
        [&tally["appended"], &tally["known"], &tally["refused"], &tally["unknown"]],
        [&Value::from(499), &Value::from(0), &Value::from(2), &Value::from(499)],
        "{tally}"
    );
    assert!(tally["stopped"].as_str().is_some_and(|why| why.starts_with("line 501: event ")), "{tally}");
    let kept = kept(&town);
    assert_eq!(kept.len(), 999, "both batches were kept before they were sent");
    let said = town.run_for_people(&append().chain(["--witnessed"]).collect::<Vec<_>>());
    assert_eq!(said.status, 2, "the line is still broken");
    assert!(said.out.contains("outcome unknown of 499 lines"), "{}", said.out);
    assert!(said.out.contains("run the same command again"), "{}", said.out);
    assert_eq!(kept, self::kept(&town), "nothing was signed anew");

    wire.mend();
    let held = fs::File::open(town.path("e.ndjson.unsettled")).expect("there");
    held.lock().expect("free");
    assert_eq!(town.run(append()).refused(2), "usage", "another run holds it");
    drop(held);
    let other = town.run(append().map(|word| if word == "moh-amal.key" { "moh-root.key" } else { word }));
    assert_eq!(other.refused(2), "file-malformed", "another author");
    for (line, changed) in [(499, "the last settled line"), (700, "a line that was signed")] {
        let text = all.join("\n").replace(&format!("\"n\":{line}}}"), "\"n\":0}");
        fs::write(town.path("e.ndjson"), text).expect("written");
        assert_eq!(town.run(append()).refused(2), "file-malformed", "{changed}");
    }
    fs::write(town.path("e.ndjson"), all.join("\n")).expect("written");

    let whole = town.run(append());
    assert_eq!(whole.status, 1, "two lines were refused: {whole:?}");
    let tally = whole.json();
    assert_eq!(
        [&tally["appended"], &tally["known"], &tally["refused"], &tally["unknown"]],
        [&Value::from(699), &Value::from(499), &Value::from(2), &Value::from(0)],
        "{tally}"
    );
    assert_eq!((&tally["refusals"][0]["line"], &tally["refusals"][1]["line"]), (&101.into(), &601.into()));
    assert!(!town.path("e.ndjson.unsettled").exists());
    let receipts = fs::read_to_string(town.path("receipts.ndjson")).expect("read");
    let receipts: Vec<Value> =
        receipts.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(
        receipts.iter().map(|receipt| receipt["line"].as_u64()).collect::<Vec<_>>(),
        (1..=1_200).map(Some).collect::<Vec<_>>(),
        "each line once, in order"
    );
    let jtis: BTreeSet<&str> = receipts.iter().filter_map(|receipt| receipt["jti"].as_str()).collect();
    assert_eq!(jtis.len(), 1_198);
    assert!(kept.iter().filter(|(line, _)| *line != 101).all(|(_, jti)| jtis.contains(jti.as_str())));
    server.stop();
    assert_eq!(town.good(["audit", "d", "--trust", "d/trust.json"])["entries"], 11 + 1_198);
}

/// Line and `jti` of what is kept.
fn kept(town: &Town) -> Vec<(u64, String)> {
    let path = town.path("e.ndjson.unsettled");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    }
    let text = fs::read_to_string(path).expect("read");
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let signed = records.filter_map(|record| {
        let event = sijill_event::SdJwt::parse(record["sd_jwt"].as_str()?).expect("signed").event;
        Some((record["line"].as_u64().expect("a line"), event.jti.to_string()))
    });
    signed.collect()
}

#[test]
fn killed_at_any_moment_and_run_again_every_event_is_there_once() {
    let town = Town::busy();
    let server = town.serve();
    fs::write(town.path("e.ndjson"), lines(4_000).join("\n")).expect("written");
    let args: Vec<&str> = APPEND.into_iter().chain(["--url", &server.url]).collect();
    let mut unfinished = 0;
    // Where it is killed depends on the machine, what comes of it must not.
    for pause in [5, 20, 50, 100, 150, 200, 300, 450] {
        let mut command = town.command(&args);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
        std::thread::sleep(Duration::from_millis(pause));
        child.kill().expect("killed");
        if child.wait().expect("dead").code().is_none() {
            unfinished += 1;
        } else {
            break;
        }
    }
    assert!(unfinished > 0, "it was killed at least once");
    if !town.path("receipts.ndjson").exists() || town.path("e.ndjson.unsettled").exists() {
        let tally = town.good(&args);
        let count = |what: &str| tally[what].as_u64().expect("a count");
        assert_eq!((count("appended") + count("known"), count("refused")), (4_000, 0), "{tally}");
    }
    let receipts = fs::read_to_string(town.path("receipts.ndjson")).expect("read");
    assert_eq!(receipts.lines().count(), 4_000);
    server.stop();
    assert_eq!(town.good(["audit", "d", "--trust", "d/trust.json"])["entries"], 11 + 4_000);
}
