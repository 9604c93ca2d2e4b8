//! A ledger begun with the program alone, on either engine, and clients of its server as agencies write them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use sijill_event::{Draft, SdJwt, Uuid, jws};
use sijill_log::{NoteVerifier, TlogProof, leaf_hash};
use sijill_store_postgres::testing::Cluster;
use tempfile::TempDir;

use crate::made::{Actor, enrolment, key_file, private_file};
use crate::program::done;

/// The town's ledger.
pub const ORIGIN: &str = "ledger.test/town";
/// How long a client waits for an answer before it asks again.
const PATIENCE: Duration = Duration::from_secs(10);
/// Seed of everybody's keys.
const SEED: u64 = 11;

/// What keeps the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in the data directory.
    Sqlite,
    /// Two databases of the shared private cluster.
    Postgres,
}

/// Two agencies with two officers each, `ana` and `badr` of `moh`, `huda` and `ziad` of `mosd`, and `mosd/auditor`.
pub struct Town {
    folder: TempDir,
    /// URL of the entries' database, on PostgreSQL.
    pub database: Option<String>,
}

impl Town {
    /// Begins it. `None`, said loudly, where the engine is not installed.
    pub async fn begin(engine: Engine) -> Option<Self> {
        let urls = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                let cluster = Cluster::shared()?;
                Some((cluster.create_database().await, cluster.create_database().await))
            }
        };
        let folder = tempfile::tempdir().expect("a folder");
        let town = Self { folder, database: urls.as_ref().map(|(database, _)| database.clone()) };
        for name in ["moh/root", "mosd/root", "moh/ana", "moh/badr", "mosd/huda", "mosd/ziad", "mosd/auditor"]
        {
            private_file(&town.key(name), &key_file(&Actor::new(SEED, name)));
        }
        let founder = |agency: &str| format!("{agency}={}", town.key(&format!("{agency}/root")).display());
        let dir = town.dir();
        let mut init = vec!["init", "--dir", text(&dir), "--origin", ORIGIN, "--quorum", "2", "--ratify"];
        // It takes any event in a case: what is tried here is the ledger.
        init.extend(["--rules", "1"]);
        let (moh, mosd) = (founder("moh"), founder("mosd"));
        init.extend(["--founder", &moh, "--founder", &mosd, "--grants", "mosd=audit,casework"]);
        if let Some((database, keys)) = &urls {
            init.extend(["--postgres", database, "--keystore-postgres", keys]);
        }
        done(init);
        // All clients of a test come from one address.
        let settings = std::fs::read_to_string(dir.join("sijill.toml")).expect("settings");
        std::fs::write(dir.join("sijill.toml"), settings + "\n[web]\nrate_limit = false\n").expect("written");
        town.settle("moh", &[("ana", "casework"), ("badr", "casework")]);
        town.settle("mosd", &[("huda", "casework"), ("ziad", "casework"), ("auditor", "auditor")]);
        Some(town)
    }

    /// Opens the agency's unit and enrols its officers, without a server.
    fn settle(&self, agency: &str, officers: &[(&str, &str)]) {
        let stream = format!("agency/{agency}");
        let unit = json!({"unit": "desk", "name": {"ar": "مكتب", "en": "Desk"}});
        let mut lines = json!({"stream": stream, "type": "unit.opened", "data": unit}).to_string();
        for (officer, role) in officers {
            let data = enrolment(&Actor::new(SEED, &format!("{agency}/{officer}")), ORIGIN, &[role]);
            lines += "\n";
            lines += &json!({"stream": stream, "type": "officer.enrolled", "data": data}).to_string();
        }
        let file = self.folder.path().join(format!("{agency}.ndjson"));
        std::fs::write(&file, lines).expect("written");
        let (dir, key) = (self.dir(), self.key(&format!("{agency}/root")));
        let told = done(["append", "--dir", text(&dir), "--key", text(&key), "--file", text(&file)]);
        assert_eq!(told["refused"], 0, "{told}");
    }

    /// Its data directory.
    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    /// A place for files of the test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Someone's private key file.
    pub fn key(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{}.key", name.replace('/', "-")))
    }

    /// The trust file.
    pub fn trust(&self) -> PathBuf {
        self.dir().join("trust.json")
    }

    /// The key that signs checkpoints.
    pub fn log_key(&self) -> NoteVerifier {
        let trust: Value =
            serde_json::from_slice(&std::fs::read(self.trust()).expect("a trust file")).expect("JSON");
        trust["log_key"].as_str().expect("a key").parse().expect("a verifier key")
    }

    /// A client of someone's, of the server at `url`.
    pub fn client(&self, name: &str, url: &str) -> Client {
        // Only the first call of a process installs it; that a later one finds it there is no error.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
        let (url, actor, log_key) = (url.to_owned(), Actor::new(SEED, name), self.log_key());
        Client { http, url, other: None, actor, log_key, token: None }
    }

    /// Audits the data directory `dir`: nothing may be wrong, and everything acknowledged must be there.
    pub fn audit<'a>(&self, dir: &Path, acknowledged: impl IntoIterator<Item = &'a Acknowledged>) -> Value {
        let held = tempfile::tempdir_in(self.folder.path()).expect("a folder");
        let trust = self.trust();
        let mut args =
            vec!["audit".to_owned(), text(dir).to_owned(), "--trust".to_owned(), text(&trust).to_owned()];
        for (number, receipt) in acknowledged.into_iter().enumerate() {
            let file = held.path().join(number.to_string());
            std::fs::write(&file, receipt.receipt.to_string()).expect("written");
            args.extend(["--receipt".to_owned(), text(&file).to_owned()]);
        }
        let report = done(&args);
        assert_eq!(report["faults"], json!([]));
        assert_eq!(report["anchored"], true);
        for level in ["integrity", "authority"] {
            assert_eq!(report["levels"][level]["status"], "clean", "{report}");
        }
        report
    }
}

/// A path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// An event whose receipt was verified.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// Its index.
    pub index: u64,
    /// The event.
    pub jwt: String,
    /// `{"index", "received", "proof"}`.
    pub receipt: Value,
}

/// Why a call did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// No answer, or one that says nothing about the event: ask again.
    Unanswered(String),
    /// A problem of the API.
    Refused(u16, String),
}

/// A client: a key, a token, and nothing believed without proof.
pub struct Client {
    http: reqwest::Client,
    /// The server.
    pub url: String,
    /// Another server of the same ledger: the two change places when one does not answer.
    pub other: Option<String>,
    /// Who asks.
    pub actor: Actor,
    log_key: NoteVerifier,
    token: Option<String>,
}

impl Client {
    /// Appends an event and verifies the receipt. The same bytes are sent again until there is an answer; if the stream
    /// has moved on, a new signature with the same `jti`.
    pub async fn append(
        &mut self,
        stream: &str,
        event_type: &str,
        data: &Value,
    ) -> Result<Acknowledged, Failure> {
        let mut jti = None;
        loop {
            let signed = self.sign(stream, event_type, data, jti).await?;
            jti = Some(signed.event.jti);
            let answer = loop {
                match self.post(&signed).await {
                    Err(Failure::Unanswered(_)) => self.turn().await,
                    answer => break answer,
                }
            };
            match answer {
                Err(Failure::Refused(409, code)) if code == "stream-conflict" => {}
                answer => return answer,
            }
        }
    }

    async fn sign(
        &mut self,
        stream: &str,
        event_type: &str,
        data: &Value,
        jti: Option<Uuid>,
    ) -> Result<SdJwt, Failure> {
        let mut payload = loop {
            match self.next(stream).await {
                Err(Failure::Unanswered(_)) => self.turn().await,
                payload => break payload?,
            }
        };
        payload["type"] = event_type.into();
        payload["data"] = data.clone();
        if let Some(jti) = jti {
            payload["jti"] = jti.to_string().into();
        }
        let draft = Draft::from_payload_json(payload.to_string().as_bytes()).expect("a payload");
        Ok(draft.sign(&self.actor.key).expect("signed"))
    }

    async fn turn(&mut self) {
        if let Some(other) = &mut self.other {
            std::mem::swap(&mut self.url, other);
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }

    /// The payload of the next event of a stream.
    pub async fn next(&mut self, stream: &str) -> Result<Value, Failure> {
        let path = format!("/v1/streams/{}/next", stream.replace('/', "%2F"));
        Ok(self.get(&path).await?["payload"].clone())
    }

    /// Posts a signed event once, and verifies the receipt.
    pub async fn post(&self, signed: &SdJwt) -> Result<Acknowledged, Failure> {
        let request =
            self.http.post(format!("{}/v1/events", self.url)).header("Content-Type", "application/sd-jwt");
        let receipt = answer(request.body(signed.to_string())).await?;
        let index = receipt["index"].as_u64().expect("an index");
        let proof =
            TlogProof::parse(receipt["proof"].as_str().expect("a proof").as_bytes()).expect("a tlog-proof");
        let entry = format!("{} {}", receipt["received"], signed.event.jwt);
        assert_eq!(proof.index, index, "the receipt proves the entry it names");
        proof.verify(&leaf_hash(entry.as_bytes()), &self.log_key).expect("the receipt holds");
        Ok(Acknowledged { index, jwt: signed.event.jwt.clone(), receipt })
    }

    /// A call with a token.
    pub async fn get(&mut self, path: &str) -> Result<Value, Failure> {
        let token = match &self.token {
            Some(token) => token.clone(),
            None => self.token().await?,
        };
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(token);
        let answered = answer(request).await;
        if matches!(answered, Err(Failure::Refused(401, _))) {
            self.token = None;
        }
        answered
    }

    /// Gets an access token (RFC 7523).
    pub async fn token(&mut self) -> Result<String, Failure> {
        let who = format!("{}/{}", self.actor.iss, self.actor.sub);
        let now = now_s();
        let claims = json!({"iss": who, "sub": who, "aud": ORIGIN, "jti": Uuid::now_v7(), "iat": now, "exp": now + 60});
        let assertion = jws::sign(claims.to_string().as_bytes(), "JWT", &self.actor.key);
        let form = format!(
            "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3A\
             jwt-bearer&client_assertion={assertion}"
        );
        let request = self.http.post(format!("{}/oauth/token", self.url));
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
        let token = answer(request).await?["access_token"].as_str().expect("a token").to_owned();
        self.token = Some(token.clone());
        Ok(token)
    }

    /// The published checkpoint.
    pub async fn checkpoint(&self) -> Result<String, Failure> {
        let request = self.http.get(format!("{}/log/checkpoint", self.url));
        let response = request.send().await.map_err(unanswered)?;
        response.text().await.map_err(unanswered)
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Value, Failure> {
    let response = request.send().await.map_err(unanswered)?;
    let status = response.status();
    let body: Value = response.json().await.map_err(unanswered)?;
    match status.as_u16() {
        200..=299 => Ok(body),
        429 | 500.. => Err(Failure::Unanswered(body.to_string())),
        status => Err(Failure::Refused(status, body["code"].as_str().unwrap_or_default().to_owned())),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape map_err wants")]
fn unanswered(error: reqwest::Error) -> Failure {
    Failure::Unanswered(error.to_string())
}

#[expect(clippy::disallowed_methods, reason = "a client signs by the wall clock")]
fn now_s() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("after 1970").as_secs()
}

/// A port that was free a moment ago, for a server that has to come back where it was.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Runs a program of PostgreSQL's, such as `pg_dump`, of the newest version installed.
pub fn postgres(program: &str) -> Command {
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())))
        .collect();
    versions.sort();
    let installed = versions.pop().map(|(_, path)| path.join("bin").join(program));
    Command::new(installed.filter(|path| path.is_file()).unwrap_or_else(|| program.into()))
}
