//! The 02:00 story in real browsers (`tests/browser/night.js`): helpline, hospital, police and social services, each at a desk
//! of its own, and the supervisor who approves; from the call to the closure. Then the server stops, and what it left is audited.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::post;
use serde_json::{Value, json};
use sijill_audit::Status;
use sijill_casework::case;
use sijill_casework::catalogue::ReferralState;
use sijill_desk::{Desk, router};
use sijill_event::SigningKey;
use sijill_ledger::testing::{Country, ORIGIN, START_MS};
use sijill_ledger::{Clock as _, SimulatedClock};
use tokio::net::TcpListener;

use crate::audited::audited;
use crate::browser::standard_base64;
use crate::foreign::{self, skip};
use crate::house::ground;

const MINUTE: u64 = 60_000;
/// From Sunday 08:00, when the country begins, to 02:00 in the night that follows.
const TO_TWO: u64 = 18 * 60 * MINUTE;

#[tokio::test(flavor = "multi_thread")]
async fn from_a_call_at_two_to_the_closure() {
    let (Some(mut node), Some(chromium)) = (foreign::node(), foreign::chromium()) else { return };
    let axe = std::env::var("SIJILL_AXE").ok();
    if axe.is_none() {
        skip("accessibility: SIJILL_AXE does not name axe-core's axe.min.js");
    }
    let (ground, directory) = ground().await;
    let country = Country::begin(ground).await;
    country.ground.clock.set(START_MS + TO_TWO);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let site = format!("http://localhost:{}", listener.local_addr().expect("its address").port());
    let mut settings = sijill_web::Settings::new(SigningKey::generate().expect("randomness"));
    settings.rate = None;
    let api = sijill_web::router(country.ledger.clone(), settings, sijill_web::CancellationToken::new());
    let desk = router(Desk::new(country.ledger.clone(), vec![site.clone()]));
    let all = api.merge(desk).merge(hand_of_the_clock(&country.ground.clock));
    let serving = tokio::spawn(async move { axum::serve(listener, all).await });
    let told = json!({
        "chromium": chromium, "site": site, "axe": axe, "pictures": std::env::var("SIJILL_PICTURES").ok(),
        "line": key(&country, "h1100/line"), "hospital": key(&country, "moh/hospital-ma"),
        "police": key(&country, "rop/desk"), "social": key(&country, "cpc/ma"), "chief": key(&country, "cpc/ma-2"),
        "prosecutor": key(&country, "pp/desk"),
    });
    let played = tokio::task::spawn_blocking(move || {
        node.args(["tests/browser/night.js", &told.to_string()]).output().expect("node runs")
    });
    let output = played.await.expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let id = String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned();
    is_as_told(&country, &id).await;

    serving.abort();
    country.ledger.shutdown().await;
    let report = audited(directory.path(), &country.ground).await;
    assert!(report.anchored && report.is_faultless(), "{:?}", report.faults);
    for level in [&report.levels.integrity, &report.levels.authority, &report.levels.rules] {
        assert_eq!(level.status, Status::Clean, "{level:?}");
    }
    assert_eq!(Some(report.entries), report.size);
}

/// The case that came of it, by its rules.
async fn is_as_told(country: &Country, id: &str) {
    let file = country.case(id).await;
    let case = file.case.as_ref().expect("a case");
    assert!(matches!(case.status, case::Status::Closed(_)), "{:?}", case.status);
    assert_eq!(case.owner.to_string(), "cpc/ma", "the helpline handed it over");
    let state = |unit: &str, state| {
        case.referrals.values().any(|referral| referral.to.to_string() == unit && referral.state == state)
    };
    for unit in ["cpc/ma", "moh/hospital-ma", "rop/desk"] {
        assert!(state(unit, ReferralState::Completed), "{unit} did what it was asked");
    }
    assert!(state("moh/hospital-ma", ReferralState::Rejected), "and refused what was none of its business");
    let happened = |kind: &str| file.events.values().filter(|noted| noted.event_type == kind).count();
    assert_eq!(happened("referral.breached"), 1, "social services slept");
    assert_eq!(happened("escalation.raised"), happened("escalation.resolved"));
    assert!(happened("escalation.raised") >= 2, "their supervisor was told, and who asked");
    assert_eq!((happened("referral.info_requested"), happened("referral.info_provided")), (1, 1));
    assert_eq!((happened("plan.approved"), happened("case.closed")), (1, 1));
    assert_eq!((happened("break_glass.invoked"), happened("break_glass.reviewed")), (1, 1));
    assert!(happened("access.released") >= 2, "what was asked to be seen stands on the ledger");
}

/// A key as the browser is given it.
pub(crate) fn key(country: &Country, who: &str) -> Value {
    let actor = &country.officers[who];
    let public = actor.key.public();
    json!({
        "seed": standard_base64(&*actor.key.seed()), "x": sijill_event::b64::encode(public.as_bytes()),
        "kid": public.kid().to_string(), "origin": ORIGIN, "agency": actor.iss, "officer": actor.sub,
    })
}

/// `POST /later/{minutes}` moves the ledger's time on.
fn hand_of_the_clock(clock: &Arc<SimulatedClock>) -> Router {
    let clock = Arc::clone(clock);
    let later = async move |Path(minutes): Path<u64>| {
        clock.set(clock.now().expect("a simulated clock stands") + minutes * MINUTE);
    };
    Router::new().route("/later/{minutes}", post(later))
}
