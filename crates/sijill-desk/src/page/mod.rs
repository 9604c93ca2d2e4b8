//! The pages, a module each: its texts in both languages, then what it shows.

pub(crate) mod enrol;
pub(crate) mod home;
pub(crate) mod invite;
pub(crate) mod keys;
pub(crate) mod officers;
#[cfg(feature = "testing")]
pub(crate) mod patterns;
pub(crate) mod refusal;
pub(crate) mod sign_in;
pub(crate) mod stream;
mod word;

/// Every page that has texts, for the test that reads all of them.
#[cfg(test)]
pub(crate) const TEXTS: &[(&str, &[(&str, crate::Text)])] = &[
    ("enrol", enrol::ALL),
    ("home", home::ALL),
    ("invite", invite::ALL),
    ("keys", keys::ALL),
    ("officers", officers::ALL),
    ("refusal", refusal::ALL),
    ("sign_in", sign_in::ALL),
    ("word", word::ALL),
];
