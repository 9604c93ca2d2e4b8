//! A server that lies, and one whose answers get lost.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::town::{ORIGIN, Town};

/// An answer: status and body, or none at all.
type Answer = Option<(u16, String)>;
/// What was posted to `/v1/events`, in order.
type Posted = Arc<Mutex<Vec<String>>>;

/// Serves whatever `answer` says for `METHOD path` and the number of posts so far.
fn liar(answer: impl Fn(&str, usize) -> Answer + Send + 'static) -> (String, Posted) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let posted = Posted::default();
    let seen = Arc::clone(&posted);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let Some((what, body)) = read_request(&stream) else { continue };
            let mut posts = seen.lock().expect("whole");
            if what.starts_with("POST /v1/events") {
                posts.push(body);
            }
            if let Some((status, body)) = answer(&what, posts.len()) {
                let head = format!(
                    "HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                stream.write_all((head + &body).as_bytes()).expect("written");
            }
        }
    });
    (url, posted)
}

fn read_request(stream: &TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((first.rsplit_once(' ')?.0.to_string(), String::from_utf8(body).ok()?))
}

/// What an honest server says before an event is posted.
fn honest(what: &str) -> Answer {
    let root = "A".repeat(43);
    let payload = json!({"payload": {
        "iss": "moh", "sub": "amal", "aud": ORIGIN, "jti": "0198f3c2-5a00-7000-8000-000000000001", "iat": 1_756_000_000,
        "stream": "case/A", "seq": 0, "seen": {"size": 1, "root": root}, "v": 1, "_sd_alg": "sha-256",
    }});
    match what {
        "GET /log/checkpoint" => Some((200, format!("{ORIGIN}\n1\nroot\n\n"))),
        "POST /oauth/token" => {
            let token =
                json!({"access_token": "t", "token_type": "Bearer", "expires_in": 600, "scope": "append"});
            Some((200, token.to_string()))
        }
        "GET /v1/streams/case%2FA/next" => Some((200, payload.to_string())),
        _ => None,
    }
}

fn append<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut all =
        vec!["append", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added", "--url", url];
    all.extend(more);
    all
}

#[test]
fn nothing_is_signed_in_another_name_or_for_another_ledger() {
    let town = Town::new();
    for (from, to) in [("\"sub\":\"amal\"", "\"sub\":\"root\""), (ORIGIN, "other.example/2026")] {
        let (url, posted) = liar(move |what, _| {
            let (status, body) = honest(what)?;
            Some((status, if what.starts_with("GET /v1") { body.replace(from, to) } else { body }))
        });
        let refused = town.run(append(&url, &[]));
        assert_eq!(refused.refused(2), "usage");
        assert!(refused.err.contains("nothing is signed"), "{}", refused.err);
        assert!(posted.lock().expect("whole").is_empty());
    }
}

#[test]
fn answers_the_api_does_not_promise_are_refused() {
    let town = Town::new();
    for broken in ["GET /v1/streams/case%2FA/next", "POST /oauth/token"] {
        let (url, _) =
            liar(move |what, _| if what == broken { Some((200, "{".to_string())) } else { honest(what) });
        assert_eq!(town.run(append(&url, &[])).refused(2), "server-answer", "{broken}");
    }
    let (url, _) = liar(|what, _| honest(what).or(Some((302, String::new()))));
    assert_eq!(town.run(append(&url, &[])).refused(2), "http-status", "redirects are not followed");
}

#[test]
fn a_receipt_for_something_else_is_not_believed() {
    let town = Town::busy();
    let write =
        ["append", "--dir", "d", "--key", "moh-amal.key", "--stream", "case/A", "--type", "note.added"];
    let receipt = town.good(write).to_string();
    let checkpoint = std::fs::read_to_string(town.path("d/seal")).expect("read");
    let (url, _) = liar(move |what, _| match what {
        "GET /log/checkpoint" => Some((200, checkpoint.clone())),
        _ => honest(what).or(Some((201, receipt.clone()))),
    });
    let refused = town.run(append(&url, &["--trust", "d/trust.json"]));
    assert_eq!(refused.refused(1), "receipt-invalid");
    let unverified = town.good(append(&url, &[]));
    assert_eq!(unverified["verified"], false, "without trust it says that nothing was verified");
}

#[test]
fn an_event_whose_answers_are_all_lost_is_neither_appended_nor_refused() {
    let town = Town::new();
    let (url, posted) = liar(|what, _| honest(what));
    let unknown = town.run(append(&url, &[]));
    assert_eq!(unknown.refused(2), "outcome-unknown");
    let posted = posted.lock().expect("whole");
    assert!(
        posted.len() > 1 && posted.iter().all(|body| *body == posted[0]),
        "the same bytes, again and again"
    );
}

#[test]
fn after_a_lost_answer_the_same_bytes_are_sent_again() {
    let town = Town::new();
    let receipt = json!({"index": 7, "received": 1, "jti": "x", "proof": "p"}).to_string();
    let (url, posted) = liar(move |what, posts| match posts {
        _ if !what.starts_with("POST /v1/events") => honest(what),
        1 => None,
        2 => Some((503, json!({"code": "busy", "detail": "try again"}).to_string())),
        _ => Some((200, receipt.clone())),
    });
    let appended = town.good(append(&url, &[]));
    assert_eq!((&appended["index"], &appended["first"]), (&Value::from(7), &Value::from(false)));
    let posted = posted.lock().expect("whole");
    assert_eq!(posted.len(), 3);
    assert!(posted.iter().all(|body| *body == posted[0]), "never signed anew");
}
