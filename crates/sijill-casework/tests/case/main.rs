//! The state of a case (`docs/casework.md` §4 to §8), told as histories in a town with a registry of its own.

#![expect(clippy::unwrap_used, reason = "a broken test should stop where it broke")]

mod access;
mod actions;
mod clocks;
mod codes;
mod consent;
mod country;
mod ending;
mod erasure;
mod life;
mod need;
mod night;
mod referral;
mod say;
mod scene;
mod town;
mod warning;
mod yours;
