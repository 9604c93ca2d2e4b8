//! Who asks whom: a ribbon for each pair, as wide as what flows (a Sankey diagram of two ranks).
//!
//! An agency that both asks and is asked stands on both sides, so that nothing ever flows in a circle. The order is by
//! size, then by name, whatever the order of what is given.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::frame::{Chart, Drawn, HATCH, Row, SERIES, Table, fill, pattern};
use super::scale::{Length, percent};
use super::{Measure, Value};
use crate::text::texts;
use crate::{Lang, View};

texts! {
    FROM: "من", "From";
    TO: "إلى", "To";
    COUNT: "العدد", "Count";
    OTHERS: "جهات أخرى", "Others";
    MOST: "الأكثر من {from} إلى {to}: {figure}.", "Most from {from} to {to}: {figure}.";
    TOTAL: "المجموع: {figure}.", "In all: {figure}.";
    SOME_HIDDEN: "بعض الأرقام غير منشور.", "Some figures are not published.";
}

/// What flows from one to another.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Who asks.
    pub from: String,
    /// Who is asked.
    pub to: String,
    /// How often.
    pub value: Value,
    /// Where the events behind it are listed.
    pub href: Option<String>,
}

/// Flows between agencies.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Each pair once.
    pub streams: Vec<Stream>,
}

/// On each side at most so many, the last of them the others.
const NODES: usize = 10;
/// Pixels: what all flows together take, the least one takes, and the room for a name above each.
const TALL: f64 = 220.0;
const THIN: f64 = 2.0;
const NAME: f64 = 26.0;
/// The width of a node, and of its place in percent of the drawing, from where the ribbons begin.
const NODE: f64 = 10.0;
/// Letters of a name that fit beside another's on a phone.
const SHORT: usize = 18;

/// One side of the drawing: who, how much, and where, in pixels.
#[derive(Debug, Clone, PartialEq)]
struct Node {
    /// `None`: the others.
    name: Option<String>,
    value: Value,
    top: f64,
    tall: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Ribbon {
    from: usize,
    tall: f64,
    /// Pixels from the top, at either end.
    starts: f64,
    ends: f64,
    hidden: bool,
}

#[derive(Debug, Clone, PartialEq, Default)]
struct Layout {
    from: Vec<Node>,
    to: Vec<Node>,
    ribbons: Vec<Ribbon>,
    tall: f64,
}

impl Flow {
    /// The chart.
    pub fn draw(&self, chart: &Chart<'_>) -> Markup {
        let view = chart.view;
        chart.around(&Drawn {
            said: self.said(view),
            plot: (!self.streams.is_empty()).then(|| plot(view, &self.layout())),
            legend: Vec::new(),
            hidden: self.streams.iter().any(|stream| stream.value.is_hidden()),
            table: self.table(view),
        })
    }

    fn largest(&self) -> u64 {
        self.streams.iter().filter_map(|stream| stream.value.known()).max().unwrap_or(0)
    }

    /// The names of a side, the largest first; those that have no place of their own are left out.
    fn side(&self, name: impl Fn(&Stream) -> &str) -> Vec<String> {
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for stream in &self.streams {
            let sum = sums.entry(name(stream)).or_default();
            *sum = sum.saturating_add(stream.value.room(self.largest()));
        }
        let mut sums: Vec<_> = sums.into_iter().collect();
        sums.sort_by_key(|(name, sum)| (std::cmp::Reverse(*sum), *name));
        if sums.len() > NODES {
            sums.truncate(NODES - 1);
        }
        sums.into_iter().map(|(name, _)| name.to_owned()).collect()
    }

    fn layout(&self) -> Layout {
        let (from, to) = (self.side(|stream| &stream.from), self.side(|stream| &stream.to));
        let place =
            |side: &[String], name: &str| side.iter().position(|own| own == name).unwrap_or(side.len());
        let mut pairs: BTreeMap<(usize, usize), Vec<Value>> = BTreeMap::new();
        for stream in &self.streams {
            pairs.entry((place(&from, &stream.from), place(&to, &stream.to))).or_default().push(stream.value);
        }
        let pairs: BTreeMap<_, _> =
            pairs.into_iter().map(|(pair, values)| (pair, Value::sum_of(&values))).collect();
        let largest = pairs.values().filter_map(|value| value.known()).max().unwrap_or(0);
        let all = pairs.values().map(|value| value.room(largest)).fold(0, u64::saturating_add);
        let tall = |value: Value| (percent(value.room(largest), all) / 100.0 * TALL).max(THIN);
        let nodes = |names: &[String], end: fn(&(usize, usize)) -> usize| {
            let mut top = 0.0;
            let node = |n: usize| {
                let own: Vec<_> =
                    pairs.iter().filter(|(pair, _)| end(pair) == n).map(|(_, value)| *value).collect();
                let node = Node {
                    name: names.get(n).cloned(),
                    value: Value::sum_of(&own),
                    top: top + NAME,
                    tall: own.iter().map(|value| tall(*value)).sum(),
                };
                top = node.top + node.tall;
                node
            };
            let count = pairs.keys().map(|pair| end(pair) + 1).max().unwrap_or(0);
            (0..count).map(node).collect::<Vec<_>>()
        };
        let (from, to) = (nodes(&from, |pair| pair.0), nodes(&to, |pair| pair.1));
        let mut starts: Vec<f64> = from.iter().map(|node| node.top).collect();
        let mut ends: Vec<f64> = to.iter().map(|node| node.top).collect();
        let ribbon = |(pair, value): (&(usize, usize), &Value)| {
            let ribbon = Ribbon {
                from: pair.0,
                tall: tall(*value),
                starts: starts[pair.0],
                ends: ends[pair.1],
                hidden: value.is_hidden(),
            };
            starts[pair.0] += ribbon.tall;
            ends[pair.1] += ribbon.tall;
            ribbon
        };
        let ribbons = pairs.iter().map(ribbon).collect();
        let bottom = from.iter().chain(&to).map(|node| node.top + node.tall).fold(0.0, f64::max);
        Layout { from, to, ribbons, tall: bottom }
    }

    fn said(&self, view: &View) -> Markup {
        let known = self.streams.iter().filter_map(|stream| Some((stream, stream.value.known()?)));
        let most =
            known.max_by(|(a, x), (b, y)| x.cmp(y).then_with(|| (&b.from, &b.to).cmp(&(&a.from, &a.to))));
        let all = Value::sum(self.streams.iter().map(|stream| stream.value)).known();
        html! {
            @if let Some(all) = all { (TOTAL.fill(view.lang, &[("figure", &view.number(all))])) }
            @else { (view.t(SOME_HIDDEN)) }
            @if let Some((stream, figure)) = most {
                " " (MOST.fill(view.lang, &[("from", &stream.from), ("to", &stream.to), ("figure", &view.number(figure))]))
            }
        }
    }

    /// Every pair, also those drawn together; the largest first.
    fn table(&self, view: &View) -> Table {
        let mut streams: Vec<_> = self.streams.iter().collect();
        let room = |stream: &Stream| stream.value.room(self.largest());
        streams.sort_by(|a, b| room(b).cmp(&room(a)).then_with(|| (&a.from, &a.to).cmp(&(&b.from, &b.to))));
        let rows = streams.into_iter().map(|stream| Row {
            name: html! { (stream.from) },
            href: stream.href.clone(),
            cells: vec![stream.to.clone().into(), stream.value.say(view, Measure::Number).into()],
        });
        Table { head: [FROM, TO, COUNT].map(|text| html! { (view.t(text)) }).into(), rows: rows.collect() }
    }
}

impl Value {
    fn sum_of(values: &[Self]) -> Self {
        match values {
            [one] => *one,
            several => Self::sum(several.iter().copied()),
        }
    }
}

fn plot(view: &View, layout: &Layout) -> Markup {
    let Layout { from, to, ribbons, tall } = layout;
    let box_ = format!("0 0 100 {tall:.1}");
    html! {
        svg.plot.flow width="100%" height=(Length::Pixels(*tall)) aria-hidden="true" {
            // Ribbons are stretched to the width there is; letters are not.
            svg x="0" y="0" width="100%" height=(Length::Pixels(*tall)) viewBox=(box_) preserveAspectRatio="none" {
                @for ribbon in ribbons { (ribbon.draw(view.lang)) }
            }
            @for (n, node) in from.iter().enumerate() { (node.draw(view, true, pattern(n.min(SERIES - 1)))) }
            @for node in to { (node.draw(view, false, SERIES)) }
        }
    }
}

impl Ribbon {
    /// The five largest who ask have a colour of their own. No patterns: they would be stretched with the ribbon; who it
    /// belongs to is written at both of its ends.
    fn draw(&self, lang: Lang) -> Markup {
        let series = pattern(self.from.min(SERIES - 1));
        html! {
            @if self.hidden { path d=(self.path(lang)) fill=(fill(HATCH)) {} }
            @else { path class={ "ribbon series--" (series) } d=(self.path(lang)) {} }
        }
    }

    fn path(&self, lang: Lang) -> String {
        let Self { tall, starts, ends, .. } = self;
        let (a, b) = if lang == Lang::Ar { (100, 0) } else { (0, 100) };
        let (low, lower) = (starts + tall, ends + tall);
        format!(
            "M{a} {starts:.1}C50 {starts:.1} 50 {ends:.1} {b} {ends:.1}V{lower:.1}C50 {lower:.1} 50 {low:.1} {a} {low:.1}Z"
        )
    }
}

impl Node {
    fn draw(&self, view: &View, first: bool, pattern: usize) -> Markup {
        let name = self.name.as_deref().unwrap_or(view.t(OTHERS));
        let figure = self.value.known().map(|figure| view.number(figure)).unwrap_or_default();
        let at_left = first == (view.lang == Lang::En);
        let x = if at_left { "0" } else { "100%" };
        html! {
            rect x=(x) y=(Length::Pixels(self.top)) width=(Length::Pixels(NODE)) height=(Length::Pixels(self.tall)) class={ "series--" (pattern) }
                transform=[(!at_left).then(|| format!("translate(-{NODE} 0)"))] {}
            @for (width, name) in [("wide", name.to_owned()), ("narrow", cut(name))] {
                text class={ "strong " (width) @if !first { " end" } } x=(x) y=(Length::Pixels(self.top - 6.0)) {
                    (name) " " tspan.quiet { (figure) }
                }
            }
        }
    }
}

/// A name that fits: its table has the whole.
fn cut(name: &str) -> String {
    if name.chars().count() <= SHORT {
        return name.to_owned();
    }
    let short: String = name.chars().take(SHORT - 1).collect();
    format!("{}…", short.trim_end())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chart::samples;

    fn stream((from, to, value): (u8, u8, Value)) -> Stream {
        Stream { from: format!("agency {from}"), to: format!("agency {to}"), value, href: None }
    }

    #[test]
    fn the_drawing_is_mirrored_in_arabic() {
        let layout = samples::flow(&View::default()).layout();
        let ribbon = layout.ribbons[0];
        assert!(ribbon.path(Lang::En).starts_with("M0 ") && ribbon.path(Lang::Ar).starts_with("M100 "));
        let [ar, en] = Lang::ALL
            .map(|lang| layout.from[0].draw(&View { lang, ..View::default() }, true, 1).into_string());
        assert!(en.contains("x=\"0\"") && ar.contains("x=\"100%\""));
    }

    #[test]
    fn a_hidden_flow_hides_what_it_is_drawn_with() {
        let mut streams: Vec<_> = (0..20).map(|n| stream((n, 0, Value::Known(100 - u64::from(n))))).collect();
        streams[19].value = Value::Fewer(5);
        let layout = Flow { streams }.layout();
        assert_eq!(layout.from.len(), NODES);
        assert_eq!((layout.from[9].name.as_ref(), layout.from[9].value), (None, Value::Withheld));
        assert_eq!(layout.to[0].value, Value::Withheld);
        assert_eq!(layout.ribbons.iter().filter(|ribbon| ribbon.hidden).count(), 1);
    }

    proptest! {
        #[test]
        fn everything_has_a_place_of_its_own(
            pairs in prop::collection::btree_map((0_u8..30, 0_u8..30), samples::any_value(), 0..200),
        ) {
            let streams: Vec<_> = pairs.into_iter().map(|((from, to), value)| stream((from, to, value))).collect();
            let layout = Flow { streams: streams.clone() }.layout();
            for side in [&layout.from, &layout.to] {
                prop_assert!(side.len() <= NODES);
                let mut bottom = 0.0;
                for node in side {
                    prop_assert!(node.top - bottom >= NAME - 1e-6 && node.tall >= THIN, "{node:?}");
                    bottom = node.top + node.tall;
                }
                prop_assert!(bottom <= layout.tall);
                let sum = Value::sum(streams.iter().map(|stream| stream.value)).known();
                let drawn = Value::sum(side.iter().map(|node| node.value)).known();
                prop_assert_eq!(sum, drawn, "what flows is what flows, folded or not");
            }
            for ribbon in &layout.ribbons {
                prop_assert!(ribbon.tall.is_finite() && ribbon.starts >= NAME && ribbon.ends >= NAME);
                prop_assert!(ribbon.starts.max(ribbon.ends) + ribbon.tall <= layout.tall + 1e-6, "{ribbon:?} in {}", layout.tall);
            }
            let mut turned = streams;
            turned.reverse();
            prop_assert_eq!(Flow { streams: turned }.layout(), layout, "the order given does not matter");
        }
    }
}
