//! Everything is bounded.

use std::num::NonZeroU32;
use std::time::Duration;

use reqwest::{Body, Method};
use sijill_web::Rate;

use crate::house::{Answer, House, NDJSON, SD_JWT};

/// A body whose length is not announced.
fn chunks(bytes: usize) -> Body {
    let parts = (0..bytes.div_ceil(65_536)).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 65_536]));
    Body::wrap_stream(futures::stream::iter(parts))
}

#[tokio::test]
async fn bodies_are_bounded_whether_announced_or_not() {
    let house = House::open().await;
    let too_large = (413, "body-too-large".to_owned());
    let answer = house.post(SD_JWT, vec![b'x'; (1 << 20) + 3]).await;
    assert_eq!(answer.problem(), too_large);
    insta::assert_snapshot!("body_too_large", answer.shown());
    assert_eq!(house.post(SD_JWT, chunks((1 << 20) + 65_536)).await.problem(), too_large);
    assert_eq!(house.post(NDJSON, vec![b'x'; (16 << 20) + 1]).await.problem(), too_large);
    assert_eq!(house.post(NDJSON, "x\n".repeat(2_001)).await.problem(), (413, "too-many-lines".to_owned()));
    assert_eq!(house.post(NDJSON, "x\n".repeat(2_000)).await.lines().len(), 2_000);
    let form = house
        .request(Method::POST, "/oauth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("x".repeat(20_000));
    assert_eq!(Answer::to(form).await.problem(), too_large);

    let token = house.token(house.mosd()).await;
    let put =
        |body: Body| Answer::to(house.request(Method::PUT, "/v1/attachments").bearer_auth(&token).body(body));
    assert_eq!(put(vec![0; 20_000_001].into()).await.problem(), too_large);
    assert_eq!(put(chunks(20_000_001)).await.problem(), too_large);
}

#[tokio::test]
async fn an_address_has_its_share_and_no_more() {
    let rate = Rate { burst: NonZeroU32::MIN.saturating_add(1), refill: Duration::from_hours(1) };
    let house = House::with(|plan| plan.settings.rate = Some(rate)).await;
    assert_eq!(house.get("/openapi.json").await.status.as_u16(), 200);
    assert_eq!(house.get("/nowhere").await.status.as_u16(), 404);
    let refused = house.get("/openapi.json").await;
    assert_eq!(refused.problem(), (429, "rate-limited".to_owned()));
    let after: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=3_600).contains(&after), "{after}");
    // Who watches over the server is never turned away, and nobody gets another share by a header.
    assert_eq!(house.get("/health/live").await.status.as_u16(), 200);
    let claimed = house.request(Method::GET, "/openapi.json").header("x-forwarded-for", "192.0.2.1");
    assert_eq!(Answer::to(claimed).await.status.as_u16(), 429);
}

#[tokio::test]
async fn the_published_log_is_read_by_the_hundred_and_is_no_part_of_the_share() {
    let rate = Rate { burst: NonZeroU32::MIN, refill: Duration::from_hours(1) };
    let house = House::with(|plan| plan.settings.rate = Some(rate)).await;
    for _ in 0..200 {
        assert_eq!(house.get("/log/tile/0/000.p/1").await.status.as_u16(), 200);
    }
    for (path, status) in [("/log/checkpoint", 200), ("/log/tile/1/000", 404), ("/log/tile/nonsense", 400)] {
        assert_eq!(house.get(path).await.status.as_u16(), status, "{path}");
    }
    // Nothing of that was counted; entries are, like the rest.
    assert_eq!(house.get("/log/tile/entries/000.p/1").await.status.as_u16(), 401);
    for path in ["/log/tile/entries/000.p/1", "/v1/proofs/consistency?from=0", "/openapi.json"] {
        assert_eq!(house.get(path).await.problem(), (429, "rate-limited".to_owned()), "{path}");
    }
    assert_eq!(house.get("/log/checkpoint").await.status.as_u16(), 200);
}

#[tokio::test]
async fn behind_a_proxy_each_client_has_a_share_of_its_own() {
    let rate = Rate { burst: NonZeroU32::MIN, refill: Duration::from_hours(1) };
    let house = House::with(|plan| {
        plan.settings.rate = Some(rate);
        plan.settings.behind_proxy = true;
    })
    .await;
    let from = async |forwarded: &str| {
        let request = house.request(Method::GET, "/openapi.json").header("x-forwarded-for", forwarded);
        Answer::to(request).await.status.as_u16()
    };
    assert_eq!(from("192.0.2.1").await, 200);
    assert_eq!(from("192.0.2.1").await, 429);
    assert_eq!(from("192.0.2.2").await, 200);
    assert_eq!(
        from("198.51.100.9, 192.0.2.2").await,
        429,
        "what the client claims to the left does not count"
    );
}

#[tokio::test]
async fn above_its_bounds_the_server_says_come_back() {
    let come_back = |answer: &Answer, code: &str| {
        assert_eq!(answer.problem(), (503, code.to_owned()));
        assert_eq!(answer.header("retry-after"), "1");
    };
    let house = House::with(|plan| plan.settings.requests = 0).await;
    come_back(&house.get("/openapi.json").await, "overloaded");
    come_back(&house.get("/log/checkpoint").await, "overloaded");
    assert_eq!(house.get("/health/ready").await.status.as_u16(), 200);

    let house = House::with(|plan| plan.settings.body_bytes = 4096).await;
    come_back(&house.post(SD_JWT, "x".repeat(5_000)).await, "overloaded");
    assert_eq!(house.post(SD_JWT, "x").await.status.as_u16(), 400);
    assert_eq!(house.post(SD_JWT, "x".repeat(4_096)).await.status.as_u16(), 400, "its share was given back");

    let house = House::with(|plan| plan.queue = 2).await;
    come_back(&house.post(NDJSON, "x\nx\nx\n").await, "busy");

    let house = House::with(|plan| plan.settings.request_timeout = Duration::from_millis(50)).await;
    let endless = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    come_back(&house.post(SD_JWT, Body::wrap_stream(endless)).await, "timed-out");
}

#[tokio::test]
async fn a_ledger_that_cannot_seal_is_not_ready_and_says_so() {
    let house = House::open().await;
    let event = house.signed(house.mosd(), "case/7Q").await;
    std::fs::remove_dir_all(house.dir.path().join("seal")).expect("removed");
    let refused = house.post(SD_JWT, event.clone()).await;
    assert_eq!(refused.problem(), (503, "unavailable".to_owned()));
    insta::assert_snapshot!("not_ready", house.get("/health/ready").await.shown());

    std::fs::create_dir(house.dir.path().join("seal")).expect("created");
    // The ledger seals again in its own time; until then it says what it said: the same bytes, later.
    let mut taken = house.post(SD_JWT, event.clone()).await;
    for _ in 0..300 {
        if taken.status.as_u16() != 503 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        taken = house.post(SD_JWT, event.clone()).await;
    }
    assert!(taken.status.is_success(), "{}", taken.text());
    assert_eq!(house.get("/health/ready").await.status.as_u16(), 200);
}
