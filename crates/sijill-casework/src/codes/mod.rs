//! Code lists: what a code means, in which version.
//!
//! A list is a document on the ledger. Codes are retired, never reused: a later version holds every code of the
//! earlier ones, with the same meaning ([`CodeList::follows`]).

mod book;
mod list;
mod shipped;

pub use book::CodeBook;
pub use list::{Code, CodeEntry, CodeList, CodeListError, Label};
pub use shipped::SHIPPED;
