//! Working time: real life, refusals, and a count of every minute.
#![expect(clippy::unwrap_used, reason = "a broken test should stop where it broke")]

mod document;
mod life;
mod minutes;
mod model;
mod support;
