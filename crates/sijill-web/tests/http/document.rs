//! What the API says of itself: the OpenAPI document, its rendering, the metrics, and the table of codes.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::Value;
use sijill_domain::Refusal;
use sijill_web::WebError;

use crate::house::{Answer, House};

const OPENAPI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/openapi.json");
const API_MD: &str = include_str!("../../../../docs/api.md");
const EVENT_VECTORS: &str = include_str!("../../../../schemas/vectors/event.json");

/// A changed API is a changed file, so that its difference is reviewed. `SIJILL_WRITE_OPENAPI=1` writes it.
#[test]
fn the_document_is_the_one_in_schemas() {
    let document = serde_json::to_string_pretty(&sijill_web::openapi()).expect("JSON") + "\n";
    if std::env::var_os("SIJILL_WRITE_OPENAPI").is_some() {
        std::fs::write(OPENAPI, &document).expect("written");
    }
    let kept = std::fs::read_to_string(OPENAPI).expect("schemas/openapi.json");
    assert!(
        kept == document,
        "schemas/openapi.json is not the API's any more; write it with SIJILL_WRITE_OPENAPI=1"
    );
}

#[tokio::test]
async fn every_documented_call_is_there_and_every_reference_resolves() {
    let house = House::open().await;
    let served = house.get("/openapi.json").await.json();
    assert_eq!(served, serde_json::to_value(sijill_web::openapi()).expect("JSON"));
    assert!(served["openapi"].as_str().expect("a version").starts_with("3.1"));

    let mut references = BTreeSet::new();
    gather(&served, &mut references);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        assert!(served.pointer(pointer).is_some(), "{reference}");
    }
    assert!(!served.to_string().contains("{*"), "a path parameter in the router's spelling");
    for (path, calls) in served["paths"].as_object().expect("paths") {
        for (method, call) in calls.as_object().expect("calls") {
            assert!(call["summary"].is_string() && call["tags"].is_array(), "{method} {path}");
            let path =
                path.replace("{stream}", "ledger").replace("{index}", "0").replace("{tile}", "0/000.p/1");
            let method: Method = method.to_uppercase().parse().expect("a method");
            let answer = Answer::to(house.request(method.clone(), &path)).await;
            let code =
                if answer.status.is_success() { String::new() } else { answer.json()["code"].to_string() };
            assert!(
                answer.status.as_u16() != 405 && (code != "\"not-found\"" || path == "/metrics"),
                "{method} {path}"
            );
        }
    }
}

fn gather(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| gather(value, references));
        }
        Value::Array(elements) => elements.iter().for_each(|value| gather(value, references)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_is_rendered_from_here() {
    let house = House::open().await;
    assert_eq!(house.get("/docs").await.header("location"), "/docs/");
    let page = house.get("/docs/").await;
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"));
    let text = page.text();
    assert!(text.contains(r#"<meta name="viewport" content="width=device-width"#), "for phones: {text}");
    for attribute in ["src=\"", "href=\""] {
        for target in text.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(!target.contains("//"), "{target} is not from here");
            let asset = house.get(&format!("/docs/{}", target.trim_start_matches("./"))).await;
            assert_eq!(asset.status.as_u16(), 200, "{target}");
        }
    }
    assert!(!text.contains("<script>"), "the policy forbids scripts in the page");
    assert!(house.get("/docs/swagger-initializer.js").await.text().contains("/openapi.json"));
    assert_eq!(house.get("/docs/none.js").await.problem().1, "not-found");
}

/// Whoever types the server's address finds the way, in both languages; the policy allows the page its style and nothing else.
#[tokio::test]
async fn the_front_page_names_what_is_there() {
    let house = House::open().await;
    let page = house.get("/").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy =
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    assert_eq!(page.header("content-security-policy"), policy);
    assert_eq!(house.get("/front.css").await.header("content-type"), "text/css; charset=utf-8");
    let text = page.text();
    assert!(text.contains(sijill_ledger::testing::ORIGIN), "{text}");
    let links = |text: &str| -> Vec<String> {
        text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    };
    let named = ["/verify", "/docs", "/openapi.json", "/log/checkpoint", "/health/ready"];
    let all: Vec<&str> = ["/front.css"].into_iter().chain(named).chain(named).collect();
    assert_eq!(links(&text), all, "once in each language, and no desk where none is");
    for path in named {
        assert!(house.get(path).await.status.as_u16() < 400, "{path}");
    }

    let desk = axum::Router::new().route("/desk", axum::routing::get(async || "pages"));
    let settings = sijill_web::Settings::new(house.mosd().key.clone());
    let router = sijill_web::router_beside(desk, house.scene.ledger.clone(), settings, house.stop.clone());
    let request = axum::http::Request::get("/").body(axum::body::Body::empty()).expect("a request");
    let answer = tower::ServiceExt::oneshot(router, request).await.expect("an answer");
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
    let text = String::from_utf8(body.to_vec()).expect("UTF-8");
    assert_eq!(links(&text).iter().filter(|link| *link == "/desk").count(), 2, "{text}");
}

/// The page for checking evidence is one file: its own policy, which a saved copy keeps, and the header say the same.
#[tokio::test]
async fn the_verification_page_is_one_file_that_may_load_and_send_nothing() {
    let house = House::open().await;
    let page = house.get("/verify").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let text = page.text();
    let policy = page.header("content-security-policy");
    let own = policy.strip_suffix("; frame-ancestors 'none'").expect("nobody may frame it");
    assert!(text.contains(&format!("http-equiv=\"Content-Security-Policy\" content=\"{own}\"")), "{policy}");
    let directives: Vec<&str> = own.split("; ").collect();
    assert_eq!(
        (directives[0], &directives[3..]),
        ("default-src 'none'", &["base-uri 'none'", "form-action 'none'"][..])
    );
    for (directive, name) in directives[1..3].iter().zip(["script-src", "style-src"]) {
        let hash =
            directive.strip_prefix(name).and_then(|rest| rest.strip_prefix(" 'sha256-")).expect("a hash");
        assert_eq!(hash.len(), 45, "one, and nothing beside it: {directive}");
    }
    for loaded in ["src=", "<link", "@import", " url("] {
        assert!(!text.contains(loaded), "{loaded}");
    }
}

#[tokio::test]
async fn metrics_count_by_route_and_never_by_id() {
    let metrics = sijill_web::record_metrics().expect("recorded");
    let house = House::with(|plan| plan.settings.metrics = Some(metrics)).await;
    let token = house.token(house.mosd()).await;
    house.case("secret-7Q", None).await;
    house.get_with(&token, "/v1/streams/case%2Fsecret-7Q/events").await;
    house.get("/v1/nowhere/secret-path").await;
    house
        .request(Method::from_bytes(b"SECRETS").expect("a method"), "/v1/events")
        .send()
        .await
        .expect("an answer");
    let text = house.get("/metrics").await.text();
    let counted = r#"http_requests_total{method="GET",route="/v1/streams/{stream}/events",status="200"} "#;
    assert!(text.contains(counted), "{text}");
    assert!(
        text.contains(r#"http_requests_total{method="other",route="/v1/events",status="405"} "#),
        "{text}"
    );
    assert!(text.contains("http_request_duration_seconds_bucket"), "{text}");
    assert!(text.contains("sijill_appended_total"), "the ledger's are there too: {text}");
    assert!(!text.to_lowercase().contains("secret"), "{text}");
}

/// The table at the end of `docs/api.md`: code → statuses.
fn documented() -> BTreeMap<String, BTreeSet<u16>> {
    let rows = API_MD.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let code = cells.next()?.strip_suffix('`')?;
        let statuses = cells.next()?.split(", ").map(|status| status.parse().ok()).collect::<Option<_>>()?;
        Some((code.to_owned(), statuses))
    });
    rows.collect()
}

#[test]
fn the_table_of_codes_is_whole() {
    let mut known: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    let mut add = |code: &str, status: u16| known.entry(code.to_owned()).or_default().insert(status);
    for refused in sijill_ledger::Refused::examples() {
        let refused = WebError::from(refused);
        add(refused.code(), refused.status().as_u16());
    }
    for error in WebError::examples() {
        add(error.code(), error.status().as_u16());
    }
    for refusal in Refusal::examples() {
        add(refusal.code(), 403);
    }
    for refusal in sijill_casework::Refusal::examples() {
        let refused = WebError::from(sijill_ledger::Refused::from(refusal));
        add(refused.code(), refused.status().as_u16());
    }
    let vectors: Value = serde_json::from_str(EVENT_VECTORS).expect("JSON");
    for vector in vectors["vectors"].as_array().expect("vectors") {
        // Only what a post can meet: an entry is the ledger's own, and a malformed key in an event is `data-malformed`.
        let posted = vector["kind"] != "entry" && vector["kind"] != "jwk";
        if let Some(code) = vector["code"].as_str().filter(|_| posted) {
            add(code, if code == "too-large" { 413 } else { 400 });
        }
    }
    assert_eq!(documented(), known);
}
