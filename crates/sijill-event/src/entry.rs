//! The entry: what one leaf of the log holds (`docs/ledger-format.md` §3).

use crate::{Event, EventError, MAX_INTEGER};

/// `<received> SP <JWT>`, all ASCII.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When the ledger sequenced the event, Unix milliseconds.
    pub received: u64,
    /// The event.
    pub event: Event,
}

impl Entry {
    /// Reads an entry. Refused: `entry-format`, and as [`Event::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EventError> {
        let text = std::str::from_utf8(bytes).map_err(|_| EventError::EntryFormat)?;
        let (received, jwt) = text.split_once(' ').ok_or(EventError::EntryFormat)?;
        let received = read_received(received).ok_or(EventError::EntryFormat)?;
        Ok(Self { received, event: Event::parse(jwt)? })
    }

    /// The entry's bytes, as text.
    pub fn format(&self) -> String {
        format!("{} {}", self.received, self.event.jwt)
    }
}

/// Decimal without leading zeros, at most 2^53−1.
fn read_received(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    if !canonical || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|received| *received <= MAX_INTEGER)
}
