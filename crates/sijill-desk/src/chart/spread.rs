//! A distribution: how many took how long, in ordered bands as columns, with the policy's limit where it lies among them.
//!
//! Short is on the left in both languages, as time is (see [`super::trend`]).

use maud::{Markup, html};

use super::frame::{Chart, Drawn, HATCH, Row, Table, fill};
use super::scale::{Length, Stretch, columns, percent, real};
use super::{Measure, Value};
use crate::text::texts;
use crate::{Text, View};

texts! {
    BAND: "المدة", "Time taken";
    COUNT: "العدد", "Count";
    BELOW: "أقل من {to}", "less than {to}";
    FROM_BELOW: "من {from} إلى أقل من {to}", "{from} to less than {to}";
    AT_LEAST: "من {from} فأكثر", "{from} or more";
    UP_TO: "حتى {to}", "up to {to}";
    BETWEEN: "أكثر من {from} وحتى {to}", "over {from}, up to {to}";
    OVER: "أكثر من {from}", "over {from}";
    ANY: "أي مدة", "any time";
    LIMIT: "الحد: {limit}", "Limit: {limit}";
    WITHIN: "ضمن الحد", "within the limit";
    ACROSS: "حول الحد", "around the limit";
    BEYOND: "بعد الحد", "beyond the limit";
    SHARE: "{share} ضمن الحد، وهو {limit} ({within} من {all}).", "{share} within {limit} ({within} of {all}).";
    KEPT: "{share} ضمن المهلة ({within} من {all}).", "{share} within the time allowed ({within} of {all}).";
    MIDDLE: "والوسيط: {band}.", "The middle one took: {band}.";
    MOST: "أكثرها في الفئة: {band} ({figure}).", "Most took: {band} ({figure}).";
    SOME_HIDDEN: "بعض الأرقام غير منشور.", "Some figures are not published.";
}

/// Those that took longer than the band before and no longer than this one.
#[derive(Debug, Clone)]
pub struct Band {
    /// Where it ends, which is in it of a share and not in it of a time; `None` for the last, which has no end.
    pub to: Option<u64>,
    /// How many.
    pub value: Value,
    /// Where the events behind it are listed.
    pub href: Option<String>,
}

/// A distribution over bands, shortest first.
#[derive(Debug, Clone)]
pub struct Spread {
    /// What the bands are of: times, or shares of the time allowed.
    pub measure: Measure,
    /// The bands.
    pub bands: Vec<Band>,
    /// What the policy asks for, as the bands are measured.
    pub limit: Option<u64>,
}

/// Pixels: above the columns there is room for their figures and the limit's name, below for the ends of the bands.
const TOP: f64 = 40.0;
const TALL: f64 = 140.0;
const FOOT: f64 = 24.0;

/// Where a band lies of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Within,
    Across,
    Beyond,
}

impl Side {
    const ALL: [Self; 3] = [Self::Within, Self::Across, Self::Beyond];

    const fn pattern(self) -> usize {
        match self {
            Self::Within => 1,
            Self::Beyond => 2,
            Self::Across => 6,
        }
    }

    const fn text(self) -> Text {
        match self {
            Self::Within => WITHIN,
            Self::Across => ACROSS,
            Self::Beyond => BEYOND,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Column {
    stretch: Stretch,
    /// Pixels.
    tall: f64,
    pattern: usize,
}

impl Spread {
    /// The chart.
    pub fn draw(&self, chart: &Chart<'_>) -> Markup {
        let view = chart.view;
        let sides = Side::ALL.into_iter().filter(|side| (0..self.bands.len()).any(|n| self.side(n) == *side));
        chart.around(&Drawn {
            said: self.said(view),
            plot: (!self.bands.is_empty()).then(|| self.plot(view)),
            legend: if self.limit.is_some() {
                sides.map(|side| (side.pattern(), view.t(side.text()).to_owned())).collect()
            } else {
                Vec::new()
            },
            hidden: self.bands.iter().any(|band| band.value.is_hidden()),
            table: self.table(view),
        })
    }

    fn plot(&self, view: &View) -> Markup {
        let (columns, ground) = (self.layout(), TOP + TALL);
        let each = 100.0 / real(self.bands.len() as u64);
        html! {
            svg.plot.plot--ltr width="100%" height=(Length::Pixels(ground + FOOT)) aria-hidden="true" {
                @for (column, band) in columns.iter().zip(&self.bands) {
                    @let Column { stretch, tall, pattern } = column;
                    rect x=(Length::Percent(stretch.at)) width=(stretch.width()) y=(Length::Pixels(ground - tall)) height=(Length::Pixels(*tall)) fill=(fill(*pattern)) {}
                    @if let Some(figure) = band.value.known() {
                        text.middle x=(Length::Percent(stretch.middle())) y=(Length::Pixels(ground - tall - 5.0)) { (view.number(figure)) }
                    }
                }
                rect.axis x="0" width="100%" y=(Length::Pixels(ground)) height="1" {}
                @for (n, to) in (1_u64..).zip(self.bands.iter().take(self.bands.len().saturating_sub(1)).map(|band| band.to)) {
                    @let x = Length::Percent(real(n) * each);
                    line.tick x1=(x) x2=(x) y1=(Length::Pixels(ground)) y2=(Length::Pixels(ground + 5.0)) {}
                    @if let Some(to) = to { text.middle.quiet x=(x) y=(Length::Pixels(ground + FOOT - 5.0)) { (self.measure.brief(view, to)) } }
                }
                @if let Some((at, limit)) = self.limit_at().zip(self.limit) {
                    @let x = Length::Percent(at);
                    line.limit x1=(x) x2=(x) y1="16" y2=(Length::Pixels(ground)) {}
                    text.strong.end[at > 50.0] x=(x) y="12" { (LIMIT.fill(view.lang, &[("limit", &self.measure.say(view, limit))])) }
                }
            }
        }
    }

    fn layout(&self) -> Vec<Column> {
        let most = self.bands.iter().filter_map(|band| band.value.known()).max().unwrap_or(0);
        let columns = columns(self.bands.len()).into_iter().zip(&self.bands).enumerate();
        columns
            .map(|(n, (stretch, band))| {
                let full = if most == 0 { Value::MARK } else { most };
                let tall = (percent(band.value.room(most), full) / 100.0 * TALL).min(TALL);
                let pattern = if band.value.is_hidden() { HATCH } else { self.side(n).pattern() };
                Column { stretch, tall, pattern }
            })
            .collect()
    }

    /// The end of the band before.
    fn from(&self, n: usize) -> u64 {
        n.checked_sub(1).and_then(|before| self.bands[before].to).unwrap_or(0)
    }

    fn side(&self, n: usize) -> Side {
        match (self.limit, self.bands[n].to) {
            (None, _) => Side::Within,
            (Some(limit), Some(to)) if to <= limit => Side::Within,
            (Some(limit), _) if self.from(n) >= limit => Side::Beyond,
            _ => Side::Across,
        }
    }

    /// Percent of the width: between two bands, or inside one as far as it reaches into it.
    fn limit_at(&self) -> Option<f64> {
        let limit = self.limit?;
        let n = self.bands.iter().position(|band| band.to.is_none_or(|to| limit <= to))?;
        let from = self.from(n);
        let inside = match self.bands[n].to {
            Some(to) if to > from => (real(limit.saturating_sub(from)) / real(to - from)).min(1.0),
            Some(_) => 0.0,
            None => {
                if limit > from {
                    0.5
                } else {
                    0.0
                }
            }
        };
        Some(100.0 * (real(n as u64) + inside) / real(self.bands.len() as u64))
    }

    fn name(&self, view: &View, n: usize) -> Markup {
        let say = |figure| {
            if self.measure == Measure::Time {
                view.span_after(figure)
            } else {
                self.measure.say(view, figure)
            }
        };
        let [first, between, last] = if self.measure == Measure::Time {
            [BELOW, FROM_BELOW, AT_LEAST]
        } else {
            [UP_TO, BETWEEN, OVER]
        };
        let from = say(self.from(n));
        match (n, self.bands[n].to.map(say)) {
            (0, Some(to)) => first.fill(view.lang, &[("to", &to)]),
            (0, None) => html! { (view.t(ANY)) },
            (_, Some(to)) => between.fill(view.lang, &[("from", &from), ("to", &to)]),
            (_, None) => last.fill(view.lang, &[("from", &from)]),
        }
    }

    /// The share within the limit and the middle one, if all is known; else only where most are.
    fn said(&self, view: &View) -> Markup {
        let Some(all) = Value::sum(self.bands.iter().map(|band| band.value)).known() else {
            return html! { (self.most(view)) " " (view.t(SOME_HIDDEN)) };
        };
        let counted = || self.bands.iter().enumerate().filter_map(|(n, band)| Some((n, band.value.known()?)));
        let within = self
            .limit
            .filter(|_| all > 0 && (0..self.bands.len()).all(|n| self.side(n) != Side::Across))
            .map(|limit| {
                let within: u64 =
                    counted().filter(|(n, _)| self.side(*n) == Side::Within).map(|(_, figure)| figure).sum();
                let text = if self.measure == Measure::Share { KEPT } else { SHARE };
                text.fill(
                    view.lang,
                    &[
                        ("share", &view.share(within, all)),
                        ("limit", &self.measure.say(view, limit)),
                        ("within", &view.number(within)),
                        ("all", &view.number(all)),
                    ],
                )
            });
        // The lower of two in the middle.
        let middle = counted()
            .scan(0, |sum, (n, figure)| {
                *sum += figure;
                Some((n, *sum))
            })
            .find(|(_, sum)| *sum >= all.div_ceil(2));
        html! {
            @if let Some(within) = within { (within) " " } @else { (self.most(view)) " " }
            @if let Some((n, _)) = middle.filter(|_| all > 0) { (MIDDLE.fill(view.lang, &[("band", &self.name(view, n))])) }
        }
    }

    fn most(&self, view: &View) -> Markup {
        let known = self.bands.iter().enumerate().filter_map(|(n, band)| Some((n, band.value.known()?)));
        let most = known.rev().max_by_key(|(_, figure)| *figure).filter(|(_, figure)| *figure > 0);
        html! {
            @if let Some((n, figure)) = most {
                (MOST.fill(view.lang, &[("band", &self.name(view, n)), ("figure", &view.number(figure))]))
            }
        }
    }

    fn table(&self, view: &View) -> Table {
        let rows = self.bands.iter().enumerate().map(|(n, band)| {
            let side = self.limit.map(|_| view.t(self.side(n).text()).to_owned());
            let cells = [band.value.say(view, Measure::Number)].into_iter().chain(side).map(Into::into);
            Row { name: self.name(view, n), href: band.href.clone(), cells: cells.collect() }
        });
        let limit =
            self.limit.map(|limit| LIMIT.fill(view.lang, &[("limit", &self.measure.say(view, limit))]));
        let head = [BAND, COUNT].map(|text| html! { (view.t(text)) }).into_iter().chain(limit);
        Table { head: head.collect(), rows: rows.collect() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Lang;
    use crate::chart::samples;

    fn spread(ends: &[u64], figures: &[u64], limit: Option<u64>) -> Spread {
        let ends = ends.iter().copied().map(Some).chain([None]);
        let band = |(to, figure): (_, &u64)| Band { to, value: Value::Known(*figure), href: None };
        Spread { measure: Measure::Time, bands: ends.zip(figures).map(band).collect(), limit }
    }

    fn said(spread: &Spread, lang: Lang) -> String {
        spread.said(&View { lang, ..View::default() }).into_string().trim().to_owned()
    }

    const HOUR: u64 = 3_600_000;

    #[test]
    fn the_limit_stands_where_the_bands_meet_or_inside_one() {
        let at = |limit| {
            format!("{:.0}", spread(&[HOUR, 3 * HOUR], &[1, 1, 1], Some(limit)).limit_at().expect("a limit"))
        };
        assert_eq!([at(HOUR), at(2 * HOUR), at(3 * HOUR), at(9 * HOUR)], ["33", "50", "67", "83"]);
        let sides = |limit| {
            let s = spread(&[HOUR, 3 * HOUR], &[1, 1, 1], Some(limit));
            [0, 1, 2].map(|n| s.side(n))
        };
        assert_eq!(sides(HOUR), [Side::Within, Side::Beyond, Side::Beyond]);
        assert_eq!(sides(2 * HOUR), [Side::Within, Side::Across, Side::Beyond]);
        assert_eq!(sides(9 * HOUR), [Side::Within, Side::Within, Side::Across]);
    }

    #[test]
    fn words_say_the_share_within_the_limit_and_the_middle() {
        let known = spread(&[HOUR, 3 * HOUR], &[6, 3, 1], Some(3 * HOUR));
        assert_eq!(
            said(&known, Lang::En),
            "90% within 3 hours (9 of 10). The middle one took: less than 1 hour."
        );
        assert_eq!(said(&known, Lang::Ar), "90% ضمن الحد، وهو 3 ساعات (9 من 10). والوسيط: أقل من ساعة.");
        let across = spread(&[HOUR, 3 * HOUR], &[1, 6, 1], Some(2 * HOUR));
        assert!(
            said(&across, Lang::En).starts_with("Most took: 1 hour to less than 3 hours (6)."),
            "{}",
            said(&across, Lang::En)
        );
    }

    #[test]
    fn no_share_is_said_where_a_figure_is_hidden() {
        let mut hidden = spread(&[HOUR, 3 * HOUR], &[6, 3, 1], Some(3 * HOUR));
        hidden.bands[2].value = Value::Fewer(5);
        let said = said(&hidden, Lang::En);
        assert_eq!(said, "Most took: less than 1 hour (6). Some figures are not published.");
        let drawn =
            hidden.draw(&samples::chart(&View { lang: Lang::En, ..View::default() }, "x")).into_string();
        assert!(drawn.contains("fewer than 5") && drawn.contains("series-0"));
        assert!(!drawn.contains("% within"), "{drawn}");
    }

    proptest! {
        #[test]
        fn columns_stay_inside(figures in prop::collection::vec(samples::any_value(), 0..30), limit in prop::option::of(0_u64..40)) {
            let bands = figures.iter().enumerate().map(|(n, value)| Band { to: (n + 1 < figures.len()).then_some(n as u64), value: *value, href: None });
            let spread = Spread { measure: Measure::Time, bands: bands.collect(), limit };
            for column in spread.layout() {
                prop_assert!((0.0..=TALL).contains(&column.tall), "{column:?}");
                prop_assert!(column.stretch.at >= 0.0 && column.stretch.at + column.stretch.wide <= 100.0, "{column:?}");
            }
            prop_assert!(spread.limit_at().is_none_or(|at| (0.0..=100.0).contains(&at)));
        }
    }
}
