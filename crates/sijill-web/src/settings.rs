//! What an operator decides about the HTTP server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use sijill_event::SigningKey;
use sijill_ledger::{Clock, SystemClock};
use sijill_projections::engine::Base;

use crate::rate::Rate;

/// Everything that can be set; [`Settings::new`] has the defaults.
#[derive(Clone)]
pub struct Settings {
    /// Signs and checks access tokens. Servers that share a ledger share it, so each honours the others'
    /// tokens. It is no key of the ledger and signs nothing else.
    pub token_key: SigningKey,
    /// By which assertions and tokens expire. The system's, also where the ledger's is simulated: clients
    /// have no other.
    pub clock: Arc<dyn Clock>,
    /// How much one client address may ask for; `None` is no limit.
    pub rate: Option<Rate>,
    /// Whether the server is reached only through a proxy that appends the client's address to
    /// `X-Forwarded-For`. Its last address then counts; otherwise the header is ignored.
    pub behind_proxy: bool,
    /// Origins whose pages may call the API from a browser, such as `https://forms.moh.example`.
    pub cors_origins: Vec<String>,
    /// Whether clients reach the server by HTTPS only; it then says so (`Strict-Transport-Security`).
    pub https_only: bool,
    /// Requests worked on at once.
    pub requests: usize,
    /// Range readings of the log open at once, live ones included.
    pub readers: usize,
    /// Bytes of request bodies held in memory at once.
    pub body_bytes: usize,
    /// Until a request is given up.
    pub request_timeout: Duration,
    /// Until an upload of an attachment is given up.
    pub upload_timeout: Duration,
    /// Between two signs of life on a quiet event stream.
    pub keep_alive: Duration,
    /// Until a reader that takes nothing is dropped.
    pub stall_timeout: Duration,
    /// What `/metrics` shows; `None` if this process records no metrics. See
    /// [`record_metrics`](crate::record_metrics).
    pub metrics: Option<PrometheusHandle>,
    /// The ledger's read models, which `/v1/views` answers from; `None` if none are kept.
    pub read_models: Option<Arc<dyn Base>>,
}

impl Settings {
    /// The defaults, with this token key.
    pub fn new(token_key: SigningKey) -> Self {
        Self {
            token_key,
            clock: Arc::new(SystemClock::new()),
            rate: Some(Rate::default()),
            behind_proxy: false,
            cors_origins: Vec::new(),
            https_only: false,
            requests: 512,
            readers: 256,
            body_bytes: 256 << 20,
            request_timeout: Duration::from_secs(30),
            upload_timeout: Duration::from_mins(5),
            keep_alive: Duration::from_secs(15),
            stall_timeout: Duration::from_secs(30),
            metrics: None,
            read_models: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("token_key", &self.token_key)
            .field("rate", &self.rate)
            .field("behind_proxy", &self.behind_proxy)
            .field("cors_origins", &self.cors_origins)
            .field("https_only", &self.https_only)
            .finish_non_exhaustive()
    }
}
