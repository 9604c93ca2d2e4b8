//! The commands.

pub mod append;
pub mod attest;
pub mod audit;
pub mod backup;
pub mod case;
pub mod documents;
pub mod erase;
pub mod export;
pub mod figures;
pub mod forecast;
pub mod init;
pub mod keys;
pub mod members;
pub mod mine;
pub mod mirror;
pub mod policy;
pub mod prove;
pub mod rebuild;
pub mod referral;
pub mod registry;
pub mod restore;
pub mod serve;
pub mod sign;
mod target;
mod told;
pub mod view;
pub mod warnings;
pub mod why;
pub mod witness;
mod words;

pub use target::Target;
pub(crate) use target::read_trust;
