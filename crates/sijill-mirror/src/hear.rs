//! What others have seen of the log: checkpoints that peers hold, and those a ledger brings to be cosigned.

use std::time::Duration;

use async_trait::async_trait;
use sijill_audit::Fork;
use sijill_log::{Checkpoint, Note};
use sijill_witness::{Condition, EvidenceKind, Refused, judge};

use crate::error::MirrorError;
use crate::mirror::{Mirror, with_good_signatures};

/// How long a request to cosign waits until what it is about has been replayed. The ledger waits ten seconds.
const PATIENCE: Duration = Duration::from_secs(8);

impl Mirror {
    /// Hears of a checkpoint that somebody else holds. One that the log did not sign says nothing, and is refused. One that
    /// cannot be true beside what is held is a fork (`forked`), of which evidence is kept; a larger one is remembered, and
    /// compared when as much is held.
    pub async fn hear(&self, note: &Note) -> Result<(), MirrorError> {
        let opened = Checkpoint::of_note(note, self.log_key());
        let checkpoint = opened.map_err(|error| MirrorError::garbage("a peer's checkpoint", error))?;
        self.remember(note).await?;
        if checkpoint.size > self.held().checkpoint.size {
            self.seen_ahead(checkpoint.size);
            self.shared.hasten.notify_one();
            return Ok(());
        }
        self.compare(&checkpoint, note)
    }

    /// Remembers a checkpoint that the log signed, for good.
    pub(crate) async fn remember(&self, note: &Note) -> Result<(), MirrorError> {
        self.shared.witness.hear(&self.signed_by_log(note)?).await?;
        Ok(())
    }

    /// Compares everything heard of that is not larger than what is held.
    pub(crate) async fn compare_heard(&self) -> Result<(), MirrorError> {
        let (origin, size) = (&self.shared.trust.origin, self.held().checkpoint.size);
        let mut forked = Ok(());
        loop {
            let heard = self.shared.state.heard(origin, size).await?;
            let checkpoints: Vec<_> = heard
                .into_iter()
                .filter_map(|note| Some((Checkpoint::of_note(&note, self.log_key()).ok()?, note)))
                .collect();
            let Some((last, _)) = checkpoints.last() else { return forked };
            for (checkpoint, note) in &checkpoints {
                forked = forked.and(self.compare(checkpoint, note));
            }
            self.shared.state.compared(origin, last.size).await?;
        }
    }

    /// Forks that the cosigner has found: two roots for one size.
    pub(crate) async fn look_at_evidence(&self) -> Result<(), MirrorError> {
        let (kept, _) = self.shared.state.evidence().await?;
        for evidence in kept.iter().filter(|evidence| evidence.kind == EvidenceKind::Fork) {
            let (Ok(held), Ok(shown)) = (
                Checkpoint::of_note(&evidence.held, self.log_key()),
                Checkpoint::of_note(&evidence.shown, self.log_key()),
            ) else {
                continue;
            };
            if held.size == shown.size {
                let (one, other) = (evidence.held.clone(), evidence.shown.clone());
                if let Ok(fork) = Fork::prove(one, other, shown.root, Vec::new(), self.log_key()) {
                    self.raise(&fork)?;
                }
            }
        }
        Ok(())
    }

    /// The note with the log's signature alone: what anybody else signed is no part of what is proved.
    pub(crate) fn signed_by_log(&self, note: &Note) -> Result<Note, MirrorError> {
        let signature = note.signature_by(self.log_key()).ok().flatten().cloned();
        let signature =
            signature.ok_or_else(|| MirrorError::garbage("checkpoint", "the log did not sign it"))?;
        let alone = Note::new(note.text().to_owned(), signature);
        alone.map_err(|error| MirrorError::garbage("checkpoint", error))
    }

    /// The note with all signatures that hold, but for the mirror's own.
    pub(crate) fn good_signatures(&self, note: &Note) -> Result<Note, MirrorError> {
        let own: Vec<_> = self.shared.witness.keys().cloned().collect();
        with_good_signatures(note, &self.shared.trust, &own)
            .ok_or_else(|| MirrorError::garbage("checkpoint", "the log did not sign it"))
    }
}

/// A mirror cosigns what it has replayed, and nothing else.
#[async_trait]
impl Condition for Mirror {
    async fn may_cosign(&self, request: &[u8]) -> Result<(), Refused> {
        // What is no request, or of another log, the witness itself refuses.
        let Ok((request, _)) = judge::read(request) else { return Ok(()) };
        let Ok(checkpoint) = Checkpoint::of_note(&request.checkpoint, self.log_key()) else { return Ok(()) };
        if self.standing().alarm == Some(crate::Alarm::Unsound) {
            return Err(Refused {
                status: 403,
                why: "the mirror found this ledger unsound, and cosigns nothing".to_owned(),
            });
        }
        if checkpoint.size > self.held().checkpoint.size {
            self.seen_ahead(checkpoint.size);
            self.shared.hasten.notify_one();
            if tokio::time::timeout(PATIENCE, self.replayed(checkpoint.size)).await.is_err() {
                let why = "the mirror has not replayed that many entries yet; try again".to_owned();
                return Err(Refused { status: 503, why });
            }
        }
        match self.compare(&checkpoint, &request.checkpoint) {
            Ok(()) => Ok(()),
            Err(MirrorError::Forked(why)) => {
                // The cosigner's own record has it too, for whoever looks there.
                let _ = self.remember(&request.checkpoint).await;
                Err(Refused { status: 422, why })
            }
            Err(error) => {
                tracing::error!(code = error.code(), %error, "a checkpoint could not be compared");
                Err(Refused { status: 503, why: "the mirror cannot tell; try again".to_owned() })
            }
        }
    }

    fn health(&self) -> (bool, String) {
        let standing = self.standing();
        let text = serde_json::to_string(&standing).unwrap_or_default();
        (standing.is_well(), text)
    }
}
