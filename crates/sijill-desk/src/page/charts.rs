//! `/desk/patterns/charts`, in tests only: every chart in every state, with made-up figures, to be looked at and checked.

use maud::{Markup, html};

use crate::chart::{self, Bars, samples};
use crate::part::page::Page;
use crate::{Text, View};

const TITLE: Text = Text { ar: "الرسوم", en: "Charts" };

pub(crate) async fn charts(view: View) -> Markup {
    let chart = |id| samples::chart(&view, id);
    let mut few = samples::trend(3);
    few.lines[1].values[6] = chart::Value::Withheld;
    let mut year = samples::trend(1);
    year.months.truncate(12);
    year.lines[0].values.truncate(12);
    Page::new(&view, view.t(TITLE)).style("chart.css").with(&html! {
        (chart::patterns())
        h1 { (view.t(TITLE)) }
        (samples::tiles(&view).draw(&view, samples::KNOWN))
        (samples::bars(&view, false).draw(&chart("grouped")))
        (samples::bars(&view, true).draw(&chart("stacked")))
        (samples::times(&view).draw(&chart("times")))
        (Bars { bars: Vec::new(), ..samples::bars(&view, false) }.draw(&chart("nothing")))
        (samples::spread().draw(&chart("spread")))
        (samples::flow(&view).draw(&chart("flow")))
        (year.draw(&chart("year")))
        (few.draw(&chart("lines")))
        (samples::weeks().draw(&chart("weeks")))
    })
}
