//! What can go wrong with read models.

use thiserror::Error;

use crate::history::Unfit;

/// What can go wrong with read models. Nothing of it touches the ledger: they can be dropped and made again.
#[derive(Debug, Error)]
pub enum ProjectionError {
    /// The database of the read models does not answer, or not in time.
    #[cfg(feature = "engine")]
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
    /// A size that the read models have not reached, or the log never had.
    #[error("entry {size} has not been taken in yet: there are {position}")]
    Ahead {
        /// The size asked for.
        size: u64,
        /// How many entries they have taken in.
        position: u64,
    },
    /// There is no such model.
    #[error("there is no read model or indicator `{0}`")]
    Unknown(String),
    /// A question that a view does not answer: an unknown column, a value of another kind, a cursor of another question. The
    /// sentence repeats nothing of it.
    #[error("{0}")]
    Question(String),
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
            #[cfg(feature = "engine")]
            Self::Unavailable(_) => "projection-unavailable",
            Self::Corrupt(_) => "projection-corrupt",
            Self::OtherLog(_) => "projection-other-log",
            Self::NotBuilt(_) => "projection-not-built",
            Self::Ahead { .. } => "projection-ahead",
            Self::Unknown(_) => "projection-unknown",
            Self::Question(_) => "projection-question",
            Self::Unfit(_) => "projection-unfit",
            Self::Ledger(_) => "projection-ledger",
        }
    }
}
