//! Whether an event may happen now: `docs/casework.md` §4. Changes nothing.

use std::collections::BTreeSet;

use sijill_domain::{AgencyId, Position, Registry};
use sijill_event::{Digest, Event, StreamKind};

use super::World;
use super::act::flat;
use super::author::Author;
use super::file::{Case, CaseFile, PlanState, Status};
use super::referral::{Basis, CONSENT, Referral, Step};
use crate::catalogue::{
    AccessRestricted, CaseEvent, ReferralRequested, ReferralState, Unread, Vote, WarningOutcome,
    WarningReviewed,
};
use crate::refusal::Thing;
use crate::{Address, Refusal};

/// What a conference decides whose votes carry nothing (code list `conference-outcome`).
const NO_DECISION: &str = "no_decision";

/// What a correction may correct: records of the child, of people around it, of a contact.
pub(super) const CHILD_RECORDS: &[&str] = &["child.registered", "child.corrected"];
pub(super) const PARTY_RECORDS: &[&str] = &["party.added", "party.corrected"];
pub(super) const CONTACT_RECORDS: &[&str] = &["contact.logged", "contact.corrected"];

type Verdict = Result<(), Refusal>;

impl CaseFile {
    /// Whether the event may be the entry at `at`. [`CaseFile::settle`] comes first.
    ///
    /// # Errors
    /// [`Unread::Refused`] with the rule's code; [`Unread::Withheld`] if a document it rests on is not held.
    pub fn decide(&self, world: &World, at: Position, event: &Event, read: &CaseEvent) -> Result<(), Unread> {
        if self.outline.erased.is_some() && !read.is_of_erasure() {
            return Err(Refusal::CaseErased.into());
        }
        if self.gaps > 0 && !read.is_of_erasure() {
            return Err(Unread::Withheld);
        }
        match event.stream.kind() {
            StreamKind::Auto => return self.decide_act(world, at, event, read),
            StreamKind::Access if read.is_of_service() => return self.decide_answer(world, at, read),
            _ => {}
        }
        if self.owes() {
            return Err(Refusal::AutomationOwed.into());
        }
        if self.outline.approved().is_some() || self.next_due(at.received).is_some() {
            return Err(Refusal::AutomationOwed.into());
        }
        world.check_codes(event, read.codes(), read.codes_used()).ok_or(Unread::Withheld)??;
        let Some(author) = Author::of(world, at.index, event) else {
            return Err(Refusal::NotYours("an officer").into());
        };
        self.judge(world, at, &author, event.stream.kind(), read).map_err(Unread::Refused)
    }

    /// Whether the rules let this author do it now, in this of the case's streams.
    pub(super) fn judge(
        &self,
        world: &World,
        at: Position,
        author: &Author,
        stream: StreamKind,
        read: &CaseEvent,
    ) -> Verdict {
        if read.is_of_erasure() {
            return self.decide_erasure(world, at, author, read);
        }
        if self.outline.erased.is_some() {
            return Err(Refusal::CaseErased);
        }
        match stream {
            StreamKind::Contact => self.decide_contact(world, author, read),
            StreamKind::Access if self.case.is_none() && self.contact.is_none() => Err(Refusal::CaseUnknown),
            StreamKind::Access => self.decide_access(world, author, read),
            _ => match (&self.case, read) {
                (None, CaseEvent::CaseOpened(act)) if self.contact.is_none() => {
                    if act.unit == author.unit.unit {
                        Ok(())
                    } else {
                        Err(Refusal::NotYours("the unit that is to own the case"))
                    }
                }
                (_, CaseEvent::CaseOpened(_)) => Err(Refusal::CaseExists),
                (None, _) => Err(Refusal::CaseUnknown),
                (Some(case), _) => Deciding { file: self, world, at, author, case }.judge(read),
            },
        }
    }

    /// An act of the automation is the one that is owed, or the first that is due.
    fn decide_act(&self, world: &World, at: Position, event: &Event, read: &CaseEvent) -> Result<(), Unread> {
        if !world.is_complete() {
            return Err(Unread::Withheld);
        }
        let expected = self.next_act(world, at.received).ok_or(Refusal::NotPrescribed)?;
        if flat(read) == expected.values && event.event_type == expected.event_type {
            Ok(())
        } else {
            Err(Refusal::NotPrescribed.into())
        }
    }

    /// What the access service answers is what the rule permits of what was asked.
    fn decide_answer(&self, world: &World, at: Position, read: &CaseEvent) -> Result<(), Unread> {
        if let CaseEvent::ErasureDone(act) = read {
            return self.decide_done(act).map_err(Unread::Refused);
        }
        let answer = self.answer(world, at).ok_or(Refusal::NotPrescribed)?;
        if flat(read) == answer.values { Ok(()) } else { Err(Refusal::NotPrescribed.into()) }
    }

    fn decide_contact(&self, world: &World, author: &Author, read: &CaseEvent) -> Verdict {
        match (&self.contact, read) {
            (None, CaseEvent::ContactLogged(_)) if self.case.is_none() => Ok(()),
            (_, CaseEvent::ContactLogged(_)) => Err(Refusal::ContactExists),
            (None, _) => Err(Refusal::CaseUnknown),
            (Some(contact), CaseEvent::AccessRestricted(act)) => {
                may_restrict(world.registry(), author, act, &contact.by)
            }
            (Some(contact), _) if contact.by != author.unit => {
                Err(Refusal::NotYours("the unit that logged the contact"))
            }
            (Some(_), CaseEvent::ContactCorrected(act)) => self.corrects(&act.corrects, CONTACT_RECORDS),
            (Some(_), _) => Ok(()),
        }
    }

    fn decide_access(&self, world: &World, author: &Author, read: &CaseEvent) -> Verdict {
        match read {
            CaseEvent::BreakGlassReviewed(act) => {
                let broken = self.broken.get(&act.invocation).ok_or(Refusal::Unknown(Thing::Invocation))?;
                let owner = self.case.as_ref().map(|case| &case.owner);
                supervises(world.registry(), author, owner)?;
                if author.is(&broken.by) {
                    return Err(Refusal::OwnWork);
                }
                if broken.reviewed { Err(Refusal::AlreadyReviewed) } else { Ok(()) }
            }
            // In a contact nobody would be told of it, nor would its review fall due.
            CaseEvent::BreakGlassInvoked(_) if self.case.is_none() => Err(Refusal::CaseUnknown),
            CaseEvent::AccessRequested(act) => match &act.events {
                Some(events) if !events.iter().all(|event| self.events.contains_key(event)) => {
                    Err(Refusal::Unknown(Thing::Event))
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    pub(super) fn corrects(&self, corrected: &Digest, types: &[&str]) -> Verdict {
        match self.events.get(corrected) {
            Some(noted) if types.contains(&noted.event_type) => Ok(()),
            _ => Err(Refusal::NothingToCorrect),
        }
    }
}

/// Whether the author supervises the unit that owns the case, or logged the contact.
fn supervises(registry: &Registry, author: &Author, owner: Option<&Address>) -> Verdict {
    if owner.is_some_and(|owner| author.supervises(registry, owner)) {
        Ok(())
    } else {
        Err(Refusal::NotYours("a supervisor of the agency that owns the case"))
    }
}

/// A supervisor keeps people and units out, never the whole owner.
fn may_restrict(registry: &Registry, author: &Author, act: &AccessRestricted, owner: &Address) -> Verdict {
    supervises(registry, author, Some(owner))?;
    if act.units.contains(owner) { Err(Refusal::OwnerRestricted) } else { Ok(()) }
}

/// One event of stream `case/X` being judged.
struct Deciding<'a> {
    file: &'a CaseFile,
    world: &'a World,
    at: Position,
    author: &'a Author,
    case: &'a Case,
}

impl Deciding<'_> {
    #[expect(clippy::too_many_lines, reason = "a table: the rule of each type, in a few lines")]
    fn judge(&self, read: &CaseEvent) -> Verdict {
        use CaseEvent as E;
        self.open_for(read)?;
        match read {
            E::ChildRegistered(_)
            | E::PartyAdded(_)
            | E::CaseLinked(_)
            | E::SafetyPlanMade(_)
            | E::PlanProposed(_)
            | E::AssessmentCompleted(_)
            | E::FollowUpRecorded(_)
            | E::PlacementStarted(_)
            | E::ConsentRecorded(_)
            | E::FeedbackRecorded(_)
            | E::BreachRecorded(_)
            | E::ConferenceScheduled(_)
            | E::OrderIssued(_) => self.owner(),
            E::RiskAssessed(_)
            | E::ChildSeen(_)
            | E::ChildNotSeen(_)
            | E::NoteAdded(_)
            | E::DocumentAttached(_) => self.owner_or_recipient(),
            E::ServiceDelivered(act) => {
                self.owner_or_recipient()?;
                match &act.referral {
                    Some(referral) if !self.case.referrals.contains_key(referral) => {
                        Err(Refusal::Unknown(Thing::Referral))
                    }
                    _ => Ok(()),
                }
            }
            E::LegalBasisInvoked(act) => {
                self.owner()?;
                if act.basis.as_str() == CONSENT { Err(Refusal::NoBasis) } else { Ok(()) }
            }
            E::ChildCorrected(act) => {
                self.owner()?;
                self.file.corrects(&act.corrects, CHILD_RECORDS)
            }
            E::PartyCorrected(act) => {
                self.owner()?;
                self.file.corrects(&act.corrects, PARTY_RECORDS)
            }
            E::PlacementEnded(act) => self.ends(&self.case.placements, &act.placement, Thing::Placement),
            E::OrderTranscribed(act) => self.ends(&self.case.orders, &act.order, Thing::Order),
            E::OrderEnded(act) => self.ends(&self.case.orders, &act.order, Thing::Order),
            E::BreachNotified(act) => self.ends(&self.case.breaches, &act.breach, Thing::Breach),
            E::ConsentWithdrawn(act) => {
                self.owner()?;
                let consent = self.case.consents.get(&act.consent).ok_or(Refusal::Unknown(Thing::Consent))?;
                if consent.withdrawn.is_some() { Err(Refusal::AlreadyEnded(Thing::Consent)) } else { Ok(()) }
            }
            E::WithdrawalConfirmed(act) => {
                let told = self.case.withdrawals.get(&act.withdrawal);
                let told = told.ok_or(Refusal::Unknown(Thing::Withdrawal))?;
                match told.told.get(&self.author.unit) {
                    None => Err(Refusal::NotYours("a unit that was told of the withdrawal")),
                    Some(true) => Err(Refusal::AlreadyConfirmed),
                    Some(false) => Ok(()),
                }
            }
            E::CaseAssigned(act) => {
                self.owner()?;
                let agency = self.world.registry().agency(self.case.owner.agency.as_str());
                match agency.and_then(|agency| agency.officer(act.officer.as_str())) {
                    Some(_) => Ok(()),
                    None => Err(Refusal::OfficerUnknown(act.officer.to_string())),
                }
            }
            E::CaseTransferRequested(act) => {
                self.owner()?;
                self.other_unit(&act.to, &self.case.owner)?;
                self.may_own(&act.to)?;
                if self.case.transfer.is_some() { Err(Refusal::TransferPending) } else { Ok(()) }
            }
            E::CaseTransferred(act) => {
                self.asked_to_take(&act.request)?;
                self.may_own(&self.author.unit)
            }
            E::CaseTransferRefused(act) => self.asked_to_take(&act.request),
            E::PlanApproved(act) => self.on_plan(&act.plan),
            E::PlanRejected(act) => self.on_plan(&act.plan),
            E::CaseMerged(act) => {
                self.supervisor()?;
                if act.into.as_str() == self.file.id {
                    return Err(Refusal::MergeIntoItself);
                }
                // Nobody answers a referral of a case that has ended, whatever it became part of.
                self.may_end(None)
            }
            E::CaseUnmerged(_) => {
                self.supervisor()?;
                match self.case.status {
                    Status::Merged(_) => Ok(()),
                    _ => Err(Refusal::CaseNotMerged),
                }
            }
            E::CaseReopened(_) => {
                self.owner()?;
                match self.case.status {
                    Status::Closed(_) => Ok(()),
                    _ => Err(Refusal::CaseNotClosed),
                }
            }
            E::DeadlineVaried(act) => {
                self.supervisor()?;
                let mut deadlines = self.case.deadlines.iter();
                let runs = deadlines.any(|deadline| {
                    deadline.runs()
                        && deadline.breached.is_none()
                        && deadline.milestone == act.deadline.milestone
                        && deadline.of == act.deadline.of
                });
                if !runs {
                    return Err(Refusal::DeadlineUnknown);
                }
                let later = u64::try_from(act.until.unix_ms()).is_ok_and(|until| until > self.at.received);
                if later { Ok(()) } else { Err(Refusal::DeadlinePast) }
            }
            E::EscalationResolved(act) => {
                let escalation =
                    self.case.escalations.get(&act.escalation).ok_or(Refusal::Unknown(Thing::Escalation))?;
                if self.author.unit != escalation.to {
                    self.supervisor()?;
                }
                if escalation.resolved { Err(Refusal::AlreadyEnded(Thing::Escalation)) } else { Ok(()) }
            }
            E::WarningReviewed(act) => self.warning(act),
            E::AccessRestricted(act) => {
                may_restrict(self.world.registry(), self.author, act, &self.case.owner)
            }
            E::VoteCast(act) => self.vote(&act.conference),
            E::ConferenceHeld(act) => self.conference(&act.conference, act.outcome.as_str()),
            E::CaseClosureRequested(act) => {
                self.owner()?;
                match act.exceptions.iter().find(|referral| !self.case.referrals.contains_key(*referral)) {
                    Some(_) => Err(Refusal::Unknown(Thing::Referral)),
                    None => Ok(()),
                }
            }
            E::CaseClosureRefused(act) => self.on_closure(&act.request),
            E::CaseClosed(act) => {
                self.on_closure(&act.request)?;
                self.may_end(self.case.closure.as_ref().map(|closure| &closure.exceptions))
            }
            E::CaseOpened(_) => Err(Refusal::CaseExists),
            E::ReferralRequested(act) => self.request(act),
            E::ReferralRedirected(act) => {
                Step::Redirect.check(self.case, &act.referral, self.author)?;
                self.other_unit(&act.to, &self.author.unit)?;
                self.may_be_told(&act.referral, &act.to)
            }
            other => match Step::of(other.event_type()).zip(other.referral()) {
                Some((step, referral)) => step.check(self.case, referral, self.author),
                None => {
                    Err(Refusal::TypeNotHere { kind: other.event_type().to_owned(), stream: "case".into() })
                }
            },
        }
    }

    /// What a closed or merged case still takes.
    fn open_for(&self, read: &CaseEvent) -> Verdict {
        use CaseEvent as E;
        let always = matches!(
            read,
            E::NoteAdded(_)
                | E::DocumentAttached(_)
                | E::FeedbackRecorded(_)
                | E::OrderIssued(_)
                | E::OrderTranscribed(_)
                | E::OrderEnded(_)
                | E::WithdrawalConfirmed(_)
                | E::BreachRecorded(_)
                | E::BreachNotified(_)
                | E::EscalationResolved(_)
                | E::ReferralDisposed(_)
                | E::AccessRestricted(_)
                | E::WarningReviewed(_)
        );
        match &self.case.status {
            Status::Open => Ok(()),
            _ if always => Ok(()),
            Status::Closed(_) if matches!(read, E::CaseReopened(_)) => Ok(()),
            Status::Closed(_) => Err(Refusal::CaseClosed),
            Status::Merged(_) if matches!(read, E::CaseUnmerged(_)) => Ok(()),
            Status::Merged(into) => Err(Refusal::CaseMerged(into.clone())),
        }
    }

    fn owner(&self) -> Verdict {
        if self.author.unit == self.case.owner {
            Ok(())
        } else {
            Err(Refusal::NotYours("the unit that owns the case"))
        }
    }

    fn supervisor(&self) -> Verdict {
        supervises(self.world.registry(), self.author, Some(&self.case.owner))
    }

    fn owner_or_recipient(&self) -> Verdict {
        let mut referrals = self.case.referrals.values();
        if referrals.any(|referral| referral.state.is_live() && referral.to == self.author.unit) {
            return Ok(());
        }
        self.owner()
    }

    fn ends(&self, open: &BTreeSet<Digest>, named: &Digest, thing: Thing) -> Verdict {
        self.owner()?;
        if open.contains(named) {
            Ok(())
        } else if self.file.events.get(named).is_some_and(|noted| noted.makes(thing)) {
            Err(Refusal::AlreadyEnded(thing))
        } else {
            Err(Refusal::Unknown(thing))
        }
    }

    /// The unit is open, and another.
    fn other_unit(&self, to: &Address, but: &Address) -> Verdict {
        let registry = self.world.registry();
        let queue = registry.resolve_unit(to.agency.as_str(), to.unit.as_str());
        let open = queue.is_some_and(|queue| {
            queue.unit.open && registry.agency(queue.now.as_str()).is_some_and(|agency| !agency.is_removed())
        });
        if open && to != but { Ok(()) } else { Err(Refusal::UnitUnknown(to.to_string())) }
    }

    /// A unit that may see nothing of the case cannot answer for it.
    fn may_own(&self, unit: &Address) -> Verdict {
        if self.file.restricted_units.contains(unit) { Err(Refusal::OwnerRestricted) } else { Ok(()) }
    }

    fn asked_to_take(&self, request: &Digest) -> Verdict {
        match &self.case.transfer {
            Some((open, to)) if open == request => {
                if *to == self.author.unit {
                    Ok(())
                } else {
                    Err(Refusal::NotYours("the unit that was asked to take the case"))
                }
            }
            _ => Err(Refusal::Unknown(Thing::Request)),
        }
    }

    fn on_plan(&self, plan: &Digest) -> Verdict {
        self.supervisor()?;
        let plan = self.case.plans.get(plan).ok_or(Refusal::Unknown(Thing::Plan))?;
        if plan.state != PlanState::Proposed {
            return Err(Refusal::AlreadyEnded(Thing::Plan));
        }
        if self.author.is(&plan.by) { Err(Refusal::OwnWork) } else { Ok(()) }
    }

    fn on_closure(&self, request: &Digest) -> Verdict {
        self.supervisor()?;
        match &self.case.closure {
            Some(closure) if closure.request == *request => {
                if self.author.is(&closure.by) {
                    Err(Refusal::OwnWork)
                } else {
                    Ok(())
                }
            }
            _ => Err(Refusal::Unknown(Thing::Request)),
        }
    }

    /// Nothing that others wait for ends with the case, but what was excepted by name.
    fn may_end(&self, exceptions: Option<&BTreeSet<Digest>>) -> Verdict {
        for (hash, referral) in &self.case.referrals {
            if exceptions.is_some_and(|exceptions| exceptions.contains(hash)) {
                continue;
            }
            if referral.state.is_live() {
                return Err(Refusal::ReferralOpen(hash.to_string()));
            }
            if referral.is_undisposed() {
                return Err(Refusal::ReferralUndisposed(hash.to_string()));
            }
        }
        match self.case.escalations.iter().find(|(_, escalation)| !escalation.resolved) {
            Some((hash, _)) => Err(Refusal::EscalationOpen(hash.to_string())),
            None => Ok(()),
        }
    }

    /// Whoever a referral is passed on to, disclosure to it rests on something.
    fn may_be_told(&self, referral: &Digest, to: &Address) -> Verdict {
        let record = self.case.referrals.get(referral).ok_or(Refusal::Unknown(Thing::Referral))?;
        let passed_on = Referral { to: to.clone(), ..record.clone() };
        if self.case.stands(self.world.registry(), &passed_on, self.at.received) {
            Ok(())
        } else {
            Err(Refusal::NoBasis)
        }
    }

    /// Who answers for the case says what became of a warning, once; and nobody acts on its ground alone.
    fn warning(&self, act: &WarningReviewed) -> Verdict {
        if self.author.unit != self.case.owner {
            self.supervisor()
                .map_err(|_| Refusal::NotYours("the unit that owns the case, or its supervisor"))?;
        }
        if !act.events.iter().any(|event| self.file.events.contains_key(event)) {
            return Err(Refusal::Unknown(Thing::Event));
        }
        if self.case.warnings.contains(&(act.rule.clone(), act.version, act.events.clone())) {
            return Err(Refusal::AlreadyReviewed);
        }
        let alone = act.outcome == WarningOutcome::Acted && act.ground.is_none();
        if alone { Err(Refusal::GroundMissing) } else { Ok(()) }
    }

    fn vote(&self, conference: &Digest) -> Verdict {
        let conference = self.case.conferences.get(conference).ok_or(Refusal::Unknown(Thing::Conference))?;
        let registry = self.world.registry();
        let sits =
            conference.members.iter().any(|member| registry.now(member.as_str()) == Some(&self.author.now));
        if !sits {
            return Err(Refusal::NotYours("a member of the conference"));
        }
        if conference.held {
            return Err(Refusal::AlreadyEnded(Thing::Conference));
        }
        if conference.votes.contains_key(&self.author.person()) { Err(Refusal::AlreadyVoted) } else { Ok(()) }
    }

    /// The votes the members signed decide, not the secretary's word. A tie decides nothing.
    fn conference(&self, conference: &Digest, outcome: &str) -> Verdict {
        self.owner()?;
        let conference = self.case.conferences.get(conference).ok_or(Refusal::Unknown(Thing::Conference))?;
        if conference.held {
            return Err(Refusal::AlreadyEnded(Thing::Conference));
        }
        let registry = self.world.registry();
        // Members that merged since are one, whoever of them voted.
        let now = |agency: &AgencyId| registry.now(agency.as_str()).cloned();
        let members: BTreeSet<_> = conference.members.iter().map(now).collect();
        let voted: BTreeSet<_> = conference.votes.keys().map(|(agency, _)| now(agency)).collect();
        if voted.len() * 2 < members.len() {
            return Err(Refusal::ConferenceQuorum { voted: voted.len(), members: members.len() });
        }
        let count = |word: Vote| conference.votes.values().filter(|vote| **vote == word).count();
        let carried = count(Vote::For) > count(Vote::Against);
        if carried == (outcome != NO_DECISION) { Ok(()) } else { Err(Refusal::OutcomeNotVoted) }
    }

    fn request(&self, act: &ReferralRequested) -> Verdict {
        self.owner()?;
        self.other_unit(&act.to, &self.case.owner)?;
        let basis = Basis::of(act).ok_or(Refusal::NoBasis)?;
        if let Basis::Consent(consent) = &basis {
            let consent = self.case.consents.get(consent).ok_or(Refusal::NoBasis)?;
            if !consent.covers(self.world.registry(), &act.to.agency, self.at.received) {
                return Err(Refusal::NoBasis);
            }
        }
        // What a policy prescribes, the automation asks for; nobody does it in its name.
        if act.policy.is_some() || act.rule.is_some() || act.cause.is_some() {
            return Err(Refusal::NotPrescribed);
        }
        match &act.replaces {
            Some(replaced) => match self.case.referrals.get(replaced) {
                None => Err(Refusal::Unknown(Thing::Referral)),
                Some(referral) if referral.state == ReferralState::Completed => {
                    Err(Refusal::ReferralState { state: referral.state.as_str() })
                }
                Some(_) => Ok(()),
            },
            None => Ok(()),
        }
    }
}
