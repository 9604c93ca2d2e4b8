//! What follows from an event that was accepted. Nothing is judged here.

mod clocks;
mod referral;
mod work;

use sijill_domain::Position;
use sijill_event::{Digest, Event};

use super::World;
use super::author::Author;
use super::file::{
    Case, CaseFile, Closure, Conference, Consent, Contact, Escalation, Noted, Plan, PlanState, Status,
};
use crate::Milestone;
use crate::catalogue::{CaseEvent, CaseOpened};
use crate::policy::Situation;

impl CaseFile {
    /// Takes an event that [`CaseFile::decide`] accepted here.
    pub fn evolve(&mut self, world: &World, at: Position, event: &Event, read: &CaseEvent) {
        let author = Author::of(world, at.index, event);
        let hash = event.hash();
        self.events.insert(
            hash,
            Noted {
                index: at.index,
                received: at.received,
                stream: event.stream.kind(),
                event_type: read.event_type(),
                v: event.v,
                by: author.as_ref().map(|author| author.unit.clone()),
                person: author.as_ref().map(Author::person),
                referral: read.referral().copied(),
            },
        );
        self.outline.note(world, at, event, author.as_ref(), &self.events);
        if read.is_of_erasure() {
            self.evolve_erasure(at, hash, author.as_ref(), read);
            return;
        }
        let mut evolving = Evolving { file: self, world, at, hash, author };
        evolving.take(read);
        self.react(world, at, hash, read);
        self.settle(world);
    }

    /// Computes anew when deadlines fall due, if the calendar changed since. Comes before anything is asked of time.
    pub fn settle(&mut self, world: &World) {
        let moved = self.as_of != world.calendars();
        self.as_of = world.calendars();
        for deadline in self.case.iter_mut().flat_map(|case| &mut case.deadlines) {
            if moved || deadline.due.is_none() {
                deadline.reckon(world);
            }
        }
    }
}

struct Evolving<'a> {
    file: &'a mut CaseFile,
    world: &'a World,
    at: Position,
    hash: Digest,
    author: Option<Author>,
}

impl Evolving<'_> {
    fn take(&mut self, read: &CaseEvent) {
        use CaseEvent as E;
        match read {
            E::ContactLogged(_) => {
                if let Some(author) = &self.author {
                    self.file.contact = Some(Contact { by: author.unit.clone(), linked: [].into() });
                }
            }
            E::ContactLinked(act) => {
                if let Some(contact) = &mut self.file.contact {
                    contact.linked.insert(act.case.to_string(), act.to.clone());
                }
            }
            E::CaseOpened(act) => self.open(act),
            E::AccessRequested(act) => {
                if let Some(author) = &self.author {
                    self.file.asked = Some((self.hash, author.person(), act.clone()));
                }
            }
            E::AccessReleased(_) | E::ExportReleased(_) => self.file.asked = None,
            E::BreakGlassInvoked(_) => self.break_glass(),
            E::BreakGlassReviewed(act) => {
                if let Some(broken) = self.file.broken.get_mut(&act.invocation) {
                    broken.reviewed = true;
                }
                self.meet_about(Milestone::ReviewBreakGlass, &act.invocation);
            }
            E::AccessRestricted(act) => {
                self.file.restricted_officers = act
                    .officers
                    .iter()
                    .map(|officer| (officer.agency.clone(), officer.officer.clone()))
                    .collect();
                self.file.restricted_units = act.units.iter().cloned().collect();
            }
            _ if self.file.case.is_some() => {
                self.take_referral(read);
                self.take_case(read);
            }
            _ => {}
        }
    }

    fn case(&mut self) -> Option<&mut Case> {
        self.file.case.as_mut()
    }

    fn open(&mut self, act: &CaseOpened) {
        let Some(author) = &self.author else { return };
        let claimed = act.reported.as_ref().and_then(|t| u64::try_from(t.unix_ms()).ok());
        let owner = author.unit.clone();
        self.file.case = Some(Case {
            status: Status::Open,
            opener: owner.clone(),
            owner: owner.clone(),
            opened: self.hash,
            opened_at: self.at.received,
            reported: claimed.map_or(self.at.received, |claimed| claimed.min(self.at.received)),
            contacts: act.contacts.iter().map(ToString::to_string).collect(),
            situation: Situation {
                concerns: act.concerns.iter().cloned().collect(),
                risk: act.risk.clone(),
                age: act.age_band.clone(),
                governorate: act.governorate.clone(),
                situations: act.situations.iter().cloned().collect(),
            },
            assigned: None,
            transfer: None,
            plans: [].into(),
            referrals: [].into(),
            consents: [].into(),
            bases: [].into(),
            withdrawals: [].into(),
            placements: [].into(),
            orders: [].into(),
            conferences: [].into(),
            breaches: [].into(),
            closure: None,
            escalations: [].into(),
            deadlines: Vec::new(),
            prescribed: [].into(),
            warnings: [].into(),
        });
        for milestone in [Milestone::Assign, Milestone::Assess, Milestone::SeeChild] {
            self.start(milestone, None, owner.clone());
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table: what each type does, in a few lines")]
    fn take_case(&mut self, read: &CaseEvent) {
        use CaseEvent as E;
        let hash = self.hash;
        let at = self.at.received;
        let Some(owner) = self.case().map(|case| case.owner.clone()) else { return };
        match read {
            E::ChildRegistered(act) => self.situation(|situation| {
                situation.age = act.age_band.clone();
                situation.situations.extend(act.situations.iter().cloned());
            }),
            E::ChildCorrected(act) => self.situation(|situation| {
                situation.age = act.age_band.clone();
                situation.situations = act.situations.iter().cloned().collect();
            }),
            E::RiskAssessed(act) => self.assess_risk(&act.concerns, &act.risk, &act.situations),
            E::CaseAssigned(act) => {
                self.edit(|case| case.assigned = Some(act.officer.clone()));
                self.meet(Milestone::Assign);
            }
            E::CaseTransferRequested(act) => self.edit(|case| case.transfer = Some((hash, act.to.clone()))),
            E::CaseTransferRefused(_) => self.edit(|case| case.transfer = None),
            E::CaseTransferred(_) => self.transfer(),
            E::AssessmentCompleted(_) => {
                self.meet(Milestone::Assess);
                self.meet(Milestone::ConferencePapers);
                self.end(Milestone::Plan);
                self.start(Milestone::Plan, None, owner);
            }
            E::ChildSeen(_) => self.meet(Milestone::SeeChild),
            E::PlanProposed(_) => {
                let Some(by) = self.author.as_ref().map(Author::person) else { return };
                self.edit(|case| {
                    case.plans.insert(hash, Plan { by, state: PlanState::Proposed });
                });
            }
            E::PlanApproved(act) => {
                self.decide_plan(&act.plan, PlanState::Approved);
                self.meet(Milestone::Plan);
                self.end(Milestone::FollowUp);
                self.start(Milestone::FollowUp, None, owner);
            }
            E::PlanRejected(act) => self.decide_plan(&act.plan, PlanState::Rejected),
            E::FollowUpRecorded(_) => {
                let planned = self
                    .case()
                    .is_some_and(|case| case.plans.values().any(|plan| plan.state == PlanState::Approved));
                self.meet(Milestone::FollowUp);
                if planned {
                    self.start(Milestone::FollowUp, None, owner);
                }
            }
            E::PlacementStarted(_) => self.edit(|case| {
                case.placements.insert(hash);
            }),
            E::PlacementEnded(act) => self.edit(|case| {
                case.placements.remove(&act.placement);
            }),
            E::OrderIssued(_) => self.edit(|case| {
                case.orders.insert(hash);
            }),
            E::OrderEnded(act) => self.edit(|case| {
                case.orders.remove(&act.order);
            }),
            E::ConsentRecorded(act) => {
                let consent = Consent {
                    agencies: act.agencies.iter().cloned().collect(),
                    expires: act.expires.as_ref().map(ToString::to_string),
                    withdrawn: None,
                };
                self.edit(|case| {
                    case.consents.insert(hash, consent);
                });
            }
            E::ConsentWithdrawn(act) => self.edit(|case| {
                if let Some(consent) = case.consents.get_mut(&act.consent) {
                    consent.withdrawn = Some(hash);
                }
            }),
            E::WithdrawalConfirmed(act) => self.confirm(&act.withdrawal),
            E::LegalBasisInvoked(act) => self.edit(|case| case.bases.extend(act.agencies.iter().cloned())),
            E::BreachRecorded(_) => {
                self.edit(|case| {
                    case.breaches.insert(hash);
                });
                self.start(Milestone::NotifyBreach, Some(hash), owner);
            }
            E::BreachNotified(act) => {
                self.edit(|case| {
                    case.breaches.remove(&act.breach);
                });
                self.meet_about(Milestone::NotifyBreach, &act.breach);
            }
            E::ConferenceScheduled(act) => {
                let when = u64::try_from(act.at.unix_ms()).unwrap_or(at);
                let members = act.members.iter().cloned().collect();
                self.edit(|case| {
                    case.conferences
                        .insert(hash, Conference { members, at: when, votes: [].into(), held: false });
                });
                self.start_back(Milestone::ConferencePapers, hash, owner, when);
            }
            E::VoteCast(act) => {
                let Some(by) = self.author.as_ref().map(Author::person) else { return };
                self.edit(|case| {
                    if let Some(conference) = case.conferences.get_mut(&act.conference) {
                        conference.votes.insert(by, act.vote);
                    }
                });
            }
            E::ConferenceHeld(act) => {
                self.edit(|case| {
                    if let Some(conference) = case.conferences.get_mut(&act.conference) {
                        conference.held = true;
                    }
                });
                self.meet_about(Milestone::ConferencePapers, &act.conference);
            }
            E::CaseMerged(act) => {
                self.edit(|case| case.status = Status::Merged(act.into.to_string()));
                self.end_work();
            }
            E::CaseClosureRequested(act) => {
                let Some(by) = self.author.as_ref().map(Author::person) else { return };
                let exceptions = act.exceptions.iter().copied().collect();
                self.edit(|case| case.closure = Some(Closure { request: hash, by, exceptions }));
            }
            E::CaseClosureRefused(_) => self.edit(|case| case.closure = None),
            E::CaseClosed(_) => {
                self.edit(|case| {
                    case.status = Status::Closed(hash);
                    case.closure = None;
                });
                self.end_work();
            }
            E::CaseReopened(_) | E::CaseUnmerged(_) => self.reopen(owner),
            E::DeadlineVaried(act) => self.vary(act),
            E::EscalationRaised(act) => {
                let escalation = Escalation { to: act.to.clone(), of: act.of, resolved: false };
                self.edit(|case| {
                    case.escalations.insert(hash, escalation);
                });
                self.done(act.milestone, &act.of);
            }
            E::EscalationResolved(act) => self.edit(|case| {
                if let Some(escalation) = case.escalations.get_mut(&act.escalation) {
                    escalation.resolved = true;
                }
            }),
            E::WarningReviewed(act) => self.edit(|case| {
                case.warnings.insert((act.rule.clone(), act.version, act.events.clone()));
            }),
            E::ReminderSent(act) => self.done(act.milestone, &act.of),
            E::DeadlineBreached(act) => {
                self.mark(act.milestone, &act.of, act.due);
                self.done(act.milestone, &act.of);
            }
            E::ReferralBreached(act) => {
                self.edit(|case| {
                    if let Some(referral) = case.referrals.get_mut(&act.referral) {
                        referral.breached = true;
                    }
                });
                self.mark(act.milestone, &act.of, act.due);
                self.done(act.milestone, &act.of);
            }
            E::NoticeGiven(act) => self.told(&act.about, &act.to),
            _ => {}
        }
    }
}
