//! The pages: a desk in the browser, in Arabic and English, where officers sign with their own key.
//!
//! ```text
//! frame (language, origin of a POST, faces of refusals, headers) → page or answer
//! ```
//!
//! Pages are rendered here, complete and legible without JavaScript; small modules in `static/js` do the one thing
//! that only a browser can: sign with a key that never leaves it. What they sign goes to the ledger's API like
//! everybody's events. No rule of the domain lives here, and no event is made here.
//!
//! **Invariants.** A session is worth what its key is worth: the registry is asked at every request. No page holds
//! inline script or style. Every text is in both languages, side by side, in the module of its page. Nothing a
//! request holds is ever logged.
//!
//! ```no_run
//! # fn example(ledger: sijill_ledger::Ledger) -> axum::Router {
//! let sites = vec!["https://desk.example".to_owned()];
//! sijill_desk::router(sijill_desk::Desk::new(ledger, sites))
//! # }
//! ```

mod challenge;
pub mod chart;
mod cookie;
mod desk;
mod error;
mod files;
mod frame;
mod invitation;
mod lang;
mod mail;
mod page;
pub mod part;
mod refused;
mod say;
mod secret;
mod session;
mod text;

pub use desk::{Desk, router};
pub use error::DeskError;
pub use invitation::{invitation_message, qr_for_terminal};
pub use lang::{Digits, Lang, View};
pub use mail::{Mail, MailError};
pub use page::word::fingerprint;
pub use say::Id;
pub use session::Session;
pub use text::{Count, Text};
