//! The `sijill` command: everything an operator, an agency or an auditor does with a ledger from a shell.
//!
//! | module | what it is |
//! |---|---|
//! | [`cli`] | the tree of commands; [`command`] has one module for each |
//! | [`data_dir`], [`config`] | a ledger's directory on this machine and its settings |
//! | [`running`] | the same, opened |
//! | [`genesis`] | how a ledger begins |
//! | [`key_file`] | private keys on disk |
//! | [`new_event`], [`gate`], [`client`] | how an event is written, signed and appended, here or over HTTP |
//! | [`courier`] | how the ledger's checkpoints reach witnesses |
//! | [`log_over_http`], [`gossip`] | how a mirror reads a ledger, and how witnesses and mirrors compare what they have cosigned |
//! | [`mirror_dir`] | a mirror's directory on this machine |
//! | [`witness_dir`] | a witness's directory on this machine, its settings and keys |
//! | [`source`], [`database`] | what can be audited; a data directory as something that can |
//! | [`casework`] | events of the catalogue filled in by hand; a case read back and told |
//! | [`import`] | an old system's event log becomes a ledger |
//! | [`mining`] | the cases of a ledger as an event log for process mining |
//! | [`demo`] | a ledger of a made-up month |
//! | [`answer`], `error`, [`progress`] | what a command says, and how it ends |

pub mod answer;
pub mod attesting;
pub mod bench;
pub mod casework;
pub mod cli;
pub mod client;
pub mod command;
pub mod config;
pub mod courier;
pub mod data_dir;
pub mod database;
pub mod demo;
mod error;
pub mod gate;
pub mod genesis;
pub mod gossip;
mod held_keys;
pub mod import;
pub mod key_file;
pub mod log_over_http;
pub mod mining;
pub mod mirror_dir;
pub mod new_event;
pub mod progress;
pub mod running;
pub mod source;
pub mod witness_dir;

pub use error::{Error, Result};
