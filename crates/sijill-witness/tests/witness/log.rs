//! A log that can do everything a log must not, and a witness of it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sijill_log::tree::{consistency_proof, root_at};
use sijill_log::{
    AddCheckpoint, Checkpoint, CosignatureSigner, Hash, HashReader, LogError, Note, NoteSigner, leaf_hash,
    node_hash,
};
use sijill_witness::{Answer, Clock, State, Witness};
use tempfile::TempDir;

pub(crate) const ORIGIN: &str = "log.example/1";
pub(crate) const NAME: &str = "witness.example";
pub(crate) const NOW: u64 = 1_800_000_000;

/// Leaves, whose hashes are worked out anew each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaves(pub(crate) Vec<Hash>);

impl HashReader for Leaves {
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, LogError> {
        let Some(below) = level.checked_sub(1) else {
            let leaf = usize::try_from(index).ok().and_then(|index| self.0.get(index));
            return leaf.copied().ok_or(LogError::TileMissing { level, index });
        };
        Ok(node_hash(&self.subtree(below, 2 * index)?, &self.subtree(below, 2 * index + 1)?))
    }
}

impl Leaves {
    /// `length` leaves, those from `forks_at` on of history `branch`.
    pub(crate) fn of(length: u64, forks_at: u64, branch: u64) -> Self {
        let leaf = |index| if index < forks_at { format!("{index}") } else { format!("{branch}/{index}") };
        Self((0..length).map(|index| leaf_hash(leaf(index).as_bytes())).collect())
    }

    pub(crate) fn checkpoint(&self, size: u64) -> Checkpoint {
        let root = root_at(size, self).expect("it has the leaves");
        Checkpoint { origin: ORIGIN.parse().expect("a name"), size, root }
    }

    pub(crate) fn note(&self, size: u64) -> Note {
        self.checkpoint(size).sign(&signer()).expect("a checkpoint")
    }

    /// A request as an honest client of this history makes it.
    pub(crate) fn request(&self, old: u64, size: u64) -> AddCheckpoint {
        let proof =
            if old <= size { consistency_proof(old, size, self).expect("leaves") } else { Vec::new() };
        AddCheckpoint { old, proof, checkpoint: self.note(size) }
    }
}

pub(crate) fn signer() -> NoteSigner {
    NoteSigner::new(ORIGIN.parse().expect("a name"), &[7; 32])
}

pub(crate) fn key(seed: u8) -> CosignatureSigner {
    CosignatureSigner::new(NAME.parse().expect("a name"), &[seed; 32])
}

/// A clock that stands where it is put.
#[derive(Debug)]
pub(crate) struct Standing(pub(crate) AtomicU64);

impl Clock for Standing {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

pub(crate) fn clock() -> Arc<Standing> {
    Arc::new(Standing(AtomicU64::new(NOW)))
}

/// A witness of the log, in a folder of its own.
pub(crate) struct House {
    pub(crate) folder: TempDir,
    pub(crate) witness: Witness,
    pub(crate) state: State,
    pub(crate) clock: Arc<Standing>,
}

impl House {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let state = state(folder.path()).await;
        state.trust(ORIGIN, signer().verifier()).await.expect("trusted");
        let clock = clock();
        let witness = Witness::start(state.clone(), vec![key(1)], Arc::clone(&clock) as Arc<dyn Clock>);
        Self { folder, witness: witness.await.expect("it starts"), state, clock }
    }

    pub(crate) async fn ask(&self, request: &AddCheckpoint) -> Answer {
        self.witness.add_checkpoint(request.to_string().as_bytes()).await.expect("it answers")
    }

    /// Cosigns a checkpoint, which has to be right.
    pub(crate) async fn grow(&self, leaves: &Leaves, old: u64, size: u64) {
        let answer = self.ask(&leaves.request(old, size)).await;
        assert!(matches!(answer, Answer::Cosigned(_)), "{answer:?}");
    }
}

pub(crate) async fn state(folder: &Path) -> State {
    State::open(&folder.join("witness.sqlite")).await.expect("opened")
}
