//! What a witness answers, decided without state, clock or keys of its own.

use sijill_log::tree::verify_consistency;
use sijill_log::{AddCheckpoint, Checkpoint, EMPTY_ROOT, Hash, LogError, Note, NoteSignature, NoteVerifier};

use crate::state::Held;

/// The answer to a submitted checkpoint; statuses as in C2SP tlog-witness v1.0.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200: the cosignatures, one of each of the witness's keys.
    Cosigned(Vec<NoteSignature>),
    /// 400: not a request, or not a checkpoint this witness signs. Extension lines are refused: nobody could audit them.
    Malformed(LogError),
    /// 404: no such log is witnessed.
    UnknownLog,
    /// 403: not signed by a trusted key of the log, or one of them is wrong.
    NotSigned,
    /// 400: the old size is above the checkpoint's.
    OldAboveNew,
    /// 409: the old size is not the one cosigned last, or the checkpoint has its size and another root.
    Conflict {
        /// The size cosigned last; 0 for none.
        size: u64,
    },
    /// 422: the proof does not lead from what was cosigned last to the checkpoint.
    NotConsistent(LogError),
}

impl Answer {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Cosigned(_) => 200,
            Self::Malformed(_) | Self::OldAboveNew => 400,
            Self::NotSigned => 403,
            Self::UnknownLog => 404,
            Self::Conflict { .. } => 409,
            Self::NotConsistent(_) => 422,
        }
    }
}

/// Of what a kept checkpoint is evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceKind {
    /// The log signed two roots for one size. That alone proves that it has two histories.
    Fork,
    /// The log signed a checkpoint, and whoever brought it could not show that it extends the one cosigned last. It proves
    /// nothing by itself: the proof may have been damaged by anybody.
    Unproven,
}

impl EvidenceKind {
    /// Its name in the state and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Unproven => "unproven",
        }
    }

    /// Reads [`EvidenceKind::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Fork, Self::Unproven].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A checkpoint that a trusted log signed, and what was brought with it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What the log says.
    pub checkpoint: Checkpoint,
    /// It, encoded anew, with the log's own signatures and no others: unverified bytes are neither kept nor signed.
    pub note: Note,
    /// The size the client believes was cosigned last.
    pub old: u64,
    /// The consistency proof.
    pub proof: Vec<Hash>,
}

/// What becomes of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is cosigned, and from now on it is the one cosigned last.
    Advance,
    /// It is the one cosigned last, and is cosigned again.
    Again,
    /// It is not.
    Refuse(Answer, Option<EvidenceKind>),
}

/// Reads a request up to the origin of its checkpoint.
pub fn read(body: &[u8]) -> Result<(AddCheckpoint, Checkpoint), Answer> {
    let request = AddCheckpoint::parse(body).map_err(Answer::Malformed)?;
    let checkpoint = Checkpoint::parse(request.checkpoint.text()).map_err(Answer::Malformed)?;
    Ok((request, checkpoint))
}

/// Whether one of the log's keys signed it, and none of them wrongly.
pub fn verify(
    request: AddCheckpoint,
    checkpoint: Checkpoint,
    keys: &[NoteVerifier],
) -> Result<Shown, Answer> {
    if keys.is_empty() {
        return Err(Answer::UnknownLog);
    }
    let mut note: Option<Note> = None;
    for key in keys {
        let Some(signature) = request.checkpoint.signature_by(key).map_err(|_| Answer::NotSigned)? else {
            continue;
        };
        let signature = signature.clone();
        match &mut note {
            Some(note) => note.add(signature).map_err(Answer::Malformed)?,
            None => note = Some(Note::new(checkpoint.to_string(), signature).map_err(Answer::Malformed)?),
        }
    }
    let note = note.ok_or(Answer::NotSigned)?;
    if request.old > checkpoint.size {
        return Err(Answer::OldAboveNew);
    }
    Ok(Shown { checkpoint, note, old: request.old, proof: request.proof })
}

/// What to do with a checkpoint, given the one cosigned last.
pub fn decide(held: Option<&Held>, shown: &Shown) -> Decision {
    let (size, root) = held.map_or((0, EMPTY_ROOT), |held| (held.checkpoint.size, held.checkpoint.root));
    let new = &shown.checkpoint;
    // Looked for first: two roots for one size prove a fork whatever the client believes.
    if new.size == size && new.root != root {
        return Decision::Refuse(Answer::Conflict { size }, Some(EvidenceKind::Fork));
    }
    if shown.old != size {
        return Decision::Refuse(Answer::Conflict { size }, None);
    }
    match verify_consistency(size, &root, new.size, &new.root, &shown.proof) {
        Ok(()) if new.size == size && held.is_some() => Decision::Again,
        Ok(()) => Decision::Advance,
        Err(error) => {
            // From the empty tree, and to the same one, there is nothing to prove: the client is wrong, not the log.
            let unproven = size > 0 && new.size > size;
            Decision::Refuse(Answer::NotConsistent(error), unproven.then_some(EvidenceKind::Unproven))
        }
    }
}
