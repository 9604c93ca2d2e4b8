//! What stands around every chart: the question it answers, what it says in words, its table, its definition, the events
//! it counts, and the size of the log it was computed at.

use maud::{Markup, html};

use crate::text::texts;
use crate::{Count, View};

texts! {
    TABLE: "الأرقام في جدول", "The figures as a table";
    DEFINITION: "كيف يُحسب هذا", "How this is counted";
    EVENTS: "الأحداث المحسوبة", "The events it counts";
    KNOWN: "كما كان معروفًا في {moment}، {entries} في السجل", "As known on {moment}, {entries} in the log";
    NOTHING: "لا شيء يُحسب هنا", "Nothing to count here";
    NOTHING_NOTE: "لم يقع في هذه المدة وهذا النطاق ما يدخل في هذا الرسم.", "Nothing that this chart counts happened in this period and scope.";
    HIDDEN: "المخطط: رقم صغير لا يُنشر حتى لا يُعرف أحد، أو رقم يُستنتج منه ذلك.", "Hatched: a number too small to publish without somebody being recognised, or one it would follow from.";
}

const ENTRIES: Count = Count {
    ar: ["بلا قيود", "قيد واحد", "قيدان", "{n} قيود", "{n} قيدًا", "{n} قيد"],
    en: ["{n} entry", "{n} entries"],
};

/// The log that figures were computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Its entries.
    pub size: u64,
    /// When its last entry was received, Unix milliseconds.
    pub at: u64,
}

impl Known {
    /// "As known on 4 January 2026 at 08:05, 1,200 entries in the log".
    pub fn say(self, view: &View) -> Markup {
        let entries = view.count(ENTRIES, self.size);
        KNOWN.fill(view.lang, &[("moment", &view.time(self.at)), ("entries", &entries)])
    }

    /// The same as bare words, for an attribute.
    pub(crate) fn words(self, view: &View) -> String {
        let entries = view.count(ENTRIES, self.size);
        view.t(KNOWN).replace("{moment}", &view.date_time(self.at)).replace("{entries}", &entries)
    }
}

/// A chart's place on a page.
pub struct Chart<'a> {
    /// The page and its reader.
    pub view: &'a View,
    /// Unique on its page; letters and hyphens.
    pub id: &'a str,
    /// The question it answers.
    pub title: String,
    /// How its figures are counted.
    pub definition: Markup,
    /// Where the events behind all of its figures are listed.
    pub events: Option<String>,
    /// The log it was computed from.
    pub known: Known,
}

/// What a chart draws, says and lists.
pub(super) struct Drawn {
    /// In words, whoever cannot see it reads this.
    pub(super) said: Markup,
    /// `None` if there is nothing to draw.
    pub(super) plot: Option<Markup>,
    /// Pattern (1 to 6) and name of each series.
    pub(super) legend: Vec<(usize, String)>,
    /// Whether any figure is hidden.
    pub(super) hidden: bool,
    pub(super) table: Table,
}

/// The same figures as a table: the first column names the rows.
pub(super) struct Table {
    pub(super) head: Vec<Markup>,
    pub(super) rows: Vec<Row>,
}

pub(super) struct Row {
    pub(super) name: Markup,
    /// Where the events behind it are listed.
    pub(super) href: Option<String>,
    pub(super) cells: Vec<Cell>,
}

/// What a cell says, and where the events behind that alone are listed.
pub(super) struct Cell(pub(super) String, pub(super) Option<String>);

impl From<String> for Cell {
    fn from(said: String) -> Self {
        Self(said, None)
    }
}

impl Chart<'_> {
    pub(super) fn around(&self, drawn: &Drawn) -> Markup {
        let Self { view, id, .. } = self;
        let (title, said) = (format!("{id}-title"), format!("{id}-said"));
        html! {
            figure.chart id=(id) aria-labelledby=(title) {
                h2 id=(title) { (self.title) }
                @if let Some(plot) = &drawn.plot {
                    p.chart__said id=(said) { (drawn.said) }
                    (legend(&drawn.legend))
                    div.chart__plot role="img" aria-labelledby=(title) aria-describedby=(said) { (plot) }
                    @if drawn.hidden { p.small.quiet { (swatch(HATCH)) " " (view.t(HIDDEN)) } }
                    details.more {
                        summary { (view.t(TABLE)) }
                        (drawn.table.draw(&self.title))
                    }
                } @else { (empty(view)) }
                details.more { summary { (view.t(DEFINITION)) } div.chart__definition { (self.definition) } }
                p.chart__foot.small.quiet {
                    @if let Some(events) = &self.events { a href=(events) { (view.t(EVENTS)) } " · " }
                    (self.known.say(view))
                }
            }
        }
    }
}

fn empty(view: &View) -> Markup {
    html! { div.state.chart__empty { p.title { (view.t(NOTHING)) } p { (view.t(NOTHING_NOTE)) } } }
}

fn legend(series: &[(usize, String)]) -> Markup {
    html! {
        @if !series.is_empty() {
            ul.chart__legend aria-hidden="true" { @for (pattern, name) in series { li { (swatch(*pattern)) " " (name) } } }
        }
    }
}

fn swatch(pattern: usize) -> Markup {
    html! { svg.swatch width="16" height="16" aria-hidden="true" { rect width="16" height="16" fill=(fill(pattern)) {} } }
}

impl Table {
    fn draw(&self, caption: &str) -> Markup {
        html! {
            // Focusable: it may be wider than a phone, and is then scrolled with the keyboard.
            div.table-wrap tabindex="0" role="group" aria-label=(caption) {
                table.figures {
                    caption { (caption) }
                    thead { tr { @for name in &self.head { th scope="col" { (name) } } } }
                    tbody {
                        @for row in &self.rows {
                            tr {
                                th scope="row" { @if let Some(href) = &row.href { a href=(href) { (row.name) } } @else { (row.name) } }
                                @for Cell(said, href) in &row.cells {
                                    td { @if let Some(href) = href { a href=(href) { (said) } } @else { (said) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Patterns of series; a chart has no more of them.
pub(super) const SERIES: usize = 6;
/// The pattern of what is hidden.
pub(super) const HATCH: usize = 0;

/// `fill` of a pattern. An attribute and no class: a stylesheet's `url(#…)` would be sought in the stylesheet.
pub(super) fn fill(pattern: usize) -> String {
    format!("url(#series-{pattern})")
}

/// The pattern of the `n`th series, from 0.
pub(super) const fn pattern(n: usize) -> usize {
    n % SERIES + 1
}

/// The patterns all charts of a page are filled with: to stand on it once. Their colours are the stylesheet's.
pub fn patterns() -> Markup {
    // Lines in the colour of the paper over the colour of the series; of the first, none.
    let lines = [
        "M0 6L6 0",
        "",
        "M0 0L8 8M-2 6L2 10M6 -2L10 2",
        "M0 4H8",
        "M4 0V8",
        "M0 0L8 8M8 0L0 8",
        "M2 2H4M6 6H8",
    ];
    html! {
        svg.visually-hidden width="0" height="0" aria-hidden="true" focusable="false" {
            defs {
                @for (n, line) in lines.iter().enumerate() {
                    @let side = if n == HATCH { "6" } else { "8" };
                    pattern id={ "series-" (n) } width=(side) height=(side) patternUnits="userSpaceOnUse" {
                        rect class={ "series series--" (n) } width=(side) height=(side) {}
                        path class={ "mark mark--" (n) } d=(line) {}
                    }
                }
            }
        }
    }
}
