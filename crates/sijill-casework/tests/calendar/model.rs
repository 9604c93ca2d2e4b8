//! Random histories of a calendar, and what they say of one minute. Shares no code with what is tested.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Days, NaiveDate};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use sijill_casework::calendar::{Almanac, Calendar, Pause};

use crate::support::{DAY, announcement};

/// The first minute of the model: 2026-03-01 00:00 UTC, a Sunday.
pub(crate) const ORIGIN: u64 = 1_772_323_200_000;
pub(crate) const MINUTE: u64 = 60_000;
const DAY_MINUTES: i64 = 1440;

/// Intervals of minutes of one day.
type Openings = Vec<(i64, i64)>;

#[derive(Debug, Clone)]
pub(crate) struct Week {
    days: [Openings; 7],
    holidays: bool,
}

/// Days, counted from the first of March.
type DayRange = (i64, i64);

#[derive(Debug, Clone)]
pub(crate) enum Change {
    Version(Box<Version>),
    Announcement(DayRange),
}

#[derive(Debug, Clone)]
pub(crate) struct Version {
    offset: i64,
    usual: Week,
    period: Option<(DayRange, Week)>,
    holidays: Vec<DayRange>,
}

/// Changes with the minute from which they count.
#[derive(Debug, Clone)]
pub(crate) struct History(pub(crate) Vec<(i64, Change)>);

// Boxed: the shrinking state of seven days of intervals is large, and a test's stack is small.
fn openings() -> BoxedStrategy<Openings> {
    let cuts = prop_oneof![
        3 => btree_set(0..=DAY_MINUTES, 2..=6),
        1 => Just([0, DAY_MINUTES].into_iter().collect()),
        1 => Just([450, 870].into_iter().collect()),
        1 => Just(std::collections::BTreeSet::new()),
    ];
    cuts.prop_map(|cuts| {
        let cuts: Vec<i64> = cuts.into_iter().collect();
        cuts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    })
    .boxed()
}

fn week() -> BoxedStrategy<Week> {
    (prop::array::uniform7(openings()), any::<bool>())
        .prop_map(|(mut days, holidays)| {
            if days.iter().all(Vec::is_empty) {
                days[2] = vec![(600, 660)];
            }
            Week { days, holidays }
        })
        .boxed()
}

fn days() -> impl Strategy<Value = DayRange> {
    (-3i64..25, 0i64..6).prop_map(|(first, more)| (first, first + more))
}

fn change() -> BoxedStrategy<Change> {
    let version = (-840i64..=840, week(), prop::option::of((days(), week())), vec(days(), 0..3));
    prop_oneof![
        version.prop_map(|(offset, usual, period, holidays)| Change::Version(Box::new(Version {
            offset,
            usual,
            period,
            holidays
        }))),
        days().prop_map(Change::Announcement),
    ]
    .boxed()
}

/// Up to six changes; usually the first version came long before.
pub(crate) fn history() -> BoxedStrategy<History> {
    let first = change().prop_map(|change| (-10_000, change));
    let later = vec((-2_000i64..25_000, change()), 0..6);
    (prop::option::weighted(0.8, first), later)
        .prop_map(|(first, later)| {
            let mut changes: Vec<_> = first.into_iter().chain(later).collect();
            changes.sort_by_key(|(from, _)| *from);
            History(changes)
        })
        .boxed()
}

/// Pauses between whole minutes: some overlap, some are empty, some last.
pub(crate) fn pauses() -> impl Strategy<Value = Vec<Pause>> {
    vec((-500i64..15_000, prop::option::weighted(0.9, -100i64..3_000)), 0..4).prop_map(|pauses| {
        let pause = |(from, length): (i64, Option<i64>)| Pause {
            from: instant(from),
            to: length.map(|length| instant(from + length)),
        };
        pauses.into_iter().map(pause).collect()
    })
}

/// A minute of the model as an instant.
pub(crate) fn instant(minute: i64) -> u64 {
    ORIGIN.checked_add_signed(minute * 60_000).unwrap()
}

impl History {
    /// What an almanac makes of it.
    pub(crate) fn almanac(&self) -> Almanac {
        let mut almanac = Almanac::default();
        for (index, (from, change)) in self.0.iter().enumerate() {
            tell(&mut almanac, *from, index, change);
        }
        almanac
    }

    /// The working minutes of the day that a working minute belongs to; `None` if it is no working time.
    pub(crate) fn working(&self, minute: i64) -> Option<u64> {
        let known: Vec<&Change> =
            self.0.iter().take_while(|(from, _)| *from <= minute).map(|(_, change)| change).collect();
        let version = known.iter().rposition(|change| matches!(change, Change::Version(_)));
        let Some(Change::Version(newest)) = version.map(|index| known[index]) else {
            return Some(DAY / MINUTE);
        };
        let Version { offset, usual, period, holidays } = &**newest;
        let (day, time) =
            ((minute + offset).div_euclid(DAY_MINUTES), (minute + offset).rem_euclid(DAY_MINUTES));
        let has = |(first, last): &DayRange| *first <= day && day <= *last;
        let week = period.as_ref().filter(|(days, _)| has(days)).map_or(usual, |(_, week)| week);
        let announced = known[version.unwrap()..].iter().any(|change| match change {
            Change::Announcement(days) => has(days),
            Change::Version(_) => false,
        });
        if week.holidays && (announced || holidays.iter().any(has)) {
            return None;
        }
        let openings = &week.days[usize::try_from(day.rem_euclid(7)).unwrap()];
        let minutes = openings.iter().map(|(from, to)| to - from).sum::<i64>();
        openings
            .iter()
            .any(|(from, to)| (*from..*to).contains(&time))
            .then(|| u64::try_from(minutes).unwrap())
    }
}

/// Tells the almanac a change.
pub(crate) fn tell(almanac: &mut Almanac, from: i64, index: usize, change: &Change) {
    match change {
        Change::Version(version) => {
            let text = document(index, version);
            let calendar = Calendar::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
            almanac.publish(instant(from), Arc::new(calendar));
        }
        Change::Announcement((first, last)) => {
            let holiday = announcement(&date(*first), &date(*last));
            almanac.announce(instant(from), holiday);
        }
    }
}

fn document(index: usize, version: &Version) -> String {
    let label = "{ ar = \"أ\", en = \"A\" }";
    let sign = if version.offset < 0 { '-' } else { '+' };
    let dates = |(first, last): &DayRange| {
        format!("from = \"{}\"\nto = \"{}\"\nname = {label}\nsource = \"s\"\n", date(*first), date(*last))
    };
    let head = format!(
        "id = \"model\"\nversion = {}\ntime_zone = \"Model\"\noffset = \"{sign}{}\"\ntitle = {label}\n\
         [hours.desk]\ntitle = {label}\nsource = \"s\"\n{}",
        index + 1,
        clock(version.offset.abs()),
        week_text(&version.usual),
    );
    let period = version
        .period
        .iter()
        .map(|(days, week)| format!("[[hours.desk.period]]\n{}{}", dates(days), week_text(week)));
    let holidays = version.holidays.iter().map(|days| format!("[[holiday]]\n{}", dates(days)));
    [head].into_iter().chain(period).chain(holidays).collect()
}

fn week_text(week: &Week) -> String {
    let names = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    let days: BTreeMap<&str, Vec<String>> = names
        .into_iter()
        .zip(&week.days)
        .map(|(name, openings)| {
            (name, openings.iter().map(|(from, to)| format!("{}-{}", clock(*from), clock(*to))).collect())
        })
        .collect();
    let days: Vec<String> =
        days.into_iter().map(|(name, openings)| format!("{name} = {openings:?}")).collect();
    format!("holidays = {}\nweek = {{ {} }}\n", week.holidays, days.join(", "))
}

fn clock(minutes: i64) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn date(day: i64) -> String {
    let first = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
    let days = Days::new(day.unsigned_abs());
    if day < 0 { first - days } else { first + days }.to_string()
}
