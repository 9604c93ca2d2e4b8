//! Why a witness cannot do its work. What it refuses to cosign is no error but an [`Answer`](crate::Answer).

use sijill_log::LogError;

/// Why a witness could not answer, or its state not be changed. [`WitnessError::code`] is stable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// The state could not be read or written.
    #[error("the witness's state cannot be used: {0}")]
    State(#[from] sqlx::Error),
    /// The state's file is of another release or another program.
    #[error("the witness's state is not what this release keeps: {0}")]
    Schema(#[from] sqlx::migrate::MigrateError),
    /// The state holds something no witness writes.
    #[error("the witness's state is damaged: {0}")]
    Corrupt(String),
    /// Somebody else moved a log's head between reading and writing it; nothing was written or signed.
    #[error("another process works on the same state; try again")]
    Moved,
    /// A batch could not be settled, and this request was in it; nothing was written or signed.
    #[error("the request could not be settled; try again")]
    Unsettled,
    /// The clock was never set.
    #[error(
        "the system clock says {now}, before this program was written: set it, or cosignatures lie about their time"
    )]
    ClockUnset {
        /// What it says, Unix seconds.
        now: u64,
    },
    /// More requests than can be worked on.
    #[error("too many requests at once; try again")]
    Busy,
    /// The witness is stopping.
    #[error("the witness is stopping; try again")]
    Stopping,
    /// A cosignature that was just made does not hold.
    #[error("a cosignature did not verify after it was made: do not trust this machine")]
    Miscomputed,
    /// A witness signs with at least one key, and not with many.
    #[error("a witness has 1 to {max} keys, not {found}", max = crate::MAX_KEYS)]
    KeyCount {
        /// How many were given.
        found: usize,
    },
    /// The keys have different names.
    #[error("all keys of one witness have one name, and these are {one} and {other}")]
    KeyNames {
        /// One of them.
        one: String,
        /// Another.
        other: String,
    },
    /// Two keys have one id, or one key is given twice, or a log's key is also a witness's.
    #[error("the key {0} serves twice: a key must belong to one log or one witness alone")]
    KeyTwice(String),
    /// The key is trusted for another log already.
    #[error("the key is trusted for {0} already")]
    KeyOfOther(String),
    /// No such log is witnessed.
    #[error("no log {0} is witnessed")]
    LogUnknown(String),
    /// A key or a name is not one.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl WitnessError {
    /// The stable name of the failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::State(_) => "witness-state",
            Self::Schema(_) => "witness-schema",
            Self::Corrupt(_) => "witness-corrupt",
            Self::Moved => "witness-moved",
            Self::Unsettled => "unsettled",
            Self::ClockUnset { .. } => "clock-unset",
            Self::Busy => "busy",
            Self::Stopping => "stopping",
            Self::Miscomputed => "miscomputed",
            Self::KeyCount { .. } => "key-count",
            Self::KeyNames { .. } => "key-names",
            Self::KeyTwice(_) => "key-twice",
            Self::KeyOfOther(_) => "key-of-other-log",
            Self::LogUnknown(_) => "log-unknown",
            Self::Log(error) => error.code(),
        }
    }
}
