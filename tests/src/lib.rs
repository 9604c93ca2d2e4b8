//! What the end-to-end tests share. They run on real parts: the `sijill` program as cargo built it, databases on disk,
//! a private PostgreSQL, processes that are killed, verifiers written in other languages.
//!
//! | module | what it is |
//! |---|---|
//! | [`program`] | the program: run to its end, or serving |
//! | [`made`] | a ledger of some thousand events in a data directory, the same from every seed |
//! | [`country`] | a ledger under rule-set 2 in a data directory, whose clock is moved by hand |
//! | [`town`] | a ledger begun with the program alone, and clients of its server |
//! | [`foreign`] | verifiers and clients in other languages, and what is said where one is missing |
//! | [`mod@line`] | a line between two servers that does what lines and liars do |
//! | [`mirror`] | a mirror made with the program |
//! | [`chance`] | repeatable chance |

pub mod chance;
pub mod country;
pub mod foreign;
pub mod line;
pub mod made;
pub mod mirror;
pub mod program;
pub mod town;
