//! Headline figures: how many now, and what they are compared with.

use maud::{Markup, html};

use super::frame::{HATCH, Known, fill};
use super::{Measure, Value};
use crate::View;
use crate::text::texts;

texts! {
    EVENTS: "الأحداث المحسوبة: {label}", "The events it counts: {label}";
}

/// A headline figure.
#[derive(Debug, Clone)]
pub struct Tile {
    /// What it counts.
    pub label: String,
    /// The figure.
    pub value: Value,
    /// What it measures.
    pub measure: Measure,
    /// A line below: what it is compared with, how it is counted.
    pub note: Option<String>,
    /// Where the events behind it are listed.
    pub href: Option<String>,
}

/// Headline figures, the most pressing first. They are text: no picture stands for them.
#[derive(Debug, Clone)]
pub struct Tiles {
    /// The figures.
    pub tiles: Vec<Tile>,
}

impl Tiles {
    /// The figures, and the log they are known from.
    pub fn draw(&self, view: &View, known: Known) -> Markup {
        html! {
            dl.tiles { @for tile in &self.tiles { (tile.draw(view)) } }
            p.chart__foot.small.quiet { (known.say(view)) }
        }
    }
}

impl Tile {
    fn draw(&self, view: &View) -> Markup {
        let said = self.value.say(view, self.measure);
        let name = EVENTS.fill(view.lang, &[("label", &self.label)]);
        html! {
            div.tile {
                dt { (self.label) }
                dd {
                    @if self.value.is_hidden() {
                        svg.swatch width="16" height="16" aria-hidden="true" { rect width="16" height="16" fill=(fill(HATCH)) {} }
                        " "
                    }
                    @if let Some(href) = &self.href { a.tile__figure href=(href) title=(name) { (said) } } @else { span.tile__figure { (said) } }
                    @if let Some(note) = &self.note { span.tile__note { (note) } }
                }
            }
        }
    }
}
