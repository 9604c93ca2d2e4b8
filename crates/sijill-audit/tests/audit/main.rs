//! Made ledgers, whole and tampered with, and what an audit has to say of each.

mod faults;
mod files;
mod made;
#[cfg(feature = "http")]
mod served;
