//! The signed event of the case ledger: `docs/ledger-format.md` §2, §3 and Annex A, and nothing else.
//!
//! ```text
//! entry     = received SP JWT                      what the log holds, for ever
//! SD-JWT    = JWT "~" *( disclosure "~" )          what a signer posts
//! JWT       = header "." payload "." signature     what is signed, hashed and chained
//! disclosure = base64url(["<salt>","<name>",<value>])   one erasable value
//! ```
//!
//! Everything here is a pure function of bytes. The two exceptions draw random bytes and say so:
//! [`SigningKey::generate`] and [`Draft::sign`]. There is no clock.
//!
//! A document is read once, strictly, into values that cannot be malformed; whatever is refused is
//! refused with an [`EventError`] whose [`code`](EventError::code) is the same in every implementation
//! (`schemas/vectors/event.json` has one example for each). The bytes that were signed are kept and never
//! written anew.
//!
//! Parsing does not check the signature: which key a `kid` stands for is known to the registry only. See
//! [`Event::verify`], and [`verify_batch`] for many.

pub mod b64;
mod digest;
mod disclosure;
mod draft;
mod entry;
mod error;
mod event;
mod json;
mod json_read;
pub mod jws;
mod key;
pub mod names;
mod prepared;
mod selective;
mod stream;
mod timestamp;

pub use digest::Digest;
pub use disclosure::{Disclosure, MAX_DISCLOSURE, MAX_SD_JWT, SdJwt};
pub use draft::Draft;
pub use entry::Entry;
pub use error::EventError;
pub use event::{Event, Seen, TYP};
pub use json::{Json, MAX_DEPTH, MAX_INTEGER, parse_json};
pub use jws::MAX_JWT;
pub use key::{Kid, PublicKey, SigningKey, possession_message};
pub use prepared::{PreparedKey, verify_batch};
pub use selective::Class;
pub use stream::{Stream, StreamKind};
pub use timestamp::Timestamp;
pub use uuid::Uuid;
