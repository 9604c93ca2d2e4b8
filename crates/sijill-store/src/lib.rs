//! The event store's contract and the conformance suite every engine passes.
