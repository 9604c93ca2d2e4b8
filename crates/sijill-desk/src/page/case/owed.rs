//! What is owed by when, as working time that is left.

use sijill_casework::case::{Case, Deadline, World};
use sijill_casework::{Address, Amount, Clock};

use crate::part::queue::{Due, Span};

/// Parts of a day in which the almanac counts days.
const DAY: u64 = 86_400_000;

/// How a running deadline stands now; `None` if it never falls due.
pub(crate) fn due(world: &World, deadline: &Deadline, now: u64) -> Option<Due> {
    let rule = deadline.rule();
    let timing = World::timing(rule.clock, deadline.hours());
    let almanac = world.almanac();
    if deadline.is_paused() {
        let left = almanac.remaining(timing, deadline.started, now, rule.within, &deadline.pauses);
        let left = match (rule.clock, rule.within) {
            (Clock::Wall, _) => Span::Wall(left),
            (Clock::Working, Amount::Time(_)) => Span::Working(left),
            (Clock::Working, Amount::Days(_)) => Span::Days(left / DAY),
        };
        return Some(Due::Paused { left });
    }
    let at = deadline.due?;
    if at <= now {
        return Some(Due::Over { by: now - at, at });
    }
    // The last quarter, by the wall: whoever looks now has that long to act.
    let soon = (at - now).saturating_mul(4) <= at.saturating_sub(deadline.started);
    let left = match rule.clock {
        Clock::Wall => Span::Wall(at - now),
        Clock::Working => {
            let days = almanac.elapsed_days(timing, now, at, &[]) / DAY;
            if matches!(rule.within, Amount::Days(_)) && days > 0 {
                Span::Days(days)
            } else {
                Span::Working(almanac.elapsed(timing, now, at, &[]))
            }
        }
    };
    Some(Due::Left { left, at, soon })
}

/// The running deadlines of a case, what is due first first; those that stand still last. Only those that this unit owes,
/// if one is named.
pub(crate) fn running<'a>(case: &'a Case, unit: Option<&Address>) -> Vec<&'a Deadline> {
    let mut running: Vec<&Deadline> = case
        .deadlines
        .iter()
        .filter(|deadline| deadline.runs() && unit.is_none_or(|unit| deadline.owes == *unit))
        .collect();
    running.sort_by_key(|deadline| (deadline.due.is_none(), deadline.due, deadline.index));
    running
}
