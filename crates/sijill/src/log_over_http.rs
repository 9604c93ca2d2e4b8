//! A log on another machine, with every bound a stranger's server needs.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use sijill_log::Note;
use sijill_mirror::{Unreached, Upstream};

use crate::client::{Client, cause, install_tls};
use crate::error::{Error, Result};

/// Until an answer is whole, however large it may be.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a server may be silent in the middle of one.
const SILENCE: Duration = Duration::from_secs(15);
/// Times something is asked for that the server says it will answer later.
const ATTEMPTS: u32 = 6;
/// Longest that a server's wish to be asked later is followed.
const LATER: Duration = Duration::from_secs(10);
/// Longest checkpoint of a peer that is read.
const MAX_CHECKPOINT: usize = 65_536;

fn bounded() -> Result<reqwest::Client> {
    install_tls();
    reqwest::Client::builder()
        .user_agent(concat!("sijill/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(SILENCE)
        .timeout(PATIENCE)
        // The settings say where the log is, and nobody else; a token goes nowhere but there.
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| Error::Source(format!("no HTTP client: {error}")))
}

/// The log below the `/log` of a server.
pub struct LogOverHttp {
    http: reqwest::Client,
    prefix: String,
    /// Who gets tokens for entries, if they are not for everybody.
    reader: Option<Client>,
}

impl LogOverHttp {
    /// Reads the log of the server at `url`. `reader`: who reads entries.
    pub fn new(url: &str, reader: Option<Client>) -> Result<Self> {
        Ok(Self { http: bounded()?, prefix: format!("{}/log", url.trim_end_matches('/')), reader })
    }

    async fn ask(&self, path: &str, limit: usize) -> Result<Asked, Unreached> {
        let mut request = self.http.get(format!("{}/{path}", self.prefix));
        if let Some(reader) = self.reader.as_ref().filter(|_| path.starts_with("tile/entries/")) {
            let token = reader.bearer().await.map_err(|error| Unreached(error.to_string()))?;
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|error| Unreached(cause(&error)))?;
        match response.status() {
            StatusCode::OK => Ok(Asked::Got(whole(response, limit).await?)),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Asked::Nothing),
            StatusCode::UNAUTHORIZED => Ok(Asked::Unknown),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let seconds =
                    response.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
                Ok(Asked::Later(Duration::from_secs(seconds.unwrap_or(1)).min(LATER)))
            }
            status => Err(Unreached(format!("it answered {status} for {path}"))),
        }
    }
}

/// What came of one request.
enum Asked {
    Got(Vec<u8>),
    Nothing,
    /// The token is not good any more.
    Unknown,
    Later(Duration),
}

#[async_trait]
impl Upstream for LogOverHttp {
    async fn get(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, Unreached> {
        let mut why = "its answer is to ask again later";
        for _ in 0..ATTEMPTS {
            match self.ask(path, limit).await? {
                Asked::Got(bytes) => return Ok(Some(bytes)),
                Asked::Nothing => return Ok(None),
                Asked::Later(after) => tokio::time::sleep(after).await,
                Asked::Unknown => {
                    why = "it does not let this reader in: entries are for officers with role mirror or auditor";
                    match &self.reader {
                        Some(reader) => reader.forget_token().await,
                        None => break,
                    }
                }
            }
        }
        Err(Unreached(format!("{why} ({path})")))
    }
}

/// The whole of an answer; one that is longer than `limit` is dropped where that shows.
async fn whole(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, Unreached> {
    let mut bytes = Vec::new();
    while let Some(more) = response.chunk().await.map_err(|error| Unreached(cause(&error)))? {
        if bytes.len() + more.len() > limit {
            return Err(Unreached(format!("its answer is longer than {limit} bytes")));
        }
        bytes.extend_from_slice(&more);
    }
    Ok(bytes)
}

/// What other witnesses and mirrors have cosigned.
pub struct Peers {
    http: reqwest::Client,
    urls: Vec<String>,
}

impl Peers {
    /// Those at these URLs.
    pub fn new(urls: &[String]) -> Result<Self> {
        Ok(Self {
            http: bounded()?,
            urls: urls.iter().map(|url| url.trim_end_matches('/').to_owned()).collect(),
        })
    }

    /// Their URLs.
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// What a peer cosigned last of the log with this path; `None` if it has cosigned nothing of it.
    pub async fn newest(&self, peer: &str, path: &str) -> Result<Option<Note>, Unreached> {
        let response = self.http.get(format!("{peer}/{path}/checkpoint")).send().await;
        let response = response.map_err(|error| Unreached(cause(&error)))?;
        match response.status() {
            StatusCode::OK => {
                let bytes = whole(response, MAX_CHECKPOINT).await?;
                Note::parse(&bytes).map(Some).map_err(|error| Unreached(error.to_string()))
            }
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(Unreached(format!("it answered {status}"))),
        }
    }
}
