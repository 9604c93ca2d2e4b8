//! The rules level: replaying every case under rule-set 2 (`docs/casework.md`), and recomputing every act of the
//! automation and every release.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use sijill_casework::case::{Act, CaseFile, Documents, World};
use sijill_casework::catalogue::{CaseEvent, Facts, Unread};
use sijill_casework::Refusal;
use sijill_domain::event::DocumentKind;
use sijill_domain::{Position, Registry};
use sijill_event::{Digest, Entry, Stream, StreamKind};

use crate::Unreadable;
use crate::fault::{FaultCode, Faults};
use crate::source::Source;

/// The replay of all cases.
#[derive(Default)]
pub(crate) struct Rules {
    documents: Arc<Documents>,
    /// Published documents that the source does not hold.
    missing: HashSet<Digest>,
    world: Option<World>,
    /// The registry moved since `world` was made.
    stale: bool,
    files: HashMap<String, CaseFile>,
    /// Cases that began under rule-set 1, which has no rules for them.
    free: HashSet<String>,
    /// When each case wakes, earliest first.
    wakes: BTreeSet<(u64, String)>,
    /// The case whose last event the next entries must answer.
    answering: Option<String>,
    /// Entries that could not be judged.
    pub(crate) unchecked: u64,
    /// Of them, those for want of a document.
    pub(crate) undocumented: u64,
    /// Acts that the automation appended later than its grace.
    pub(crate) delayed: u64,
}

/// Whether entries of the stream are of a case or contact.
pub(crate) fn is_casework(stream: &Stream) -> bool {
    matches!(
        stream.kind(),
        StreamKind::Case | StreamKind::Contact | StreamKind::Auto | StreamKind::Access
    )
}

impl Rules {
    /// Passes over an entry that is malformed or was refused: it did nothing.
    pub(crate) fn skip(&mut self) {
        self.unchecked += 1;
    }

    /// The registry took an entry of its own.
    pub(crate) fn moved(&mut self) {
        self.stale = true;
    }

    /// Judges an entry that authority accepted.
    pub(crate) fn judge(
        &mut self,
        index: u64,
        entry: &Entry,
        facts: Option<&Facts>,
        registry: &Registry,
        source: &dyn Source,
        faults: &mut Faults,
    ) -> Result<(), Unreadable> {
        let event = &entry.event;
        self.expect_answer(index, &event.stream, faults);
        if !matches!(event.stream.kind(), StreamKind::Auto | StreamKind::Access) && event.iss != "ledger" {
            self.expect_awake(index, entry.received, faults);
        }
        let Some(id) = event.stream.id().filter(|_| is_casework(&event.stream)) else { return Ok(()) };
        if !self.files.contains_key(id) && registry.rules_at(index) != Some(2) {
            self.free.insert(id.to_owned());
        }
        if self.free.contains(id) {
            return Ok(());
        }
        let Some(world) = self.world(registry, source)?.cloned() else {
            self.unchecked += 1;
            return Ok(());
        };
        let withheld = Facts::Withheld;
        let facts = facts.unwrap_or(&withheld);
        let at = Position { index, received: entry.received };
        let mut file = self.files.remove(id).unwrap_or_else(|| CaseFile::new(id));
        if let Some(wakes) = file.wakes_at() {
            self.wakes.remove(&(wakes, id.to_owned()));
        }
        self.judge_in(&mut file, &world, at, entry, facts, faults);
        if file.owes() {
            self.answering = Some(id.to_owned());
        }
        if let Some(wakes) = file.wakes_at().filter(|_| world.is_complete() && file.gaps == 0) {
            self.wakes.insert((wakes, id.to_owned()));
        }
        self.files.insert(id.to_owned(), file);
        Ok(())
    }

    fn judge_in(
        &mut self,
        file: &mut CaseFile,
        world: &World,
        at: Position,
        entry: &Entry,
        facts: &Facts,
        faults: &mut Faults,
    ) {
        let event = &entry.event;
        let index = at.index;
        file.settle(world);
        let read = match CaseEvent::read(event, facts) {
            Ok(read) => read,
            Err(Unread::Withheld) => {
                file.skip();
                self.unchecked += 1;
                return;
            }
            Err(Unread::Refused(refusal)) => {
                faults.add(FaultCode::Rule, index, told(index, &refusal));
                return;
            }
        };
        let automated = event.stream.kind() == StreamKind::Auto || read.is_of_service();
        if !automated && event.stream.kind() == StreamKind::Case {
            while let Some(act) = file.next_act(world, at.received) {
                faults.add(
                    FaultCode::Automation,
                    index,
                    format!("before entry {index} the automation owed {} in this case, and it is not there", name(&act)),
                );
                file.omit(world, &act);
            }
        }
        match file.decide(world, at, event, &read) {
            Ok(()) => {
                if event.stream.kind() == StreamKind::Auto
                    && let Some(act) = file.next_act(world, at.received)
                {
                    let grace = world.policy().map_or(0, |policy| policy.policy.timer_grace().wall_ms());
                    self.delayed += u64::from(act.instant.saturating_add(grace) < at.received);
                }
                file.evolve(world, at, event, &read);
            }
            Err(Unread::Withheld) => {
                self.unchecked += 1;
                self.undocumented += u64::from(!world.is_complete());
                if file.gaps == 0 {
                    file.evolve(world, at, event, &read);
                }
            }
            Err(Unread::Refused(refusal)) => {
                let code = if automated { FaultCode::Automation } else { FaultCode::Rule };
                faults.add(code, index, told(index, &refusal));
                // One that stands where another was owed is that one gone wrong, and not owed again.
                if automated
                    && let Some(act) = file.next_act(world, at.received)
                    && act.event_type == event.event_type
                {
                    file.omit(world, &act);
                }
                if read.is_of_service() {
                    file.forgive();
                }
            }
        }
    }

    /// What the last event triggered is the very next entry, or it is missing.
    fn expect_answer(&mut self, index: u64, stream: &Stream, faults: &mut Faults) {
        let Some(id) = self.answering.take() else { return };
        let continues = stream.id() == Some(id.as_str())
            && matches!(stream.kind(), StreamKind::Auto | StreamKind::Access);
        if continues {
            return;
        }
        if let Some(file) = self.files.get_mut(&id).filter(|file| file.owes()) {
            let owed = file.owed_act().map_or("an answer to the request".to_owned(), |act| name(&act));
            faults.add(
                FaultCode::Automation,
                index,
                format!("before entry {index} the ledger owed {owed}, directly after what triggered it"),
            );
            file.forgive();
        }
    }

    /// What fell due in a case where nothing else happened was appended before anybody's later event.
    fn expect_awake(&mut self, index: u64, received: u64, faults: &mut Faults) {
        let Some(world) = self.world.clone().filter(World::is_complete) else { return };
        let grace = world.policy().map_or(0, |policy| policy.policy.timer_grace().wall_ms());
        while let Some((wakes, id)) = self.wakes.first().cloned()
            && wakes.saturating_add(grace) < received
        {
            self.wakes.pop_first();
            let Some(file) = self.files.get_mut(&id) else { continue };
            // The calendar may have moved since the case was last looked at.
            file.settle(&world);
            while let Some(act) = file.next_act(&world, received.saturating_sub(grace + 1)) {
                faults.add(
                    FaultCode::Automation,
                    index,
                    format!("before entry {index} the automation owed {} in an idle case, and it is not there", name(&act)),
                );
                file.omit(&world, &act);
            }
            if let Some(wakes) = file.wakes_at() {
                self.wakes.insert((wakes, id));
            }
        }
    }

    /// The world after the entries so far; `None` while no ledger has begun.
    fn world(&mut self, registry: &Registry, source: &dyn Source) -> Result<Option<&World>, Unreadable> {
        if self.world.is_none() || self.stale {
            self.read_documents(registry, source)?;
            let registry = Arc::new(registry.clone());
            self.world = Some(match self.world.take() {
                Some(world) => world.with_registry(&registry, &self.documents),
                None => World::new(registry, Arc::clone(&self.documents)),
            });
            self.stale = false;
        }
        Ok(self.world.as_ref())
    }

    fn read_documents(&mut self, registry: &Registry, source: &dyn Source) -> Result<(), Unreadable> {
        let wanted: Vec<(DocumentKind, Digest)> = registry
            .documents()
            .flat_map(|(kind, _, versions)| versions.iter().map(move |version| (kind, version.hash)))
            .filter(|(kind, hash)| !self.documents.holds(*kind, hash) && !self.missing.contains(hash))
            .collect();
        for (kind, hash) in wanted {
            let read = source.document(&hash)?.is_some_and(|bytes| {
                // A document that is not the one published, or none at all, is as good as missing.
                Arc::make_mut(&mut self.documents).insert(kind, &bytes).is_ok_and(|found| found == hash)
            });
            if !read {
                self.missing.insert(hash);
            }
        }
        Ok(())
    }
}

fn told(index: u64, refusal: &Refusal) -> String {
    format!("entry {index}: {refusal} ({})", refusal.code())
}

fn name(act: &Act) -> String {
    let milestone = act.values.get("milestone").and_then(|milestone| milestone.as_str());
    milestone.map_or_else(|| act.event_type.to_owned(), |milestone| format!("{} ({milestone})", act.event_type))
}
