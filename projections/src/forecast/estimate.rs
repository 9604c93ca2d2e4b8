//! The model: from a unit's weeks up to one of them to the weeks after it. Whole numbers and thousandths of them; no floats, so
//! that it says the same everywhere.

use super::HORIZON;
use super::flow::{Count, Flow, Since};

/// Weeks that shares are taken over.
pub const MEMORY: usize = 26;

/// Over how many weeks arrivals may be averaged; which of these it is, their errors so far decide.
pub const MEANS: [usize; 4] = [4, 8, 13, 26];

/// So many of so many, over the last [`MEMORY`] weeks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// How many.
    pub part: u64,
    /// Of how many.
    pub whole: u64,
}

/// What arrives in a week: the mean of the last `weeks`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Level {
    /// How many weeks it is the mean of.
    pub weeks: usize,
    /// The mean, in thousandths.
    pub milli: i64,
}

/// What is expected some weeks after a week, in thousandths, and what it follows from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// Arrivals in that week.
    pub arrivals: i64,
    /// Completions in that week.
    pub completions: i64,
    /// Open at its end.
    pub open: i64,
    /// Overdue at its end.
    pub overdue: i64,
    /// How much is open now and falls due until then.
    pub ahead: u64,
    /// Of what is open: still open then.
    pub stayed: Share,
    /// Of what comes until then: open then.
    pub young: Share,
    /// Of what is overdue: still open then.
    pub late: Share,
    /// Of what is open and falls due until then: still open then.
    pub missed: Share,
    /// Of what comes until then: overdue then.
    pub fresh: Share,
}

/// The means of each number of weeks in [`MEANS`] at each week, and by how much each had erred by then.
#[derive(Debug)]
pub(super) struct Levels {
    means: Vec<[i64; MEANS.len()]>,
    erred: Vec<[i64; MEANS.len()]>,
}

impl Levels {
    pub(super) fn of(weeks: &[Count]) -> Self {
        let mean = |week: usize, of: usize| {
            let own = &weeks[(week + 1).saturating_sub(of)..=week];
            let sum: u64 = own.iter().map(|count| count.arrivals).sum();
            of_milli(milli(sum), Share { part: 1, whole: own.len() as u64 })
        };
        let means: Vec<_> = (0..weeks.len()).map(|week| MEANS.map(|of| mean(week, of))).collect();
        let mut erred = vec![[0_i64; MEANS.len()]; weeks.len()];
        for week in 1..weeks.len() {
            for n in 0..MEANS.len() {
                let error = means[week - 1][n] - milli(weeks[week].arrivals);
                erred[week][n] = erred[week - 1][n].saturating_add(error.abs());
            }
        }
        Self { means, erred }
    }

    /// The level at the end of a week: of the mean that had erred least; of equals the longest, which moves least.
    pub(super) fn at(&self, week: usize) -> Level {
        let least = (0..MEANS.len()).rev().min_by_key(|n| self.erred[week][*n]).unwrap_or_default();
        Level { weeks: MEANS[least], milli: self.means[week][least] }
    }
}

/// What is expected of the weeks after `now`, by nothing that was known later but what was varied since.
pub(super) fn steps(flow: &Flow, level: Level, now: usize) -> [Step; HORIZON] {
    let mut steps = [Step::default(); HORIZON];
    let held = flow.weeks[now];
    let mut before = milli(held.open);
    for h in 1..=HORIZON {
        let share = |part: fn(&Since) -> u64, whole: &dyn Fn(usize) -> u64| {
            let first = (now + 1).saturating_sub(MEMORY).max(h);
            let sum = |share: Share, week: usize| Share {
                part: share.part + part(&flow.since[week][h - 1]),
                whole: share.whole + whole(week),
            };
            (first..=now).fold(Share::default(), sum)
        };
        let came = |week: usize| flow.since[week][h - 1].came;
        let stayed = share(|since| since.stayed, &|week| flow.weeks[week - h].open);
        let young = share(|since| since.young, &came);
        let late = share(|since| since.late, &|week| flow.weeks[week - h].overdue);
        let missed = share(|since| since.missed, &|week| flow.ahead[week - h][h - 1]);
        let fresh = share(|since| since.fresh, &came);
        let coming = level.milli.saturating_mul(i64::try_from(h).unwrap_or(i64::MAX));
        let ahead = flow.ahead[now][h - 1];
        let open = stayed.of(held.open, 1) + young.milli_of(coming, 0);
        let overdue = late.of(held.overdue, 1) + missed.of(ahead, 1) + fresh.milli_of(coming, 0);
        let completions = (before + level.milli - open).max(0);
        let overdue = overdue.min(open);
        steps[h - 1] = Step {
            arrivals: level.milli,
            completions,
            open,
            overdue,
            ahead,
            stayed,
            young,
            late,
            missed,
            fresh,
        };
        before = open;
    }
    steps
}

impl Share {
    /// This share of so many, in thousandths. Where nothing was ever seen, `unseen` of 1 is it.
    fn of(self, many: u64, unseen: u64) -> i64 {
        self.milli_of(milli(many), unseen)
    }

    fn milli_of(self, many: i64, unseen: u64) -> i64 {
        of_milli(many, if self.whole == 0 { Share { part: unseen, whole: 1 } } else { self })
    }

    /// In hundredths, rounded; 0 of nothing.
    pub fn percent(self) -> u64 {
        u64::try_from(
            (u128::from(self.part) * 100 + u128::from(self.whole) / 2) / u128::from(self.whole.max(1)),
        )
        .unwrap_or(u64::MAX)
    }
}

/// In thousandths. What no database holds is as good as the most it can.
pub(super) fn milli(many: u64) -> i64 {
    i64::try_from(many).unwrap_or(i64::MAX).saturating_mul(1_000)
}

/// A share of a number of thousandths that is not negative, rounded half up.
pub(super) fn of_milli(many: i64, share: Share) -> i64 {
    let (many, part, whole) = (i128::from(many), i128::from(share.part), i128::from(share.whole.max(1)));
    i64::try_from((many * part * 2 + whole).div_euclid(whole * 2)).unwrap_or(i64::MAX)
}
