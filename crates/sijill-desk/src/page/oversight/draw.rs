//! From a question to its chart.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use sijill_projections::ProjectionError;
use sijill_projections::figure::{Ask, Dimension, Figure, Filter, Reader};
use sijill_projections::indicators::catalogue::{
    Band as Bands, DURATIONS, Indicator, Kind, RESULTS, SHARES, indicator,
};

use super::ask::{self, events, narrower};
use super::label::Labels;
use super::scope::Scope;
use super::section::{Headline, Question, Section, Shape};
use crate::chart::{
    Band, Bar, Bars, Chart, Flow, Known, Line, Measure, Month, Spread, Stream, Tile, Tiles, Trend, Value,
};
use crate::text::texts;

texts! {
    COUNT: "العدد", "Count";
    IN_ALL: "المدة في المجموع", "Time in all";
    KEPT: "نسبة ما يوفى به في موعده", "Share kept";
    OTHERS: "غير ذلك", "Others";
}

/// Categories of a chart; what there are more is one.
const BARS: usize = 40;
/// Parts of a bar.
const PARTS: usize = 6;

/// What charts are drawn from: one size of the log for all charts of a page.
pub(super) struct Board<'a> {
    pub(super) labels: &'a Labels<'a>,
    pub(super) scope: &'a Scope,
    pub(super) filter: &'a Filter,
    pub(super) reader: Reader<'a>,
    pub(super) known: Known,
    /// Whether to read the counts of the latest entry, which are at hand, as long as that is where `known` is.
    pub(super) latest: bool,
}

/// Why a page is not drawn.
#[derive(Debug)]
pub(super) enum Stop {
    /// More was taken in since the page was begun.
    Moved,
    /// The ledger does not say when that was.
    Unknown,
    /// The read models do not answer.
    Failed(ProjectionError),
}

impl From<ProjectionError> for Stop {
    fn from(error: ProjectionError) -> Self {
        Self::Failed(error)
    }
}

impl Board<'_> {
    async fn figures(&self, codes: &[&str], by: &[Dimension], filter: &Filter) -> Result<Vec<Figure>, Stop> {
        let ask = Ask { indicators: codes, by, filter: filter.clone() };
        let asked = (!self.latest).then_some(self.known.size);
        let found = self.reader.figures(&ask, asked).await?;
        if found.size == self.known.size { Ok(found.figures) } else { Err(Stop::Moved) }
    }

    /// Where the events of a figure are listed, for whoever may see them.
    fn events(&self, code: &str, by: &[(Dimension, &str)]) -> Option<String> {
        self.scope.opens().then(|| events(code, &narrower(self.filter, by), self.known.size))
    }

    /// A section: its headline figures, then its charts.
    pub(super) async fn all(&self, section: &Section) -> Result<Markup, Stop> {
        let mut drawn = Vec::new();
        if !section.headlines.is_empty() {
            drawn.push(self.tiles(section.headlines).await?.draw(self.labels.view, self.known));
        }
        for question in section.questions {
            drawn.push(self.draw(question).await?);
        }
        Ok(html! { @for chart in drawn { (chart) } })
    }

    /// The chart of a question; nothing for one that is not for this reader.
    async fn draw(&self, question: &Question) -> Result<Markup, Stop> {
        let Some(of) = question.indicators.first().and_then(|code| indicator(code)) else {
            return Ok(html! {});
        };
        let view = self.labels.view;
        let definitions = question.indicators.iter().filter_map(|code| indicator(code));
        let chart = Chart {
            view,
            id: question.id,
            title: view.t(question.title).to_owned(),
            definition: html! { @for of in definitions { p { strong { (self.title(of)) } ": " (view.t(definition(of))) } } },
            events: self.events(of.code, &[]),
            known: self.known,
        };
        Ok(match question.shape {
            Shape::Bars(by) => self.bars(of, by).await?.draw(&chart),
            Shape::Officers if self.scope.own().is_none() => html! {},
            Shape::Officers => self.bars(of, &[Dimension::Kind]).await?.draw(&chart),
            Shape::Time(by) => self.times(of, by).await?.draw(&chart),
            Shape::Parts(by, part) => self.parts(of, by, part).await?.draw(&chart),
            Shape::Spread => self.spread(of).await?.draw(&chart),
            Shape::Trend => self.trend(question.indicators).await?.draw(&chart),
            Shape::Kept => self.kept(of).await?.draw(&chart),
            Shape::Flow => self.flow(of).await?.draw(&chart),
        })
    }

    /// The month that charts by month end in: the one asked for, if it is over.
    fn last_month(&self) -> Month {
        let now = self.labels.view.month_of(self.known.at);
        let asked = self.filter.to.and_then(|to| ask::month(&to.to_string()));
        asked.filter(|asked| ask::number(*asked) < ask::number(now)).unwrap_or(now)
    }

    fn title(&self, of: &Indicator) -> &'static str {
        self.labels.view.t(crate::Text { ar: of.title[0], en: of.title[1] })
    }

    /// The headline figures of a section.
    async fn tiles(&self, headlines: &[Headline]) -> Result<Tiles, Stop> {
        let view = self.labels.view;
        let mut tiles = Vec::new();
        for Headline { label, note, indicator, kind, band, month } in headlines {
            let now = month.then(|| ask::number(view.month_of(self.known.at))).map(|month| month.to_string());
            let by = [(Dimension::Kind, *kind), (Dimension::Band, *band), (Dimension::Month, now.as_deref())];
            let by: Vec<_> =
                by.into_iter().filter_map(|(dimension, value)| Some((dimension, value?))).collect();
            let figures = self.figures(&[indicator], &[], &narrower(self.filter, &by)).await?;
            let n = figures.first().map_or(0, |figure| figure.n);
            tiles.push(Tile {
                label: view.t(*label).to_owned(),
                value: Value::Known(n),
                measure: Measure::Number,
                note: note.map(|note| view.t(note).to_owned()),
                href: self.events(indicator, &by),
            });
        }
        Ok(Tiles { tiles })
    }

    /// How many, the most first. What has an order of its own keeps it.
    async fn bars(&self, of: &Indicator, by: &[Dimension]) -> Result<Bars, Stop> {
        let mut figures = self.figures(&[of.code], by, self.filter).await?;
        figures.sort_by_key(|figure| (Reverse(figure.n), figure.by.clone()));
        let rest = figures.split_off(figures.len().min(BARS));
        let mut counts: Vec<u64> = figures.iter().map(|figure| figure.n).collect();
        counts.extend((!rest.is_empty()).then(|| rest.iter().map(|figure| figure.n).sum::<u64>()));
        let names = figures.iter().map(|figure| (self.name(of, by, figure), Some(pairs(by, figure))));
        let others = (self.labels.view.t(OTHERS).to_owned(), None);
        let bars = names.chain([others]).zip(known(&counts)).map(|((label, pairs), value)| Bar {
            label,
            values: vec![value],
            href: pairs.and_then(|pairs| self.events(of.code, &pairs)),
        });
        let series = vec![self.labels.view.t(COUNT).to_owned()];
        Ok(Bars { measure: Measure::Number, series, stacked: false, by_first: false, bars: bars.collect() })
    }

    fn name(&self, of: &Indicator, by: &[Dimension], figure: &Figure) -> String {
        match (by, figure.by.as_slice()) {
            ([Dimension::Agency, Dimension::Unit], [agency, unit]) => self.labels.unit(agency, unit),
            ([by, ..], [value, ..]) => self.labels.value(of, *by, value),
            _ => String::new(),
        }
    }

    /// How long in all, the longest first.
    async fn times(&self, of: &Indicator, by: Dimension) -> Result<Bars, Stop> {
        let mut figures = self.figures(&[of.code], &[by], self.filter).await?;
        figures.sort_by_key(|figure| (Reverse(figure.total), figure.by.clone()));
        let bars = figures.iter().map(|figure| Bar {
            label: self.name(of, &[by], figure),
            values: vec![Value::Known(u64::try_from(figure.total).unwrap_or(0))],
            href: self.events(of.code, &pairs(&[by], figure)),
        });
        let series = vec![self.labels.view.t(IN_ALL).to_owned()];
        Ok(Bars { measure: Measure::Time, series, stacked: false, by_first: false, bars: bars.collect() })
    }

    /// Parts of each category; the least of more than six kinds of parts are one.
    async fn parts(&self, of: &Indicator, by: Dimension, part: Dimension) -> Result<Bars, Stop> {
        let figures = self.figures(&[of.code], &[by, part], self.filter).await?;
        let mut rows: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for figure in &figures {
            let [row, column] = figure.by.as_slice() else { continue };
            *rows.entry(row).or_default().entry(column).or_default() += figure.n;
            *sums.entry(column).or_default() += figure.n;
        }
        let columns = in_order(of, part, &sums);
        let (own, others) = columns.split_at(if columns.len() > PARTS { PARTS - 1 } else { columns.len() });
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_by_key(|(row, parts)| (Reverse(parts.values().sum::<u64>()), *row));
        let bars = rows.iter().take(BARS).map(|(row, parts)| {
            let count = |column: &&str| parts.get(column).copied().unwrap_or(0);
            let mut counts: Vec<u64> = own.iter().map(count).collect();
            counts.extend((!others.is_empty()).then(|| others.iter().map(count).sum::<u64>()));
            Bar {
                label: self.labels.value(of, by, row),
                values: known(&counts),
                href: self.events(of.code, &[(by, row)]),
            }
        });
        let mut series: Vec<_> = own.iter().map(|column| self.labels.value(of, part, column)).collect();
        series.extend((!others.is_empty()).then(|| self.labels.view.t(OTHERS).to_owned()));
        // Where the parts are what became of something, the question is how much of it went well.
        let by_first = part == Dimension::Band && of.band == Bands::Result;
        Ok(Bars { measure: Measure::Number, series, stacked: true, by_first, bars: bars.collect() })
    }

    async fn spread(&self, of: &Indicator) -> Result<Spread, Stop> {
        let figures = self.figures(&[of.code], &[Dimension::Band], self.filter).await?;
        let count =
            |band: &str| figures.iter().find(|figure| figure.by == [band]).map_or(0, |figure| figure.n);
        // The bands of a share are in percent, the measure in parts of a thousand.
        let (measure, bands, scale, limit): (_, &[(&str, i64)], _, _) = match of.band {
            Bands::Share => (Measure::Share, &SHARES, 10, Some(1000)),
            _ => (Measure::Time, &DURATIONS, 1, None),
        };
        let last = if of.band == Bands::Share {
            sijill_projections::indicators::catalogue::MORE_THAN_DOUBLE
        } else {
            sijill_projections::indicators::catalogue::LONGER
        };
        let named: Vec<_> = bands
            .iter()
            .map(|(word, to)| (*word, Some(to.unsigned_abs() * scale)))
            .chain([(last, None)])
            .collect();
        let counts: Vec<u64> = named.iter().map(|(word, _)| count(word)).collect();
        if counts.iter().all(|n| *n == 0) {
            return Ok(Spread { measure, bands: Vec::new(), limit });
        }
        let bands = named.into_iter().zip(known(&counts)).map(|((word, to), value)| Band {
            to,
            value,
            href: self.events(of.code, &[(Dimension::Band, word)]),
        });
        Ok(Spread { measure, bands: bands.collect(), limit })
    }

    async fn trend(&self, codes: &[&'static str]) -> Result<Trend, Stop> {
        let figures = self.figures(codes, &[Dimension::Month], self.filter).await?;
        let months = months(figures.iter().filter_map(|figure| figure.by.first()), self.last_month());
        let line = |of: &Indicator| {
            let count = |month: &Month| {
                let own = |figure: &&Figure| {
                    figure.indicator == of.code && figure.by == [ask::number(*month).to_string()]
                };
                figures.iter().find(own).map_or(0, |figure| figure.n)
            };
            let counts: Vec<u64> = months.iter().map(count).collect();
            let events =
                |month: &Month| self.events(of.code, &[(Dimension::Month, &ask::number(*month).to_string())]);
            Line {
                name: self.title(of).to_owned(),
                values: known(&counts),
                hrefs: months.iter().map(events).collect(),
            }
        };
        let lines = codes.iter().filter_map(|code| indicator(code)).map(line).collect();
        Ok(Trend { measure: Measure::Number, months, lines })
    }

    /// Of the deadlines that began in a month and were to be kept by now, the share that was.
    async fn kept(&self, of: &Indicator) -> Result<Trend, Stop> {
        let figures = self.figures(&[of.code], &[Dimension::Month, Dimension::Band], self.filter).await?;
        let mut by_month: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for figure in &figures {
            let [month, band] = figure.by.as_slice() else { continue };
            let sum = by_month.entry(month).or_default();
            match band.as_str() {
                "on_time" => *sum = (sum.0 + figure.n, sum.1 + figure.n),
                "late" | "overdue" => sum.1 += figure.n,
                _ => {}
            }
        }
        let months = months(
            by_month.iter().filter(|(_, (_, all))| *all > 0).map(|(month, _)| *month),
            self.last_month(),
        );
        let share = |month: &Month| {
            let (kept, all) =
                by_month.get(ask::number(*month).to_string().as_str()).copied().unwrap_or_default();
            (kept * 1000).checked_div(all).map_or(Value::Nothing, Value::Known)
        };
        let events =
            |month: &Month| self.events(of.code, &[(Dimension::Month, &ask::number(*month).to_string())]);
        let line = Line {
            name: self.labels.view.t(KEPT).to_owned(),
            values: months.iter().map(share).collect(),
            hrefs: months.iter().map(events).collect(),
        };
        Ok(Trend { measure: Measure::Share, months, lines: vec![line] })
    }

    async fn flow(&self, of: &Indicator) -> Result<Flow, Stop> {
        let by = [Dimension::Kind, Dimension::Agency];
        let figures = self.figures(&[of.code], &by, self.filter).await?;
        let streams = figures.iter().filter_map(|figure| {
            let [from, to] = figure.by.as_slice() else { return None };
            Some(Stream {
                from: self.labels.agency(from),
                to: self.labels.agency(to),
                value: Value::Known(figure.n),
                href: self.events(of.code, &pairs(&by, figure)),
            })
        });
        Ok(Flow { streams: streams.collect() })
    }
}

fn known(counts: &[u64]) -> Vec<Value> {
    counts.iter().copied().map(Value::Known).collect()
}

/// What an indicator counts, in words.
pub(super) fn definition(of: &Indicator) -> crate::Text {
    crate::Text { ar: of.definition[0], en: of.definition[1] }
}

fn pairs<'a>(by: &[Dimension], figure: &'a Figure) -> Vec<(Dimension, &'a str)> {
    by.iter().copied().zip(figure.by.iter().map(String::as_str)).collect()
}

/// The values of a dimension: in the order the catalogue has them, if it has one, else the most first.
fn in_order<'a>(of: &Indicator, by: Dimension, sums: &BTreeMap<&'a str, u64>) -> Vec<&'a str> {
    let words: Vec<&str> = match (by, of.band, of.kind) {
        (Dimension::Band, Bands::Result, _) => RESULTS.iter().map(|(word, ..)| *word).collect(),
        (Dimension::Kind, _, Kind::Words(words)) => words.iter().map(|(word, ..)| *word).collect(),
        _ => Vec::new(),
    };
    let mut values: Vec<_> = sums.keys().copied().collect();
    if !values.is_empty() && of.band == Bands::Result && by == Dimension::Band {
        // Also those that nothing came to: what is overdue has one colour on all pages.
        values.extend(words.iter().copied().filter(|word| !sums.contains_key(word)));
    }
    let place = |value: &str| words.iter().position(|word| *word == value).unwrap_or(words.len());
    let sum = |value: &str| sums.get(value).copied().unwrap_or(0);
    values.sort_by_key(|value| (place(value), Reverse(sum(value)), *value));
    values
}

/// The months from the first of these to the last, without gaps; and on to the month the log ends in, if that is not long
/// after: nothing in it is news as well.
fn months<'a>(named: impl Iterator<Item = impl AsRef<str> + 'a>, now: Month) -> Vec<Month> {
    const LONG: i64 = 12;
    let numbers: BTreeSet<i64> =
        named.filter_map(|month| ask::month(month.as_ref())).map(ask::number).collect();
    let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { return Vec::new() };
    let count = |number: i64| number / 100 * 12 + number % 100;
    let now = ask::number(now);
    let last = if (0..=LONG).contains(&(count(now) - count(*last))) { now } else { *last };
    let next = |number: &i64| Some(if number % 100 == 12 { number + 89 } else { number + 1 });
    let all = std::iter::successors(Some(*first), next).take_while(|number| *number <= last);
    all.filter_map(|number| ask::month(&number.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_have_no_gaps_and_go_on_to_the_present() {
        let upto = |now: &str| {
            let now = ask::month(now).expect("a month");
            months(["202602", "202511", "0"].into_iter(), now)
                .into_iter()
                .map(ask::number)
                .collect::<Vec<_>>()
        };
        assert_eq!(upto("202602"), [202_511, 202_512, 202_601, 202_602]);
        assert_eq!(upto("202604").last(), Some(&202_604));
        assert_eq!(upto("202801").last(), Some(&202_602), "an archive does not go on for ever");
        assert_eq!(upto("202001").last(), Some(&202_602));
        assert!(months(["0"].into_iter(), ask::month("202602").expect("a month")).is_empty());
    }
}
