//! Where a mirror reads from: the ledger, or another mirror of it.

use async_trait::async_trait;

/// The log of a server, by the paths of C2SP tlog-tiles below its prefix: `checkpoint`, `tile/…`, `tile/entries/…`; besides
/// `documents/<hash>`.
///
/// Whoever implements it bounds everything a stranger's server can do with a request: how long it takes, how long it is
/// silent, how much it sends.
#[async_trait]
pub trait Upstream: Send + Sync {
    /// What is at a path; `None` if there is nothing (404, 410). An answer of more than `limit` bytes is
    /// [`Unreached`], and no more than that is read of it.
    async fn get(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, Unreached>;
}

/// A request came to nothing; why, for the operator's log.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Unreached(pub String);
