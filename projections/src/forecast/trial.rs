//! The back-test: the model is put at the end of each past week and asked about the weeks after it, which are known by now; and
//! so are the naive forecasts beside it.

use super::HORIZON;
use super::estimate::{Levels, Step, milli, steps};
use super::flow::{Count, Flow};

/// Weeks that have to be known before the model is asked for the first time.
pub const LEARNS: usize = 8;

/// Errors that there have to be before a range is made of them, or a judgement.
pub const LEAST: usize = 8;

/// Weeks of a year, after which the same season is there again.
const YEAR: usize = 52;

/// What is forecast of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Series {
    /// What comes in a week.
    Arrivals,
    /// What is done in a week.
    Completions,
    /// What is open at its end.
    Open,
    /// What is overdue at its end.
    Overdue,
}

impl Series {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Arrivals, Self::Completions, Self::Open, Self::Overdue];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arrivals => "arrivals",
            Self::Completions => "completions",
            Self::Open => "open",
            Self::Overdue => "overdue",
        }
    }

    /// What it was in a week.
    pub fn of(self, count: &Count) -> u64 {
        match self {
            Self::Arrivals => count.arrivals,
            Self::Completions => count.completions,
            Self::Open => count.open,
            Self::Overdue => count.overdue,
        }
    }

    /// What is expected, in thousandths.
    pub fn expected(self, step: &Step) -> i64 {
        match self {
            Self::Arrivals => step.arrivals,
            Self::Completions => step.completions,
            Self::Open => step.open,
            Self::Overdue => step.overdue,
        }
    }
}

/// How a naive forecast did where the model was tried too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Naive {
    /// How often both were asked.
    pub n: u64,
    /// Its mean absolute error, in thousandths.
    pub error: i64,
    /// The model's over the same weeks.
    pub model: i64,
}

/// How the model did so many weeks ahead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Score {
    /// How often it was asked.
    pub n: u64,
    /// Its mean absolute error, in thousandths.
    pub error: i64,
    /// Its mean error, in thousandths: above 0 it expects too much.
    pub bias: i64,
    /// "As in the last week that is known".
    pub last_week: Naive,
    /// "As in the same week a year before"; where there was one.
    pub last_year: Option<Naive>,
    /// How often what came lay in the range given then, of how often there was one.
    pub within: (u64, u64),
    /// By how much what came was below and above what was expected: the ends of the range, in thousandths.
    pub(super) range: Option<(i64, i64)>,
}

impl Score {
    /// Whether it erred less than each naive forecast.
    pub fn is_better(&self) -> bool {
        let beats = |naive: Naive| naive.model < naive.error;
        beats(self.last_week) && self.last_year.is_none_or(beats)
    }
}

/// How the model did, for each series and number of weeks ahead.
pub(super) fn scores(flow: &Flow, levels: &Levels) -> [[Score; HORIZON]; 4] {
    let last = flow.last();
    let asked: Vec<(usize, [Step; HORIZON])> =
        (LEARNS - 1..last).map(|now| (now, steps(flow, levels.at(now), now))).collect();
    Series::ALL.map(|series| {
        let mut scores = [Score::default(); HORIZON];
        for (h, score) in (1..).zip(&mut scores) {
            let tried: Vec<Try> = asked
                .iter()
                .filter(|(now, _)| now + h <= last)
                .map(|(now, steps)| Try::of(flow, series, *now, h, series.expected(&steps[h - 1])))
                .collect();
            *score = judged(&tried, h);
        }
        scores
    })
}

/// One question to the model and its answer, in thousandths.
struct Try {
    expected: i64,
    came: i64,
    last_week: i64,
    last_year: Option<i64>,
}

impl Try {
    fn of(flow: &Flow, series: Series, now: usize, h: usize, expected: i64) -> Self {
        let was = |week: usize| milli(series.of(&flow.weeks[week]));
        let last_year = (now + h).checked_sub(YEAR).map(was);
        Self { expected, came: was(now + h), last_week: was(now), last_year }
    }

    /// What came, beyond what was expected.
    fn error(&self) -> i64 {
        self.came - self.expected
    }
}

fn judged(tried: &[Try], h: usize) -> Score {
    let errors: Vec<i64> = tried.iter().map(Try::error).collect();
    let mut within = (0, 0);
    for (place, asked) in tried.iter().enumerate() {
        // What was asked h weeks before and earlier had been answered by then.
        if let Some((low, high)) = range(&errors[..(place + 1).saturating_sub(h)]) {
            let lies = (low..=high).contains(&asked.error());
            within = (within.0 + u64::from(lies), within.1 + 1);
        }
    }
    let naive = |said: &dyn Fn(&Try) -> Option<i64>| {
        let both: Vec<_> = tried.iter().filter_map(|asked| Some((asked, said(asked)?))).collect();
        Naive {
            n: both.len() as u64,
            error: mean(both.iter().map(|(asked, said)| (asked.came - said).abs())),
            model: mean(both.iter().map(|(asked, _)| asked.error().abs())),
        }
    };
    let last_year = naive(&|asked| asked.last_year);
    Score {
        n: tried.len() as u64,
        error: mean(errors.iter().map(|error| error.abs())),
        bias: mean(errors.iter().map(|error| -error)),
        last_week: naive(&|asked| Some(asked.last_week)),
        last_year: Some(last_year).filter(|naive| naive.n >= LEAST as u64),
        within,
        range: range(&errors),
    }
}

/// Where eight of ten of these errors lie: between the tenth from below and the tenth from above, counted as if one more had come
/// at either end. `None` of fewer than [`LEAST`].
fn range(errors: &[i64]) -> Option<(i64, i64)> {
    if errors.len() < LEAST {
        return None;
    }
    let mut sorted = errors.to_vec();
    sorted.sort_unstable();
    let tenth = ((sorted.len() + 1) / 10).max(1);
    Some((sorted[tenth - 1], sorted[sorted.len() - tenth]))
}

/// Rounded towards nothing.
fn mean(all: impl Iterator<Item = i64>) -> i64 {
    let (sum, n) = all.fold((0_i128, 0_i128), |(sum, n), one| (sum + i128::from(one), n + 1));
    i64::try_from(sum / n.max(1)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::flow::Spell;
    use super::super::{Outlook, Week};
    use super::*;

    fn any_spell() -> impl Strategy<Value = Spell> {
        (0_i64..60, prop::option::of(0_i64..20), prop::option::of(0_i64..12), 1_u64..9).prop_map(
            |(from, lasts, allowed, n)| Spell {
                from: Week(from),
                to: lasts.map(|lasts| Week(from + lasts)),
                due: allowed.map(|allowed| Week(from + allowed)),
                n,
            },
        )
    }

    proptest! {
        /// What the model is asked in the back-test is what it would have said then: it does not know how things went on.
        #[test]
        fn a_trial_knows_nothing_of_what_came_later(spells in prop::collection::vec(any_spell(), 1..60), now in 0_i64..60) {
            let flow = Flow::of(&spells, Week(70)).expect("some work");
            let now = usize::try_from(now).expect("a place").min(flow.last());
            let tried = steps(&flow, Levels::of(&flow.weeks).at(now), now);
            let then = Outlook::of(&spells, flow.first.after(i64::try_from(now).expect("a week"))).expect("some work");
            prop_assert_eq!(&then.past[..], &flow.weeks[..=now]);
            if let Some(forecast) = then.forecast {
                prop_assert_eq!(forecast.steps, tried);
            }
        }
    }

    #[test]
    fn a_range_leaves_out_a_tenth_at_either_end() {
        let errors: Vec<i64> = (1..=19).collect();
        assert_eq!(range(&errors), Some((2, 18)));
        assert_eq!(range(&errors[..9]), Some((1, 9)), "of few, all of them");
        assert_eq!(range(&errors[..LEAST - 1]), None, "of fewer, nothing is said");
    }
}
