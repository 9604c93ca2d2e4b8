//! What follows for a referral.

use sijill_event::{Digest, StreamKind};

use super::super::referral::{Basis, Referral, Step};
use super::Evolving;
use crate::catalogue::{CaseEvent, ReferralRequested, ReferralState};
use crate::{Address, Code, Milestone};

impl Evolving<'_> {
    pub(super) fn take_referral(&mut self, read: &CaseEvent) {
        use CaseEvent as E;
        match read {
            E::ReferralRequested(act) => return self.request(act),
            E::ServiceDelivered(act) => return self.serve(act.referral.as_ref()),
            E::ReferralWithdrawn(act) => return self.enter(&act.referral, ReferralState::Withdrawn, None),
            _ => {}
        }
        let Some(step) = Step::of(read.event_type()) else { return };
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
        let Some(state) = step.leads_to(record.stage(), by_owner && !by_recipient) else { return };
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
    pub(super) fn serve(&mut self, referral: Option<&Digest>) {
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

    pub(super) fn request(&mut self, act: &ReferralRequested) {
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

    pub(super) fn enter(&mut self, hash: &Digest, state: ReferralState, to: Option<Address>) {
        self.enter_with(hash, state, to, None);
    }

    /// The referral changes its state, and its clocks with it.
    pub(super) fn enter_with(
        &mut self,
        hash: &Digest,
        state: ReferralState,
        to: Option<Address>,
        held_for: Option<&Code>,
    ) {
        let at = self.at.received;
        let Some(record) = self.case().and_then(|case| case.referrals.get_mut(hash)) else { return };
        let after = record.stage().enter(state);
        (record.state, record.resumes, record.disposed) = (after.state, after.resumes, after.disposed);
        record.since = at;
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
                let rule = deadline.rule();
                let stops = deadline.milestone != Milestone::Acknowledge
                    && ((waits && rule.pause_on_question)
                        || held_for.is_some_and(|reason| rule.pause_on.contains(reason)));
                if stops {
                    deadline.pause(at);
                } else {
                    deadline.resume(at);
                }
                deadline.due = None;
            }
        });
    }
}
