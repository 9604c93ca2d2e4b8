//! One witness: what is known of it, and how a checkpoint is brought to it (C2SP tlog-witness v1.0.0, as its client).

use std::sync::Arc;
use std::time::{Duration, Instant};

use sijill_log::policy::Witness;
use sijill_log::tlog_witness::{SIZE_MEDIA_TYPE, parse_size};
use sijill_log::{AddCheckpoint, NoteSignature};
use tokio::sync::{mpsc, watch};

use super::courier::{Courier, Reply};
use crate::publish::{Published, Tiles};

/// Requests for one checkpoint: a witness whose size is not known tells it with the first, may have moved on with the
/// second, and one that tells another size each time is lying.
const TRIES: usize = 4;
/// How long after a failure a witness is asked again, at first and at most.
const PAUSE: [Duration; 2] = [Duration::from_millis(500), Duration::from_mins(1)];

/// Why a witness did not cosign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It did not answer.
    Unreachable,
    /// It does not know this log or its key, or has no time: any status but those below.
    Refused(u16),
    /// It has cosigned more than this checkpoint.
    Ahead(u64),
    /// It holds another root for a size of ours: one of the two was shown, or tells, another history.
    Disagrees,
    /// What it answered makes no sense: a cosignature that does not verify, a size that is none.
    Wrong,
    /// This ledger could not read what it needed.
    Own,
}

impl Failure {
    /// As a metric's label.
    fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Refused(_) => "refused",
            Self::Ahead(_) => "ahead",
            Self::Disagrees => "disagrees",
            Self::Wrong => "wrong",
            Self::Own => "own",
        }
    }
}

/// What a witness's task tells the rounds.
pub(crate) enum Told {
    /// It cosigned the checkpoint of this size; the line is verified.
    Cosigned { size: u64, line: NoteSignature },
    /// The witness of this name says it has cosigned more than the checkpoint of this size, which it was brought.
    Ahead { size: u64, witness: String },
}

/// The one that goes to a witness.
pub(crate) struct Visitor {
    witness: Witness,
    url: String,
    courier: Arc<dyn Courier>,
    tiles: Tiles,
    /// The size it cosigned last, as far as known.
    known: u64,
    /// How it went last: what changes is logged, what stays is counted.
    last: Option<Failure>,
}

impl Visitor {
    /// `None` for a witness that cannot be reached.
    pub(crate) fn of(witness: &Witness, courier: &Arc<dyn Courier>, tiles: &Tiles) -> Option<Self> {
        let url = witness.url.clone()?;
        let (courier, tiles) = (Arc::clone(courier), tiles.clone());
        Some(Self { witness: witness.clone(), url, courier, tiles, known: 0, last: None })
    }

    /// Brings it every target until nobody sets any more.
    pub(crate) async fn tend(
        mut self,
        mut target: watch::Receiver<Option<Arc<Published>>>,
        tell: mpsc::Sender<Told>,
    ) {
        let (mut done, mut failures) = (None, 0u32);
        loop {
            let published =
                target.borrow_and_update().clone().filter(|new| done != Some(new.checkpoint.size));
            let Some(published) = published else {
                if target.changed().await.is_err() {
                    return;
                }
                continue;
            };
            let size = published.checkpoint.size;
            let started = Instant::now();
            let went = self.visit(&published).await;
            metrics::histogram!("sijill_cosign_seconds", "witness" => self.witness.name.clone())
                .record(started.elapsed().as_secs_f64());
            self.note(went.as_ref().err().copied(), size);
            let told = match went {
                Ok(line) => {
                    (done, failures) = (Some(size), 0);
                    Some(Told::Cosigned { size, line })
                }
                Err(Failure::Ahead(_)) => Some(Told::Ahead { size, witness: self.witness.name.clone() }),
                Err(_) => None,
            };
            if let Some(told) = told
                && tell.send(told).await.is_err()
            {
                return;
            }
            if done != Some(size) {
                let pause = PAUSE[0].saturating_mul(1 << failures.min(7)).min(PAUSE[1]);
                failures += 1;
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Brings it a checkpoint, with the proof from wherever it stands.
    async fn visit(&mut self, published: &Published) -> Result<NoteSignature, Failure> {
        let size = published.checkpoint.size;
        for _ in 0..TRIES {
            if self.known > size {
                // What it says now need not be what it says next.
                return Err(Failure::Ahead(std::mem::take(&mut self.known)));
            }
            let proof = match self.known {
                0 => Vec::new(),
                known => {
                    self.tiles.consistency(known, size, &published.edge).await.map_err(|_| Failure::Own)?
                }
            };
            let request = AddCheckpoint { old: self.known, proof, checkpoint: published.note.clone() };
            let reply = self.courier.submit(&self.url, request.to_string()).await;
            let reply = reply.map_err(|_| Failure::Unreachable)?;
            match (reply.status, told_size(&reply)) {
                (200, _) => {
                    let line = self.line(published, &reply.body)?;
                    self.known = size;
                    return Ok(line);
                }
                (409, Some(told)) if told != self.known => self.known = told,
                // v1.0.0 says so of another root for the very size; later drafts say 422, as v1.0.0 of any other proof
                // that does not hold. From the empty tree there is nothing to disagree about.
                (409, Some(told)) if told == size && size > 0 => return Err(Failure::Disagrees),
                (422, _) if self.known > 0 => return Err(Failure::Disagrees),
                (409 | 422, _) => return Err(Failure::Wrong),
                (status, _) => return Err(Failure::Refused(status)),
            }
        }
        self.known = 0;
        Err(Failure::Wrong)
    }

    /// The line of the witness's key among those it answered, if it holds.
    fn line(&self, published: &Published, body: &str) -> Result<NoteSignature, Failure> {
        let lines = NoteSignature::parse_lines(body).map_err(|_| Failure::Wrong)?;
        let line = lines.into_iter().find(|line| line.is_by(&self.witness.key)).ok_or(Failure::Wrong)?;
        self.witness.key.verify(published.note.text(), &line).map_err(|_| Failure::Wrong)?;
        Ok(line)
    }

    fn note(&mut self, failure: Option<Failure>, size: u64) {
        let witness = self.witness.name.clone();
        let outcome = failure.map_or("cosigned", Failure::as_str);
        metrics::counter!("sijill_cosign_total", "witness" => witness.clone(), "outcome" => outcome)
            .increment(1);
        metrics::gauge!("sijill_witness_cosigns", "witness" => witness.clone()).set(if failure.is_none() {
            1.0
        } else {
            0.0
        });
        if failure.is_none() {
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
            metrics::gauge!("sijill_cosigned_size", "witness" => witness.clone()).set(size as f64);
        }
        if failure == self.last {
            return;
        }
        self.last = failure;
        match failure {
            None => tracing::info!(witness, size, "the witness cosigns"),
            Some(Failure::Disagrees) => tracing::error!(
                witness,
                size,
                "the witness holds another history of this log: keep its database, this one and the seal, and find out which is false"
            ),
            Some(failure) => {
                tracing::warn!(witness, size, ?failure, "the witness did not cosign; it is asked again");
            }
        }
    }
}

/// The size that a 409 tells.
pub(super) fn told_size(reply: &Reply) -> Option<u64> {
    (reply.status == 409 && reply.media_type == SIZE_MEDIA_TYPE).then(|| parse_size(&reply.body)).flatten()
}
