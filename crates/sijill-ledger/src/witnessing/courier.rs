//! How requests reach witnesses: this crate speaks no HTTP.

use async_trait::async_trait;

/// A witness's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The media type, without parameters; empty for none.
    pub media_type: String,
    /// The body, of at most some tens of kilobytes: what is longer is no answer.
    pub body: String,
}

/// No answer came: no connection, no time left, or something that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the witness did not answer")]
pub struct Unreached;

/// Carries requests to witnesses.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Posts `body` to `<url>/add-checkpoint`. Has to give up by itself after some seconds.
    async fn submit(&self, url: &str, body: String) -> Result<Reply, Unreached>;
}
