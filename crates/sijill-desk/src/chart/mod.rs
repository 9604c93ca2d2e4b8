//! Charts: figures drawn on the server, each beside its table, its definition and the events it counts.
//!
//! A chart is a function from figures to markup: the same figures give the same bytes. It needs no script and no inline
//! style. Across, everything is placed in percent of the width, so that bars and columns follow the window while
//! letters keep their size: a chart is as legible at 360 px as on a wall. Down, it is placed in pixels.
//!
//! ```text
//! figures (Bars, Spread, Flow, Trend, Tiles) → layout (pure, tested by property) → SVG, words, table → Chart::around
//! ```
//!
//! **Direction.** Bars and flows are read as text is, and so run from right to left in Arabic. Time runs from left to
//! right in both languages (`trend.rs` says why), and so do lengths of time (`spread.rs`).
//!
//! **Colour** is never the only sign: every series has a pattern too, and its figure is written beside it. There are six;
//! what a chart has more of is folded into one that says so.
//!
//! **What is hidden** (`Value::Fewer`, `Value::Withheld`) is hatched and said in words; it enters no sum, share or
//! summary, since whoever knows the rest of a sum knows the hidden part.

mod bars;
mod flow;
mod frame;
mod scale;
mod spread;
mod tiles;
mod trend;
mod value;
mod weeks;

#[cfg(any(test, feature = "testing"))]
pub(crate) mod samples;

pub use bars::{Bar, Bars};
pub use flow::{Flow, Stream};
pub use frame::{Chart, Known, patterns};
pub use spread::{Band, Spread};
pub use tiles::{Tile, Tiles};
pub use trend::{Line, Month, Trend};
pub use value::{Measure, Value};
pub use weeks::{Ahead, Weeks};

/// Every module here that has texts, for the test that reads all of them.
#[cfg(test)]
pub(crate) const TEXTS: &[(&str, &[(&str, crate::Text)])] = &[
    ("bars", bars::ALL),
    ("flow", flow::ALL),
    ("frame", frame::ALL),
    ("spread", spread::ALL),
    ("tiles", tiles::ALL),
    ("trend", trend::ALL),
    ("value", value::ALL),
    ("weeks", weeks::ALL),
];
