//! What was, week by week, and what is to be expected: columns for what is known, columns of another pattern for what is expected,
//! each with the range it may lie in. Time runs from left to right in both languages, as in `trend.rs`.

use maud::{Markup, html};

use super::frame::{Cell, Chart, Drawn, Row, Table, fill};
use super::scale::{Length, Stretch, columns, ladder, percent};
use super::{Measure, Month};
use crate::View;
use crate::text::texts;

texts! {
    WEEK: "الأسبوع الذي يبدأ في", "Week beginning";
    WAS: "كان", "Was";
    EXPECTED: "المتوقع", "Expected";
    BETWEEN: "بين {least} و{most}", "between {least} and {most}";
    RANGE: "المدى", "Range";
    SAID_LAST: "في الأسبوع الذي بدأ في {week}: {figure}.", "In the week that began on {week}: {figure}.";
    SAID_NEXT: "والمتوقع في الأسبوع الذي يبدأ في {week}: {figure}.", "Expected for the week beginning on {week}: {figure}.";
    SAID_WITHIN: "والمتوقع في الأسبوع الذي يبدأ في {week}: {figure}، بين {least} و{most} في ثمانية من كل عشرة أخطاء سابقة.", "Expected for the week beginning on {week}: {figure}, between {least} and {most} by eight of ten past errors.";
}

/// Figures by week, the earliest first.
#[derive(Debug, Clone, Default)]
pub struct Weeks {
    /// Weeks that are over: when each began, Unix milliseconds, and its figure.
    pub past: Vec<(u64, u64)>,
    /// The weeks after them.
    pub ahead: Vec<Ahead>,
}

/// What is expected of a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ahead {
    /// When it begins, Unix milliseconds.
    pub begins: u64,
    /// The figure that is expected.
    pub expected: u64,
    /// Between which figures it may lie, the lesser first.
    pub range: Option<(u64, u64)>,
}

/// Pixels.
const TOP: f64 = 20.0;
const TALL: f64 = 150.0;
const FOOT: f64 = 40.0;
const GROUND: f64 = TOP + TALL;
/// The patterns of what was and of what is expected.
const PAST: usize = 1;
const NEXT: usize = 2;
/// Weeks that are named below the columns.
const NAMED: usize = 4;

/// What is drawn of a week.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Column {
    place: Stretch,
    /// Pixels above the ground.
    tall: f64,
    pattern: usize,
    /// Pixels above the ground from which to which the range goes.
    range: Option<(f64, f64)>,
}

impl Weeks {
    /// The chart.
    pub fn draw(&self, chart: &Chart<'_>) -> Markup {
        let view = chart.view;
        let legend = [(PAST, WAS), (NEXT, EXPECTED)];
        let weeks = if self.ahead.is_empty() { 1 } else { 2 };
        chart.around(&Drawn {
            said: self.said(view),
            plot: (!self.past.is_empty()).then(|| self.plot(view)),
            legend: legend
                .into_iter()
                .take(weeks)
                .map(|(pattern, text)| (pattern, view.t(text).to_owned()))
                .collect(),
            hidden: false,
            table: self.table(view),
        })
    }

    fn most(&self) -> u64 {
        let ahead =
            self.ahead.iter().map(|ahead| ahead.range.map_or(0, |(_, most)| most).max(ahead.expected));
        self.past.iter().map(|(_, figure)| *figure).chain(ahead).max().unwrap_or(0)
    }

    fn steps(&self) -> Vec<u64> {
        ladder(Measure::Number, self.most())
    }

    fn layout(&self) -> Vec<Column> {
        let top = self.steps().last().copied().unwrap_or(1);
        let tall = |figure: u64| percent(figure, top) / 100.0 * TALL;
        let past = self.past.iter().map(|(_, figure)| (tall(*figure), PAST, None));
        let ahead = self.ahead.iter().map(|ahead| {
            let range = ahead.range.map(|(least, most)| (tall(least), tall(most)));
            (tall(ahead.expected), NEXT, range)
        });
        let places = columns(self.past.len() + self.ahead.len());
        let column = |(place, (tall, pattern, range))| Column { place, tall, pattern, range };
        places.into_iter().zip(past.chain(ahead)).map(column).collect()
    }

    fn plot(&self, view: &View) -> Markup {
        let (columns, steps) = (self.layout(), self.steps());
        let top = steps.last().copied().unwrap_or(1);
        let steps: Vec<_> =
            steps.iter().map(|step| (*step, GROUND - percent(*step, top) / 100.0 * TALL)).collect();
        let up = |tall: f64| Length::Pixels(GROUND - tall);
        html! {
            svg.plot.plot--ltr width="100%" height=(Length::Pixels(GROUND + FOOT)) aria-hidden="true" {
                @for (_, y) in &steps { line.grid x1="0" x2="100%" y1=(Length::Pixels(*y)) y2=(Length::Pixels(*y)) {} }
                @for column in &columns {
                    rect x=(Length::Percent(column.place.at)) width=(column.place.width()) y=(up(column.tall)) height=(Length::Pixels(column.tall)) fill=(fill(column.pattern)) {}
                    @if let Some((least, most)) = column.range {
                        @let middle = Length::Percent(column.place.middle());
                        line.range x1=(middle) x2=(middle) y1=(up(least)) y2=(up(most)) {}
                        @for end in [least, most] {
                            line.range x1=(Length::Percent(column.place.at)) x2=(Length::Percent(column.place.at + column.place.wide)) y1=(up(end)) y2=(up(end)) {}
                        }
                    }
                }
                rect.axis x="0" width="100%" y=(Length::Pixels(GROUND)) height="1" {}
                @for (step, y) in &steps {
                    text.quiet x="0" y=(Length::Pixels(y - 4.0)) { (view.number(*step)) }
                }
                (self.names(view, &columns))
            }
        }
    }

    /// The first days of a few weeks, none of them at the edge, where there is no room for half of one.
    fn names(&self, view: &View, columns: &[Column]) -> Markup {
        let begun =
            self.past.iter().map(|(begins, _)| *begins).chain(self.ahead.iter().map(|ahead| ahead.begins));
        let step = columns.len().div_ceil(NAMED).max(1);
        let named = columns.iter().zip(begun).skip(step / 2).step_by(step);
        html! {
            @for (column, begins) in named {
                @let x = Length::Percent(column.place.middle());
                @let Month { month, .. } = view.month_of(begins);
                text.middle.quiet x=(x) y=(Length::Pixels(GROUND + 16.0)) { (view.day(begins)) }
                text.middle.quiet x=(x) y=(Length::Pixels(GROUND + 34.0)) { (view.month_brief(month)) }
            }
        }
    }

    fn said(&self, view: &View) -> Markup {
        let day = |begins: u64| view.date(begins);
        let was = self.past.last().map(|(begins, figure)| {
            SAID_LAST.fill(view.lang, &[("week", &day(*begins)), ("figure", &view.number(*figure))])
        });
        let next = self.ahead.first().into_iter().chain(self.ahead.last().filter(|_| self.ahead.len() > 1));
        let next = next.map(|ahead| {
            let (week, figure) = (day(ahead.begins), view.number(ahead.expected));
            match ahead.range {
                None => SAID_NEXT.fill(view.lang, &[("week", &week), ("figure", &figure)]),
                Some((least, most)) => SAID_WITHIN.fill(
                    view.lang,
                    &[
                        ("week", &week),
                        ("figure", &figure),
                        ("least", &view.number(least)),
                        ("most", &view.number(most)),
                    ],
                ),
            }
        });
        html! { @for (n, one) in was.into_iter().chain(next).enumerate() { @if n > 0 { " " } (one) } }
    }

    fn table(&self, view: &View) -> Table {
        let head = [WEEK, WAS, EXPECTED, RANGE].map(|text| html! { (view.t(text)) }).to_vec();
        let row = |begins: u64, cells: [String; 3]| Row {
            name: html! { (view.date(begins)) },
            href: None,
            cells: cells.into_iter().map(Cell::from).collect(),
        };
        let nothing = String::new;
        let past = self
            .past
            .iter()
            .map(|(begins, figure)| row(*begins, [view.number(*figure), nothing(), nothing()]));
        let ahead = self.ahead.iter().map(|ahead| {
            let range = ahead.range.map_or_else(nothing, |(least, most)| {
                view.t(BETWEEN).replace("{least}", &view.number(least)).replace("{most}", &view.number(most))
            });
            row(ahead.begins, [nothing(), view.number(ahead.expected), range])
        });
        Table { head, rows: past.chain(ahead).collect() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Lang;

    const WEEK: u64 = 7 * 86_400_000;
    /// 2026-11-22 at midnight in Muscat.
    const SUNDAY: u64 = 1_795_291_200_000;

    fn weeks(past: &[u64], ahead: &[(u64, u64, u64)]) -> Weeks {
        let begins = |n: usize| SUNDAY + n as u64 * WEEK;
        let next = |(n, (least, expected, most)): (usize, &(u64, u64, u64))| Ahead {
            begins: begins(past.len() + n),
            expected: *expected,
            range: Some((*least.min(most), *least.max(most))),
        };
        Weeks {
            past: past.iter().enumerate().map(|(n, figure)| (begins(n), *figure)).collect(),
            ahead: ahead.iter().enumerate().map(next).collect(),
        }
    }

    #[test]
    fn words_tell_the_last_week_and_the_first_and_last_that_are_expected() {
        let view = View { lang: Lang::En, ..View::default() };
        let said = weeks(&[4, 9], &[(5, 8, 12), (4, 7, 13)]).said(&view).into_string();
        assert_eq!(
            said,
            "In the week that began on November 29, 2026: 9. Expected for the week beginning on December 6, 2026: 8, between 5 and 12 by \
             eight of ten past errors. Expected for the week beginning on December 13, 2026: 7, between 4 and 13 by eight of ten past errors."
                .replace("November 29, 2026", &view.date(SUNDAY + WEEK))
                .replace("December 6, 2026", &view.date(SUNDAY + 2 * WEEK))
                .replace("December 13, 2026", &view.date(SUNDAY + 3 * WEEK))
        );
        let past = weeks(&[4], &[]).said(&view).into_string();
        assert_eq!(past, format!("In the week that began on {}: 4.", view.date(SUNDAY)));
    }

    proptest! {
        #[test]
        fn columns_and_ranges_stay_inside(
            past in prop::collection::vec(0_u64..1_000_000_000, 0..40),
            ahead in prop::collection::vec((0_u64..1_000_000, 0_u64..1_000_000, 0_u64..1_000_000), 0..5),
        ) {
            let all = weeks(&past, &ahead).layout();
            prop_assert_eq!(all.len(), past.len() + ahead.len());
            for column in all {
                let inside = |tall: f64| (0.0..=TALL).contains(&tall);
                prop_assert!(inside(column.tall) && column.range.is_none_or(|(a, b)| inside(a) && inside(b)), "{column:?}");
                prop_assert!(column.place.at >= 0.0 && column.place.at + column.place.wide <= 100.0);
            }
        }
    }
}
