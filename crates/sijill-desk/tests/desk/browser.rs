//! The pages in a real browser: `tests/browser/story.js` against a desk and its API on a loopback port.
//!
//! `SIJILL_AXE` names axe-core's `axe.min.js`; with it every page is checked for accessibility too. `SIJILL_PICTURES`
//! names a directory for pictures of every page.

use serde_json::json;
use sijill_desk::{Desk, router};
use sijill_event::SigningKey;
use sijill_ledger::testing::ORIGIN;
use tokio::net::TcpListener;

use crate::foreign::{self, skip};
use crate::house::scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_registrar_and_an_officer_in_two_browsers() {
    let (Some(mut node), Some(chromium)) = (foreign::node(), foreign::chromium()) else { return };
    let axe = std::env::var("SIJILL_AXE").ok();
    if axe.is_none() {
        skip("accessibility: SIJILL_AXE does not name axe-core's axe.min.js");
    }
    let (scene, _dir, registrar) = scene().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let site = format!("http://localhost:{}", listener.local_addr().expect("its address").port());
    let mut settings = sijill_web::Settings::new(SigningKey::generate().expect("randomness"));
    settings.rate = None;
    let api = sijill_web::router(scene.ledger.clone(), settings, sijill_web::CancellationToken::new());
    let both = api.merge(router(Desk::new(scene.ledger.clone(), vec![site.clone()])));
    let serving = tokio::spawn(async move { axum::serve(listener, both).await });

    let public = registrar.key.public();
    let told = json!({
        "chromium": chromium, "site": site, "axe": axe, "pictures": std::env::var("SIJILL_PICTURES").ok(),
        "registrar": {
            "seed": standard_base64(&*registrar.key.seed()), "x": sijill_event::b64::encode(public.as_bytes()),
            "kid": public.kid().to_string(), "origin": ORIGIN, "agency": "mosd", "officer": "reg",
        },
    });
    let played = tokio::task::spawn_blocking(move || {
        node.args(["tests/browser/story.js", &told.to_string()]).output().expect("node runs")
    });
    let output = played.await.expect("it ends");
    serving.abort();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let registry = scene.ledger.registry();
    let mosd = registry.agency("mosd").expect("the agency");
    let ana = mosd.officer("ana").expect("enrolled");
    assert_eq!(ana.unit.as_str(), "desk");
    let worker = scene.workers[0].key.public().kid();
    assert!(registry.key(&worker).is_some_and(|key| key.revoked.is_some()), "the registrar's revocation");
    let revoked = registry.keys().values().filter(|key| key.revoked.is_some()).count();
    assert_eq!(revoked, 2, "the officer's own, signed again after the conflict");
}

/// As `atob` reads it.
pub(crate) fn standard_base64(bytes: &[u8]) -> String {
    let mut text = sijill_event::b64::encode(bytes).replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}
