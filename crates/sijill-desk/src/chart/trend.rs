//! What became of it, month by month: columns for one series, lines for several.
//!
//! Time runs from left to right in both languages. Numbers are written from left to right in Arabic as well, and a
//! committee has the Arabic and the English print side by side: the same curve must not rise in one and fall in the
//! other.

use maud::{Markup, html};

use super::frame::{Cell, Chart, Drawn, HATCH, Row, SERIES, Table, fill, pattern};
use super::scale::{Length, Stretch, columns, ladder, percent};
use super::{Measure, Value};
use crate::View;
use crate::text::texts;

texts! {
    MONTH: "الشهر", "Month";
    FROM_TO: "من {first} إلى {last}.", "{first} to {last}.";
    RANGE: "{name}: بين {least} ({when_least}) و{most} ({when_most})، وآخرها {latest}.", "{name}: between {least} ({when_least}) and {most} ({when_most}); last {latest}.";
    STEADY: "{name}: {most} في كل شهر.", "{name}: {most} in every month.";
    SOME_HIDDEN: "{name}: بعض الأرقام غير منشور.", "{name}: some figures are not published.";
}

/// A month of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// The year.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
}

/// A series.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it is called.
    pub name: String,
    /// A figure for each month.
    pub values: Vec<Value>,
    /// Where the events behind each are listed.
    pub hrefs: Vec<Option<String>>,
}

/// Figures by month, the earliest first; at most six series.
#[derive(Debug, Clone)]
pub struct Trend {
    /// What the figures measure.
    pub measure: Measure,
    /// The months, without gaps.
    pub months: Vec<Month>,
    /// The series.
    pub lines: Vec<Line>,
}

/// Pixels.
const TOP: f64 = 20.0;
const TALL: f64 = 150.0;
const FOOT: f64 = 40.0;
const GROUND: f64 = TOP + TALL;
/// The mark of what is hidden.
const HIDDEN: f64 = 12.0;

/// What is drawn for a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    column: Stretch,
    /// Pixels above the ground, if it is known.
    tall: Option<f64>,
    hidden: bool,
}

impl Trend {
    /// The chart.
    pub fn draw(&self, chart: &Chart<'_>) -> Markup {
        let (view, several) = (chart.view, self.lines.len() > 1);
        let named = |(n, line): (usize, &Line)| (pattern(n), line.name.clone());
        chart.around(&Drawn {
            said: self.said(view),
            plot: (!self.months.is_empty() && !self.lines.is_empty()).then(|| self.plot(view)),
            legend: if several {
                self.lines.iter().take(SERIES).enumerate().map(named).collect()
            } else {
                Vec::new()
            },
            hidden: self.lines.iter().flat_map(|line| &line.values).any(|value| value.is_hidden()),
            table: self.table(view),
        })
    }

    fn most(&self) -> u64 {
        self.lines.iter().flat_map(|line| &line.values).filter_map(|value| value.known()).max().unwrap_or(0)
    }

    fn layout(&self) -> Vec<Vec<Point>> {
        let top = ladder(self.measure, self.most()).last().copied().unwrap_or(1);
        let point = |(column, value): (Stretch, &Value)| {
            let tall = value.known().map(|figure| percent(figure, top) / 100.0 * TALL);
            Point { column, tall, hidden: value.is_hidden() }
        };
        let line =
            |line: &Line| columns(self.months.len()).into_iter().zip(&line.values).map(point).collect();
        self.lines.iter().take(SERIES).map(line).collect()
    }

    fn plot(&self, view: &View) -> Markup {
        let (lines, steps) = (self.layout(), ladder(self.measure, self.most()));
        let top = steps.last().copied().unwrap_or(1);
        let steps: Vec<_> =
            steps.iter().map(|step| (*step, GROUND - percent(*step, top) / 100.0 * TALL)).collect();
        html! {
            svg.plot.plot--ltr width="100%" height=(Length::Pixels(GROUND + FOOT)) aria-hidden="true" {
                @for (_, y) in &steps { line.grid x1="0" x2="100%" y1=(Length::Pixels(*y)) y2=(Length::Pixels(*y)) {} }
                @match lines.as_slice() {
                    [one] => (self.bars(view, one)),
                    several => { @for (n, points) in several.iter().enumerate() { (strokes(n, points)) } }
                }
                rect.axis x="0" width="100%" y=(Length::Pixels(GROUND)) height="1" {}
                // Over the columns, so that they can be read.
                @for (step, y) in &steps {
                    text.quiet x="0" y=(Length::Pixels(y - 4.0)) { (self.measure.brief(view, *step)) }
                }
                (self.months(view))
            }
        }
    }

    fn bars(&self, view: &View, points: &[Point]) -> Markup {
        // Beyond a year there is no room for a figure over each.
        let written = self.measure == Measure::Number && points.len() <= 12;
        let figures = self.lines.iter().flat_map(|line| &line.values);
        html! {
            @for (point, value) in points.iter().zip(figures).filter(|(point, _)| point.tall.is_some() || point.hidden) {
                @let tall = point.tall.unwrap_or(HIDDEN);
                @let fill = fill(if point.tall.is_some() { 1 } else { HATCH });
                rect x=(Length::Percent(point.column.at)) width=(point.column.width()) y=(Length::Pixels(GROUND - tall)) height=(Length::Pixels(tall)) fill=(fill) {}
                @if let Some(figure) = value.known().filter(|_| written) {
                    text.middle x=(Length::Percent(point.column.middle())) y=(Length::Pixels(GROUND - tall - 4.0)) { (view.number(figure)) }
                }
            }
        }
    }

    /// The names of at most six months, and the year below the first and below each January.
    fn months(&self, view: &View) -> Markup {
        let step = [1, 2, 3, 4, 6, 12]
            .into_iter()
            .find(|step| self.months.len().div_ceil(*step) <= 6)
            .unwrap_or(self.months.len());
        let named: Vec<_> =
            columns(self.months.len()).into_iter().zip(&self.months).step_by(step.max(1)).collect();
        html! {
            @for (n, (column, month)) in named.iter().enumerate() {
                @let x = Length::Percent(column.middle());
                text.middle.quiet x=(x) y=(Length::Pixels(GROUND + 16.0)) { (view.month_brief(month.month)) }
                @if n == 0 || named[n - 1].1.year != month.year {
                    text.middle.quiet x=(x) y=(Length::Pixels(GROUND + 34.0)) { (view.figures(&month.year.to_string())) }
                }
            }
        }
    }

    fn said(&self, view: &View) -> Markup {
        let name = |month: &Month| view.month(month.year, month.month);
        let Some((first, last)) = self.months.first().zip(self.months.last()) else { return html! {} };
        html! {
            (FROM_TO.fill(view.lang, &[("first", &name(first)), ("last", &name(last))]))
            @for line in self.lines.iter().take(SERIES) { " " (self.said_of(view, line)) }
        }
    }

    /// The extremes and the last of a series, if all of it is known.
    fn said_of(&self, view: &View, line: &Line) -> Markup {
        if line.values.iter().any(|value| value.is_hidden()) {
            return SOME_HIDDEN.fill(view.lang, &[("name", &line.name)]);
        }
        let known = self.months.iter().zip(&line.values);
        let known: Vec<_> = known.filter_map(|(month, value)| Some((month, value.known()?))).collect();
        let say = |figure: u64| self.measure.say(view, figure);
        let least = known.iter().min_by_key(|(_, figure)| *figure);
        let most = known.iter().rev().max_by_key(|(_, figure)| *figure);
        let (Some((when_least, least)), Some((when_most, most)), Some((_, latest))) =
            (least, most, known.last())
        else {
            return html! {};
        };
        if least == most {
            return STEADY.fill(view.lang, &[("name", &line.name), ("most", &say(*most))]);
        }
        let when = |month: &Month| view.month(month.year, month.month);
        RANGE.fill(
            view.lang,
            &[
                ("name", &line.name),
                ("least", &say(*least)),
                ("when_least", &when(when_least)),
                ("most", &say(*most)),
                ("when_most", &when(when_most)),
                ("latest", &say(*latest)),
            ],
        )
    }

    fn table(&self, view: &View) -> Table {
        let names = self.lines.iter().map(|line| html! { (line.name) });
        let head = [html! { (view.t(MONTH)) }].into_iter().chain(names);
        let cell = |line: &Line, n: usize| {
            let said = line.values.get(n)?.say(view, self.measure);
            Some(Cell(said, line.hrefs.get(n).cloned().flatten()))
        };
        let rows = self.months.iter().enumerate().map(|(n, month)| Row {
            name: html! { (view.month(month.year, month.month)) },
            href: None,
            cells: self.lines.iter().filter_map(|line| cell(line, n)).collect(),
        });
        Table { head: head.collect(), rows: rows.collect() }
    }
}

/// A line through what is known, interrupted where it is not, with a mark of its own shape at every month.
fn strokes(n: usize, points: &[Point]) -> Markup {
    let shape = [
        "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
        "M-4-4H4V4H-4Z",
        "M0-5L5 4H-5Z",
        "M0-5L5 0L0 5L-5 0Z",
        "M-5-4H5L0 5Z",
        "M-4-1H-1V-4H1V-1H4V1H1V4H-1V1H-4Z",
    ];
    let place =
        |point: &Point| Some((Length::Percent(point.column.middle()), Length::Pixels(GROUND - point.tall?)));
    html! {
        g class={ "stroke series--" (pattern(n)) } {
            @for pair in points.windows(2) {
                @if let (Some(from), Some(to)) = (place(&pair[0]), place(&pair[1])) {
                    line x1=(from.0) y1=(from.1) x2=(to.0) y2=(to.1) {}
                }
            }
            @for point in points {
                @if let Some((x, y)) = place(point) {
                    svg x=(x) y=(y) overflow="visible" width="1" height="1" { path d=(shape[n % shape.len()]) {} }
                } @else if point.hidden {
                    rect x=(Length::Percent(point.column.at)) width=(point.column.width()) y=(Length::Pixels(GROUND - HIDDEN)) height=(Length::Pixels(HIDDEN)) fill=(fill(HATCH)) {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Lang;
    use crate::chart::samples;

    fn months(n: u8) -> Vec<Month> {
        (0..n).map(|i| Month { year: 2025 + i32::from(i / 12), month: i % 12 + 1 }).collect()
    }

    #[test]
    fn time_runs_from_left_to_right_in_both_languages() {
        let trend = samples::trend(1);
        let plots = Lang::ALL.map(|lang| trend.plot(&View { lang, ..View::default() }).into_string());
        let places = plots.map(|plot| {
            plot.split("<rect x=\"")
                .skip(1)
                .map(|rect| rect.split('"').next().map(str::to_owned))
                .collect::<Vec<_>>()
        });
        assert_eq!(places[0], places[1]);
    }

    #[test]
    fn words_tell_the_extremes_and_the_last() {
        let values = [4, 9, 2, 7].map(Value::Known).to_vec();
        let mut trend = Trend {
            measure: Measure::Number,
            months: months(4),
            lines: vec![Line { name: "New".into(), values, hrefs: Vec::new() }],
        };
        let view = View { lang: Lang::En, ..View::default() };
        let said = trend.said(&view).into_string();
        assert_eq!(
            said,
            "January 2025 to April 2025. New: between 2 (March 2025) and 9 (February 2025); last 7."
        );
        trend.lines[0].values[1] = Value::Withheld;
        let said = trend.said(&view).into_string();
        assert_eq!(said, "January 2025 to April 2025. New: some figures are not published.");
    }

    #[test]
    fn a_line_is_interrupted_where_a_figure_is_hidden() {
        let stroke = |hidden: Option<usize>| {
            let mut trend = samples::trend(2);
            if let Some(n) = hidden {
                trend.lines[0].values[n] = Value::Withheld;
            }
            strokes(0, &trend.layout()[0]).into_string().matches("<line").count()
        };
        assert_eq!(stroke(None), stroke(Some(2)) + 2);
    }

    proptest! {
        #[test]
        fn points_stay_inside(lines in prop::collection::vec(prop::collection::vec(samples::any_value(), 40), 0..8), n in 0_u8..40) {
            let line = |values| Line { name: String::new(), values, hrefs: Vec::new() };
            let trend = Trend { measure: Measure::Number, months: months(n), lines: lines.into_iter().map(line).collect() };
            prop_assert!(trend.layout().len() <= SERIES);
            for point in trend.layout().concat() {
                prop_assert!(point.tall.is_none_or(|tall| (0.0..=TALL).contains(&tall)), "{point:?}");
                prop_assert!(point.column.at >= 0.0 && point.column.at + point.column.wide <= 100.0, "{point:?}");
            }
        }
    }
}
