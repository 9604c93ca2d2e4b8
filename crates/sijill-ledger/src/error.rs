//! What the ledger says no to, and what can go wrong underneath it.

use sijill_event::{Digest, EventError};
use sijill_log::LogError;
use sijill_store::StoreError;

use crate::clock::ClockJumped;
use crate::seal::SealError;
use crate::vault::VaultError;

/// An event the ledger did not take. It changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Stable, kebab-case; documented in `docs/api.md`.
    pub code: &'static str,
    /// A sentence for the person who has to mend it. Never holds a disclosed value.
    pub message: String,
    /// What kind of no this is.
    pub kind: RefusedKind,
}

/// Kinds of refusal; the HTTP layer maps each to one status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusedKind {
    /// Not an event of this format.
    Malformed,
    /// Larger than the format allows.
    TooLarge,
    /// Well formed, but its author may not do this.
    Forbidden,
    /// The stream has moved on: re-sign with the same `jti` on the head given.
    Conflict {
        /// `seq` and JWT hash of the stream's last event, if the author may know it.
        head: Option<(u64, Digest)>,
    },
    /// The `jti` was used for other bytes.
    Reused,
    /// Well formed and authorised, but at odds with the log (time, checkpoint, digests, attachments).
    Unprocessable,
    /// Not now; the outcome may even be that it was taken: post the same bytes again.
    Unavailable,
    /// The ledger is damaged and takes nothing. Posting again does not help; its operator has to.
    Damaged,
}

impl Refused {
    fn new(code: &'static str, kind: RefusedKind, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), kind }
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Own::Unavailable.because(message)
    }

    /// One of each refusal this crate itself makes: for documentation and for tests that must miss none.
    pub fn examples() -> Vec<Self> {
        Own::ALL.iter().map(|own| own.because("…")).collect()
    }
}

macro_rules! own {
    ($($name:ident = $code:literal, $kind:expr;)+) => {
        /// What the ledger refuses by itself, between parsing and the rules. The rest of this crate makes a refusal of
        /// these or not at all, so none is missing from [`Refused::examples`].
        #[derive(Debug, Clone, Copy)]
        pub(crate) enum Own { $($name),+ }

        impl Own {
            const ALL: &[Self] = &[$(Self::$name),+];

            pub(crate) fn because(self, message: impl Into<String>) -> Refused {
                match self { $(Self::$name => Refused::new($code, $kind, message)),+ }
            }
        }
    };
}

own! {
    WrongAudience = "wrong-audience", RefusedKind::Malformed;
    KeyNotValid = "key-not-valid", RefusedKind::Forbidden;
    StreamConflict = "stream-conflict", RefusedKind::Conflict { head: None };
    JtiReused = "jti-reused", RefusedKind::Reused;
    IatInFuture = "iat-in-future", RefusedKind::Unprocessable;
    SeenMismatch = "seen-mismatch", RefusedKind::Unprocessable;
    DigestReused = "digest-reused", RefusedKind::Unprocessable;
    AttachmentUnknown = "attachment-unknown", RefusedKind::Unprocessable;
    CaseUnreadable = "case-unreadable", RefusedKind::Unprocessable;
    LookUpOver = "look-up-over", RefusedKind::Unprocessable;
    NoWitnesses = "no-witnesses", RefusedKind::Unprocessable;
    NotWitnessed = "not-witnessed", RefusedKind::Unavailable;
    Unavailable = "unavailable", RefusedKind::Unavailable;
    StoreCorrupt = "store-corrupt", RefusedKind::Damaged;
}

impl From<EventError> for Refused {
    fn from(error: EventError) -> Self {
        let kind = match error.code() {
            "too-large" => RefusedKind::TooLarge,
            _ => RefusedKind::Malformed,
        };
        Self::new(error.code(), kind, error.to_string())
    }
}

impl From<sijill_domain::Refusal> for Refused {
    fn from(refusal: sijill_domain::Refusal) -> Self {
        Self::new(refusal.code(), RefusedKind::Forbidden, refusal.to_string())
    }
}

impl From<sijill_casework::Refusal> for Refused {
    fn from(refusal: sijill_casework::Refusal) -> Self {
        use sijill_casework::Refusal as R;
        let kind = match refusal {
            R::NotYours(_) | R::OwnWork => RefusedKind::Forbidden,
            R::TypeUnknown { .. } | R::TypeNotHere { .. } | R::DataMalformed { .. } => RefusedKind::Malformed,
            _ => RefusedKind::Unprocessable,
        };
        Self::new(refusal.code(), kind, refusal.to_string())
    }
}

/// The queue is full. Try again after a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ledger's queue is full; try again shortly")]
pub struct Busy;

/// Something below the ledger failed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The seal.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The log's structure.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The clock.
    #[error(transparent)]
    Clock(#[from] ClockJumped),
    /// What the database holds is not what the ledger wrote.
    #[error("entry {index}: {why}; run `sijill audit` on this ledger before anything else")]
    Corrupt {
        /// Where.
        index: u64,
        /// What is wrong.
        why: String,
    },
    /// A service of the ledger has something to sign, and its key is not here.
    #[error(
        "the key of the ledger's service `{0}` is not here; a ledger under rule-set 2 needs it to act in cases"
    )]
    ServiceKey(&'static str),
    /// The ledger's own act was refused by the ledger's own rules.
    #[error("the ledger could not append its own `{event_type}`: {why}")]
    Act {
        /// What it was.
        event_type: &'static str,
        /// Why not.
        why: String,
    },
    /// Asked for something beyond the published log.
    #[error("{0}")]
    OutOfRange(String),
}

/// An error and what caused it, for a log line: a full disk is told by the database, not by us. Databases speak of tables
/// and columns there, never of what stands in them.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut told: Vec<String> = causes.map(ToString::to_string).collect();
    // A transparent error says what its source says.
    told.dedup();
    told.join(": ")
}

impl LedgerError {
    /// Whether the same request may succeed a moment later: the database is away, or gave way to another transaction.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Store(StoreError::Unavailable(_) | StoreError::Retry(_)))
    }
}

/// Why a ledger refuses to open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Below.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The database's head and its entries differ.
    #[error(
        "the database's head (size {size}) does not match its entries; the database is damaged or was altered: \
         restore it from a backup that is not older than the seal, or from a mirror, and run `sijill audit`"
    )]
    HeadMismatch {
        /// The size the head claims.
        size: u64,
    },
    /// The seal holds a checkpoint that this database does not contain.
    #[error(
        "this ledger is behind its seal: it has signed a checkpoint of size {sealed}, and the database {found}. \
         A restored backup or a stale replica must not sign again. Bring back the entries up to {sealed} (newest backup, \
         replica or mirror), then start again; never delete the seal {path}"
    )]
    BehindSeal {
        /// Size in the seal.
        sealed: u64,
        /// What the database has instead.
        found: String,
        /// The seal's path.
        path: String,
    },
    /// There are entries but no seal.
    #[error(
        "the database holds {size} entries but the seal {path} is missing. Put back the seal file, or save there the newest \
         checkpoint that any receipt, witness or mirror holds"
    )]
    SealMissing {
        /// Entries in the database.
        size: u64,
        /// Where the seal should be.
        path: String,
    },
    /// The seal is not a checkpoint of this ledger.
    #[error("the seal {path} is not a checkpoint signed by this ledger's log key: {why}")]
    SealUnreadable {
        /// The seal's path.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A witness has cosigned more than this database has.
    #[error(
        "this ledger is behind its witness {witness}: that has cosigned a checkpoint of size {seen}, and the database holds only {size}          entries. A restored backup or a stale replica must not sign again. Bring back the entries up to {seen} (newest backup,          replica or mirror), then start again"
    )]
    BehindWitness {
        /// The witness's name in the policy.
        witness: String,
        /// What it has cosigned.
        seen: u64,
        /// What the database holds.
        size: u64,
    },
    /// Nothing could be witnessed under the witness policy, or two histories could.
    #[error("the witness policy cannot serve: {0}")]
    WitnessPolicy(String),
    /// The ledger in the database has another origin or log key.
    #[error("this database holds the ledger `{found}`, not `{wanted}`, or another log key")]
    OtherLedger {
        /// From the configuration.
        wanted: String,
        /// From entry 0.
        found: String,
    },
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<LogError> for OpenError {
    fn from(error: LogError) -> Self {
        Self::Ledger(error.into())
    }
}

impl From<SealError> for OpenError {
    fn from(error: SealError) -> Self {
        Self::Ledger(error.into())
    }
}
