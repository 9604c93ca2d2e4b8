//! From figures to places.

use std::fmt;

use maud::Render;

use super::Measure;
use crate::Lang;

/// A figure as a length.
#[expect(clippy::cast_precision_loss, reason = "a length on paper: the figure itself is written beside it")]
pub(super) const fn real(figure: u64) -> f64 {
    figure as f64
}

/// How much of `whole` a part is, in percent; nothing of nothing.
pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * real(part) / real(whole) }
}

/// Percent of the width, or pixels, as an attribute of SVG's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Length {
    Percent(f64),
    Pixels(f64),
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(n) => write!(f, "{n:.2}%"),
            Self::Pixels(n) => write!(f, "{n:.1}"),
        }
    }
}

impl Render for Length {
    fn render_to(&self, to: &mut String) {
        to.push_str(&self.to_string());
    }
}

/// A stretch along a line of text: from where it begins, in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stretch {
    pub(super) at: f64,
    pub(super) wide: f64,
}

impl Stretch {
    /// `x` in a drawing that is read as the language is.
    pub(super) fn x(self, lang: Lang) -> Length {
        Length::Percent(if lang == Lang::Ar { (100.0 - self.at - self.wide).max(0.0) } else { self.at })
    }

    pub(super) fn width(self) -> Length {
        Length::Percent(self.wide)
    }

    pub(super) fn middle(self) -> f64 {
        self.at + self.wide / 2.0
    }
}

/// `n` columns beside each other over the whole width, with a gap of an eighth on either side of each.
pub(super) fn columns(n: usize) -> Vec<Stretch> {
    let each = 100.0 / real(n.max(1) as u64);
    (0..n as u64).map(|i| Stretch { at: (real(i) + 0.125) * each, wide: 0.75 * each }).collect()
}

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Steps that are round to people.
const TIMES: [u64; 12] = [
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    5 * DAY,
    10 * DAY,
];

/// The figures to draw lines at: round ones, at most four, the last no less than `most`.
pub(super) fn ladder(measure: Measure, most: u64) -> Vec<u64> {
    let reaches = |step: &u64| most.div_ceil(*step) <= 4;
    let tens = (0..20).map_while(|power| 10_u64.checked_pow(power));
    let round = tens.flat_map(|ten| [1, 2, 5].map(|times| ten.saturating_mul(times)));
    let step = match measure {
        Measure::Time => TIMES.into_iter().chain(round.map(|n| n.saturating_mul(10 * DAY))).find(reaches),
        Measure::Number | Measure::Share => round.into_iter().find(reaches),
    };
    let step = step.unwrap_or(u64::MAX);
    (1..=most.div_ceil(step).max(1)).map(|n| step.saturating_mul(n)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_are_round_to_people() {
        for (measure, most, lines) in [
            (Measure::Number, 0, vec![1]),
            (Measure::Number, 3, vec![1, 2, 3]),
            (Measure::Number, 47, vec![20, 40, 60]),
            (Measure::Number, 100_000, vec![50_000, 100_000]),
            (Measure::Share, 1000, vec![500, 1000]),
            (Measure::Time, 3 * HOUR, vec![HOUR, 2 * HOUR, 3 * HOUR]),
            (Measure::Time, 50 * DAY, vec![20 * DAY, 40 * DAY, 60 * DAY]),
        ] {
            assert_eq!(ladder(measure, most), lines, "{measure:?} {most}");
        }
    }

    #[test]
    fn what_begins_at_the_left_begins_at_the_right_in_arabic() {
        let stretch = Stretch { at: 10.0, wide: 25.0 };
        assert_eq!(stretch.x(Lang::En).to_string(), "10.00%");
        assert_eq!(stretch.x(Lang::Ar).to_string(), "65.00%");
    }

    proptest! {
        #[test]
        fn a_ladder_reaches_the_top_in_at_most_four_steps(most: u64, time: bool) {
            let lines = ladder(if time { Measure::Time } else { Measure::Number }, most);
            prop_assert!((1..=4).contains(&lines.len()), "{lines:?}");
            prop_assert!(lines.last() >= Some(&most) && lines.is_sorted());
        }

        #[test]
        fn columns_stand_apart_and_inside(n in 0_usize..200) {
            let all = columns(n);
            prop_assert_eq!(all.len(), n);
            for pair in all.windows(2) {
                prop_assert!(pair[0].at + pair[0].wide < pair[1].at);
            }
            prop_assert!(all.iter().all(|c| c.at >= 0.0 && c.wide > 0.0 && c.at + c.wide <= 100.0));
        }
    }
}
