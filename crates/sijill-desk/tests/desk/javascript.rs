//! The scripts in Node: their own tests, and a round trip with the ledger's parser and rules.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};
use sijill_event::{SigningKey, b64, possession_message};
use sijill_ledger::testing::ORIGIN;

use crate::foreign;
use crate::house::scene;

#[test]
fn the_scripts_pass_their_own_tests() {
    let Some(mut node) = foreign::node() else { return };
    let output = node.args(["--test", "tests/js/"]).output().expect("node runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("# tests 0"), "nothing was tested: {said}");
}

/// Runs `tests/js/sign-one.js` on this.
fn signed(input: &Value) -> Option<Value> {
    let mut child = foreign::node()?
        .arg("tests/js/sign-one.js")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs");
    child.stdin.take().expect("a pipe").write_all(input.to_string().as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

#[tokio::test]
async fn what_a_browser_signs_the_ledger_takes() {
    let (scene, _dir, _) = scene().await;
    let worker = &scene.workers[0];
    let public = worker.key.public();
    for (case, note) in [("J1", "قالت: \"نعم\" \\ 😀\u{2028}\n\tend"), ("J2", "")] {
        let stream = sijill_event::Stream::parse(&format!("case/{case}")).expect("a stream");
        let next = scene.ledger.next(&stream).await.expect("readable");
        let seen = next.seen.expect("a checkpoint");
        let prepared = json!({
            "iss": "mosd", "sub": "worker", "aud": ORIGIN, "jti": sijill_event::Uuid::now_v7().to_string(),
            "iat": scene.ledger.now_ms() / 1000, "stream": stream.as_str(), "seq": next.seq,
            "seen": {"size": seen.size, "root": b64::encode(seen.root)}, "v": 1, "_sd_alg": "sha-256",
        });
        let hidden = json!([
            {"class": "casework", "name": "priority", "value": "high"},
            {"class": "casework", "name": "deadline", "value": null},
            {"class": "narrative", "name": "note", "value": note},
            {"class": "identity", "name": "names", "value": {"ar": "سالم", "n": [1, -5, true, {}]}},
        ]);
        let event = json!({
            "stream": stream.as_str(), "type": "note.added", "v": 1, "occurred": "2026-01-04T07:59:00+04:00",
            "open": {"to": {"agency": "moh"}}, "hidden": hidden,
        });
        let input = json!({
            "seed": b64::encode(*worker.key.seed()), "x": b64::encode(public.as_bytes()), "agency": "mosd",
            "officer": "worker", "origin": ORIGIN, "prepared": prepared, "event": event,
            "site": "https://desk.example", "nonce": "n",
        });
        let Some(answer) = signed(&input) else { return };
        assert_eq!(answer["kid"], public.kid().to_string());
        let text = answer["event"].as_str().expect("an SD-JWT").to_owned();
        let read = sijill_event::SdJwt::parse(&text).expect("well-formed");
        let (_, disclosed) = read.disclosures.iter().find(|(_, d)| d.name == "note").expect("the note");
        assert_eq!(disclosed.value.as_str(), Some(note));
        scene.send(text).await.expect("accepted");
        possession(public, &answer);
    }
}

fn possession(public: &sijill_event::PublicKey, answer: &Value) {
    let signature = |name: &str| -> [u8; 64] {
        b64::decode_array(answer[name].as_str().expect("a signature"), "a signature").expect("base64url")
    };
    let message = possession_message(ORIGIN, "mosd", "worker", public.kid());
    public.verify(&message, &signature("possession")).expect("it holds");
    let sign_in = format!("sijill-desk-sign-in/v1\nhttps://desk.example\nn\n{}\n", public.kid());
    public.verify(sign_in.as_bytes(), &signature("signIn")).expect("it holds");
    let other = SigningKey::generate().expect("randomness");
    assert!(other.public().verify(&message, &signature("possession")).is_err());
}
