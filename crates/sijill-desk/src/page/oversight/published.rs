//! `/desk/oversight` for whoever may not see figures exactly: those of a month, as everybody may know them.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use sijill_domain::event::{CellValue, FiguresPublished, PublishedCell, PublishedFigure, PublishedTable};
use sijill_ledger::Stated;
use sijill_projections::figure::Dimension;
use sijill_projections::indicators::catalogue::indicator;
use sijill_projections::publication::{
    By, LEAST, PUBLICATIONS, Publication, REOPENED, STOCKS, Table, publication,
};

use super::ask::{self, Asked};
use super::label::Labels;
use super::{TITLE, known};
use crate::chart::{Bar, Bars, Chart, Known, Line, Measure, Month, Tile, Tiles, Trend, Value, patterns};
use crate::desk::Office;
use crate::part::form::{Choice, Field};
use crate::part::page::Page;
use crate::part::state;
use crate::text::texts;
use crate::{DeskError, Session, Text, View};

texts! {
    PUBLISHED: "أرقام كل الجهات، دون هويات، كما نُشرت عن كل شهر مرة واحدة ولا تتغير بعد ذلك. ما قلّ عن 5 لا يُنشر، ولا ما يُستنتج منه.", "Figures of all agencies, without identities, as they were published of each month, once and for ever. Fewer than 5 is not published, nor what it would follow from.";
    MONTH: "الشهر", "Month";
    SHOW: "عرض", "Show";
    OF_MONTH: "{figure}، {table}", "{figure}, {table}";
    COUNT: "العدد", "Count";
    CASES: "حالات تُفتح وتُغلق", "Cases begun and closed";
    COMES_IN: "ما يرد وما يُحال", "Contacts and referrals";
    AT_LEAST: "على الأقل، وأقل من خمسة فوق ذلك، يوم حُسبت الأرقام", "At least, and fewer than five more, on the day of counting";
    ON_THE_DAY: "يوم حُسبت الأرقام", "On the day of counting";
    REOPENED_CASE: "أُعيد فتحها", "Opened again";
    NOT_YET: "لم يُنشر شيء بعد", "Nothing is published yet";
    NOT_YET_NOTE: "تُنشر أرقام كل شهر بعد أيام من نهايته.", "Figures of a month are published some days after it is over.";
    NONE_SHOWN: "لا يُنشر هنا رقم، حتى لا يُعرف أحد.", "No number is published here, so that nobody is recognised.";
}

/// A page of published figures: the latest month, or the one asked for.
pub(super) async fn show(
    office: &Office,
    view: &View,
    session: &Session,
    asked: &Asked,
) -> Result<Response, DeskError> {
    let ledger = &office.desk.ledger;
    let stated = ledger.stated().await?;
    let page = Page::new(view, view.t(TITLE)).of(session).style("chart.css");
    let asked = ask::month(&asked.month).and_then(|month| u64::try_from(ask::number(month)).ok());
    let chosen = asked.and_then(|month| stated.publication(month));
    let Some((_, said)) = chosen.or(stated.publications().last()) else {
        let nothing = state::nothing(view, NOT_YET, NOT_YET_NOTE, None);
        let content = html! { h1 { (view.t(TITLE)) } p.quiet { (view.t(PUBLISHED)) } (nothing) };
        return Ok(page.with(&content).into_response());
    };
    let (world, known) = (ledger.world(), known(ledger, said.size).await?);
    let book = world.book();
    let month = Shown { labels: Labels { view, world: &world, book: &book }, stated: &stated, said, known };
    let content = html! {
        (patterns())
        h1 { (view.t(TITLE)) ": " (month.labels.month(&said.month.to_string())) }
        p.quiet { (view.t(PUBLISHED)) }
        (month.chooser())
        (month.tiles().draw(view, known))
        (month.trend("cases", CASES, &["cases-begun", "cases-closed"]))
        (month.trend("comes-in", COMES_IN, &["contacts", "referrals"]))
        @for figure in &said.figures { @for table in &figure.tables { (month.table(figure, table)) } }
    };
    Ok(page.with(&content).into_response())
}

/// A month as it is shown.
struct Shown<'a> {
    labels: Labels<'a>,
    stated: &'a Arc<Stated>,
    said: &'a FiguresPublished,
    known: Known,
}

impl Shown<'_> {
    /// All months that there are, the latest first.
    fn chooser(&self) -> Markup {
        let view = self.labels.view;
        let months = self.stated.publications().iter().rev().map(|(_, said)| said.month);
        let months: Vec<(String, bool)> =
            months.map(|month| (month.to_string(), month == self.said.month)).collect();
        let choices: Vec<Choice<'_>> = months
            .iter()
            .map(|(month, chosen)| Choice {
                value: month,
                label: html! { (self.labels.month(month)) },
                note: None,
                chosen: *chosen,
            })
            .collect();
        html! {
            form.narrow method="get" action="/desk/oversight" {
                (Field::new("month", MONTH).select(view, &choices))
                div.row { button.button type="submit" { (view.t(SHOW)) } }
            }
        }
    }

    /// What there was at the day of counting, and how many there were of each in the month.
    fn tiles(&self) -> Tiles {
        let view = self.labels.view;
        let stocks = STOCKS.iter().filter_map(|stock| {
            let told = self.said.stocks.iter().find(|told| told.indicator.as_str() == stock.code)?;
            let (value, note) = match told.least {
                Some(least) => (Value::Known(least), AT_LEAST),
                None => (Value::Fewer(LEAST), ON_THE_DAY),
            };
            Some(self.tile(stock.title, value, Some(note)))
        });
        let totals = PUBLICATIONS.iter().map(|of| self.tile(of.title, total(self.said, of.code), None));
        let tiles = stocks.chain(totals).map(|(label, value, note)| Tile {
            label,
            value,
            measure: Measure::Number,
            note: note.map(|note| view.t(note).to_owned()),
            href: None,
        });
        Tiles { tiles: tiles.collect() }
    }

    fn tile(
        &self,
        title: [&'static str; 2],
        value: Value,
        note: Option<Text>,
    ) -> (String, Value, Option<Text>) {
        (self.labels.view.t(text(title)).to_owned(), value, note)
    }

    /// How totals change from month to month.
    fn trend(&self, id: &str, title: Text, codes: &[&str]) -> Markup {
        let all: Vec<(Month, &FiguresPublished)> = self
            .stated
            .publications()
            .iter()
            .filter_map(|(_, said)| Some((ask::month(&said.month.to_string())?, said)))
            .collect();
        let line = |of: &Publication| Line {
            name: self.labels.view.t(text(of.title)).to_owned(),
            values: all.iter().map(|(_, said)| total(said, of.code)).collect(),
            hrefs: vec![None; all.len()],
        };
        let of: Vec<&Publication> = codes.iter().filter_map(|code| publication(code)).collect();
        let trend = Trend {
            measure: Measure::Number,
            months: all.iter().map(|(month, _)| *month).collect(),
            lines: of.iter().map(|of| line(of)).collect(),
        };
        trend.draw(&self.chart(id, self.labels.view.t(title).to_owned(), &of))
    }

    /// A figure by one dimension.
    fn table(&self, figure: &PublishedFigure, table: &PublishedTable) -> Markup {
        let view = self.labels.view;
        let Some(of) = publication(figure.indicator.as_str()) else { return html! {} };
        let Some(by) = of.tables.iter().find(|by| by.by == table.by.as_str()) else { return html! {} };
        let id = format!("{}-{}", of.code, by.by);
        let (figure, by_what) = (view.t(text(of.title)), view.t(text(by.title)));
        let title = view.t(OF_MONTH).replace("{figure}", figure).replace("{table}", by_what);
        let Some(cells) = &table.cells else {
            return html! {
                figure.chart id=(id) { h2 { (title) } p.quiet { (view.t(NONE_SHOWN)) } }
            };
        };
        let bar = |cell: &PublishedCell| Bar {
            label: self.value(by, cell.value.as_str()),
            values: vec![cell.n.map_or(Value::Withheld, Value::Known)],
            href: None,
        };
        let mut cells: Vec<&PublishedCell> = cells.iter().collect();
        // Where the values have no order of their own, the most first; what is hidden stands last, in the order of values.
        if by.column != By::Band {
            cells.sort_by_key(|cell| (std::cmp::Reverse(cell.n), cell.value.clone()));
        }
        let bars = Bars {
            measure: Measure::Number,
            series: vec![view.t(COUNT).to_owned()],
            stacked: false,
            by_first: false,
            bars: cells.into_iter().map(bar).collect(),
        };
        bars.draw(&self.chart(&id, title, &[of]))
    }

    fn chart<'b>(&'b self, id: &'b str, title: String, of: &[&Publication]) -> Chart<'b> {
        let view = self.labels.view;
        let definition = html! {
            @for of in of { p { strong { (view.t(text(of.title))) } ": " (view.t(text(of.definition))) } }
        };
        Chart { view, id, title, definition, events: None, known: self.known }
    }

    fn value(&self, by: &Table, value: &str) -> String {
        if value == REOPENED && by.of.contains(&"cases-reopened") {
            return self.labels.view.t(REOPENED_CASE).to_owned();
        }
        let dimension = match by.column {
            By::Kind => Dimension::Kind,
            By::Band => Dimension::Band,
            By::Agency => Dimension::Agency,
            By::Governorate => Dimension::Governorate,
        };
        let value = if value == CellValue::UNSTATED { "" } else { value };
        let of = by.of.first().and_then(|of| indicator(of));
        of.map_or_else(|| value.to_owned(), |of| self.labels.value(of, dimension, value))
    }
}

/// A figure of a month, as it is known: what is not told of was not.
fn total(said: &FiguresPublished, code: &str) -> Value {
    let figure = said.figures.iter().find(|figure| figure.indicator.as_str() == code);
    figure.map_or(Value::Known(0), |figure| figure.total.map_or(Value::Withheld, Value::Known))
}

fn text([ar, en]: [&'static str; 2]) -> Text {
    Text { ar, en }
}
