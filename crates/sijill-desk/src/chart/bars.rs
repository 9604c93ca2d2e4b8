//! Bars by category: one bar each, one of several parts, or several beside each other.

use maud::{Markup, html};

use super::frame::{Chart, Drawn, HATCH, Row, SERIES, Table, fill, pattern};
use super::scale::{Stretch, percent};
use super::{Measure, Value};
use crate::text::texts;
use crate::{Lang, Text, View};

texts! {
    MOST: "الأكثر: {name}، {figure}.", "Most: {name}, {figure}.";
    SAME: "{part}: {figure} في كل فئة، ومنها {name}.", "{part}: {figure} in every category, {name} among them.";
    LARGEST: "أعلى نسبة {part}: {name}، {figure}.", "Largest share of “{part}”: {name}, {figure}.";
    SMALLEST: "وأدناها: {name}، {figure}.", "Smallest: {name}, {figure}.";
    LEAST: "الأقل: {name}، {figure}.", "Least: {name}, {figure}.";
    ONLY: "{name}: {figure} فقط.", "Only {name}: {figure}.";
    ALIKE: "كلها سواء: {figure}، ومنها {name}.", "All alike: {figure}, {name} among them.";
    ALL_HIDDEN: "لا يُنشر أي من هذه الأرقام.", "None of these figures is published.";
    TOTAL: "المجموع", "Total";
    CATEGORY: "الفئة", "Category";
}

/// A category.
#[derive(Debug, Clone)]
pub struct Bar {
    /// What it is called.
    pub label: String,
    /// One figure for each series.
    pub values: Vec<Value>,
    /// Where the events behind it are listed.
    pub href: Option<String>,
}

/// Bars by category, in the order given.
#[derive(Debug, Clone)]
pub struct Bars {
    /// What the figures measure.
    pub measure: Measure,
    /// What the figures of a category are called, at most six; with one, its bars have no legend.
    pub series: Vec<String>,
    /// Whether they are parts of one whole, after each other in one bar.
    pub stacked: bool,
    /// Whether the share of the first part is what they are compared by, and not the whole.
    pub by_first: bool,
    /// The categories.
    pub bars: Vec<Bar>,
}

/// A piece of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Piece {
    pattern: usize,
    stretch: Stretch,
}

/// A line of a bar: its pieces, and what is written after it.
#[derive(Debug, Clone, PartialEq)]
struct Strip {
    pieces: Vec<Piece>,
    figure: Value,
}

impl Bars {
    /// The chart.
    pub fn draw(&self, chart: &Chart<'_>) -> Markup {
        let view = chart.view;
        let bars = self.layout();
        let plot = html! {
            @for (bar, strips) in self.bars.iter().zip(&bars) {
                div.bar-row {
                    div.bar-row__name { (bar.label) }
                    div { @for strip in strips { (self.strip(view, strip)) } }
                }
            }
        };
        let several = self.series.len() > 1;
        chart.around(&Drawn {
            said: self.said(view),
            plot: (!self.bars.is_empty()).then_some(plot),
            legend: if several {
                self.series
                    .iter()
                    .take(SERIES)
                    .enumerate()
                    .map(|(n, name)| (pattern(n), name.clone()))
                    .collect()
            } else {
                Vec::new()
            },
            hidden: self.bars.iter().flat_map(|bar| &bar.values).any(|value| value.is_hidden()),
            table: self.table(view),
        })
    }

    fn strip(&self, view: &View, strip: &Strip) -> Markup {
        html! {
            div.bar-row__strip {
                svg width="100%" height="16" aria-hidden="true" {
                    @for Piece { pattern, stretch } in &strip.pieces {
                        rect x=(stretch.x(view.lang)) width=(stretch.width()) height="16" fill=(fill(*pattern)) {}
                    }
                    // Zero has a place too.
                    rect.axis x=(Stretch { at: 0.0, wide: 0.0 }.x(view.lang)) width="1" height="16"
                        transform=[(view.lang == Lang::Ar).then_some("translate(-1 0)")] {}
                }
                span.bar-row__figure { (strip.figure.say(view, self.measure)) }
            }
        }
    }

    /// The longest strip takes the whole width.
    fn layout(&self) -> Vec<Vec<Strip>> {
        let values = |bar: &Bar| bar.values.iter().copied().take(SERIES).collect::<Vec<_>>();
        let known = self.bars.iter().flat_map(|bar| &bar.values).filter_map(|value| value.known());
        let largest = known.max().unwrap_or(0);
        let room = |value: &Value| value.room(largest);
        let total = |values: &[Value]| values.iter().map(room).fold(0, u64::saturating_add);
        let longest = self.bars.iter().map(|bar| {
            let values = values(bar);
            if self.stacked { total(&values) } else { values.iter().map(room).max().unwrap_or(0) }
        });
        let longest = longest.max().unwrap_or(0).max(if largest == 0 { Value::MARK } else { 0 });
        let strips = |bar: &Bar| {
            let values = values(bar);
            let pieces = values.iter().enumerate().map(|(n, value)| {
                let before = if self.stacked { total(&values[..n]) } else { 0 };
                let at = percent(before, longest).min(100.0);
                let wide = percent(room(value), longest).min(100.0 - at);
                let pattern = if value.is_hidden() { HATCH } else { pattern(n) };
                Piece { pattern, stretch: Stretch { at, wide } }
            });
            if self.stacked {
                vec![Strip { pieces: pieces.collect(), figure: Value::sum(bar.values.iter().copied()) }]
            } else {
                pieces
                    .zip(&values)
                    .map(|(piece, figure)| Strip { pieces: vec![piece], figure: *figure })
                    .collect()
            }
        };
        self.bars.iter().map(strips).collect()
    }

    /// Which category has most and least, of those whose figures are all known.
    fn said(&self, view: &View) -> Markup {
        if self.by_first {
            return self.shares(view);
        }
        let whole = |bar: &Bar| match bar.values.as_slice() {
            // Beside each other, they are no parts of anything: the first is spoken of.
            [first, ..] if !self.stacked => first.known(),
            parts => Value::sum(parts.iter().copied()).known(),
        };
        let known: Vec<_> = self.bars.iter().filter_map(|bar| Some((&bar.label, whole(bar)?))).collect();
        let say = |text: Text, (name, figure): (&String, u64)| {
            text.fill(view.lang, &[("name", name), ("figure", &self.measure.say(view, figure))])
        };
        // Of equals, the first.
        let most = known.iter().rev().max_by_key(|(_, figure)| *figure);
        let least = known.iter().min_by_key(|(_, figure)| *figure);
        html! {
            @match (most, least) {
                (Some(most), Some(least)) if most.1 > least.1 => { (say(MOST, *most)) " " (say(LEAST, *least)) }
                (Some(one), _) => (say(if known.len() == 1 { ONLY } else { ALIKE }, *one)),
                _ => (view.t(ALL_HIDDEN)),
            }
        }
    }

    /// Where the share of the first part is largest and smallest, of those whose figures are all known.
    fn shares(&self, view: &View) -> Markup {
        let share = |bar: &Bar| {
            let all = Value::sum(bar.values.iter().copied()).known().filter(|all| *all > 0)?;
            Some((bar.values.first()?.known()?, all))
        };
        let mut known: Vec<_> = self.bars.iter().filter_map(|bar| Some((&bar.label, share(bar)?))).collect();
        // a/b < c/d, without dividing.
        known.sort_by_key(|(label, _)| *label);
        known.sort_by(|(_, (a, b)), (_, (c, d))| {
            (u128::from(*a) * u128::from(*d)).cmp(&(u128::from(*c) * u128::from(*b)))
        });
        let part = self.series.first().map_or("", String::as_str);
        let say = |text: Text, (name, (first, all)): (&String, (u64, u64))| {
            text.fill(view.lang, &[("part", &part), ("name", name), ("figure", &view.share(first, all))])
        };
        html! {
            @match known.as_slice() {
                [one, .., other] if view.share(one.1.0, one.1.1) == view.share(other.1.0, other.1.1) => (say(SAME, *one)),
                [smallest, .., largest] => { (say(LARGEST, *largest)) " " (say(SMALLEST, *smallest)) }
                [only] => (say(LARGEST, *only)),
                [] => (view.t(ALL_HIDDEN)),
            }
        }
    }

    fn table(&self, view: &View) -> Table {
        let total = self.stacked && self.series.len() > 1;
        let named = |name: &String| html! { (name) };
        let head = [html! { (view.t(CATEGORY)) }].into_iter().chain(self.series.iter().map(named));
        let rows = self.bars.iter().map(|bar| {
            let sum = total.then(|| Value::sum(bar.values.iter().copied()));
            let cells =
                bar.values.iter().copied().chain(sum).map(|value| value.say(view, self.measure).into());
            Row { name: named(&bar.label), href: bar.href.clone(), cells: cells.collect() }
        });
        Table { head: head.chain(total.then(|| html! { (view.t(TOTAL)) })).collect(), rows: rows.collect() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chart::samples;

    fn english() -> View {
        View { lang: Lang::En, ..View::default() }
    }

    fn one(figures: &[Value]) -> Bars {
        let bar =
            |(n, value): (usize, &Value)| Bar { label: format!("b{n}"), values: vec![*value], href: None };
        let bars = figures.iter().enumerate().map(bar).collect();
        Bars { measure: Measure::Number, series: vec!["x".to_owned()], stacked: false, by_first: false, bars }
    }

    #[test]
    fn words_say_most_and_least_of_what_is_known() {
        use Value::{Fewer, Known, Withheld};
        for (figures, said) in [
            (&[Known(3), Known(9), Known(1)][..], "Most: b1, 9. Least: b2, 1."),
            (&[Known(3), Known(3)], "All alike: 3, b0 among them."),
            (&[Known(3)], "Only b0: 3."),
            (&[Known(3), Fewer(5), Known(7)], "Most: b2, 7. Least: b0, 3."),
            (&[Withheld, Fewer(5)], "None of these figures is published."),
        ] {
            assert_eq!(one(figures).said(&english()).into_string(), said, "{figures:?}");
        }
    }

    #[test]
    fn parts_are_compared_by_their_share_where_that_is_the_question() {
        let compared = Bars { by_first: true, ..samples::bars(&english(), true) };
        assert_eq!(
            compared.said(&english()).into_string(),
            "Largest share of “On time”: Ministry of Health, 100%. Smallest: Royal Oman Police, 75%.",
            "neither what is hidden nor nothing at all has a share"
        );
        let mut same = compared;
        same.bars.truncate(2);
        same.bars.iter_mut().for_each(|bar| bar.values = vec![Value::Known(0), Value::Known(7)]);
        let said = same.said(&english()).into_string();
        assert_eq!(said, "On time: 0% in every category, Ministry of Social Development among them.");
    }

    #[test]
    fn a_bar_says_its_figure_in_the_plot_and_in_the_table() {
        for stacked in [false, true] {
            let drawn =
                samples::bars(&english(), stacked).draw(&samples::chart(&english(), "x")).into_string();
            let (plot, table) = drawn.split_once("<table").expect("a table");
            assert!(plot.contains(if stacked { ">1,216<" } else { ">1,120<" }), "{plot}");
            assert!(
                table.contains("<td>1,120</td><td>96</td>") && table.contains("<td>fewer than 5</td>"),
                "{table}"
            );
            assert!(!drawn.contains(" style="));
        }
    }

    #[test]
    fn a_sum_with_a_hidden_part_is_not_shown() {
        let drawn = samples::bars(&english(), true).draw(&samples::chart(&english(), "x")).into_string();
        assert!(drawn.contains("<td>37</td><td>fewer than 5</td><td>not published</td>"), "{drawn}");
    }

    #[test]
    fn nothing_to_draw_is_said_and_the_definition_stays() {
        let drawn = one(&[]).draw(&samples::chart(&english(), "x")).into_string();
        assert!(drawn.contains("Nothing to count here") && drawn.contains("How this is counted"));
        assert!(!drawn.contains("role=\"img\"") && !drawn.contains("<table"));
    }

    proptest! {
        #[test]
        fn pieces_stay_inside_and_do_not_overlap(
            bars in prop::collection::vec(prop::collection::vec(samples::any_value(), 1..8), 0..30), stacked: bool,
        ) {
            let bar = |values| Bar { label: String::new(), values, href: None };
            let bars = Bars { measure: Measure::Number, series: Vec::new(), stacked, by_first: false, bars: bars.into_iter().map(bar).collect() };
            for strip in bars.layout().concat() {
                let mut end = 0.0;
                for Piece { pattern, stretch } in strip.pieces {
                    prop_assert!(stretch.at >= end - 1e-6 && stretch.wide >= 0.0 && stretch.at + stretch.wide <= 100.0 + 1e-6, "{stretch:?}");
                    prop_assert!(pattern <= SERIES);
                    end = stretch.at + stretch.wide;
                }
            }
        }
    }
}
