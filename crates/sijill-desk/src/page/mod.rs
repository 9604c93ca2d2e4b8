//! The pages, a module each: its texts in both languages, then what it shows.

pub(crate) mod attachment;
pub(crate) mod audit;
pub(crate) mod case;
#[cfg(feature = "testing")]
pub(crate) mod charts;
pub(crate) mod contact;
pub(crate) mod enrol;
pub(crate) mod home;
pub(crate) mod invite;
pub(crate) mod keys;
pub(crate) mod known;
pub(crate) mod notices;
pub(crate) mod officers;
pub(crate) mod oversight;
#[cfg(feature = "testing")]
pub(crate) mod patterns;
pub(crate) mod planning;
pub(crate) mod queue;
pub(crate) mod refusal;
pub(crate) mod sign_in;
pub(crate) mod stream;
pub(crate) mod word;

/// Every page that has texts, for the test that reads all of them.
#[cfg(test)]
pub(crate) const TEXTS: &[(&str, &[(&str, crate::Text)])] = &[
    ("attachment", attachment::ALL),
    ("case", case::show::ALL),
    ("case back", case::ALL),
    ("case access", case::access::ALL),
    ("case act", case::act::ALL),
    ("case field", case::field::ALL),
    ("case glass", case::glass::ALL),
    ("case history", case::history::ALL),
    ("case offer", case::offer::ALL),
    ("case value", case::value::ALL),
    ("contact", contact::ALL),
    ("enrol", enrol::ALL),
    ("home", home::ALL),
    ("invite", invite::ALL),
    ("keys", keys::ALL),
    ("known", known::ALL),
    ("mail", crate::mail::ALL),
    ("officers", officers::ALL),
    ("queue", queue::ALL),
    ("refusal", refusal::ALL),
    ("sign_in", sign_in::ALL),
    ("word", word::ALL),
];
