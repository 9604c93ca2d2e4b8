//! A unit's past, week by week: what arrived, was done, lay open, was overdue; and what became of what stood at each week's end.

use super::HORIZON;
use super::week::Week;

/// Pieces of work of one unit that came, went and fell due in the same weeks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spell {
    /// In which week it came to the unit.
    pub from: Week,
    /// In which week it was done or left the unit; `None` while it is there.
    pub to: Option<Week>,
    /// In which week it falls due, as far as is known; `None` for what has no time.
    pub due: Option<Week>,
    /// How many.
    pub n: u64,
}

/// One week of a unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// What came.
    pub arrivals: u64,
    /// What was done, or left.
    pub completions: u64,
    /// What was there at the end.
    pub open: u64,
    /// What of that had fallen due before the end.
    pub overdue: u64,
}

/// What had become of work at the end of a week, seen from *h* weeks before.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Since {
    /// Open then, and still.
    pub(super) stayed: u64,
    /// Came since.
    pub(super) came: u64,
    /// Came since, and is open.
    pub(super) young: u64,
    /// Overdue then, and still open.
    pub(super) late: u64,
    /// Open then, has fallen due since, and is still open.
    pub(super) missed: u64,
    /// Came since, and is overdue.
    pub(super) fresh: u64,
}

/// A unit's weeks, from the first in which anything came to the last that is over.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    pub(super) first: Week,
    pub(super) weeks: Vec<Count>,
    /// By week, seen from 1 to [`HORIZON`] weeks before.
    pub(super) since: Vec<[Since; HORIZON]>,
    /// By week: open at its end, and to fall due within 1 to [`HORIZON`] weeks.
    pub(super) ahead: Vec<[u64; HORIZON]>,
}

/// Weeks that are looked at: some forty years. What claims to be older is a mistake in what was imported.
const MOST: i64 = 2_100;

impl Flow {
    /// The weeks up to `through`; `None` if nothing had come by then.
    pub(super) fn of(spells: &[Spell], through: Week) -> Option<Self> {
        let oldest = through.after(1 - MOST);
        let came = spells.iter().map(|spell| spell.from.max(oldest)).filter(|from| *from <= through);
        let first = came.min()?;
        let length = usize::try_from(through.0 - first.0).ok()? + 1;
        let mut flow = Self {
            first,
            weeks: vec![Count::default(); length],
            since: vec![[Since::default(); HORIZON]; length],
            ahead: vec![[0; HORIZON]; length],
        };
        for spell in spells.iter().filter(|spell| spell.from <= through) {
            flow.add(spell);
        }
        for week in 0..length {
            for h in 0..HORIZON {
                let began = week.saturating_sub(h);
                flow.since[week][h].came = flow.weeks[began..=week].iter().map(|count| count.arrivals).sum();
            }
        }
        Some(flow)
    }

    fn add(&mut self, spell: &Spell) {
        let length = self.weeks.len();
        let place = |week: Week| usize::try_from(week.0.saturating_sub(self.first.0)).unwrap_or(0);
        let (from, n) = (place(spell.from), spell.n);
        // What was done before it came, as some archives have it, was done in the week it came.
        let to = spell.to.map_or(length, |to| place(to).max(from));
        let due = spell.due.map_or(usize::MAX, place);
        self.weeks[from].arrivals += n;
        if let Some(count) = self.weeks.get_mut(to) {
            count.completions += n;
        }
        for week in from..to.min(length) {
            self.weeks[week].open += n;
            self.weeks[week].overdue += if due <= week { n } else { 0 };
            for h in 1..=HORIZON {
                self.ahead[week][h - 1] += if due > week && due <= week + h { n } else { 0 };
                let since = &mut self.since[week][h - 1];
                if let Some(then) = week.checked_sub(h).filter(|then| from <= *then) {
                    since.stayed += n;
                    since.late += if due <= then { n } else { 0 };
                    since.missed += if due > then && due <= week { n } else { 0 };
                } else {
                    since.young += n;
                    since.fresh += if due <= week { n } else { 0 };
                }
            }
        }
    }

    /// The last week's place.
    pub(super) fn last(&self) -> usize {
        self.weeks.len() - 1
    }
}
