//! The event catalogue: declarations, readers, admission, drafts, published schemas.

mod declared;
mod earlier;
mod generate;
mod kinds;
mod malformed;
mod roundtrip;
mod schemas;
