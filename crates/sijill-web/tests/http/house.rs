//! A server on a loopback port, its ledger, and a client.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Once};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};
use sijill_domain::event::Role;
use sijill_event::{Json, Uuid, jws};
use sijill_ledger::testing::{Actor, Ground, ORIGIN, START_MS, Scene};
use sijill_ledger::{Seal, SimulatedClock};
use sijill_store_sqlite::{SqliteKeyStore, SqliteStore};
use sijill_web::{CancellationToken, ServeError, Settings, Tls};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::shape::conforms;

pub(crate) const SD_JWT: &str = "application/sd-jwt";
pub(crate) const NDJSON: &str = "application/x-ndjson";

/// A running server.
pub(crate) struct House {
    pub(crate) scene: Scene,
    pub(crate) clock: Arc<SimulatedClock>,
    pub(crate) base: String,
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    pub(crate) stop: CancellationToken,
    pub(crate) server: JoinHandle<Result<(), ServeError>>,
    pub(crate) dir: TempDir,
}

/// What a house may have otherwise than usual.
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    pub(crate) queue: usize,
    pub(crate) tls: Option<(Tls, Client)>,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Plan)) -> Self {
        install_ring();
        let dir = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(SimulatedClock::standing(START_MS));
        let mut settings = Settings::new(Actor::new("server", "tokens").key);
        settings.clock = Arc::clone(&clock) as _;
        settings.rate = None;
        let mut plan = Plan { settings, queue: 20_000, tls: None };
        change(&mut plan);

        let scene = Scene::set(ground(&dir, plan.queue).await).await;
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let stop = CancellationToken::new();
        let router = sijill_web::router(scene.ledger.clone(), plan.settings, stop.clone());
        let (ledger, stopping) = (scene.ledger.clone(), stop.clone());
        let (tls, client) = plan.tls.unzip();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let server =
            tokio::spawn(
                async move { sijill_web::serve(listener, router, tls.as_ref(), ledger, stopping).await },
            );
        let base = format!("{scheme}://localhost:{}", address.port());
        let client = client.unwrap_or_else(|| plain().build().expect("a client"));
        Self { scene, clock, base, address, client, stop, server, dir }
    }

    /// Stops the server and waits until it has.
    pub(crate) async fn close(self) -> (Scene, TempDir) {
        self.stop.cancel();
        self.server.await.expect("no panic").expect("a clean stop");
        (self.scene, self.dir)
    }

    pub(crate) fn mosd(&self) -> &Actor {
        &self.scene.workers[0]
    }

    pub(crate) fn moh(&self) -> &Actor {
        &self.scene.workers[1]
    }

    /// Case `id` with an event of `mosd`'s worker, addressed to `to`.
    pub(crate) async fn case(&self, id: &str, to: Option<&str>) -> u64 {
        let data = to.map_or(json!({}), |agency| json!({"to": {"agency": agency}}));
        self.write(self.mosd(), &format!("case/{id}"), data).await
    }

    /// One more event, past HTTP.
    pub(crate) async fn write(&self, actor: &Actor, stream: &str, data: Value) -> u64 {
        let hidden = [("priority", "high")];
        let receipt = self.scene.post(actor, stream, "note.added", json_of(data), &hidden).await;
        receipt.expect("appended").index
    }

    /// An SD-JWT of `actor` for the next place in `stream`, not sent yet.
    pub(crate) async fn signed(&self, actor: &Actor, stream: &str) -> String {
        let draft = self.scene.draft(actor, stream, "note.added", json_of(json!({}))).await;
        draft.sign(&actor.key).expect("signable").to_string()
    }

    /// Enrols one more officer in `mosd`.
    pub(crate) async fn hire(&self, sub: &str, roles: &[Role]) -> Actor {
        let officer = Actor::new("mosd", sub);
        self.scene.enrol(&self.scene.roots[0], &officer, roles).await;
        officer
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get_with(&self, token: &str, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path).bearer_auth(token)).await
    }

    pub(crate) async fn post(&self, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
        Answer::to(self.request(Method::POST, "/v1/events").header(header::CONTENT_TYPE, kind).body(body))
            .await
    }

    /// An access token of `actor`, by the whole way.
    pub(crate) async fn token(&self, actor: &Actor) -> String {
        let answer = self.ask_token(&assertion(actor, |_| {}), &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn ask_token(&self, assertion: &str, more: &[(&str, &str)]) -> Answer {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ];
        form.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        form.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        self.send_form(&form).await
    }

    pub(crate) async fn send_form(&self, form: &[(&str, &str)]) -> Answer {
        let encoded: Vec<String> =
            form.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
        let request = self
            .request(Method::POST, "/oauth/token")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(encoded.join("&"));
        Answer::to(request).await
    }
}

/// On stores in `dir`.
pub(crate) async fn ground(dir: &TempDir, queue: usize) -> Ground {
    let store = SqliteStore::open(dir.path().join("ledger.db")).await.expect("a store");
    let keys = SqliteKeyStore::open(dir.path().join("keys.db")).await.expect("a key store");
    let seals = dir.path().join("seal");
    std::fs::create_dir_all(&seals).expect("a directory");
    let mut ground = Ground::new(Arc::new(store), Arc::new(keys), Seal::at(seals.join("checkpoint")));
    ground.limits.queue = queue;
    ground
}

/// A good client assertion of `actor`, but for `change`.
pub(crate) fn assertion(actor: &Actor, change: impl FnOnce(&mut Value)) -> String {
    let client = format!("{}/{}", actor.iss, actor.sub);
    let now = START_MS / 1000;
    let mut claims = json!({
        "iss": client, "sub": client, "aud": ORIGIN, "jti": Uuid::now_v7(), "iat": now, "exp": now + 60,
    });
    change(&mut claims);
    jws::sign(claims.to_string().as_bytes(), "JWT", &actor.key)
}

pub(crate) fn json_of(value: Value) -> Json {
    Json::try_from(value).expect("JSON of the ledger's kind")
}

pub(crate) fn plain() -> reqwest::ClientBuilder {
    install_ring();
    Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_mins(1))
}

fn install_ring() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.expect("a body").to_vec() }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// Status and the problem's code, checked to agree with each other and with the media type.
    pub(crate) fn problem(&self) -> (u16, String) {
        let problem = self.json();
        conforms("Problem", &problem);
        assert_eq!(self.header("content-type"), "application/problem+json", "{problem}");
        assert_eq!(problem["status"], self.status.as_u16(), "{problem}");
        let code = problem["code"].as_str().expect("a code").to_owned();
        assert_eq!(problem["type"], format!("urn:sijill:problem:{code}"));
        (self.status.as_u16(), code)
    }

    /// The whole answer for a snapshot: what differs from run to run is named, not shown.
    pub(crate) fn shown(&self) -> String {
        let mut headers: Vec<String> = self
            .headers
            .iter()
            .filter(|(name, _)| !["date", "content-length"].contains(&name.as_str()))
            .map(|(name, value)| format!("{name}: {}", redacted(value.to_str().expect("ASCII"))))
            .collect();
        headers.sort();
        let body = match serde_json::from_slice::<Value>(&self.body) {
            Ok(json) => serde_json::to_string_pretty(&json).expect("JSON"),
            Err(_) => self.text(),
        };
        format!("{}\n{}\n\n{}", self.status, headers.join("\n"), redacted(&body.replace("\\n", "\n")))
    }
}

/// Names what is random: hashes, keys, signatures, ids.
fn redacted(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_+/=.~".contains(c);
    let mut shown = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
        shown.push_str(before);
        shown.push_str(named(word));
        rest = after;
    }
    shown + rest
}

fn named(word: &str) -> &str {
    let is_hash = |word: &str| word.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    if Uuid::try_parse(word).is_ok() {
        "[uuid]"
    } else if word.starts_with("eyJ") && word.contains('.') {
        "[jwt]"
    } else if word.len() == 43 && is_hash(word) {
        "[hash]"
    } else if word.len() == 44 && word.ends_with('=') {
        "[base64 hash]"
    } else if word.len() > 80 && is_hash(word) {
        "[signature]"
    } else {
        word
    }
}
