//! Entry bundles (C2SP tlog-tiles v0.1.0): up to 256 entries, each behind its length as a big-endian `u16`.

use crate::{LogError, tile::TILE_WIDTH};

/// Joins 1 to 256 entries of at most 65,535 bytes each.
pub fn encode<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, LogError> {
    if entries.is_empty() || entries.len() > usize::from(TILE_WIDTH) {
        return Err(LogError::BundleWidth { found: entries.len() });
    }
    let mut bytes = Vec::with_capacity(entries.iter().map(|entry| 2 + entry.as_ref().len()).sum());
    for entry in entries.iter().map(AsRef::as_ref) {
        let length = u16::try_from(entry.len()).map_err(|_| LogError::EntryLength { found: entry.len() })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// Splits a bundle into exactly `width` entries (1 to 256), with nothing left over.
pub fn decode(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, LogError> {
    if !(1..=TILE_WIDTH).contains(&width) {
        return Err(LogError::BundleWidth { found: width.into() });
    }
    let (mut entries, mut rest) = (Vec::with_capacity(width.into()), bytes);
    for _ in 0..width {
        let (length, tail) = rest.split_first_chunk().ok_or(LogError::BundleTruncated)?;
        let entry =
            tail.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(LogError::BundleTruncated)?;
        entries.push(entry.0);
        rest = entry.1;
    }
    if rest.is_empty() { Ok(entries) } else { Err(LogError::BundleTrailing) }
}
