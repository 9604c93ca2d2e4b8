//! One figure: known, or hidden so that nobody is recognised by it.

use crate::View;
use crate::text::texts;

texts! {
    FEWER: "أقل من {n}", "fewer than {n}";
    WITHHELD: "غير منشور", "not published";
    NOTHING: "لا شيء", "none";
}

/// A figure as a reader may know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// This.
    Known(u64),
    /// Hidden: fewer than this, and more than none.
    Fewer(u64),
    /// Hidden, because with it another hidden figure could be worked out. It may be large.
    Withheld,
    /// There is none: of nothing there is no share.
    Nothing,
}

/// What a figure measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Measure {
    /// Things, counted.
    #[default]
    Number,
    /// Parts of a thousand, said in percent.
    Share,
    /// Milliseconds, said in days, hours and minutes.
    Time,
}

impl Measure {
    /// A figure in words.
    pub fn say(self, view: &View, figure: u64) -> String {
        match self {
            Self::Number => view.number(figure),
            Self::Share => view.share(figure, 1000),
            Self::Time => view.span(figure),
        }
    }

    /// The same on an axis, where there is little room.
    pub(super) fn brief(self, view: &View, figure: u64) -> String {
        if self == Self::Time { view.brief(figure) } else { self.say(view, figure) }
    }
}

impl Value {
    /// In words.
    pub fn say(self, view: &View, measure: Measure) -> String {
        match self {
            Self::Known(figure) => measure.say(view, figure),
            Self::Fewer(than) => view.t(FEWER).replace("{n}", &measure.say(view, than)),
            Self::Withheld => view.t(WITHHELD).to_owned(),
            Self::Nothing => view.t(NOTHING).to_owned(),
        }
    }

    /// The figure, if it is known.
    pub const fn known(self) -> Option<u64> {
        match self {
            Self::Known(figure) => Some(figure),
            Self::Fewer(_) | Self::Withheld | Self::Nothing => None,
        }
    }

    /// Whether it is kept from the reader.
    pub const fn is_hidden(self) -> bool {
        matches!(self, Self::Fewer(_) | Self::Withheld)
    }

    /// Several together: hidden as soon as one of them is.
    pub fn sum(values: impl IntoIterator<Item = Self>) -> Self {
        values
            .into_iter()
            .try_fold(0_u64, |sum, value| value.known().map(|figure| sum.saturating_add(figure)))
            .map_or(Self::Withheld, Self::Known)
    }

    /// How much of the largest known figure a hidden one takes: one part in so many.
    pub(super) const MARK: u64 = 24;

    /// How much room it takes where the largest known figure is `largest`. All hidden ones take the same, so that how
    /// large they are cannot be seen.
    pub(super) fn room(self, largest: u64) -> u64 {
        match self {
            Self::Known(figure) => figure,
            Self::Nothing => 0,
            Self::Fewer(_) | Self::Withheld => (largest / Self::MARK).max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lang;

    #[test]
    fn a_hidden_figure_is_in_no_sum() {
        let known = [Value::Known(3), Value::Known(4)];
        assert_eq!(Value::sum(known), Value::Known(7));
        assert_eq!(Value::sum([]), Value::Known(0));
        for hidden in [Value::Fewer(5), Value::Withheld] {
            assert_eq!(Value::sum([known[0], hidden]), Value::Withheld);
            assert_eq!(hidden.known(), None);
        }
    }

    #[test]
    fn figures_are_said_in_either_language() {
        let [ar, en] = Lang::ALL.map(|lang| View { lang, ..View::default() });
        assert_eq!(Value::Fewer(5).say(&en, Measure::Number), "fewer than 5");
        assert_eq!(Value::Fewer(5).say(&ar, Measure::Number), "أقل من 5");
        assert_eq!(Value::Known(126 * 60_000).say(&ar, Measure::Time), "ساعتان و6 دقائق");
        assert_eq!(Value::Known(340).say(&en, Measure::Share), "34%");
        assert_eq!(Value::Withheld.say(&en, Measure::Number), "not published");
    }
}
