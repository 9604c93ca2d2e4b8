//! What follows from an event that was accepted. Nothing is judged here.

use std::collections::BTreeSet;
use std::sync::Arc;

use sijill_domain::Position;
use sijill_event::{Digest, Event, StreamKind, Timestamp};

use super::World;
use super::author::Author;
use super::deadline::Deadline;
use super::file::{
    BrokenGlass, Case, CaseFile, Closure, Conference, Consent, Contact, Escalation, Noted, Plan, PlanState,
    Status,
};
use super::referral::{Basis, CONSENT, Referral, Step};
use crate::catalogue::{CaseEvent, CaseOpened, DeadlineVaried, ReferralRequested, ReferralState};
use crate::policy::Situation;
use crate::{Address, Code, Milestone};

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

    fn take_referral(&mut self, read: &CaseEvent) {
        use CaseEvent as E;
        let step = match read {
            E::ReferralRequested(act) => return self.request(act),
            E::ServiceDelivered(act) => return self.serve(act.referral.as_ref()),
            E::ReferralWithdrawn(act) => return self.enter(&act.referral, ReferralState::Withdrawn, None),
            E::ReferralAcknowledged(_) => Step::Acknowledge,
            E::ReferralAccepted(_) => Step::Accept,
            E::ReferralStarted(_) => Step::Start,
            E::ReferralHeld(_) => Step::Hold,
            E::ReferralResumed(_) => Step::Resume,
            E::ReferralInfoRequested(_) => Step::AskInfo,
            E::ReferralInfoProvided(_) => Step::GiveInfo,
            E::ReferralCompleted(_) => Step::Complete,
            E::ReferralRejected(_) => Step::Reject,
            E::ReferralRedirected(_) => Step::Redirect,
            E::ReferralCancelled(_) => Step::Cancel,
            E::ReferralFailed(_) => Step::Fail,
            E::ReferralEnteredInError(_) => Step::EnterInError,
            E::ReferralDisposed(_) => Step::Dispose,
            _ => return,
        };
        let Some(hash) = read.referral().copied() else { return };
        let unit = self.author.as_ref().map(|author| author.unit.clone());
        let Some(case) = self.case() else { return };
        let by_owner = unit.as_ref() == Some(&case.owner);
        let Some(record) = case.referrals.get_mut(&hash) else { return };
        if step == Step::Dispose {
            record.disposed = true;
            return;
        }
        let by_recipient = unit.as_ref() == Some(&record.to);
        let Some(state) = step.leads_to(record, by_owner && !by_recipient) else { return };
        let (to, reason) = match read {
            E::ReferralRedirected(act) => (Some(act.to.clone()), None),
            E::ReferralHeld(act) => (None, Some(act.reason.clone())),
            _ => (None, None),
        };
        if by_recipient {
            self.meet_about(Milestone::Acknowledge, &hash);
        }
        self.enter_with(&hash, state, to, reason.as_ref());
    }

    /// Whoever delivers what a referral asks for has it.
    fn serve(&mut self, referral: Option<&Digest>) {
        let Some((hash, record)) =
            referral.and_then(|hash| self.file.case.as_ref()?.referrals.get_key_value(hash))
        else {
            return;
        };
        if self.author.as_ref().is_some_and(|author| author.unit == record.to) {
            let hash = *hash;
            self.meet_about(Milestone::Acknowledge, &hash);
        }
    }

    fn request(&mut self, act: &ReferralRequested) {
        let (hash, at) = (self.hash, self.at);
        let automatic = self.file.events.get(&hash).is_some_and(|noted| noted.stream == StreamKind::Auto);
        let Some(basis) = Basis::of(act) else { return };
        let referral = Referral {
            index: at.index,
            automatic,
            to: act.to.clone(),
            service: act.service.clone(),
            priority: act.priority,
            basis,
            fields: act.fields.iter().map(ToString::to_string).collect(),
            state: ReferralState::Requested,
            since: at.received,
            resumes: ReferralState::Requested,
            breached: false,
            disposed: false,
        };
        let rule = act.rule.as_deref().filter(|_| automatic);
        let table = rule.and_then(|rule| rule.split_once('/')).map(|(table, _)| table.to_owned());
        self.edit(|case| {
            case.referrals.insert(hash, referral);
            if let Some(table) = table {
                case.prescribed.insert((table, act.to.clone()));
            }
            // What was asked anew elsewhere needs no further settling here.
            if let Some(replaced) = act.replaces.and_then(|replaced| case.referrals.get_mut(&replaced)) {
                replaced.disposed = true;
            }
        });
        self.start(Milestone::Acknowledge, Some(hash), act.to.clone());
        self.start(Milestone::Accept, Some(hash), act.to.clone());
    }

    fn enter(&mut self, hash: &Digest, state: ReferralState, to: Option<Address>) {
        self.enter_with(hash, state, to, None);
    }

    /// The referral changes its state, and its clocks with it.
    fn enter_with(
        &mut self,
        hash: &Digest,
        state: ReferralState,
        to: Option<Address>,
        held_for: Option<&Code>,
    ) {
        let at = self.at.received;
        let Some(record) = self.case().and_then(|case| case.referrals.get_mut(hash)) else { return };
        let before = record.state;
        if matches!(state, ReferralState::OnHold | ReferralState::InfoRequested) {
            record.resumes = before;
        }
        (record.state, record.since) = (state, at);
        let redirected = to.is_some();
        if let Some(to) = to {
            record.to = to;
        }
        let owes = record.to.clone();
        if !state.is_live() {
            for milestone in [Milestone::Acknowledge, Milestone::Accept, Milestone::Complete] {
                self.meet_about(milestone, hash);
            }
            return;
        }
        if redirected {
            for milestone in [Milestone::Acknowledge, Milestone::Accept, Milestone::Complete] {
                self.meet_about(milestone, hash);
            }
            self.start(Milestone::Acknowledge, Some(*hash), owes.clone());
            self.start(Milestone::Accept, Some(*hash), owes);
            return;
        }
        let taken = matches!(state, ReferralState::Accepted | ReferralState::InProgress);
        if taken {
            self.meet_about(Milestone::Accept, hash);
        }
        let running = self.case().is_some_and(|case| {
            case.deadlines
                .iter()
                .any(|d| d.milestone == Milestone::Complete && d.subject == Some(*hash) && d.runs())
        });
        if taken && !running {
            self.start(Milestone::Complete, Some(*hash), owes);
        }
        let waits = matches!(state, ReferralState::InfoRequested);
        self.edit(|case| {
            for deadline in case.deadlines.iter_mut().filter(|d| d.subject == Some(*hash) && d.is_pending()) {
                let stops = deadline.milestone != Milestone::Acknowledge
                    && (waits || held_for.is_some_and(|reason| deadline.rule().pause_on.contains(reason)));
                if stops {
                    deadline.pause(at);
                } else {
                    deadline.resume(at);
                }
                deadline.due = None;
            }
        });
    }

    fn edit(&mut self, edit: impl FnOnce(&mut Case)) {
        if let Some(case) = self.case() {
            edit(case);
        }
    }

    fn situation(&mut self, edit: impl FnOnce(&mut Situation)) {
        self.edit(|case| edit(&mut case.situation));
    }

    fn assess_risk(&mut self, concerns: &BTreeSet<Code>, risk: &Code, situations: &BTreeSet<Code>) {
        let Some(case) = self.case() else { return };
        let risen = rank(risk) > rank(&case.situation.risk);
        case.situation.concerns = concerns.iter().cloned().collect();
        case.situation.risk = risk.clone();
        case.situation.situations.extend(situations.iter().cloned());
        let owner = case.owner.clone();
        if risen {
            for milestone in [Milestone::Assess, Milestone::SeeChild] {
                self.end(milestone);
                self.start(milestone, None, owner.clone());
            }
        }
    }

    fn transfer(&mut self) {
        let Some(case) = self.case() else { return };
        let Some((_, to)) = case.transfer.take() else { return };
        case.owner = to.clone();
        case.assigned = None;
        for deadline in case.deadlines.iter_mut().filter(|d| d.runs() && d.is_of_owner()) {
            deadline.owes = to.clone();
        }
        self.end(Milestone::Assign);
        self.start(Milestone::Assign, None, to);
    }

    fn decide_plan(&mut self, plan: &Digest, state: PlanState) {
        self.edit(|case| {
            if let Some(plan) = case.plans.get_mut(plan) {
                plan.state = state;
            }
        });
    }

    fn break_glass(&mut self) {
        let Some(by) = self.author.as_ref().map(Author::person) else { return };
        let open_for =
            self.world.policy_at(self.at.index).map_or(0, |p| p.policy.break_glass_open_for().wall_ms());
        let until = self.at.received.saturating_add(open_for);
        self.file.broken.insert(self.hash, BrokenGlass { by, until, reviewed: false });
        if let Some(owner) = self.case().map(|case| case.owner.clone()) {
            self.start(Milestone::ReviewBreakGlass, Some(self.hash), owner);
        }
    }

    fn told(&mut self, about: &Digest, to: &Address) {
        let withdrawal = self.file.events.get(about).is_some_and(|e| e.event_type == "consent.withdrawn");
        if withdrawal {
            self.edit(|case| {
                case.withdrawals.entry(*about).or_default().told.insert(to.clone(), false);
            });
            self.start(Milestone::ConfirmWithdrawal, Some(*about), to.clone());
        }
    }

    fn confirm(&mut self, withdrawal: &Digest) {
        let Some(unit) = self.author.as_ref().map(|author| author.unit.clone()) else { return };
        let at = self.at.received;
        self.edit(|case| {
            if let Some(told) = case.withdrawals.get_mut(withdrawal).and_then(|w| w.told.get_mut(&unit)) {
                *told = true;
            }
            let confirmed = case.deadlines.iter_mut().filter(|d| {
                d.milestone == Milestone::ConfirmWithdrawal
                    && d.subject == Some(*withdrawal)
                    && d.owes == unit
            });
            confirmed.for_each(|deadline| stop(deadline, at));
        });
    }

    fn reopen(&mut self, owner: Address) {
        self.edit(|case| case.status = Status::Open);
        self.start(Milestone::Assess, None, owner);
    }

    fn vary(&mut self, act: &DeadlineVaried) {
        let until = u64::try_from(Timestamp::unix_ms(&act.until)).ok();
        self.edit(|case| {
            let varied = case
                .deadlines
                .iter_mut()
                .filter(|d| d.runs() && d.of == act.deadline.of && d.milestone == act.deadline.milestone);
            for deadline in varied {
                deadline.varied = until;
                deadline.due = None;
            }
        });
    }

    /// Closing or merging ends what the work owed; what is owed to people outlives it.
    fn end_work(&mut self) {
        let at = self.at.received;
        self.edit(|case| {
            for deadline in &mut case.deadlines {
                let outlives = matches!(
                    deadline.milestone,
                    Milestone::ReviewBreakGlass | Milestone::ConfirmWithdrawal | Milestone::NotifyBreach
                );
                if !outlives {
                    stop(deadline, at);
                }
            }
        });
    }

    /// The case's deadlines of this milestone are met.
    fn meet(&mut self, milestone: Milestone) {
        let at = self.at.received;
        self.edit(|case| {
            case.deadlines.iter_mut().filter(|d| d.milestone == milestone).for_each(|d| stop(d, at));
        });
    }

    /// They no longer count, for a new one is about to be set.
    fn end(&mut self, milestone: Milestone) {
        self.meet(milestone);
    }

    fn meet_about(&mut self, milestone: Milestone, subject: &Digest) {
        let at = self.at.received;
        self.edit(|case| {
            let about = |d: &&mut Deadline| d.milestone == milestone && d.subject == Some(*subject);
            case.deadlines.iter_mut().filter(about).for_each(|d| stop(d, at));
        });
    }

    fn done(&mut self, milestone: Milestone, of: &Digest) {
        self.with(milestone, of, |deadline| deadline.done += 1);
    }

    /// It was missed. The ladder counts from when it was due then, whatever becomes of the calendar.
    fn mark(&mut self, milestone: Milestone, of: &Digest, due: u64) {
        let at = self.at.received;
        self.with(milestone, of, |deadline| (deadline.due, deadline.breached) = (Some(due), Some(at)));
    }

    fn with(&mut self, milestone: Milestone, of: &Digest, edit: impl FnOnce(&mut Deadline)) {
        self.edit(|case| {
            let mut deadlines = case.deadlines.iter_mut();
            if let Some(deadline) = deadlines.find(|d| d.of == *of && d.milestone == milestone) {
                edit(deadline);
            }
        });
    }

    fn start(&mut self, milestone: Milestone, subject: Option<Digest>, owes: Address) {
        self.start_at(milestone, subject, owes, None);
    }

    fn start_back(&mut self, milestone: Milestone, subject: Digest, owes: Address, from: u64) {
        self.start_at(milestone, Some(subject), owes, Some(from));
    }

    fn start_at(
        &mut self,
        milestone: Milestone,
        subject: Option<Digest>,
        owes: Address,
        back_from: Option<u64>,
    ) {
        let Some(in_force) = self.world.policy_at(self.at.index) else { return };
        let (hash, at) = (self.hash, self.at);
        let Some(case) = self.file.case.as_mut() else { return };
        let value = match subject.and_then(|subject| case.referrals.get(&subject)) {
            Some(referral) if milestone.is_of_referral() => referral.priority.as_str().to_owned(),
            _ => case.situation.risk.to_string(),
        };
        let Some(rule) = in_force.policy.deadline(milestone, &value) else { return };
        let claimed = matches!(milestone, Milestone::Assign | Milestone::Assess | Milestone::SeeChild)
            && case.opened == hash;
        let hours = self.world.hours(at.index, &owes, &in_force.policy).to_owned();
        let mut deadline = Deadline {
            milestone,
            of: hash,
            index: at.index,
            subject,
            owes,
            started: if claimed { case.reported } else { at.received },
            policy: in_force.version,
            back_from,
            rule: Arc::new(rule.clone()),
            under: Arc::clone(&in_force.policy),
            hours,
            pauses: Vec::new(),
            varied: None,
            due: None,
            met: None,
            breached: None,
            done: 0,
        };
        deadline.reckon(self.world);
        case.deadlines.push(deadline);
    }
}

fn stop(deadline: &mut Deadline, at: u64) {
    if deadline.runs() {
        deadline.met = Some(at);
    }
}

/// Risks in their order; a code the program does not know counts as the lowest.
fn rank(risk: &Code) -> u8 {
    match risk.as_str() {
        "high" => 3,
        "medium" => 2,
        "low" => 1,
        _ => 0,
    }
}

impl Basis {
    /// What a request says that it rests on; `None` if on nothing, or on both.
    pub(super) fn of(act: &ReferralRequested) -> Option<Self> {
        match (&act.consent, &act.legal_basis) {
            (Some(consent), None) => Some(Self::Consent(*consent)),
            (None, Some(basis)) if basis.as_str() != CONSENT => Some(Self::Legal(basis.clone())),
            _ => None,
        }
    }
}
