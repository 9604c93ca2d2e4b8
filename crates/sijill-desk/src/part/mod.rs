//! What pages are made of. Each part is a function from what is to be said to markup; none knows where it comes from.

pub mod form;
pub mod page;
pub mod queue;
pub mod sign;
pub mod state;
pub mod timeline;

/// Every module here that has texts, for the test that reads all of them.
#[cfg(test)]
pub(crate) const TEXTS: &[(&str, &[(&str, crate::Text)])] = &[
    ("form", form::ALL),
    ("page", page::ALL),
    ("queue", queue::ALL),
    ("sign", sign::ALL),
    ("state", state::ALL),
    ("timeline", timeline::ALL),
];
