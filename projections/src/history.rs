//! A subject's entries, and what its state was after each of them.

use std::sync::Arc;

use sijill_casework::case::{CaseFile, World};
use sijill_casework::catalogue::{CaseEvent, Facts, Unread};
use sijill_domain::Position;
use sijill_event::Event;

use crate::MODELS;
use crate::model::{Known, Model, Source};
use crate::span::{Span, Spans, SubjectRows};

/// Everything under one id: the streams `contact/X`, `case/X`, `auto/X` and `access/X`, in log order.
#[derive(Debug, Clone)]
pub struct History {
    /// The id.
    pub subject: String,
    /// Its entries, ascending.
    pub lines: Vec<Line>,
}

/// An entry of a history.
#[derive(Debug, Clone)]
pub struct Line {
    /// Where it stands in the log, and when it was sequenced.
    pub at: Position,
    /// The event.
    pub event: Event,
    /// Its casework values.
    pub facts: Facts,
}

/// What models look at: a subject after one entry, or after the calendar moved under it.
#[derive(Debug)]
pub struct Step<'a> {
    /// The entry, and when.
    pub at: Position,
    /// The subject.
    pub subject: &'a str,
    /// Its state; `None` for what is not judged by rule-set 2, such as an imported case.
    pub file: Option<&'a CaseFile>,
    /// The event and what was read of it; `None` if it was the calendar that moved.
    pub event: Option<(&'a Event, Option<&'a CaseEvent>)>,
    /// The event's casework values.
    pub facts: Option<&'a Facts>,
}

/// An entry that this program cannot read, though the ledger once took it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {index} cannot be read: {why}")]
pub struct Unfit {
    /// The entry.
    pub index: u64,
    /// Why.
    pub why: String,
}

/// The world as it was known at each position: cases are folded one after the other, each from its beginning, and each step
/// has to see the calendar of its time.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// After which entry it counts, its time, and the world from then on; ascending.
    worlds: Arc<Vec<(u64, u64, World)>>,
    latest: World,
    first: World,
}

impl Timeline {
    /// The times of this world.
    pub fn new(world: World) -> Self {
        let changes = world.calendar_changes();
        let worlds = changes.into_iter().map(|(index, since)| (index, since, world.known_at(index + 1)));
        Self { worlds: Arc::new(worlds.collect()), first: world.known_at(0), latest: world }
    }

    /// The latest world.
    pub fn world(&self) -> &World {
        &self.latest
    }

    /// The world that entry `index` came into.
    fn at(&self, index: u64) -> &World {
        let known = self.worlds.partition_point(|(change, ..)| *change < index);
        known.checked_sub(1).and_then(|last| self.worlds.get(last)).map_or(&self.first, |(.., world)| world)
    }

    /// The changes after entry `after` (`None`: from the beginning) and before entry `before`.
    fn between(&self, after: Option<u64>, before: u64) -> impl Iterator<Item = &(u64, u64, World)> {
        self.worlds
            .iter()
            .filter(move |(change, ..)| after.is_none_or(|after| *change >= after) && *change < before)
    }
}

/// The models that follow from the state, of these and of all that these follow from.
fn needed(models: &[&'static Model]) -> Vec<&'static Model> {
    let of_state = |model: &&'static Model| matches!(model.source, Source::State(_));
    if models.iter().all(of_state) { models.to_vec() } else { MODELS.into_iter().filter(of_state).collect() }
}

impl History {
    /// The rows that these models have of the subject, as the log of `size` entries says.
    ///
    /// # Errors
    /// [`Unfit`]: an entry of a type or form that rule-set 2 does not know.
    pub fn rows(
        &self,
        timeline: &Timeline,
        size: u64,
        models: &[&'static Model],
    ) -> Result<Vec<SubjectRows>, Unfit> {
        let made: Vec<&'static Model> = needed(models);
        let mut spans: Vec<Spans> = made.iter().map(|_| Spans::default()).collect();
        let mut say = |step: &Step<'_>| {
            for (model, spans) in made.iter().zip(&mut spans) {
                spans.take(model, step);
            }
        };
        let ruled = self
            .lines
            .first()
            .is_some_and(|first| timeline.world().registry().rules_at(first.at.index) == Some(2));
        let mut file = ruled.then(|| CaseFile::new(self.subject.as_str()));
        let mut last = None;
        for line in self.lines.iter().take_while(|line| line.at.index < size) {
            if let Some(file) = &mut file {
                self.settle(file, timeline, last, line.at.index, &mut say);
            }
            let world = timeline.at(line.at.index);
            let mut read = None;
            if let Some(file) = &mut file {
                match CaseEvent::read(&line.event, &line.facts) {
                    Ok(event) => {
                        file.evolve(world, line.at, &line.event, &event);
                        read = Some(event);
                    }
                    Err(Unread::Withheld) => file.skip(world, line.at, &line.event),
                    Err(Unread::Refused(why)) => {
                        return Err(Unfit { index: line.at.index, why: why.to_string() });
                    }
                }
            }
            let event = Some((&line.event, read.as_ref()));
            say(&Step {
                at: line.at,
                subject: &self.subject,
                file: file.as_ref(),
                event,
                facts: Some(&line.facts),
            });
            last = Some(line.at.index);
        }
        if let (Some(file), Some(_)) = (&mut file, last) {
            self.settle(file, timeline, last, size, &mut say);
        }
        let gaps = file.as_ref().map_or(0, |file| file.gaps);
        let mut said: Vec<Vec<Span>> = spans.into_iter().map(Spans::end).collect();
        let known = Known { models: &made, rows: &said };
        let derived: Vec<Option<Vec<Span>>> = models
            .iter()
            .map(|model| match model.source {
                Source::Rows(derive) => Some(derive(&known)),
                Source::State(_) => None,
            })
            .collect();
        let rows = models.iter().zip(derived).map(|(model, derived)| {
            let own = made.iter().position(|of| of.name == model.name).and_then(|at| said.get_mut(at));
            let rows = derived.or_else(|| own.map(std::mem::take)).unwrap_or_default();
            SubjectRows { subject: self.subject.clone(), gaps, rows }
        });
        Ok(rows.collect())
    }

    /// The calendar may have moved between two entries: deadlines fall due at other times then.
    fn settle(
        &self,
        file: &mut CaseFile,
        timeline: &Timeline,
        after: Option<u64>,
        before: u64,
        say: &mut impl FnMut(&Step<'_>),
    ) {
        // Before its first entry there is nothing to settle.
        for (index, since, world) in timeline.between(after, before).filter(|_| after.is_some()) {
            file.settle(world);
            let at = Position { index: *index, received: *since };
            say(&Step { at, subject: &self.subject, file: Some(file), event: None, facts: None });
        }
    }
}
