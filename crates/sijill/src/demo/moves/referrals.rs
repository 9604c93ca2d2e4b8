//! What becomes of a referral: acknowledged, taken, refused, handed on, held, done; and what the owner makes of its end.

use sijill_casework::case::Referral;
use sijill_casework::catalogue::ReferralState as State;
use sijill_casework::{Address, Priority};
use sijill_event::{Digest, Json};

use super::{Tempo, Thinking, address, after, at_once, by_wall, hash, object};
use crate::demo::calendar::january;
use crate::demo::figures;

/// From then on the Family Counselling Section hands on what it has: it is to close.
const HANDS_ON: u64 = january(13, 9, 0);
const COUNSELLING: &str = "mosd/counselling";

pub(super) fn think(thinking: &mut Thinking<'_>) {
    let case = thinking.case;
    for (referral, record) in &case.referrals {
        let one = One {
            what: format!("referral {}", record.index),
            urgent: record.priority == Priority::Urgent,
            referral,
            record,
        };
        if record.state.is_live() {
            if thinking.is_open() {
                one.answer(thinking);
                one.look(thinking);
            }
        } else if record.is_undisposed() {
            one.settle(thinking);
        }
    }
}

struct One<'a> {
    what: String,
    urgent: bool,
    referral: &'a Digest,
    record: &'a Referral,
}

impl One<'_> {
    fn to(&self) -> &Address {
        &self.record.to
    }

    fn what(&self, of: &str) -> String {
        format!("{} {} {of}", self.what, self.record.state.as_str())
    }

    /// How often the recipient did this with it.
    fn count(&self, thinking: &Thinking<'_>, event_type: &str) -> usize {
        let all = thinking.events(event_type);
        all.into_iter().filter(|(_, noted)| noted.referral == Some(*self.referral)).count()
    }

    /// When the unit gets to it. Something urgent somebody on call does at any hour.
    fn time(&self, thinking: &Thinking<'_>, urgent: (u64, u64), routine: (u64, u64)) -> u64 {
        let (from, to) = if self.urgent { urgent } else { routine };
        let minutes = thinking.chance.between(&thinking.what(&self.what("minutes")), from, to);
        if self.urgent {
            by_wall(self.record.since, minutes)
        } else {
            // Hospitals and police answer what is routine by day as well.
            after(thinking.world, Tempo::Office, self.record.since, minutes)
        }
    }

    fn happens(&self, thinking: &Thinking<'_>, of: &str, percent: u64) -> bool {
        thinking.chance.happens(&thinking.what(&self.what(of)), percent)
    }

    fn pick(&self, thinking: &Thinking<'_>, of: &str, from: &[(&'static str, u64)]) -> &'static str {
        thinking.chance.pick(&thinking.what(&self.what(of)), from)
    }

    fn push(&self, thinking: &mut Thinking<'_>, at: u64, event_type: &'static str, more: &[(&str, Json)]) {
        let by = thinking.worker(self.to());
        self.push_by(thinking, at, by, event_type, more);
    }

    fn push_by(
        &self,
        thinking: &mut Thinking<'_>,
        at: u64,
        by: crate::demo::stage::Who,
        event_type: &'static str,
        more: &[(&str, Json)],
    ) {
        let mut values = vec![("referral", hash(self.referral))];
        values.extend(more.iter().cloned());
        thinking.push(at, by, event_type, &values);
    }

    fn answer(&self, thinking: &mut Thinking<'_>) {
        if self.to().to_string() == COUNSELLING {
            self.hand_on(thinking);
        }
        match self.record.state {
            State::Requested => self.notice(thinking),
            State::Acknowledged => self.decide(thinking),
            State::Accepted => {
                let at = self.time(thinking, (15, 60), (60, 400));
                self.push(thinking, at, "referral.started", &[]);
            }
            State::InProgress => self.work(thinking),
            State::OnHold => {
                let at = self.time(thinking, (300, 900), (400, 1_300));
                self.push(thinking, at, "referral.resumed", &[]);
            }
            State::InfoRequested => {
                let at = self.time(thinking, (20, 60), (30, 300));
                let by = thinking.owner();
                let answer = [("answer", "Made-up answer.".into())];
                self.push_by(thinking, at, by, "referral.info_provided", &answer);
            }
            _ => {}
        }
    }

    /// Mostly in time. Whoever is late by more is reminded, the miss is recorded, and others above are told.
    fn notice(&self, thinking: &mut Thinking<'_>) {
        let on_call =
            Tempo::of(&self.to().to_string()) == Tempo::Always || self.to().agency.as_str() == "cpc";
        let chance = |from, to| thinking.chance.between(&thinking.what(&self.what("noticed")), from, to);
        let at = match (self.happens(thinking, "is overlooked", 4), self.urgent) {
            (true, _) => self.time(thinking, (70, 200), (1_500, 2_000)),
            (false, true) => at_once(self.record.since, chance(3, 21)),
            (false, false) if on_call => by_wall(self.record.since, chance(20, 500)),
            (false, false) => after(thinking.world, Tempo::Office, self.record.since, chance(20, 240)),
        };
        let at_once = self.happens(thinking, "is taken at once", 25) && self.to().to_string() != COUNSELLING;
        let event_type = if at_once { "referral.accepted" } else { "referral.acknowledged" };
        self.push(thinking, at, event_type, &[]);
    }

    fn decide(&self, thinking: &mut Thinking<'_>) {
        let at = if self.happens(thinking, "waits", 4) {
            self.time(thinking, (200, 400), (1_300, 1_700))
        } else {
            self.time(thinking, (15, 60), (30, 250))
        };
        // A committee cannot refuse a child of its governorate.
        let must = matches!(self.to().agency.as_str(), "cpc" | "wefaq");
        let asked = self.count(thinking, "referral.info_requested") > 0;
        let fates: &[(&str, u64)] = match (must, asked) {
            (_, true) => &[("accept", 1)],
            (true, false) => &[("accept", 92), ("ask", 8)],
            (false, false) => &[("accept", 80), ("reject", 9), ("ask", 6), ("redirect", 3), ("give back", 2)],
        };
        let handed_on = self.count(thinking, "referral.redirected") > 0;
        let fate = match self.pick(thinking, "fate", fates) {
            _ if !handed_on && self.elsewhere().is_some() && thinking.is_one_in(12, 2) => "redirect",
            "redirect" if handed_on => "accept",
            fate => fate,
        };
        match fate {
            "ask" => {
                let question = [("question", "Made-up question: who may consent?".into())];
                self.push(thinking, at, "referral.info_requested", &question);
            }
            "reject" => {
                let reason = self.pick(thinking, "refusal", figures::REFUSALS);
                self.push(thinking, at, "referral.rejected", &[("reason", reason.into())]);
            }
            "redirect" if self.elsewhere().is_some() => {
                let to = self.elsewhere().unwrap_or_default();
                let values = [("to", address(to)), ("reason", "specialised_unit".into())];
                self.push(thinking, at, "referral.redirected", &values);
            }
            "give back" => {
                self.push(thinking, at, "referral.cancelled", &[("reason", "met_elsewhere".into())]);
            }
            _ => self.push(thinking, at, "referral.accepted", &[]),
        }
    }

    /// Where the unit would send it on.
    fn elsewhere(&self) -> Option<&'static str> {
        match self.to().to_string().as_str() {
            "moh/mental-health" => None,
            "moh/hospital-ma" => Some("moh/mental-health"),
            unit if unit.starts_with("moh/") => Some("moh/hospital-ma"),
            _ => None,
        }
    }

    fn hand_on(&self, thinking: &mut Thinking<'_>) {
        let at = HANDS_ON.max(after(thinking.world, Tempo::Office, self.record.since, 60));
        if matches!(self.record.state, State::InProgress | State::OnHold) {
            return self.push(thinking, at, "referral.completed", &[("outcome", "partly_provided".into())]);
        }
        let values = [("to", address("mosd/family-protection")), ("reason", "unit_closed".into())];
        self.push(thinking, at, "referral.redirected", &values);
    }

    fn work(&self, thinking: &mut Thinking<'_>) {
        let held = self.count(thinking, "referral.held") > 0;
        if !held && self.happens(thinking, "stands still", 8) {
            let reason = match self.to().agency.as_str() {
                "pp" => "awaiting_court",
                "rop" => "awaiting_prosecution",
                _ => "awaiting_document",
            };
            let at = self.time(thinking, (60, 200), (200, 600));
            return self.push(thinking, at, "referral.held", &[("reason", reason.into())]);
        }
        let at = if !held && self.happens(thinking, "takes long", 4) {
            self.time(thinking, (1_500, 2_400), (5_000, 7_000))
        } else {
            self.time(thinking, (90, 900), (700, 3_000))
        };
        if self.happens(thinking, "fails", 4) {
            return self.push(thinking, at, "referral.failed", &[("reason", "child_not_reached".into())]);
        }
        let outcome = match self.to().agency.as_str() {
            "rop" | "pp" => "investigation_opened",
            "spf" => "benefit_granted",
            "moe" => "enrolled",
            _ => "service_provided",
        };
        let report = ("report", "Made-up report.".into());
        self.push(thinking, at, "referral.completed", &[("outcome", outcome.into()), report]);
    }

    /// Before it works, the unit asks to see what the referral opens to it.
    fn look(&self, thinking: &mut Thinking<'_>) {
        let taken = matches!(self.record.state, State::Accepted | State::InProgress);
        if !taken || *self.to() == thinking.case.owner || thinking.has_asked(self.to()) {
            return;
        }
        if thinking.chance.happens(&thinking.what(&format!("{} is read", self.what)), 40) {
            let at = self.time(thinking, (5, 20), (10, 60));
            let classes = super::set(&["identity", "narrative"]);
            let by = thinking.worker(self.to());
            thinking.push(
                at,
                by,
                "access.requested",
                &[("purpose", "referral".into()), ("classes", classes)],
            );
        }
    }

    /// What ended without what was asked for, or late, the owner settles: asks elsewhere, or says what became of it.
    fn settle(&self, thinking: &mut Thinking<'_>) {
        let minutes = thinking.chance.between(&thinking.what(&self.what("settled")), 20, 200);
        let owner = thinking.case.owner.clone();
        let (at, by) = (thinking.after(&owner, self.record.since, minutes), thinking.owner());
        let again = self.elsewhere().filter(|_| self.record.state == State::Rejected && thinking.is_open());
        if let Some(to) = again {
            let fields: Vec<&str> = self.record.fields.iter().map(String::as_str).collect();
            let values = [
                ("to", address(to)),
                ("fields", super::set(&fields)),
                ("replaces", hash(self.referral)),
                ("service", self.record.service.as_str().into()),
                ("priority", self.record.priority.as_str().into()),
                ("legal_basis", "best_interest".into()),
            ];
            return thinking.push(at, by, "referral.requested", &values);
        }
        let disposition = match self.record.state {
            State::Rejected => "accepted_refusal",
            State::Withdrawn => "family_declined",
            State::Completed => "late_answer_accepted",
            State::CancelledByRecipient => "met_otherwise",
            _ => "own_service",
        };
        self.push_by(thinking, at, by, "referral.disposed", &[("disposition", disposition.into())]);
    }
}

/// Asks a unit for something on a legal basis.
pub(super) fn request(
    thinking: &mut Thinking<'_>,
    at: u64,
    to: &str,
    service: &str,
    basis: (&'static str, Json),
    fields: &[&str],
) {
    let by = thinking.owner();
    let values = [
        ("to", address(to)),
        ("fields", super::set(fields)),
        ("service", service.into()),
        ("priority", "routine".into()),
        basis,
    ];
    thinking.moves.push(super::Move { at, by, event_type: "referral.requested", values: object(&values) });
}
