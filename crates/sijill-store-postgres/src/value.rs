//! Between the contract's numbers and hashes and PostgreSQL's: checked in both directions.

use sijill_store::{Hash, MAX_PAGE, Result, StoreError};

/// A position to read from. None can lie beyond the largest, so a larger one reads nothing all the same.
pub(crate) fn position(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A number to write.
pub(crate) fn stored(what: &'static str, value: u64) -> Result<i64> {
    i64::try_from(value).map_err(|_| StoreError::TooLarge(what))
}

/// A column of numbers to write.
pub(crate) fn column(what: &'static str, values: impl Iterator<Item = u64>) -> Result<Vec<i64>> {
    values.map(|value| stored(what, value)).collect()
}

/// A number that was read.
pub(crate) fn unsigned(value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|_| StoreError::corrupt(format!("a negative position, {value}")))
}

/// Bytes of a fixed length that were read.
pub(crate) fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| StoreError::corrupt(format!("{} bytes where {N} belong", bytes.len())))
}

/// A column of hashes that was read.
pub(crate) fn hashes(rows: &[Vec<u8>]) -> Result<Vec<Hash>> {
    rows.iter().map(|row| fixed(row)).collect()
}

/// The number of rows a page may have.
pub(crate) fn page_limit(limit: u32) -> i64 {
    i64::from(limit.min(MAX_PAGE))
}
