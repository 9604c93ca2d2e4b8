//! The crate tested from outside: against RFC 6962 written out naively, against hostile bytes, and against the golden
//! vectors that verifiers in other languages share.

mod formats;
mod map;
mod naive;
mod policy;
mod refusals;
mod tiles;
mod tree;
mod vectors;

/// The code a result was refused with.
fn code<T>(result: Result<T, sijill_log::LogError>) -> &'static str {
    result.err().map_or("accepted", |error| error.code())
}
