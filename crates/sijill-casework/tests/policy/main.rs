//! The policy engine against a naive one, and the policy that comes with the programme.

#![expect(clippy::unwrap_used, reason = "a broken test should stop where it broke")]

mod naive;
mod oman;
mod random;
mod refused;

use sijill_casework::Code;
use sijill_casework::codes::{CodeBook, CodeList, SHIPPED};

/// The lists that come with the programme.
fn shipped() -> CodeBook {
    SHIPPED.iter().map(|(_, json)| CodeList::parse(json).unwrap()).collect()
}

fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}
