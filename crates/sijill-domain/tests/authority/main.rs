//! The registry of authority, told in histories.
#![expect(clippy::unwrap_used, reason = "a broken test should stop where it broke")]

mod agencies;
mod data;
mod governance;
mod random;
mod refusals;
mod second;
mod support;
