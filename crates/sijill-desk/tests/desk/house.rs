//! A desk over a small ledger, and requests to it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use sijill_desk::{Desk, router};
use sijill_domain::event::Role;
use sijill_event::{Json, b64, parse_json};
use sijill_ledger::testing::{Actor, Ground, START_MS, Scene};
use sijill_ledger::{Ledger, Seal, SimulatedClock};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const SITE: &str = "https://desk.example";
pub(crate) const COOKIE: &str = "__Host-sijill";

/// The desk as a browser reaches it.
pub(crate) struct Door {
    pub(crate) router: Router,
    /// Of sessions and challenges.
    pub(crate) clock: Arc<SimulatedClock>,
}

pub(crate) struct House {
    pub(crate) scene: Scene,
    door: Door,
    /// `mosd/reg`
    pub(crate) registrar: Actor,
    _dir: TempDir,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::at(vec![SITE.to_owned()]).await
    }

    pub(crate) async fn at(sites: Vec<String>) -> Self {
        let (scene, dir, registrar) = scene().await;
        let door = Door::of(scene.ledger.clone(), sites);
        Self { scene, door, registrar, _dir: dir }
    }

    pub(crate) fn worker(&self) -> &Actor {
        &self.scene.workers[0]
    }

    /// What the browser sends to sign in with this actor's key.
    pub(crate) fn answer_to(nonce: &str, site: &str, actor: &Actor) -> Value {
        Door::answer_to(nonce, site, actor)
    }
}

impl std::ops::Deref for House {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

impl Door {
    pub(crate) fn of(ledger: Ledger, sites: Vec<String>) -> Self {
        Self::to(Desk::new(ledger, sites))
    }

    pub(crate) fn to(mut desk: Desk) -> Self {
        let clock = Arc::new(SimulatedClock::standing(START_MS));
        desk.clock = Arc::clone(&clock) as _;
        Self { router: router(desk), clock }
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.expect("a body");
        let text = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// A page, with a session or without.
    pub(crate) async fn page(&self, path: &str, session: Option<&str>) -> Answer {
        self.ask(get(path, session).body(Body::empty()).expect("a request")).await
    }

    /// A script's POST.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(post(path, "application/json").body(Body::from(body.to_string())).expect("a request")).await
    }

    /// A form's POST.
    pub(crate) async fn form(&self, path: &str, session: &str, form: &str) -> Answer {
        let request = Request::post(path)
            .header(header::ORIGIN, SITE)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, format!("{COOKIE}={session}"));
        self.ask(request.body(Body::from(form.to_owned())).expect("a request")).await
    }

    pub(crate) async fn nonce(&self) -> String {
        let answer = self.post("/desk/session/challenge", &json!({})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()["nonce"].as_str().expect("a nonce").to_owned()
    }

    /// What the browser sends to sign in with this actor's key.
    pub(crate) fn answer_to(nonce: &str, site: &str, actor: &Actor) -> Value {
        let kid = actor.key.public().kid();
        let message = format!("sijill-desk-sign-in/v1\n{site}\n{nonce}\n{kid}\n");
        json!({ "nonce": nonce, "kid": kid.to_string(), "signature": b64::encode(actor.key.sign(message.as_bytes())) })
    }

    /// Signs in; the session's id.
    pub(crate) async fn sign_in(&self, actor: &Actor) -> String {
        let nonce = self.nonce().await;
        let answer = self.post("/desk/session", &Self::answer_to(&nonce, SITE, actor)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.cookie(COOKIE).expect("a session")
    }
}

/// A ledger with a registrar `mosd/reg`.
pub(crate) async fn scene() -> (Scene, TempDir, Actor) {
    let (ground, dir) = ground().await;
    let scene = Scene::set(ground).await;
    let registrar = Actor::new("mosd", "reg");
    scene.enrol(&scene.roots[0], &registrar, &[Role::Registrar]).await;
    (scene, dir, registrar)
}

/// Empty stores in a directory of their own.
pub(crate) async fn ground() -> (Ground, TempDir) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = SqliteStore::open(dir.path().join("ledger.db")).await.expect("a store");
    let keys = SqliteKeyStore::open(dir.path().join("keys.db")).await.expect("a key store");
    let seals = dir.path().join("seal");
    std::fs::create_dir_all(&seals).expect("a directory");
    let seal = Seal::at(seals.join("checkpoint"));
    (Ground::new(Arc::new(store), Arc::new(keys), seal), dir)
}

pub(crate) fn get(path: &str, session: Option<&str>) -> axum::http::request::Builder {
    let request = Request::get(path).header(header::ACCEPT, "text/html");
    match session {
        Some(id) => request.header(header::COOKIE, format!("{COOKIE}={id}")),
        None => request,
    }
}

pub(crate) fn post(path: &str, kind: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::ORIGIN, SITE)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, kind)
}

pub(crate) fn json_of(value: &Value) -> Json {
    parse_json(value.to_string().as_bytes()).expect("JSON")
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("JSON")
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().expect("a problem").to_owned()
    }

    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let all = self.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut values = all.filter_map(|cookie| cookie.split(';').next()?.split_once('='));
        values.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    }
}
