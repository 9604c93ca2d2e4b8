//! What can go wrong on the way, and the exit status it ends with.

use std::io;
use std::path::{Path, PathBuf};

/// The result of anything the command does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command could not do what it was asked. Every variant has a stable [`code`](Error::code).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The arguments contradict each other or one is not what it should be.
    #[error("{0}")]
    Usage(String),

    /// A file could not be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },

    /// A file could not be written.
    #[error("cannot write {}: {cause}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },

    /// The target is there already, and nothing is ever overwritten.
    #[error("{} exists already and is never overwritten: choose another name", .0.display())]
    Exists(PathBuf),

    /// A file holds something else than it should.
    #[error("{}: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },

    /// `sijill.toml` is not what it should be.
    #[error("{}: {why}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with line and column where known.
        why: String,
    },

    /// Not a data directory.
    #[error("{} is not a data directory: it has no sijill.toml; make one with `sijill init`", .0.display())]
    NotADataDirectory(PathBuf),

    /// Another process serves this data directory.
    #[error(
        "{} is in use by another sijill process{}: a data directory has one writer; stop that one, or append through it \
         with --url (another server of the same PostgreSQL ledger needs a data directory of its own)", dir.display(), holder.as_deref().map(|pid| format!(" (pid {pid})")).unwrap_or_default()
    )]
    InUse {
        /// The data directory.
        dir: PathBuf,
        /// Process id of the holder, where it left one.
        holder: Option<String>,
    },

    /// A private key file that others may read.
    #[error(
        "{} can be read by others (mode {mode:04o}): it holds a private key; run `chmod 600 {}` and consider the key \
         exposed if others use this machine", path.display(), path.display()
    )]
    KeyExposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },

    /// A key file without the private part where one is needed.
    #[error("{} holds only a public key: signing needs the private one (member \"d\")", .0.display())]
    KeyPublicOnly(PathBuf),

    /// The ledger refuses to start, for a reason of its own.
    #[error("{message}")]
    Open {
        /// The ledger's code.
        code: &'static str,
        /// The ledger's sentence.
        message: String,
    },

    /// The server cannot run.
    #[error("{message}")]
    Serve {
        /// The server's code.
        code: &'static str,
        /// Its sentence.
        message: String,
    },

    /// The ledger refuses an event.
    #[error("the ledger refuses the event: {message}")]
    Refused {
        /// The ledger's code.
        code: String,
        /// The ledger's sentence.
        message: String,
    },

    /// Whether the ledger took an event is not known.
    #[error("{0}; look whether it is there before you append it again")]
    Unknown(String),

    /// A receipt does not prove what it claims.
    #[error("the receipt does not hold: {0}; keep it, it may convict the ledger")]
    Receipt(String),

    /// The read models could not be read or made.
    #[error(transparent)]
    Projection(#[from] sijill_projections::ProjectionError),

    /// Nothing was attested.
    #[error(transparent)]
    Attest(#[from] sijill_ledger::AttestError),

    /// The witness cannot work.
    #[error(transparent)]
    Witness(#[from] sijill_witness::WitnessError),

    /// The mirror cannot work.
    #[error(transparent)]
    Mirror(#[from] sijill_mirror::MirrorError),

    /// The store failed.
    #[error("{0}")]
    Store(#[from] sijill_store::StoreError),

    /// The event could not be built.
    #[error("the event is not well formed: {message}")]
    Event {
        /// The event crate's code.
        code: &'static str,
        /// Its sentence.
        message: String,
    },

    /// The server answered with a problem.
    #[error("{url} answered {status}: {message}")]
    Server {
        /// What was asked.
        url: String,
        /// HTTP status.
        status: u16,
        /// The problem's code.
        code: String,
        /// The problem's sentence.
        message: String,
    },

    /// The server could not be reached, or its answer not be read.
    #[error("cannot reach {url}: {why}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why.
        why: String,
    },

    /// An answer of the server is not what the API promises.
    #[error("{url} answered something the API does not promise: {why}")]
    Answer {
        /// What was asked.
        url: String,
        /// What is wrong with it.
        why: String,
    },

    /// The audit could not begin, or not go on.
    #[error("{message}")]
    Audit {
        /// The audit's code.
        code: &'static str,
        /// Its sentence.
        message: String,
    },

    /// What is to be read cannot be read at all.
    #[error("{0}")]
    Source(String),

    /// The server that answers is not the ledger the trust file is of.
    #[error("{url} is not the ledger that is trusted: {why}; nothing was signed")]
    OtherLedger {
        /// The server.
        url: String,
        /// How it differs.
        why: String,
    },

    /// The code that an officer read out is not that of the key the browser sent.
    #[error(
        "this is not the code of the key that came: nothing was signed. Ask the officer again, and run it again with --link and \
         the same link; if it still differs, somebody else has opened the link: invite anew"
    )]
    KeyCode,

    /// The command was told to stop; what it had done stands.
    #[error("interrupted: {0}")]
    Interrupted(String),
}

impl Error {
    /// A stable name, in kebab case; of the ledger or the store where the refusal is theirs.
    pub fn code(&self) -> &str {
        match self {
            Self::Usage(_) => "usage",
            Self::Unreadable { .. } => "file-unreadable",
            Self::Unwritable { .. } => "file-unwritable",
            Self::Exists(_) => "file-exists",
            Self::Malformed { .. } => "file-malformed",
            Self::Config { .. } => "config-invalid",
            Self::NotADataDirectory(_) => "not-a-data-directory",
            Self::InUse { .. } => "data-directory-in-use",
            Self::KeyExposed { .. } => "key-exposed",
            Self::KeyPublicOnly(_) => "key-public-only",
            Self::Open { code, .. }
            | Self::Serve { code, .. }
            | Self::Audit { code, .. }
            | Self::Event { code, .. } => code,
            Self::Refused { code, .. } | Self::Server { code, .. } => code,
            Self::Unknown(_) => "outcome-unknown",
            Self::Receipt(_) => "receipt-invalid",
            Self::Store(error) => error.code(),
            Self::Projection(error) => error.code(),
            Self::Witness(error) => error.code(),
            Self::Mirror(error) => error.code(),
            Self::Attest(error) => error.code(),
            Self::Unreachable { .. } => "server-unreachable",
            Self::Answer { .. } => "server-answer",
            Self::Source(_) => "source-unreadable",
            Self::OtherLedger { .. } => "other-ledger",
            Self::KeyCode => "key-code-differs",
            Self::Interrupted(_) => "interrupted",
        }
    }

    /// Whether the same request may succeed a moment later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Server { status, code, .. } => {
                (*status == 429 || *status >= 500) && code != "store-corrupt"
            }
            Self::Refused { code, .. } => code == "busy",
            _ => false,
        }
    }

    /// Exit status: 1 where a ledger refused an event or a key, or a proof failed; 2 where the command could not be carried
    /// out. A server says 401 and 403 of whoever asks: the ledger itself would have refused that key's events.
    pub fn status(&self) -> u8 {
        match self {
            Self::Refused { .. }
            | Self::Receipt(_)
            | Self::KeyCode
            | Self::Server { status: 401 | 403, .. } => 1,
            _ => 2,
        }
    }

    /// For `map_err` on reading a file.
    pub fn unreadable(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |cause| Self::Unreadable { path, cause }
    }

    /// For `map_err` on writing a file: a target that exists is told apart.
    pub fn unwritable(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => Self::Exists(path),
            _ => Self::Unwritable { path, cause },
        }
    }

    /// For `map_err` on building an event.
    #[expect(clippy::needless_pass_by_value, reason = "the shape map_err wants")]
    pub fn event(error: sijill_event::EventError) -> Self {
        Self::Event { code: error.code(), message: error.to_string() }
    }

    /// For `map_err` on reading what is audited.
    #[expect(clippy::needless_pass_by_value, reason = "the shape map_err wants")]
    pub fn audit(error: sijill_audit::Unreadable) -> Self {
        Self::Audit { code: error.code(), message: error.to_string() }
    }

    /// Something below the ledger failed.
    pub fn ledger(error: &sijill_ledger::LedgerError) -> Self {
        Self::Open { code: "ledger-failed", message: error.to_string() }
    }

    /// A file that holds something else than it should.
    pub fn malformed(path: impl AsRef<Path>, why: impl Into<String>) -> Self {
        Self::Malformed { path: path.as_ref().to_path_buf(), why: why.into() }
    }
}
