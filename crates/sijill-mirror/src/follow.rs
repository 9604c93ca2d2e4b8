//! Following: from one checkpoint to the next, a step at a time.

use std::sync::Arc;

use sijill_audit::Fork;
use sijill_log::tree::verify_consistency;
use sijill_log::{AddCheckpoint, Checkpoint, FullTile, Hash, Note, Tile, TileBuilder, bundle, leaf_hash};
use sijill_witness::Answer;

use crate::error::MirrorError;
use crate::fetch::{Fetched, Fetching, RemoteTiles};
use crate::mirror::{Held, Mirror, judge_stored};
use crate::step::{BUNDLE, Step};

/// A checkpoint with 64 cosignatures has less.
const MAX_CHECKPOINT: usize = 65_536;

/// Entries that are authenticated, and the tree with them.
struct Authenticated {
    edge: TileBuilder,
    completed: Vec<FullTile>,
    entries: Vec<Vec<u8>>,
}

impl Mirror {
    /// Reads the ledger's checkpoint and takes everything it covers.
    pub(crate) async fn catch_up(&self) -> Result<(), MirrorError> {
        self.look_at_evidence().await?;
        let asked = "checkpoint";
        let bytes = self.shared.upstream.get(asked, MAX_CHECKPOINT).await?;
        let bytes = bytes.ok_or_else(|| MirrorError::garbage(asked, "it is not there"))?;
        let opened = Checkpoint::open(&bytes, self.log_key());
        let (checkpoint, note) = opened.map_err(|error| MirrorError::garbage(asked, error))?;
        let held = self.held();
        if checkpoint.size > held.checkpoint.size {
            self.remember(&note).await?;
            self.seen_ahead(checkpoint.size);
            self.take(&checkpoint, &note).await?;
        } else {
            self.compare(&checkpoint, &note)?;
            if checkpoint.size < held.checkpoint.size {
                // True, but old: of now it says nothing.
                let why = format!(
                    "it is of size {}, and {} was shown before",
                    checkpoint.size, held.checkpoint.size
                );
                return Err(MirrorError::garbage(asked, why));
            }
            self.show(&checkpoint, &note).await?;
        }
        self.verified();
        self.compare_heard().await
    }

    /// Compares a checkpoint that the log signed with the tree held here, if it is not larger.
    pub(crate) fn compare(&self, checkpoint: &Checkpoint, note: &Note) -> Result<(), MirrorError> {
        let held = self.held();
        let Some(larger) = held.note.as_ref().filter(|_| checkpoint.size <= held.checkpoint.size) else {
            return Ok(());
        };
        let auditor = self.auditor();
        let root = auditor.root(checkpoint.size);
        let proof = auditor.consistency(checkpoint.size, held.checkpoint.size);
        drop(auditor);
        match (root, proof) {
            (Some(root), Some(proof)) if root != checkpoint.root => {
                let (smaller, larger) = (self.signed_by_log(note)?, self.signed_by_log(larger)?);
                let fork = Fork::prove(smaller, larger, root, proof, self.log_key())?;
                self.raise(&fork)?;
                Err(MirrorError::Forked(fork.why()))
            }
            _ => Ok(()),
        }
    }

    /// Takes everything up to a checkpoint that the log signed and that is larger than what is held.
    async fn take(&self, target: &Checkpoint, note: &Note) -> Result<(), MirrorError> {
        let held = self.held();
        let mut tiles = RemoteTiles::of(target.size);
        self.must_extend(&held, target, note, &mut tiles).await?;
        let mut edge = held.edge.clone();
        let mut tail = self.tail(&held)?;
        let mut superseded = Vec::new();
        let mut fetching = Fetching::new(self.clone(), target.size);
        fetching.begin(edge.size());
        while edge.size() < target.size {
            let fetched = fetching.next(edge.size()).await?;
            let grown = self.authenticate(&edge, target, fetched, &mut tiles).await?;
            // The next step comes over the network while this one is judged.
            fetching.begin(grown.edge.size());
            let (first, entries) = (edge.size(), Arc::new(grown.entries));
            superseded.extend(grown.completed.iter().map(|full| full.tile));
            self.judge(first, Arc::clone(&entries), grown.completed.clone(), &grown.edge).await?;
            tail = self.store(first, tail, &entries, &grown.completed)?;
            edge = grown.edge;
        }
        for (tile, bytes) in edge.partial_tiles() {
            self.shared.files.put(&tile.path(), &bytes)?;
        }
        if let Some(tile) = Tile::in_tree(0, target.size / BUNDLE, target.size) {
            let bytes = bundle::encode(&tail).map_err(|error| MirrorError::Task(error.to_string()))?;
            self.shared.files.put(&tile.entries_path(), &bytes)?;
        }
        self.hold(target, &self.good_signatures(note)?, edge).await?;
        for tile in superseded {
            self.shared.files.drop_partial(tile)?;
        }
        tracing::info!(size = target.size, "mirrored");
        self.show(target, note).await
    }

    /// Makes everything durable and moves the checkpoint to it.
    async fn hold(&self, checkpoint: &Checkpoint, note: &Note, edge: TileBuilder) -> Result<(), MirrorError> {
        let (files, text) = (Arc::clone(&self.shared.files), note.to_string());
        let committed = tokio::task::spawn_blocking(move || files.commit(&text)).await;
        committed.map_err(|error| MirrorError::Task(error.to_string()))??;
        self.publish(Held { checkpoint: checkpoint.clone(), note: Some(note.clone()), edge });
        Ok(())
    }

    /// Cosigns what is held, and shows it with all good signatures there are.
    async fn show(&self, checkpoint: &Checkpoint, note: &Note) -> Result<(), MirrorError> {
        let held = self.held();
        let Some(known) = held.note.as_ref().filter(|_| held.checkpoint == *checkpoint) else {
            return Ok(());
        };
        let mut good = self.good_signatures(note)?;
        let mine = |note: &Note| {
            let by_me =
                |line: &&sijill_log::NoteSignature| self.shared.witness.keys().any(|key| line.is_by(key));
            note.signatures().iter().filter(by_me).cloned().collect::<Vec<_>>()
        };
        let mut lines = mine(known);
        if lines.is_empty() {
            lines = self.cosign(checkpoint, note).await?;
        }
        for line in lines {
            good.add(line).map_err(|error| MirrorError::garbage("checkpoint", error))?;
        }
        if good.signatures().len() <= known.signatures().len() {
            return Ok(());
        }
        self.hold(checkpoint, &good, held.edge.clone()).await
    }

    /// Cosigns a checkpoint that everything held here leads to.
    async fn cosign(
        &self,
        checkpoint: &Checkpoint,
        note: &Note,
    ) -> Result<Vec<sijill_log::NoteSignature>, MirrorError> {
        let before = self.shared.state.held(checkpoint.origin.as_str()).await?;
        let old = before.map_or(0, |held| held.checkpoint.size);
        let proof =
            if old == 0 { Some(Vec::new()) } else { self.auditor().consistency(old, checkpoint.size) };
        // Larger was cosigned before, by a mirror that has lost its files: it has to come back there first.
        let Some(proof) = proof else { return Ok(Vec::new()) };
        let request = AddCheckpoint { old, proof, checkpoint: self.signed_by_log(note)? };
        match self.shared.witness.add_checkpoint(request.to_string().as_bytes()).await? {
            Answer::Cosigned(lines) => Ok(lines),
            other => {
                tracing::warn!(
                    status = other.status(),
                    size = checkpoint.size,
                    "what is held was not cosigned"
                );
                Ok(Vec::new())
            }
        }
    }

    /// Whether the log's own tiles show that the target extends what is held. If they show that it does not, that is a fork.
    async fn must_extend(
        &self,
        held: &Held,
        target: &Checkpoint,
        note: &Note,
        tiles: &mut RemoteTiles,
    ) -> Result<(), MirrorError> {
        let (old, new) = (held.checkpoint.size, target.size);
        let Some(known) = held.note.as_ref().filter(|_| old > 0) else { return Ok(()) };
        let proof = self.remote_proof(old, tiles).await?;
        if verify_consistency(old, &held.checkpoint.root, new, &target.root, &proof).is_ok() {
            return Ok(());
        }
        let root = self.remote_root(old, tiles).await?;
        let (smaller, larger) = (self.signed_by_log(known)?, self.signed_by_log(note)?);
        match Fork::prove(smaller, larger, root, proof, self.log_key()) {
            Ok(fork) => {
                self.raise(&fork)?;
                Err(MirrorError::Forked(fork.why()))
            }
            // Its tiles give neither tree: they prove nothing.
            Err(error) => Err(MirrorError::garbage("hash tiles", error)),
        }
    }

    /// The tree with these entries: they are exactly those that the target signs, or they are fetched again.
    async fn authenticate(
        &self,
        edge: &TileBuilder,
        target: &Checkpoint,
        mut fetched: Fetched,
        tiles: &mut RemoteTiles,
    ) -> Result<Authenticated, MirrorError> {
        loop {
            let hashing = tokio::task::spawn_blocking(move || {
                use rayon::prelude::*;
                let leaves: Vec<Hash> = fetched.entries.par_iter().map(|entry| leaf_hash(entry)).collect();
                (fetched, leaves)
            });
            let (came, leaves) = hashing.await.map_err(|error| MirrorError::Task(error.to_string()))?;
            let mut grown = edge.clone();
            let completed = grown.extend(leaves);
            let (size, root) = (grown.size(), grown.root());
            let proof = if size < target.size { self.remote_proof(size, tiles).await? } else { Vec::new() };
            let same = size > edge.size()
                && verify_consistency(size, &root, target.size, &target.root, &proof).is_ok();
            if same {
                return Ok(Authenticated { edge: grown, completed, entries: came.entries });
            }
            if came.from_here.is_empty() {
                return Err(MirrorError::garbage("entries", "they are not those that the checkpoint signs"));
            }
            // What lay here was left by an interrupted step, and may be a failing disk's or another history's.
            for tile in came.from_here {
                self.shared.files.remove(&tile.entries_path())?;
            }
            fetched = self.fetch_entries(edge.size(), target.size, false).await?;
        }
    }

    /// Judges entries that the log signed, beside the asynchronous tasks.
    async fn judge(
        &self,
        first: u64,
        entries: Arc<Vec<Vec<u8>>>,
        completed: Vec<FullTile>,
        edge: &TileBuilder,
    ) -> Result<(), MirrorError> {
        let (mirror, size, root) = (self.clone(), edge.size(), edge.root());
        let judged = tokio::task::spawn_blocking(move || {
            let shared = &mirror.shared;
            if first == 0 && entries.first().is_some_and(|entry| leaf_hash(entry) != shared.trust.genesis) {
                return Err(MirrorError::OtherLedger);
            }
            let mut auditor = mirror.auditor();
            // An attempt that was interrupted later may have judged some of them.
            let from = auditor.size();
            if from < size {
                let skipped = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
                let rest = entries.get(skipped..).unwrap_or_default();
                auditor.extend(&Step::new(&shared.documents, from, rest, &completed), size)?;
            }
            if auditor.root(size) != Some(root) {
                // What it judged before was signed too, but is of another history: it begins again from what is held.
                (*auditor, _) = judge_stored(&shared.files, &shared.documents, &shared.trust)?;
                return Err(MirrorError::garbage(
                    "entries",
                    "others were signed for the same places a moment ago",
                ));
            }
            if !auditor.is_sound() {
                return Err(MirrorError::Unsound { faults: auditor.faults() });
            }
            let levels = auditor.levels();
            drop(auditor);
            mirror.judged(levels);
            Ok(())
        });
        judged.await.map_err(|error| MirrorError::Task(error.to_string()))?
    }

    /// Stores the full bundles and tiles; answers the entries of the bundle that is not full yet.
    fn store(
        &self,
        first: u64,
        tail: Vec<Vec<u8>>,
        entries: &[Vec<u8>],
        completed: &[FullTile],
    ) -> Result<Vec<Vec<u8>>, MirrorError> {
        let files = &self.shared.files;
        let mut number = first / BUNDLE;
        let mut bundled = tail;
        for entry in entries {
            bundled.push(entry.clone());
            if bundled.len() as u64 == BUNDLE {
                let bytes = bundle::encode(&bundled).map_err(|error| MirrorError::Task(error.to_string()))?;
                files.put(&Tile::full(0, number).entries_path(), &bytes)?;
                bundled.clear();
                number += 1;
            }
        }
        for full in completed {
            files.put(&full.tile.path(), &full.bytes)?;
        }
        Ok(bundled)
    }

    /// The entries held of the bundle that is not full yet.
    fn tail(&self, held: &Held) -> Result<Vec<Vec<u8>>, MirrorError> {
        let size = held.checkpoint.size;
        let Some(tile) = Tile::in_tree(0, size / BUNDLE, size) else { return Ok(Vec::new()) };
        let path = tile.entries_path();
        let damaged = |why: String| MirrorError::Damaged(format!("{path}: {why}"));
        let bytes = self.shared.files.read(&path)?.ok_or_else(|| damaged("it is not there".to_owned()))?;
        let entries = bundle::decode(&bytes, tile.width).map_err(|error| damaged(error.to_string()))?;
        Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
    }
}
