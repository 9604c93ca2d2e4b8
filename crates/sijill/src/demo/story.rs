//! What happens in the month: contacts, cases, referrals between agencies. A pure function of the seed.
//!
//! Rule-set 1 has no rules for cases yet; the types and fields are those of the domain as planned. Every name in it is
//! made up and says so.

use sijill_event::{Json, Stream};

use super::calendar::{BEGIN, DAY, END, HOUR, MINUTE, january, office, rfc3339};
use super::chance::Chance;
use super::country::{DESK, officers};
use super::figures;
use super::founding::no_id;
use super::stage::{Act, Who};
use crate::error::Result;

/// When the Family Counselling Section closes.
pub const COUNSELLING_CLOSES: u64 = january(18, 13, 0);

/// The month's acts, in order of their signing.
pub fn acts(chance: Chance) -> Result<Vec<Act>> {
    let mut story = Story { chance, acts: Vec::new(), cases: 0 };
    for n in 1..=figures::CONTACTS {
        story.contact(n)?;
    }
    for n in 1..=figures::OTHER_CASES {
        let at = BEGIN + chance.below(&format!("other case {n}"), 31 * DAY);
        let channel = chance.pick(&format!("other case {n} channel"), figures::CHANNELS);
        story.case(at, channel, None)?;
    }
    let mut acts = story.acts;
    // What would be signed after the month stays open.
    acts.retain(|act| act.at < END);
    acts.sort_by_key(|act| act.at);
    Ok(acts)
}

struct Story {
    chance: Chance,
    acts: Vec<Act>,
    cases: u64,
}

/// What is known of a child.
#[derive(Clone, Copy)]
struct Child {
    sex: &'static str,
    age: &'static str,
    governorate: &'static str,
}

/// A referral to be made.
struct Referral {
    from: Who,
    to: (&'static str, &'static str),
    service: &'static str,
    urgent: bool,
}

/// A case as it goes on.
struct Case {
    stream: Stream,
    committee: Who,
    concern: &'static str,
    referrals: u64,
    /// When the last thing in it was done.
    last: u64,
    /// Something in it has no good end yet.
    open: bool,
}

impl Story {
    fn child(&self, what: &str) -> Child {
        let pick = |of: &str, from| self.chance.pick(&format!("{what} {of}"), from);
        Child {
            sex: pick("sex", figures::SEXES),
            age: pick("age", figures::AGES),
            governorate: pick("governorate", figures::GOVERNORATES),
        }
    }

    fn contact(&mut self, n: u64) -> Result<()> {
        let (chance, what) = (self.chance, format!("contact {n}"));
        let at = BEGIN + chance.below(&what, 31 * DAY);
        let is_case = chance.below(&format!("{what} case"), figures::CALLS_2018) < figures::CASES_2018;
        let kind = if is_case { "case" } else { chance.pick(&format!("{what} kind"), figures::CALLS) };
        let stream = Stream::parse(&format!("contact/2026-{n:04}")).ok_or_else(no_id)?;
        let child = self.child(&what);
        let mut data = vec![(
            "casework",
            object(&[
                ("contact_type", kind),
                ("channel", "1100"),
                ("sex", child.sex),
                ("age_band", child.age),
                ("governorate", child.governorate),
            ]),
        )];
        if is_case {
            data.push(("to", object(&[("agency", "cpc"), ("unit", child.governorate)])));
            data.push(("narrative", object(&[("summary", &format!("Made-up summary of call {n}."))])));
            let caller =
                [("name", format!("Caller {n:04} (synthetic)")), ("phone", format!("+968 0000 {n:04}"))];
            data.push((
                "reporter",
                Json::object(caller.map(|(name, value)| (name, Json::from(value.as_str())))),
            ));
        }
        let operator =
            Who::new("h1100", format!("line-{}", 1 + chance.below(&format!("{what} operator"), 3)));
        self.push(at, operator, &stream, "contact.logged", Json::object(data));
        if is_case {
            let opened = at + chance.between(&format!("{what} passed on"), 10, 90) * MINUTE;
            self.case(opened, "1100", Some(&(stream, child)))?;
        }
        Ok(())
    }

    fn case(&mut self, time: u64, channel: &'static str, contact: Option<&(Stream, Child)>) -> Result<()> {
        self.cases += 1;
        let (chance, n) = (self.chance, self.cases);
        let what = format!("case {n}");
        let stream = Stream::parse(&format!("case/2026-{n:04}")).ok_or_else(no_id)?;
        let child = contact.map_or_else(|| self.child(&what), |(_, child)| *child);
        let concern = chance.pick(&format!("{what} concern"), figures::CONCERNS);
        let committee = self.officer(&what, "cpc", child.governorate);
        let opened = office(time, chance.below(&what, 90) * MINUTE);
        let casework = [
            ("concern", concern),
            ("channel", channel),
            ("sex", child.sex),
            ("age_band", child.age),
            ("governorate", child.governorate),
        ];
        let identity = [
            ("name", format!("Child {n:04} (synthetic)")),
            ("civil_number", format!("SYN-{n:06}")),
            ("caregiver", format!("Caregiver {n:04} (synthetic)")),
        ];
        let mut data = vec![
            ("unit", Json::from(child.governorate)),
            ("casework", object(&casework)),
            ("identity", Json::object(identity.map(|(name, value)| (name, Json::from(value.as_str()))))),
        ];
        if let Some((contact, _)) = contact {
            data.push(("contact", contact.as_str().into()));
        }
        self.push(opened, committee.clone(), &stream, "case.opened", Json::object(data));
        let mut case = Case { stream, committee, concern, referrals: 0, last: opened, open: false };
        self.work(&mut case, child, &what)
    }

    /// From assessment to closure, as far as the month goes.
    fn work(&mut self, case: &mut Case, child: Child, what: &str) -> Result<()> {
        let chance = self.chance;
        let risk = match case.concern {
            "sexual_abuse" => "high",
            _ => chance.pick(&format!("{what} risk"), figures::RISKS),
        };
        let hours = if risk == "high" { (1, 4) } else { (4, 48) };
        let assessed = case.last + chance.between(&format!("{what} assessed"), hours.0, hours.1) * HOUR;
        let assessed = if risk == "high" { assessed } else { office(assessed, 20 * MINUTE) };
        self.say(case, assessed, "risk.assessed", &[("casework", &[("risk", risk), ("instrument", "demo")])]);
        let seen = office(assessed + chance.between(&format!("{what} seen"), 2, 72) * HOUR, 40 * MINUTE);
        if chance.happens(&format!("{what} not seen"), 12) {
            self.say(case, seen, "child.not_seen", &[("casework", &[("reason", "not_at_home")])]);
            self.say(case, seen + DAY, "child.seen", &[]);
        } else {
            self.say(case, seen, "child.seen", &[]);
        }
        for referral in self.referrals(case, child, risk, assessed, what) {
            self.refer(case, &referral, assessed + 15 * MINUTE)?;
        }
        let followed =
            office(case.last + chance.between(&format!("{what} follow-up"), 2, 9) * DAY, 30 * MINUTE);
        let note = format!("Made-up note of a visit in {}.", case.stream);
        self.say(case, followed, "follow_up.recorded", &[("narrative", &[("note", &note)])]);
        if risk != "high" && !case.open {
            let closed = office(followed + DAY, 60 * MINUTE);
            self.say(case, closed, "case.closed", &[("casework", &[("reason", "goals_met")])]);
        }
        Ok(())
    }

    /// Which services a case needs, by its concern.
    fn referrals(&self, case: &Case, child: Child, risk: &str, time: u64, what: &str) -> Vec<Referral> {
        let counselling =
            if time + 2 * DAY < COUNSELLING_CLOSES { "counselling" } else { "family-protection" };
        let often = |of: &str, percent| self.chance.happens(&format!("{what} {of}"), percent);
        let high = risk == "high";
        let mut to: Vec<(&str, &str, &str)> = match case.concern {
            "neglect" => vec![("mosd", counselling, "psychosocial")],
            "physical_abuse" => vec![("moh", DESK, "health"), ("mosd", "family-protection", "psychosocial")],
            "sexual_abuse" => vec![("moh", DESK, "forensic_medical"), ("rop", DESK, "police_protection")],
            "emotional_abuse" => vec![("moh", "mental-health", "mental_health")],
            _ => vec![("mol", DESK, "child_labour_inspection")],
        };
        if case.concern == "neglect" && often("benefit", 40) {
            to.push(("spf", DESK, "cash_benefit"));
        }
        if case.concern != "sexual_abuse" && child.age != "0-5" && often("school", 45) {
            to.push(("moe", "school-social-work", "education_support"));
        }
        if case.concern != "sexual_abuse" && high && often("police", 60) {
            to.push(("rop", DESK, "police_protection"));
        }
        let referral = |(agency, unit, service)| Referral {
            from: case.committee.clone(),
            to: (agency, unit),
            service,
            urgent: high,
        };
        to.into_iter().map(referral).collect()
    }

    /// A referral's way: requested, acknowledged, accepted or rejected, worked on, completed; and what follows from it.
    fn refer(&mut self, case: &mut Case, referral: &Referral, time: u64) -> Result<()> {
        case.referrals += 1;
        let (chance, id) = (self.chance, format!("r{}", case.referrals));
        let what = format!("{} {id}", case.stream);
        let (agency, unit) = referral.to;
        let at = |step: &str, from, to, unit| chance.between(&format!("{what} {step}"), from, to) * unit;
        let desk =
            |time, step: &str| if referral.urgent { time } else { office(time, at(step, 0, 120, MINUTE)) };
        let priority = if referral.urgent { "urgent" } else { "routine" };
        let deadline = rfc3339(time + if referral.urgent { 4 * HOUR } else { 3 * DAY });
        let requested = Json::object([
            ("referral", Json::from(id.as_str())),
            ("to", object(&[("agency", agency), ("unit", unit)])),
            (
                "casework",
                object(&[
                    ("service", referral.service),
                    ("priority", priority),
                    ("reason", case.concern),
                    ("deadline", &deadline),
                ]),
            ),
            ("narrative", object(&[("note", &format!("Made-up note to {agency}."))])),
        ]);
        self.push(time, referral.from.clone(), &case.stream, "referral.requested", requested);

        let officer = self.officer(&what, agency, unit);
        let step = |casework: &[(&'static str, &str)]| {
            let mut data = vec![("referral", Json::from(id.as_str()))];
            if !casework.is_empty() {
                data.push(("casework", object(casework)));
            }
            Json::object(data)
        };
        let wait = if referral.urgent { at("wait", 10, 180, MINUTE) } else { at("wait", 1, 30, HOUR) };
        let acknowledged = desk(time + wait, "acknowledged");
        self.push(acknowledged, officer.clone(), &case.stream, "referral.acknowledged", step(&[]));
        let decided = desk(acknowledged + at("decided", 20, 900, MINUTE), "decided");
        if chance.happens(&format!("{what} rejected"), 8) {
            let reason = chance.pick(&format!("{what} reason"), figures::REFUSALS);
            self.push(decided, officer, &case.stream, "referral.rejected", step(&[("reason", reason)]));
            (case.open, case.last) = (true, case.last.max(decided));
            return Ok(());
        }
        self.push(decided, officer.clone(), &case.stream, "referral.accepted", step(&[]));
        let begun = office(decided + at("begun", 2, 60, HOUR), 25 * MINUTE);
        self.push(begun, officer.clone(), &case.stream, "referral.in_progress", step(&[]));
        if referral.service == "police_protection" {
            self.prosecute(case, &officer, begun, &what)?;
        }
        let done = office(begun + at("done", 1, 10, DAY), 45 * MINUTE);
        let outcome = step(&[("outcome", "service_delivered")]);
        self.push(done, officer, &case.stream, "referral.completed", outcome);
        case.last = case.last.max(done);
        case.open |= done >= END;
        Ok(())
    }

    /// From the police to the prosecution, to the court, to the shelter.
    fn prosecute(&mut self, case: &mut Case, police: &Who, time: u64, what: &str) -> Result<()> {
        if !self.chance.happens(&format!("{what} prosecution"), 55) {
            return Ok(());
        }
        let to = |from: &Who, agency, service| Referral {
            from: from.clone(),
            to: (agency, DESK),
            service,
            urgent: true,
        };
        let filed = time + 2 * HOUR;
        self.refer(case, &to(police, "pp", "prosecution"), filed)?;
        if self.chance.happens(&format!("{what} order"), 35) {
            let prosecutor = self.officer(&format!("{what} order"), "pp", DESK);
            let sought = filed + 12 * HOUR;
            self.refer(case, &to(&prosecutor, "jud", "court_order"), sought)?;
            let judge = self.officer(&format!("{what} judge"), "jud", DESK);
            let issued = office(sought + 2 * DAY, 50 * MINUTE);
            let shelter = Json::object([
                ("to", object(&[("agency", "wefaq"), ("unit", DESK)])),
                ("casework", object(&[("kind", "placement"), ("service", "shelter")])),
            ]);
            self.push(issued, judge, &case.stream, "order.issued", shelter);
            let house = self.officer(&format!("{what} house"), "wefaq", DESK);
            self.push(issued + 5 * HOUR, house, &case.stream, "placement.started", Json::object::<&str>([]));
            (case.open, case.last) = (true, case.last.max(issued + 5 * HOUR));
        }
        Ok(())
    }

    fn officer(&self, what: &str, agency: &str, unit: &str) -> Who {
        let n = 1 + self.chance.below(&format!("{what} officer of {agency}"), officers(agency, unit).into());
        Who::new(agency, format!("{unit}-{n}"))
    }

    /// An act of the committee in its case.
    fn say(
        &mut self,
        case: &mut Case,
        at: u64,
        event_type: &'static str,
        data: &[(&'static str, &[(&str, &str)])],
    ) {
        let data = Json::object(data.iter().map(|(class, values)| (*class, object(values))));
        self.push(at, case.committee.clone(), &case.stream.clone(), event_type, data);
        case.last = case.last.max(at);
    }

    /// Most acts are told within the hour, some days later.
    fn push(&mut self, at: u64, by: Who, stream: &Stream, event_type: &'static str, data: Json) {
        let what = format!("{stream} {event_type} {at}");
        let ago = if self.chance.happens(&format!("{what} late"), 3) {
            DAY + self.chance.below(&format!("{what} how late"), 3 * DAY)
        } else {
            self.chance.below(&what, 40) * MINUTE
        };
        let occurred = Some(at.saturating_sub(ago) / 1_000 * 1_000);
        self.acts.push(Act { at, occurred, by, stream: stream.clone(), event_type, data });
    }
}

fn object(members: &[(&str, &str)]) -> Json {
    Json::object(members.iter().map(|(name, value)| (*name, Json::from(*value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_month_is_calibrated_and_repeats_itself() {
        let all = acts(Chance::of(1)).expect("a story");
        let count = |event_type| all.iter().filter(|act| act.event_type == event_type).count();
        assert_eq!(count("contact.logged") as u64, figures::CONTACTS);
        // 60 of 170 are to be expected, with a standard deviation of 6; and 78 others, all but the last days'.
        assert!((110..165).contains(&count("case.opened")), "{}", count("case.opened"));
        assert!(all.windows(2).all(|pair| pair[0].at <= pair[1].at));
        assert!(all.iter().all(|act| (BEGIN..END).contains(&act.at)));
        let again = acts(Chance::of(1)).expect("a story");
        let told = |acts: &[Act]| acts.iter().map(|act| format!("{act:?}")).collect::<Vec<_>>();
        assert_eq!(told(&all), told(&again));
        assert_ne!(told(&all), told(&acts(Chance::of(2)).expect("a story")));
    }

    #[test]
    fn nobody_in_it_has_a_real_name() {
        for act in acts(Chance::of(3)).expect("a story") {
            for class in ["identity", "reporter"] {
                for (field, value) in act.data.get(class).and_then(Json::as_object).unwrap_or_default() {
                    let value = value.as_str().expect("text");
                    let made_up = value.contains("(synthetic)")
                        || value.starts_with("SYN-")
                        || value.starts_with("+968 0000");
                    assert!(made_up, "{class}.{field}: {value}");
                }
            }
        }
    }
}
