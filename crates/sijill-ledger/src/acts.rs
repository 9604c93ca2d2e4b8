//! What the ledger itself appends while it decides a batch: the automation's acts and the access service's answers.

use std::sync::Arc;

use sijill_casework::case::{Act, CaseFile};
use sijill_casework::catalogue::{CaseEvent, ErasureDone, Facts, Unread};
use sijill_domain::Position;
use sijill_domain::event::Service;
use sijill_event::{Event, Json, SdJwt, Stream, StreamKind};
use sijill_store::{CaseRow, DeskRow};

use crate::admission::Admitted;
use crate::casework::{File, case_id, desks};
use crate::erasure::{Destroyed, PART};
use crate::error::{LedgerError, Own, Refused};
use crate::plan::Plan;
use crate::service::Place;

impl Plan<'_> {
    /// Judges an event of a case or contact by the rules of rule-set 2, and takes it over.
    pub(crate) fn judge_case(&mut self, id: &str, at: Position, admitted: &Admitted) -> Result<(), Refused> {
        if self.registry.rules() != Some(2) {
            return Ok(());
        }
        let world = Arc::clone(&self.world);
        let Some(file) = self.file_mut(id) else { return Ok(()) };
        let Some(casework) = &admitted.casework else {
            return Err(Refused::unavailable(
                "the rules changed while the event was on its way; post it again",
            ));
        };
        casework.checked.clone()?;
        if file.outline.approved().is_some() {
            return Err(Refused::unavailable(
                "an erasure in this case is being carried out; post the same bytes again",
            ));
        }
        let event = &admitted.event;
        let read = CaseEvent::read(event, &casework.facts).map_err(unread)?;
        file.decide(&world, at, event, &read).map_err(unread)?;
        file.evolve(&world, at, event, &read);
        Ok(())
    }

    /// Appends what fell due in the event's case up to now.
    pub(crate) fn act_before(&mut self, event: &Event, received: u64) -> Result<(), LedgerError> {
        let Some(id) = case_id(&event.stream) else { return Ok(()) };
        if self.registry.rules() == Some(2) && event.stream.kind() != StreamKind::Contact {
            self.catch_up(id, received)?;
        }
        Ok(())
    }

    /// Appends all that is owed and due in a case up to `until`.
    pub(crate) fn catch_up(&mut self, id: &str, until: u64) -> Result<(), LedgerError> {
        let world = self.world.clone();
        if !world.is_complete() {
            return Ok(());
        }
        match self.file_mut(id) {
            Some(file) => file.settle(&world),
            None => return Ok(()),
        }
        while let Some(act) = self.file_mut(id).and_then(|file| file.next_act(&world, until)) {
            if act.event_type != ErasureDone::TYPE {
                self.append(Service::Automation, id, &act, until)?;
            } else if !self.append_erasure(id, &act, until)? {
                break;
            }
        }
        Ok(())
    }

    /// Appends that an erasure is done; `false` if nothing was destroyed yet, as when it was approved in this very batch.
    fn append_erasure(&mut self, id: &str, act: &Act, received: u64) -> Result<bool, LedgerError> {
        let Some(Destroyed { digests, rows, attachments }) = self.destroyed.remove(id) else {
            return Ok(false);
        };
        let mut digests: Vec<String> = digests.iter().map(ToString::to_string).collect();
        digests.sort_unstable();
        let parts = digests.chunks(PART).len().max(1);
        let mut named = digests.chunks(PART);
        for part in 1..=parts {
            let named = named.next().unwrap_or_default().iter().map(|digest| Json::from(digest.as_str()));
            let mut act = act.clone();
            let Json::Object(values) = &mut act.values else { return Ok(false) };
            let number = |number: usize| Json::try_from(number as u64).unwrap_or(Json::Null);
            values.push(("part".to_owned(), number(part)));
            values.push(("parts".to_owned(), number(parts)));
            values.push(("digests".to_owned(), Json::Array(named.collect())));
            act.step = u32::try_from(part - 1).unwrap_or(u32::MAX);
            self.append(Service::Access, id, &act, received)?;
        }
        self.erase(rows, attachments);
        Ok(true)
    }

    /// Appends what the event triggered, directly after it, and what is overdue with it: a report of yesterday, papers for a
    /// conference of tomorrow. Nobody's later event in this batch comes before that.
    pub(crate) fn act_after(&mut self, event: &Event, received: u64) -> Result<(), LedgerError> {
        let Some(id) = case_id(&event.stream) else { return Ok(()) };
        if self.registry.rules() != Some(2) {
            return Ok(());
        }
        let world = self.world.clone();
        while let Some(act) = self.file_mut(id).and_then(|file| file.owed_act()) {
            self.append(Service::Automation, id, &act, received)?;
        }
        let at = Position { index: self.edge.size(), received };
        if let Some(answer) = self.file_mut(id).and_then(|file| file.answer(&world, at)) {
            self.append(Service::Access, id, &answer, received)?;
        }
        self.catch_up(id, received)
    }

    /// Appends one act. It is judged like anybody's event: what the rules would refuse is a fault of the ledger's own.
    fn append(&mut self, service: Service, id: &str, act: &Act, received: u64) -> Result<(), LedgerError> {
        let failed = |why: String| LedgerError::Act { event_type: act.event_type, why };
        let kind = if service == Service::Access { StreamKind::Access } else { StreamKind::Auto };
        let stream = Stream::new(kind, id).ok_or_else(|| failed("the case's id is no stream's".into()))?;
        let end = self.end(stream.as_str()).cloned();
        let place = Place { stream: &stream, end: end.as_ref(), seen: self.seen(), received };
        let sd_jwt = self.services.sign(service, id, act, &place)?;
        let at = Position { index: self.edge.size(), received };
        let (holder, parties) = self.parties(&stream);
        let accepted = self
            .registry
            .decide(at, &sd_jwt.event, &parties)
            .map_err(|refusal| failed(refusal.to_string()))?;
        let read = read(&sd_jwt).map_err(&failed)?;
        let world = self.world.clone();
        if let Some(file) = self.file_mut(id) {
            let verdict = file.decide(&world, at, &sd_jwt.event, &read);
            verdict.map_err(|why| failed(unread(why).message))?;
            file.evolve(&world, at, &sd_jwt.event, &read);
        }
        let admitted = Admitted::of_service(sd_jwt, &self.services.vault)?;
        let end = self.extended(&admitted.event, admitted.hash, &holder, parties, &accepted.new_parties);
        self.take(&admitted, end, received);
        metrics::counter!("sijill_acts_total", "type" => act.event_type).increment(1);
        Ok(())
    }

    /// The file of a case or contact; an empty one if there is none yet.
    pub(crate) fn file(&mut self, id: &str) -> Option<&File> {
        if !self.files.contains_key(id) {
            let file = self.base_file(id).cloned().unwrap_or_else(|| File::new(id));
            self.files.insert(id.to_owned(), file);
        }
        self.files.get(id)
    }

    fn file_mut(&mut self, id: &str) -> Option<&mut CaseFile> {
        self.file(id)?;
        self.files.get_mut(id).and_then(File::ruled_mut)
    }

    /// The read rows of the cases that this batch touched.
    pub(crate) fn case_rows(&self) -> Vec<CaseRow> {
        self.files.iter().filter_map(|(id, file)| row(id, file)).collect()
    }
}

/// The read rows of one case; `None` if it is none under rule-set 2.
pub(crate) fn row(id: &str, file: &File) -> Option<CaseRow> {
    let File::Ruled(file) = file else { return None };
    if file.case.is_none() && file.outline.erasures.is_empty() {
        return None;
    }
    let desks: Vec<DeskRow> = desks(file);
    Some(CaseRow { id: id.to_owned(), wakes_at: file.wakes_at(), desks })
}

fn read(sd_jwt: &SdJwt) -> Result<CaseEvent, String> {
    CaseEvent::read(&sd_jwt.event, &Facts::of(sd_jwt)).map_err(|why| unread(why).message)
}

fn unread(unread: Unread) -> Refused {
    match unread {
        Unread::Refused(refusal) => refusal.into(),
        Unread::Withheld => Own::CaseUnreadable.because("something this case rests on is not held by the ledger any more: a document, or values that were erased",
        ),
    }
}
