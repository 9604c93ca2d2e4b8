//! What can go wrong in a store, kept apart by what the caller should do about it.

use std::path::PathBuf;

use crate::batch::BatchFault;

/// The result of a store's operation.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// The engine's own error beneath a [`StoreError`].
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database is down, full or unreachable. After a commit this leaves open whether it landed: read the head
    /// before anything else. Trying the same batch again is safe, for the swap admits it once.
    #[error("the database cannot be reached or cannot write; nothing else is known about this operation")]
    Unavailable(#[source] Cause),

    /// The database gave way to another transaction. Nothing was written; the same call may succeed now.
    #[error("the database gave way to another transaction and wrote nothing; try again")]
    Retry(#[source] Cause),

    /// The database holds, or was about to hold, what it never may. Stop and audit; no retry will help.
    #[error("the database contradicts the ledger: {what}")]
    Corrupt {
        /// What was found.
        what: String,
        /// The engine's own error, when it was the engine that noticed.
        #[source]
        cause: Option<Cause>,
    },

    /// The batch is not one the contract allows: a fault of the caller, found before the database was asked.
    #[error("the batch is refused: {0}")]
    Batch(#[from] BatchFault),

    /// A migration that was applied to this database is not the one this release carries.
    #[error(
        "migration {migration} of this database differs from the one in this release: either the database was altered \
         by hand or this is not an official build; restore the release that wrote it and audit"
    )]
    SchemaChanged {
        /// The migration's number.
        migration: i64,
    },

    /// The database was written by a newer release.
    #[error(
        "this database was last migrated by Sijill {wrote} and this is Sijill {running}: start the newer release"
    )]
    SchemaNewer {
        /// The release whose migration is unknown here.
        wrote: String,
        /// This release.
        running: String,
    },

    /// The database was written by an older release, and it is open for reading only.
    #[error(
        "this database lacks migration {migration} of this release and is open for reading only: start this release's \
         server on it once, or read it with the release that wrote it"
    )]
    SchemaOlder {
        /// The first migration that is missing.
        migration: i64,
    },

    /// There is no database to read.
    #[error("there is no ledger database at {0}")]
    NotFound(PathBuf),

    /// The database is set up in a way no ledger can stand on.
    #[error("this database is not fit for a ledger: {0}")]
    Unsuitable(String),

    /// The store was opened for reading only.
    #[error("the store is open for reading only")]
    ReadOnly,

    /// The file changed under a reader that had been promised it would not.
    #[error("a server started writing to {0} while it was being read without locks: open it again")]
    ChangedWhileReading(PathBuf),

    /// A server ended without closing the file, and its last entries cannot be read without writing beside it.
    #[error(
        "the server on {0} ended abruptly and its last entries stand in a log that cannot be read here without writing \
         beside it: copy the file and its -wal to a directory of your own and open the copy, or start the server once"
    )]
    NeedsRecovery(PathBuf),

    /// No such upload, or it is finished or was swept.
    #[error("no upload of that name is in progress: it was finished, or swept after lying idle; begin again")]
    UploadUnknown,

    /// The upload's chunks are not 0, 1, 2 … without a gap.
    #[error(
        "the upload holds {held} chunks up to number {last}: every chunk from 0 on must be put before it finishes"
    )]
    UploadIncomplete {
        /// How many chunks are held.
        held: u64,
        /// The highest chunk number held.
        last: u64,
    },

    /// A chunk is larger than [`MAX_CHUNK_BYTES`](crate::MAX_CHUNK_BYTES) or empty.
    #[error("a chunk of {bytes} bytes: chunks hold 1 to {max} bytes")]
    ChunkSize {
        /// The chunk's size.
        bytes: usize,
        /// The largest size allowed.
        max: usize,
    },

    /// A document is larger than [`MAX_DOCUMENT_BYTES`](crate::MAX_DOCUMENT_BYTES).
    #[error("a document of {bytes} bytes: documents hold at most {max} bytes")]
    DocumentSize {
        /// The document's size.
        bytes: usize,
        /// The largest size allowed.
        max: usize,
    },

    /// The batch attaches a file the vault does not hold; nothing was written.
    #[error(
        "an entry attaches a file that is not held (never uploaded, erased, or swept before it was used)"
    )]
    AttachmentNotHeld,

    /// A key of that name is held already, and keys are never replaced.
    #[error("a key of that name exists already; keys are never replaced")]
    KeyExists,

    /// A number too large for the database.
    #[error("{0} exceeds the largest number the database can hold, 2^63-1")]
    TooLarge(&'static str),

    /// The backup's target exists.
    #[error("{0} exists already: a backup never overwrites")]
    BackupExists(PathBuf),

    /// The engine leaves backups to the database's own tools.
    #[error("{0}")]
    BackupUnsupported(&'static str),
}

impl StoreError {
    /// A stable name, in kebab case, for callers that branch on the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "store-unavailable",
            Self::Retry(_) => "store-retry",
            Self::Corrupt { .. } => "store-corrupt",
            Self::Batch(fault) => fault.code(),
            Self::SchemaChanged { .. } => "schema-changed",
            Self::SchemaNewer { .. } => "schema-newer",
            Self::SchemaOlder { .. } => "schema-older",
            Self::NotFound(_) => "store-not-found",
            Self::Unsuitable(_) => "store-unsuitable",
            Self::ReadOnly => "store-read-only",
            Self::ChangedWhileReading(_) => "store-changed",
            Self::NeedsRecovery(_) => "store-needs-recovery",
            Self::UploadUnknown => "upload-unknown",
            Self::UploadIncomplete { .. } => "upload-incomplete",
            Self::ChunkSize { .. } => "chunk-size",
            Self::DocumentSize { .. } => "document-size",
            Self::AttachmentNotHeld => "attachment-not-held",
            Self::KeyExists => "key-exists",
            Self::TooLarge(_) => "too-large",
            Self::BackupExists(_) => "backup-exists",
            Self::BackupUnsupported(_) => "backup-unsupported",
        }
    }

    /// A contradiction the engine's code, not the database, has noticed.
    pub fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into(), cause: None }
    }
}
