//! What a cosigner that does more than a witness asks besides.

use async_trait::async_trait;

/// What has to hold before a checkpoint is cosigned, beside all that a witness asks: a mirror has replayed what it covers.
#[async_trait]
pub trait Condition: Send + Sync {
    /// Whether the body of an `add-checkpoint` may be put to the witness.
    async fn may_cosign(&self, request: &[u8]) -> Result<(), Refused>;

    /// Whether everything is well, and what `/healthz` says.
    fn health(&self) -> (bool, String);
}

/// Why it may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// A sentence for the log's operator.
    pub why: String,
}
