//! How requests of this ledger reach witnesses: HTTP, with every bound a stranger's server needs.

use std::time::Duration;

use async_trait::async_trait;
use sijill_ledger::{Courier, Reply, Unreached};

use crate::client::install_tls;
use crate::error::{Error, Result};

/// A witness that needs longer is as good as dead for this round.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer that is read: 64 cosignature lines have less.
const MAX_ANSWER: usize = 65_536;

/// Carries requests over HTTP.
pub struct HttpCourier {
    http: reqwest::Client,
}

impl HttpCourier {
    /// One that keeps its connections.
    pub fn new() -> Result<Self> {
        install_tls();
        let http = reqwest::Client::builder()
            .user_agent(concat!("sijill/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(5))
            .timeout(PATIENCE)
            // The policy says where a witness is, and nobody else.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::Source(format!("no HTTP client: {error}")))?;
        Ok(Self { http })
    }
}

#[async_trait]
impl Courier for HttpCourier {
    async fn submit(&self, url: &str, body: String) -> Result<Reply, Unreached> {
        let url = format!("{}/add-checkpoint", url.trim_end_matches('/'));
        let request = self.http.post(url).header("content-type", "text/plain; charset=utf-8").body(body);
        let mut response = request.send().await.map_err(|_| Unreached)?;
        let status = response.status().as_u16();
        let media_type = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let media_type = media_type.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        let media_type = media_type.to_ascii_lowercase();
        let mut answer = Vec::new();
        while let Some(more) = response.chunk().await.map_err(|_| Unreached)? {
            if answer.len() + more.len() > MAX_ANSWER {
                return Err(Unreached);
            }
            answer.extend_from_slice(&more);
        }
        let body = String::from_utf8(answer).map_err(|_| Unreached)?;
        Ok(Reply { status, media_type, body })
    }
}
