//! Rows for whoever asks: the tables of read models as questions with types, answered as known at any size of the log.
//!
//! ```text
//! view.rs     what can be asked for: views, their columns, whose the rows are     words.rs   what people call them
//! ask.rs      what is asked: filters and an order, read from texts                cursor.rs  a place in an order, as text
//! reader.rs   who asks, and the condition that leaves only its rows
//! answer.rs   the one statement all this becomes, and its rows             busy.rs    who asked to see much on one day
//! ```
//!
//! **Invariants.** No text of a question becomes SQL: columns come out of the view, values are parameters. Which rows are the
//! reader's is a condition of the statement itself, so that no page, count or place in an order tells of a row that is not. A
//! row never says until when it held: that was not known yet.

mod answer;
mod ask;
mod busy;
mod cursor;
mod reader;
mod view;
mod words;

pub(crate) use answer::Statement;
pub use answer::{Rows, Standing, Views};
pub use ask::{Ask, MOST};
pub use busy::BusyDay;
pub use cursor::Place;
pub use reader::{Reader, Sight};
pub use view::{Field, Kind, VIEWS, View, Who, view};
