//! The almanac against a count of every minute.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sijill_casework::Amount;
use sijill_casework::calendar::{Almanac, Pause, Timing};

use crate::model::{History, MINUTE, history, instant, pauses, tell};
use crate::support::DAY;

const DESK: Timing<'_> = Timing::Working("desk");

/// How far a deadline is looked for: three weeks and more.
const FAR: i64 = 40_000;

fn clock() -> impl Strategy<Value = Timing<'static>> {
    prop_oneof![5 => Just(DESK), 1 => Just(Timing::Wall), 1 => Just(Timing::Working("nobody"))]
}

/// Whole minutes, so that they end where a minute does; or days.
fn length() -> impl Strategy<Value = Amount> {
    prop_oneof![
        (0u64..6_000).prop_map(|minutes| Amount::Time(minutes * MINUTE)),
        (0u32..8).prop_map(Amount::Days),
    ]
}

/// Minutes that ran, by the working minutes of their day.
#[derive(Default)]
struct Count(BTreeMap<u64, u64>);

impl Count {
    fn add(&mut self, day: u64) {
        *self.0.entry(day).or_default() += 1;
    }

    fn time(&self) -> u64 {
        self.0.values().sum::<u64>() * MINUTE
    }

    fn days(&self) -> u64 {
        self.0.iter().map(|(day, minutes)| minutes * DAY / day).sum()
    }

    fn has(&self, length: Amount) -> bool {
        match length {
            Amount::Time(ms) => self.time() >= ms,
            Amount::Days(days) => self.days() >= u64::from(days) * DAY,
        }
    }
}

/// The working minutes of the day of a minute that runs; `None` if it does not run.
fn runs(history: &History, clock: Timing<'_>, minute: i64, pauses: &[Pause]) -> Option<u64> {
    let at = instant(minute);
    if pauses.iter().any(|pause| pause.from <= at && pause.to.is_none_or(|to| at < to)) {
        return None;
    }
    if clock == DESK { history.working(minute) } else { Some(DAY / MINUTE) }
}

/// The minute at whose beginning `length` has run since `start`; `None` if it is far away.
fn due(history: &History, clock: Timing<'_>, start: i64, length: Amount, pauses: &[Pause]) -> Option<i64> {
    let mut count = Count::default();
    for minute in start..=start + FAR {
        if count.has(length) {
            return Some(minute);
        }
        if let Some(day) = runs(history, clock, minute, pauses) {
            count.add(day);
        }
    }
    None
}

/// The same, backward.
fn back(history: &History, clock: Timing<'_>, end: i64, length: Amount) -> Option<i64> {
    let mut count = Count::default();
    for minute in (end - FAR..=end).rev() {
        if count.has(length) {
            return Some(minute);
        }
        if let Some(day) = runs(history, clock, minute - 1, &[]) {
            count.add(day);
        }
    }
    None
}

fn has_run(
    almanac: &Almanac,
    clock: Timing<'_>,
    from: u64,
    to: u64,
    length: Amount,
    pauses: &[Pause],
) -> bool {
    match length {
        Amount::Time(ms) => almanac.elapsed(clock, from, to, pauses) >= ms,
        Amount::Days(days) => almanac.elapsed_days(clock, from, to, pauses) >= u64::from(days) * DAY,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn due_is_where_the_minutes_end(
        history in history(), pauses in pauses(), clock in clock(), start in 0i64..12_000, length in length(),
    ) {
        let found = history.almanac().due(clock, instant(start), length, &pauses);
        match due(&history, clock, start, length, &pauses) {
            Some(minute) if minute == start => prop_assert_eq!(found, Some(instant(start))),
            Some(minute) => {
                let found = found.unwrap();
                let ends = match length {
                    Amount::Time(_) => found == instant(minute),
                    Amount::Days(_) => (instant(minute - 1) + 1..=instant(minute)).contains(&found),
                };
                prop_assert!(ends, "{found} for {}", instant(minute));
            }
            None => prop_assert!(found.is_none_or(|found| found > instant(start + FAR))),
        }
    }

    #[test]
    fn back_is_where_the_minutes_begin(
        history in history(), clock in clock(), end in 5_000i64..25_000, length in length(),
    ) {
        let found = history.almanac().back(clock, instant(end), length);
        match back(&history, clock, end, length) {
            Some(minute) if minute == end => prop_assert_eq!(found, Some(instant(end))),
            Some(minute) => {
                let found = found.unwrap();
                let begins = match length {
                    Amount::Time(_) => found == instant(minute),
                    Amount::Days(_) => (instant(minute)..instant(minute + 1)).contains(&found),
                };
                prop_assert!(begins, "{found} for {}", instant(minute));
            }
            None => prop_assert!(found.is_none_or(|found| found < instant(end - FAR))),
        }
    }

    #[test]
    fn elapsed_is_the_number_of_minutes(
        history in history(), pauses in pauses(), clock in clock(), start in 0i64..12_000, run in 0i64..15_000,
    ) {
        let mut count = Count::default();
        for minute in start..start + run {
            if let Some(day) = runs(&history, clock, minute, &pauses) {
                count.add(day);
            }
        }
        let almanac = history.almanac();
        let (from, to) = (instant(start), instant(start + run));
        prop_assert_eq!(almanac.elapsed(clock, from, to, &pauses), count.time());
        prop_assert_eq!(almanac.elapsed_days(clock, from, to, &pauses), count.days());
    }

    #[test]
    fn open_is_what_the_minute_says(history in history(), minute in 0i64..20_000) {
        let almanac = history.almanac();
        let open = |minute: &i64| history.working(*minute).is_some();
        prop_assert_eq!(almanac.is_open("desk", instant(minute)), open(&minute));
        prop_assert!(almanac.is_open("nobody", instant(minute)));
        match (minute..minute + FAR).find(open) {
            Some(next) => prop_assert_eq!(almanac.next_open("desk", instant(minute)), Some(instant(next))),
            None => prop_assert!(almanac.next_open("desk", instant(minute)) >= Some(instant(minute + FAR))),
        }
    }

    /// Instants need not be whole minutes: the length has run at the due instant and not a millisecond before.
    #[test]
    fn due_and_back_are_exact(
        history in history(), pauses in pauses(), clock in clock(), start in 0u64..1_000_000_000,
        length in prop_oneof![
            (1u64..300_000_000).prop_map(Amount::Time), (1u32..6).prop_map(Amount::Days),
        ],
    ) {
        let almanac = history.almanac();
        let start = instant(0) + start;
        if let Some(due) = almanac.due(clock, start, length, &pauses) {
            prop_assert!(has_run(&almanac, clock, start, due, length, &pauses));
            prop_assert!(!has_run(&almanac, clock, start, due - 1, length, &pauses));
            prop_assert_eq!(almanac.remaining(clock, start, due, length, &pauses), 0);
            prop_assert!(almanac.remaining(clock, start, due - 1, length, &pauses) > 0);
        }
        if let Some(back) = almanac.back(clock, start, length) {
            prop_assert!(has_run(&almanac, clock, back, start, length, &[]));
            prop_assert!(!has_run(&almanac, clock, back + 1, start, length, &[]));
        }
    }

    /// Whatever changes later leaves alone what has run.
    #[test]
    fn a_change_touches_only_time_still_to_run(
        history in history(), late in history(), pauses in pauses(), clock in clock(), start in 0i64..12_000,
        length in length(), now in 0i64..15_000,
    ) {
        let before = history.almanac();
        let mut after = before.clone();
        for (index, (from, change)) in late.0.iter().enumerate() {
            tell(&mut after, now + from.max(&0), index, change);
        }
        let (start, now) = (instant(start), instant(now));
        prop_assert_eq!(before.elapsed(clock, start, now, &pauses), after.elapsed(clock, start, now, &pauses));
        let parts = |almanac: &Almanac| almanac.elapsed_days(clock, start, now, &pauses);
        prop_assert_eq!(parts(&before), parts(&after));
        let fell_due = |almanac: &Almanac| almanac.due(clock, start, length, &pauses).filter(|due| *due <= now);
        prop_assert_eq!(fell_due(&before), fell_due(&after));
    }

    /// Told out of order, changes count from the same instants.
    #[test]
    fn the_order_of_telling_does_not_matter(
        history in history(), clock in clock(), start in 0i64..12_000, length in length(),
        order in prop::collection::vec(any::<u32>(), 7),
    ) {
        let mut changes = history.0.clone();
        // Changes of one minute count in the order in which they are told.
        changes.dedup_by_key(|(from, _)| *from);
        let told = History(changes.clone()).almanac();
        let mut shuffled: Vec<_> = changes.iter().enumerate().zip(order).collect();
        shuffled.sort_by_key(|(_, order)| *order);
        let mut almanac = Almanac::default();
        for ((index, (from, change)), _) in shuffled {
            tell(&mut almanac, *from, index, change);
        }
        let due = |almanac: &Almanac| almanac.due(clock, instant(start), length, &[]);
        prop_assert_eq!(due(&almanac), due(&told));
        let holidays = |almanac: &Almanac| almanac.holidays(instant(start)).cloned().collect::<Vec<_>>();
        prop_assert_eq!(holidays(&almanac), holidays(&told));
    }
}
