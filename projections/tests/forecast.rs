//! What a forecast is, whatever the unit's past: the same everywhere, exact where nothing changes, never below nothing.

use proptest::prelude::*;
use sijill_projections::forecast::{Forecast, HISTORY, HORIZON, MEMORY, Outlook, Series, Spell, Week, Work};

fn spell(from: i64, to: Option<i64>, due: Option<i64>, n: u64) -> Spell {
    Spell { from: Week(from), to: to.map(Week), due: due.map(Week), n }
}

fn any_spell() -> impl Strategy<Value = Spell> {
    (0_i64..80, prop::option::of(-2_i64..30), prop::option::of(-2_i64..15), 0_u64..9).prop_map(
        |(from, lasts, allowed, n)| spell(from, lasts.map(|l| from + l), allowed.map(|a| from + a), n),
    )
}

fn forecast(spells: &[Spell], through: i64) -> Option<Forecast> {
    Outlook::of(spells, Week(through))?.forecast
}

/// So many pieces of work a week, each done after `lasts` weeks and due after `allowed`.
fn steady(weeks: i64, n: u64, lasts: i64, allowed: i64) -> Vec<Spell> {
    (0..weeks).map(|week| spell(week, Some(week + lasts), Some(week + allowed), n)).collect()
}

#[test]
fn a_short_past_gives_no_forecast() {
    let least = i64::try_from(HISTORY).expect("weeks");
    let spells = steady(least, 3, 2, 1);
    assert!(forecast(&spells, least - 2).is_none());
    assert!(forecast(&spells, least - 1).is_some());
    assert_eq!(Outlook::of(&spells, Week(-1)), None, "nothing had come");
    assert_eq!(Outlook::of(&[], Week(5)), None);
}

#[test]
fn a_model_that_is_no_better_than_naive_says_so() {
    // Nothing changes: what was is what will be, and there is nothing to be better at.
    let same = forecast(&steady(60, 5, 2, 9), 59).expect("a forecast");
    assert!(!same.is_better(Series::Arrivals));
    assert_eq!(same.score(Series::Arrivals, 1).last_week.error, 0);
    // One week much, the next nothing: the last week is the worst guess.
    let spells: Vec<Spell> =
        (0..60).map(|week| spell(week, Some(week), None, if week % 2 == 0 { 10 } else { 1 })).collect();
    let uneven = forecast(&spells, 59).expect("a forecast");
    let score = uneven.score(Series::Arrivals, 1);
    assert!(score.error < score.last_week.error, "{score:?}");
    assert_eq!(score.n, 60 - 8, "every week from the eighth on, but the last, was asked about the next");
    assert_eq!(score.last_week.n, score.n);
    let year = score.last_year.expect("eight weeks have the same week a year before");
    assert_eq!((year.n, year.error), (8, 0), "which is what naive is good at here");
    assert!(!score.is_better(), "one naive forecast that is better is enough");
    // Where there is no year before, the model is held against the last week alone.
    let young = forecast(&spells, 45).expect("a forecast");
    assert!(
        young.score(Series::Arrivals, 1).last_year.is_none() && young.score(Series::Arrivals, 1).is_better()
    );
}

#[test]
fn what_has_no_time_is_never_overdue() {
    let spells: Vec<Spell> = (0..40).map(|week| spell(week, None, None, 2)).collect();
    let forecast = forecast(&spells, 39).expect("a forecast");
    assert_eq!(forecast.held.open, 80);
    let open: Vec<_> = forecast.steps.iter().map(|step| (step.open, step.overdue)).collect();
    assert_eq!(open, [(82_000, 0), (84_000, 0), (86_000, 0), (88_000, 0)]);
}

#[test]
fn a_known_deadline_is_seen_coming() {
    // Never anything late; then much that falls due in one week: it is what the shares of the past say of it, no more.
    let mut spells = steady(60, 4, 2, 3);
    spells.push(spell(59, None, Some(61), 40));
    let forecast = forecast(&spells, 59).expect("a forecast");
    let step = forecast.steps[1];
    assert_eq!((step.ahead, step.overdue), (44, 0), "forty, and four that came the week before");
    let said = forecast.explained(Work::Tasks, 2);
    assert!(
        said.iter().any(|[ar, en]| ar.contains("44") && en.contains("44 of what is open fall due")),
        "{said:?}"
    );
    assert_eq!(forecast.explained(Work::Cases, 2).len() + 1, said.len(), "no case falls due as a whole");
}

proptest! {
    #[test]
    fn a_constant_flow_is_predicted_exactly(n in 1_u64..20, lasts in 0_i64..9, allowed in 0_i64..9) {
        let weeks = i64::try_from(MEMORY + HORIZON).expect("weeks") + lasts + allowed + 2;
        let forecast = forecast(&steady(weeks, n, lasts, allowed), weeks - 1).expect("a forecast");
        let milli = i64::try_from(n).expect("few") * 1_000;
        for step in forecast.steps {
            prop_assert_eq!(step.arrivals, milli);
            prop_assert_eq!(step.completions, milli);
            prop_assert_eq!(step.open, milli * lasts);
            prop_assert_eq!(step.overdue, milli * (lasts - allowed).max(0));
        }
    }

    #[test]
    fn nothing_is_expected_below_nothing(spells in prop::collection::vec(any_spell(), 0..120), through in 30_i64..110) {
        let Some(forecast) = forecast(&spells, through) else { return Ok(()) };
        for ahead in 1..=HORIZON {
            for series in Series::ALL {
                let (expected, range) = forecast.expected(series, ahead);
                prop_assert!(expected >= 0, "{series:?} {expected}");
                prop_assert!(range.is_none_or(|(low, high)| low <= high));
                let score = forecast.score(series, ahead);
                prop_assert!(score.error >= score.bias.abs() && score.last_week.model == score.error);
                prop_assert!(score.within.0 <= score.within.1);
            }
            let step = forecast.steps[ahead - 1];
            prop_assert!(step.overdue <= step.open);
        }
    }

    #[test]
    fn it_does_not_depend_on_when_nor_in_which_order_it_is_counted(
        spells in prop::collection::vec(any_spell(), 0..60), through in 30_i64..90, later in -3_000_i64..3_000,
    ) {
        let outlook = Outlook::of(&spells, Week(through));
        let moved: Vec<Spell> = spells
            .iter()
            .map(|s| spell(s.from.0 + later, s.to.map(|w| w.0 + later), s.due.map(|w| w.0 + later), s.n))
            .collect();
        let moved = Outlook::of(&moved, Week(through + later));
        prop_assert_eq!(outlook.as_ref().map(|o| (&o.past, &o.forecast)), moved.as_ref().map(|o| (&o.past, &o.forecast)));
        let single = |s: &Spell| std::iter::repeat_n(spell(s.from.0, s.to.map(|w| w.0), s.due.map(|w| w.0), 1), usize::try_from(s.n).expect("few"));
        let mut parted: Vec<Spell> = spells.iter().flat_map(single).collect();
        parted.reverse();
        if spells.iter().all(|s| s.n > 0) {
            prop_assert_eq!(&outlook, &Outlook::of(&parted, Week(through)));
        }
        // What happens after the last week that is over is not known yet.
        let open: Vec<Spell> = spells.iter().map(|s| Spell { to: s.to.filter(|to| to.0 <= through), ..*s }).collect();
        prop_assert_eq!(&outlook, &Outlook::of(&open, Week(through)));
    }

    #[test]
    fn what_was_there_is_what_came_less_what_went(spells in prop::collection::vec(any_spell(), 1..60)) {
        let Some(outlook) = Outlook::of(&spells, Week(90)) else { return Ok(()) };
        let mut open = 0;
        for count in &outlook.past {
            open = open + count.arrivals - count.completions;
            prop_assert_eq!(count.open, open);
            prop_assert!(count.overdue <= count.open);
        }
        prop_assert_eq!(outlook.through(), Week(90));
    }
}
