//! A witness of transparency logs (C2SP tlog-witness v1.0.0): it cosigns a checkpoint only if that extends everything it
//! has cosigned of the log before, and so makes it impossible to show two histories of one log to two people unnoticed.
//!
//! The way of a request:
//!
//! 1. [`judge`]: strict parse, is the log known, did it sign. In parallel, no state.
//! 2. [`state`]: one task judges each checkpoint on what the one before it left, and commits a batch of them in one
//!    transaction that moves each log's head by compare-and-swap.
//! 3. Only then the cosignatures are made, over an encoding of what was parsed, and leave.
//!
//! **Invariants.** No two cosigned checkpoints of one log contradict each other, whatever crashes, and whatever runs beside
//! it on the same file. The size cosigned never decreases. A checkpoint that a log signed and that does not extend what was
//! cosigned is kept as evidence, and if there are too many, that is said.
//!
//! **Gossip.** A log could show one history to some witnesses and another to others. So each shows what it cosigned last (`GET
//! /<hex SHA-256 of the origin>/checkpoint`), and hears of what others hold ([`Witness::hear`]): two roots for one size are
//! evidence of a fork, whoever was shown them, and a size that is heard of before it is cosigned is compared then.
//!
//! The witness knows nothing of what is in a log: this crate rests on `sijill-log` alone.

mod clock;
mod condition;
mod error;
mod http;
pub mod judge;
mod rate;
pub mod state;
mod witness;

pub use clock::{Clock, SystemClock};
pub use condition::{Condition, Refused};
pub use error::WitnessError;
pub use http::{MAX_BODY, Settings, router};
pub use judge::{Answer, EvidenceKind};
pub use rate::Rate;
pub use state::{Evidence, Heard, Held, State};
pub use witness::{MAX_KEYS, Witness};

/// Each in a line of its own.
fn lines_of(all: &[impl std::fmt::Display]) -> String {
    all.iter().fold(String::new(), |text, one| text + &one.to_string() + "\n")
}
