//! The running witness: requests are checked beside each other, one task settles them, and what it has made durable is
//! signed.

use std::fmt::Write as _;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use sijill_log::{
    AddCheckpoint, Checkpoint, CosignatureSigner, KeyName, LogError, Note, NoteSignature, NoteVerifier,
};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::error::WitnessError;
use crate::judge::{Answer, Decision, Shown, read, verify};
use crate::state::{Heard, State};

/// Most keys a witness signs with at once: one, and while it is replaced, two; four leave room for another kind.
pub const MAX_KEYS: usize = 4;
/// Requests waiting to be settled; beyond, [`WitnessError::Busy`].
const QUEUE: usize = 1_024;
/// Requests in one transaction.
const BATCH: usize = 256;
/// 2026-01-01: no cosignature was ever made before.
const EARLIEST: u64 = 1_767_225_600;

/// A witness. Clones share it.
#[derive(Clone)]
pub struct Witness {
    shared: Arc<Shared>,
}

struct Shared {
    state: State,
    keys: Vec<CosignatureSigner>,
    clock: Arc<dyn Clock>,
    /// `None` once it is stopping.
    queue: Mutex<Option<mpsc::Sender<Work>>>,
    settling: Mutex<Option<JoinHandle<()>>>,
}

struct Work {
    shown: Shown,
    reply: oneshot::Sender<Result<Settled, WitnessError>>,
}

/// A decision that is durable, and the time it was taken.
struct Settled {
    decision: Decision,
    at: u64,
}

impl Witness {
    /// Starts a witness that signs with all of `keys`: one, or an old and a new one of the same name while the policies that
    /// name it are changed over.
    pub async fn start(
        state: State,
        keys: Vec<CosignatureSigner>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WitnessError> {
        check_keys(&keys, &state.logs().await?)?;
        let (queue, work) = mpsc::channel(QUEUE);
        let settling = tokio::spawn(settle(state.clone(), Arc::clone(&clock), work));
        let (queue, settling) = (Mutex::new(Some(queue)), Mutex::new(Some(settling)));
        Ok(Self { shared: Arc::new(Shared { state, keys, clock, queue, settling }) })
    }

    /// The public halves of its keys.
    pub fn keys(&self) -> impl Iterator<Item = &NoteVerifier> {
        self.shared.keys.iter().map(CosignatureSigner::verifier)
    }

    /// Answers the body of an `add-checkpoint`. Whatever it cosigns is durable before this returns. Dropping the future does
    /// not undo what was settled: ask again.
    ///
    /// # Errors
    /// When it cannot tell: nothing was signed then.
    pub async fn add_checkpoint(&self, body: &[u8]) -> Result<Answer, WitnessError> {
        let (request, checkpoint) = match read(body) {
            Ok(read) => read,
            Err(answer) => return Ok(answer),
        };
        let keys = self.shared.state.keys_of(checkpoint.origin.as_str()).await?;
        let shown = match verify(request, checkpoint, &keys) {
            Ok(shown) => shown,
            Err(answer) => return Ok(answer),
        };
        let checkpoint = shown.checkpoint.clone();
        let Settled { decision, at } = self.settle(shown).await?;
        if let Decision::Refuse(answer, _) = decision {
            return Ok(answer);
        }
        self.cosign(&checkpoint, at).map(Answer::Cosigned)
    }

    /// Hears of a checkpoint that somebody else holds: compares it with everything cosigned and heard of, and remembers it.
    /// One that no trusted key of its log signed says nothing.
    pub async fn hear(&self, note: &Note) -> Result<Heard, WitnessError> {
        let checkpoint = Checkpoint::parse(note.text())?;
        let keys = self.shared.state.keys_of(checkpoint.origin.as_str()).await?;
        let request = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: note.clone() };
        let shown = verify(request, checkpoint, &keys).map_err(|answer| match answer {
            Answer::UnknownLog => {
                WitnessError::LogUnknown(note.text().lines().next().unwrap_or_default().to_owned())
            }
            _ => WitnessError::Log(LogError::NoteUnsigned),
        })?;
        let heard = self.shared.state.hear(&shown, self.shared.clock.now()).await?;
        let outcome = match heard {
            Heard::New => "new",
            Heard::Known => "known",
            Heard::Fork => "fork",
        };
        metrics::counter!("sijill_witness_heard_total", "outcome" => outcome).increment(1);
        Ok(heard)
    }

    /// The logs it witnesses, and the path under which it shows what it cosigned last of each.
    pub async fn paths(&self) -> Result<Vec<(String, String)>, WitnessError> {
        let logs = self.shared.state.logs().await?;
        Ok(logs.into_iter().map(|(origin, _)| (path_of(&origin), origin)).collect())
    }

    /// What was cosigned last of the log with this path, with the cosignatures of that time.
    pub async fn newest(&self, path: &str) -> Result<Option<Note>, WitnessError> {
        let logs = self.shared.state.logs().await?;
        let Some((origin, _)) = logs.into_iter().find(|(origin, _)| path_of(origin) == path) else {
            return Ok(None);
        };
        let Some(held) = self.shared.state.held(&origin).await? else { return Ok(None) };
        let mut note = held.note;
        for line in self.cosign(&held.checkpoint, held.at)? {
            note.add(line)?;
        }
        Ok(Some(note))
    }

    async fn settle(&self, shown: Shown) -> Result<Settled, WitnessError> {
        let (reply, answer) = oneshot::channel();
        let queue = self.shared.queue.lock().await.clone().ok_or(WitnessError::Stopping)?;
        queue.try_send(Work { shown, reply }).map_err(|_| WitnessError::Busy)?;
        drop(queue);
        answer.await.map_err(|_| WitnessError::Stopping)?
    }

    /// Signs what is durable. The signed bytes are made here from what was parsed, and each signature is checked before it
    /// leaves: one that came out wrong could give the key away.
    fn cosign(&self, checkpoint: &Checkpoint, at: u64) -> Result<Vec<NoteSignature>, WitnessError> {
        let text = checkpoint.to_string();
        let sign = |key: &CosignatureSigner| {
            let signature = key.cosign(checkpoint, at)?;
            key.verifier().verify(&text, &signature).map_err(|_| WitnessError::Miscomputed)?;
            Ok(signature)
        };
        self.shared.keys.iter().map(sign).collect()
    }

    /// Whether its state answers.
    pub async fn ready(&self) -> Result<(), WitnessError> {
        self.shared.state.keys_of("").await.map(drop)
    }

    /// Takes no more requests, settles those it has, and closes its state.
    pub async fn stop(&self) {
        *self.shared.queue.lock().await = None;
        if let Some(settling) = self.shared.settling.lock().await.take() {
            let _ = settling.await;
        }
        self.shared.state.close().await;
    }
}

/// The one task that settles: as many requests in one transaction as have come in while the one before was written.
async fn settle(state: State, clock: Arc<dyn Clock>, mut work: mpsc::Receiver<Work>) {
    let mut batch = Vec::with_capacity(BATCH);
    while work.recv_many(&mut batch, BATCH).await > 0 {
        metrics::histogram!("sijill_witness_batch").record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
        let (shown, replies): (Vec<_>, Vec<_>) = batch.drain(..).map(|work| (work.shown, work.reply)).unzip();
        let at = clock.now();
        let settled = if at < EARLIEST {
            Err(WitnessError::ClockUnset { now: at })
        } else {
            state.settle(&shown, at).await
        };
        match settled {
            Ok(decisions) => {
                for ((decision, shown), reply) in decisions.into_iter().zip(&shown).zip(replies) {
                    note(&decision, &shown.checkpoint);
                    // Whoever asked may have gone.
                    let _ = reply.send(Ok(Settled { decision, at }));
                }
            }
            Err(error) => {
                tracing::error!(code = error.code(), %error, "nothing was cosigned");
                let mut error = Some(error);
                for reply in replies {
                    let _ = reply.send(Err(error.take().unwrap_or(WitnessError::Unsettled)));
                }
            }
        }
    }
}

/// The path of a log: the hash of its origin in hexadecimal (C2SP tlog-witness).
fn path_of(origin: &str) -> String {
    Sha256::digest(origin).iter().fold(String::with_capacity(64), |mut path, byte| {
        // Writing to a String cannot fail.
        let _ = write!(path, "{byte:02x}");
        path
    })
}

fn note(decision: &Decision, checkpoint: &Checkpoint) {
    if matches!(decision, Decision::Refuse(..)) {
        return;
    }
    let log = checkpoint.origin.to_string();
    metrics::counter!("sijill_witness_cosigned_total", "log" => log.clone()).increment(1);
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    metrics::gauge!("sijill_witness_size", "log" => log).set(checkpoint.size as f64);
}

/// One name, different keys, and none that is a log's: a cosignature does not say whose it is, so a key that served twice
/// would speak for two.
fn check_keys(keys: &[CosignatureSigner], logs: &[(String, Vec<NoteVerifier>)]) -> Result<(), WitnessError> {
    let Some(name) = keys.first().map(|key| key.verifier().name()).filter(|_| keys.len() <= MAX_KEYS) else {
        return Err(WitnessError::KeyCount { found: keys.len() });
    };
    let differs = |key: &&CosignatureSigner| key.verifier().name() != name;
    if let Some(other) = keys.iter().find(differs).map(|key| key.verifier().name()) {
        let text = |name: &KeyName| name.to_string();
        return Err(WitnessError::KeyNames { one: text(name), other: text(other) });
    }
    for (nth, key) in keys.iter().map(CosignatureSigner::verifier).enumerate() {
        let before = keys.iter().take(nth).map(CosignatureSigner::verifier);
        let same_id = before.clone().any(|other| other.key_id() == key.key_id());
        let of_logs = logs.iter().flat_map(|(_, keys)| keys);
        if same_id || before.chain(of_logs).any(|other| other.public_key() == key.public_key()) {
            return Err(WitnessError::KeyTwice(key.to_string()));
        }
    }
    Ok(())
}
