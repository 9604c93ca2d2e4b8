//! Made ledgers, whole and tampered with, and what an audit has to say of each.

mod authority;
mod case;
mod entry;
mod evidence;
mod files;
mod heads;
mod interval;
mod made;
#[cfg(feature = "http")]
mod served;
mod verdict;
mod whole;
