//! A batch as it is being decided: what it changes, over the state it began on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use sijill_casework::case::{Documents, World};
use sijill_domain::{Parties, Position, Registry, party_streams};
use sijill_event::{Digest, Event, PublicKey, Stream, StreamKind, Uuid};
use sijill_log::{FullTile, Hash, TileBuilder, leaf_hash};
use sijill_store::{Batch, DisclosureKey, Head, MatchKey, NewEntry, SealedDisclosure, StreamHead};

use crate::SKEW_MS;
use crate::admission::Admitted;
use crate::casework::{File, case_id};
use crate::erasure::Destroyed;
use crate::error::{LedgerError, Own, Refused, RefusedKind};
use crate::sequence::Outcome;
use crate::service::Services;
use crate::state::{State, StreamEnd, is_registry};

/// A batch as it is being decided.
pub(crate) struct Plan<'a> {
    base: &'a State,
    pub(crate) services: &'a Services,
    pub(crate) edge: TileBuilder,
    pub(crate) registry: Arc<Registry>,
    pub(crate) world: Arc<World>,
    pub(crate) entries: Vec<NewEntry>,
    pub(crate) tiles: Vec<FullTile>,
    pub(crate) streams: HashMap<String, StreamEnd>,
    disclosures: Vec<SealedDisclosure>,
    /// What the children of this batch's cases and contacts are found by.
    match_keys: Vec<(MatchKey, String)>,
    /// Attachments named, each with the first entry of the batch that names it.
    attached: HashMap<[u8; 32], u64>,
    pub(crate) keys: Vec<([u8; 16], Vec<u8>)>,
    pub(crate) outcomes: Vec<Outcome>,
    /// Cases and contacts that this batch touches.
    pub(crate) files: BTreeMap<String, File>,
    /// What erasures have destroyed, by case: each to be named by its `erasure.done`.
    pub(crate) destroyed: HashMap<String, Destroyed>,
    erased: Vec<DisclosureKey>,
    erased_attachments: Vec<[u8; 32]>,
    /// Whether the calendar moved: every case has to be looked at.
    pub(crate) calendar_moved: bool,
}

/// What the database says about a batch before it is decided.
pub(crate) struct Known {
    pub(crate) jtis: HashMap<Uuid, (u64, String)>,
    pub(crate) digests: HashSet<[u8; 32]>,
    pub(crate) attachments: HashSet<[u8; 32]>,
    pub(crate) roots: HashMap<u64, Option<Hash>>,
    /// What the erasures approved in these cases have destroyed.
    pub(crate) destroyed: HashMap<String, Destroyed>,
    /// Documents proposed here that are not what they are proposed as, and why.
    pub(crate) unsound: HashMap<Digest, String>,
}

pub(crate) fn digests_of(admitted: &Admitted) -> impl Iterator<Item = [u8; 32]> {
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
            Outcome::Refused(Own::JtiReused.because("this `jti` names another event already; an event is changed only by a new one with a new `jti`",
            ))
        },
        |(index, received)| Outcome::Known { index, received },
    ))
}

impl<'a> Plan<'a> {
    pub(crate) fn over(base: &'a State, services: &'a Services, events: usize) -> Self {
        Self {
            base,
            services,
            edge: base.edge.clone(),
            registry: Arc::clone(&base.registry),
            world: Arc::clone(&base.world),
            entries: Vec::new(),
            tiles: Vec::new(),
            streams: HashMap::new(),
            disclosures: Vec::new(),
            match_keys: Vec::new(),
            attached: HashMap::new(),
            keys: Vec::new(),
            outcomes: Vec::with_capacity(events),
            files: BTreeMap::new(),
            destroyed: HashMap::new(),
            erased: Vec::new(),
            erased_attachments: Vec::new(),
            calendar_moved: false,
        }
    }

    /// Enacts what is due before the batch's first entry.
    pub(crate) fn advance(&mut self, received: u64) {
        if self.registry.is_due(received) {
            Arc::make_mut(&mut self.registry).advance(Position { index: self.edge.size(), received });
            self.registry_moved();
        }
    }

    fn registry_moved(&mut self) {
        let calendars = self.world.calendars();
        self.world = Arc::new(self.world.with_registry(&self.registry, &self.base.documents));
        self.calendar_moved |= self.world.calendars() != calendars;
    }

    /// Decides each event in turn.
    ///
    /// # Errors
    /// Only where the ledger itself fails: an act of the automation that its own rules refuse, no randomness.
    pub(crate) fn decide(
        &mut self,
        events: &[Admitted],
        known: &Known,
        received: u64,
    ) -> Result<(), LedgerError> {
        let mut jtis: HashMap<Uuid, (usize, u64)> = HashMap::new();
        let mut digests: HashSet<[u8; 32]> = HashSet::new();
        self.advance(received);
        for (position, admitted) in events.iter().enumerate() {
            let event = &admitted.event;
            let outcome = if let Some(outcome) = repeated(event, events, known, &jtis, received) {
                outcome
            } else {
                // What fell due comes before anything else in its case, whatever becomes of this event.
                self.act_before(event, received)?;
                match self.judge(admitted, known, &digests, received) {
                    Err(refused) => Outcome::Refused(refused),
                    Ok(end) => {
                        let index = self.take(admitted, end, received);
                        jtis.insert(event.jti, (position, index));
                        digests.extend(digests_of(admitted));
                        self.act_after(event, received)?;
                        Outcome::Appended { index, received }
                    }
                }
            };
            self.outcomes.push(outcome);
        }
        Ok(())
    }

    pub(crate) fn end(&self, stream: &str) -> Option<&StreamEnd> {
        self.streams.get(stream).or_else(|| self.base.end(stream))
    }

    /// The parties of a stream, and the stream that holds them.
    pub(crate) fn parties(&self, stream: &Stream) -> (Stream, Parties) {
        let holders = party_streams(stream);
        let held = holders.iter().find_map(|holder| {
            let parties = &self.end(holder.as_str())?.parties;
            (!parties.is_empty()).then(|| (holder.clone(), parties.clone()))
        });
        held.unwrap_or_else(|| (holders.first().unwrap_or(stream).clone(), Parties::new()))
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
        let (holder, parties) = self.parties(&event.stream);
        let at = Position { index, received };
        let accepted = self.registry.decide(at, event, &parties)?;
        // Whoever may ask to see a case may know where its next request goes.
        let may_read = || {
            event.stream.kind() == StreamKind::Access
                || self.registry.may_read(&event.kid, &event.stream, &parties)
        };
        check_place(event, end.as_ref(), may_read)?;
        if let Some(digest) = digests_of(admitted).find(|d| digests.contains(d) || known.digests.contains(d))
        {
            return Err(Own::DigestReused.because(format!(
                "the digest {} occurs in the log already; every disclosure takes a fresh salt",
                Digest(digest)
            )));
        }
        if let Some(missing) = admitted.attachments.iter().find(|a| !known.attachments.contains(*a)) {
            return Err(Own::AttachmentUnknown.because(format!(
                "the attachment {} is not in the vault; upload it first",
                Digest(*missing)
            )));
        }
        self.check_documents(event, known)?;
        if let Some(id) = case_id(&event.stream).map(str::to_owned) {
            self.judge_case(&id, at, admitted)?;
        }
        if is_registry(&event.stream) {
            Arc::make_mut(&mut self.registry).evolve(at, event, &accepted);
            self.registry_moved();
        }
        Ok(self.extended(event, admitted.hash, &holder, parties, &accepted.new_parties))
    }

    /// The end of the event's stream after it. New parties go to the stream that holds them.
    pub(crate) fn extended(
        &mut self,
        event: &Event,
        last: Digest,
        holder: &Stream,
        mut parties: Parties,
        new: &Parties,
    ) -> StreamEnd {
        parties.extend(new);
        if *holder == event.stream {
            return StreamEnd { seq: event.seq, last, parties };
        }
        if !new.is_empty()
            && let Some(mut end) = self.end(holder.as_str()).cloned()
        {
            end.parties = parties;
            self.streams.insert(holder.to_string(), end);
        }
        StreamEnd { seq: event.seq, last, parties: Parties::new() }
    }

    /// Makes the event the next entry.
    pub(crate) fn take(&mut self, admitted: &Admitted, end: StreamEnd, received: u64) -> u64 {
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
        if let Some(id) = case_id(&event.stream) {
            self.match_keys.extend(admitted.match_keys.iter().map(|key| (*key, id.to_owned())));
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

    /// With this batch the ciphertext goes that an erasure has destroyed the keys of.
    pub(crate) fn erase(&mut self, rows: Vec<DisclosureKey>, attachments: Vec<[u8; 32]>) {
        self.erased.extend(rows);
        self.erased_attachments.extend(attachments);
    }

    /// The head the acts of this batch have seen: the one it began on, which is committed.
    pub(crate) fn seen(&self) -> &Head {
        &self.base.head
    }

    /// The documents that are held.
    pub(crate) fn documents(&self) -> &Documents {
        &self.base.documents
    }

    /// The files of cases and contacts as they were before the batch.
    pub(crate) fn base_file(&self, id: &str) -> Option<&File> {
        self.base.file(id)
    }

    pub(crate) fn batch(&mut self, received: u64) -> Batch {
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
        batch.erased = std::mem::take(&mut self.erased);
        batch.erased_attachments = std::mem::take(&mut self.erased_attachments);
        batch.match_keys = std::mem::take(&mut self.match_keys);
        batch.cases = self.case_rows();
        batch.wake_all = self.calendar_moved.then_some(received);
        batch
    }
}

fn check_times(event: &Event, received: u64) -> Result<(), Refused> {
    if event.iat.saturating_mul(1_000) > received.saturating_add(SKEW_MS) {
        return Err(Own::IatInFuture.because("`iat` is more than 300 seconds ahead of the ledger's clock; set the signer's clock right and sign again",
        ));
    }
    Ok(())
}

fn check_seen(event: &Event, index: u64, known: &Known) -> Result<(), Refused> {
    let refuse = |message| Err(Own::SeenMismatch.because(message));
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
    let head = end.filter(|_| may_read()).map(|e| (e.seq, e.last));
    let moved =
        "the stream has moved on: read its head, see what changed, and sign again with the same `jti`";
    Err(Refused { kind: RefusedKind::Conflict { head }, ..Own::StreamConflict.because(moved) })
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
        .ok_or_else(|| Own::KeyNotValid.because("the ledger knows no key with this `kid`"))
}

struct Key(PublicKey);

impl Key {
    fn verify_event(&self, event: &Event) -> Result<(), Refused> {
        event.verify(&self.0).map_err(Refused::from)
    }
}
