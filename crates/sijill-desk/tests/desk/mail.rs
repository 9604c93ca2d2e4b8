//! Notices by e-mail, to a relay that this test is: what it is handed, and what it is not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sijill_desk::{Mail, MailError};
use sijill_event::Json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::land::{CANARIES, CASE, Land, object};

/// A mail as it was handed over: to whom, and its text.
type Taken = Arc<Mutex<Vec<(String, String)>>>;

/// A relay that takes everything, but the first mail only at the second try.
async fn relay() -> (String, Taken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("smtp://{}", listener.local_addr().expect("its address"));
    let (taken, refused) = (Taken::default(), Arc::new(Mutex::new(false)));
    let held = Arc::clone(&taken);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(talk(connection, Arc::clone(&held), Arc::clone(&refused)));
        }
    });
    (url, taken)
}

async fn talk(connection: TcpStream, taken: Taken, refused: Arc<Mutex<bool>>) {
    let (reader, mut writer) = connection.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut to = String::new();
    writer.write_all(b"220 relay.test\r\n").await.expect("there");
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250 relay.test",
            "MAIL" if !std::mem::replace(&mut *refused.lock().expect("held"), true) => "451 later",
            "RCPT" => {
                line.clone_into(&mut to);
                "250 ok"
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await.expect("there");
                let mut text = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    text.push_str(&line);
                    text.push_str("\r\n");
                }
                taken.lock().expect("held").push((to.clone(), text));
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await.expect("there");
    }
}

/// Waits until the relay has so many mails.
async fn mails(taken: &Taken, count: usize) -> Vec<(String, String)> {
    for _ in 0..600 {
        if taken.lock().expect("held").len() >= count {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mails = taken.lock().expect("held").clone();
    assert_eq!(mails.len(), count, "{mails:?}");
    mails
}

/// The text of a mail.
fn read(mail: &str) -> String {
    let (head, body) = mail.split_once("\r\n\r\n").expect("head and body");
    assert!(
        head.contains("Content-Transfer-Encoding: base64") && head.contains("Auto-Submitted: auto-generated")
    );
    let bytes = BASE64_STANDARD.decode(body.replace("\r\n", "")).expect("base64");
    String::from_utf8(bytes).expect("UTF-8")
}

fn boxes(units: &[(&str, &str)]) -> BTreeMap<String, String> {
    units.iter().map(|(unit, mailbox)| ((*unit).to_owned(), (*mailbox).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_told_that_a_case_waits_and_nothing_of_it() {
    let land = Land::open().await;
    let (url, taken) = relay().await;
    let boxes = boxes(&[("moh/hospital-ma", "er@moh.example"), ("cpc/ma", "Committee <desk@cpc.example>")]);
    let mail =
        Mail::new(&url, "Sijill <no-reply@sijill.example>", &boxes, "https://desk.example/").expect("sound");
    let following = tokio::spawn(mail.follow(land.country.ledger.clone()));
    // The follower has begun before anything happens.
    tokio::task::yield_now().await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    land.country.open_case(CASE, "high").await;
    let mut to: Vec<String> = mails(&taken, 2).await.into_iter().map(|(to, _)| to).collect();
    to.sort();
    assert!(to[0].contains("<desk@cpc.example>") && to[1].contains("<er@moh.example>"), "{to:?}");

    let [(_, identity), ..] = CANARIES;
    let child = object(&[
        ("age_band", "5-11".into()),
        ("sex", "female".into()),
        ("situations", Json::Array(Vec::new())),
        ("name", identity.into()),
    ]);
    land.act("h1100/line", "child.registered", child).await;
    // A quarter of an hour: both are reminded, each once for the case, whatever it is of.
    land.country.later(16);
    for (_, mail) in mails(&taken, 4).await {
        let text = read(&mail);
        assert!(text.contains(CASE) && text.contains(&format!("https://desk.example/desk/cases/{CASE}")));
        assert!(text.contains("There is news in the queue") && text.contains("استجدّ في قائمة عمل"));
        for (_, canary) in CANARIES {
            assert!(!text.contains(canary) && !mail.contains(canary));
        }
        for content in ["physical", "abuse", "high", "OM-MA", "female", "5-11", "h1100"] {
            assert!(!text.contains(content), "{content} in {text}");
        }
    }
    following.abort();
}

#[test]
fn what_is_no_relay_mailbox_or_unit_is_refused() {
    let code = |relay: &str, from: &str, unit: &str, mailbox: &str| {
        let made = Mail::new(relay, from, &boxes(&[(unit, mailbox)]), "https://desk.example");
        made.err().map(|error: MailError| error.code())
    };
    let (relay, from) = ("smtps://user:secret@mail.example", "no-reply@sijill.example");
    assert_eq!(code(relay, from, "moh/er", "er@moh.example"), None);
    assert_eq!(code("mail.example", from, "moh/er", "er@moh.example"), Some("mail-relay"));
    assert_eq!(code(relay, "nobody", "moh/er", "er@moh.example"), Some("mail-mailbox"));
    assert_eq!(code(relay, from, "moh/er", "er"), Some("mail-mailbox"));
    assert_eq!(code(relay, from, "moh", "er@moh.example"), Some("mail-unit"));
}
