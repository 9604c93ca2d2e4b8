//! Sequencing: one task decides each admitted event, in order, on the state that all earlier entries left.
//!
//! A batch is one transaction. What the batch's earlier members did counts for its later ones; a refused member
//! never aborts the others. If another server moved the head meanwhile, nothing was written: the state catches up
//! and the batch is decided anew.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sijill_domain::event::Clock as ClockMode;
use sijill_event::{Digest, Uuid};
use sijill_log::{FullTile, Hash, HashReader};
use sijill_store::{CommitOutcome, KeyStore, Store, StoreError};

use crate::admission::Admitted;
use crate::casework::{CaseReader, File, case_id, streams_of};
use crate::desk::CaseDesk;
use crate::documents::proposed;
use crate::erasure::{Destroyed, Eraser};
use crate::error::{LedgerError, Refused, causes};
use crate::plan::{Known, Plan, digests_of};
use crate::publish::PastRoots;
use crate::service::Services;
use crate::state::{Adopted, State};

/// Times a batch is decided anew because another server won the swap or the database gave way.
const ATTEMPTS: u32 = 50;
/// Cases woken in one transaction.
const WAKING: u32 = 500;
/// How long after a case could not be woken it is tried again, milliseconds.
const AGAIN: u64 = 60_000;
/// Later than any case wakes, Unix milliseconds: as much as an SQL integer holds.
const LATEST: u64 = i64::MAX as u64;

/// What became of one event.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// It is entry `index`.
    Appended { index: u64, received: u64 },
    /// This very event was entry `index` already.
    Known { index: u64, received: u64 },
    /// It changed nothing.
    Refused(Refused),
}

/// The sequencer's own part: decides and commits. Publishing is the caller's.
pub(crate) struct Sequencer {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) past: PastRoots,
    pub(crate) services: Services,
    pub(crate) reader: CaseReader,
    /// Cases kept for readers, which an erasure empties.
    pub(crate) desk: Arc<CaseDesk>,
    pub(crate) state: State,
    /// The last commit's outcome is unknown: read the head before anything else.
    pub(crate) unsure: bool,
}

impl Sequencer {
    /// Decides and commits `events`, stamped with `now`, after everything that fell due by then. Returns an outcome for
    /// each, and the full tiles that were completed.
    pub(crate) async fn settle(
        &mut self,
        events: &[Admitted],
        now: u64,
    ) -> Result<(Vec<Outcome>, Vec<FullTile>), LedgerError> {
        let mut tiles = self.wake(now).await?;
        let (outcomes, completed) = self.round(events, &[], now).await?;
        tiles.extend(completed);
        Ok((outcomes, tiles))
    }

    /// Appends what fell due by `now` in every case: no later entry comes before it.
    pub(crate) async fn wake(&mut self, now: u64) -> Result<Vec<FullTile>, LedgerError> {
        let mut tiles = Vec::new();
        let mut stuck = BTreeSet::new();
        while self.state.wake.is_some_and(|wake| wake <= now) {
            let mut due = self.store.due_cases(now, WAKING).await?;
            due.retain(|woken| !stuck.contains(woken));
            let Some((_, first)) = due.first().cloned() else {
                // Everything due is stuck: the next that is not, and those anew in a while.
                let later = u32::try_from(stuck.len()).unwrap_or(WAKING).saturating_add(1);
                let later = self.store.due_cases(LATEST, later).await?;
                let next = later.into_iter().map(|(_, wake)| wake).find(|wake| *wake > now);
                self.state.wake = next.into_iter().chain((!stuck.is_empty()).then_some(now + AGAIN)).min();
                break;
            };
            // Simulated time stands still between events: what falls due in it does so at its own instant.
            let simulated = self.state.registry.clock() == Some(ClockMode::Simulated);
            let received = if simulated { first.max(self.state.head.received) } else { now };
            due.retain(|(_, at)| *at <= received);
            let ids: Vec<String> = due.iter().map(|(id, _)| id.clone()).collect();
            let (_, completed) = self.round(&[], &ids, received).await?;
            tiles.extend(completed);
            // What cannot be done now (a document is missing) must not keep everyone else waiting.
            stuck.extend(due);
            self.state.wake = self.store.next_wake().await?;
        }
        Ok(tiles)
    }

    async fn round(
        &mut self,
        events: &[Admitted],
        due: &[String],
        now: u64,
    ) -> Result<(Vec<Outcome>, Vec<FullTile>), LedgerError> {
        let mut stored_keys = HashSet::new();
        let mut last = None;
        for _ in 0..ATTEMPTS {
            if self.unsure {
                self.state.catch_up(&*self.store).await?;
                self.unsure = false;
            }
            let mut known = self.look_up(events, due).await?;
            // `received` never decreases, whatever the clock says.
            let received = now.max(self.state.head.received);
            let mut plan = Plan::over(&self.state, &self.services, events.len());
            plan.destroyed = std::mem::take(&mut known.destroyed);
            plan.advance(received);
            for id in due {
                plan.catch_up(id, received)?;
            }
            plan.decide(events, &known, received)?;
            if plan.entries.is_empty() {
                // Only a commit compares the head: nobody is refused for what another server appended meanwhile.
                if !events.is_empty() && self.store.head().await? != self.state.head {
                    self.unsure = true;
                    continue;
                }
                if !due.is_empty() {
                    // Woken for nothing: a pause, or a calendar that moved.
                    let rows = plan.case_rows();
                    if self.store.put_case_rows(self.state.head, &rows).await? == CommitOutcome::HeadMoved {
                        self.unsure = true;
                        continue;
                    }
                }
                return Ok((plan.outcomes, Vec::new()));
            }
            let mut keys = std::mem::take(&mut plan.keys);
            keys.retain(|(id, _)| !stored_keys.contains(id));
            let stored = AtomicBool::new(false);
            // Keys are durable before the ciphertexts they open: a crash in between leaves a key without use,
            // never a disclosure without key.
            let keep = async {
                if !keys.is_empty() {
                    self.keys.put(&keys).await?;
                }
                stored.store(true, Ordering::Relaxed);
                Ok(())
            };
            let batch = plan.batch(received);
            let Plan { edge, registry, world, streams, outcomes, tiles, files, .. } = plan;
            self.unsure = true;
            let committed = self.store.commit_after(&batch, Box::pin(keep)).await;
            if stored.into_inner() {
                stored_keys.extend(keys.into_iter().map(|(id, _)| id));
            }
            match committed {
                Ok(CommitOutcome::Committed) => {
                    self.unsure = false;
                    self.state.adopt(batch.head, Adopted { edge, registry, world, streams, files });
                    if batch.wake_all.is_some() {
                        self.state.wake = batch.wake_all;
                    }
                    return Ok((outcomes, tiles));
                }
                Ok(CommitOutcome::HeadMoved) => metrics::counter!("sijill_head_moved_total").increment(1),
                Err(StoreError::Retry(cause)) => {
                    metrics::counter!("sijill_commit_retried_total").increment(1);
                    last = Some(StoreError::Retry(cause));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(last.map_or_else(
            || LedgerError::OutOfRange("other servers moved the head too often; try again".into()),
            LedgerError::Store,
        ))
    }

    async fn look_up(&mut self, events: &[Admitted], due: &[String]) -> Result<Known, LedgerError> {
        let mut streams: Vec<String> = events.iter().map(|a| a.event.stream.to_string()).collect();
        let mut cases: Vec<String> = Vec::new();
        if self.state.registry.rules() == Some(2) {
            cases.extend(events.iter().filter_map(|a| case_id(&a.event.stream)).map(str::to_owned));
            cases.extend(due.iter().cloned());
            cases.sort_unstable();
            cases.dedup();
            streams.extend(cases.iter().flat_map(|id| streams_of(id)).map(|stream| stream.to_string()));
        }
        streams.sort_unstable();
        streams.dedup();
        self.state.fetch_ends(&*self.store, &streams).await?;
        self.state.fetch_files(&self.reader, &cases).await?;
        let destroyed = self.carry_out(&cases).await?;
        let jtis: Vec<Uuid> = events.iter().map(|a| a.event.jti).collect();
        let digests: Vec<[u8; 32]> = events.iter().flat_map(digests_of).collect();
        let attachments: Vec<[u8; 32]> = events.iter().flat_map(|a| a.attachments.iter().copied()).collect();
        let mut roots = HashMap::new();
        for size in events.iter().filter_map(|a| a.event.seen.as_ref()).map(|s| s.size) {
            if size <= self.state.head.size && !roots.contains_key(&size) {
                roots.insert(size, self.past.root(size, &self.state.edge).await?);
            }
        }
        let none = Vec::new;
        Ok(Known {
            jtis: if jtis.is_empty() { none() } else { self.store.by_jti(&jtis).await? }
                .into_iter()
                .map(|(j, i, e)| (j, (i, e)))
                .collect(),
            digests: if digests.is_empty() { Vec::new() } else { self.store.known_digests(&digests).await? }
                .into_iter()
                .collect(),
            attachments: if attachments.is_empty() {
                Vec::new()
            } else {
                self.store.known_attachments(&attachments).await?
            }
            .into_iter()
            .collect(),
            roots,
            destroyed,
            unsound: self.read_documents(events).await?,
        })
    }

    /// Carries out the erasures that are approved in these cases. One that cannot be, because the database lacks what it
    /// should have, stays approved and is tried again: it must not keep the rest of the country waiting.
    async fn carry_out(&self, cases: &[String]) -> Result<HashMap<String, Destroyed>, LedgerError> {
        let Self { store, keys, reader, desk, .. } = self;
        let eraser = Eraser { store: &**store, keys: &**keys, reader, desk };
        let mut destroyed = HashMap::new();
        for id in cases {
            let Some(File::Ruled(file)) = self.state.file(id) else { continue };
            match eraser.carry_out(file).await {
                Ok(found) => destroyed.extend(found.map(|found| (id.clone(), found))),
                Err(
                    error
                    @ (LedgerError::Corrupt { .. } | LedgerError::Vault(_) | LedgerError::OutOfRange(_)),
                ) => {
                    tracing::error!(
                        error = causes(&error),
                        "an erasure could not be carried out; it is tried again"
                    );
                }
                Err(error) => return Err(error),
            }
        }
        Ok(destroyed)
    }

    /// Reads the documents that are proposed here; answers those that are not what they are proposed as.
    async fn read_documents(&mut self, events: &[Admitted]) -> Result<HashMap<Digest, String>, LedgerError> {
        let mut unsound = HashMap::new();
        for publish in events.iter().filter_map(|a| proposed(&a.event)) {
            if self.state.documents.holds(publish.kind, &publish.hash) {
                continue;
            }
            if let Some(bytes) = self.store.document(publish.hash.0).await?
                && let Err(error) = Arc::make_mut(&mut self.state.documents).insert(publish.kind, &bytes)
            {
                unsound.insert(publish.hash, error.to_string());
            }
        }
        Ok(unsound)
    }
}

/// Inner nodes computed once for a whole batch of proofs.
pub(crate) struct Memo<'a, R> {
    reader: &'a R,
    nodes: std::cell::RefCell<HashMap<(u8, u64), Hash>>,
}

impl<'a, R: HashReader> Memo<'a, R> {
    pub(crate) fn over(reader: &'a R) -> Self {
        Self { reader, nodes: std::cell::RefCell::default() }
    }
}

impl<R: HashReader> HashReader for Memo<'_, R> {
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, sijill_log::LogError> {
        if level.is_multiple_of(8) {
            return self.reader.subtree(level, index);
        }
        if let Some(hash) = self.nodes.borrow().get(&(level, index)) {
            return Ok(*hash);
        }
        let (left, right) = (self.subtree(level - 1, 2 * index)?, self.subtree(level - 1, 2 * index + 1)?);
        let hash = sijill_log::node_hash(&left, &right);
        self.nodes.borrow_mut().insert((level, index), hash);
        Ok(hash)
    }
}
