//! What can go wrong with read models.

use thiserror::Error;

use crate::history::Unfit;

/// What can go wrong with read models. Nothing of it touches the ledger: they can be dropped and made again.
#[derive(Debug, Error)]
pub enum ProjectionError {
    /// The database of the read models does not answer, or not in time.
    #[error("the database of the read models does not answer: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// It answers what no release writes.
    #[error("the read models are not what this program writes: {0}. `sijill rebuild` makes them anew")]
    Corrupt(String),
    /// Another ledger's, or of a log that went on otherwise.
    #[error("the read models are of another log: {0}. `sijill rebuild` makes them anew")]
    OtherLog(String),
    /// The model has not been built by this release yet.
    #[error("`{0}` is being built; ask again in a moment")]
    NotBuilt(&'static str),
    /// There is no such model.
    #[error("there is no read model `{0}`")]
    Unknown(String),
    /// The log holds what this program cannot read.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The ledger's own database.
    #[error("{0}")]
    Ledger(String),
}

impl ProjectionError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "projection-unavailable",
            Self::Corrupt(_) => "projection-corrupt",
            Self::OtherLog(_) => "projection-other-log",
            Self::NotBuilt(_) => "projection-not-built",
            Self::Unknown(_) => "projection-unknown",
            Self::Unfit(_) => "projection-unfit",
            Self::Ledger(_) => "projection-ledger",
        }
    }
}
