//! What comes in: calls to the helpline, and cases that begin with them or elsewhere. A pure function of the seed and of when
//! offices are open.
//!
//! At high risk the helpline opens the case itself, at any hour; otherwise it passes the call on, and the committee of the
//! governorate opens the case when it is at work. Every name in it is made up and says so.

use sijill_casework::case::World;
use sijill_event::Json;

use super::calendar::{BEGIN, DAY, END, MINUTE};
use super::chance::Chance;
use super::figures;
use super::moves::{self, Tempo, object, set};
use super::stage::Who;

/// The urgent call at the end, for whoever visits the desks: opened so long before the end.
const LAST_CALL: u64 = 10 * MINUTE;

/// Calls of so long are told together.
const CALLS_TOLD: u64 = 30 * MINUTE;

/// An event that begins something.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// When.
    pub at: u64,
    /// Who signs.
    pub by: Who,
    /// Contact or case.
    pub id: String,
    /// The event's type.
    pub event_type: &'static str,
    /// Its values.
    pub values: Json,
}

/// What is known of a child.
#[derive(Clone, Copy)]
struct Child {
    age: &'static str,
    governorate: &'static str,
    concern: &'static str,
    risk: &'static str,
    situation: &'static str,
}

struct Coming<'a> {
    chance: Chance,
    world: &'a World,
    arrivals: Vec<Arrival>,
    cases: u64,
}

/// What comes in before the end, in the order of time.
pub fn arrivals(chance: Chance, world: &World) -> Vec<Arrival> {
    let mut coming = Coming { chance, world, arrivals: Vec::new(), cases: 0 };
    for n in 1..figures::CONTACTS {
        coming.call(n);
    }
    for n in 1..=figures::OTHER_CASES {
        coming.elsewhere(n);
    }
    coming.last_call();
    let mut arrivals = coming.arrivals;
    arrivals.retain(|arrival| arrival.at < END);
    arrivals.sort_by_key(|arrival| arrival.at);
    arrivals
}

/// The id of the n-th case.
pub fn case_id(n: u64) -> String {
    format!("2026-{n:04}")
}

/// What decides the sex of a case's child, wherever it is asked.
pub fn sex_of(id: &str) -> String {
    format!("case {id} sex of the child")
}

/// The number of a case.
pub fn number(id: &str) -> u64 {
    id.rsplit('-').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

impl Coming<'_> {
    fn push(&mut self, at: u64, by: &Who, id: &str, event_type: &'static str, values: Json) {
        self.arrivals.push(Arrival { at, by: by.clone(), id: id.to_owned(), event_type, values });
    }

    fn child(&self, what: &str) -> Child {
        let pick = |of: &str, from| self.chance.pick(&format!("{what} {of}"), from);
        let concern = pick("concern", figures::CONCERNS);
        let risk = if concern == "sexual_abuse" { "high" } else { pick("risk", figures::RISKS) };
        Child {
            age: pick("age", figures::AGES),
            governorate: pick("governorate", figures::GOVERNORATES),
            concern,
            risk,
            situation: pick("situation", figures::SITUATIONS),
        }
    }

    fn call(&mut self, n: u64) {
        let (chance, what) = (self.chance, format!("call {n}"));
        let at = (BEGIN + chance.below(&what, 31 * DAY)) / CALLS_TOLD * CALLS_TOLD;
        let operator = operator(chance.below(&format!("{what} operator"), 3));
        if chance.below(&format!("{what} case"), figures::CALLS_2018) >= figures::CASES_2018 {
            let (kind, category) = chance.pick(&format!("{what} kind"), figures::CALLS);
            let child = self.child(&what);
            let mut values =
                vec![("kind", kind.into()), ("channel", "1100".into()), ("repeat", false.into())];
            values.extend([("concerns", set(&[])), ("governorate", governorate(child.governorate))]);
            values.extend(category.map(|category| ("category", category.into())));
            return self.push(at, &operator, &call_id(n), "contact.logged", Json::object(values));
        }
        let child = self.child(&what);
        self.log(at, n, &operator, child);
        let cpc = format!("cpc/{}", child.governorate);
        if child.risk == "high" {
            let case = self.open(at, &operator, "line", "1100", Some(n), child);
            return self.link(at, n, &operator, &case, "h1100/line");
        }
        let worker = moves::worker(&format!("{what} taken by"), &cpc, chance);
        let office = moves::after(self.world, Tempo::Office, at, chance.between(&what, 20, 150));
        let case = self.open(office, &worker, child.governorate, "1100", Some(n), child);
        self.link(at, n, &operator, &case, &cpc);
    }

    fn log(&mut self, at: u64, n: u64, operator: &Who, child: Child) {
        let mut values = vec![("kind", "someone_about_child".into()), ("channel", "1100".into())];
        values.extend([
            ("repeat", self.chance.happens(&format!("call {n} again"), 6).into()),
            ("action", "referral_child_protection".into()),
            ("governorate", governorate(child.governorate)),
            ("age_band", child.age.into()),
            ("concerns", set(&[child.concern])),
            ("child_name", format!("Child of call {n:04} (synthetic)").into()),
            ("summary", format!("Made-up summary of call {n:04}.").into()),
            ("reporter_name", format!("Caller {n:04} (synthetic)").into()),
            ("reporter_phone", format!("+968 0000 {n:04}").into()),
            ("reporter_relation", "neighbour".into()),
        ]);
        self.push(at, operator, &call_id(n), "contact.logged", Json::object(values));
    }

    fn link(&mut self, at: u64, n: u64, operator: &Who, case: &str, to: &str) {
        let values = object(&[("case", case.into()), ("to", moves::address(to))]);
        self.push(at, operator, &call_id(n), "contact.linked", values);
    }

    /// A case that began with no call.
    fn elsewhere(&mut self, n: u64) {
        let (chance, what) = (self.chance, format!("elsewhere {n}"));
        let channel = chance.pick(&format!("{what} channel"), figures::CHANNELS);
        let child = self.child(&what);
        let unit = match channel {
            "hospital" => format!("moh/hospital-{}", child.governorate),
            "school" => "moe/school-social-work".to_owned(),
            "police" => "rop/desk".to_owned(),
            _ => format!("cpc/{}", child.governorate),
        };
        let came = BEGIN + chance.below(&what, 31 * DAY);
        let at = moves::after(self.world, Tempo::of(&unit), came, 10);
        let worker = moves::worker(&what, &unit, chance);
        let (_, id) = unit.split_once('/').unwrap_or_default();
        self.open(at, &worker, id, channel, None, child);
    }

    fn last_call(&mut self) {
        let (n, operator) = (figures::CONTACTS, operator(0));
        let child = Child {
            age: "5-11",
            governorate: "ma",
            concern: "physical_abuse",
            risk: "high",
            situation: "lives_with_alleged",
        };
        self.log(END - LAST_CALL, n, &operator, child);
        let case = self.open(END - LAST_CALL, &operator, "line", "1100", Some(n), child);
        self.link(END - LAST_CALL, n, &operator, &case, "h1100/line");
    }

    /// Opens a case; its id.
    fn open(
        &mut self,
        at: u64,
        by: &Who,
        unit: &str,
        channel: &str,
        call: Option<u64>,
        child: Child,
    ) -> String {
        self.cases += 1;
        let id = case_id(self.cases);
        let contact = call.map(call_id);
        let situations: Vec<&str> =
            Some(child.situation).into_iter().filter(|code| !code.is_empty()).collect();
        let values = object(&[
            ("contacts", set(&contact.as_deref().into_iter().collect::<Vec<_>>())),
            ("unit", unit.into()),
            ("concerns", set(&[child.concern])),
            ("risk", child.risk.into()),
            ("situations", set(&situations)),
            ("governorate", governorate(child.governorate)),
            ("age_band", child.age.into()),
            ("sex", self.chance.pick(&sex_of(&id), figures::SEXES).into()),
            ("channel", channel.into()),
            ("summary", format!("Made-up summary of case {id}.").into()),
        ]);
        self.push(at, by, &id, "case.opened", values);
        id
    }
}

fn call_id(n: u64) -> String {
    format!("call-{n:04}")
}

/// The second operator supervises.
fn operator(n: u64) -> Who {
    Who::new("h1100", format!("line-{}", [1, 3, 4].get(usize::try_from(n).unwrap_or(0)).unwrap_or(&1)))
}

fn governorate(committee: &str) -> Json {
    format!("OM-{}", committee.to_uppercase()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::moves::testing::world;

    #[test]
    fn the_month_is_calibrated_and_repeats_itself() {
        let all = arrivals(Chance::of(1), &world());
        let count = |event_type| all.iter().filter(|it| it.event_type == event_type).count();
        assert_eq!(count("contact.logged") as u64, figures::CONTACTS);
        // 60 of 170 are to be expected, with a standard deviation of 6; and 78 others, all but the last days'.
        assert!((110..165).contains(&count("case.opened")), "{}", count("case.opened"));
        assert!(all.windows(2).all(|pair| pair[0].at <= pair[1].at));
        assert!(all.iter().all(|it| (BEGIN..END).contains(&it.at)));
        let told = |all: &[Arrival]| all.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>();
        assert_eq!(told(&all), told(&arrivals(Chance::of(1), &world())));
        assert_ne!(told(&all), told(&arrivals(Chance::of(2), &world())));
    }

    #[test]
    fn nobody_in_it_has_a_real_name() {
        for arrival in arrivals(Chance::of(3), &world()) {
            for field in ["child_name", "reporter_name", "reporter_phone", "summary"] {
                let Some(value) = arrival.values.get(field).and_then(Json::as_str) else { continue };
                let made_up = value.contains("(synthetic)")
                    || value.starts_with("Made-up")
                    || value.starts_with("+968 0000");
                assert!(made_up, "{field}: {value}");
            }
        }
    }
}
