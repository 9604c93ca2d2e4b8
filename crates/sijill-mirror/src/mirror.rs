//! The running mirror: what it holds, what it knows, and the one task that follows.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sijill_audit::{Auditor, ExportDirectory, Fork, Levels, Trust};
use sijill_log::{
    Checkpoint, EMPTY_ROOT, Hash, KeyKind, Note, NoteVerifier, TileBuilder, TileSet, bundle, leaf_hash,
};
use sijill_witness::{Clock, State, Witness};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};

use crate::error::MirrorError;
use crate::files::LogFiles;
use crate::standing::{Alarm, Standing};
use crate::step::{BUNDLE, Documents, Stored};
use crate::upstream::Upstream;

/// What a mirror begins with.
pub struct Opening {
    /// Which ledger it is, by whose word.
    pub trust: Trust,
    /// What it holds.
    pub files: LogFiles,
    /// The folder for evidence of forks.
    pub forks: PathBuf,
    /// Where it reads from.
    pub upstream: Arc<dyn Upstream>,
    /// What it cosigns with; it witnesses this one ledger.
    pub witness: Witness,
    /// What that has cosigned.
    pub state: State,
    /// The time it vouches for.
    pub clock: Arc<dyn Clock>,
    /// How often the ledger is asked for a checkpoint.
    pub every: Duration,
    /// After how many seconds without one the mirror is stale.
    pub stale_after: u64,
}

/// A mirror. Clones share it.
#[derive(Clone)]
pub struct Mirror {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) trust: Trust,
    pub(crate) files: Arc<LogFiles>,
    forks: PathBuf,
    pub(crate) upstream: Arc<dyn Upstream>,
    pub(crate) documents: Documents,
    pub(crate) witness: Witness,
    pub(crate) state: State,
    clock: Arc<dyn Clock>,
    every: Duration,
    stale_after: u64,
    /// Everything judged. Held while entries are judged, by a thread that may block.
    pub(crate) auditor: Mutex<Auditor>,
    /// What is held, and published here.
    held: watch::Sender<Arc<Held>>,
    known: Mutex<Known>,
    /// Somebody has seen a larger checkpoint: look now.
    pub(crate) hasten: Notify,
}

/// What is held, as of one checkpoint.
pub(crate) struct Held {
    pub(crate) checkpoint: Checkpoint,
    /// With the signature of the log, and of those witnesses of the trust file whose cosignatures hold. `None` while nothing
    /// is held.
    pub(crate) note: Option<Note>,
    /// The tree's edge.
    pub(crate) edge: TileBuilder,
}

/// What was learnt on the way.
struct Known {
    levels: Levels,
    verified_at: Option<u64>,
    /// The largest checkpoint anybody has shown, and since when it was larger than what is held.
    ahead: Option<(u64, u64)>,
    last_error: Option<(String, String)>,
    unsound: Vec<sijill_audit::Fault>,
    stopped: bool,
    forks: BTreeSet<String>,
}

impl Mirror {
    /// Opens a mirror: everything it holds is judged anew from entry 0, by its own trust file and no one's word.
    ///
    /// # Errors
    /// Refuses files that are not what it stored (`mirror-damaged`).
    pub async fn open(opening: Opening) -> Result<Self, MirrorError> {
        let Opening { trust, files, forks, upstream, witness, state, clock, every, stale_after } = opening;
        fs::create_dir_all(&forks).map_err(MirrorError::file(&forks))?;
        let files = Arc::new(files);
        let documents = Documents {
            files: Arc::clone(&files),
            upstream: Arc::clone(&upstream),
            runtime: Handle::current(),
        };
        let judged = {
            let (files, documents, trust) = (Arc::clone(&files), documents.clone(), trust.clone());
            tokio::task::spawn_blocking(move || judge_stored(&files, &documents, &trust)).await
        };
        let (auditor, held) = judged.map_err(|error| MirrorError::Task(error.to_string()))??;
        let mut known = Known {
            levels: auditor.levels(),
            verified_at: None,
            ahead: None,
            last_error: None,
            unsound: Vec::new(),
            stopped: false,
            forks: BTreeSet::new(),
        };
        for child in fs::read_dir(&forks).map_err(MirrorError::file(&forks))? {
            let child = child.map_err(MirrorError::file(&forks))?;
            let name = child.file_name();
            let is_evidence = Path::new(&name).extension().is_some_and(|extension| extension == "json");
            known.forks.extend(name.to_str().filter(|_| is_evidence).map(str::to_owned));
        }
        let (held, _) = watch::channel(Arc::new(held));
        Ok(Self {
            shared: Arc::new(Shared {
                trust,
                files,
                forks,
                upstream,
                documents,
                witness,
                state,
                clock,
                every,
                stale_after,
                auditor: Mutex::new(auditor),
                held,
                known: Mutex::new(known),
                hasten: Notify::new(),
            }),
        })
    }

    /// Follows the ledger until the future is dropped, or until the ledger is at fault: then it has nothing more to do, and
    /// [`Mirror::standing`] says why.
    pub async fn follow(&self) {
        loop {
            let followed = self.catch_up().await;
            let failed = followed.as_ref().err().map(|error| (error.code().to_owned(), error.to_string()));
            if let Some((code, why)) = &failed {
                metrics::counter!("sijill_mirror_failed_total", "code" => code.clone()).increment(1);
                tracing::warn!(code, why, "the ledger was not followed");
            }
            let ends = match followed {
                Err(error) if error.is_final() => {
                    let mut known = self.known();
                    known.stopped = true;
                    if let MirrorError::Unsound { faults } = error {
                        known.unsound = faults;
                    }
                    true
                }
                _ => false,
            };
            self.known().last_error = failed;
            self.show_metrics();
            if ends {
                tracing::error!("the mirror takes nothing more from this ledger; what it holds stays served");
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(self.shared.every) => {}
                () = self.shared.hasten.notified() => {}
            }
        }
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        let (held, now) = (self.held(), self.shared.clock.now());
        let known = self.known();
        let age = known.verified_at.map(|at| now.saturating_sub(at));
        let limit = self.shared.stale_after;
        let withheld = known.ahead.is_some_and(|(_, since)| now.saturating_sub(since) > limit);
        let alarm = match (known.stopped, known.forks.is_empty()) {
            (_, false) => Some(Alarm::Forked),
            (true, true) => Some(Alarm::Unsound),
            (false, true) => None,
        };
        let (verified_at, forks) = (known.verified_at, known.forks.iter().cloned().collect());
        let (faults, last_error, levels) =
            (known.unsound.clone(), known.last_error.clone(), known.levels.clone());
        drop(known);
        Standing {
            origin: self.shared.trust.origin.clone(),
            size: held.checkpoint.size,
            root: held.checkpoint.root.to_base64(),
            verified_at,
            age,
            stale: age.is_none_or(|age| age > limit) || withheld,
            alarm,
            forks,
            levels,
            faults,
            last_error,
            bytes: self.shared.files.held(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
    fn show_metrics(&self) {
        let standing = self.standing();
        metrics::gauge!("sijill_mirror_size").set(standing.size as f64);
        metrics::gauge!("sijill_mirror_bytes").set(standing.bytes as f64);
        metrics::gauge!("sijill_mirror_checkpoint_age_seconds")
            .set(standing.age.map_or(f64::INFINITY, |age| age as f64));
        metrics::gauge!("sijill_mirror_stale").set(f64::from(u8::from(standing.stale)));
        metrics::gauge!("sijill_mirror_forks").set(standing.forks.len() as f64);
        metrics::gauge!("sijill_mirror_alarm").set(f64::from(u8::from(standing.alarm.is_some())));
        let levels = &standing.levels;
        for (level, status) in
            [("integrity", &levels.integrity), ("authority", &levels.authority), ("rules", &levels.rules)]
        {
            metrics::gauge!("sijill_mirror_unchecked", "level" => level).set(status.unchecked as f64);
        }
    }

    /// What is held now.
    pub(crate) fn held(&self) -> Arc<Held> {
        self.shared.held.borrow().clone()
    }

    /// Waits until at least so many entries are held and judged, for as long as the caller waits.
    pub(crate) async fn replayed(&self, size: u64) {
        let mut held = self.shared.held.subscribe();
        // The sender lives as long as this mirror.
        let _ = held.wait_for(|held| held.checkpoint.size >= size).await;
    }

    pub(crate) fn publish(&self, held: Held) {
        let size = held.checkpoint.size;
        self.shared.held.send_replace(Arc::new(held));
        let mut known = self.known();
        known.ahead = known.ahead.filter(|(ahead, _)| *ahead > size);
    }

    /// The ledger showed a checkpoint that was verified, and is covered here.
    pub(crate) fn verified(&self) {
        let now = self.shared.clock.now();
        self.known().verified_at = Some(now);
    }

    /// Entries were judged.
    pub(crate) fn judged(&self, levels: Levels) {
        self.known().levels = levels;
    }

    /// Somebody showed a checkpoint of the log that is larger than what is held.
    pub(crate) fn seen_ahead(&self, size: u64) {
        let now = self.shared.clock.now();
        let mut known = self.known();
        let (largest, since) = known.ahead.unwrap_or((size, now));
        known.ahead = Some((largest.max(size), since));
    }

    pub(crate) fn log_key(&self) -> &NoteVerifier {
        &self.shared.trust.log_key
    }

    /// Keeps evidence of a fork, and raises the alarm. The same evidence is kept once.
    pub(crate) fn raise(&self, fork: &Fork) -> Result<(), MirrorError> {
        let (smaller, larger) = fork.sizes();
        let text = fork.to_json();
        let digest = sijill_event::Digest::of(&text).to_string();
        let name = format!("fork-{smaller}-{larger}-{}.json", digest.get(..8).unwrap_or_default());
        if !self.known().forks.insert(name.clone()) {
            return Ok(());
        }
        metrics::counter!("sijill_mirror_forks_total").increment(1);
        let origin = &self.shared.trust.origin;
        tracing::error!(
            origin,
            smaller,
            larger,
            file = name,
            why = fork.why(),
            "FORK: evidence is kept in the folder forks"
        );
        let path = self.shared.forks.join(&name);
        let written = fs::File::create(&path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()
        });
        written.map_err(MirrorError::file(&path))
    }

    pub(crate) fn auditor(&self) -> MutexGuard<'_, Auditor> {
        self.shared.auditor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.shared.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    pub(crate) fn nothing(trust: &Trust) -> Self {
        let origin = trust.log_key.name().clone();
        Self {
            checkpoint: Checkpoint { origin, size: 0, root: EMPTY_ROOT },
            note: None,
            edge: TileBuilder::new(),
        }
    }
}

/// Judges everything that is stored.
pub(crate) fn judge_stored(
    files: &LogFiles,
    documents: &Documents,
    trust: &Trust,
) -> Result<(Auditor, Held), MirrorError> {
    let mut auditor = Auditor::new(trust.origin.clone(), 0)?;
    let Some(bytes) = files.checkpoint()? else { return Ok((auditor, Held::nothing(trust))) };
    let damaged = |why: String| MirrorError::Damaged(why);
    let (checkpoint, note) = Checkpoint::open(&bytes, &trust.log_key)
        .map_err(|error| damaged(format!("its checkpoint does not hold: {error}")))?;
    let directory = ExportDirectory::open_tile_log(files.root())?;
    auditor.extend(&Stored { directory, documents }, checkpoint.size)?;
    if let Some(fault) = auditor.faults().first() {
        return Err(damaged(fault.message.clone()));
    }
    if auditor.root(checkpoint.size) != Some(checkpoint.root) {
        return Err(damaged("its entries do not give its checkpoint's root".to_owned()));
    }
    let edge = edge(files, checkpoint.size)?;
    if edge.root() != checkpoint.root {
        return Err(damaged("its tiles do not give its checkpoint's root".to_owned()));
    }
    Ok((auditor, Held { checkpoint, note: Some(note), edge }))
}

/// The edge of the tree that the files hold.
fn edge(files: &LogFiles, size: u64) -> Result<TileBuilder, MirrorError> {
    let missing = |path: &str| MirrorError::Damaged(format!("{path} is not there"));
    let wrong = |error: sijill_log::LogError| MirrorError::Damaged(error.to_string());
    let mut stored = TileSet::new();
    for tile in TileBuilder::tiles_to_resume(size) {
        let bytes = files.read(&tile.path())?.ok_or_else(|| missing(&tile.path()))?;
        stored.insert(tile, &bytes).map_err(wrong)?;
    }
    let mut tail: Vec<Hash> = Vec::new();
    if let Some(tile) = sijill_log::Tile::in_tree(0, size / BUNDLE, size) {
        let bytes = files.read(&tile.entries_path())?.ok_or_else(|| missing(&tile.entries_path()))?;
        let entries = bundle::decode(&bytes, tile.width).map_err(wrong)?;
        tail.extend(entries.into_iter().map(leaf_hash));
    }
    TileBuilder::resume(size, &stored, &tail).map_err(wrong)
}

/// A checkpoint with the signatures that hold: the log's, and those of the trust file's witnesses except `but`. What nobody
/// could verify is neither kept nor shown.
pub(crate) fn with_good_signatures(note: &Note, trust: &Trust, but: &[NoteVerifier]) -> Option<Note> {
    let log = note.signature_by(&trust.log_key).ok().flatten()?.clone();
    let mut good = Note::new(note.text().to_owned(), log).ok()?;
    let witnesses = trust.policy.witnesses().map(|witness| &witness.key);
    for key in witnesses.filter(|key| key.kind() == KeyKind::Witness && !but.contains(key)) {
        if let Ok(Some(signature)) = note.signature_by(key) {
            good.add(signature.clone()).ok()?;
        }
    }
    Some(good)
}
