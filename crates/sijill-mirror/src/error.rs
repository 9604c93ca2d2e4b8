//! Why a mirror does not go on.

use std::io;
use std::path::{Path, PathBuf};

use sijill_audit::{Fault, Unreadable};
use sijill_witness::WitnessError;

use crate::upstream::Unreached;

/// Why a mirror could not take the next step, or not begin. [`MirrorError::code`] is stable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// The ledger did not answer.
    #[error("the ledger does not answer: {0}")]
    Upstream(#[from] Unreached),
    /// What came is not what was asked for. It may be the line's fault, and is asked for again.
    #[error("the ledger answered with something else than {asked}: {why}")]
    Garbage {
        /// What was asked for.
        asked: String,
        /// What is wrong with it.
        why: String,
    },
    /// The log signed two histories; evidence is kept.
    #[error("the log has two histories: {0}")]
    Forked(String),
    /// The log signed entries that are not sound. Nothing of them was stored, and nothing more is taken.
    #[error(
        "the ledger signed entries that are not sound, and nothing of them was stored: {}",
        faults.first().map_or("no fault was named", |fault| fault.message.as_str())
    )]
    Unsound {
        /// All faults found.
        faults: Vec<Fault>,
    },
    /// Entry 0 is not the trusted one.
    #[error("entry 0 is not the one the trust file names: this is another ledger")]
    OtherLedger,
    /// What lies in the mirror's own directory is not what it stored.
    #[error(
        "the mirror's own files are not what it stored ({0}): the disk is failing, or somebody altered them. Move its folder log/ \
         away and start it again: it fetches everything anew. Leave witness.sqlite where it is"
    )]
    Damaged(String),
    /// The mirror has no room left by its own settings.
    #[error("the mirror holds {held} bytes, and its settings let it hold {most}: nothing more is taken")]
    Full {
        /// Bytes held.
        held: u64,
        /// Most it may hold.
        most: u64,
    },
    /// A file could not be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The auditor could not work.
    #[error(transparent)]
    Audit(#[from] Unreadable),
    /// The cosigner could not work.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// A task of the mirror failed.
    #[error("a task of the mirror failed: {0}")]
    Task(String),
}

impl MirrorError {
    /// The stable name of the failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Upstream(_) => "upstream-unreached",
            Self::Garbage { .. } => "upstream-garbage",
            Self::Forked(_) => "forked",
            Self::Unsound { .. } => "unsound",
            Self::OtherLedger => "other-ledger",
            Self::Damaged(_) => "mirror-damaged",
            Self::Full { .. } => "mirror-full",
            Self::File { .. } => "mirror-file",
            Self::Audit(error) => error.code(),
            Self::Witness(error) => error.code(),
            Self::Task(_) => "mirror-task",
        }
    }

    /// Whether nothing can be gained by trying again: a person has to look.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Unsound { .. } | Self::OtherLedger | Self::Damaged(_) | Self::Audit(_) | Self::Task(_)
        )
    }

    pub(crate) fn file(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |cause| Self::File { path, cause }
    }

    #[expect(clippy::needless_pass_by_value, reason = "the shape map_err wants")]
    pub(crate) fn garbage(asked: impl Into<String>, why: impl ToString) -> Self {
        Self::Garbage { asked: asked.into(), why: why.to_string() }
    }
}
