//! Reading on live: nothing missing, nothing twice, nobody held up.

use std::time::Duration;

use futures::StreamExt;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use sijill_domain::Reason;
use sijill_domain::event::KeyRevoked;
use sijill_event::{Draft, Stream, Uuid};
use sijill_ledger::Wait;
use sijill_ledger::testing::{ORIGIN, START_MS};

use crate::house::{House, json_of};

/// A live answer, read line by line.
struct Live {
    response: Response,
    rest: Vec<u8>,
}

impl Live {
    async fn open(house: &House, token: &str, from: u64) -> Self {
        let path = format!("/v1/events?from={from}&follow=true");
        let response = house.request(Method::GET, &path).bearer_auth(token).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        Self { response, rest: Vec::new() }
    }

    async fn open_sse(house: &House, token: &str, last: Option<u64>) -> Self {
        let mut request = house.request(Method::GET, "/v1/events?follow=true").bearer_auth(token);
        request = request.header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, rest: Vec::new() }
    }

    /// The next line; `None` at a clean end, an error where the answer was cut off.
    async fn line(&mut self) -> Result<Option<String>, reqwest::Error> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&line[..end]).into_owned()));
            }
            match self.response.chunk().await? {
                Some(chunk) => self.rest.extend_from_slice(&chunk),
                None => return Ok(None),
            }
        }
    }

    async fn index(&mut self) -> u64 {
        let line = self.line().await.expect("no break").expect("a line");
        serde_json::from_str::<Value>(&line).expect("JSON")["index"].as_u64().expect("an index")
    }

    /// The next event's `id`, checked against its data.
    async fn id(&mut self) -> u64 {
        loop {
            let line = self.line().await.expect("no break").expect("a line");
            let Some(id) = line.strip_prefix("id: ") else { continue };
            let data = self.line().await.expect("no break").expect("a line");
            let data: Value = serde_json::from_str(data.strip_prefix("data: ").expect("data")).expect("JSON");
            assert_eq!(data["index"].to_string(), id);
            return id.parse().expect("a number");
        }
    }

    async fn ends_cleanly(mut self) {
        while let Some(line) = self.line().await.expect("a clean end") {
            assert!(line.is_empty() || line.starts_with(':') || line.starts_with("retry"), "{line}");
        }
    }
}

/// Appends `count` events of some 50 kB, each in a case of its own; answers the first index.
async fn flood(house: &House, count: usize) -> u64 {
    let seen =
        house.scene.ledger.next(&Stream::parse("case/0").expect("a stream")).await.expect("readable").seen;
    let mut texts = Vec::new();
    for _ in 0..count {
        let stream = Stream::parse(&format!("case/{}", Uuid::now_v7())).expect("a stream");
        let draft = Draft::new("note.added", 1)
            .author("mosd", "worker")
            .aud(ORIGIN)
            .jti(Uuid::now_v7())
            .iat(START_MS / 1000)
            .at(&stream, 0, None)
            .seen(seen.expect("a checkpoint"))
            .open("filling", json_of(json!("x".repeat(37_000))));
        texts.push(draft.sign(&house.mosd().key).expect("signable").to_string());
    }
    let settled = house.scene.ledger.append(texts, Wait::Published).await.expect("room");
    settled.into_iter().map(|result| result.expect("appended").index).min().expect("some")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_comes_back_misses_nothing_and_meets_nothing_twice() {
    const EVENTS: u64 = 120;
    let house = House::open().await;
    let token = house.token(&house.scene.auditor).await;
    let first = house.case("first", None).await;
    let writing = async {
        for n in 0..EVENTS {
            house.case(&format!("n{n}"), None).await;
        }
    };
    let reading = async {
        let mut seen = Vec::new();
        let mut connections = 0;
        while seen.len() < usize::try_from(EVENTS).expect("small") + 1 {
            // By turns in either format, each for a few entries and then gone without a word.
            let (sse, few) = (connections % 2 == 1, 1 + connections % 7);
            let mut live = if sse {
                let last = seen.last().copied().unwrap_or(first - 1);
                Live::open_sse(&house, &token, Some(last)).await
            } else {
                Live::open(&house, &token, seen.last().map_or(first, |last| last + 1)).await
            };
            for _ in 0..few {
                if seen.len() < usize::try_from(EVENTS).expect("small") + 1 {
                    seen.push(if sse { live.id().await } else { live.index().await });
                }
            }
            connections += 1;
        }
        seen
    };
    let ((), seen) = tokio::join!(writing, reading);
    assert_eq!(seen, (first..=first + EVENTS).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_live_reader_is_told_of_what_comes_after() {
    let house = House::open().await;
    let token = house.token(&house.scene.auditor).await;
    let size = house.scene.ledger.published().checkpoint.size;
    let mut live = Live::open(&house, &token, size).await;
    let mut sse = Live::open_sse(&house, &token, Some(size - 1)).await;
    for n in 0..3 {
        let index = house.case(&format!("n{n}"), None).await;
        assert_eq!((live.index().await, sse.id().await), (index, index));
    }
}

#[tokio::test]
async fn a_quiet_event_stream_shows_that_it_is_alive() {
    let house = House::with(|plan| plan.settings.keep_alive = Duration::from_millis(5)).await;
    let token = house.token(&house.scene.auditor).await;
    let size = house.scene.ledger.published().checkpoint.size;
    let mut live = Live::open_sse(&house, &token, Some(size - 1)).await;
    let mut alive = 0;
    while alive < 3 {
        alive += u32::from(live.line().await.expect("no break").expect("a line") == ": here");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_holds_up_nobody() {
    let house = House::open().await;
    let token = house.token(&house.scene.auditor).await;
    let from = house.scene.ledger.published().checkpoint.size;
    let mut slow = Live::open(&house, &token, from).await;
    let first = flood(&house, 400).await;
    let after = house.case("after", None).await;
    let mut quick = Live::open(&house, &token, after).await;
    assert_eq!(quick.index().await, after);
    // It finds everything when it comes to it.
    for expected in first..=after {
        assert_eq!(slow.index().await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_takes_nothing_loses_its_place_to_another() {
    let house = House::with(|plan| {
        plan.settings.readers = 1;
        plan.settings.stall_timeout = Duration::from_millis(50);
    })
    .await;
    let token = house.token(&house.scene.auditor).await;
    let from = house.scene.ledger.published().checkpoint.size;
    let mut stalled = Live::open(&house, &token, from).await;
    let refused = house.get_with(&token, "/v1/events?follow=true").await;
    assert_eq!(refused.problem(), (503, "overloaded".to_owned()));
    flood(&house, 600).await;
    while house.get_with(&token, "/v1/events?limit=1").await.status != StatusCode::OK {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut lines = 0;
    let broken = loop {
        match stalled.line().await {
            Ok(Some(_)) => lines += 1,
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken && lines < 600, "what it did not get is not passed over in silence ({lines} lines)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_that_loses_its_right_in_the_middle_is_cut_off() {
    let house = House::open().await;
    let token = house.token(&house.scene.auditor).await;
    let first = flood(&house, 600).await;
    let path = format!("/v1/events?from={first}&limit=600");
    let response = house.request(Method::GET, &path).bearer_auth(&token).send().await.expect("an answer");
    house.clock.set(START_MS + 600_000);
    let mut body = response.bytes_stream();
    let mut broken = false;
    while let Some(chunk) = body.next().await {
        broken |= chunk.is_err();
    }
    assert!(broken, "a part of a range must not look like the whole");
}

#[tokio::test]
async fn a_live_reading_ends_with_its_key_its_token_or_the_server() {
    let house = House::with(|plan| plan.settings.keep_alive = Duration::from_millis(5)).await;
    let size = async || house.scene.ledger.published().checkpoint.size;
    let auditor = &house.scene.auditor;

    let token = house.token(house.mosd()).await;
    let revoked = Live::open(&house, &token, size().await + 1).await;
    let data =
        KeyRevoked { kid: house.mosd().key.public().kid(), reason: Reason::parse("lost").expect("a reason") }
            .data();
    house.scene.post(&house.scene.roots[0], "agency/mosd", "key.revoked", data, &[]).await.expect("revoked");
    revoked.ends_cleanly().await;

    let token = house.token(auditor).await;
    let expired = Live::open(&house, &token, size().await).await;
    house.clock.set(START_MS + 600_000);
    expired.ends_cleanly().await;

    house.clock.set(START_MS);
    let token = house.token(auditor).await;
    let stopped = Live::open_sse(&house, &token, Some(size().await - 1)).await;
    house.stop.cancel();
    stopped.ends_cleanly().await;
    house.close().await;
}
