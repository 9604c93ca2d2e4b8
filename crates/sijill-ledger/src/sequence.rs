//! Sequencing: one task decides each admitted event, in order, on the state that all earlier entries left.
//!
//! A batch is one transaction. What the batch's earlier members did counts for its later ones; a refused member
//! never aborts the others. If another server moved the head meanwhile, nothing was written: the state catches up
//! and the batch is decided anew.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sijill_domain::{Position, Registry};
use sijill_event::{Digest, Event, PublicKey, Uuid};
use sijill_log::{FullTile, Hash, HashReader, TileBuilder, leaf_hash};
use sijill_store::{
    Batch, CommitOutcome, Head, KeyStore, NewEntry, SealedDisclosure, Store, StoreError, StreamHead,
};

use crate::SKEW_MS;
use crate::admission::Admitted;
use crate::error::{LedgerError, Refused, RefusedKind};
use crate::publish::PastRoots;
use crate::state::{State, StreamEnd, is_registry};

/// Times a batch is decided anew because another server won the swap or the database gave way.
const ATTEMPTS: u32 = 50;

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

/// A batch as it is being decided: what it changes, over the state it began on.
struct Plan<'a> {
    base: &'a State,
    edge: TileBuilder,
    registry: Arc<Registry>,
    entries: Vec<NewEntry>,
    tiles: Vec<FullTile>,
    streams: HashMap<String, StreamEnd>,
    disclosures: Vec<SealedDisclosure>,
    /// Attachments named, each with the first entry of the batch that names it.
    attached: HashMap<[u8; 32], u64>,
    keys: Vec<([u8; 16], Vec<u8>)>,
    outcomes: Vec<Outcome>,
}

/// What the database says about a batch before it is decided.
struct Known {
    jtis: HashMap<Uuid, (u64, String)>,
    digests: HashSet<[u8; 32]>,
    attachments: HashSet<[u8; 32]>,
    roots: HashMap<u64, Option<Hash>>,
}

/// The sequencer's own part: decides and commits. Publishing is the caller's.
pub(crate) struct Sequencer {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) past: PastRoots,
    pub(crate) state: State,
    /// The last commit's outcome is unknown: read the head before anything else.
    pub(crate) unsure: bool,
}

impl Sequencer {
    /// Decides and commits `events`, stamped with `now`. Returns an outcome for each, and the full tiles that the
    /// batch completed.
    pub(crate) async fn settle(
        &mut self,
        events: &[Admitted],
        now: u64,
    ) -> Result<(Vec<Outcome>, Vec<FullTile>), LedgerError> {
        let mut stored_keys = HashSet::new();
        let mut last = None;
        for _ in 0..ATTEMPTS {
            if self.unsure {
                self.state.catch_up(&*self.store).await?;
                self.unsure = false;
            }
            let known = self.look_up(events).await?;
            // `received` never decreases, whatever the clock says.
            let received = now.max(self.state.head.received);
            let mut plan = Plan::over(&self.state, events.len());
            plan.decide(events, &known, received);
            if plan.entries.is_empty() {
                return Ok((plan.outcomes, Vec::new()));
            }
            plan.keys.retain(|(id, _)| stored_keys.insert(*id));
            // Keys are durable before the ciphertexts they open: a crash in between leaves a key without use,
            // never a disclosure without key.
            if !plan.keys.is_empty() {
                self.keys.put(&plan.keys).await?;
            }
            let batch = plan.batch(received);
            let Plan { edge, registry, streams, outcomes, tiles, .. } = plan;
            self.unsure = true;
            match self.store.commit(&batch).await {
                Ok(CommitOutcome::Committed) => {
                    self.unsure = false;
                    self.state.adopt(batch.head, edge, registry, streams);
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

    async fn look_up(&mut self, events: &[Admitted]) -> Result<Known, LedgerError> {
        let mut streams: Vec<String> = events.iter().map(|a| a.event.stream.to_string()).collect();
        streams.sort_unstable();
        streams.dedup();
        self.state.fetch_ends(&*self.store, &streams).await?;
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
            jtis: self.store.by_jti(&jtis).await?.into_iter().map(|(j, i, e)| (j, (i, e))).collect(),
            digests: if digests.is_empty() { none() } else { self.store.known_digests(&digests).await? }
                .into_iter()
                .collect(),
            attachments: if attachments.is_empty() {
                none()
            } else {
                self.store.known_attachments(&attachments).await?
            }
            .into_iter()
            .collect(),
            roots,
        })
    }
}

fn digests_of(admitted: &Admitted) -> impl Iterator<Item = [u8; 32]> {
    admitted.event.digests.iter().flat_map(|(_, digests)| digests.iter().map(|d| d.0))
}

/// The outcome of an event whose `jti` has been seen: the first receipt if it is the same event, a refusal if not.
fn repeated(
    event: &Event,
    events: &[Admitted],
    known: &Known,
    jtis: &HashMap<Uuid, (usize, u64)>,
    received: u64,
) -> Option<Outcome> {
    let same = if let Some((position, index)) = jtis.get(&event.jti) {
        let first = events.get(*position)?;
        (first.event.jwt == event.jwt).then_some((*index, received))
    } else {
        let (index, entry) = known.jtis.get(&event.jti)?;
        entry
            .split_once(' ')
            .filter(|(_, jwt)| *jwt == event.jwt)
            .and_then(|(r, _)| Some((*index, r.parse().ok()?)))
    };
    Some(same.map_or_else(
        || {
            Outcome::Refused(Refused::new(
                "jti-reused",
                RefusedKind::Reused,
                "this `jti` names another event already; an event is changed only by a new one with a new `jti`",
            ))
        },
        |(index, received)| Outcome::Known { index, received },
    ))
}

impl<'a> Plan<'a> {
    fn over(base: &'a State, events: usize) -> Self {
        Self {
            base,
            edge: base.edge.clone(),
            registry: Arc::clone(&base.registry),
            entries: Vec::new(),
            tiles: Vec::new(),
            streams: HashMap::new(),
            disclosures: Vec::new(),
            attached: HashMap::new(),
            keys: Vec::new(),
            outcomes: Vec::with_capacity(events),
        }
    }

    /// Decides each event in turn.
    fn decide(&mut self, events: &[Admitted], known: &Known, received: u64) {
        let mut jtis: HashMap<Uuid, (usize, u64)> = HashMap::new();
        let mut digests: HashSet<[u8; 32]> = HashSet::new();
        if self.registry.is_due(received) {
            Arc::make_mut(&mut self.registry).advance(Position { index: self.edge.size(), received });
        }
        for (position, admitted) in events.iter().enumerate() {
            let event = &admitted.event;
            let outcome = if let Some(outcome) = repeated(event, events, known, &jtis, received) {
                outcome
            } else {
                match self.judge(admitted, known, &digests, received) {
                    Err(refused) => Outcome::Refused(refused),
                    Ok(end) => {
                        let index = self.take(admitted, end, received);
                        jtis.insert(event.jti, (position, index));
                        digests.extend(digests_of(admitted));
                        Outcome::Appended { index, received }
                    }
                }
            };
            self.outcomes.push(outcome);
        }
    }

    fn end(&self, stream: &str) -> Option<&StreamEnd> {
        self.streams.get(stream).or_else(|| self.base.end(stream))
    }

    /// Judges one event on the state so far; the new end of its stream if it passes.
    fn judge(
        &mut self,
        admitted: &Admitted,
        known: &Known,
        digests: &HashSet<[u8; 32]>,
        received: u64,
    ) -> Result<StreamEnd, Refused> {
        let event = &admitted.event;
        let index = self.edge.size();
        check_times(event, received)?;
        check_seen(event, index, known)?;
        if !admitted.verified {
            key_of(event, index, &self.registry)?.verify_event(event)?;
        }
        let end = self.end(event.stream.as_str()).cloned();
        let parties = end.as_ref().map(|e| e.parties.clone()).unwrap_or_default();
        let at = Position { index, received };
        let accepted = self.registry.decide(at, event, &parties)?;
        check_place(event, end.as_ref(), || self.registry.may_read(&event.kid, &event.stream, &parties))?;
        if let Some(digest) = digests_of(admitted).find(|d| digests.contains(d) || known.digests.contains(d))
        {
            return Err(Refused::new(
                "digest-reused",
                RefusedKind::Unprocessable,
                format!(
                    "the digest {} occurs in the log already; every disclosure takes a fresh salt",
                    Digest(digest)
                ),
            ));
        }
        if let Some(missing) = admitted.attachments.iter().find(|a| !known.attachments.contains(*a)) {
            return Err(Refused::new(
                "attachment-unknown",
                RefusedKind::Unprocessable,
                format!("the attachment {} is not in the vault; upload it first", Digest(*missing)),
            ));
        }
        let mut parties = parties;
        parties.extend(&accepted.new_parties);
        if is_registry(&event.stream) {
            Arc::make_mut(&mut self.registry).evolve(at, event, &accepted);
        }
        Ok(StreamEnd { seq: event.seq, last: admitted.hash, parties })
    }

    /// Makes the event the next entry.
    fn take(&mut self, admitted: &Admitted, end: StreamEnd, received: u64) -> u64 {
        let index = self.edge.size();
        let event = &admitted.event;
        let entry = format!("{received} {}", event.jwt);
        self.tiles.extend(self.edge.push(leaf_hash(entry.as_bytes())));
        let stream = event.stream.to_string();
        self.entries.push(NewEntry {
            index,
            entry,
            stream: stream.clone(),
            seq: event.seq,
            jti: event.jti,
            registry: is_registry(&event.stream),
        });
        self.streams.insert(stream, end);
        for attachment in &admitted.attachments {
            self.attached.entry(*attachment).or_insert(index);
        }
        if let Some(sealed) = &admitted.sealed {
            self.keys.push((sealed.key_id, sealed.wrapped.clone()));
            self.disclosures.extend(sealed.disclosures.iter().map(|(digest, ciphertext)| SealedDisclosure {
                index,
                digest: digest.0,
                key_id: sealed.key_id,
                ciphertext: ciphertext.clone(),
            }));
        }
        index
    }

    fn batch(&mut self, received: u64) -> Batch {
        let head = Head { size: self.edge.size(), root: self.edge.root().0, received };
        let mut batch = Batch::new(self.base.head, head, std::mem::take(&mut self.entries));
        batch.streams = self
            .streams
            .iter()
            .map(|(stream, end)| StreamHead {
                stream: stream.clone(),
                seq: end.seq,
                last: end.last.0,
                parties: end.parties.to_string(),
            })
            .collect();
        batch.tiles = self
            .tiles
            .iter()
            .map(|t| sijill_store::FullTile {
                level: t.tile.level,
                index: t.tile.index,
                hashes: t.bytes.clone(),
            })
            .collect();
        batch.disclosures = std::mem::take(&mut self.disclosures);
        batch.attached = self.attached.drain().map(|(attachment, index)| (index, attachment)).collect();
        batch
    }
}

fn check_times(event: &Event, received: u64) -> Result<(), Refused> {
    if event.iat.saturating_mul(1_000) > received.saturating_add(SKEW_MS) {
        return Err(Refused::new(
            "iat-in-future",
            RefusedKind::Unprocessable,
            "`iat` is more than 300 seconds ahead of the ledger's clock; set the signer's clock right and sign again",
        ));
    }
    Ok(())
}

fn check_seen(event: &Event, index: u64, known: &Known) -> Result<(), Refused> {
    let refuse = |message| Err(Refused::new("seen-mismatch", RefusedKind::Unprocessable, message));
    match (&event.seen, index) {
        (None, 0) => Ok(()),
        (Some(_), 0) => refuse("entry 0 has seen nothing: leave `seen` out"),
        (None, _) => refuse("`seen` is missing: name the size and root of a checkpoint you hold"),
        (Some(seen), _) => match known.roots.get(&seen.size) {
            Some(Some(root)) if root.0 == seen.root => Ok(()),
            _ => refuse("`seen` is not a checkpoint of this ledger: take size and root from /log/checkpoint"),
        },
    }
}

/// The place in the stream. The head is told only to those who may read the stream.
fn check_place(event: &Event, end: Option<&StreamEnd>, may_read: impl Fn() -> bool) -> Result<(), Refused> {
    let expected = end.map_or(0, |e| e.seq + 1);
    if event.seq == expected && event.prev == end.map(|e| e.last) {
        return Ok(());
    }
    Err(Refused::new(
        "stream-conflict",
        RefusedKind::Conflict { head: end.filter(|_| may_read()).map(|e| (e.seq, e.last)) },
        "the stream has moved on: read its head, see what changed, and sign again with the same `jti`",
    ))
}

/// The key of an event whose `kid` was unknown at admission: introduced since, or by entry 0 itself.
fn key_of(event: &Event, index: u64, registry: &Registry) -> Result<Key, Refused> {
    if let Some(record) = registry.key(&event.kid) {
        return Ok(Key(record.key.clone()));
    }
    let own = (index == 0).then(|| event.data.get("operator_key")).flatten();
    own.and_then(|jwk| PublicKey::from_jwk(jwk).ok())
        .filter(|key| key.kid() == event.kid)
        .map(Key)
        .ok_or_else(|| {
            Refused::new("key-not-valid", RefusedKind::Forbidden, "the ledger knows no key with this `kid`")
        })
}

struct Key(PublicKey);

impl Key {
    fn verify_event(&self, event: &Event) -> Result<(), Refused> {
        event.verify(&self.0).map_err(Refused::from)
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
