//! Rounds: which checkpoint is brought to the witnesses, and when it is enough.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sijill_log::{Note, Policy};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::Cosigned;
use super::visit::Told;
use crate::publish::Published;

/// The task that decides.
pub(crate) struct Rounds {
    pub(crate) policy: Policy,
    pub(crate) every: Duration,
    pub(crate) published: watch::Receiver<Arc<Published>>,
    /// What the witnesses are to be brought.
    pub(crate) target: watch::Sender<Option<Arc<Published>>>,
    pub(crate) told: mpsc::Receiver<Told>,
    pub(crate) announce: Arc<watch::Sender<Option<Arc<Cosigned>>>>,
    /// The checkpoint of this round, with the lines there are.
    pub(crate) current: Option<(Arc<Published>, Note)>,
    /// The witnesses that say they have cosigned more than this round's checkpoint.
    pub(crate) ahead: BTreeSet<String>,
}

impl Rounds {
    /// Runs until the ledger or its witnesses' tasks are gone.
    pub(crate) async fn run(mut self) {
        while let Some(()) = self.round().await {}
    }

    async fn round(&mut self) -> Option<()> {
        let published = self.newest().await?;
        let (begun, size) = (Instant::now(), published.checkpoint.size);
        self.current = Some((Arc::clone(&published), published.note.clone()));
        self.ahead.clear();
        self.target.send_replace(Some(published));
        while !self.is_witnessed(size) {
            let told = self.told.recv().await?;
            self.hear(told);
            if self.is_vain() && self.published.borrow().checkpoint.size > size {
                break;
            }
        }
        metrics::histogram!("sijill_witnessed_seconds").record(begun.elapsed().as_secs_f64());
        // Who is late is heard nevertheless: the more cosignatures, the better.
        let next = tokio::time::sleep_until(begun + self.every);
        tokio::pin!(next);
        loop {
            tokio::select! {
                () = &mut next => return Some(()),
                told = self.told.recv() => {
                    let told = told?;
                    self.hear(told);
                }
            }
        }
    }

    /// The newest checkpoint, once it is larger than that of the round before.
    async fn newest(&mut self) -> Option<Arc<Published>> {
        loop {
            let newest = self.published.borrow_and_update().clone();
            let before = self.current.as_ref().map_or(0, |(published, _)| published.checkpoint.size);
            if newest.checkpoint.size > before {
                return Some(newest);
            }
            tokio::select! {
                changed = self.published.changed() => changed.ok()?,
                told = self.told.recv() => {
                    let told = told?;
                    self.hear(told);
                }
            }
        }
    }

    fn is_witnessed(&self, size: u64) -> bool {
        self.announce.borrow().as_ref().is_some_and(|cosigned| cosigned.checkpoint().size == size)
    }

    /// Whether this round cannot end well: another server of this ledger was faster with witnesses that the quorum needs,
    /// and they will never cosign the smaller checkpoint. One that only says so and is not needed ends no round.
    fn is_vain(&self) -> bool {
        !self.policy.is_quorum(|witness| !self.ahead.contains(&witness.name))
    }

    fn hear(&mut self, told: Told) {
        let (told_size, line) = match told {
            Told::Ahead { size, witness } => {
                if self.current.as_ref().is_some_and(|(published, _)| published.checkpoint.size == size) {
                    self.ahead.insert(witness);
                }
                return;
            }
            Told::Cosigned { size, line } => (size, line),
        };
        let Some((published, note)) = &mut self.current else { return };
        // A line for an earlier round: it is in the witness's memory, and no part of this quorum.
        if told_size != published.checkpoint.size || note.add(line).is_err() {
            return;
        }
        let Ok(witnessed) = self.policy.satisfied_by(note) else { return };
        if witnessed.quorum {
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
            metrics::gauge!("sijill_witnessed_size").set(told_size as f64);
            let cosigned =
                Cosigned { published: Arc::clone(published), note: note.clone(), time: witnessed.time };
            self.announce.send_replace(Some(Arc::new(cosigned)));
        }
    }
}
