//! The rules level: replaying every case under rule-set 2 (`docs/casework.md`), and recomputing every act of the
//! automation and every release.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use sijill_casework::Refusal;
use sijill_casework::case::{Act, CaseFile, Documents, World};
use sijill_casework::catalogue::{CaseEvent, ErasureDone, Facts, Unread};
use sijill_domain::event::DocumentKind;
use sijill_domain::{Position, Registry};
use sijill_event::{Digest, Entry, Event, Stream, StreamKind};

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
    /// A policy or calendar was not held: from then on nothing can be said of any case.
    blind: bool,
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
    matches!(stream.kind(), StreamKind::Case | StreamKind::Contact | StreamKind::Auto | StreamKind::Access)
}

impl Rules {
    /// Passes over an entry that is malformed or was refused: it did nothing.
    pub(crate) fn skip(&mut self) {
        self.unchecked += 1;
    }

    /// The registry may be another one from now on.
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
        if !is_of_ledger(event) && !self.wakes.is_empty() {
            self.look_again(registry, source)?;
            self.expect_awake(index, entry.received, faults);
        }
        let Some(id) = event.stream.id().filter(|_| is_casework(&event.stream)) else { return Ok(()) };
        if !self.files.contains_key(id) && registry.rules_at(index) != Some(2) {
            self.free.insert(id.to_owned());
        }
        if self.free.contains(id) {
            if event.event_type == ErasureDone::TYPE && is_of_ledger(event) {
                let message = format!(
                    "entry {index} erases in a case that no rules are for: nobody can have ordered it"
                );
                faults.add(FaultCode::Automation, index, message);
            }
            return Ok(());
        }
        self.look_again(registry, source)?;
        let Some(world) = self.world.clone() else { return Ok(()) };
        let facts = facts.unwrap_or(&Facts::Withheld);
        let mut file = self.files.remove(id).unwrap_or_else(|| CaseFile::new(id));
        if let Some(wakes) = file.wakes_at() {
            self.wakes.remove(&(wakes, id.to_owned()));
        }
        let at = Position { index, received: entry.received };
        let place = Place { world: &world, at, event };
        if let Some(last) = self.judge_in(&mut file, &place, facts, faults) {
            check_erased(&last, source, &place, faults)?;
        }
        if file.owes() {
            self.answering = Some(id.to_owned());
        }
        self.await_waking(&file);
        self.files.insert(id.to_owned(), file);
        Ok(())
    }

    /// The world as the whole log left it; `None` if a document that it rests on is not held.
    pub(crate) fn world_at_end(
        &mut self,
        registry: &Registry,
        source: &dyn Source,
    ) -> Result<Option<World>, Unreadable> {
        self.look_again(registry, source)?;
        Ok(self.world.clone().filter(|_| !self.blind))
    }

    /// At the end of the log nothing can follow any more: what the last event triggered is missing. What fell due is
    /// not: a ledger may have been stopped while it made up for an outage.
    pub(crate) fn end(&mut self, faults: &mut Faults) {
        if let Some(file) =
            self.answering.take().and_then(|id| self.files.get(&id)).filter(|file| file.owes())
        {
            let owed = owed(file);
            faults.add(
                FaultCode::Automation,
                None,
                format!("at the end of the log the ledger owes {owed}, directly after what triggered it"),
            );
        }
    }

    /// Judges an event in its case. Answers an `erasure.done` that was the last of its order, with the case before it.
    fn judge_in(
        &mut self,
        file: &mut CaseFile,
        place: &Place<'_>,
        facts: &Facts,
        faults: &mut Faults,
    ) -> Option<Last> {
        let Place { world, at, event } = *place;
        file.settle(world);
        let read = match CaseEvent::read(event, facts) {
            Ok(read) => read,
            Err(Unread::Withheld) => {
                file.skip(world, at, event);
                file.forgive();
                self.unchecked += 1;
                return None;
            }
            Err(Unread::Refused(refusal)) => {
                place.blame(&refusal, faults);
                place.stand_in(file);
                return None;
            }
        };
        // What was erased takes nothing more; where values are gone otherwise, only erasures can be judged.
        if file.gaps > 0 && file.outline.erased.is_none() && !read.is_of_erasure() {
            self.unchecked += 1;
            file.evolve(world, at, event, &read);
            file.forgive();
        } else if self.blind {
            self.unchecked += 1;
            self.undocumented += 1;
            file.evolve(world, at, event, &read);
            file.forgive();
        } else if is_of_ledger(event) {
            let last = Last::of(file, &read);
            return self.judge_act(file, place, &read, faults).then_some(last).flatten();
        } else {
            self.judge_event(file, place, &read, faults);
        }
        None
    }

    /// An officer's event: everything owed by then is there, and the rules allow it.
    fn judge_event(&mut self, file: &mut CaseFile, place: &Place<'_>, read: &CaseEvent, faults: &mut Faults) {
        let Place { world, at, event } = *place;
        while let Some(act) = file.next_act(world, at.received) {
            place.miss(&name(&act), faults);
            file.omit(world, &act);
        }
        if file.owes() {
            place.miss(&owed(file), faults);
            file.forgive();
        }
        match file.decide(world, at, event, read) {
            Ok(()) => {}
            Err(Unread::Withheld) => {
                // A code list: what it says of the codes changes nothing in the case.
                self.unchecked += 1;
                self.undocumented += 1;
            }
            Err(Unread::Refused(refusal)) => return place.blame(&refusal, faults),
        }
        file.evolve(world, at, event, read);
    }

    /// An act of a service: it is the very one that is owed now, with its idempotency key.
    /// Answers whether the rules allowed it.
    fn judge_act(
        &mut self,
        file: &mut CaseFile,
        place: &Place<'_>,
        read: &CaseEvent,
        faults: &mut Faults,
    ) -> bool {
        let Place { world, at, event } = *place;
        let answers = read.is_answer();
        if !answers {
            if file.owes() && file.owed_act().is_none() {
                place.miss(&owed(file), faults);
            }
            for act in place.passed_over(file) {
                place.miss(&name(&act), faults);
                file.omit(world, &act);
            }
        }
        let expected = if answers { file.answer(world, at) } else { file.next_act(world, at.received) };
        match (file.decide(world, at, event, read), expected) {
            (Ok(()), expected) => {
                match expected.filter(|act| place.is(file, act)) {
                    Some(act) => {
                        let grace = self.grace();
                        self.delayed += u64::from(act.instant.saturating_add(grace) < at.received);
                    }
                    None => place.blame(&Refusal::NotPrescribed, faults),
                }
                file.evolve(world, at, event, read);
                return true;
            }
            (Err(Unread::Withheld), _) => self.unchecked += 1,
            (Err(Unread::Refused(refusal)), _) => {
                place.blame(&refusal, faults);
                if !answers {
                    place.stand_in(file);
                } else if file.owed_act().is_none() {
                    file.forgive();
                }
            }
        }
        false
    }

    /// What the last event triggered is the very next entry, or it is missing.
    fn expect_answer(&mut self, index: u64, stream: &Stream, faults: &mut Faults) {
        let Some(id) = self.answering.take() else { return };
        if is_casework(stream) && stream.id() == Some(id.as_str()) {
            return;
        }
        if let Some(file) = self.files.get_mut(&id).filter(|file| file.owes()) {
            let owed = owed(file);
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
        let Some(world) = self.world.clone().filter(|_| !self.blind) else { return };
        let grace = self.grace();
        while let Some((wakes, id)) = self.wakes.first().cloned()
            && wakes.saturating_add(grace) < received
        {
            self.wakes.pop_first();
            let Some(mut file) = self.files.remove(&id) else { continue };
            while let Some(act) = file.next_act(&world, received.saturating_sub(grace + 1)) {
                let name = name(&act);
                faults.add(
                    FaultCode::Automation,
                    index,
                    format!(
                        "before entry {index} the automation owed {name} in an idle case, and it is not there"
                    ),
                );
                file.omit(&world, &act);
            }
            self.await_waking(&file);
            self.files.insert(id, file);
        }
    }

    fn await_waking(&mut self, file: &CaseFile) {
        if let Some(wakes) = file.wakes_at().filter(|_| !self.blind) {
            self.wakes.insert((wakes, file.id.clone()));
        }
    }

    /// How late an act may be, milliseconds.
    fn grace(&self) -> u64 {
        let policy = self.world.as_ref().and_then(World::policy);
        policy.map_or(0, |policy| policy.policy.timer_grace().wall_ms())
    }

    /// Brings the world to where the registry is. If the calendar moved, every case wakes at another time.
    fn look_again(&mut self, registry: &Registry, source: &dyn Source) -> Result<(), Unreadable> {
        if self.world.is_some() && !self.stale {
            return Ok(());
        }
        self.stale = false;
        self.read_documents(registry, source)?;
        let registry = Arc::new(registry.clone());
        let before = self.world.take();
        let calendars = before.as_ref().map(World::calendars);
        let world = match before {
            Some(world) => world.with_registry(&registry, &self.documents),
            None => World::new(registry, Arc::clone(&self.documents)),
        };
        self.blind |= !world.is_complete();
        if calendars != Some(world.calendars()) || self.blind {
            self.wakes.clear();
            let mut files = std::mem::take(&mut self.files);
            for file in files.values_mut() {
                file.settle(&world);
                self.await_waking(file);
            }
            self.files = files;
        }
        self.world = Some(world);
        Ok(())
    }

    fn read_documents(&mut self, registry: &Registry, source: &dyn Source) -> Result<(), Unreadable> {
        let wanted: Vec<(DocumentKind, Digest)> = registry
            .documents()
            .flat_map(|(kind, _, versions)| versions.iter().map(move |version| (kind, version.hash)))
            .filter(|(kind, hash)| !self.documents.holds(*kind, hash) && !self.missing.contains(hash))
            .collect();
        for (kind, hash) in wanted {
            // A document that is not the one published, or none at all, is as good as missing.
            let bytes = source.document(&hash)?.filter(|bytes| Digest::of(bytes) == hash);
            let read = bytes.map(|bytes| Arc::make_mut(&mut self.documents).insert(kind, &bytes));
            if read.is_none_or(|read| read.is_err()) {
                self.missing.insert(hash);
            }
        }
        Ok(())
    }
}

/// The last `erasure.done` of an order, and the case before it.
struct Last {
    before: CaseFile,
    done: ErasureDone,
}

impl Last {
    fn of(file: &CaseFile, read: &CaseEvent) -> Option<Self> {
        let CaseEvent::ErasureDone(done) = read else { return None };
        (done.part == done.parts).then(|| Self { before: file.clone(), done: done.clone() })
    }
}

/// What was named as destroyed is what the order covers, no more and no less.
fn check_erased(
    last: &Last,
    source: &dyn Source,
    place: &Place<'_>,
    faults: &mut Faults,
) -> Result<(), Unreadable> {
    let mut events = Vec::new();
    for index in last.before.entries_until(place.at.index) {
        let found = source.entries(index, 1)?.into_iter().find(|(at, _)| *at == index);
        // What is missing or malformed is at fault already, and nobody can say what it named.
        let Some(entry) = found.and_then(|(_, bytes)| Entry::parse(&bytes).ok()) else { return Ok(()) };
        events.push(entry.event);
    }
    if !last.before.is_all_erased(&last.done, &events) {
        let index = place.at.index;
        let message =
            format!("entry {index} names as erased what its order does not cover, or not all of it");
        faults.add(FaultCode::Automation, index, message);
    }
    Ok(())
}

/// An event at its position, and what it is judged against.
struct Place<'a> {
    world: &'a World,
    at: Position,
    event: &'a Event,
}

impl Place<'_> {
    /// The event is not what the rules allow, or the act not what they prescribe.
    fn blame(&self, refusal: &Refusal, faults: &mut Faults) {
        let code = if is_of_ledger(self.event) { FaultCode::Automation } else { FaultCode::Rule };
        let index = self.at.index;
        faults.add(code, index, format!("entry {index}: {} ({})", sentence(refusal), refusal.code()));
    }

    /// Something owed before it is not there.
    fn miss(&self, owed: &str, faults: &mut Faults) {
        let index = self.at.index;
        faults.add(
            FaultCode::Automation,
            index,
            format!("before entry {index} the ledger owed {owed} in this case, and it is not there"),
        );
    }

    /// Whether the event is this act, right or wrong: acts are known by their idempotency key.
    fn is(&self, file: &CaseFile, act: &Act) -> bool {
        act.jti(&self.event.aud, &file.id) == self.event.jti
    }

    /// What was owed before the act that the event is; nothing, if it is none that is owed by now.
    fn passed_over(&self, file: &CaseFile) -> Vec<Act> {
        let (mut ahead, mut passed) = (None, Vec::new());
        while let Some(act) = ahead.as_ref().unwrap_or(file).next_act(self.world, self.at.received) {
            if self.is(file, &act) {
                return passed;
            }
            ahead.get_or_insert_with(|| file.clone()).omit(self.world, &act);
            passed.push(act);
        }
        Vec::new()
    }

    /// An act gone wrong, or done too early, is not owed again.
    fn stand_in(&self, file: &mut CaseFile) {
        if let Some(act) = file.next_act(self.world, u64::MAX).filter(|act| self.is(file, act)) {
            file.omit(self.world, &act);
        }
    }
}

/// Whether a service of the ledger signed it: authority let nobody else sign with this name.
fn is_of_ledger(event: &Event) -> bool {
    event.iss == "ledger"
}

/// A refusal in words, without the values of the event that can be disclosures.
fn sentence(refusal: &Refusal) -> String {
    match refusal {
        Refusal::CodeUnknown { list, .. } => {
            format!("a code is not in code list `{list}`, or was retired there")
        }
        Refusal::OfficerUnknown(_) => "the officer is not enrolled in the agency, or was removed".to_owned(),
        Refusal::CaseMerged(_) => "the case was merged into another; work goes on there".to_owned(),
        other => other.to_string(),
    }
}

fn owed(file: &CaseFile) -> String {
    file.owed_act().map_or_else(|| "an answer to the request for values".to_owned(), |act| name(&act))
}

fn name(act: &Act) -> String {
    let milestone = act.values.get("milestone").and_then(|milestone| milestone.as_str());
    milestone
        .map_or_else(|| act.event_type.to_owned(), |milestone| format!("{} ({milestone})", act.event_type))
}
