//! Every refusal of this crate that a client can bring about, as the whole answer.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use reqwest::Method;
use sijill_web::WebError;

use crate::house::{Answer, House, NDJSON, SD_JWT};

#[tokio::test]
async fn each_refusal_is_a_problem() {
    let house = House::open().await;
    let worker = house.token(house.mosd()).await;
    let ask = |method: Method, path: &str| house.request(method, path).bearer_auth(&worker);
    for (code, request) in [
        ("not-found", ask(Method::GET, "/v1/nothing")),
        ("method-not-allowed", ask(Method::DELETE, "/v1/events")),
        ("not-acceptable", ask(Method::GET, "/v1/registry").header("accept", "text/html")),
        ("not-published", ask(Method::GET, "/v1/events/999")),
        ("nothing-witnessed", ask(Method::GET, "/log/witnessed")),
        ("query", ask(Method::GET, "/v1/events?from=first")),
        ("path", ask(Method::GET, "/v1/streams/case/next")),
        (
            "header",
            ask(Method::GET, "/v1/events")
                .header("accept", "text/event-stream")
                .header("last-event-id", "-1"),
        ),
        ("media-type", ask(Method::POST, "/v1/events").header("content-type", "application/json").body("{}")),
        ("body-empty", ask(Method::POST, "/v1/events").header("content-type", SD_JWT).body("\r\n")),
        ("body-not-utf8", ask(Method::POST, "/v1/events").header("content-type", SD_JWT).body(vec![0xff])),
        ("token-missing", house.request(Method::GET, "/v1/registry")),
        ("token-invalid", house.request(Method::GET, "/v1/registry").bearer_auth("x")),
        ("scope-missing", ask(Method::GET, "/log/tile/entries/000")),
    ] {
        let answer = Answer::to(request).await;
        assert_eq!(answer.problem().1, code);
        insta::assert_snapshot!(code, answer.shown());
    }
}

#[tokio::test]
async fn queries_and_paths_are_read_strictly() {
    let house = House::open().await;
    let token = house.token(&house.scene.auditor).await;
    for (code, path) in [
        ("query", "/v1/events?from=-1"),
        ("query", "/v1/events?from=1&from=2"),
        ("query", "/v1/events?form=1"),
        ("query", "/v1/events?follow=yes"),
        ("query", "/v1/streams/ledger/events?limit=0"),
        ("query", "/v1/streams/ledger/events?limit=1001"),
        ("query", "/v1/events?from=007"),
        ("query", "/v1/events?limit=%2B1"),
        ("query", "/v1/streams/ledger/events?from=00"),
        ("query", "/v1/streams/ledger/events?limit=4294967297"),
        ("query", "/v1/cases/7Q/history?from=01"),
        ("query", "/v1/units/mosd/desk/queue?limit=%2B5"),
        ("query", "/v1/proofs/inclusion?index=+0"),
        ("query", "/v1/proofs/inclusion?index=0&size=01"),
        ("query", "/v1/proofs/consistency?from=0&to=%2B1"),
        ("query", "/v1/registry?at=01"),
        ("query", "/v1/proofs/inclusion"),
        ("query", "/v1/registry?at="),
        ("path", "/v1/events/01"),
        ("path", "/v1/events/+1"),
        ("path", "/v1/events/x"),
        ("path", "/v1/streams/case%2F/events"),
        ("path", "/v1/streams/court%2F7/events"),
        ("path", "/v1/streams/case%2F%FF/events"),
        ("path", "/log/tile/%FF"),
        ("path", "/docs/%FF"),
        ("not-found", "/v1/streams/case/7Q/events"),
        ("not-published", "/v1/proofs/inclusion?index=0&size=999"),
        ("not-published", "/v1/proofs/inclusion?index=5&size=5"),
        ("not-published", "/v1/proofs/consistency?from=3&to=2"),
        ("not-published", "/v1/proofs/consistency?from=3&to=999"),
    ] {
        assert_eq!(house.get_with(&token, path).await.problem().1, code, "{path}");
    }
    let answer = house.request(Method::POST, "/v1/events?wait=long").header("content-type", SD_JWT).body("x");
    assert_eq!(Answer::to(answer).await.problem().1, "query");
    assert_eq!(house.post(NDJSON, "").await.problem().1, "body-empty");
    assert_eq!(house.post("text/plain", "x").await.problem().1, "media-type");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_ends_early_is_refused() {
    let house = House::open().await;
    let address = house.address;
    let answer = tokio::task::spawn_blocking(move || {
        let mut connection = TcpStream::connect(address)?;
        write!(connection, "POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: {SD_JWT}\r\n")?;
        // A chunk that is none.
        write!(connection, "transfer-encoding: chunked\r\n\r\nzz\r\n")?;
        let _ = connection.shutdown(Shutdown::Write);
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer)
    });
    let answer = answer.await.expect("no panic").expect("an answer");
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains(r#""code":"body-unreadable""#),
        "{answer}"
    );
}

/// The shape of every refusal this crate makes, also of those that no client can bring about at will.
#[test]
fn the_whole_list() {
    use axum::response::IntoResponse;
    let list: Vec<String> = WebError::examples()
        .into_iter()
        .map(|error| {
            let (code, detail) = (error.code(), error.to_string());
            let response = error.into_response();
            let header = |name: &str| {
                let value = response.headers().get(name).map(|value| value.to_str().expect("ASCII"));
                value.map_or_else(String::new, |value| format!(" [{name}: {value}]"))
            };
            let headers = [header("www-authenticate"), header("retry-after")].concat();
            format!("{} {code}{headers}: {detail}", response.status().as_u16())
        })
        .collect();
    insta::assert_snapshot!(list.join("\n"));
}
