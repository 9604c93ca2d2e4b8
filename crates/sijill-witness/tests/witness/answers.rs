//! Every answer over HTTP, by C2SP tlog-witness v1.0.0.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sijill_log::{Checkpoint, EMPTY_ROOT, Note, NoteSignature, NoteSigner, cosignature};
use sijill_witness::{MAX_BODY, Rate, Settings, router};

use crate::log::{House, Leaves, NOW, ORIGIN, key, signer};

struct Served {
    house: House,
    url: String,
}

struct Reply {
    status: u16,
    kind: String,
    body: String,
}

impl Served {
    async fn new(settings: Settings) -> Self {
        // What else is built in this workspace may have reqwest want one; the second is refused.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let house = House::new().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = router(house.witness.clone(), settings);
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { house, url }
    }

    async fn open() -> Self {
        Self::new(Settings { rate: None, ..Settings::default() }).await
    }

    async fn post(&self, body: impl ToString) -> Reply {
        let url = format!("{}/add-checkpoint", self.url);
        let response =
            reqwest::Client::new().post(url).body(body.to_string()).send().await.expect("it answers");
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().expect("text").to_owned());
        let status = response.status().as_u16();
        Reply { status, kind: kind.unwrap_or_default(), body: response.text().await.expect("text") }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("{}{path}", self.url)).await.expect("it answers");
        (response.status().as_u16(), response.text().await.expect("text"))
    }
}

/// The note with the lines of an answer added: what a client publishes.
fn cosigned(note: &Note, lines: &str) -> Note {
    let mut note = note.clone();
    for line in NoteSignature::parse_lines(lines).expect("signature lines") {
        note.add(line).expect("room");
    }
    note
}

#[tokio::test]
async fn growth_is_cosigned_with_the_time() {
    let served = Served::open().await;
    let leaves = Leaves::of(300, 300, 0);
    let mut old = 0;
    for size in [1, 2, 5, 5, 256, 300] {
        let reply = served.post(leaves.request(old, size)).await;
        assert_eq!((reply.status, reply.kind.as_str()), (200, "text/plain; charset=utf-8"), "{}", reply.body);
        let note = cosigned(&leaves.note(size), &reply.body);
        assert_eq!(cosignature::verify(&note, key(1).verifier()), Ok(Some(NOW)));
        old = size;
    }
    served.house.clock.0.store(NOW + 60, Ordering::SeqCst);
    let again = served.post(leaves.request(300, 300)).await;
    let note = cosigned(&leaves.note(300), &again.body);
    assert_eq!(cosignature::verify(&note, key(1).verifier()), Ok(Some(NOW + 60)), "cosigned anew");
    let held = served.house.state.held(ORIGIN).await.expect("read").expect("held");
    assert_eq!((held.checkpoint, held.note), (leaves.checkpoint(300), leaves.note(300)));
}

#[tokio::test]
async fn the_empty_log_is_a_log() {
    let served = Served::open().await;
    let leaves = Leaves::of(3, 3, 0);
    assert_eq!(served.post(leaves.request(0, 0)).await.status, 200);
    assert_eq!(served.post(leaves.request(0, 0)).await.status, 200);
    assert_eq!(served.post(leaves.request(0, 3)).await.status, 200);
}

#[tokio::test]
async fn malformed_is_400() {
    let served = Served::open().await;
    let leaves = Leaves::of(9, 9, 0);
    let good = leaves.request(0, 9);
    let text = leaves.checkpoint(9).to_string();
    let signed = |text: String| Note::new(text.clone(), signer().sign(&text)).expect("a note");
    let extended = signed(format!("{text}an extension line\n"));
    let full_of_nothing = Checkpoint { size: 0, ..leaves.checkpoint(9) };
    let full_of_nothing = signed(full_of_nothing.to_string());
    for body in [
        String::new(),
        "old 0\n".to_owned(),
        good.to_string().replacen("old 0", "old 00", 1),
        good.to_string().replacen("old", "new", 1),
        good.to_string().replacen("old 0\n", &format!("old 0\n{}\n", "x".repeat(44)), 1),
        format!("old 0\n{}\n{}", format!("{EMPTY_ROOT}\n").repeat(64), good.checkpoint),
        format!("old 0\n\n{extended}"),
        format!("old 0\n\n{full_of_nothing}"),
        good.to_string().replacen("9\n", "-9\n", 1),
    ] {
        let reply = served.post(&body).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.body);
        assert!(reply.body.len() > 10, "it says why");
    }
    let above = served.post(leaves.request(10, 9)).await;
    assert_eq!(above.status, 400, "old above new");
    assert!(served.house.state.held(ORIGIN).await.expect("read").is_none());
}

#[tokio::test]
async fn an_unknown_log_is_404_also_when_it_is_not_trusted_any_more() {
    let served = Served::open().await;
    let leaves = Leaves::of(9, 9, 0);
    let other = NoteSigner::new("other.example".parse().expect("a name"), &[7; 32]);
    let mut request = leaves.request(0, 9);
    let checkpoint = Checkpoint { origin: other.name().clone(), ..leaves.checkpoint(9) };
    request.checkpoint = checkpoint.sign(&other).expect("a checkpoint");
    assert_eq!(served.post(&request).await.status, 404);

    assert_eq!(served.post(leaves.request(0, 5)).await.status, 200);
    served.house.state.distrust(ORIGIN, None).await.expect("known");
    assert_eq!(served.post(leaves.request(5, 9)).await.status, 404);
    let unknown = served.house.state.distrust(ORIGIN, None).await.expect_err("gone already");
    assert_eq!(unknown.code(), "log-unknown");

    // What was cosigned outlasts the trust.
    served.house.state.trust(ORIGIN, signer().verifier()).await.expect("trusted");
    let forgotten = served.post(leaves.request(0, 9)).await;
    assert_eq!((forgotten.status, forgotten.body.as_str()), (409, "5\n"));
}

#[tokio::test]
async fn a_checkpoint_the_log_did_not_sign_is_403() {
    let served = Served::open().await;
    let leaves = Leaves::of(9, 9, 0);
    let text = leaves.checkpoint(9).to_string();
    let stranger = NoteSigner::new(ORIGIN.parse().expect("a name"), &[8; 32]);
    let mut wrong = signer().sign("another text\n");
    wrong.signature.truncate(64);
    for signature in [stranger.sign(&text), wrong] {
        let mut request = leaves.request(0, 9);
        request.checkpoint = Note::new(text.clone(), signature).expect("a note");
        assert_eq!(served.post(&request).await.status, 403);
    }
    // Twice by one key: two verifiers could look at two of them.
    let mut request = leaves.request(0, 9);
    request.checkpoint.add(signer().sign(&text)).expect("room");
    assert_eq!(served.post(&request).await.status, 403);
}

#[tokio::test]
async fn another_old_size_is_409_with_the_size() {
    let served = Served::open().await;
    let leaves = Leaves::of(20, 20, 0);
    let first = served.post(leaves.request(3, 9)).await;
    assert_eq!((first.status, first.kind.as_str(), first.body.as_str()), (409, "text/x.tlog.size", "0\n"));
    served.house.grow(&leaves, 0, 9).await;
    for (old, size) in [(0, 9), (0, 20), (3, 5), (8, 20), (10, 20), (20, 20), (5, 5)] {
        let reply = served.post(leaves.request(old, size)).await;
        assert_eq!((reply.status, reply.body.as_str()), (409, "9\n"), "{old} to {size}");
        assert_eq!(reply.kind, "text/x.tlog.size");
    }
    // v1.0.0 answers another root for the same size so too; later drafts say 422.
    let forked = served.post(Leaves::of(20, 4, 1).request(9, 9)).await;
    assert_eq!((forked.status, forked.body.as_str()), (409, "9\n"));
}

#[tokio::test]
async fn a_proof_that_does_not_lead_there_is_422() {
    let served = Served::open().await;
    let leaves = Leaves::of(20, 20, 0);
    let mut unasked = leaves.request(0, 9);
    unasked.proof.push(EMPTY_ROOT);
    assert_eq!(served.post(&unasked).await.status, 422, "nothing is proved from the empty tree");
    served.house.grow(&leaves, 0, 9).await;
    let mut none = leaves.request(9, 20);
    none.proof.clear();
    let mut wrong = leaves.request(9, 20);
    wrong.proof.swap(0, 1);
    let mut same = leaves.request(9, 9);
    same.proof.push(EMPTY_ROOT);
    for request in [none, wrong, same, Leaves::of(20, 4, 1).request(9, 20)] {
        assert_eq!(served.post(&request).await.status, 422);
    }
    assert_eq!(served.post(leaves.request(9, 20)).await.status, 200, "the honest log goes on");
}

#[tokio::test]
async fn what_is_signed_is_made_here() {
    let served = Served::open().await;
    let leaves = Leaves::of(9, 9, 0);
    let mut request = leaves.request(0, 9);
    // Signatures of nobody it knows, which it neither keeps nor repeats.
    request
        .checkpoint
        .add(NoteSigner::new("x.example".parse().expect("a name"), &[9; 32]).sign("x\n"))
        .expect("room");
    let reply = served.post(&request).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body.lines().count(), 1);
    assert_eq!(served.house.state.held(ORIGIN).await.expect("read").expect("held").note, leaves.note(9));
}

#[tokio::test]
async fn too_large_is_413_and_elsewhere_is_nothing() {
    let served = Served::open().await;
    assert_eq!(served.post("x".repeat(MAX_BODY + 1)).await.status, 413);
    assert_eq!(served.post("x".repeat(MAX_BODY)).await.status, 400);
    assert_eq!(served.get("/add-checkpoint").await.0, 405);
    assert_eq!(served.get("/").await.0, 404);
    assert_eq!(served.get("/healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(served.get("/metrics").await.0, 404);
}

#[tokio::test]
async fn too_many_is_429_and_says_when_to_come_back() {
    let one = NonZeroU32::MIN;
    let rate = Some(Rate { per_second: one, burst: one.saturating_add(1) });
    let shown: Arc<dyn Fn() -> String + Send + Sync> = Arc::new(|| "some 1\n".to_owned());
    let served = Served::new(Settings { rate, metrics: Some(shown), ..Settings::default() }).await;
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(served.post("").await.status);
    }
    assert_eq!(statuses[..2], [400, 400]);
    assert!(statuses.contains(&429), "{statuses:?}");
    let response = reqwest::Client::new().post(format!("{}/add-checkpoint", served.url)).send().await;
    let response = response.expect("it answers");
    if response.status() == 429 {
        let after: u64 = response.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
        assert!((1..=2).contains(&after));
    }
    assert_eq!(served.get("/metrics").await, (200, "some 1\n".to_owned()), "its operator is not limited");
}

#[tokio::test]
async fn an_unset_clock_signs_nothing() {
    let served = Served::open().await;
    let leaves = Leaves::of(9, 9, 0);
    served.house.clock.0.store(100, Ordering::SeqCst);
    assert_eq!(served.post(leaves.request(0, 9)).await.status, 503);
    assert!(served.house.state.held(ORIGIN).await.expect("read").is_none());
    served.house.clock.0.store(NOW, Ordering::SeqCst);
    assert_eq!(served.post(leaves.request(0, 9)).await.status, 200);
}

#[tokio::test]
async fn a_witness_that_stops_answers_503() {
    let served = Served::open().await;
    served.house.witness.stop().await;
    let reply = served.post(Leaves::of(9, 9, 0).request(0, 9)).await;
    assert!(matches!(reply.status, 500 | 503), "{}", reply.status);
    assert_eq!(served.get("/healthz").await.0, 503);
}
