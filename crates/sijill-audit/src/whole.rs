//! What is judged of a ledger as a whole: its checkpoint, its root, and what was held against it.

use std::collections::BTreeSet;

use sijill_domain::Registry;
use sijill_event::Digest;
use sijill_log::{
    Checkpoint, Hash, KeyKind, LogError, Note, NoteVerifier, leaf_hash, tree::verify_inclusion,
};

use crate::examination::Remains;
use crate::fault::{FaultCode, Faults};
use crate::interval::quorum_time;
use crate::source::Source;
use crate::{HeldCheckpoint, Options, Receipt, Unreadable};

/// A checkpoint, with all that it is judged by.
pub(crate) struct Whole<'a> {
    pub(crate) checkpoint: &'a Checkpoint,
    pub(crate) note: &'a Note,
    /// The trusted log key, or the one entry 0 names.
    pub(crate) log_key: Option<NoteVerifier>,
    pub(crate) remains: &'a Remains,
    pub(crate) source: &'a dyn Source,
}

/// The key that entry 0 names, as a key of the checkpoint's origin.
pub(crate) fn named_key(checkpoint: &Checkpoint, key: &[u8; 32]) -> Option<NoteVerifier> {
    NoteVerifier::new(checkpoint.origin.clone(), KeyKind::Log, key).ok()
}

/// Compares the documents that are there with what was published. One that is not there is only missed.
pub(crate) fn judge_documents(
    registry: Option<&Registry>,
    source: &dyn Source,
    faults: &mut Faults,
) -> Result<(), Unreadable> {
    let published = registry.into_iter().flat_map(Registry::documents).flat_map(|(_, _, versions)| versions);
    let mut altered = Vec::new();
    for hash in published.map(|version| version.hash).collect::<BTreeSet<_>>() {
        if source.document(&hash)?.is_some_and(|bytes| Digest::of(&bytes) != hash) {
            altered.push(hash.to_string());
        }
    }
    if !altered.is_empty() {
        let message = format!("documents are not those that were published: {}", altered.join(", "));
        faults.add(FaultCode::DocumentMismatch, None, message);
    }
    Ok(())
}

impl Whole<'_> {
    pub(crate) fn judge(&self, options: &Options<'_>, faults: &mut Faults) {
        if let Some(why) = self.why_not_signed(self.note, self.checkpoint, options) {
            faults.add(FaultCode::CheckpointSignature, None, format!("the checkpoint does not hold: {why}"));
        }
        self.judge_stated(faults);
        self.judge_trust(options, faults);
        if self.is_root_right() == Some(false) {
            let message =
                "the entries do not give the checkpoint's root: one of them, or the checkpoint, was altered";
            faults.add(FaultCode::Root, None, message);
        }
        let beside = self.source.witnessed();
        options.since.iter().chain(beside).for_each(|held| self.judge_held(held, options, faults));
        options.receipts.iter().for_each(|receipt| self.judge_receipt(receipt, options, faults));
    }

    fn why_not_signed(&self, note: &Note, checkpoint: &Checkpoint, options: &Options<'_>) -> Option<String> {
        let origin = options.trust.map_or(self.checkpoint.origin.as_str(), |trust| &trust.origin);
        if checkpoint.origin.as_str() != origin {
            return Some(format!("it is of {}, not of {origin}", checkpoint.origin));
        }
        let Some(key) = &self.log_key else {
            return Some("entry 0 names no log key that could have signed it".to_owned());
        };
        match note.signature_by(key) {
            Ok(Some(_)) => None,
            Ok(None) => Some(LogError::NoteUnsigned.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }

    fn judge_stated(&self, faults: &mut Faults) {
        let stated = self.source.stated();
        let Checkpoint { origin, size, .. } = self.checkpoint;
        if stated.origin.as_ref().is_some_and(|stated| stated != origin.as_str())
            || stated.size.is_some_and(|stated| stated != *size)
        {
            let message = format!(
                "the checkpoint is of {origin} at size {size}, which is not what is stated beside it"
            );
            faults.add(FaultCode::CheckpointSignature, None, message);
        }
    }

    fn judge_trust(&self, options: &Options<'_>, faults: &mut Faults) {
        let Some(trust) = options.trust else { return };
        let met = trust.policy.is_quorum(|_| false)
            || trust.policy.satisfied_by(self.note).is_ok_and(|witnessed| witnessed.quorum);
        if !met {
            faults.add(
                FaultCode::Quorum,
                None,
                "the witnesses that cosigned the checkpoint are not the quorum the trust file asks for",
            );
        }
        if self.entry(0).is_some_and(|entry| leaf_hash(entry) != trust.genesis) {
            faults.add(
                FaultCode::Genesis,
                0,
                "entry 0 is not the one the trust file names: this is another ledger",
            );
        }
    }

    fn entry(&self, index: u64) -> Option<&[u8]> {
        self.remains.kept.get(&index)?.as_deref()
    }

    /// Whether a tree of this size with this root is one this ledger had. `None`: entries are missing that would tell.
    fn had(&self, size: u64, root: Hash) -> Option<bool> {
        if size > self.checkpoint.size {
            return Some(false);
        }
        let ours = if size == self.checkpoint.size { Some(self.checkpoint.root) } else { self.root(size) };
        ours.map(|ours| ours == root)
    }

    /// Root of the first `size` entries, if all of them are there, or what stands for them in evidence.
    fn root(&self, size: u64) -> Option<Hash> {
        if self.source.is_whole() { self.remains.tree.root(size) } else { self.source.root(size) }
    }

    /// Whether the entries give the checkpoint's root. `None`: some are missing that evidence has no need of.
    fn is_root_right(&self) -> Option<bool> {
        let root = self.root(self.checkpoint.size);
        let absent = (!self.source.is_whole()).then_some(false);
        root.map(|root| root == self.checkpoint.root).or(absent)
    }

    /// Checkpoints beside the entries that witnesses cosigned in time: size, and by when.
    pub(crate) fn witnessed(&self, options: &Options<'_>) -> Vec<(u64, u64)> {
        let Some(trust) = options.trust else { return Vec::new() };
        let own = (self.note, self.checkpoint);
        let own = Some(own).filter(|_| self.is_root_right() == Some(true));
        let held = self.source.witnessed().iter().map(|held| (&held.note, &held.checkpoint));
        // At a size whose root is not known, a checkpoint covers nobody knows what.
        let held = held.filter(|(_, checkpoint)| self.root(checkpoint.size) == Some(checkpoint.root));
        let mut found = Vec::new();
        for (note, checkpoint) in own.into_iter().chain(held) {
            let signed = self.why_not_signed(note, checkpoint, options).is_none();
            let time = quorum_time(&trust.policy, note).filter(|_| signed);
            found.extend(time.map(|time| (checkpoint.size, time.by)));
        }
        found
    }

    fn judge_held(&self, held: &HeldCheckpoint, options: &Options<'_>, faults: &mut Faults) {
        self.judge_signed(&held.note, &held.checkpoint, "the held checkpoint", options, faults);
    }

    fn judge_signed(
        &self,
        note: &Note,
        checkpoint: &Checkpoint,
        what: &str,
        options: &Options<'_>,
        faults: &mut Faults,
    ) {
        let size = checkpoint.size;
        if let Some(why) = self.why_not_signed(note, checkpoint, options) {
            faults.add(
                FaultCode::CheckpointSignature,
                None,
                format!("{what} of size {size} does not hold: {why}"),
            );
        }
        if self.had(size, checkpoint.root) == Some(false) {
            let message = format!(
                "{what} of size {size} has a root that this ledger never had: history was rewritten or cut off"
            );
            faults.add(FaultCode::Root, None, message);
        }
    }

    fn judge_receipt(&self, receipt: &Receipt, options: &Options<'_>, faults: &mut Faults) {
        let Receipt { index, received, proof, checkpoint } = receipt;
        self.judge_signed(&proof.checkpoint, checkpoint, "the receipt's checkpoint", options, faults);
        let proves = |entry: &[u8]| {
            let sequenced = format!("{received} ");
            entry.starts_with(sequenced.as_bytes())
                && proof.index == *index
                && verify_inclusion(
                    &leaf_hash(entry),
                    *index,
                    checkpoint.size,
                    &proof.hashes,
                    &checkpoint.root,
                )
                .is_ok()
        };
        if self.entry(*index).map_or(self.source.is_whole(), |entry| !proves(entry)) {
            let message = format!(
                "the receipt does not prove entry {index}: it is not the entry the receipt was given for"
            );
            faults.add(FaultCode::Root, *index, message);
        }
    }
}
