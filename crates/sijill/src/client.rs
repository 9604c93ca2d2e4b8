//! The HTTP API as its callers use it: a token for the key, the next place in a stream, events, receipts.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sijill_audit::Trust;
use sijill_event::{Digest, Json, Stream, jws, parse_json};
use sijill_log::Note;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::gate::{Outcome, Taken};
use crate::key_file::Author;
use crate::new_event::Place;

/// `typ` of a client assertion (RFC 7523).
const ASSERTION_TYP: &str = "JWT";
/// How long a client assertion is good, seconds.
const ASSERTION_S: u64 = 120;
/// A token is renewed this long before it ends.
const RENEW_BEFORE: Duration = Duration::from_secs(30);
/// Largest answer that is read, bytes: a proof, a payload, 2,000 receipts.
const MAX_ANSWER: usize = 64 << 20;

/// A server, and who is asking.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    author: Option<Author>,
    origin: Option<String>,
    token: Mutex<Option<(String, Instant)>>,
}

/// An access token as the server gave it.
#[derive(Debug, Clone, serde::Serialize, Deserialize)]
pub struct Token {
    /// The bearer token.
    pub access_token: String,
    /// Seconds it is good for.
    pub expires_in: u64,
    /// What it opens.
    #[serde(default)]
    pub scope: String,
}

#[derive(Deserialize)]
struct Registry {
    created: Digest,
}

#[derive(Deserialize)]
struct Problem {
    code: Option<String>,
    detail: Option<String>,
    // RFC 6749 §5.2, at the token endpoint.
    error: Option<String>,
    error_description: Option<String>,
}

#[derive(Deserialize)]
struct ReceiptBody {
    index: u64,
    received: u64,
    proof: String,
}

#[derive(Deserialize)]
struct Line {
    status: u16,
    receipt: Option<ReceiptBody>,
    problem: Option<Problem>,
}

/// Chooses ring for TLS. Only the first call of a process does anything; that a later one finds it there is no error.
pub fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Client {
    /// A client of the server at `url`. With an author it can read and append; without one, what is public.
    ///
    /// `origin` is the ledger its author means to speak to. Without it the server is asked, and believed: an honest
    /// server's word is enough, but a false one could pass what it gets on to the real ledger.
    pub fn new(url: &str, author: Option<Author>, origin: Option<String>) -> Result<Self> {
        install_tls();
        let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(mut base) = parsed.filter(|url| !url.cannot_be_a_base()) else {
            return Err(Error::Usage(format!("`{url}` is not the URL of a server: https://host[:port]")));
        };
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("sijill/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_mins(2))
            // A redirect could carry the token or a signed event to another place.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::Unreachable { url: url.to_string(), why: cause(&error) })?;
        Ok(Self { http, base, author, origin, token: Mutex::new(None) })
    }

    /// Uses a token got elsewhere.
    #[must_use]
    pub fn with_token(self, token: String) -> Self {
        let good_for = Duration::from_hours(365 * 24);
        Self { token: Mutex::new(Some((token, Instant::now() + good_for))), ..self }
    }

    /// The server's URL.
    pub fn url(&self) -> &str {
        self.base.as_str()
    }

    /// The ledger's origin: the one given, or the first line of the published checkpoint.
    pub async fn origin(&self) -> Result<String> {
        if let Some(origin) = &self.origin {
            return Ok(origin.clone());
        }
        let checkpoint = self.get_text(&["log", "checkpoint"]).await?;
        Ok(checkpoint.lines().next().unwrap_or_default().to_string())
    }

    /// Refuses a server of another ledger than the trusted one, before anything is signed. One that does not answer now is
    /// not judged: what is signed names the trusted origin, and every receipt is verified.
    pub async fn must_be(&self, trust: &Trust) -> Result<()> {
        let checkpoint = match self.get_text(&["log", "checkpoint"]).await {
            Err(error) if error.is_passing() => return Ok(()),
            answer => answer?,
        };
        let other = |why| Err(Error::OtherLedger { url: self.base.to_string(), why });
        let answered = checkpoint.lines().next().unwrap_or_default();
        if answered != trust.origin {
            return other(format!("it is {answered}, the trust file is of {}", trust.origin));
        }
        let signed = Note::parse(checkpoint.as_bytes())
            .is_ok_and(|note| matches!(note.signature_by(&trust.log_key), Ok(Some(_))));
        if signed {
            return Ok(());
        }
        other(format!(
            "it calls itself {answered} too, but its checkpoint is not signed by the log key of the trust file"
        ))
    }

    /// Asks the desk of the same server, as a page of `site` would; the answer is JSON.
    pub async fn ask_desk(&self, path: &[&str], site: &str, body: &serde_json::Value) -> Result<Json> {
        let request = self
            .request(Method::POST, path)?
            .header(reqwest::header::ORIGIN, site)
            .header(reqwest::header::ACCEPT, "application/json")
            .header(reqwest::header::ACCEPT_LANGUAGE, "en");
        let (url, response) = self.send(request.json(body)).await?;
        let bytes = self::body(&url, response).await?;
        parse_json(&bytes).map_err(|error| Error::Answer { url, why: error.to_string() })
    }

    /// Scheme, host and port of the server, as browsers name where a page is from.
    pub fn site(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// A public text, such as `/log/checkpoint`.
    pub async fn get_text(&self, path: &[&str]) -> Result<String> {
        let (url, response) = self.send(self.request(Method::GET, path)?).await?;
        text(&url, response).await
    }

    /// A public file, `None` if there is no such (404).
    pub async fn get_file(&self, path: &[&str]) -> Result<Option<Vec<u8>>> {
        let mut request = self.request(Method::GET, path)?;
        if let Some((token, _)) = self.token.lock().await.as_ref() {
            request = request.bearer_auth(token);
        }
        match self.send(request).await {
            Ok((url, response)) => Ok(Some(body(&url, response).await?)),
            Err(Error::Server { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gets an access token with the author's key (RFC 6749 §4.4, RFC 7523).
    pub async fn fetch_token(&self) -> Result<Token> {
        let Some(author) = &self.author else {
            return Err(Error::Usage("a token is got with a key: give --key".to_string()));
        };
        let origin = self.origin().await?;
        let assertion = assertion(author, &origin);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
        ];
        let answer = self.send(self.request(Method::POST, &["oauth", "token"])?.form(&form)).await;
        let (url, response) = answer.map_err(|error| told_of_key(error, author, &origin))?;
        json(&url, response).await
    }

    /// Forgets the access token it has: the server does not take it any more.
    pub async fn forget_token(&self) {
        *self.token.lock().await = None;
    }

    /// An access token that is good now.
    pub async fn bearer(&self) -> Result<String> {
        let mut token = self.token.lock().await;
        if let Some((held, until)) = token.as_ref()
            && Instant::now() < *until
        {
            return Ok(held.clone());
        }
        let fresh = self.fetch_token().await?;
        let good_for = Duration::from_secs(fresh.expires_in).saturating_sub(RENEW_BEFORE);
        *token = Some((fresh.access_token.clone(), Instant::now() + good_for));
        Ok(fresh.access_token)
    }

    /// The next place in a stream, for the author.
    pub async fn next(&self, stream: &Stream) -> Result<Place> {
        let request = self.request(Method::GET, &["v1", "streams", stream.as_str(), "next"])?;
        let (url, response) = self.send(request.bearer_auth(self.bearer().await?)).await?;
        let bytes = body(&url, response).await?;
        let answer = parse_json(&bytes).map_err(|error| error.to_string()).and_then(Place::from_payload);
        answer.map_err(|why| Error::Answer { url, why })
    }

    /// Hash of entry 0's JWT, as the server tells it.
    pub async fn created(&self) -> Result<Digest> {
        let request = self.request(Method::GET, &["v1", "registry"])?;
        let (url, response) = self.send(request.bearer_auth(self.bearer().await?)).await?;
        let registry: Registry = json(&url, response).await?;
        Ok(registry.created)
    }

    /// The registry of authority, as the server tells it.
    pub async fn registry(&self) -> Result<serde_json::Value> {
        self.get_json(&["v1", "registry"], &[]).await
    }

    /// What a call of the API answers to the author: JSON.
    pub async fn get_json(&self, path: &[&str], query: &[(&str, String)]) -> Result<serde_json::Value> {
        let request = self.request(Method::GET, path)?.query(query);
        let (url, response) = self.send(request.bearer_auth(self.bearer().await?)).await?;
        json(&url, response).await
    }

    /// Brings the bytes of a document, to be proposed for publication. The same bytes may be brought again.
    pub async fn put_document(&self, bytes: &[u8]) -> Result<()> {
        let request = self.request(Method::PUT, &["v1", "documents"])?.bearer_auth(self.bearer().await?);
        let request = request.header(reqwest::header::CONTENT_TYPE, "application/octet-stream");
        self.send(request.body(bytes.to_vec())).await.map(|_| ())
    }

    /// Posts one signed event. What was sent may be sent again: the same bytes are taken once.
    pub async fn append(&self, sd_jwt: &str, witnessed: bool) -> Result<Outcome> {
        let request = self.events(witnessed, "application/sd-jwt")?.body(sd_jwt.to_string());
        match self.send(request).await {
            Ok((url, response)) => {
                let first = response.status().as_u16() == 201;
                let receipt: ReceiptBody = json(&url, response).await?;
                Ok(Outcome::Taken(receipt.taken(first)))
            }
            Err(Error::Server { status, code, message, .. }) if !is_server_fault(status, &code) => {
                Ok(Outcome::refused(status, code, message))
            }
            Err(error) => Err(error),
        }
    }

    /// Posts a signed event to a call that answers it with more than a receipt.
    pub async fn post_signed(&self, path: &[&str], sd_jwt: &str) -> Result<serde_json::Value> {
        let request = self.request(Method::POST, path)?.bearer_auth(self.bearer().await?);
        let request = request.header(reqwest::header::CONTENT_TYPE, "application/sd-jwt");
        match self.send(request.body(sd_jwt.to_string())).await {
            Ok((url, response)) => json(&url, response).await,
            Err(Error::Server { status, code, message, .. }) if !is_server_fault(status, &code) => {
                Err(Error::Refused { code, message })
            }
            Err(error) => Err(error),
        }
    }

    /// Posts a batch; an outcome for each, in order.
    pub async fn append_all(&self, sd_jwts: &[String], witnessed: bool) -> Result<Vec<Outcome>> {
        let mut lines = String::with_capacity(sd_jwts.iter().map(|line| line.len() + 1).sum());
        for sd_jwt in sd_jwts {
            lines.push_str(sd_jwt);
            lines.push('\n');
        }
        let (url, response) = self.send(self.events(witnessed, "application/x-ndjson")?.body(lines)).await?;
        let text = text(&url, response).await?;
        let outcomes: Vec<Outcome> =
            text.lines().map(|line| read_outcome(&url, line)).collect::<Result<_>>()?;
        if outcomes.len() != sd_jwts.len() {
            let why = format!("{} lines for {} events", outcomes.len(), sd_jwts.len());
            return Err(Error::Answer { url, why });
        }
        Ok(outcomes)
    }

    fn events(&self, witnessed: bool, media_type: &str) -> Result<RequestBuilder> {
        let wait = if witnessed { "witnessed" } else { "published" };
        let request = self.request(Method::POST, &["v1", "events"])?.query(&[("wait", wait)]);
        Ok(request.header(reqwest::header::CONTENT_TYPE, media_type))
    }

    fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder> {
        let mut url = self.base.clone();
        // Segments are percent-encoded, a slash in a stream's name included.
        match url.path_segments_mut() {
            Ok(mut segments) => segments.pop_if_empty().extend(path),
            Err(()) => return Err(Error::Usage(format!("`{}` cannot have a path", self.base))),
        };
        Ok(self.http.request(method, url))
    }

    /// Sends, and turns every status but success into an error.
    async fn send(&self, request: RequestBuilder) -> Result<(String, Response)> {
        let request = request.build().map_err(|error| Error::Usage(cause(&error)))?;
        let url = request.url().to_string();
        let unreachable = |error: reqwest::Error| Error::Unreachable { url: url.clone(), why: cause(&error) };
        let response = self.http.execute(request).await.map_err(unreachable)?;
        let status = response.status();
        if status.is_success() {
            return Ok((url, response));
        }
        let text = text(&url, response).await.unwrap_or_default();
        let problem = serde_json::from_str::<Problem>(&text).ok();
        let (code, message) = problem.map(Problem::words).unwrap_or_default();
        let message = if message.is_empty() { "no explanation was given".to_string() } else { message };
        Err(Error::Server {
            url,
            status: status.as_u16(),
            code: code.unwrap_or("http-status".to_string()),
            message,
        })
    }
}

impl Problem {
    fn words(self) -> (Option<String>, String) {
        (self.code.or(self.error), self.detail.or(self.error_description).unwrap_or_default())
    }
}

impl ReceiptBody {
    fn taken(self, first: bool) -> Taken {
        Taken { index: self.index, received: self.received, proof: self.proof, first }
    }
}

/// The server says no more than that it does not know the client; its author wants to know what that can mean.
fn told_of_key(error: Error, author: &Author, origin: &str) -> Error {
    let Error::Server { url, status: 401, code, message } = error else { return error };
    let Author { agency, officer, key } = author;
    let kid = key.public().kid();
    let message = format!(
        "{message}. Key {kid} of {agency}/{officer} was revoked or replaced, is not registered, or is of another ledger than \
         {origin}"
    );
    Error::Server { url, status: 401, code, message }
}

/// Whether a status says nothing about the event itself.
fn is_server_fault(status: u16, code: &str) -> bool {
    status >= 500 || status == 429 || code == "http-status"
}

fn read_outcome(url: &str, line: &str) -> Result<Outcome> {
    let broken = |why: String| Error::Answer { url: url.to_string(), why };
    let line: Line = serde_json::from_str(line).map_err(|error| broken(error.to_string()))?;
    match (line.receipt, line.problem) {
        (Some(receipt), None) => Ok(Outcome::Taken(receipt.taken(line.status == 201))),
        (None, Some(problem)) => {
            let (code, message) = problem.words();
            Ok(Outcome::refused(line.status, code.unwrap_or("http-status".to_string()), message))
        }
        _ => Err(broken("a line is a receipt or a problem".to_string())),
    }
}

/// The client assertion (RFC 7523 §3): good once, for two minutes, at this ledger.
fn assertion(author: &Author, origin: &str) -> String {
    let now = now_s();
    let client = format!("{}/{}", author.agency, author.officer);
    let number = |seconds: u64| Json::try_from(seconds).unwrap_or(Json::Null);
    let claims = Json::object([
        ("iss", client.as_str().into()),
        ("sub", client.as_str().into()),
        ("aud", origin.into()),
        ("jti", uuid::Uuid::now_v7().to_string().into()),
        ("iat", number(now)),
        ("exp", number(now + ASSERTION_S)),
    ]);
    jws::sign(claims.to_string().as_bytes(), ASSERTION_TYP, &author.key)
}

/// Unix seconds, for what the author's own clock vouches for.
#[expect(clippy::disallowed_methods, reason = "the edge: the author's own clock")]
pub fn now_s() -> u64 {
    chrono::Utc::now().timestamp().max(0).cast_unsigned()
}

async fn body(url: &str, mut response: Response) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= MAX_ANSWER => bytes.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                return Err(Error::Answer { url: url.to_string(), why: "it never ends".to_string() });
            }
            Ok(None) => return Ok(bytes),
            Err(error) => return Err(Error::Unreachable { url: url.to_string(), why: cause(&error) }),
        }
    }
}

async fn text(url: &str, response: Response) -> Result<String> {
    let bytes = body(url, response).await?;
    String::from_utf8(bytes)
        .map_err(|_| Error::Answer { url: url.to_string(), why: "it is not UTF-8".to_string() })
}

async fn json<T: DeserializeOwned>(url: &str, response: Response) -> Result<T> {
    let bytes = body(url, response).await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::Answer { url: url.to_string(), why: error.to_string() })
}

/// reqwest's own sentence only says that something failed; why is in its sources.
pub(crate) fn cause(error: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
        if speaks_no_tls(source) {
            return "it does not speak TLS: a server without a certificate is reached by http://, not https://"
                .to_string();
        }
    }
    deepest.to_string()
}

/// What came back for a TLS greeting was none.
fn speaks_no_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let within = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    match (within, error.downcast_ref::<rustls::Error>()) {
        (Some(within), _) => speaks_no_tls(within),
        (None, found) => matches!(found, Some(rustls::Error::InvalidMessage(_))),
    }
}
