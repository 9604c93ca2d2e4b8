//! Cosigning: published checkpoints go to the witnesses of a policy until its quorum has cosigned one, then the next.
//!
//! ```text
//! published → rounds ─target→ visit (one task for each witness) ─told→ rounds → cosigned
//! ```
//!
//! A round is about one checkpoint, the newest when it begins, and lasts until the quorum has cosigned that: cosignatures of
//! different sizes do not add up. Every witness has a task and a memory of its own, so that a slow or dead one delays
//! nobody the quorum does not need. Nothing here touches publication: a ledger all of whose witnesses are gone publishes
//! as before, and answers nobody who waits for `witnessed`.

mod courier;
mod record;
mod rounds;
mod visit;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sijill_domain::Registry;
use sijill_log::{AddCheckpoint, Checkpoint, EMPTY_ROOT, Note, NoteSigner, Policy, QuorumTime};
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::error::{OpenError, Own, Refused};
use crate::ledger::{Receipt, Settled};
use crate::publish::{Published, Tiles, tlog_proof};

pub use courier::{Courier, Reply, Unreached};
pub use record::record_witnessed;
use rounds::Rounds;
use visit::{Visitor, told_size};

/// Who cosigns checkpoints, and how they are reached. Clones share the courier.
#[derive(Clone)]
pub struct Witnessing {
    /// Whose quorum makes a checkpoint witnessed, as long as the members have decided on no policy. Witnesses without a URL
    /// are not asked; `log` lines mean nothing here.
    pub policy: Option<Policy>,
    /// Least time between two rounds.
    pub every: Duration,
    /// How long an append that waits for `witnessed` waits.
    pub patience: Duration,
    /// How requests travel.
    pub courier: Arc<dyn Courier>,
}

impl Witnessing {
    /// At most one round a second, and 20 seconds of patience.
    pub fn new(policy: Option<Policy>, courier: Arc<dyn Courier>) -> Self {
        Self { policy, every: Duration::from_secs(1), patience: Duration::from_secs(20), courier }
    }

    /// The policy in force: the members', or that of the settings.
    fn in_force<'a>(&'a self, registry: &'a Registry) -> Option<&'a Policy> {
        registry.witnesses().or(self.policy.as_ref())
    }

    /// Refuses settings under which nothing would ever be witnessed, or two histories could be. What the members decided is
    /// not refused: they would have nothing left to decide otherwise with.
    fn check(&self, registry: &Registry) -> Result<(), OpenError> {
        let wrong = |why: &str| Err(OpenError::WitnessPolicy(why.to_owned()));
        let Some(policy) = self.policy.as_ref().filter(|_| registry.witnesses().is_none()) else {
            return Ok(());
        };
        if !policy.quorums_intersect() {
            return wrong(
                "it names no quorum, or two quorums that share no witness: each could cosign a history of its own",
            );
        }
        if !policy.is_quorum(|witness| witness.url.is_some()) {
            return wrong(
                "the witnesses that have a URL are no quorum: no checkpoint could ever be witnessed",
            );
        }
        Ok(())
    }
}

/// A published checkpoint that a quorum of witnesses has cosigned.
#[derive(Debug, Clone)]
pub struct Cosigned {
    pub(crate) published: Arc<Published>,
    /// The checkpoint with the cosignatures there are so far.
    pub note: Note,
    /// When the quorum had seen it.
    pub time: Option<QuorumTime>,
}

impl Cosigned {
    /// Origin, size and root.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.published.checkpoint
    }
}

/// The running tasks, and what they have come to.
pub(crate) struct Witnesses {
    pub(crate) cosigned: watch::Receiver<Option<Arc<Cosigned>>>,
    settings: Witnessing,
    /// Dropped, everything ends.
    stop: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
}

impl Witnesses {
    /// Starts them.
    pub(crate) fn start(
        settings: Witnessing,
        published: watch::Receiver<Arc<Published>>,
        tiles: &Tiles,
    ) -> Self {
        let (announce, cosigned) = watch::channel(None);
        let (stop, stopped) = oneshot::channel();
        let asking = follow(settings.clone(), published, tiles.clone(), Arc::new(announce), stopped);
        let stop = Mutex::new(Some((stop, tokio::spawn(asking))));
        Self { cosigned, settings, stop }
    }

    /// Ends them. What they have not told by now is told again by the next ones.
    pub(crate) async fn stop(&self) {
        if let Some((stop, asking)) = self.stop.lock().await.take() {
            drop(stop);
            let _ = asking.await;
        }
    }

    /// Whether anybody has to cosign.
    pub(crate) fn are_asked(&self, registry: &Registry) -> bool {
        self.settings.in_force(registry).is_some()
    }

    /// Holds receipts back until a witnessed checkpoint covers them, and rests them on that. In vain: an error in place of
    /// each, for a receipt that says less than was asked for could be mistaken for one that says it.
    pub(crate) async fn cover(&self, settled: Settled, tiles: &Tiles) -> Settled {
        let Some(last) = settled.iter().flatten().map(|receipt| receipt.index).max() else { return settled };
        let mut cosigned = self.cosigned.clone();
        let covers = |cosigned: &Option<Arc<Cosigned>>| {
            cosigned.as_ref().is_some_and(|cosigned| cosigned.checkpoint().size > last)
        };
        let covering = tokio::time::timeout(self.settings.patience, cosigned.wait_for(covers)).await;
        let covering = covering.ok().and_then(|found| found.ok().and_then(|found| found.clone()));
        let mut covered = Vec::with_capacity(settled.len());
        for result in settled {
            covered.push(match (result, &covering) {
                (Ok(receipt), Some(cosigned)) => rest_on(receipt, cosigned, tiles).await,
                (Ok(receipt), None) => Err(not_witnessed(receipt.index)),
                (Err(refused), _) => Err(refused),
            });
        }
        covered
    }
}

/// Asks the witnesses of the policy in force, and others once the members have decided so.
async fn follow(
    settings: Witnessing,
    mut published: watch::Receiver<Arc<Published>>,
    tiles: Tiles,
    announce: Arc<watch::Sender<Option<Arc<Cosigned>>>>,
    mut stopped: oneshot::Receiver<()>,
) {
    loop {
        let policy = settings.in_force(&published.borrow_and_update().registry).cloned();
        let mut tasks = JoinSet::new();
        if let Some(policy) = policy.clone() {
            let (target, targets) = watch::channel(None);
            let (tell, told) = mpsc::channel(64);
            for witness in policy.witnesses() {
                if let Some(visitor) = Visitor::of(witness, &settings.courier, &tiles) {
                    tasks.spawn(visitor.tend(targets.clone(), tell.clone()));
                }
            }
            let (every, published, announce) = (settings.every, published.clone(), Arc::clone(&announce));
            let ahead = BTreeSet::new();
            tasks.spawn(
                Rounds { policy, every, published, target, told, announce, current: None, ahead }.run(),
            );
        }
        let same = |published: &Arc<Published>| settings.in_force(&published.registry) == policy.as_ref();
        let decided = tokio::select! {
            _ = &mut stopped => false,
            changed = published.wait_for(|published| !same(published)) => changed.is_ok(),
        };
        tasks.shutdown().await;
        if !decided {
            return;
        }
        tracing::info!("the members have decided who witnesses");
    }
}

async fn rest_on(receipt: Receipt, cosigned: &Cosigned, tiles: &Tiles) -> Result<Receipt, Refused> {
    let published = &cosigned.published;
    let hashes = tiles.inclusion(receipt.index, published.checkpoint.size, &published.edge).await;
    let hashes = hashes.map_err(|_| not_witnessed(receipt.index))?;
    Ok(Receipt { proof: tlog_proof(&cosigned.note, receipt.index, hashes), ..receipt })
}

fn not_witnessed(index: u64) -> Refused {
    Own::NotWitnessed.because(format!(
        "the event is in the log, as entry {index}, and published; a quorum of witnesses has not cosigned it yet. Post the same \
         bytes again: it is appended once"
    ))
}

/// Refuses to open a ledger that has less than a witness saw: it was restored from a backup, and would sign a second root
/// for a size. A witness that does not answer says nothing.
pub(crate) async fn compare(
    witnessing: &Witnessing,
    registry: &Registry,
    log_key: &NoteSigner,
    size: u64,
) -> Result<(), OpenError> {
    witnessing.check(registry)?;
    let Some(policy) = witnessing.in_force(registry) else { return Ok(()) };
    // Of the empty tree, which every history begins with: the least a witness can be asked with.
    let empty = Checkpoint { origin: log_key.name().clone(), size: 0, root: EMPTY_ROOT };
    let request = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: empty.sign(log_key)? }.to_string();
    let asked = policy.witnesses().filter_map(|witness| {
        let (url, request) = (witness.url.as_deref()?, request.clone());
        Some(async move { (witness, witnessing.courier.submit(url, request).await) })
    });
    for (witness, reply) in futures::future::join_all(asked).await {
        let Ok(reply) = reply else {
            tracing::warn!(
                witness = witness.name,
                "the witness does not answer; what it saw is not compared"
            );
            continue;
        };
        if let Some(seen) = told_size(&reply).filter(|seen| *seen > size) {
            return Err(OpenError::BehindWitness { witness: witness.name.clone(), seen, size });
        }
    }
    Ok(())
}
