//! What a unit has to expect: arrivals, completions, what is open and what is overdue at the end of each of the next weeks.
//!
//! It follows from the unit's own past and from times that are known, by means and shares that anyone can count again
//! (`docs/planning.md`). Every forecast says how it erred in the past, beside forecasts that know nothing; of a past that is too
//! short to say so there is none.
//!
//! ```text
//! week.rs      Sunday to Saturday in Muscat         flow.rs    a unit's weeks, from its pieces of work
//! estimate.rs  the model                            trial.rs   the back-test, and the range that follows from it
//! explain.rs   what a forecast follows from, in words
//! reader.rs    the pieces of work, from the read models   latest.rs   forecasts, kept for a while
//! ```

mod estimate;
mod explain;
mod flow;
#[cfg(feature = "engine")]
mod latest;
#[cfg(feature = "engine")]
mod reader;
mod trial;
mod week;

pub use estimate::{Level, MEANS, MEMORY, Share, Step};
pub use explain::LIMITS;
pub use flow::{Count, Spell};
#[cfg(feature = "engine")]
pub use latest::Latest;
#[cfg(feature = "engine")]
pub use reader::{Forecasts, Reader, UnitForecast};
pub use trial::{LEARNS, LEAST, Naive, Score, Series};
pub use week::Week;

use estimate::{Levels, steps};
use flow::Flow;

/// The model's name and version. A change of what it says is a new version.
pub const MODEL: (&str, u32) = ("unit-flow", 1);

/// Weeks that are forecast. The first of them is the one that is not over yet.
pub const HORIZON: usize = 4;

/// Weeks of a past from which a forecast is made: as many as the back-test needs to judge it at every distance.
pub const HISTORY: usize = LEARNS + HORIZON + LEAST - 1;

/// What is forecast: which pieces of work are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// Open cases that the unit answers for.
    Cases,
    /// What the unit owes by a time: each clock of the policy, and an imported case as a whole.
    Tasks,
}

impl Work {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Cases, Self::Tasks];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cases => "cases",
            Self::Tasks => "tasks",
        }
    }

    /// What is forecast of it: no case falls due as a whole.
    pub fn series(self) -> &'static [Series] {
        match self {
            Self::Cases => &[Series::Arrivals, Series::Completions, Series::Open],
            Self::Tasks => &Series::ALL,
        }
    }
}

/// A unit's past, and what is to be expected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// Its first week.
    pub first: Week,
    /// Its weeks, up to the last that is over.
    pub past: Vec<Count>,
    /// The forecast; `None` if the past is shorter than [`HISTORY`].
    pub forecast: Option<Forecast>,
}

/// What is to be expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// What arrives in a week.
    pub level: Level,
    /// What was open and overdue when the last week was over.
    pub held: Count,
    /// The weeks to come.
    pub steps: [Step; HORIZON],
    /// How the model did in the past: by series as in [`Series::ALL`], then weeks ahead.
    pub scores: [[Score; HORIZON]; 4],
}

impl Outlook {
    /// What follows from a unit's work up to the end of the week `through`; `None` if it had none by then.
    pub fn of(spells: &[Spell], through: Week) -> Option<Self> {
        let flow = Flow::of(spells, through)?;
        let forecast = (flow.weeks.len() >= HISTORY).then(|| {
            let levels = Levels::of(&flow.weeks);
            let now = flow.last();
            let level = levels.at(now);
            Forecast {
                level,
                held: flow.weeks[now],
                steps: steps(&flow, level, now),
                scores: trial::scores(&flow, &levels),
            }
        });
        Some(Self { first: flow.first, past: flow.weeks, forecast })
    }

    /// Whether there was nothing to do for as long as the model remembers.
    pub fn is_idle(&self) -> bool {
        let latest = self.past.iter().rev().take(MEMORY);
        latest.fold(0, |sum, count| sum + count.arrivals + count.open) == 0
    }

    /// The last week that is over.
    pub fn through(&self) -> Week {
        self.first.after(i64::try_from(self.past.len()).unwrap_or(i64::MAX) - 1)
    }
}

impl Forecast {
    /// How the model did at a series, so many weeks ahead, from 1.
    pub fn score(&self, series: Series, ahead: usize) -> &Score {
        let of = Series::ALL.iter().position(|other| *other == series).unwrap_or_default();
        &self.scores[of][ahead.clamp(1, HORIZON) - 1]
    }

    /// What is expected so many weeks ahead, in thousandths, and between which whole numbers it lies in eight of ten cases.
    pub fn expected(&self, series: Series, ahead: usize) -> (i64, Option<(u64, u64)>) {
        let expected = series.expected(&self.steps[ahead.clamp(1, HORIZON) - 1]);
        let ends = self.score(series, ahead).range.map(|(low, high)| {
            let least = expected.saturating_add(low).max(0).div_euclid(1_000);
            let most = expected.saturating_add(high).max(0).saturating_add(999).div_euclid(1_000);
            (least.unsigned_abs(), most.unsigned_abs())
        });
        (expected, ends)
    }

    /// Whether the model erred less than each naive forecast at this series, at every distance.
    pub fn is_better(&self, series: Series) -> bool {
        (1..=HORIZON).all(|ahead| self.score(series, ahead).is_better())
    }
}
