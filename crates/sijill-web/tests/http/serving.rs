//! Connections: TLS, both versions of HTTP, browsers, and the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::{Certificate, Method, StatusCode, Version};
use serde_json::Value;
use sijill_event::Entry;
use sijill_web::{ServeError, Settings, Tls};
use tower::ServiceExt;

use crate::house::{Answer, House, SD_JWT, ground, plain};

fn certificate(dir: &std::path::Path) -> (Tls, Certificate) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let tls = Tls { certificates: dir.join("cert.pem"), key: dir.join("key.pem") };
    std::fs::write(&tls.certificates, made.cert.pem()).expect("written");
    std::fs::write(&tls.key, made.signing_key.serialize_pem()).expect("written");
    (tls, Certificate::from_der(made.cert.der()).expect("a certificate"))
}

#[tokio::test]
async fn tls_with_http2_and_http1() {
    let dir = tempfile::tempdir().expect("a directory");
    let (tls, root) = certificate(dir.path());
    let client = plain().tls_certs_only([root.clone()]).build().expect("a client");
    let house = House::with(|plan| {
        plan.settings.https_only = true;
        plan.tls = Some((tls, client));
    })
    .await;
    let response = house.request(Method::GET, "/health/live").send().await.expect("an answer");
    assert_eq!((response.version(), response.status()), (Version::HTTP_2, StatusCode::OK));
    assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000; includeSubDomains");
    let old = plain().tls_certs_only([root]).http1_only().build().expect("a client");
    let response = old.get(format!("{}/health/live", house.base)).send().await.expect("an answer");
    assert_eq!((response.version(), response.status()), (Version::HTTP_11, StatusCode::OK));

    let stranger = plain().tls_certs_only([]).build().expect("a client");
    assert!(stranger.get(format!("{}/health/live", house.base)).send().await.is_err());
    assert_eq!(house.token(house.mosd()).await.split('.').count(), 3);
    house.close().await;
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named() {
    let house = House::open().await;
    let dir = tempfile::tempdir().expect("a directory");
    let (tls, _) = certificate(dir.path());
    let missing = Tls { certificates: dir.path().join("none.pem"), key: tls.key.clone() };
    let swapped = Tls { certificates: tls.certificates.clone(), key: tls.certificates };
    for tls in [missing, swapped] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let router = axum::Router::new();
        let ended =
            sijill_web::serve(listener, router, Some(&tls), house.scene.ledger.clone(), house.stop.clone())
                .await;
        let error = ended.expect_err("no server without its certificate");
        assert!(matches!(&error, ServeError::Tls { path, .. } if path.starts_with(dir.path())), "{error}");
        assert_eq!(error.code(), "tls");
    }
}

#[tokio::test]
async fn http2_without_tls_for_those_who_know() {
    let house = House::open().await;
    let client = plain().http2_prior_knowledge().build().expect("a client");
    let response = client.get(format!("{}/log/checkpoint", house.base)).send().await.expect("an answer");
    assert_eq!((response.version(), response.status()), (Version::HTTP_2, StatusCode::OK));
}

#[tokio::test]
async fn pages_of_other_origins_may_call_only_where_allowed() {
    let preflight = async |house: &House, origin: &str| {
        let request = house
            .request(Method::OPTIONS, "/v1/events")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,authorization");
        Answer::to(request).await
    };
    let closed = House::open().await;
    assert_eq!(
        preflight(&closed, "https://forms.moh.example").await.header("access-control-allow-origin"),
        ""
    );

    let open =
        House::with(|plan| plan.settings.cors_origins = vec!["https://forms.moh.example".to_owned()]).await;
    insta::assert_snapshot!("preflight", preflight(&open, "https://forms.moh.example").await.shown());
    assert_eq!(preflight(&open, "https://evil.example").await.header("access-control-allow-origin"), "");
    // Refusals can be read too.
    let refused = open.request(Method::GET, "/v1/registry").header("origin", "https://forms.moh.example");
    let refused = Answer::to(refused).await;
    assert_eq!(refused.problem().1, "token-missing");
    assert_eq!(refused.header("access-control-allow-origin"), "https://forms.moh.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_loses_nothing_that_was_acknowledged() {
    let house = Arc::new(House::open().await);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (house, acknowledged) = (Arc::clone(&house), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                let mut receipts: Vec<Value> = Vec::new();
                for n in 0.. {
                    let event = house.signed(house.mosd(), &format!("case/w{writer}-{n}")).await;
                    let request =
                        house.request(Method::POST, "/v1/events").header("content-type", SD_JWT).body(event);
                    // Once the server has stopped there is nobody to answer.
                    let Ok(response) = request.send().await else { break };
                    let status = response.status();
                    let Ok(body) = response.json_value().await else { break };
                    if status == StatusCode::CREATED {
                        receipts.push(body);
                        acknowledged.fetch_add(1, Ordering::SeqCst);
                    } else {
                        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
                    }
                }
                receipts
            })
        })
        .collect();
    while acknowledged.load(Ordering::SeqCst) < 40 {
        tokio::task::yield_now().await;
    }
    house.stop.cancel();
    let mut receipts = Vec::new();
    for writer in writers {
        receipts.extend(writer.await.expect("no panic"));
    }
    let house = Arc::into_inner(house).expect("the writers have gone");
    let (scene, dir) = house.close().await;
    let mut again = ground(&dir, 100).await;
    again.log_seed = scene.ground.log_seed;
    drop(scene);
    let ledger = again.open().await.expect("the seal agrees");
    assert!(receipts.len() >= 40);
    for receipt in receipts {
        let index = receipt["index"].as_u64().expect("an index");
        let page = ledger.entries(index, 1).await.expect("readable");
        let entry = Entry::parse(page[0].1.as_bytes()).expect("an entry");
        assert_eq!((page[0].0, &receipt["jti"]), (index, &Value::from(entry.event.jti.to_string())));
    }
}

trait JsonValue {
    async fn json_value(self) -> Result<Value, Box<dyn std::error::Error + Send + Sync>>;
}

impl JsonValue for reqwest::Response {
    async fn json_value(self) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Ok(serde_json::from_slice(&self.bytes().await?)?)
    }
}

#[tokio::test]
async fn a_stopping_server_is_not_ready() {
    let house = House::open().await;
    let settings = Settings::new(house.mosd().key.clone());
    let router = sijill_web::router(house.scene.ledger.clone(), settings, house.stop.clone());
    house.stop.cancel();
    let request =
        axum::http::Request::get("/health/ready").body(axum::body::Body::empty()).expect("a request");
    assert_eq!(router.oneshot(request).await.expect("an answer").status().as_u16(), 503);
}
